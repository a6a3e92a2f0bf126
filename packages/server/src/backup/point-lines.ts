import { setImmediate } from 'node:timers/promises'
import {
  type AnyRecord,
  type Cursor,
  fromStored,
  type StoredRecord,
  toStored,
} from '@wirephoto/board'
import type { HistoryEntry, Secret } from '@wirephoto/engine'
import type { BoardPoint } from './board-point.ts'

/* Boards as lines of JSON: in the file of a backup, and on the way from a server that is asked for one (F13). */

/** Items on a line. Everything else on the thread has its turn between two lines. */
const ITEMS_PER_LINE_COUNT = 200

/** The lines of a board, in order: one that begins it, then its parts. */
export type BoardLine =
  | { readonly board: string; readonly createdAt: number; readonly cursor: Cursor }
  | { readonly records: readonly StoredRecord[] }
  | { readonly clients: BoardPoint['clients'] }
  | { readonly history: readonly HistoryEntry[] }
  | { readonly secrets: readonly Secret[] }

/** Writes a board as lines. */
export async function* linesOf(point: BoardPoint): AsyncGenerator<string> {
  const { board, createdAt, cursor } = point
  yield line({ board, createdAt, cursor })
  for (const records of portions(point.records)) yield* part({ records: records.map(toStored) })
  for (const clients of portions(point.clients)) yield* part({ clients })
  for (const history of portions(point.history)) yield* part({ history })
  for (const secrets of portions(point.secrets)) yield* part({ secrets })
}

async function* part(value: BoardLine): AsyncGenerator<string> {
  yield line(value)
  await setImmediate()
}

const line = (value: BoardLine): string => `${JSON.stringify(value)}\n`

function* portions<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += ITEMS_PER_LINE_COUNT)
    yield items.slice(start, start + ITEMS_PER_LINE_COUNT)
}

/** Reads boards from their lines. Rejects with `newer-format` if a newer build has written a record. */
export async function* boardsIn(lines: AsyncIterable<BoardLine>): AsyncGenerator<BoardPoint> {
  let point: Draft | null = null
  for await (const value of lines) {
    if ('board' in value) {
      if (point) yield point
      point = { ...value, records: [], clients: [], history: [], secrets: [] }
    } else if (!point) throw new SyntaxError('No board comes before its parts')
    else if ('records' in value) point.records.push(...value.records.map(fromStored))
    else if ('clients' in value) point.clients.push(...value.clients)
    else if ('history' in value) point.history.push(...value.history)
    else point.secrets.push(...value.secrets)
  }
  if (point) yield point
}

/** A board that is being read. */
interface Draft extends BoardPoint {
  readonly records: AnyRecord[]
  readonly clients: BoardPoint['clients'][number][]
  readonly history: HistoryEntry[]
  readonly secrets: Secret[]
}
