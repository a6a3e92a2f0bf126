import type { Stats } from 'node:fs'
import {
  copyFile,
  type FileHandle,
  open,
  readdir,
  rename,
  rm,
  stat,
  unlink,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { WireError } from '@wirephoto/board'
import type { AsideBlob, BlobStat, BlobStore, PutOptions } from '../engine.ts'
import { isSha256 } from '../ids.ts'
import { hasSameBytes } from './chunks.ts'
import { makeFolder, removeFile, syncFolder } from './folders.ts'
import { NewBlobs, shardOf, tryLink } from './new-blobs.ts'
import { isDiskFull, systemErrorCode } from './system-errors.ts'

const COPIES_FOLDER = 'copies'
const ASIDE_FOLDER = 'aside'

/** Opens the blobs in a folder, which is created if missing. */
export async function openFileBlobs(folder: string): Promise<FileBlobs> {
  await makeFolder(folder)
  // A crash may have left partial copies.
  await rm(join(folder, COPIES_FOLDER), { recursive: true, force: true })
  const aside = (await readdir(join(folder, ASIDE_FOLDER)).catch(nullIfMissing)) ?? []
  return new FileBlobs(folder, new Set(aside.filter(isSha256)), await NewBlobs.open(folder))
}

/**
 * Blobs as files of one server, `<folder>/ab/<sha256>`. A file's modification time is the start of its
 * lease. Those that are set aside are `<folder>/aside/<sha256>`, with the time at which they were.
 */
export class FileBlobs implements BlobStore {
  readonly #folder: string
  /** The blobs that are set aside. */
  readonly #aside: Set<string>
  readonly #newBlobs: NewBlobs
  /** The last queued operation of each blob: `put`, `renew` and `remove` of one blob run in turn. */
  readonly #queueTails = new Map<string, Promise<unknown>>()
  /** Folders whose own names are durable, or about to be. */
  readonly #durableFolders = new Map<string, Promise<void>>()
  #closed = false
  #copyCount = 0

  constructor(folder: string, aside: Set<string>, newBlobs: NewBlobs) {
    this.#folder = folder
    this.#aside = aside
    this.#newBlobs = newBlobs
  }

  /** Links the file into the store. Copies it where it can't be linked. */
  put(path: string, sha256: string, { isDurable = false }: PutOptions = {}): Promise<void> {
    return this.#runExclusive(sha256, async (blob) => {
      try {
        await this.#putBack(blob)
        if (!isDurable && !(await renewFile(path)))
          throw new Error(`There is no file to store at ${path}`)
        if (await this.#newBlobs.add(path, sha256)) return
        await this.#linkOrCopy(path, blob)
        // An existing blob needs this too: an earlier put may have died before its sync.
        await syncFolder(dirname(blob))
      } catch (error) {
        throw isDiskFull(error) ? new WireError('disk-full', {}, { cause: error }) : error
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

  async stat(sha256: string): Promise<BlobStat | null> {
    const blob = this.#pathOf(sha256)
    if (!blob) return null
    const look = (path: string) => stat(path, { bigint: true }).catch(nullIfMissing)
    const found =
      (await look(blob)) ?? (this.#aside.has(sha256) ? await look(this.#asidePathOf(blob)) : null)
    if (!found) return null
    // Every write and every rename changes the time of the inode, which nobody can set.
    return { size: Number(found.size), version: `${found.ino}.${found.ctimeNs}` }
  }

  async peek(sha256: string, length: number): Promise<Buffer | null> {
    const blob = this.#pathOf(sha256)
    if (!blob) return null
    const handle =
      (await open(blob, 'r').catch(nullIfMissing)) ??
      (await open(this.#asidePathOf(blob), 'r').catch(nullIfMissing)) ??
      // It may have been put back in between.
      (await open(blob, 'r').catch(nullIfMissing))
    if (!handle) return null
    await using file = handle
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  }

  async has(sha256: string): Promise<boolean> {
    const blob = this.#pathOf(sha256)
    return blob !== null && (await stat(blob).catch(nullIfMissing)) !== null
  }

  async renew(sha256: string): Promise<boolean> {
    return this.#runExclusive(sha256, async (blob) => {
      await this.#putBack(blob)
      if (!(await renewFile(blob))) return false
      await syncFolder(dirname(blob))
      return true
    })
  }

  async touchedAt(sha256: string): Promise<number | null> {
    const blob = this.#pathOf(sha256)
    if (blob === null) throw new WireError('not-found')
    const found = await stat(blob).catch(nullIfMissing)
    return found && Math.round(found.mtimeMs)
  }

  async *list(): AsyncGenerator<string> {
    this.#checkOpen()
    for (const shard of await readdir(this.#folder))
      if (shard.length === 2)
        for (const name of await readdir(join(this.#folder, shard))) if (isSha256(name)) yield name
  }

  remove(sha256: string, { unlessTouchedSince }: { unlessTouchedSince: number }): Promise<boolean> {
    return this.#runExclusive(sha256, async (blob) => {
      const isRemoved = await removeOlder(blob, unlessTouchedSince)
      if (isRemoved) await this.#newBlobs.remove(sha256)
      return (await this.#removeAside(blob, unlessTouchedSince)) || isRemoved
    })
  }

  setAside(
    sha256: string,
    { unlessTouchedSince }: { unlessTouchedSince: number },
  ): Promise<number | null> {
    return this.#runExclusive(sha256, async (blob) => {
      const found = await statOlder(blob, unlessTouchedSince)
      if (!found) return null
      await this.#makeFolder(join(this.#folder, ASIDE_FOLDER))
      // The time comes first: without it, a crash in between would leave an old one there.
      await renewFile(blob)
      this.#aside.add(sha256)
      await moveFile(blob, this.#asidePathOf(blob))
      await this.#newBlobs.remove(sha256)
      return found.size
    })
  }

  async *listAside(): AsyncGenerator<AsideBlob> {
    this.#checkOpen()
    const folder = join(this.#folder, ASIDE_FOLDER)
    for (const name of this.#aside) {
      const found = await stat(join(folder, name)).catch(nullIfMissing)
      if (found) yield { sha256: name, since: Math.round(found.mtimeMs) }
    }
  }

  removeAside(
    sha256: string,
    { unlessAsideSince }: { unlessAsideSince: number },
  ): Promise<boolean> {
    return this.#runExclusive(sha256, (blob) => this.#removeAside(blob, unlessAsideSince))
  }

  /** Finishes the operations that have been started. Every later call rejects with `stopping`. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#queueTails.values())
    await this.#newBlobs.close()
  }

  /** Puts a blob back that is set aside, and gives it a new lease. Does nothing without one. */
  async #putBack(blob: string): Promise<void> {
    if (!this.#aside.has(basename(blob))) return
    const aside = this.#asidePathOf(blob)
    if (await renewFile(aside)) {
      await this.#makeFolder(dirname(blob))
      await moveFile(aside, blob)
    }
    this.#aside.delete(basename(blob))
  }

  async #removeAside(blob: string, time: number): Promise<boolean> {
    if (!this.#aside.has(basename(blob))) return false
    const isRemoved = await removeOlder(this.#asidePathOf(blob), time)
    if (isRemoved) this.#aside.delete(basename(blob))
    return isRemoved
  }

  #asidePathOf(blob: string): string {
    return join(this.#folder, ASIDE_FOLDER, basename(blob))
  }

  async #linkOrCopy(path: string, blob: string): Promise<void> {
    await this.#makeFolder(dirname(blob))
    if (await tryLink(path, blob)) return
    // Linking comes first because the blob exists only if the same bytes were stored before.
    if ((await hasSameBytes(path, blob)) && (await renewFile(blob))) return
    await this.#makeFolder(join(this.#folder, COPIES_FOLDER))
    const copy = join(this.#folder, COPIES_FOLDER, String(++this.#copyCount))
    try {
      if (!(await tryLink(path, copy))) {
        await copyFile(path, copy)
        await renewFile(copy)
      }
      // Readers of the rotten blob keep its file, which has no name any more.
      await rename(copy, blob)
    } catch (error) {
      await removeFile(copy)
      throw error
    }
  }

  #makeFolder(folder: string): Promise<void> {
    const making = this.#durableFolders.get(folder) ?? makeFolder(folder)
    this.#durableFolders.set(folder, making)
    return making.catch((error: unknown) => {
      this.#durableFolders.delete(folder)
      throw error
    })
  }

  async #open(sha256: string): Promise<FileHandle> {
    const blob = this.#pathOf(sha256)
    let handle = blob && (await open(blob, 'r').catch(nullIfMissing))
    if (blob && !handle && (await this.renew(sha256)))
      handle = await open(blob, 'r').catch(nullIfMissing)
    if (!handle) throw new WireError('not-found')
    return handle
  }

  /** Returns the path of a blob. Null for a name that is no sha256. */
  #pathOf(sha256: string): string | null {
    this.#checkOpen()
    return isSha256(sha256) ? join(this.#folder, shardOf(sha256), sha256) : null
  }

  /** Runs an operation on a blob after all earlier ones on the same blob. */
  async #runExclusive<T>(sha256: string, operation: (blob: string) => Promise<T>): Promise<T> {
    const blob = this.#pathOf(sha256)
    if (blob === null) throw new WireError('not-found')
    const before = this.#queueTails.get(sha256)
    const running = Promise.resolve(before).then(
      () => operation(blob),
      () => operation(blob),
    )
    this.#queueTails.set(sha256, running)
    try {
      return await running
    } finally {
      if (this.#queueTails.get(sha256) === running) this.#queueTails.delete(sha256)
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new WireError('stopping')
  }
}

/** Starts a new lease of a file; makes the lease and the file's bytes durable. False if it is missing. */
async function renewFile(path: string): Promise<boolean> {
  const handle = await open(path, 'r+').catch(nullIfMissing)
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

/** Moves a file to another folder, durably. */
async function moveFile(from: string, to: string): Promise<void> {
  await rename(from, to)
  await syncFolder(dirname(to))
  await syncFolder(dirname(from))
}

/** Reads the facts of a file from before `time`, in milliseconds since 1970. Null if there is none. */
async function statOlder(path: string, time: number): Promise<Stats | null> {
  const found = await stat(path).catch(nullIfMissing)
  // A time that was set in whole milliseconds may read back a fraction less.
  return found && Math.round(found.mtimeMs) < time ? found : null
}

/** Removes a file from before `time`, durably. Returns whether it did. */
async function removeOlder(path: string, time: number): Promise<boolean> {
  if (!(await statOlder(path, time))) return false
  await unlink(path)
  await syncFolder(dirname(path))
  return true
}

function nullIfMissing(error: unknown): null {
  if (systemErrorCode(error) === 'ENOENT') return null
  throw error
}
