import { readFile } from 'node:fs/promises'
import type { Plugin } from 'vite'

/** Loads icons as their shapes alone: `icon.tsx` puts one frame around all of them. */
export function icons(): Plugin {
  return {
    name: 'icons',
    enforce: 'pre',
    async load(id) {
      const [, path] = /^(.*\/lucide-static\/icons\/[\w-]+\.svg)\?raw$/.exec(id) ?? []
      if (path === undefined) return null
      const [, shapes] = /<svg[^>]*>(.*)<\/svg>/s.exec(await readFile(path, 'utf8')) ?? []
      return `export default ${JSON.stringify(shapes!.replace(/\s*\n\s*/g, ''))}`
    },
  }
}
