import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Plugin, transformWithOxc } from 'vite'

const SOURCE = fileURLToPath(new URL('./src/offline/service-worker.ts', import.meta.url))

/** Writes `service-worker.js`, which knows the files of this build. It is a script of its own, without imports. */
export function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    async generateBundle(_options, bundle) {
      const { code } = await transformWithOxc(await readFile(SOURCE, 'utf8'), SOURCE)
      const assets = Object.keys(bundle).filter((name) => name.startsWith('assets/'))
      const files = ['theme.js', ...assets].sort()
      const index = bundle['index.html']
      const hash = createHash('sha256').update(JSON.stringify(files)).update(code)
      if (index?.type === 'asset') hash.update(index.source)
      const build = { id: hash.digest('hex').slice(0, 16), files }
      const source = `const BUILD = ${JSON.stringify(build)}\n${code}`
      this.emitFile({ type: 'asset', fileName: 'service-worker.js', source })
    },
  }
}
