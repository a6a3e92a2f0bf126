import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Returns the path of the built page's main script, which changes with each build; null without a page. */
export async function readPageBuild(webRoot: string | null): Promise<string | null> {
  if (webRoot === null) return null
  const html = await readFile(join(webRoot, 'index.html'), 'utf8').catch(() => '')
  return /<script type="module"[^>]* src="\/([^"]+)"/.exec(html)?.[1] ?? null
}
