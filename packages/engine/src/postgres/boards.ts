import { parseCursor, WireError } from '@wirephoto/board'
import type { BoardInfo, Boards, History, HistoryEntry, Secret, Secrets } from '../engine.ts'
import { newStamp } from '../ids.ts'
import { type Database, NOW_MS } from './database.ts'
import { blobsIn, noteEnded } from './ended-blobs.ts'

/** Opens the set of boards. */
export const openBoards = (database: Database): Boards => ({
  async create(board, createdAt) {
    const now = Date.now()
    const values = [board, createdAt ?? now, newStamp(), newStamp(), now]
    const [row] = await database.query<{ made: boolean }>(CREATE_BOARD, values)
    return row!.made
  },
  has: async (board) => (await database.query(HAS_BOARD, [board])).length > 0,
  list: () => database.query<BoardInfo & Record<string, unknown>>(LIST_BOARDS),
  async remove(board, at) {
    const from = at === undefined ? null : parseCursor(at)
    if (at !== undefined && !from) return false
    const values = [board, Date.now(), from?.epoch, from?.seq, from?.stamp]
    return (await database.query(REMOVE_BOARD, values)).length > 0
  },
})

/** Opens the secrets. Each put deletes the expired ones of all boards. */
export const openSecrets = (database: Database): Secrets => ({
  async put({ hash, board, kind, data, expiresAt }) {
    await database.query(DELETE_EXPIRED, [Date.now()])
    const values = [hash, board, kind, data, expiresAt]
    if ((await database.query(PUT_SECRET, values)).length === 0)
      throw new WireError('unknown-board')
  },
  async replace({ hash, board, kind, data, expiresAt }, expected) {
    await database.query(DELETE_EXPIRED, [Date.now()])
    const values = [hash, board, kind, data, expiresAt]
    const rows =
      expected === null
        ? await database.query(ADD_SECRET, values)
        : await database.query(REPLACE_SECRET, [...values, expected, Date.now()])
    if (rows.length > 0) return true
    await checkBoard(database, board)
    return false
  },
  async get(hash) {
    const [secret] = await database.query<SecretRow>(GET_SECRET, [hash, Date.now()])
    return secret ?? null
  },
  async list(board) {
    await checkBoard(database, board)
    return database.query<SecretRow>(LIST_SECRETS, [board, Date.now()])
  },
  async remove(hash) {
    const [row] = await database.query<{ valid: boolean }>(REMOVE_SECRET, [hash, Date.now()])
    return row?.valid ?? false
  },
  async ended(hashes) {
    const rows = await database.query<{ hash: string }>(ENDED_SECRETS, [hashes, Date.now()])
    return rows.map(({ hash }) => hash)
  },
})

/** Opens the histories. */
export const openHistory = (database: Database): History => ({
  async append(board, entries) {
    await checkBoard(database, board)
    if (entries.length === 0) return
    const columns = (['at', 'kind', 'subject', 'data', 'blob'] as const).map((column) =>
      entries.map((entry) => entry[column]),
    )
    await database.query(APPEND_HISTORY, [board, ...columns])
  },
  async list(board, { kind, subject, before, limit }) {
    await checkBoard(database, board)
    const values = [board, kind, subject, before, limit]
    return database.query<HistoryEntry & Record<string, unknown>>(LIST_HISTORY, values)
  },
  async blobs(board) {
    await checkBoard(database, board)
    const rows = await database.query<{ blob: string }>(HISTORY_BLOBS, [board])
    return rows.map(({ blob }) => blob)
  },
  async prune(board, { kind, subject = null, before = null, keep = null }) {
    await checkBoard(database, board)
    await database.query(PRUNE_HISTORY, [board, before, Date.now(), kind, keep, subject])
  },
})

/** Reads the time of the newest batch of all boards; 0 if there is none. */
export async function readNewestTime(database: Database): Promise<number> {
  const [row] = await database.query<{ at: number }>(NEWEST_TIME)
  return Number(row!.at)
}

/** Reads the clock of the database, in milliseconds since 1970. */
export async function readClock(database: Database): Promise<number> {
  const [row] = await database.query<{ now: number }>(CLOCK)
  return row!.now
}

type SecretRow = Secret & Record<string, unknown>

/** Checks that a board exists. Rejects with `unknown-board`. */
async function checkBoard(database: Database, board: string): Promise<void> {
  if ((await database.query(HAS_BOARD, [board])).length === 0) throw new WireError('unknown-board')
}

const CLOCK = { name: 'clock', text: `SELECT ${NOW_MS} AS now` }

const NEWEST_TIME = {
  name: 'newest-time',
  text: `
  SELECT coalesce(max(at), 0) AS at
  FROM boards JOIN batches ON batches.board = boards.key AND batches.seq = boards.seq`,
}

const HAS_BOARD = { name: 'has-board', text: 'SELECT 1 FROM boards WHERE id = $1' }

const CREATE_BOARD = {
  name: 'create-board',
  text: `
  WITH board AS (
    INSERT INTO boards (id, created_at, epoch, seq, stamp) VALUES ($1, $2, $3, 0, $4)
    ON CONFLICT DO NOTHING RETURNING key
  ), batch AS (
    INSERT INTO batches (board, seq, stamp, at) SELECT key, 0, $4, $5 FROM board
  )
  SELECT EXISTS (SELECT FROM board) AS made`,
}

const LIST_BOARDS = {
  name: 'list-boards',
  text: 'SELECT id AS board, created_at AS "createdAt" FROM boards ORDER BY id',
}

// The DELETE locks the board's row and looks again, so that of it and an append one succeeds.
const STANDS_THERE = '($3::text IS NULL OR (epoch = $3 AND seq = $4::bigint AND stamp = $5))'

const REMOVE_BOARD = {
  name: 'remove-board',
  text: `
  WITH board AS (
    SELECT key FROM boards WHERE id = $1 AND ${STANDS_THERE}
  ), blob AS (
    SELECT sha256 FROM board, records, ${blobsIn('records.json')} AS found (sha256)
    WHERE records.board = board.key
    UNION SELECT blob FROM board, history WHERE history.board = board.key AND blob IS NOT NULL
  ), note AS (
    ${noteEnded('SELECT sha256, $2::bigint FROM blob')}
  )
  DELETE FROM boards WHERE id = $1 AND ${STANDS_THERE} RETURNING 1`,
}

const DELETE_EXPIRED = {
  name: 'delete-expired',
  text: 'DELETE FROM secrets WHERE expires_at <= $1',
}

const PUT_SECRET = {
  name: 'put-secret',
  text: `
  INSERT INTO secrets (hash, board, kind, data, expires_at)
  SELECT $1, key, $3, $4, $5 FROM boards WHERE id = $2
  ON CONFLICT (hash) DO UPDATE
  SET board = excluded.board, kind = excluded.kind, data = excluded.data, expires_at = excluded.expires_at
  RETURNING 1`,
}

const ADD_SECRET = {
  name: 'add-secret',
  text: `
  INSERT INTO secrets (hash, board, kind, data, expires_at)
  SELECT $1, key, $3, $4, $5 FROM boards WHERE id = $2
  ON CONFLICT (hash) DO NOTHING
  RETURNING 1`,
}

const REPLACE_SECRET = {
  name: 'replace-secret',
  text: `
  UPDATE secrets SET kind = $3, data = $4, expires_at = $5
  FROM boards
  WHERE boards.id = $2 AND secrets.board = boards.key AND hash = $1 AND data = $6
    AND coalesce(secrets.expires_at > $7, true)
  RETURNING 1`,
}

const SECRETS = `SELECT hash, boards.id AS board, kind, data, expires_at AS "expiresAt"
  FROM secrets JOIN boards ON boards.key = secrets.board WHERE coalesce(expires_at > $2, true)`

const GET_SECRET = { name: 'get-secret', text: `${SECRETS} AND hash = $1` }

const LIST_SECRETS = { name: 'list-secrets', text: `${SECRETS} AND boards.id = $1 ORDER BY hash` }

const REMOVE_SECRET = {
  name: 'remove-secret',
  text: 'DELETE FROM secrets WHERE hash = $1 RETURNING coalesce(expires_at > $2, true) AS valid',
}

const ENDED_SECRETS = {
  name: 'ended-secrets',
  text: `
  SELECT DISTINCT asked.hash FROM unnest($1::text[]) AS asked (hash)
  WHERE NOT EXISTS (
    SELECT FROM secrets WHERE secrets.hash = asked.hash AND coalesce(expires_at > $2, true)
  )`,
}

const APPEND_HISTORY = {
  name: 'append-history',
  text: `
  INSERT INTO history (board, at, kind, subject, data, blob)
  SELECT boards.key, entry.at, entry.kind, entry.subject, entry.data, entry.blob
  FROM boards, unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
    WITH ORDINALITY AS entry (at, kind, subject, data, blob, position)
  WHERE boards.id = $1 ORDER BY position`,
}

const LIST_HISTORY = {
  name: 'list-history',
  text: `
  SELECT at, kind, subject, data, blob FROM history
  WHERE board = (SELECT key FROM boards WHERE id = $1) AND kind = $2
    AND ($3::text IS NULL OR subject = $3) AND ($4::bigint IS NULL OR at < $4)
  ORDER BY at DESC, key DESC LIMIT $5`,
}

const HISTORY_BLOBS = {
  name: 'history-blobs',
  text: `SELECT DISTINCT blob FROM history
    WHERE board = (SELECT key FROM boards WHERE id = $1) AND blob IS NOT NULL`,
}

const PRUNE_HISTORY = {
  name: 'prune-history',
  text: `
  WITH beyond AS (
    SELECT at, key FROM history
    WHERE board = (SELECT key FROM boards WHERE id = $1) AND kind = $4 AND $5::bigint IS NOT NULL
      AND ($6::text IS NULL OR subject = $6)
    ORDER BY at DESC, key DESC LIMIT 1 OFFSET coalesce($5::bigint, 0)
  ), entry AS (
    DELETE FROM history WHERE board = (SELECT key FROM boards WHERE id = $1) AND kind = $4
      AND ($6::text IS NULL OR subject = $6)
      AND (at < $2::bigint OR (at, key) <= (SELECT at, key FROM beyond))
    RETURNING blob
  )
  ${noteEnded('SELECT DISTINCT blob, $3::bigint FROM entry WHERE blob IS NOT NULL')}`,
}
