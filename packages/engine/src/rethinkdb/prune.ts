import { type RDatum, type RSelection, r } from 'rethinkdb-ts'
import type { Database } from './database.ts'
import { type BoardRow, HARD, type Tables } from './tables.ts'

/**
 * Milliseconds that what was forgotten stays where it is, for what is under way and has looked before:
 * far more than any query takes, and than a projecting may (DEADLINE in projector.ts).
 */
export const DELETE_GRACE_MS = 3_600_000
/** Documents that one query removes. */
const ROWS_PER_DELETE = 500

/** Forgets what is before `time`, and not yet what the projection lacks. */
export async function prune(
  database: Database,
  tables: Tables,
  board: BoardRow,
  time: number,
): Promise<void> {
  const { boards, batches, records, clients } = tables
  const { id, epoch } = board
  const low = [epoch, r.minval]

  /** The first batch of then or later, else the one at the watermark. */
  async function floorOf(since: number): Promise<number> {
    const later = batches
      .between(low, [epoch, board.seq])
      .orderBy({ index: 'id' })
      .filter((batch: RDatum) => batch('at').ge(since))
    const [first] = await database.run<number[]>(
      later.limit(1).map((batch: RDatum) => batch('id')(1)),
    )
    return first ?? board.seq
  }

  const floor = await floorOf(time)
  const rise = (row: RDatum) =>
    r.branch(row('epoch').eq(epoch).and(row('floor').lt(floor)), { floor }, {})
  await database.write(boards.get(id).update(rise, HARD))
  const old = await floorOf(Math.min(time, Date.now() - DELETE_GRACE_MS))
  await deleteAll(database, batches.between(low, [epoch, old]))
  await deleteAll(database, clients.between(low, [epoch, old], { index: 'seq' }))
  const upTo = { index: 'seq', rightBound: 'closed' } as const
  await deleteAll(database, records.between(low, [epoch, old], upTo).filter({ json: null }))
}

/** Removes some at a time: no query may take for ever. */
export async function deleteAll(
  database: Database,
  rows: RSelection,
  portion = ROWS_PER_DELETE,
): Promise<void> {
  const remove = (rows.limit(portion) as RSelection).delete(HARD)
  for (let deleted = portion; deleted === portion; )
    deleted = (await database.write(remove)).deleted
}
