import { createWriteStream } from 'node:fs'
import { glob, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isHidden } from '../commands/saved-folder.ts'
import { startedIn } from '../started-in.ts'

/** A file that was named, or that lies in a folder that was. */
export interface FoundFile {
  /** As people know it. */
  readonly source: string
  readonly path: string
  readonly name: string
  /** Whether it was named itself. Others may be no pictures. */
  readonly isNamed: boolean
}

/** Something that was named, and isn't there. */
export interface MissingFile {
  readonly source: string
  readonly why: string
}

/** Yields the files that arguments name: files, folders and patterns. Only one folder's names are in memory. */
export async function* filesOf(
  sources: readonly string[],
): AsyncGenerator<FoundFile | MissingFile> {
  for (const source of sources) {
    const path = resolve(startedIn(), source)
    const found = await stat(path).catch(() => null)
    if (found?.isDirectory()) yield* filesIn(path, source)
    else if (found) yield { source, path, name: basename(path), isNamed: true }
    else if (/[*?[{]/.test(source)) yield* matching(source)
    else yield { source, why: 'there is no such file' }
  }
}

async function* matching(pattern: string): AsyncGenerator<FoundFile | MissingFile> {
  let count = 0
  for await (const each of glob(pattern, { cwd: startedIn() })) {
    const path = resolve(startedIn(), each)
    const found = await stat(path).catch(() => null)
    if (!found?.isFile() || isHidden(each.replaceAll('\\', '/'))) continue
    count++
    yield { source: each, path, name: basename(path), isNamed: false }
  }
  if (count === 0) yield { source: pattern, why: 'no file is called like that' }
}

/** Yields the files in a folder, and in those in it. Links to folders are left out, since they may go round in circles. */
export async function* filesIn(
  folder: string,
  source = folder,
): AsyncGenerator<FoundFile | MissingFile> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => null)
  if (!entries) return yield { source, why: "this folder can't be read; check its permissions" }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const { name } = entry
    const path = join(folder, name)
    if (isHidden(entry.isDirectory() ? `${name}/` : name)) continue
    if (entry.isDirectory()) yield* filesIn(path, join(source, name))
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(path))))
      yield { source: join(source, name), path, name, isNamed: false }
  }
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  )

/** A copy of what stands on stdin, until it is disposed. */
export interface InputFile extends FoundFile, AsyncDisposable {}

/** Copies stdin into a file, since the length of a picture goes before its bytes. */
export async function fileOfInput(name: string, signal: AbortSignal): Promise<InputFile> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-stdin-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  const path = join(folder, 'picture')
  try {
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }), { signal })
  } catch (error) {
    await remove()
    throw error
  }
  return { source: '-', path, name, isNamed: true, [Symbol.asyncDispose]: remove }
}
