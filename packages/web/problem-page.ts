import { type ErrorCode, errorMessages, errors } from '@wirephoto/board'
import type { Plugin } from 'vite'
import arabic from './src/words/ar/index.ts'
import german from './src/words/de/index.ts'
import { words } from './src/words/page.ts'

/**
 * Writes `problem.html`: the page without a script that the server sends to a person who opens a wrong URL.
 * The server replaces its heading. Head and styles are those of `index.html`. `languages.json` beside it has what the
 * server's pages say in other languages.
 */
export function problemPage(): Plugin {
  return {
    name: 'problem-page',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const index = bundle['index.html']
      if (index?.type !== 'asset')
        throw new Error('problem.html needs index.html, which is missing')
      const source = render(headOf(String(index.source)))
      this.emitFile({ type: 'asset', fileName: 'problem.html', source })
      const sentences = JSON.stringify({ de: saidIn(german, 'ltr'), ar: saidIn(arabic, 'rtl') })
      this.emitFile({ type: 'asset', fileName: 'languages.json', source: sentences })
    },
  }
}

/** Returns what the server's pages say in a language; sentences of errors by their codes. */
const saidIn = (language: typeof german | typeof arabic, dir: 'ltr' | 'rtl') => ({
  dir,
  wayOn: language.page.toFrontBoard,
  preview: language.home.preview,
  sentences: Object.fromEntries(
    Object.keys(errors).map((code) => [code, language.errors[code as ErrorCode]({})]),
  ),
})

/** Returns the tags of a head without its scripts. */
export function headOf(html: string): string[] {
  const tags = html.match(/<(?:meta|link)\b[^>]*>/g) ?? []
  return tags.filter(
    (tag) => !/modulepreload|manifest|apple-touch|"description"|"(?:og|twitter):/.test(tag),
  )
}

const render = (head: readonly string[]): string => `<!doctype html>
<html lang="en">
  <head>
    <title>${words.product}</title>
    ${head.join('\n    ')}
  </head>
  <body>
    <main class="empty alone">
      <h1>${errorMessages['not-found']({})}</h1>
      <div class="buttons"><a class="main" href="./">${words.toFrontBoard}</a></div>
    </main>
  </body>
</html>
`
