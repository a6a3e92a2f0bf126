import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { WireError } from '@wirephoto/board'
import type { BlobStore } from '../engine.ts'
import { readChunks } from '../files/chunks.ts'
import { isSha256 } from '../ids.ts'
import type { InFlight } from '../in-flight.ts'
import type { Database } from './database.ts'

/** The size of a stored chunk. Changing it would make stored blobs unreadable. */
const CHUNK_BYTES = 256 * 1024
const NAMES_PER_PAGE = 1_000

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

  async function put(path: string, sha256: string): Promise<void> {
    const key = requireKey(sha256)
    const file = await open(path)
    try {
      if ((await file.stat()).size <= CHUNK_BYTES) {
        await database.query(PUT_SMALL, [key, Date.now(), await file.readFile()])
        return
      }
      const [renewed] = await database.query(RENEW, [key, Date.now()])
      if (renewed) return
      await putDatabase.transaction(async (query) => {
        // A concurrent put of the same blob waits here, and then finds it stored.
        const [row] = await query<{ claimed: boolean }>(CLAIM, [key, Date.now()])
        if (!row!.claimed) return
        let n = 0
        for await (const data of readChunks(file, CHUNK_BYTES))
          await query(ADD_CHUNK, [key, n++, data])
        // The lease starts when the blob is whole.
        await query(RENEW.text, [key, Date.now()])
      })
    } finally {
      await file.close()
    }
  }

  return {
    put: (path, sha256) => putsInFlight.track(put(path, sha256)),

    async get(sha256, range) {
      const key = requireKey(sha256)
      const [found] = await database.query(HAS, [key])
      if (!found) throw new WireError('not-found')
      const { start, end } = range ?? { start: 0, end: Number.POSITIVE_INFINITY }
      return Readable.from(readRange(database, key, start, end), { objectMode: false })
    },

    async has(sha256) {
      const key = keyOf(sha256)
      return key !== null && (await database.query(HAS, [key])).length > 0
    },

    async renew(sha256) {
      return (await database.query(RENEW, [requireKey(sha256), Date.now()])).length > 0
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
      const rows = await database.query(REMOVE, [requireKey(sha256), unlessTouchedSince])
      return rows.length > 0
    },
  }
}

/** Reads the bytes from `start` up to and excluding `end`, chunk by chunk. */
async function* readRange(database: Database, key: Buffer, start: number, end: number) {
  for (let at = start; at < end; ) {
    const n = Math.floor(at / CHUNK_BYTES)
    const [row] = await database.query<{ data: Buffer }>(CHUNK_AT, [key, n])
    if (!row) {
      // If the blob was removed meanwhile, a stream that ends well would pass for a whole picture.
      if (!(await database.query(HAS, [key])).length) throw new WireError('not-found')
      return
    }
    yield row.data.subarray(at - n * CHUNK_BYTES, end - n * CHUNK_BYTES)
    if (row.data.length < CHUNK_BYTES) return
    at = (n + 1) * CHUNK_BYTES
  }
}

const HAS = { name: 'blob', text: 'SELECT 1 FROM blobs WHERE sha256 = $1' }

const RENEW = {
  name: 'renew',
  text: 'UPDATE blobs SET touched_at = greatest(touched_at, $2) WHERE sha256 = $1 RETURNING 1',
}

/**
 * Stores a blob of at most one chunk in one round trip. The blob's row is locked before its chunk is
 * looked up, so that nobody removes it in between.
 */
const PUT_SMALL = {
  name: 'put-small',
  text: `
  WITH blob AS (
    INSERT INTO blobs (sha256, touched_at) VALUES ($1, $2)
    ON CONFLICT (sha256) DO UPDATE SET touched_at = greatest(blobs.touched_at, excluded.touched_at)
    RETURNING sha256
  )
  INSERT INTO chunks (sha256, n, data) SELECT sha256, 0, $3::bytea FROM blob
  WHERE octet_length($3::bytea) > 0 ON CONFLICT DO NOTHING`,
}

// xmax is 0 in a row that this statement has inserted, and not in one that it has updated.
const CLAIM = `INSERT INTO blobs (sha256, touched_at) VALUES ($1, $2)
  ON CONFLICT (sha256) DO UPDATE SET touched_at = greatest(blobs.touched_at, excluded.touched_at)
  RETURNING xmax = 0 AS claimed`

const ADD_CHUNK = 'INSERT INTO chunks (sha256, n, data) VALUES ($1, $2, $3)'

const CHUNK_AT = { name: 'chunk', text: 'SELECT data FROM chunks WHERE sha256 = $1 AND n = $2' }

const LIST = {
  name: 'list',
  text: 'SELECT sha256 FROM blobs WHERE sha256 > $1 ORDER BY sha256 LIMIT $2',
}

const REMOVE = {
  name: 'remove',
  text: 'DELETE FROM blobs WHERE sha256 = $1 AND touched_at < $2 RETURNING 1',
}
