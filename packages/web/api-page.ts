import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Plugin, transformWithOxc } from 'vite'
import { headOf } from './problem-page.ts'
import { apiWords } from './src/words/api.ts'

const SCRIPT = fileURLToPath(new URL('./src/api/api-page.ts', import.meta.url))
const STYLES = fileURLToPath(new URL('./src/api/api-page.css', import.meta.url))

/**
 * Writes `api.html`, the page about the API, with a script and styles of its own. Head and other styles are those of
 * `index.html`.
 */
export function apiPage(): Plugin {
  return {
    name: 'api-page',
    apply: 'build',
    enforce: 'post',
    async generateBundle(_options, bundle) {
      const index = bundle['index.html']
      if (index?.type !== 'asset') throw new Error('api.html needs index.html, which is missing')
      const { code } = await transformWithOxc(await readFile(SCRIPT, 'utf8'), SCRIPT)
      const words = `const WORDS = ${JSON.stringify(apiWords)}\n`
      this.emitFile({ type: 'asset', fileName: 'api.js', source: words + code })
      const styles = await readFile(STYLES, 'utf8')
      this.emitFile({ type: 'asset', fileName: 'api.css', source: styles })
      const source = render(headOf(String(index.source)))
      this.emitFile({ type: 'asset', fileName: 'api.html', source })
    },
  }
}

const render = (head: readonly string[]): string => `<!doctype html>
<html lang="en">
  <head>
    <title>${apiWords.title} · Wirephoto</title>
    ${head.join('\n    ')}
    <link rel="stylesheet" href="./api.css">
    <script src="./theme.js"></script>
    <script type="module" src="./api.js"></script>
  </head>
  <body class="api">
    <header>
      <h1>${apiWords.title}</h1>
      <p>${apiWords.about}</p>
      <p>${apiWords.example}</p>
      <pre id="example" tabindex="0">curl -T p.jpg</pre>
      <p><a href="./api/openapi.json">${apiWords.document}</a></p>
      <label>${apiWords.link}<span class="hint">${apiWords.linkHint}</span>
        <input id="link" type="password" autocomplete="off" spellcheck="false"></label>
      <label>${apiWords.find}
        <input id="find" type="search" autocomplete="off" spellcheck="false"></label>
    </header>
    <main id="operations"></main>
    <p id="nothing" role="status" hidden>${apiWords.nothingFound}</p>
  </body>
</html>
`
