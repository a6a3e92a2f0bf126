import type { DatabaseSync } from 'node:sqlite'
import { type Cursor, cursor, parseCursor } from '@wirephoto/board/cursors'
import type { ClientRow } from '../client-rows.ts'
import type { BoardInfo, EndedBlob, HistoryEntry, LoadResult, Secret } from '../engine.ts'
import { prepareKeyOf } from './keys.ts'

/** UTF-16 units of records that are handed over and parsed in one go: some milliseconds. */
const PORTION_LENGTH = 262_144

type LogFacts = Pick<LoadResult, 'firstSeq' | 'changedAt' | 'tombstoneCount'>

/** A board with its records as JSON. */
interface LoadedRows extends LogFacts {
  readonly cursor: Cursor
  readonly records: string[]
  readonly clients: ClientRow[]
}

/** The read methods of the database thread. */
export type Reads = ReturnType<typeof prepareReads>

/** Prepares the methods that only read. Each sees one committed state, since the thread runs one at a time. */
export function prepareReads(db: DatabaseSync) {
  const keyOf = prepareKeyOf(db)
  const board = db.prepare('SELECT 1 FROM boards WHERE id = ?')
  const boards = db.prepare('SELECT id AS board, created_at AS createdAt FROM boards ORDER BY id')
  const head = db.prepare('SELECT epoch, seq, stamp FROM boards WHERE key = ?')
  const facts = db.prepare(
    `SELECT (SELECT min(seq) FROM batches WHERE board = :key) AS firstSeq,
       (SELECT at FROM batches WHERE board = :key AND batches.seq = boards.seq) AS changedAt,
       (SELECT count(*) FROM records WHERE board = :key AND json IS NULL) AS tombstoneCount
     FROM boards WHERE key = :key`,
  )
  const batch = db.prepare('SELECT 1 FROM batches WHERE board = ? AND seq = ? AND stamp = ?')
  // Long JSON strings are faster to make, to hand to another thread and to parse than many short ones. Each is
  // short enough that parsing it holds nobody up.
  const records = db.prepare(
    `SELECT '[' || group_concat(json) || ']' AS json
     FROM (SELECT json, sum(length(json)) OVER (ORDER BY id) / ${PORTION_LENGTH} AS portion
           FROM records WHERE board = ? AND json IS NOT NULL)
     GROUP BY portion`,
  )
  const changes = db.prepare(
    `SELECT '[' || coalesce(group_concat(
       CASE WHEN json IS NULL THEN json_object('gone', id) ELSE '{"put":' || json || '}' END), '') || ']' AS json
     FROM records WHERE board = ? AND seq > ?`,
  )
  const clients = db.prepare(
    'SELECT client, n, seq, refused FROM clients WHERE board = ? AND batch > ?',
  )
  clients.setReturnArrays(true)
  const secret = `SELECT hash, boards.id AS board, kind, data, expires_at AS expiresAt
    FROM secrets JOIN boards ON boards.key = secrets.board WHERE coalesce(expires_at > :now, 1)`
  const secretByHash = db.prepare(`${secret} AND hash = :hash`)
  const secretsOfBoard = db.prepare(`${secret} AND secrets.board = :key ORDER BY hash`)
  const endedSecrets = db.prepare(
    `SELECT DISTINCT value AS hash FROM json_each(:hashes)
     WHERE NOT EXISTS (SELECT 1 FROM secrets WHERE hash = value AND coalesce(expires_at > :now, 1))`,
  )
  const entries =
    'SELECT at, kind, subject, data, blob FROM history WHERE board = :key AND kind = :kind'
  const newest = 'AND at < :before ORDER BY at DESC, rowid DESC LIMIT :limit'
  const newestTime = db.prepare(
    `SELECT coalesce(max(at), 0) AS at
     FROM boards JOIN batches ON batches.board = boards.key AND batches.seq = boards.seq`,
  )
  const history = db.prepare(`${entries} ${newest}`)
  const historyOfOne = db.prepare(`${entries} AND subject = :subject ${newest}`)
  const historyBlobs = db.prepare(
    'SELECT DISTINCT blob FROM history WHERE board = ? AND blob IS NOT NULL',
  )
  const ended = db.prepare('SELECT sha256, at FROM ended ORDER BY at LIMIT ?')
  // Each condition is that of an index, word for word.
  const naming = db.prepare(
    `SELECT 1 FROM records WHERE json ->> '$.blob' = :blob
     UNION ALL SELECT 1 FROM records
       WHERE json ->> '$.original.blob' = :blob AND json ->> '$.original.blob' IS NOT NULL
     UNION ALL SELECT 1 FROM history WHERE blob = :blob LIMIT 1`,
  )

  const headOf = (key: number): Cursor => {
    const { epoch, seq, stamp } = head.get(key) as { epoch: string; seq: number; stamp: string }
    return cursor(epoch, seq, stamp)
  }
  const clientsSince = (key: number, seq: number) => clients.all(key, seq) as unknown as ClientRow[]

  return {
    hasBoard: (id: string): boolean => board.get(id) !== undefined,

    listBoards: () => boards.all() as unknown as BoardInfo[],

    newestTime: (): number => newestTime.get()!.at as number,

    /** Loads a board. Each of `records` is a JSON array with a portion of them. */
    load(id: string): LoadedRows {
      const key = keyOf(id)
      const json = records.all(key).map((row) => row.json as string)
      const { firstSeq, changedAt, tombstoneCount } = facts.get({ key }) as unknown as LogFacts
      return {
        cursor: headOf(key),
        records: json,
        clients: clientsSince(key, -1),
        firstSeq,
        changedAt,
        tombstoneCount,
      }
    },

    /** Reads the changes since a cursor. `changes` is a JSON array. Null if the cursor can't be read from. */
    read(id: string, from: Cursor): { to: Cursor; changes: string; clients: ClientRow[] } | null {
      const key = keyOf(id)
      const to = headOf(key)
      const asked = parseCursor(from)
      if (!asked || asked.epoch !== parseCursor(to)!.epoch) return null
      const { seq, stamp } = asked
      if (!batch.get(key, seq, stamp)) return null
      const json = changes.get(key, seq)!.json as string
      return { to, changes: json, clients: clientsSince(key, seq) }
    },

    getSecret: (hash: string): Secret | null =>
      (secretByHash.get({ hash, now: Date.now() }) as Secret | undefined) ?? null,

    listSecrets: (id: string) =>
      secretsOfBoard.all({ key: keyOf(id), now: Date.now() }) as unknown as Secret[],

    endedSecrets: (hashes: readonly string[]): string[] =>
      endedSecrets
        .all({ hashes: JSON.stringify(hashes), now: Date.now() })
        .map(({ hash }) => hash as string),

    listHistory(
      id: string,
      query: { kind: string; subject?: string; before?: number; limit: number },
    ): HistoryEntry[] {
      const { kind, subject, before = Number.MAX_SAFE_INTEGER, limit } = query
      const asked = { key: keyOf(id), kind, before, limit }
      const rows =
        subject === undefined ? history.all(asked) : historyOfOne.all({ ...asked, subject })
      return rows as unknown as HistoryEntry[]
    },

    blobsOfHistory: (id: string): string[] =>
      historyBlobs.all(keyOf(id)).map(({ blob }) => blob as string),

    listEnded: (limit: number) => ended.all(limit) as unknown as EndedBlob[],

    /** Finds those of the blobs that a record or entry of any board names. */
    named: (blobs: readonly string[]): string[] =>
      blobs.filter((blob) => naming.get({ blob }) !== undefined),
  }
}
