import { RECORD_VERSION, WireError } from '@wirephoto/board'
import pg from 'pg'
import { EngineError, noBoards, olderLayout } from '../errors.ts'
import { InFlight } from '../in-flight.ts'
import { type DatabaseLocation, toEngineError, toWireError } from './errors.ts'
import type { Hosts } from './hosts.ts'
import { migrations } from './migrations.ts'

/** The oldest PostgreSQL that the tests run on. */
const OLDEST_MAJOR_VERSION = 15
/** The advisory lock of the one server that checks and migrates the tables: "wirephot" as a number. */
const MIGRATION_LOCK_KEY = '8604527107610046324'

/** A prepared statement. */
export interface Statement {
  /** The name under which each connection prepares it once. */
  readonly name: string
  readonly text: string
}

/** The database's clock in milliseconds since 1970, as SQL. */
export const NOW_MS = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

type Row = Record<string, unknown>
export type Query = <R extends Row>(text: string, values?: unknown[]) => Promise<R[]>

/** A pool of connections to one database, on one server at a time. Queries reject with `away`, `busy` or `disk-full`
 * for failures that pass. */
export class Database {
  readonly #hosts: Hosts
  readonly #pool: pg.Pool
  readonly #inFlight = new InFlight()
  #closed = false

  /** Opens no connection yet. At most `size` are opened, when they are needed. */
  constructor(hosts: Hosts, size: number) {
    this.#hosts = hosts
    this.#pool = new pg.Pool({
      max: size,
      connectionTimeoutMillis: hosts.config.connectionTimeoutMillis,
      Client: class extends pg.Client {
        constructor() {
          super(hosts.config)
        }
      },
      onConnect: (client) => this.#begin(client) as unknown as undefined,
    })
    // A connection that breaks while idle is replaced at the next query.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => client.on('error', () => {}))
  }

  /** Runs one statement as one transaction: durable when this resolves, in doubt when it rejects. */
  query<R extends Row>(statement: Statement, values: unknown[] = []): Promise<R[]> {
    return this.#withClient(async (client) => {
      return (await client.query<R>({ ...statement, values })).rows
    })
  }

  /** Runs several statements as one transaction. */
  transaction<T>(body: (query: Query) => Promise<T>): Promise<T> {
    return this.#withClient(async (client) => {
      await client.query('BEGIN')
      const result = await body(async (text, values) => (await client.query(text, values)).rows)
      await client.query('COMMIT')
      return result
    })
  }

  /** Finishes the queries that have been started, then disconnects. Later queries reject with `stopping`. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#inFlight.whenSettled()
    if (!this.#pool.ending) await this.#pool.end()
  }

  /** Throws `stopping` once the database is closed. */
  checkOpen(): void {
    if (this.#closed) throw new WireError('stopping')
  }

  async #withClient<T>(operation: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    this.checkOpen()
    const { config } = this.#hosts
    try {
      return await this.#inFlight.track(this.#run(operation))
    } catch (error) {
      const failure = toWireError(error)
      // A server that takes no writes any more has handed over to another.
      if (failure instanceof WireError && failure.code === 'away') this.#hosts.leave(config)
      throw failure
    }
  }

  async #run<T>(operation: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect()
    try {
      const result = await operation(client)
      client.release()
      return result
    } catch (error) {
      // Closing the connection rolls its transaction back.
      client.release(true)
      throw error
    }
  }

  /** Takes a connection out of the pool. Tries each server once. */
  async #connect(): Promise<pg.PoolClient> {
    for (let tries = 1; ; tries++) {
      const { config } = this.#hosts
      try {
        return await this.#pool.connect()
      } catch (error) {
        if (tries >= this.#hosts.count) throw error
        this.#hosts.leave(config)
      }
    }
  }

  /** Sets a new connection up. Rejects for a server without writes, where the URL names another one. */
  async #begin(client: pg.ClientBase): Promise<void> {
    const { rows } = await client.query<{ readonly: string }>(SESSION_SETTINGS)
    if (this.#hosts.count > 1 && rows[0]?.readonly === 'on') throw new WireError('away')
  }
}

/**
 * Checks the server, and migrates the tables to the current layout. Rejects with an EngineError.
 *
 * @param inspects Refuses tables that are missing or of an older layout, and changes nothing.
 */
export async function setUp(hosts: Hosts, inspects: boolean): Promise<void> {
  const refusals: EngineError[] = []
  for (;;) {
    const { config } = hosts
    try {
      return await setUpAt(config, inspects)
    } catch (error) {
      if (!(error instanceof EngineError && ELSEWHERE.has(error.code))) throw error
      refusals.push(error)
      if (refusals.length >= hosts.count) throw noneUsable(refusals)
      hosts.leave(config)
    }
  }
}

/** Returns the refusal of all servers that a URL names, each with its reason. */
function noneUsable(refusals: readonly EngineError[]): EngineError {
  const [first, ...others] = refusals as [EngineError, ...EngineError[]]
  if (others.length === 0) return first
  // Without the advice, which is the same for all.
  const reasons = refusals.map(({ message }) => message.slice(0, message.lastIndexOf('. ')))
  const unreachable = refusals.find(({ code }) => code === 'unreachable')
  const { code, cause } = unreachable ?? first
  const sentence = `No PostgreSQL of the URL can be used: ${reasons.join('; ')}. Start one that takes writes, or check the URL.`
  return new EngineError(code, sentence, { cause })
}

/** The refusals after which the next server is tried. */
const ELSEWHERE: ReadonlySet<EngineError['code']> = new Set(['unreachable', 'unusable'])

async function setUpAt(config: pg.ClientConfig, inspects: boolean): Promise<void> {
  const client = new pg.Client({ ...config, query_timeout: 0 })
  client.on('error', () => {})
  const location = locationOf(client)
  try {
    await client.connect()
    checkServer((await client.query<ServerSettings>(SERVER_SETTINGS)).rows[0]!, location)
    await (inspects ? checkTables : migrate)(client, location)
  } catch (error) {
    throw toEngineError(error, location)
  } finally {
    await client.end().catch(() => {})
  }
}

/** Returns where a client connects to, for messages to the operator. */
export const locationOf = ({ host, port, database, user }: pg.Client): DatabaseLocation => ({
  host: `${host}:${port}`,
  database: database ?? '',
  user: user ?? '',
})

/** The settings that decide whether a server is usable. */
export interface ServerSettings {
  /** PostgreSQL's `server_version_num`: 150018 is 15.18. */
  readonly version: number
  readonly fsync: string
  readonly encoding: string
  readonly readonly: string
}

/** Checks that a server can keep what we promise. Throws an EngineError if not. */
export function checkServer(settings: ServerSettings, { host, database }: DatabaseLocation): void {
  const major = Math.floor(settings.version / 10_000)
  if (major < OLDEST_MAJOR_VERSION)
    throw new EngineError(
      'too-old',
      `PostgreSQL at ${host} is version ${major}. Use ${OLDEST_MAJOR_VERSION} or newer.`,
    )
  const unusable = (sentence: string) => new EngineError('unusable', sentence)
  if (settings.fsync !== 'on')
    throw unusable(
      `PostgreSQL at ${host} runs with fsync off, so a power cut would lose stored pictures. Set fsync = on.`,
    )
  if (settings.encoding !== 'UTF8')
    throw unusable(
      `The database ${database} at ${host} is in ${settings.encoding}. Create one with ENCODING 'UTF8'.`,
    )
  if (settings.readonly !== 'off')
    throw unusable(
      `The database ${database} at ${host} is read-only, as a standby is. Name the primary.`,
    )
}

const SERVER_SETTINGS = `SELECT current_setting('server_version_num')::int AS version,
  current_setting('fsync') AS fsync,
  current_setting('server_encoding') AS encoding,
  current_setting('transaction_read_only') AS readonly`

/** Runs the missing migrations in one transaction. One server at a time does so. */
async function migrate(client: pg.Client, location: DatabaseLocation): Promise<void> {
  await client.query('BEGIN')
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK_KEY])
  await client.query('CREATE TABLE IF NOT EXISTS wirephoto (version integer NOT NULL)')
  const version = await readVersion(client)
  if (version > migrations.length) throw tooNew(location)
  for (const sql of migrations.slice(version)) await client.query(sql)
  if (version === 0) await client.query('INSERT INTO wirephoto (version) VALUES (0)')
  const raised = await client.query(
    'UPDATE wirephoto SET version = $1, record_version = $2 WHERE record_version <= $2',
    [migrations.length, RECORD_VERSION],
  )
  if (raised.rowCount === 0) throw tooNew(location)
  await client.query('COMMIT')
}

/** Checks that the tables are those of this build. Rejects with an EngineError if not. */
async function checkTables(client: pg.Client, location: DatabaseLocation): Promise<void> {
  const found = await client.query("SELECT FROM pg_class WHERE oid = to_regclass('wirephoto')")
  const version = found.rowCount === 0 ? 0 : await readVersion(client)
  if (version === 0) throw noBoards(`database ${location.database} at ${location.host}`)
  if (version > migrations.length) throw tooNew(location)
  if (version < migrations.length)
    throw olderLayout(`database ${location.database} at ${location.host}`)
  const newer = 'SELECT FROM wirephoto WHERE record_version > $1'
  if ((await client.query(newer, [RECORD_VERSION])).rowCount !== 0) throw tooNew(location)
}

async function readVersion(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ version: number }>('SELECT version FROM wirephoto')
  return rows[0]?.version ?? 0
}

const tooNew = ({ host, database }: DatabaseLocation): EngineError =>
  new EngineError(
    'too-new',
    `The database ${database} at ${host} is from a newer Wirephoto. Start that one, or name another.`,
  )

/**
 * The settings of every connection. Commits wait for the disk even if the database's default says
 * otherwise (F1). The timeouts keep a server that is paused inside a transaction from blocking others.
 */
const SESSION_SETTINGS = `SELECT set_config('statement_timeout', '20s', false),
  set_config('lock_timeout', '10s', false),
  set_config('idle_in_transaction_session_timeout', '20s', false),
  set_config('synchronous_commit', CASE current_setting('synchronous_commit')
    WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),
  current_setting('transaction_read_only') AS readonly`
