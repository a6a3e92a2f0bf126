import { WireError } from '@wirephoto/board'
import { type RDatum, r } from 'rethinkdb-ts'
import type { Query } from './database.ts'
import { type BatchRow, HARD, type Tables } from './tables.ts'

const MAX_ATTEMPT_COUNT = 10

/** The parts of a cursor. */
interface CursorParts {
  readonly epoch: string
  readonly seq: number
  readonly stamp: string
}

/** The outcome of an append. `moved`: the board stood at another cursor. */
export type AppendOutcome = 'appended' | 'moved' | 'unknown board'

/**
 * Builds the compare-and-append. Its result is an `AppendOutcome`.
 *
 * The insert decides: of several batches with the same seq, one gets the key. The query first checks
 * that the previous batch is the expected one. That stays true: only a prune deletes batches. It never
 * deletes the last one, and keeps the others for an hour, which no append takes.
 */
export function appendQuery(
  { boards, batches }: Tables,
  expected: CursorParts,
  batch: BatchRow,
): Query {
  const { epoch, seq, stamp } = expected
  const isAtExpected = (board: RDatum) =>
    board('epoch')
      .eq(epoch)
      .and(board('floor').le(seq))
      .and(batches.get([epoch, seq])('stamp').default(null).eq(stamp))
      .and(batches.get([epoch, seq]).hasFields('closes').default(false).not())
  const outcome = (result: RDatum) =>
    r.branch(
      result('errors').eq(0),
      'appended' satisfies AppendOutcome,
      // The database compares the message, since it contains both documents.
      r.branch(
        result('first_error').match('^Duplicate primary key').ne(null),
        'moved' satisfies AppendOutcome,
        r.error(result('first_error')),
      ),
    )
  const insert = batches.insert(batch, { ...HARD, conflict: 'error' }).do(outcome)
  return boards
    .get(batch.board)
    .do((board: RDatum) =>
      r.branch(
        board.eq(null),
        'unknown board' satisfies AppendOutcome,
        r.branch(isAtExpected(board), insert, 'moved' satisfies AppendOutcome),
      ),
    )
}

/** Selects the batch at a cursor and all later ones, in order. The result is `BatchRow[]`. */
export const batchesFrom = ({ batches }: Tables, { epoch, seq }: Omit<CursorParts, 'stamp'>) =>
  batches.between([epoch, seq], [epoch, r.maxval]).orderBy({ index: 'id' })

/**
 * Selects a board and the batches from a cursor on. The result is `[BoardRow, ...BatchRow[]]`.
 *
 * The batches are left out if the cursor has another epoch or lies before the board's watermark. The
 * result is empty if there is no such board.
 */
export const boardAndBatchesFrom = (
  tables: Tables,
  board: string,
  at: Omit<CursorParts, 'stamp'>,
): Query =>
  tables.boards.get(board).do((row: RDatum) => {
    const isReadable = row('epoch').eq(at.epoch).and(row('seq').le(at.seq))
    const later: RDatum = r.branch(isReadable, batchesFrom(tables, at), [])
    const both: RDatum = r.expr([row]).union(later, { interleave: false })
    return r.branch(row.eq(null), [], both)
  })

/**
 * Checks that each batch follows the one before it. A read of several shards shows no single moment, so
 * it may have gaps.
 */
export const isChain = (batches: readonly BatchRow[]): boolean =>
  batches.every((batch, i) => {
    const before = batches[i - 1]
    return !before || (batch.id[1] === before.id[1] + 1 && batch.prev === before.stamp)
  })

/** Rejects with `unknown-board` if the last of a board's batches has closed it. */
export function assertOpen(batches: readonly BatchRow[]): void {
  if (batches.at(-1)?.closes) throw new WireError('unknown-board')
}

/**
 * Repeats a read until it gives a result. A read returns undefined if its parts don't fit together,
 * because another server wrote or pruned meanwhile. Rejects with `busy` after too many attempts.
 */
export async function retryUntilConsistent<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < MAX_ATTEMPT_COUNT; attempt++) {
    const result = await read()
    if (result !== undefined) return result
  }
  throw new WireError('busy')
}
