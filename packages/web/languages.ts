import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { minify, type Plugin } from 'vite'
import { builtScript } from './built-script.ts'

/** The languages beside English, each a folder in `src/words`. */
const LANGUAGES = ['de', 'ar'] as const
const THEME = 'theme.js'

/**
 * Writes the sentences of each language as a script of its own, and names them where `theme.js` finds them. A
 * page in English loads none of them. So other languages cost it nothing.
 */
export function languages(): Plugin {
  const attributes: Record<string, string> = {}
  return {
    name: 'languages',
    apply: 'build',
    async buildStart() {
      for (const language of LANGUAGES) {
        const source = await bundle(language)
        const hash = createHash('sha256').update(source).digest('base64url').slice(0, 8)
        const fileName = `assets/words-${language}-${hash}.js`
        this.emitFile({ type: 'asset', fileName, source })
        attributes[`data-${language}`] = fileName
      }
    },
    transformIndexHtml: {
      order: 'post',
      handler(html) {
        const script = `${THEME}"`
        if (!html.includes(script)) throw new Error(`index.html names no ${THEME}`)
        const named = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`)
        return html.replace(script, script + named.join(''))
      },
    },
    async writeBundle({ dir }) {
      const path = join(dir ?? 'dist', THEME)
      const { code } = await minify(THEME, await readFile(path, 'utf8'))
      await writeFile(path, code)
    },
  }
}

/** Returns a language's tables as a script that puts them into `translations`. */
function bundle(language: string): Promise<string> {
  const entry = fileURLToPath(new URL(`./src/words/${language}/index.ts`, import.meta.url))
  return builtScript({ lib: { entry, formats: ['iife'], name: 'translations' } })
}
