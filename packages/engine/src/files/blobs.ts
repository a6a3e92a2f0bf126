import {
  copyFile,
  type FileHandle,
  link,
  open,
  readdir,
  rename,
  rm,
  stat,
  unlink,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { WireError } from '@wirephoto/board'
import type { BlobStore } from '../engine.ts'
import { isSha256 } from '../ids.ts'
import { codeOf, makeFolder, removeFile, syncFolder } from './folders.ts'

/** Blobs as files of one server, `<folder>/ab/<sha256>`; their time of change is their lease. */
export async function openFiles(folder: string): Promise<FileBlobs> {
  await makeFolder(folder)
  // What a crash left half copied.
  await rm(join(folder, COPIES), { recursive: true, force: true })
  return new FileBlobs(folder)
}

const COPIES = 'copies'

export class FileBlobs implements BlobStore {
  readonly #folder: string
  /** What is being done to a blob: `put` and `remove` of the same take turns. */
  readonly #turns = new Map<string, Promise<unknown>>()
  /** Folders whose own names are known to be durable. */
  readonly #made = new Map<string, Promise<void>>()
  #closed = false
  #copies = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Links the file, which must not be written to any more; copies it where it can't be linked. */
  put(path: string, sha256: string): Promise<void> {
    return this.#turn(sha256, async (blob) => {
      try {
        await this.#add(path, blob)
        // Also for a blob that is there: whoever put it may have died before this.
        await syncFolder(dirname(blob))
      } catch (error) {
        throw isFull(error) ? new WireError('disk-full', {}, { cause: error }) : error
      }
    })
  }

  async get(sha256: string, range?: { start: number; end: number }): Promise<Readable> {
    const handle = await this.#open(sha256)
    if (!range) return handle.createReadStream()
    const { start, end } = range
    if (start < end) return handle.createReadStream({ start, end: end - 1 })
    await handle.close()
    return Readable.from([])
  }

  async has(sha256: string): Promise<boolean> {
    const blob = this.#path(sha256)
    return blob !== null && (await stat(blob).catch(absent)) !== null
  }

  async renew(sha256: string): Promise<boolean> {
    return this.#turn(sha256, async (blob) => {
      if (!(await renew(blob))) return false
      await syncFolder(dirname(blob))
      return true
    })
  }

  async *list(): AsyncGenerator<string> {
    this.#checkOpen()
    for (const shard of await readdir(this.#folder))
      if (shard.length === 2)
        for (const name of await readdir(join(this.#folder, shard))) if (isSha256(name)) yield name
  }

  remove(sha256: string, { unlessTouchedSince }: { unlessTouchedSince: number }): Promise<boolean> {
    return this.#turn(sha256, async (blob) => {
      const found = await stat(blob).catch(absent)
      // A time that was set in milliseconds may be read back a hair less.
      if (!found || Math.round(found.mtimeMs) >= unlessTouchedSince) return false
      await unlink(blob)
      return true
    })
  }

  /** Lets what was asked for finish. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#turns.values())
  }

  async #add(path: string, blob: string): Promise<void> {
    await this.#make(dirname(blob))
    if (!(await renew(path))) throw new Error(`There is no file to store at ${path}`)
    const linked = await link(path, blob).then(
      () => true,
      (error: unknown) => {
        if (isFull(error)) throw error
        return false
      },
    )
    // Tried first, because it is there only when somebody sent the same before.
    if (linked || (await renew(blob))) return
    await this.#make(join(this.#folder, COPIES))
    const copy = join(this.#folder, COPIES, String(++this.#copies))
    try {
      await copyFile(path, copy)
      await renew(copy)
      await rename(copy, blob)
    } catch (error) {
      await removeFile(copy)
      throw error
    }
  }

  #make(folder: string): Promise<void> {
    const making = this.#made.get(folder) ?? makeFolder(folder)
    this.#made.set(folder, making)
    return making.catch((error: unknown) => {
      this.#made.delete(folder)
      throw error
    })
  }

  async #open(sha256: string): Promise<FileHandle> {
    const blob = this.#path(sha256)
    const handle = blob && (await open(blob, 'r').catch(absent))
    if (!handle) throw new WireError('not-found')
    return handle
  }

  /** Null for what is no sha256: names from outside reach no path (F9). */
  #path(sha256: string): string | null {
    this.#checkOpen()
    return isSha256(sha256) ? join(this.#folder, sha256.slice(0, 2), sha256) : null
  }

  async #turn<T>(sha256: string, act: (blob: string) => Promise<T>): Promise<T> {
    const blob = this.#path(sha256)
    if (blob === null) throw new WireError('not-found')
    const before = this.#turns.get(sha256)
    const turn = Promise.resolve(before).then(
      () => act(blob),
      () => act(blob),
    )
    this.#turns.set(sha256, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(sha256) === turn) this.#turns.delete(sha256)
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new WireError('busy')
  }
}

/** Gives a file a new time of change, and makes that and its bytes durable. False when it isn't there. */
async function renew(path: string): Promise<boolean> {
  const handle = await open(path, 'r+').catch(absent)
  if (!handle) return false
  try {
    const now = new Date()
    await handle.utimes(now, now)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return true
}

function absent(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null
  throw error
}

const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(error) ?? '')
