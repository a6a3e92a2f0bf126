import { readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { type Connection, r } from 'rethinkdb-ts'

const POSTGRES_CHUNK_BYTES = 256 * 1024
const RETHINKDB_CHUNK_BYTES = 512 * 1024

/** A change of stored bytes. Returns those that lie there afterwards. */
type Damage = (bytes: Buffer) => Buffer

/** The blobs of an engine, behind its back: as a failing disk, or the operator, would change them. */
export interface StoredBytes {
  /** Overwrites a blob's bytes. */
  damage(sha256: string, change: Damage): Promise<void>
  /** Removes a blob without a trace. */
  lose(sha256: string): Promise<void>
  /** Dates a blob's lease back, to a time in milliseconds since 1970. */
  age(sha256: string, touchedAt: number): Promise<void>
}

/** Reaches the blobs of the engine that a URL names. */
export function storedBytesOf(url: string): StoredBytes {
  if (url.startsWith('sqlite:')) return inFolder(join(url.slice('sqlite:'.length), 'blobs'))
  return url.startsWith('rethinkdb:') ? inRethinkdb(new URL(url)) : inPostgres(url)
}

function inFolder(folder: string): StoredBytes {
  const pathOf = (sha256: string) => join(folder, sha256.slice(0, 2), sha256)
  return {
    async damage(sha256, change) {
      const bytes = change(await readFile(pathOf(sha256)))
      // The file that was put is the same one, and stays sound.
      await rm(pathOf(sha256))
      await writeFile(pathOf(sha256), bytes)
    },
    lose: (sha256) => rm(pathOf(sha256)),
    age: (sha256, touchedAt) => utimes(pathOf(sha256), touchedAt / 1_000, touchedAt / 1_000),
  }
}

function inPostgres(url: string): StoredBytes {
  const run = async <T>(body: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client(url)
    await client.connect()
    try {
      return await body(client)
    } finally {
      await client.end()
    }
  }
  const keyOf = (sha256: string) => Buffer.from(sha256, 'hex')
  return {
    damage: (sha256, change) =>
      run(async (client) => {
        const removed = 'DELETE FROM chunks WHERE sha256 = $1 RETURNING n, data'
        const { rows } = await client.query<{ n: number; data: Buffer }>(removed, [keyOf(sha256)])
        const stored = Buffer.concat(rows.sort((a, b) => a.n - b.n).map(({ data }) => data))
        for (const [n, data] of chunksOf(change(stored), POSTGRES_CHUNK_BYTES))
          await client.query('INSERT INTO chunks (sha256, n, data) VALUES ($1, $2, $3)', [
            keyOf(sha256),
            n,
            data,
          ])
      }),
    lose: (sha256) =>
      run(async (client) => {
        await client.query('DELETE FROM blobs WHERE sha256 = $1', [keyOf(sha256)])
      }),
    age: (sha256, touchedAt) =>
      run(async (client) => {
        const update = 'UPDATE blobs SET touched_at = $2 WHERE sha256 = $1'
        await client.query(update, [keyOf(sha256), touchedAt])
      }),
  }
}

function inRethinkdb({ hostname, port, username, password, pathname }: URL): StoredBytes {
  const run = async <T>(body: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = await r.connect({
      server: { host: hostname, port: Number(port || 28_015) },
      user: decodeURIComponent(username) || 'admin',
      password: decodeURIComponent(password),
      silent: true,
    })
    try {
      return await body(connection)
    } finally {
      await connection.close()
    }
  }
  const database = r.db(pathname.slice(1))
  const rowsOf = (table: string, sha256: string) =>
    database.table(table).between([sha256, r.minval], [sha256, r.maxval])
  return {
    damage: (sha256, change) =>
      run(async (connection) => {
        const stored = rowsOf('chunks', sha256)
        const rows = await stored.orderBy({ index: 'id' }).run(connection)
        const bytes = change(Buffer.concat(rows.map(({ data }) => data)))
        const [, copy] = rows[0].id
        await stored.delete().run(connection)
        for (const [n, data] of chunksOf(bytes, RETHINKDB_CHUNK_BYTES))
          await database
            .table('chunks')
            .insert({ id: [sha256, copy, n], data })
            .run(connection)
      }),
    lose: (sha256) =>
      run(async (connection) => {
        for (const table of ['blobs', 'chunks'])
          await rowsOf(table, sha256).delete().run(connection)
      }),
    age: (sha256, touchedAt) =>
      run(async (connection) => {
        await rowsOf('blobs', sha256).update({ touchedAt }).run(connection)
      }),
  }
}

function* chunksOf(bytes: Buffer, size: number): Generator<[n: number, data: Buffer]> {
  for (let n = 0; n * size < bytes.length; n++) yield [n, bytes.subarray(n * size, (n + 1) * size)]
}
