import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { builtScript } from './built-script.ts'

const SOURCE = fileURLToPath(new URL('./src/offline/service-worker.ts', import.meta.url))

/** Writes `service-worker.js`, which knows the files of this build. It is one script, without imports. */
export function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    async generateBundle(_options, bundle) {
      const code = await bundled()
      const assets = Object.keys(bundle).filter((name) => name.startsWith('assets/'))
      const files = ['theme.js', ...assets].sort()
      const index = bundle['index.html']
      const hash = createHash('sha256').update(JSON.stringify(files)).update(code)
      if (index?.type === 'asset') hash.update(index.source)
      const build = { id: hash.digest('hex').slice(0, 16), files }
      const source = `const BUILD = ${JSON.stringify(build)};\n${code}`
      this.emitFile({ type: 'asset', fileName: 'service-worker.js', source })
    },
  }
}

/** Returns the worker with all that it imports, as one script. */
const bundled = (): Promise<string> =>
  builtScript({
    modulePreload: false,
    rolldownOptions: { input: SOURCE, output: { format: 'iife' } },
  })
