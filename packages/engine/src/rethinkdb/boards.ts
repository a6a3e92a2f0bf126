import { type Cursor, parseCursor, WireError } from '@wirephoto/board'
import { type RDatum, r } from 'rethinkdb-ts'
import type { BoardInfo, Boards, ChangeLog, History, Secret, Secrets } from '../engine.ts'
import { newStamp } from '../ids.ts'
import { type AppendOutcome, appendQuery, batchesFrom } from './batches.ts'
import type { Database, Query } from './database.ts'
import { blobsOf, blobsOfEntries, noteEnded } from './ended-blobs.ts'
import { DELETE_GRACE_MS, deleteAll } from './prune.ts'
import {
  type BatchRow,
  type BoardRow,
  HARD,
  type HistoryRow,
  type NoteRow,
  type SecretRow,
  type Tables,
} from './tables.ts'

/**
 * Closes a board that stands at a cursor: its last batch is one that none can follow. So of this and an append one gets
 * the place. Resolves to whether it did.
 */
async function closeAt(
  database: Database,
  tables: Tables,
  board: string,
  at: Cursor,
): Promise<boolean> {
  const from = parseCursor(at)
  if (!from) return false
  const { epoch, seq, stamp } = from
  const closing: BatchRow = {
    id: [epoch, seq + 1],
    board,
    stamp: newStamp(),
    prev: stamp,
    by: '',
    at: Date.now(),
    changes: '[]',
    clients: [],
    closes: true,
  }
  return (await database.run<AppendOutcome>(appendQuery(tables, from, closing))) === 'appended'
}

/** Opens the set of boards. */
export const openBoards = (
  database: Database,
  tables: Tables,
  load: ChangeLog['load'],
): Boards => ({
  create: (board, createdAt) => database.run(createQuery(tables, board, createdAt)),
  has: async (board) => (await database.run(tables.boards.get(board))) !== null,
  list: () =>
    database.run<BoardInfo[]>(
      tables.boards
        .orderBy({ index: 'id' })
        .map((row: RDatum) => ({ board: row('id'), createdAt: row('createdAt') })),
    ),

  async remove(board, at) {
    const row = await database.run<BoardRow | null>(tables.boards.get(board))
    if (!row) return false
    const { epoch } = row
    // The notes come first. Until the board is removed, its records still name the blobs.
    const records = await load(board).then(
      (loaded) => loaded.records,
      // A crash has left it closed. Its blobs were noted before that.
      (error: unknown) => {
        if (error instanceof WireError && error.code === 'unknown-board') return []
        throw error
      },
    )
    const entries = tables.history.between([epoch, r.minval], [epoch, r.maxval])
    const ended = [...blobsOf(records), ...(await blobsOfEntries(database, entries))]
    await noteEnded(database, tables, [...new Set(ended)], Date.now())
    await database.write(
      tables.wirephoto.insert(
        { id: epoch, board, at: Date.now() },
        { ...HARD, conflict: 'replace' },
      ),
    )
    if (at !== undefined && !(await closeAt(database, tables, board, at))) return false
    const { deleted } = await deleteRow(database, tables, board, epoch)
    await deleteEpoch(database, tables, epoch)
    // Again, in case that a collector has forgotten those that were still named.
    await noteEnded(database, tables, [...new Set(ended)], Date.now())
    return deleted === 1
  },
})

/** Reads the time of the newest batch of all boards; 0 if there is none. */
export const readNewestTime = (
  database: Database,
  { boards, batches }: Tables,
): Promise<number> => {
  const newest = (board: RDatum) =>
    batches
      .between([board('epoch'), board('seq')], [board('epoch'), r.maxval])
      .map((batch: RDatum) => batch('at'))
      .coerceTo('array')
  return database.run<number>(
    (boards.concatMap(newest) as unknown as RDatum<number[]>).max().default(0),
  )
}

/** Completes removals that a crash interrupted, and deletes rows that were written late for removed boards. */
export async function deleteRemovedBoards(database: Database, tables: Tables): Promise<void> {
  const { wirephoto, boards } = tables
  const old = wirephoto.filter((note: RDatum) =>
    note.hasFields('board').and(note('at').lt(Date.now() - DELETE_GRACE_MS)),
  )
  for (const { id: epoch, board = '' } of await database.run<NoteRow[]>(old)) {
    const row = await database.run<BoardRow | null>(boards.get(board))
    const isClosed = row?.epoch === epoch && (await hasClosed(database, tables, row))
    if (isClosed) await deleteRow(database, tables, board, epoch)
    if (row?.epoch !== epoch || isClosed) await deleteEpoch(database, tables, epoch)
    await database.write(wirephoto.get(epoch).delete(HARD))
  }
}

/** Resolves to whether the last batch of a board has closed it. */
async function hasClosed(database: Database, tables: Tables, board: BoardRow): Promise<boolean> {
  const batches = await database.run<BatchRow[]>(batchesFrom(tables, board))
  return batches.at(-1)?.closes === true
}

/** Deletes the row of a board, unless it was made again under another epoch. */
const deleteRow = (database: Database, tables: Tables, board: string, epoch: string) =>
  database.write(
    tables.boards
      .get(board)
      .replace(
        (found: RDatum) => r.branch(found('epoch').default('').eq(epoch), null, found),
        HARD,
      ),
  )

/** Deletes all rows of one epoch of a board. */
async function deleteEpoch(database: Database, tables: Tables, epoch: string): Promise<void> {
  const { batches, records, clients, secrets, history } = tables
  for (const table of [batches, records, clients, history])
    await deleteAll(database, table.between([epoch, r.minval], [epoch, r.maxval]))
  await deleteAll(database, secrets.getAll(epoch, { index: 'epoch' }))
}

/** Builds the creation of a board. Its first batch is written first, so that every board has one. */
function createQuery({ boards, batches }: Tables, board: string, createdAt?: number): Query {
  const [epoch, stamp, now] = [newStamp(), newStamp(), Date.now()]
  const row: BoardRow = {
    id: board,
    epoch,
    createdAt: createdAt ?? now,
    seq: 0,
    stamp,
    floor: 0,
  }
  const start: BatchRow = {
    id: [epoch, 0],
    board,
    stamp,
    prev: null,
    by: '',
    at: now,
    changes: '[]',
    clients: [],
  }
  return r.branch(
    boards.get(board).ne(null),
    false,
    batches.insert(start, HARD).do((result: RDatum) =>
      r.branch(
        result('errors').ne(0),
        r.error(result('first_error')),
        boards.insert(row, HARD).do((made: RDatum) =>
          r.branch(
            made('inserted').eq(1),
            true,
            batches
              .get([epoch, 0])
              .delete(HARD)
              .do(() => false),
          ),
        ),
      ),
    ),
  )
}

/** The error by which a replacement tells that another secret stands there than was expected. */
const OTHER_SECRET = 'other-secret'

/** Opens the secrets. Each put deletes the expired ones of all boards. */
export const openSecrets = (database: Database, { boards, secrets }: Tables): Secrets => ({
  async put({ hash, board, kind, data, expiresAt }) {
    const expired = { index: 'expiresAt', rightBound: 'closed' } as const
    await database.write(secrets.between(r.minval, Date.now(), expired).delete(HARD))
    const row = { id: hash, board, kind, data, expiresAt }
    const putFor = (found: RDatum) =>
      r.branch(
        found.eq(null),
        false,
        secrets
          .insert(r.expr(row).merge({ epoch: found('epoch') }), { ...HARD, conflict: 'replace' })
          .do((result: RDatum) =>
            r.branch(result('errors').eq(0), true, r.error(result('first_error'))),
          ),
      )
    if (!(await database.run(boards.get(board).do(putFor)))) throw new WireError('unknown-board')
  },

  async replace({ hash, board, kind, data, expiresAt }, expected) {
    const row = { id: hash, board, kind, data, expiresAt }
    const replaceFor = (found: RDatum) => {
      const isThere = (old: RDatum) =>
        old
          .ne(null)
          .and(old('epoch').eq(found('epoch')))
          .and(old('expiresAt').eq(null).or(old('expiresAt').gt(Date.now())))
      const isExpected = (old: RDatum) =>
        expected === null ? isThere(old).not() : isThere(old).and(old('data').eq(expected))
      const replaced = secrets.get(hash).replace(
        (old: RDatum) =>
          r.branch(
            isExpected(old),
            r.expr(row).merge({ epoch: found('epoch') }),
            // A row that stays as it is would look like one that is replaced by its like.
            r.error(OTHER_SECRET),
          ),
        HARD,
      )
      return r.branch(
        found.eq(null),
        null,
        replaced.do((result: RDatum) =>
          r.branch(
            result('errors').eq(0),
            true,
            result('first_error').eq(OTHER_SECRET),
            false,
            r.error(result('first_error')),
          ),
        ),
      )
    }
    const isStored = await database.run<boolean | null>(boards.get(board).do(replaceFor))
    if (isStored === null) throw new WireError('unknown-board')
    return isStored
  },

  async get(hash) {
    const row = await database.run<SecretRow | null>(
      secrets
        .get(hash)
        .do((found: RDatum) =>
          r.branch(
            boards.get(found('board'))('epoch').eq(found('epoch')).default(false),
            found,
            null,
          ),
        ),
    )
    return row && isValid(row) ? toSecret(row) : null
  },

  async list(board) {
    const epoch = await epochOf(database, boards, board)
    const rows = await database.run<SecretRow[]>(secrets.getAll(epoch, { index: 'epoch' }))
    return rows.filter(isValid).map(toSecret)
  },

  async remove(hash) {
    const { changes } = await database.write<SecretRow>(
      secrets.get(hash).delete({ ...HARD, returnChanges: true }),
    )
    const row = changes?.[0]?.old_val
    return row ? isValid(row) : false
  },

  async ended(hashes) {
    const asked = new Set(hashes)
    for (const hash of await database.run<string[]>(validOf(secrets, boards, [...asked])))
      asked.delete(hash)
    return [...asked]
  },
})

/** Selects the hashes of valid secrets. Those of a removed board may still lie there, under its epoch. */
const validOf = (
  secrets: Tables['secrets'],
  boards: Tables['boards'],
  hashes: readonly string[],
): Query => {
  const found = secrets
    .getAll(r.args(hashes as string[]))
    .filter((row: RDatum) => row('expiresAt').eq(null).or(row('expiresAt').gt(Date.now())))
    .pluck('id', 'board', 'epoch')
    .coerceTo('array') as unknown as RDatum
  return found.do((rows: RDatum) =>
    boards
      .getAll(r.args(rows('board').distinct()))('epoch')
      .coerceTo('array')
      .do((epochs: RDatum) => rows.filter((row: RDatum) => epochs.contains(row('epoch')))('id')),
  )
}

const isValid = ({ expiresAt }: SecretRow): boolean => expiresAt === null || expiresAt > Date.now()

const toSecret = ({ id, board, kind, data, expiresAt }: SecretRow): Secret => ({
  hash: id,
  board,
  kind,
  data,
  expiresAt,
})

/** Opens the histories. */
export const openHistory = (database: Database, tables: Tables): History => {
  const { boards, history } = tables
  return {
    async append(board, entries) {
      const epoch = await epochOf(database, boards, board)
      const rows = entries.map(
        ({ at, kind, subject, data, blob }): HistoryRow => ({
          id: [epoch, kind, at, nextEntryKey()],
          subject,
          data,
          blob,
        }),
      )
      if (rows.length === 0) return
      await database.write(history.insert(rows, HARD))
    },

    async list(board, { kind, subject, before, limit }) {
      const epoch = await epochOf(database, boards, board)
      const prefix = subject === undefined ? [epoch, kind] : [epoch, kind, subject]
      const index = subject === undefined ? 'id' : 'subject'
      const rows = await database.run<HistoryRow[]>(
        history
          .between([...prefix, r.minval], [...prefix, before ?? r.maxval], { index })
          .orderBy({ index: r.desc(index) })
          .limit(limit),
      )
      return rows.map(({ id: [, , at], subject, data, blob = null }) => ({
        at,
        kind,
        subject,
        data,
        blob,
      }))
    },

    async blobs(board) {
      const epoch = await epochOf(database, boards, board)
      const entries = history.between([epoch, r.minval], [epoch, r.maxval])
      return [...new Set(await blobsOfEntries(database, entries))]
    },

    async prune(board, { kind, subject, before, keep }) {
      const epoch = await epochOf(database, boards, board)
      const prefix = subject === undefined ? [epoch, kind] : [epoch, kind, subject]
      const index = subject === undefined ? 'id' : 'subject'
      const from = [...prefix, r.minval]
      const ends: (readonly unknown[])[] = before === undefined ? [] : [[...prefix, before]]
      if (keep !== undefined) {
        const all = history.between(from, [...prefix, r.maxval], { index })
        const newest = all.orderBy({ index: r.desc(index) })
        const [lastKept] = await database.run<HistoryRow[]>(newest.skip(keep - 1).limit(1))
        if (lastKept) ends.push([...prefix, ...lastKept.id.slice(2)])
      }
      for (const end of ends) {
        const entries = history.between(from, end, { index })
        const ended = await blobsOfEntries(database, entries)
        await noteEnded(database, tables, ended, Date.now())
        await deleteAll(database, entries)
        // Again, in case that a collector has forgotten those that were still named.
        await noteEnded(database, tables, ended, Date.now())
      }
    },
  }
}

let entryCount = 0
/** Makes a key that orders the entries of one millisecond by the time of their append. */
function nextEntryKey(): string {
  entryCount = (entryCount + 1) % 36 ** 4
  const time = Date.now().toString(36)
  return `${time}.${entryCount.toString(36).padStart(4, '0')}.${newStamp()}`
}

/** Finds a board's current epoch. Rejects with `unknown-board`. */
async function epochOf(
  database: Database,
  boards: Tables['boards'],
  board: string,
): Promise<string> {
  const row = await database.run<BoardRow | null>(boards.get(board))
  if (!row) throw new WireError('unknown-board')
  return row.epoch
}
