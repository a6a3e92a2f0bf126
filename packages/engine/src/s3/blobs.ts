import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { WireError } from '@wirephoto/board'
import type { BlobStore } from '../engine.ts'
import { readChunks } from '../files/chunks.ts'
import { systemErrorCode } from '../files/system-errors.ts'
import { isSha256, newStamp } from '../ids.ts'
import type { InFlight } from '../in-flight.ts'
import type { Bucket } from './bucket.ts'
import { S3Error, toWireError } from './errors.ts'
import { MARK, openPointer, putPointer, readPointer } from './pointers.ts'
import { Slots } from './slots.ts'
import type { Strays } from './strays.ts'

const COMPARED_BYTES = 1_048_576
/** Puts at a time: each has a part in memory. */
const MAX_PUTS_COUNT = 3
/** How often a broken answer is gone on with before its reader is told. */
const MAX_BREAKS_COUNT = 3
const WHOLE = { start: 0, end: Number.POSITIVE_INFINITY }

/** The parts that the pictures in S3 stand on. */
interface Parts {
  /** The blobs of the engine, which keeps leases and what is set aside. */
  readonly inner: BlobStore
  readonly bucket: Bucket
  readonly strays: Strays
  readonly putsInFlight: InFlight
  /** Resolves to the folder in the bucket, once engine and bucket know of each other. */
  readonly folder: () => Promise<string>
}

/**
 * Opens the pictures in S3. The engine has a small pointer under each name, and so the lease, the list and the
 * races between servers are its own. Every put has a key that never was: no late removal can take a newer object.
 */
export function openS3Blobs({ inner, bucket, strays, putsInFlight, folder }: Parts): BlobStore {
  const slots = new Slots(MAX_PUTS_COUNT)
  /** The last put of each blob: those of one blob run in turn, so that the second finds the first one's object. */
  const puts = new Map<string, Promise<void>>()

  async function put(path: string, sha256: string): Promise<void> {
    await using file = await open(path)
    const found = await readPointer(inner, sha256)
    if (found && (await hasBytesOf(bucket, found, file)) && (await inner.renew(sha256))) return
    const key = `${await folder()}/${sha256}.${newStamp()}`
    await bucket.put(key, file)
    await putPointer(inner, sha256, key)
    if (found) await strays.remove(found)
  }

  async function putInTurn(path: string, sha256: string): Promise<void> {
    const before = puts.get(sha256) ?? Promise.resolve()
    const running = before.catch(() => {}).then(() => slots.run(() => put(path, sha256)))
    puts.set(sha256, running)
    try {
      await running
    } catch (error) {
      throw isOfFile(error) ? error : toWireError(error)
    } finally {
      if (puts.get(sha256) === running) puts.delete(sha256)
    }
  }

  /** Removes a blob from the engine, and then its object. */
  async function removeWith(sha256: string, remove: () => Promise<boolean>): Promise<boolean> {
    const key = await readPointer(inner, sha256)
    if (!(await remove())) return false
    if (key) await strays.remove(key)
    return true
  }

  async function statObject(key: string) {
    const found = await bucket.head(key).catch(rethrow)
    return found && { size: found.size, version: found.etag }
  }

  return {
    async put(path, sha256) {
      if (!isSha256(sha256)) throw new WireError('not-found')
      // Tells of a closed engine.
      await inner.has(sha256)
      await putsInFlight.track(putInTurn(path, sha256))
    },

    async get(sha256, range = WHOLE) {
      const key = await openPointer(inner, sha256)
      if (!key) return inner.get(sha256, range === WHOLE ? undefined : range)
      if (range.start >= range.end) return Readable.from([])
      const stream = (await openObject(bucket, key, range)) ?? (await openAgain(sha256, key, range))
      if (!stream) throw new WireError('not-found')
      return stream
    },

    async stat(sha256) {
      const key = await readPointer(inner, sha256)
      if (key === null) return null
      return key ? statObject(key) : inner.stat(sha256)
    },

    async peek(sha256, length) {
      const key = await readPointer(inner, sha256)
      if (!key) return inner.peek(sha256, length)
      const stream = await openObject(bucket, key, WHOLE)
      if (!stream) return null
      const read: Buffer[] = []
      let count = 0
      // It may be empty, so no range is asked for. Leaving the loop ends the answer.
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        read.push(chunk)
        count += chunk.length
        if (count >= length) break
      }
      return Buffer.concat(read).subarray(0, length)
    },

    has: (sha256) => inner.has(sha256),
    renew: (sha256) => inner.renew(sha256),
    touchedAt: (sha256) => inner.touchedAt(sha256),

    async *list() {
      for await (const sha256 of inner.list()) if (sha256 !== MARK) yield sha256
    },

    remove: (sha256, options) => removeWith(sha256, () => inner.remove(sha256, options)),

    async setAside(sha256, options) {
      const key = (await inner.has(sha256)) ? await readPointer(inner, sha256) : null
      const stat = key ? await statObject(key) : null
      const bytes = await inner.setAside(sha256, options)
      return bytes !== null && key ? (stat?.size ?? 0) : bytes
    },

    listAside: () => inner.listAside(),
    removeAside: (sha256, options) => removeWith(sha256, () => inner.removeAside(sha256, options)),
  }

  /** Opens a blob that was stored again since its key was read. Null if its object is lost. */
  async function openAgain(sha256: string, lost: string, range: typeof WHOLE) {
    const key = await openPointer(inner, sha256)
    return !key || key === lost ? null : openObject(bucket, key, range)
  }
}

/** Opens an object for reading. A broken answer is gone on with where it broke. Null if it isn't there. */
async function openObject(
  bucket: Bucket,
  key: string,
  { start, end }: { start: number; end: number },
): Promise<Readable | null> {
  const ending = new AbortController()
  const first = await bucket.get(key, { start, end }, ending).catch(emptyBeyondEnd)
  if (!first) return null
  const etag = first.headers.get('etag')

  async function* read() {
    let at = start
    let answer = first!
    for (let breaks = 0; ; ) {
      try {
        for await (const chunk of answer.body ?? []) {
          // Some servers send more than was asked for.
          const wanted = chunk.subarray(0, end - at)
          at += wanted.length
          if (wanted.length > 0) yield wanted
          if (at >= end) return
        }
        return
      } catch (error) {
        if (ending.signal.aborted || ++breaks > MAX_BREAKS_COUNT) throw toWireError(error)
        const rest = { start: at, end }
        const next = await bucket
          .get(key, rest, { signal: ending.signal, etag })
          .catch(emptyBeyondEnd)
        // Its object may be removed meanwhile: a stream that ends well would pass for a whole picture.
        if (!next) throw new WireError('not-found')
        answer = next
      }
    }
  }
  // A reader that leaves before the first byte must not hold the connection.
  return Readable.from(read(), { objectMode: false }).once('close', () => ending.abort())
}

/** Compares a file with an object. An object that is lost or cut off differs. */
async function hasBytesOf(bucket: Bucket, key: string, file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  const found = await bucket.head(key)
  if (found?.size !== size) return false
  const ending = new AbortController()
  try {
    const stored = await bucket.get(key, WHOLE, ending)
    if (!stored) return false
    let rest: Buffer = Buffer.alloc(0)
    const theirs = (stored.body ?? new ReadableStream<Uint8Array>())[Symbol.asyncIterator]()
    for await (const chunk of readChunks(file, COMPARED_BYTES)) {
      for (let at = 0; at < chunk.length; ) {
        if (rest.length === 0) {
          // It may be removed meanwhile.
          const next = await theirs.next().catch(() => null)
          if (!next || next.done) return false
          rest = Buffer.from(next.value)
        }
        const count = Math.min(rest.length, chunk.length - at)
        if (!rest.subarray(0, count).equals(chunk.subarray(at, at + count))) return false
        rest = rest.subarray(count)
        at += count
      }
    }
    return true
  } finally {
    ending.abort()
  }
}

/** Makes an empty answer of a range that begins beyond the object's end. */
function emptyBeyondEnd(error: unknown): Response {
  if (error instanceof S3Error && error.status === 416) return new Response('')
  throw toWireError(error)
}

function rethrow(error: unknown): never {
  throw toWireError(error)
}

/** Returns whether an error comes from the file that is to be stored. */
const isOfFile = (error: unknown): boolean => systemErrorCode(error) === 'ENOENT'
