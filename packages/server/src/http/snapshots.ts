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
const CACHED_SNAPSHOTS_BYTES = 32_000_000

/** Encoded snapshots, each made once for all readers that ask at the same cursor. */
export class Snapshots {
  readonly #cache = new LRUCache<string, EncodedSnapshot, Source>({
    maxSize: CACHED_SNAPSHOTS_BYTES,
    sizeCalculation: ({ body }) => body.length,
    // A snapshot that loses its place in the cache still answers its readers.
    ignoreFetchAbort: true,
    fetchMethod: (_key, _outdated, { context }) => encode(context),
  })

  /** Encodes a board as it is now, or newer. Per board and encoding one snapshot is made at a time (F7). */
  async get(board: Board, encoding: Encoding): Promise<EncodedSnapshot> {
    const { cursor } = board
    const snapshot = await this.#fetch({ board, encoding })
    // One that was begun before this call may be older; the next one is not.
    return snapshot.cursor === cursor ? snapshot : this.#fetch({ board, encoding })
  }

  async #fetch(context: Source): Promise<EncodedSnapshot> {
    const { board, encoding } = context
    const key = `${board.id} ${encoding}`
    const forceRefresh = this.#cache.peek(key)?.cursor !== board.cursor
    return this.#cache.forceFetch(key, { context, forceRefresh })
  }
}

async function encode({ board, encoding }: Source): Promise<EncodedSnapshot> {
  const { cursor } = board
  // Records are replaced, never changed: a list of them stays what it is while the board goes on.
  const records = [...board.records.values()]
  const source = Readable.from(jsonOf(cursor, records), { objectMode: false })
  if (encoding === 'identity') return { cursor, body: await buffer(source) }
  const packed =
    encoding === 'br'
      ? createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
      : createGzip()
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
