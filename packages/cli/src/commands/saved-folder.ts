import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { systemErrorCode } from '@wirephoto/engine'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { OperatorError } from '../operator-error.ts'

/** The largest file that is read; servers take no larger picture unless their operator says so. */
const MAX_FILE_BYTES = 1_000_000_000
const MAX_FILE_COUNT = 100_000
/** A zip may unpack to as many times its own length, and to a little more: pictures don't shrink. */
const MAX_UNPACKED_FACTOR = 20
const FREE_UNPACKED_BYTES = 100_000_000

/** The files of a folder, or of a zip of one. Nothing is unpacked onto the disk. */
export interface SavedFiles extends AsyncDisposable {
  /** The paths of all files, with `/` between their parts, in order. */
  readonly paths: readonly string[]
  /** Reads a file. Resolves to why it can't be read, in the words that stand after its name. */
  read(path: string): Promise<Buffer | string>
}

/** Opens a folder or a zip. Rejects with `OperatorError`. */
export async function openSavedFiles(path: string): Promise<SavedFiles> {
  const found = await stat(path).catch((error: unknown) => {
    throw systemErrorCode(error) === 'ENOENT'
      ? new OperatorError(`There is nothing at ${path}; give a folder, a zip, or rethinkdb://….`)
      : new OperatorError(`${path} can't be read; check its permissions.`)
  })
  return found.isDirectory() ? openFolder(path) : openZip(path, found.size)
}

async function openFolder(folder: string): Promise<SavedFiles> {
  const root = await realpath(folder)
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !isHidden(path))
    .sort()
  const known = new Set(paths)
  return {
    paths,
    async read(path) {
      if (!known.has(path)) return 'it is not there'
      try {
        const file = await realpath(join(root, path))
        // A link may lead anywhere on this computer.
        if (!file.startsWith(root + sep)) return 'it lies outside of the folder'
        const { size } = await stat(file)
        return size > MAX_FILE_BYTES ? 'it is too large' : await readFile(file)
      } catch {
        return "it can't be read"
      }
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

async function openZip(path: string, bytes: number): Promise<SavedFiles> {
  const broken = () =>
    new OperatorError(`${path} is no whole zip; download it again, or give its folder.`)
  let zip: ZipFile
  try {
    zip = await openPromise(path, { autoClose: false, strictFileNames: false })
  } catch {
    throw broken()
  }
  const entries = new Map<string, Entry>()
  try {
    let unpackedBytes = 0
    for await (const entry of zip.eachEntry()) {
      unpackedBytes += entry.uncompressedSize
      const isBomb = unpackedBytes > bytes * MAX_UNPACKED_FACTOR + FREE_UNPACKED_BYTES
      if (isBomb || entries.size >= MAX_FILE_COUNT)
        throw new OperatorError(`${path} unpacks to more than pictures do; give another zip.`)
      if (!entry.fileName.endsWith('/') && !isHidden(entry.fileName))
        entries.set(entry.fileName, entry)
    }
  } catch (error) {
    zip.close()
    if (error instanceof OperatorError) throw error
    throw /path|characters/.test((error as Error).message)
      ? new OperatorError(`${path} names files outside of itself; give another zip.`)
      : broken()
  }
  return {
    paths: [...entries.keys()].sort(),
    async read(name) {
      const entry = entries.get(name)
      if (!entry) return 'it is not there'
      if (entry.uncompressedSize > MAX_FILE_BYTES) return 'it is too large'
      try {
        const content = await buffer(await zip.openReadStreamPromise(entry))
        return crc32(content) === entry.crc32 ? content : 'it is damaged in the zip'
      } catch {
        return 'it is damaged in the zip'
      }
    },
    [Symbol.asyncDispose]: async () => zip.close(),
  }
}

/** Returns whether systems put such a file beside others. */
export const isHidden = (path: string): boolean =>
  /(?:^|\/)(?:\.|__MACOSX\/|Thumbs\.db$)/i.test(path)
