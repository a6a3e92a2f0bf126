import {
  type AnyRecord,
  type Change,
  type Cursor,
  cursor as cursorOf,
  idOf,
  parseCursor,
  WireError,
} from '@wirephoto/board'
import { type ClientRow, fromClientRows, toClientRows } from '../client-rows.ts'
import type { ChangeLog } from '../engine.ts'
import { newStamp } from '../ids.ts'
import type { Database } from './database.ts'
import type { Doorbell } from './doorbell.ts'
import { noteEnded } from './ended-blobs.ts'

/**
 * Opens the change log. As in SQLite, a board is stored as its records, each with the seq of the batch
 * that last changed it.
 */
export function openLog(database: Database, doorbell: Doorbell): ChangeLog {
  return {
    async load(board) {
      const [row] = await database.query<LoadRow>(LOAD, [board])
      if (!row) throw new WireError('unknown-board')
      const records = JSON.parse(row.records) as AnyRecord[]
      return {
        cursor: headOf(row),
        records,
        clients: fromClientRows(row.clients),
        firstSeq: row.first_seq,
        changedAt: row.changed_at,
        tombstoneCount: row.tombstone_count,
      }
    },

    async append(board, { expected, changes, clients, ended = [] }) {
      const from = parseCursor(expected)
      const stamp = newStamp()
      // The last of several changes to one record counts.
      const records = new Map(changes.map((change) => [idOf(change), jsonOf(change)]))
      const rows = toClientRows(clients)
      const [row] = await database.query<{ appended: boolean; known: boolean }>(APPEND, [
        board,
        from?.epoch,
        from?.seq,
        from?.stamp,
        stamp,
        Date.now(),
        [...records.keys()],
        [...records.values()],
        ...([0, 1, 2, 3] as const).map((column) => rows.map((client) => client[column])),
        [...new Set(ended)],
      ])
      if (!row!.known) throw new WireError('unknown-board')
      if (!row!.appended) return null
      const to = cursorOf(from!.epoch, from!.seq + 1, stamp)
      doorbell.ring(board, to)
      return to
    },

    async read(board, cursor) {
      const at = parseCursor(cursor)
      const values = [board, at?.epoch, at?.seq, at?.stamp]
      const [row] = await database.query<ReadRow>(READ, values)
      if (!row) throw new WireError('unknown-board')
      if (row.changes === null || row.clients === null) return null
      const to = headOf(row)
      if (to === cursor) return { batches: [], clients: new Map() }
      const batch = { from: cursor, to, changes: JSON.parse(row.changes) as Change[] }
      return { batches: [batch], clients: fromClientRows(row.clients) }
    },

    watch: (board, wake) => doorbell.watch(board, wake),

    async prune(board, time) {
      const [row] = await database.query<{ known: boolean }>(PRUNE, [board, time])
      if (!row!.known) throw new WireError('unknown-board')
    },
  }
}

interface Head extends Record<string, unknown> {
  readonly epoch: string
  readonly seq: number
  readonly stamp: string
}
interface LoadRow extends Head {
  readonly records: string
  readonly clients: ClientRow[]
  readonly first_seq: number
  readonly changed_at: number
  readonly tombstone_count: number
}
interface ReadRow extends Head {
  readonly changes: string | null
  readonly clients: ClientRow[] | null
}

const headOf = ({ epoch, seq, stamp }: Head): Cursor => cursorOf(epoch, seq, stamp)

const jsonOf = (change: Change): string | null =>
  'put' in change ? JSON.stringify(change.put) : null

/**
 * Appends a batch in one statement, so in one transaction and one round trip.
 *
 * The UPDATE locks the board's row until the commit. So batches have no gap and become visible in the
 * order of their numbers. Numbers from a sequence don't: a reader who has seen 2 would never look for
 * the 1 that commits after it.
 */
export const APPEND = {
  name: 'append',
  text: `
  WITH step AS (
    UPDATE boards SET seq = seq + 1, stamp = $5
    WHERE id = $1 AND epoch = $2 AND seq = $3 AND stamp = $4
    RETURNING key, seq
  ), batch AS (
    INSERT INTO batches (board, seq, stamp, at) SELECT key, seq, $5, $6 FROM step
  ), record AS (
    INSERT INTO records (board, id, seq, json)
    SELECT step.key, put.id, step.seq, put.json
    FROM step, unnest($7::text[], $8::text[]) AS put (id, json)
    ON CONFLICT (board, id) DO UPDATE SET seq = excluded.seq, json = excluded.json
  ), client AS (
    INSERT INTO clients (board, client, n, seq, refused, batch)
    SELECT step.key, put.client, put.n, put.effect, put.refused, step.seq
    FROM step, unnest($9::text[], $10::bigint[], $11::bigint[], $12::text[])
      AS put (client, n, effect, refused)
    ON CONFLICT (board, client) DO UPDATE
    SET n = excluded.n, seq = excluded.seq, refused = excluded.refused, batch = excluded.batch
  ), note AS (
    ${noteEnded('SELECT blob, $6::bigint FROM step, unnest($13::text[]) AS blob')}
  )
  SELECT EXISTS (SELECT FROM step) AS appended, EXISTS (SELECT FROM boards WHERE id = $1) AS known`,
}

// Load and read are one statement each, so they see one committed state. One long JSON string is faster
// to make, to send and to parse than many short ones.
const CLIENTS = `SELECT coalesce(json_agg(json_build_array(client, n, seq, refused)), '[]')
  FROM clients WHERE board = boards.key`

const LOAD = {
  name: 'load',
  text: `
  SELECT epoch, seq, stamp,
    (SELECT '[' || coalesce(string_agg(json, ','), '') || ']' FROM records
     WHERE board = boards.key) AS records,
    (${CLIENTS}) AS clients,
    (SELECT min(batches.seq) FROM batches WHERE board = boards.key) AS first_seq,
    (SELECT at FROM batches WHERE board = boards.key AND batches.seq = boards.seq) AS changed_at,
    (SELECT count(*) FROM records WHERE board = boards.key AND json IS NULL) AS tombstone_count
  FROM boards WHERE id = $1`,
}

const READ = {
  name: 'read',
  text: `
  SELECT epoch, seq, stamp,
    CASE WHEN known THEN
      (SELECT '[' || coalesce(string_agg(
         CASE WHEN json IS NULL THEN json_build_object('gone', id)::text
         ELSE '{"put":' || json || '}' END, ','), '') || ']'
       FROM records WHERE board = boards.key AND records.seq > $3) END AS changes,
    CASE WHEN known THEN (${CLIENTS} AND batch > $3) END AS clients
  FROM boards, LATERAL (SELECT epoch = $2 AND EXISTS (
    SELECT FROM batches WHERE board = boards.key AND batches.seq = $3 AND batches.stamp = $4
  ) AS known) AS reader
  WHERE id = $1`,
}

// PRUNE locks the board's row first, as APPEND does: a fixed order of locks can't deadlock.
const PRUNE = {
  name: 'prune',
  text: `
  WITH board AS (
    SELECT key, seq FROM boards WHERE id = $1 FOR NO KEY UPDATE
  ), floor AS (
    SELECT key, coalesce((SELECT min(seq) FROM batches WHERE batches.board = key AND at >= $2), seq) AS seq
    FROM board
  ), batch AS (
    DELETE FROM batches USING floor WHERE batches.board = key AND batches.seq < floor.seq
  ), tombstone AS (
    DELETE FROM records USING floor
    WHERE records.board = key AND records.seq <= floor.seq AND json IS NULL
  ), client AS (
    DELETE FROM clients USING floor WHERE clients.board = key AND batch < floor.seq
  )
  SELECT EXISTS (SELECT FROM floor) AS known`,
}
