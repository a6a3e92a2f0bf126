import type { BlobStore } from '../engine.ts'
import type { Bucket } from './bucket.ts'
import { S3Error } from './errors.ts'
import { readPointer } from './pointers.ts'

const RETRY_MS = 30_000
const DAY_S = 24 * 3_600
/** As long as what is set aside stays. */
const MIN_AGE_S = 7 * DAY_S
/** More strays than this mean that the database is an older one: then nothing is removed. */
const MAX_STRAY_FACTOR = 0.01
const ALWAYS_REMOVED_COUNT = 10

/**
 * The objects that no blob names: those whose removal has failed, and those that a crash left between an upload
 * and its pointer.
 */
export class Strays {
  readonly #bucket: Bucket
  /** Objects whose blobs are gone. */
  readonly #pending = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  #finding: Promise<void> = Promise.resolve()

  constructor(bucket: Bucket) {
    this.#bucket = bucket
  }

  /** Removes an object whose blob is gone, now or when S3 is there again. Never rejects. */
  async remove(key: string): Promise<void> {
    this.#pending.add(key)
    await this.#retry()
  }

  /** Begins to remove what earlier processes left in the folder. */
  removeOld(folder: string, inner: BlobStore): void {
    this.#finding = this.#removeOld(folder, inner).catch(() => {
      // The next start does it.
    })
  }

  /** Resolves when what earlier processes left has been looked for. Never rejects. */
  get whenFound(): Promise<void> {
    return this.#finding
  }

  /** Tries the removals a last time. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.whenFound
    await this.#retry()
  }

  async #retry(): Promise<void> {
    for (const key of this.#pending)
      try {
        await this.#bucket.delete(key)
        this.#pending.delete(key)
      } catch {
        break
      }
    if (this.#pending.size === 0 || this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#retry().catch(() => {})
    }, RETRY_MS).unref()
  }

  async #removeOld(folder: string, inner: BlobStore): Promise<void> {
    await this.#bucket.abortOldUploads(`${folder}/`, DAY_S).catch((error: unknown) => {
      // Not every S3 can list uploads.
      if (!(error instanceof S3Error)) throw error
    })
    const strays: string[] = []
    let count = 0
    for await (const { key, ageS } of this.#bucket.list(`${folder}/`)) {
      if (this.#isClosed) return
      count++
      if (ageS > MIN_AGE_S && (await this.#isStray(key, inner))) strays.push(key)
    }
    if (strays.length > Math.max(ALWAYS_REMOVED_COUNT, count * MAX_STRAY_FACTOR)) return
    for (const key of strays) if (await this.#isStray(key, inner)) await this.remove(key)
  }

  /** Returns whether an object was a blob's, which is gone. */
  async #isStray(key: string, inner: BlobStore): Promise<boolean> {
    const [, sha256] = BLOB_KEY.exec(key) ?? []
    return sha256 !== undefined && (await readPointer(inner, sha256)) === null
  }
}

const BLOB_KEY = /^[\w-]+\/([0-9a-f]{64})\.[\w-]+$/
