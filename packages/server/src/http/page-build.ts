import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Returns the path of the built page's main script, which changes with each build; null without a page. */
export type ReadPageBuild = () => Promise<string | null>

/** Creates the reader. Every page asks for it as it connects, so the file is read only once it has changed. */
export function createPageBuildReader(webRoot: string | null): ReadPageBuild {
  if (webRoot === null) return async () => null
  const path = join(webRoot, 'index.html')
  let last: { readonly version: string; readonly build: string | null } | undefined
  return async () => {
    const file = await stat(path).catch(() => null)
    if (file === null) return null
    const version = `${file.ino} ${file.size} ${file.mtimeMs}`
    if (last?.version !== version) {
      const html = await readFile(path, 'utf8').catch(() => '')
      last = { version, build: MAIN_SCRIPT.exec(html)?.[1] ?? null }
    }
    return last.build
  }
}

const MAIN_SCRIPT = /<script type="module"[^>]* src="\/([^"]+)"/
