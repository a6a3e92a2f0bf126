import { WireError } from '@wirephoto/board'
import { type RDatum, r } from 'rethinkdb-ts'
import type { Query } from './database.ts'
import { type BatchRow, HARD, type Tables } from './tables.ts'

/** A cursor's parts. */
interface CursorParts {
  readonly epoch: string
  readonly seq: number
  readonly stamp: string
}

export type AppendOutcome = 'appended' | 'moved' | 'unknown board'

/**
 * The compare-and-append. The insert decides: of several for one seq one gets the key. That the batch
 * before is the expected one is seen first, and stays so: nothing but a prune takes batches away, it
 * never takes the last, and not for an hour what an append under way could have passed by.
 */
export function appendQuery(
  { boards, batches }: Tables,
  expected: CursorParts,
  batch: BatchRow,
): Query {
  const { epoch, seq, stamp } = expected
  const stands = (board: RDatum) =>
    board('epoch')
      .eq(epoch)
      .and(board('floor').le(seq))
      .and(batches.get([epoch, seq])('stamp').default(null).eq(stamp))
  const outcome = (result: RDatum) =>
    r.branch(
      result('errors').eq(0),
      'appended' satisfies AppendOutcome,
      // Asked there, since the message has both documents in it.
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
        r.branch(stands(board), insert, 'moved' satisfies AppendOutcome),
      ),
    )
}

/** The batch at a cursor and every later one, in order: `BatchRow[]`. */
export const batchesFrom = ({ batches }: Tables, { epoch, seq }: Omit<CursorParts, 'stamp'>) =>
  batches.between([epoch, seq], [epoch, r.maxval]).orderBy({ index: 'id' })

/** The board and, if the cursor is of its epoch and not before its watermark, what `since` gives. */
export const boardAndBatchesFrom = (
  tables: Tables,
  board: string,
  at: Omit<CursorParts, 'stamp'>,
): Query =>
  tables.boards.get(board).do((row: RDatum) => {
    const isIn = row('epoch').eq(at.epoch).and(row('seq').le(at.seq))
    const later: RDatum = r.branch(isIn, batchesFrom(tables, at), [])
    const both: RDatum = r.expr([row]).union(later, { interleave: false })
    return r.branch(row.eq(null), [], both)
  })

/** Whether these are each the next of the one before: a read of several shards is not of one moment. */
export const isChain = (batches: readonly BatchRow[]): boolean =>
  batches.every((batch, i) => {
    const before = batches[i - 1]
    return !before || (batch.id[1] === before.id[1] + 1 && batch.prev === before.stamp)
  })

/** Until it comes to something: what was read while others wrote or pruned may not fit together. */
export async function retryUntilConsistent<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 10; tries++) {
    const result = await read()
    if (result !== undefined) return result
  }
  throw new WireError('busy')
}
