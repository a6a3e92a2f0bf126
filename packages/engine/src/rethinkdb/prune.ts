import { type RDatum, type RSelection, r } from 'rethinkdb-ts'
import type { Database } from './database.ts'
import { type BoardRow, HARD, type Tables } from './tables.ts'

/**
 * The time that pruned rows stay in the database, for queries that began before the prune. It is far
 * longer than any query takes, or than a projection may (`WRITE_DEADLINE_S` in projector.ts).
 */
export const DELETE_GRACE_MS = 3_600_000
const ROWS_PER_DELETE = 500

/**
 * Prunes a board's history before `time`, but not beyond its watermark.
 *
 * The floor rises at once. Rows are deleted only if they are also older than `DELETE_GRACE_MS`.
 */
export async function prune(
  database: Database,
  tables: Tables,
  board: BoardRow,
  time: number,
): Promise<void> {
  const { boards, batches, records, clients } = tables
  const { id, epoch } = board
  const low = [epoch, r.minval]

  /** Finds the seq of the first batch at or after a time. Returns the watermark's if there is none. */
  async function floorAt(earliest: number): Promise<number> {
    const later = batches
      .between(low, [epoch, board.seq])
      .orderBy({ index: 'id' })
      .filter((batch: RDatum) => batch('at').ge(earliest))
    const [first] = await database.run<number[]>(
      later.limit(1).map((batch: RDatum) => batch('id')(1)),
    )
    return first ?? board.seq
  }

  const floor = await floorAt(time)
  const rise = (row: RDatum) =>
    r.branch(row('epoch').eq(epoch).and(row('floor').lt(floor)), { floor }, {})
  await database.write(boards.get(id).update(rise, HARD))
  const old = await floorAt(Math.min(time, Date.now() - DELETE_GRACE_MS))
  await deleteAll(database, batches.between(low, [epoch, old]))
  await deleteAll(database, clients.between(low, [epoch, old], { index: 'seq' }))
  const upTo = { index: 'seq', rightBound: 'closed' } as const
  await deleteAll(database, records.between(low, [epoch, old], upTo).filter({ json: null }))
}

/** Deletes rows a portion at a time, so that no query takes long. */
export async function deleteAll(
  database: Database,
  rows: RSelection,
  portion = ROWS_PER_DELETE,
): Promise<void> {
  const remove = (rows.limit(portion) as RSelection).delete(HARD)
  for (let deleted = portion; deleted === portion; )
    deleted = (await database.write(remove)).deleted
}
