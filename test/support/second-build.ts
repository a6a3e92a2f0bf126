import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The built page. */
export const BUILT_PAGE = resolve(import.meta.dirname, '../../packages/web/dist')

/** Copies the built page as another build of it would be: every hashed file has another name. */
export async function makeSecondBuild(): Promise<{ folder: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-build-'))
  await cp(BUILT_PAGE, folder, { recursive: true })
  const all = await readdir(folder, { recursive: true })
  const compressed = all.filter((path) => /\.(?:br|gz)$/.test(path))
  await Promise.all(compressed.map((path) => rm(join(folder, path))))
  const hashed = await readdir(join(folder, 'assets'))
  for (const path of [
    'index.html',
    'problem.html',
    'service-worker.js',
    ...hashed.map((name) => `assets/${name}`),
  ]) {
    if (!/\.(?:html|js|css)$/.test(path)) continue
    let text = await readFile(join(folder, path), 'utf8')
    for (const name of hashed) text = text.replaceAll(name, `second-${name}`)
    await writeFile(join(folder, path), text)
  }
  for (const name of hashed)
    await rename(join(folder, 'assets', name), join(folder, 'assets', `second-${name}`))
  return { folder, close: () => rm(folder, { recursive: true }) }
}
