import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { constants, createBrotliCompress, createGzip } from 'node:zlib'
import type { AnyRecord, Cursor } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Encoding } from './encoding.ts'

/** A board at a cursor, as JSON of `Snapshot` in one encoding. */
interface EncodedSnapshot {
  readonly cursor: Cursor
  readonly body: Buffer
}

type Board = Pick<LiveBoard, 'id' | 'cursor' | 'records'>

interface Source {
  readonly board: Board
  readonly encoding: Encoding
}

/** Records encoded before other work on this thread has a turn: a few milliseconds. */
const RECORDS_PER_TURN_COUNT = 1_000
/** Levels that cost half of the usual ones, and pack a board to within some hundredths of theirs. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } }
const GZIP = { level: 3 }
const CACHED_SNAPSHOTS_BYTES = 32_000_000

interface SnapshotsOptions {
  /** Bytes of snapshots that wait for their readers, each counted once. */
  readonly maxHeldBytes: number
}

/** Encoded snapshots, each made once for all readers that ask at the same cursor. */
export class Snapshots {
  readonly #maxHeldBytes: number
  /** The readers of each snapshot that is being sent, the oldest first. */
  readonly #readers = new Map<Buffer, Set<ServerResponse>>()
  #heldBytes = 0
  #packing: Promise<unknown> = Promise.resolve()
  readonly #cache = new LRUCache<string, EncodedSnapshot, Source>({
    maxSize: CACHED_SNAPSHOTS_BYTES,
    sizeCalculation: ({ body }) => body.length,
    // A snapshot that loses its place in the cache still answers its readers.
    ignoreFetchAbort: true,
    fetchMethod: (_key, _outdated, { context }) => this.#encode(context),
  })

  constructor({ maxHeldBytes }: SnapshotsOptions) {
    this.#maxHeldBytes = maxHeldBytes
  }

  /** Encodes a board as it is now, or newer. Per board and encoding one snapshot is made at a time (F7). */
  async get(board: Board, encoding: Encoding): Promise<EncodedSnapshot> {
    const { cursor } = board
    const snapshot = await this.#fetch({ board, encoding })
    // One that was begun before this call may be older; the next one is not.
    return snapshot.cursor === cursor ? snapshot : this.#fetch({ board, encoding })
  }

  /**
   * Counts a snapshot until its reader has it. Over the bound the readers of the oldest one are cut off, who
   * may ask again. Readers of the same snapshot cost as much as one.
   */
  hold({ body }: EncodedSnapshot, response: ServerResponse): void {
    // Its reader went while the board was being packed, and no event tells of that again.
    if (response.destroyed) return
    const readers = this.#readers.get(body) ?? new Set()
    if (readers.size === 0) this.#heldBytes += body.length
    readers.add(response)
    this.#readers.set(body, readers)
    response.once('close', () => this.#release(body, response))
    for (const [oldest, slow] of this.#readers) {
      if (this.#heldBytes <= this.#maxHeldBytes || oldest === body) break
      for (const reader of slow) {
        this.#release(oldest, reader)
        reader.destroy()
      }
    }
  }

  #release(body: Buffer, response: ServerResponse): void {
    const readers = this.#readers.get(body)
    if (!readers?.delete(response) || readers.size > 0) return
    this.#readers.delete(body)
    this.#heldBytes -= body.length
  }

  async #fetch(context: Source): Promise<EncodedSnapshot> {
    const { board, encoding } = context
    const key = `${board.id} ${encoding}`
    const forceRefresh = this.#cache.peek(key)?.cursor !== board.cursor
    return this.#cache.forceFetch(key, { context, forceRefresh })
  }

  /** Packs one snapshot at a time, so that other work has its share of the machine. */
  async #encode(source: Source): Promise<EncodedSnapshot> {
    if (source.encoding === 'identity') return encode(source)
    const packing = this.#packing.then(() => encode(source))
    this.#packing = packing.catch(() => {
      // Its own readers hear of it.
    })
    return packing
  }
}

async function encode({ board, encoding }: Source): Promise<EncodedSnapshot> {
  const { cursor } = board
  // Records are replaced, never changed: a list of them stays what it is while the board goes on.
  const records = [...board.records.values()]
  const source = Readable.from(jsonOf(cursor, records), { objectMode: false })
  if (encoding === 'identity') return { cursor, body: await buffer(source) }
  const packed = encoding === 'br' ? createBrotliCompress(BROTLI) : createGzip(GZIP)
  const [body] = await Promise.all([buffer(packed), pipeline(source, packed)])
  return { cursor, body }
}

async function* jsonOf(cursor: Cursor, records: readonly AnyRecord[]): AsyncGenerator<string> {
  yield `{"cursor":${JSON.stringify(cursor)},"records":[`
  for (let i = 0; i < records.length; i += RECORDS_PER_TURN_COUNT) {
    const slice = JSON.stringify(records.slice(i, i + RECORDS_PER_TURN_COUNT)).slice(1, -1)
    yield i === 0 ? slice : `,${slice}`
    await setImmediate()
  }
  yield ']}'
}
