import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CommandAnswer, Cursor, Snapshot } from '@wirephoto/board'
import { r } from 'rethinkdb-ts'
import type { Postgres } from '../support/postgres.ts'
import type { Rethinkdb } from '../support/rethinkdb.ts'

/** The answers that a server gave about a recorded board before it stopped. */
export interface Expected {
  readonly snapshot: Snapshot
  /** A cursor from before most of the changes. */
  readonly before: Cursor
  /** The queue that gave the commands, and the answer to its last message. */
  readonly client: string
  readonly last: CommandAnswer
  /** The sha256 of the sent files, by picture. */
  readonly files: Readonly<Record<string, string>>
}

/** A RethinkDB table: its documents, and its indexes as the server describes them. */
interface RecordedTable {
  readonly indexes: Readonly<Record<string, Buffer>>
  readonly documents: readonly unknown[]
}

/** Returns a recorded outcome. */
export const readExpected = async (build: string, engine: string): Promise<Expected> =>
  JSON.parse(await readFile(pathOf(build, `${engine}.expected.json`), 'utf8'))

/** Unpacks a recorded folder. */
export async function loadSqlite(build: string, folder: string): Promise<void> {
  await promisify(execFile)('tar', ['-xzf', pathOf(build, 'sqlite.tar.gz'), '-C', folder])
}

/** Runs a recorded dump on an empty database, and returns its URL. */
export async function loadPostgres(build: string, postgres: Postgres): Promise<string> {
  const url = await postgres.newDatabase()
  await postgres.query(await readFile(pathOf(build, 'postgres.sql'), 'utf8'), url)
  return url
}

/** Makes a database of recorded documents, and returns its URL. */
export async function loadRethinkdb(build: string, server: Rethinkdb): Promise<string> {
  const text = await readFile(pathOf(build, 'rethinkdb.json'), 'utf8')
  const tables = JSON.parse(text, reviveBuffer) as Record<string, RecordedTable>
  const url = server.newDatabase()
  const name = new URL(url).pathname.slice(1)
  await server.query(r.dbCreate(name))
  for (const [table, { indexes, documents }] of Object.entries(tables)) {
    await server.query(r.db(name).tableCreate(table))
    for (const [index, key] of Object.entries(indexes))
      await server.query(
        r
          .db(name)
          .table(table)
          .indexCreate(index, r.binary(key) as never),
      )
    await server.query(r.db(name).table(table).indexWait())
    await server.query(
      r
        .db(name)
        .table(table)
        .insert(documents as object[]),
    )
  }
  return url
}

/** Reads all tables of a database. */
export async function dumpRethinkdb(
  server: Rethinkdb,
  database: string,
): Promise<Record<string, RecordedTable>> {
  const db = r.db(database)
  const tables: Record<string, RecordedTable> = {}
  for (const table of await server.query<string[]>(db.tableList())) {
    const status = await server.query<{ index: string; function: Buffer }[]>(
      db.table(table).indexStatus(),
    )
    tables[table] = {
      indexes: Object.fromEntries(status.map((index) => [index.index, index.function])),
      documents: await server.query<unknown[]>(db.table(table).coerceTo('array')),
    }
  }
  return tables
}

const pathOf = (build: string, file: string): string => join(import.meta.dirname, build, file)

/** Encodes a Buffer in base64; JSON.stringify calls it as a replacer. */
export function encodeBuffer(this: Record<string, unknown>, key: string, json: unknown): unknown {
  const value = this[key]
  return Buffer.isBuffer(value) ? { base64: value.toString('base64') } : json
}

function reviveBuffer(_key: string, value: unknown): unknown {
  const { base64 } = (value ?? {}) as { base64?: unknown }
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : value
}
