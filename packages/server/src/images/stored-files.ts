import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { WireError } from '@wirephoto/board'
import { type BlobStat, type BlobStore, systemErrorCode } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import { Counter } from 'prom-client'
import { isVariantSound } from './variant-seal.ts'

/** A file up to this length is read whole and verified before the first byte of its answer. */
const VERIFIED_FIRST_BYTES = 256 * 1024
/** Names that are remembered, of verified files and of those that aren't as they were stored. */
const REMEMBERED_COUNT = 100_000
/** How long a file whose engine has no versions counts as unsound before it is read again. */
const RECHECK_INTERVAL_MS = 10_000

/** How stored bytes differ from those that were sent. */
export type Fault = 'missing' | 'cut-off' | 'rotten'

/** A stored file, as a record names it: its sha256, and its length in bytes. */
export interface NamedFile {
  readonly blob: string
  readonly bytes: number
}

interface Known {
  readonly fault: Fault
  readonly version: string | null
  checkedAt: number
}

/**
 * Reads stored files, and gives out none whose bytes aren't those that were stored. Each fault is logged once a
 * file, and counted.
 *
 * The length is checked before every answer, and the digest while the bytes pass, which costs a tenth of the
 * throughput. So a file is hashed once for each version that its engine tells; databases tell none.
 */
export class StoredFiles {
  readonly faults = new Counter({
    name: 'wirephoto_unsound_files_total',
    help: 'Stored files that were found missing, cut off or rotten, each once.',
    labelNames: ['fault'],
    registers: [],
  })
  readonly #blobs: BlobStore
  readonly #log: Pick<FastifyBaseLogger, 'error'>
  /** Versions that have been verified. */
  readonly #sound = new LRUCache<string, string>({ max: REMEMBERED_COUNT })
  readonly #unsound = new LRUCache<string, Known>({ max: REMEMBERED_COUNT })
  readonly #verifying = new Map<string, Promise<void>>()

  constructor(blobs: BlobStore, log: Pick<FastifyBaseLogger, 'error'>) {
    this.#blobs = blobs
    this.#log = log
  }

  /**
   * Reads a file, or a range of it. Rejects with `not-found` if it is missing, and with `internal` if it is
   * known not to be what was stored. The stream fails before its last bytes if that is found out on the way.
   */
  async read(file: NamedFile, range?: { start: number; end: number }): Promise<Readable | Buffer> {
    const { blob, bytes } = file
    const { version } = await this.#check(file)
    const isWhole = !range || (range.start === 0 && range.end === bytes)
    if (version !== null && (!isWhole || this.#sound.get(blob) === version))
      return this.#blobs.get(blob, range)
    const source = await this.#blobs.get(blob, range)
    const passing = isWhole
      ? this.#verified(source, file, version)
      : this.#counted(source, file, range.end - range.start)
    const stream = Readable.from(passing, { objectMode: false })
    return (range ? range.end - range.start : bytes) <= VERIFIED_FIRST_BYTES
      ? buffer(stream)
      : stream
  }

  /** Checks what can be told of a file without reading it. Rejects as `read` does. */
  async check(file: NamedFile): Promise<void> {
    await this.#check(file)
  }

  /** Reads a variant by its key; null if it is missing or isn't as it was made. */
  async readVariant(key: string): Promise<Buffer | null> {
    const bytes = await this.#readIfThere(key)
    if (bytes && isVariantSound(bytes)) {
      this.#unsound.delete(key)
      return bytes
    }
    this.#note(key, bytes ? 'rotten' : 'missing', null)
    return null
  }

  /** Reads a picture or a variant whole. Rejects with `not-found` if it is missing or unsound. */
  async readWhole(key: string): Promise<Buffer> {
    const bytes = await this.#readIfThere(key)
    if (bytes && (isVariantSound(bytes) || digestOf(bytes) === key)) return bytes
    this.#note(key, bytes ? 'rotten' : 'missing', null)
    throw new WireError('not-found')
  }

  /** Forgets what was wrong with a file that has just been stored again. */
  forget(blob: string): void {
    this.#unsound.delete(blob)
  }

  async #readIfThere(key: string): Promise<Buffer | null> {
    try {
      return await buffer(await this.#blobs.get(key))
    } catch (error) {
      if (error instanceof WireError && error.code === 'not-found') return null
      // A bad sector: it is as good as rotten, and may be made again.
      if (systemErrorCode(error) === 'EIO') return Buffer.alloc(0)
      throw error
    }
  }

  async #check(file: NamedFile): Promise<BlobStat> {
    const { blob, bytes } = file
    const found = await this.#blobs.stat(blob)
    if (!found) throw this.#note(blob, 'missing', null)
    if (found.size !== bytes) throw this.#note(blob, 'cut-off', found.version)
    const known = this.#unsound.get(blob)
    if (!known) return found
    const isSame =
      found.version === null
        ? performance.now() - known.checkedAt < RECHECK_INTERVAL_MS
        : found.version === known.version
    if (isSame) throw faultError(known.fault)
    await this.#verifyFirst(file, found)
    return found
  }

  /** Reads a file that was unsound, before any byte of it is sent: it may have been healed. */
  async #verifyFirst(file: NamedFile, { version }: BlobStat): Promise<void> {
    const { blob } = file
    const verifying =
      this.#verifying.get(blob) ??
      (async () => {
        const source = await this.#blobs.get(blob)
        for await (const _ of this.#verified(source, file, version));
        this.#unsound.delete(blob)
      })().finally(() => this.#verifying.delete(blob))
    this.#verifying.set(blob, verifying)
    await verifying
  }

  /** Passes a whole file on. Its last chunk goes only if all of them are those that were stored. */
  async *#verified(source: Readable, { blob, bytes }: NamedFile, version: string | null) {
    const hash = createHash('sha256')
    let size = 0
    let last: Buffer | null = null
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        hash.update(chunk)
        size += chunk.length
        if (last) yield last
        last = chunk
      }
    } catch (error) {
      // It may be readable the next time, so no version is known to be rotten.
      throw systemErrorCode(error) === 'EIO' ? this.#note(blob, 'rotten', null) : error
    }
    if (size !== bytes) throw this.#note(blob, 'cut-off', version)
    if (hash.digest('hex') !== blob) throw this.#note(blob, 'rotten', version)
    if (version !== null) this.#sound.set(blob, version)
    if (last) yield last
  }

  /** Passes a range on, and fails if it isn't whole. */
  async *#counted(source: Readable, { blob }: NamedFile, length: number) {
    let size = 0
    for await (const chunk of source as AsyncIterable<Buffer>) {
      size += chunk.length
      yield chunk
    }
    if (size !== length) throw this.#note(blob, 'cut-off', null)
  }

  /** Logs and counts a fault, once a file. Returns the error for who asked. */
  #note(blob: string, fault: Fault, version: string | null): WireError {
    const known = this.#unsound.get(blob)
    const checkedAt = performance.now()
    this.#unsound.set(blob, { fault, version, checkedAt })
    if (known?.fault !== fault) {
      this.faults.inc({ fault })
      this.#log.error({ blob, fault }, 'a stored file is not as it was stored: wirephoto check')
    }
    return faultError(fault)
  }
}

const faultError = (fault: Fault): WireError =>
  new WireError(fault === 'missing' ? 'not-found' : 'internal')

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
