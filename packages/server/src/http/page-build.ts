import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemErrorCode } from '@wirephoto/engine'

/** Returns the path of the built page's main script, which changes with each build; null without a page. */
export type ReadPageBuild = () => Promise<string | null>

/** A file of the built page. */
export interface PageFile {
  readonly text: string
  /** The digest of its text. */
  readonly digest: string
}

/** Returns a file of the built page; null if there is none. */
export type ReadPageFile = () => Promise<PageFile | null>

/**
 * Creates a reader of a file of the built page, with addresses as they are under `basePath`. It is asked for
 * at each request, so the file is read only once it has changed. A file that is gone, as while a new build is
 * written, is served as it was. One that can't be read for another reason isn't missing (E4).
 */
export function createPageFileReader(
  webRoot: string | null,
  name: string,
  basePath: string,
): ReadPageFile {
  if (webRoot === null) return async () => null
  const path = join(webRoot, name)
  let last: { readonly version: string; readonly file: PageFile } | null = null
  const lastOrNull = (error: unknown): null => {
    if (last === null && systemErrorCode(error) !== 'ENOENT') throw error
    return null
  }
  return async () => {
    const found = await stat(path).catch(lastOrNull)
    if (found === null) return last?.file ?? null
    const version = `${found.ino} ${found.size} ${found.mtimeMs}`
    if (last?.version !== version) {
      const built = await readFile(path, 'utf8').catch(lastOrNull)
      if (built === null) return last?.file ?? null
      // The build names its files from the page's own place. Boards' pages stand deeper.
      const text = built.replaceAll('"./', `"${basePath}/`)
      const digest = createHash('sha256').update(text).digest('base64url').slice(0, 22)
      last = { version, file: { text, digest } }
    }
    return last.file
  }
}

/** Creates a reader of the build that the page's own file names. */
export function createPageBuildReader(webRoot: string | null): ReadPageBuild {
  const read = createPageFileReader(webRoot, 'index.html', '')
  let last: { readonly digest: string; readonly build: string | null } | null = null
  return async () => {
    const file = await read()
    if (file === null) return null
    if (last?.digest !== file.digest)
      last = { digest: file.digest, build: MAIN_SCRIPT.exec(file.text)?.[1] ?? null }
    return last.build
  }
}

const MAIN_SCRIPT = /<script type="module"[^>]* src="\/([^"]+)"/
