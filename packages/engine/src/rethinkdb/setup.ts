import { setTimeout as sleep } from 'node:timers/promises'
import { RECORD_VERSION } from '@wirephoto/board'
import {
  isRethinkDBError,
  type RDatum,
  RethinkDBErrorType,
  r,
  type TableConfig,
} from 'rethinkdb-ts'
import { EngineError, noBoards, olderLayout } from '../errors.ts'
import { newStamp } from '../ids.ts'
import { type Address, formatHost } from './address.ts'
import { ReconnectingConnection } from './database.ts'
import { toEngineError } from './errors.ts'
import { HARD, INDEXES, type NoteRow, tablesOf } from './tables.ts'
import { checkVersion } from './version.ts'

/**
 * The version of the tables' layout. A released layout never changes (F13). Layout 2 is layout 1 with the
 * version of its records noted. Layout 3 has notes of ended blobs, and blobs that are set aside.
 */
const LAYOUT_VERSION = 3
/** The time that a start waits for the tables to exist and to take writes. */
const TABLES_TIMEOUT_MS = 90_000
/** The age at which a flag's server counts as dead. */
const STALE_FLAG_S = 60

/**
 * Checks the server, and creates the database, its tables and their indexes where missing.
 *
 * @param inspects Refuses tables that are missing or of an older layout, and changes nothing.
 * @throws EngineError, with a sentence for the operator.
 */
export async function setUp(address: Address, inspects: boolean): Promise<void> {
  const connection = new ReconnectingConnection(address)
  try {
    await checkVersion(address)
    await ensureTables(connection, address, inspects)
    if (inspects) await checkLayout(connection, address)
    else await raiseVersions(connection, address)
    await checkWriteAcks(connection, address)
  } catch (error) {
    throw toEngineError(error, address)
  } finally {
    await connection.close()
  }
}

/**
 * Waits until the tables exist, and creates them if no other server does.
 *
 * RethinkDB creates two tables with one name if asked twice at once. So a server first raises a flag, a
 * table with a unique name, and proceeds only if there is no other flag.
 */
async function ensureTables(
  connection: ReconnectingConnection,
  address: Address,
  inspects: boolean,
): Promise<void> {
  const end = Date.now() + TABLES_TIMEOUT_MS
  for (;;) {
    const state = await readState(connection, address)
    if (state === 'made') return
    if (Date.now() > end)
      throw new EngineError(
        'unreachable',
        `The tables of ${address.database} at ${formatHost(address)} are not ready. See what RethinkDB says of them.`,
      )
    if (state === 'missing' && inspects) throw noBoards(placeOf(address))
    if (state === 'missing') await createUnderFlag(connection, address)
    await sleep(100 + Math.random() * 400)
  }
}

/** Creates the database and, if no other server has a flag up, the tables. */
async function createUnderFlag(
  connection: ReconnectingConnection,
  address: Address,
): Promise<void> {
  const { database } = address
  const db = r.db(database)
  await connection
    .run(r.branch(r.dbList().contains(database), null, r.dbCreate(database)))
    .catch(ignoreError(ALREADY_EXISTS))
  if ((await listFlags(connection, address)).length > 0) return
  const flag = `${FLAG_PREFIX}${await connection.run(r.now().toEpochTime().floor())}_${newStamp()}`
  await connection.run(db.tableCreate(flag))
  try {
    if ((await listFlags(connection, address)).length === 1) await createTables(connection, address)
  } finally {
    await connection.run(db.tableDrop(flag))
  }
}

/** Reads whether the tables exist and answer. Rejects with an EngineError if a newer release made them. */
async function readState(
  connection: ReconnectingConnection,
  address: Address,
): Promise<'made' | 'missing' | 'not ready'> {
  const { wirephoto, ...others } = tablesOf(address.database)
  let made = false
  try {
    const note = await connection.run<NoteRow | null>(wirephoto.get('tables'))
    const { version = 0, recordVersion = 1 } = note ?? {}
    if (version > LAYOUT_VERSION || recordVersion > RECORD_VERSION)
      throw new EngineError(
        'too-new',
        `The database ${address.database} at ${formatHost(address)} is from a newer Wirephoto. Start that one, or name another.`,
      )
    made = version > 0
    // The tables of a server that has just started become available one by one.
    if (made)
      for (const table of Object.values(others)) await connection.run(table.limit(1).count())
    return made ? 'made' : 'missing'
  } catch (error) {
    if (!isRethinkDBError(error) || error.type !== RethinkDBErrorType.OP_FAILED) throw error
    if (/is ambiguous/.test(error.message)) throw error
    return !made && /does not exist/.test(error.message) ? 'missing' : 'not ready'
  }
}

/** Checks that the tables aren't of an older layout. Rejects with an EngineError if they are. */
async function checkLayout(connection: ReconnectingConnection, address: Address): Promise<void> {
  const { wirephoto } = tablesOf(address.database)
  const note = await connection.run<NoteRow | null>(wirephoto.get('tables'))
  if ((note?.version ?? 0) < LAYOUT_VERSION) throw olderLayout(placeOf(address))
}

const placeOf = (address: Address): string =>
  `database ${address.database} at ${formatHost(address)}`

/** Notes that this build writes here, so that an older one which can't read it doesn't start. */
async function raiseVersions(
  connection: ReconnectingConnection,
  { database }: Address,
): Promise<void> {
  const raise = (note: RDatum) => ({
    version: r.expr([note('version'), LAYOUT_VERSION]).max(),
    recordVersion: r.expr([note('recordVersion').default(1), RECORD_VERSION]).max(),
  })
  await connection.run(tablesOf(database).wirephoto.get('tables').update(raise, HARD))
}

const FLAG_PREFIX = 'starting_'

/** Lists the flags of the servers that are creating tables now. Drops the flags of dead ones. */
async function listFlags(
  connection: ReconnectingConnection,
  { database }: Address,
): Promise<string[]> {
  const db = r.db(database)
  const raised = (await connection.run<string[]>(db.tableList())).filter((name) =>
    name.startsWith(FLAG_PREFIX),
  )
  if (raised.length === 0) return []
  const now = await connection.run<number>(r.now().toEpochTime())
  const isStale = (flag: string) => Number(flag.split('_')[1]) < now - STALE_FLAG_S
  for (const flag of raised.filter(isStale))
    await connection.run(db.tableDrop(flag)).catch(ignoreError(/does not exist/))
  return raised.filter((flag) => !isStale(flag))
}

/** Creates the missing tables and indexes. The first table marks the others as ours. */
async function createTables(connection: ReconnectingConnection, address: Address): Promise<void> {
  const { database, layout } = address
  const db = r.db(database)
  const there = await connection.run<string[]>(db.tableList())
  if (!there.includes('wirephoto') && Object.keys(INDEXES).some((name) => there.includes(name)))
    throw new EngineError(
      'unusable',
      `The database ${database} at ${formatHost(address)} has other tables of the same names. Give Wirephoto one of its own.`,
    )
  const [first, ...others] = Object.keys(INDEXES).filter((name) => !there.includes(name))
  if (first) await connection.run(db.tableCreate(first, layout))
  await Promise.all(others.map((name) => connection.run(db.tableCreate(name, layout))))
  for (const [name, indexes] of Object.entries(INDEXES))
    for (const [index, key] of Object.entries(indexes)) {
      await connection
        .run(db.table(name).indexCreate(index, key))
        .catch(ignoreError(ALREADY_EXISTS))
      await connection.run(db.table(name).indexWait(index))
    }
  const note: NoteRow = {
    id: 'tables',
    version: LAYOUT_VERSION,
    recordVersion: RECORD_VERSION,
    at: Date.now(),
  }
  await connection.run(db.table<NoteRow>('wirephoto').insert(note, HARD))
}

/** Checks that tables acknowledge a write when a majority has it, so that no fail-over undoes it (F1). */
async function checkWriteAcks(connection: ReconnectingConnection, address: Address): Promise<void> {
  const check = async (table: string) => {
    const config = r.db(address.database).table(table).config()
    const { write_acks } = await connection
      .run<Pick<TableConfig, 'write_acks'>>(config)
      .catch((error: unknown) => {
        // Only a user with the right to change the setting may read it.
        if (isRethinkDBError(error) && error.type === RethinkDBErrorType.PERMISSION_ERROR)
          return { write_acks: 'majority' }
        throw error
      })
    if (write_acks !== 'majority')
      throw new EngineError(
        'unusable',
        `The table ${table} in ${address.database} at ${formatHost(address)} acknowledges what a fail-over can lose. Set its write_acks to "majority".`,
      )
  }
  await Promise.all(Object.keys(INDEXES).map(check))
}

const ALREADY_EXISTS = /already exists/

/** Makes a handler that swallows the expected error of a driver, and rethrows any other. */
const ignoreError = (expected: RegExp) => (error: unknown) => {
  if (!isRethinkDBError(error) || !expected.test(error.message)) throw error
}
