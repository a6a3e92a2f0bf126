import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { WireError } from '@wirephoto/board'
import type { BlobStore } from '../engine.ts'
import { readChunks } from '../files/chunks.ts'
import { systemErrorCode } from '../files/system-errors.ts'
import { isSha256 } from '../ids.ts'
import type { InFlight } from '../in-flight.ts'
import { type Database, NOW_MS, type Statement } from './database.ts'

/** The size of a stored chunk. Changing it would make stored blobs unreadable. */
const CHUNK_BYTES = 256 * 1024
const NAMES_PER_PAGE = 1_000
const DIGESTS_PER_QUERY = 64

/**
 * Opens the blobs, which are stored as rows of at most 256 KiB. One row is in memory at a time.
 *
 * @param database Connections for short queries.
 * @param putDatabase Connections for puts of many chunks, which take long.
 */
export function openBlobs(
  database: Database,
  putDatabase: Database,
  putsInFlight: InFlight,
): BlobStore {
  /** Returns the key of a blob. Null for a name that is no sha256. */
  const keyOf = (sha256: string): Buffer | null => {
    database.checkOpen()
    return isSha256(sha256) ? Buffer.from(sha256, 'hex') : null
  }
  /** Returns the key of a blob. Throws `not-found` for a name that is no sha256. */
  const requireKey = (sha256: string): Buffer => {
    const key = keyOf(sha256)
    if (!key) throw new WireError('not-found')
    return key
  }

  const renew = async (key: Buffer): Promise<boolean> =>
    (await database.query(RENEW, [key, Date.now()])).length > 0

  /**
   * Runs a write of a blob. Where its old bytes lie on a page that can't be read, their chunks are buried, and it
   * is run again: PostgreSQL reads what it replaces.
   */
  async function writeOver<T>(key: Buffer, write: () => Promise<T>): Promise<T> {
    try {
      return await write()
    } catch (error) {
      if (systemErrorCode(error) !== 'EIO') throw error
      for (const { n } of await database.query<{ n: number }>(NUMBERS, [key]))
        await database.query(PROBE, [key, n]).catch(async (unreadable: unknown) => {
          if (systemErrorCode(unreadable) !== 'EIO') throw unreadable
          await database.query(BURY, [key, n])
        })
      return await write()
    }
  }

  async function put(path: string, key: Buffer): Promise<void> {
    const file = await open(path)
    try {
      if ((await file.stat()).size <= CHUNK_BYTES) {
        await database.query(PUT_SMALL, [key, Date.now(), await file.readFile()])
        return
      }
      const read: Read = (statement, values) => database.query(statement, values)
      if ((await renew(key)) && (await isStored(read, key, file))) return
      await putDatabase.transaction(async (query) => {
        // A concurrent put of the same blob waits here, and then finds its chunks stored.
        await query(CLAIM, [key, Date.now()])
        let count = 0
        const read: Read = ({ text }, values) => query(text, values)
        for await (const { n, data, isSound } of compareChunks(read, key, file)) {
          if (!isSound) await query(PUT_CHUNK, [key, n, data])
          count++
        }
        await query(CUT, [key, count])
        // The lease starts when the blob is whole.
        await query(RENEW.text, [key, Date.now()])
      })
    } finally {
      await file.close()
    }
  }

  return {
    async put(path, sha256) {
      const key = requireKey(sha256)
      await putsInFlight.track(writeOver(key, () => put(path, key)))
    },

    async get(sha256, range) {
      const key = requireKey(sha256)
      const [found] = await database.query(HAS, [key])
      if (!found && !(await renew(key))) throw new WireError('not-found')
      const { start, end } = range ?? { start: 0, end: Number.POSITIVE_INFINITY }
      return Readable.from(readRange(database, key, start, end), { objectMode: false })
    },

    async stat(sha256) {
      const key = keyOf(sha256)
      const [found] = key ? await database.query<{ size: number }>(SIZE, [key]) : []
      return found ? { size: found.size, version: null } : null
    },

    async peek(sha256, length) {
      const key = keyOf(sha256)
      if (!key || !(await database.query(EXISTS, [key])).length) return null
      return buffer(readRange(database, key, 0, length)).catch(nullIfNotFound)
    },

    async has(sha256) {
      const key = keyOf(sha256)
      return key !== null && (await database.query(HAS, [key])).length > 0
    },

    renew: async (sha256) => renew(requireKey(sha256)),

    async touchedAt(sha256) {
      const [row] = await database.query<{ at: number }>(TOUCHED_AT, [requireKey(sha256)])
      return row ? row.at : null
    },

    async *list() {
      for (let after = Buffer.alloc(0); ; ) {
        const rows = await database.query<{ sha256: Buffer }>(LIST, [after, NAMES_PER_PAGE])
        for (const { sha256 } of rows) yield sha256.toString('hex')
        if (rows.length < NAMES_PER_PAGE) return
        after = rows.at(-1)!.sha256 as Buffer<ArrayBuffer>
      }
    },

    async remove(sha256, { unlessTouchedSince }) {
      const key = requireKey(sha256)
      const remove = () => database.query(REMOVE, [key, unlessTouchedSince])
      return (await writeOver(key, remove)).length > 0
    },

    async setAside(sha256, { unlessTouchedSince }) {
      const values = [requireKey(sha256), unlessTouchedSince, Date.now()]
      const [moved] = await database.query<{ bytes: number }>(SET_ASIDE, values)
      return moved ? moved.bytes : null
    },

    async *listAside() {
      for (let after = Buffer.alloc(0); ; ) {
        const rows = await database.query<{ sha256: Buffer; since: number }>(LIST_ASIDE, [
          after,
          NAMES_PER_PAGE,
        ])
        for (const { sha256, since } of rows) yield { sha256: sha256.toString('hex'), since }
        if (rows.length < NAMES_PER_PAGE) return
        after = rows.at(-1)!.sha256 as Buffer<ArrayBuffer>
      }
    },

    async removeAside(sha256, { unlessAsideSince }) {
      const key = requireKey(sha256)
      const remove = () => database.query(REMOVE_ASIDE, [key, unlessAsideSince])
      return (await writeOver(key, remove)).length > 0
    },
  }
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof WireError && error.code === 'not-found') return null
  throw error
}

/** Runs a reading statement, in a transaction or alone. */
type Read = <R extends Record<string, unknown>>(
  statement: Statement,
  values: unknown[],
) => Promise<R[]>

/** Returns whether a blob has a file's bytes. */
async function isStored(read: Read, key: Buffer, file: FileHandle): Promise<boolean> {
  let count = 0
  for await (const { isSound } of compareChunks(read, key, file)) {
    if (!isSound) return false
    count++
  }
  const extra = await read(EXTRA, [key, count])
  return extra.length === 0
}

/** Yields a file's chunks, and whether the stored ones are the same. The database hashes those itself. */
async function* compareChunks(read: Read, key: Buffer, file: FileHandle) {
  let n = 0
  let stored = new Map<number, Buffer>()
  for await (const data of readChunks(file, CHUNK_BYTES)) {
    if (n % DIGESTS_PER_QUERY === 0) {
      const rows = await read<{ n: number; digest: Buffer }>(DIGESTS, [
        key,
        n,
        n + DIGESTS_PER_QUERY,
      ])
      stored = new Map(rows.map((row) => [row.n, row.digest]))
    }
    const isSound = stored.get(n)?.equals(createHash('sha256').update(data).digest()) === true
    yield { n: n++, data, isSound }
  }
}

/** Reads the bytes from `start` up to and excluding `end`, chunk by chunk. */
async function* readRange(database: Database, key: Buffer, start: number, end: number) {
  for (let at = start; at < end; ) {
    const n = Math.floor(at / CHUNK_BYTES)
    const [row] = await database.query<{ data: Buffer }>(CHUNK_AT, [key, n])
    if (!row) {
      // If the blob was removed meanwhile, a stream that ends well would pass for a whole picture.
      if (!(await database.query(EXISTS, [key])).length) throw new WireError('not-found')
      return
    }
    yield row.data.subarray(at - n * CHUNK_BYTES, end - n * CHUNK_BYTES)
    if (row.data.length < CHUNK_BYTES) return
    at = (n + 1) * CHUNK_BYTES
  }
}

const HAS = { name: 'blob', text: 'SELECT 1 FROM blobs WHERE sha256 = $1 AND aside_since IS NULL' }

const TOUCHED_AT = {
  name: 'touched-at',
  text: 'SELECT touched_at AS at FROM blobs WHERE sha256 = $1 AND aside_since IS NULL',
}

/** Finds a blob, set aside or not. */
const EXISTS = { name: 'blob-exists', text: 'SELECT 1 FROM blobs WHERE sha256 = $1' }

const RENEW = {
  name: 'renew',
  text: `UPDATE blobs SET touched_at = greatest(touched_at, $2, ${NOW_MS}), aside_since = NULL
    WHERE sha256 = $1 RETURNING 1`,
}

/**
 * Stores a blob of at most one chunk in one round trip. The blob's row is locked before its chunk is
 * looked up, so that nobody removes it in between.
 */
const PUT_SMALL = {
  name: 'put-small',
  text: `
  WITH blob AS (
    INSERT INTO blobs (sha256, touched_at) VALUES ($1, greatest($2::bigint, ${NOW_MS}))
    ON CONFLICT (sha256) DO UPDATE
    SET touched_at = greatest(blobs.touched_at, excluded.touched_at), aside_since = NULL
    RETURNING sha256
  ), cut AS (
    DELETE FROM chunks USING blob
    WHERE chunks.sha256 = blob.sha256 AND n >= least(octet_length($3::bytea), 1)
  )
  INSERT INTO chunks (sha256, n, data) SELECT sha256, 0, $3::bytea FROM blob
  WHERE octet_length($3::bytea) > 0
  ON CONFLICT (sha256, n) DO UPDATE SET data = excluded.data WHERE chunks.data <> excluded.data`,
}

const CLAIM = `INSERT INTO blobs (sha256, touched_at) VALUES ($1, greatest($2::bigint, ${NOW_MS}))
  ON CONFLICT (sha256) DO UPDATE
  SET touched_at = greatest(blobs.touched_at, excluded.touched_at), aside_since = NULL`

const PUT_CHUNK = `INSERT INTO chunks (sha256, n, data) VALUES ($1, $2, $3)
  ON CONFLICT (sha256, n) DO UPDATE SET data = excluded.data`

const CUT = 'DELETE FROM chunks WHERE sha256 = $1 AND n >= $2'

const DIGESTS = {
  name: 'digests',
  text: 'SELECT n, sha256(data) AS digest FROM chunks WHERE sha256 = $1 AND n >= $2 AND n < $3',
}

const EXTRA = {
  name: 'extra-chunks',
  text: 'SELECT 1 FROM chunks WHERE sha256 = $1 AND n >= $2 LIMIT 1',
}

const NUMBERS = { name: 'chunk-numbers', text: 'SELECT n FROM chunks WHERE sha256 = $1' }

/** Reads all bytes of a chunk. */
const PROBE = {
  name: 'probe-chunk',
  text: 'SELECT sha256(data) FROM chunks WHERE sha256 = $1 AND n = $2',
}

/**
 * Gives a chunk to the blob with the empty name, which nobody lists or reads. Its bytes aren't read for that, and
 * no other statement gets rid of a chunk whose bytes can't be.
 */
const BURY = {
  name: 'bury-chunk',
  text: `
  WITH grave AS (
    INSERT INTO blobs (sha256, touched_at) VALUES ('', 0)
    ON CONFLICT (sha256) DO UPDATE SET touched_at = 0 RETURNING sha256
  )
  UPDATE chunks SET sha256 = grave.sha256,
    n = (SELECT coalesce(max(n), -1) + 1 FROM chunks WHERE sha256 = '')
  FROM grave WHERE chunks.sha256 = $1 AND n = $2`,
}

// The length of a chunk stands beside it, so none is read.
const SIZE = {
  name: 'blob-size',
  text: `SELECT coalesce(sum(octet_length(data)), 0) AS size
    FROM blobs LEFT JOIN chunks USING (sha256) WHERE sha256 = $1 GROUP BY sha256`,
}

const CHUNK_AT = { name: 'chunk', text: 'SELECT data FROM chunks WHERE sha256 = $1 AND n = $2' }

const LIST = {
  name: 'list',
  text: `SELECT sha256 FROM blobs WHERE sha256 > $1 AND aside_since IS NULL
    ORDER BY sha256 LIMIT $2`,
}

const SET_ASIDE = {
  name: 'set-aside',
  text: `UPDATE blobs SET aside_since = greatest($3::bigint, ${NOW_MS})
    WHERE sha256 = $1 AND touched_at < $2 AND aside_since IS NULL
    RETURNING (SELECT coalesce(sum(octet_length(data)), 0) FROM chunks
      WHERE chunks.sha256 = blobs.sha256) AS bytes`,
}

const LIST_ASIDE = {
  name: 'list-aside',
  text: `SELECT sha256, aside_since AS since FROM blobs
    WHERE sha256 > $1 AND aside_since IS NOT NULL ORDER BY sha256 LIMIT $2`,
}

const REMOVE_ASIDE = {
  name: 'remove-aside',
  text: 'DELETE FROM blobs WHERE sha256 = $1 AND aside_since < $2 RETURNING 1',
}

const REMOVE = {
  name: 'remove',
  text: 'DELETE FROM blobs WHERE sha256 = $1 AND touched_at < $2 RETURNING 1',
}
