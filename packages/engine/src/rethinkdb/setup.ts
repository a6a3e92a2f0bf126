import { setTimeout as sleep } from 'node:timers/promises'
import { isRethinkDBError, RethinkDBErrorType, r, type TableConfig } from 'rethinkdb-ts'
import { EngineError } from '../errors.ts'
import { newStamp } from '../ids.ts'
import { type Address, formatHost } from './address.ts'
import { ReconnectingConnection } from './database.ts'
import { toEngineError } from './errors.ts'
import { HARD, INDEXES, type NoteRow, tablesOf } from './tables.ts'
import { checkVersion } from './version.ts'

/** Of the tables: a released one is never changed (F13). */
const LAYOUT_VERSION = 1
/** Milliseconds for the tables to be there and to take writes. */
const TABLES_TIMEOUT_MS = 90_000
/** Seconds after which whoever has begun to make the tables counts as dead. */
const STALE_FLAG_S = 60

/** Checks the server, and makes database, tables and indexes where missing. Rejects with an EngineError. */
export async function setUp(address: Address): Promise<void> {
  const line = new ReconnectingConnection(address)
  try {
    await checkVersion(address)
    await ensureTables(line, address)
    await checkWriteAcks(line, address)
  } catch (error) {
    throw toEngineError(error, address)
  } finally {
    await line.close()
  }
}

/**
 * RethinkDB makes two tables of one name if asked twice at once, so whoever makes them first raises a
 * flag, a table of a name of its own, and goes on if there is no other.
 */
async function ensureTables(line: ReconnectingConnection, address: Address): Promise<void> {
  const { database } = address
  const db = r.db(database)
  const end = Date.now() + TABLES_TIMEOUT_MS
  for (
    let state = await readState(line, address);
    state !== 'made';
    state = await readState(line, address)
  ) {
    if (Date.now() > end)
      throw new EngineError(
        'unreachable',
        `The tables of ${database} at ${formatHost(address)} are not ready. See what RethinkDB says of them.`,
      )
    if (state === 'missing') {
      await line
        .run(r.branch(r.dbList().contains(database), null, r.dbCreate(database)))
        .catch(ignoreError(ALREADY_EXISTS))
      if ((await listFlags(line, address)).length === 0) {
        const flag = `${FLAG_PREFIX}${await line.run(r.now().toEpochTime().floor())}_${newStamp()}`
        await line.run(db.tableCreate(flag))
        try {
          if ((await listFlags(line, address)).length === 1) await createTables(line, address)
        } finally {
          await line.run(db.tableDrop(flag))
        }
      }
    }
    await sleep(100 + Math.random() * 400)
  }
}

async function readState(
  line: ReconnectingConnection,
  address: Address,
): Promise<'made' | 'missing' | 'not ready'> {
  const { wirephoto, ...others } = tablesOf(address.database)
  let made = false
  try {
    const { version = 0 } = (await line.run<NoteRow | null>(wirephoto.get('tables'))) ?? {}
    if (version > LAYOUT_VERSION)
      throw new EngineError(
        'too-new',
        `The database ${address.database} at ${formatHost(address)} is from a newer Wirephoto. Start that one, or name another.`,
      )
    made = version === LAYOUT_VERSION
    // A server that has just started has its tables one by one.
    if (made) for (const table of Object.values(others)) await line.run(table.limit(1).count())
    return made ? 'made' : 'missing'
  } catch (error) {
    if (!isRethinkDBError(error) || error.type !== RethinkDBErrorType.OP_FAILED) throw error
    if (/is ambiguous/.test(error.message)) throw error
    return !made && /does not exist/.test(error.message) ? 'missing' : 'not ready'
  }
}

const FLAG_PREFIX = 'starting_'

/** Those raised by servers that make the tables at this moment; older ones are taken down. */
async function listFlags(line: ReconnectingConnection, { database }: Address): Promise<string[]> {
  const db = r.db(database)
  const raised = (await line.run<string[]>(db.tableList())).filter((name) =>
    name.startsWith(FLAG_PREFIX),
  )
  if (raised.length === 0) return []
  const now = await line.run<number>(r.now().toEpochTime())
  const isStale = (flag: string) => Number(flag.split('_')[1]) < now - STALE_FLAG_S
  for (const flag of raised.filter(isStale))
    await line.run(db.tableDrop(flag)).catch(ignoreError(/does not exist/))
  return raised.filter((flag) => !isStale(flag))
}

async function createTables(line: ReconnectingConnection, address: Address): Promise<void> {
  const { database, layout } = address
  const db = r.db(database)
  const there = await line.run<string[]>(db.tableList())
  if (!there.includes('wirephoto') && Object.keys(INDEXES).some((name) => there.includes(name)))
    throw new EngineError(
      'unusable',
      `The database ${database} at ${formatHost(address)} has other tables of the same names. Give Wirephoto one of its own.`,
    )
  // The first one says whose the others are.
  const [first, ...others] = Object.keys(INDEXES).filter((name) => !there.includes(name))
  if (first) await line.run(db.tableCreate(first, layout))
  await Promise.all(others.map((name) => line.run(db.tableCreate(name, layout))))
  for (const [name, indexes] of Object.entries(INDEXES))
    for (const [index, of] of Object.entries(indexes)) {
      await line.run(db.table(name).indexCreate(index, of)).catch(ignoreError(ALREADY_EXISTS))
      await line.run(db.table(name).indexWait(index))
    }
  const note: NoteRow = { id: 'tables', version: LAYOUT_VERSION, at: Date.now() }
  await line.run(db.table<NoteRow>('wirephoto').insert(note, HARD))
}

/** That a write which is acknowledged is with a majority, so that no fail-over takes it back (F1). */
async function checkWriteAcks(line: ReconnectingConnection, address: Address): Promise<void> {
  const check = async (table: string) => {
    const config = r.db(address.database).table(table).config()
    const { write_acks } = await line
      .run<Pick<TableConfig, 'write_acks'>>(config)
      .catch((error: unknown) => {
        // Only who may change it may see it.
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

const ignoreError = (expected: RegExp) => (error: unknown) => {
  if (!isRethinkDBError(error) || !expected.test(error.message)) throw error
}
