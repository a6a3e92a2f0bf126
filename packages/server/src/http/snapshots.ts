import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { constants, createBrotliCompress, createGzip } from 'node:zlib'
import type { AnyRecord, Cursor } from '@wirephoto/board'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Encoding } from './encoding.ts'

interface Entry {
  readonly cursor: Cursor
  readonly body: Promise<Buffer>
  /** Bytes of the body once it is made, else null. */
  size: number | null
}

/** Records that are encoded in one go: a few milliseconds. */
const SLICE = 1_000
/** Bytes of the snapshots that are kept. */
const KEPT = 32_000_000

/** Boards as JSON of `Snapshot`, made once for all who ask at the same cursor. */
export class Snapshots {
  readonly #kept = new Map<string, Entry>()
  #bytes = 0

  async of(board: LiveBoard, encoding: Encoding): Promise<{ cursor: Cursor; body: Buffer }> {
    const key = `${board.id} ${encoding}`
    for (;;) {
      const kept = this.#kept.get(key)
      if (kept?.cursor === board.cursor) return { cursor: kept.cursor, body: await kept.body }
      // One at a time: whoever comes meanwhile shares the next, however fast the board changes (F7).
      if (!kept || kept.size !== null) this.#make(key, board, encoding)
      else await kept.body.catch(() => {})
    }
  }

  #make(key: string, board: LiveBoard, encoding: Encoding): void {
    const entry: Entry = { cursor: board.cursor, body: encode(board, encoding), size: null }
    this.#forget(key)
    this.#kept.set(key, entry)
    entry.body.then(
      ({ length }) => {
        if (this.#kept.get(key) !== entry) return
        entry.size = length
        this.#bytes += length
        for (const oldest of this.#kept.keys()) {
          if (this.#bytes <= KEPT) break
          this.#forget(oldest)
        }
      },
      () => this.#kept.delete(key),
    )
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.size ?? 0
    this.#kept.delete(key)
  }
}

async function encode({ cursor, records }: LiveBoard, encoding: Encoding): Promise<Buffer> {
  // Records are replaced, never changed: a list of them stays what it is while the board goes on.
  const source = Readable.from(slices(cursor, [...records.values()]), { objectMode: false })
  if (encoding === 'identity') return buffer(source)
  const packed =
    encoding === 'br'
      ? createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
      : createGzip()
  const [body] = await Promise.all([buffer(packed), pipeline(source, packed)])
  return body
}

async function* slices(cursor: Cursor, records: readonly AnyRecord[]): AsyncGenerator<string> {
  yield `{"cursor":${JSON.stringify(cursor)},"records":[`
  for (let i = 0; i < records.length; i += SLICE) {
    const slice = JSON.stringify(records.slice(i, i + SLICE)).slice(1, -1)
    yield i === 0 ? slice : `,${slice}`
    await setImmediate()
  }
  yield ']}'
}
