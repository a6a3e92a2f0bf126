import type { DatabaseSync } from 'node:sqlite'
import { type Cursor, cursor, parseCursor } from '@wirephoto/board/cursors'
import type { ClientRow } from '../client-rows.ts'
import type { EndedBlob, HistoryEntry, Secret } from '../engine.ts'
import { newStamp } from '../ids.ts'
import { prepareKeyOf } from './keys.ts'
import { clientText, sumOf } from './sums.ts'

/** The write methods of the database thread. */
export type Writes = ReturnType<typeof prepareWrites>

/** Prepares the methods that write. Each runs inside a transaction, which it may share with others. */
export function prepareWrites(db: DatabaseSync) {
  const keyOf = prepareKeyOf(db)
  const newBoard = db.prepare(
    'INSERT INTO boards (id, created_at, epoch, seq, stamp) VALUES (?, ?, ?, 0, ?) ON CONFLICT DO NOTHING RETURNING key',
  )
  const findBoard = db.prepare('SELECT key FROM boards WHERE id = ?')
  const findBoardAt = db.prepare(
    'SELECT key FROM boards WHERE id = ? AND epoch = ? AND seq = ? AND stamp = ?',
  )
  const dropBoard = db.prepare('DELETE FROM boards WHERE id = ?')
  const step = db.prepare(
    'UPDATE boards SET seq = seq + 1, stamp = ? WHERE id = ? AND epoch = ? AND seq = ? AND stamp = ? RETURNING key',
  )
  const newBatch = db.prepare('INSERT INTO batches (board, seq, stamp, at) VALUES (?, ?, ?, ?)')
  const putRecord = db.prepare(
    `INSERT INTO records (board, id, seq, json, sum) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET seq = excluded.seq, json = excluded.json, sum = excluded.sum`,
  )
  const putClient = db.prepare(
    `INSERT INTO clients (board, client, n, seq, refused, batch, sum) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET n = excluded.n, seq = excluded.seq, refused = excluded.refused,
       batch = excluded.batch, sum = excluded.sum`,
  )
  const floor = db.prepare(
    `SELECT coalesce(
       (SELECT min(seq) FROM batches WHERE board = :key AND at >= :time),
       (SELECT seq FROM boards WHERE key = :key)) AS seq`,
  )
  const dropBatches = db.prepare('DELETE FROM batches WHERE board = ? AND seq < ?')
  const dropTombstones = db.prepare(
    'DELETE FROM records WHERE board = ? AND seq <= ? AND json IS NULL',
  )
  const dropClients = db.prepare('DELETE FROM clients WHERE board = ? AND batch < ?')
  const putSecret = db.prepare(
    `INSERT INTO secrets (hash, board, kind, data, expires_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET board = excluded.board, kind = excluded.kind, data = excluded.data, expires_at = excluded.expires_at`,
  )
  const newSecret = db.prepare(
    `INSERT INTO secrets (hash, board, kind, data, expires_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  )
  const replaceSecret = db.prepare(
    `UPDATE secrets SET kind = :kind, data = :data, expires_at = :expiresAt
     WHERE hash = :hash AND board = :key AND data = :expected`,
  )
  const dropSecret = db.prepare(
    'DELETE FROM secrets WHERE hash = ? RETURNING coalesce(expires_at > ?, 1) AS valid',
  )
  const dropExpired = db.prepare('DELETE FROM secrets WHERE expires_at <= ?')
  const newHistory = db.prepare(
    'INSERT INTO history (board, kind, subject, at, data, blob) VALUES (?, ?, ?, ?, ?, ?)',
  )
  // The newest entry that goes because of the number of those that stay.
  const lastBeyond = db.prepare(
    `SELECT at, rowid FROM history
     WHERE board = :key AND kind = :kind AND (:subject IS NULL OR subject = :subject)
     ORDER BY at DESC, rowid DESC LIMIT 1 OFFSET :keep`,
  )
  const prunedHistory = `board = :key AND kind = :kind AND (:subject IS NULL OR subject = :subject)
     AND (at < :before OR (at, rowid) <= (:at, :rowid))`
  const dropHistory = db.prepare(`DELETE FROM history WHERE ${prunedHistory}`)
  const newEnded = db.prepare(
    `INSERT INTO ended (sha256, at) VALUES (?, ?)
     ON CONFLICT DO UPDATE SET at = max(excluded.at, at + 1)`,
  )
  const dropEnded = db.prepare('DELETE FROM ended WHERE sha256 = ? AND at = ?')
  const blobsOfBoard = db.prepare(
    `SELECT json ->> '$.blob' AS blob FROM records WHERE board = :key
     UNION SELECT json ->> '$.original.blob' FROM records WHERE board = :key
     UNION SELECT blob FROM history WHERE board = :key`,
  )
  const blobsOfHistory = db.prepare(
    `SELECT DISTINCT blob FROM history WHERE ${prunedHistory} AND blob IS NOT NULL`,
  )
  const note = (blobs: readonly unknown[], now = Date.now()) => {
    for (const blob of blobs) if (typeof blob === 'string') newEnded.run(blob, now)
  }

  return {
    createBoard(board: string, createdAt = Date.now()): boolean {
      const stamp = newStamp()
      const row = newBoard.get(board, createdAt, newStamp(), stamp)
      if (row) newBatch.run(row.key!, 0, stamp, Date.now())
      return row !== undefined
    },

    /** Removes a board, with `at` only if it stands there. */
    removeBoard(board: string, at?: Cursor): boolean {
      const from = at === undefined ? null : parseCursor(at)
      if (at !== undefined && !from) return false
      const row = from
        ? findBoardAt.get(board, from.epoch, from.seq, from.stamp)
        : findBoard.get(board)
      const key = row?.key
      if (key === undefined) return false
      note(blobsOfBoard.all({ key }).map(({ blob }) => blob))
      return dropBoard.run(board).changes > 0
    },

    /**
     * Appends a batch. `records` alternates ids and JSON; null instead of JSON makes a tombstone. Notes the
     * blobs that it has `ended`.
     */
    append(
      board: string,
      expected: Cursor,
      records: readonly (string | null)[],
      clients: readonly ClientRow[],
      ended: readonly string[],
    ): Cursor | null {
      const from = parseCursor(expected)
      const stamp = newStamp()
      const row = from && step.get(stamp, board, from.epoch, from.seq, from.stamp)
      if (!row) {
        keyOf(board)
        return null
      }
      const key = row.key!
      const seq = from.seq + 1
      newBatch.run(key, seq, stamp, Date.now())
      for (let i = 0; i < records.length; i += 2)
        putRecord.run(key, records[i]!, seq, records[i + 1]!, sumOf(records[i + 1]!))
      for (const [client, n, effect, refused] of clients)
        putClient.run(key, client, n, effect, refused, seq, sumOf(clientText(n, effect, refused)))
      note(ended)
      return cursor(from.epoch, seq, stamp)
    },

    prune(board: string, time: number): void {
      const key = keyOf(board)
      const seq = floor.get({ key, time })!.seq!
      dropBatches.run(key, seq)
      dropTombstones.run(key, seq)
      dropClients.run(key, seq)
    },

    putSecret({ hash, board, kind, data, expiresAt }: Secret): void {
      const key = keyOf(board)
      dropExpired.run(Date.now())
      putSecret.run(hash, key, kind, data, expiresAt)
    },

    /** Replaces a secret that has the expected data; with null it stores one where there is none. */
    replaceSecret(
      { hash, board, kind, data, expiresAt }: Secret,
      expected: string | null,
    ): boolean {
      const key = keyOf(board)
      dropExpired.run(Date.now())
      const { changes } =
        expected === null
          ? newSecret.run(hash, key, kind, data, expiresAt)
          : replaceSecret.run({ hash, key, kind, data, expiresAt, expected })
      return changes > 0
    },

    removeSecret: (hash: string): boolean => dropSecret.get(hash, Date.now())?.valid === 1,

    appendHistory(board: string, entries: readonly HistoryEntry[]): void {
      const key = keyOf(board)
      for (const { at, kind, subject, data, blob } of entries)
        newHistory.run(key, kind, subject, at, data, blob)
    },

    pruneHistory(
      board: string,
      query: { kind: string; subject?: string; before?: number; keep?: number },
    ): void {
      const { kind, subject = null, before = 0, keep } = query
      const key = keyOf(board)
      const beyond = keep === undefined ? undefined : lastBeyond.get({ key, kind, subject, keep })
      const { at, rowid } = (beyond ?? { at: -1, rowid: -1 }) as { at: number; rowid: number }
      const pruned = { key, kind, subject, before, at, rowid }
      note(blobsOfHistory.all(pruned).map(({ blob }) => blob))
      dropHistory.run(pruned)
    },

    noteEnded: (blobs: readonly string[]): void => note(blobs),

    forgetEnded(notes: readonly EndedBlob[]): void {
      for (const { sha256, at } of notes) dropEnded.run(sha256, at)
    },
  }
}
