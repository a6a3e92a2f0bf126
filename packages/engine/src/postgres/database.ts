import { WireError } from '@wirephoto/board'
import pg from 'pg'
import { EngineError, withoutPassword } from '../errors.ts'
import { InFlight } from '../in-flight.ts'
import { type DatabaseLocation, toEngineError, toWireError } from './errors.ts'
import { migrations } from './migrations.ts'

/** The first PostgreSQL that we test with. */
const OLDEST_MAJOR_VERSION = 15
/** Milliseconds for a connection to be had, and for an answer, after which the line counts as dead. */
const CONNECT_TIMEOUT_MS = 10_000
const QUERY_TIMEOUT_MS = 30_000
/** One server at a time looks at and changes the tables: "wirephot" as a number. */
const MIGRATION_LOCK_KEY = '8604527107610046324'

export interface Statement {
  /** Prepared once a connection. */
  readonly name: string
  readonly text: string
}

type Row = Record<string, unknown>
type Query = <R extends Row>(text: string, values?: unknown[]) => Promise<R[]>

/** Connections to one database. What fails for a passing reason is told as `busy`, a full disk as `disk-full`. */
export class Database {
  readonly #pool: pg.Pool
  readonly #inFlight = new InFlight()
  #closed = false

  /** `size` connections at the most, opened when needed. */
  constructor(config: pg.ClientConfig, size: number) {
    this.#pool = new pg.Pool({
      ...config,
      max: size,
      onConnect: (client) => client.query(SESSION_SETTINGS) as unknown as undefined,
    })
    // A line that breaks while nobody asks: the next who asks gets another.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => client.on('error', () => {}))
  }

  /** One statement, which is one transaction: durable when it resolves; in doubt when it rejects. */
  query<R extends Row>(statement: Statement, values: unknown[] = []): Promise<R[]> {
    return this.#run(async () => (await this.#pool.query<R>({ ...statement, values })).rows)
  }

  /** Several statements as one transaction. */
  transaction<T>(act: (query: Query) => Promise<T>): Promise<T> {
    return this.#run(async () => {
      const client = await this.#pool.connect()
      try {
        await client.query('BEGIN')
        const result = await act(async (text, values) => (await client.query(text, values)).rows)
        await client.query('COMMIT')
        client.release()
        return result
      } catch (error) {
        // Its transaction ends with the connection.
        client.release(true)
        throw error
      }
    })
  }

  /** Lets what was asked for finish. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#inFlight.whenSettled()
    if (!this.#pool.ending) await this.#pool.end()
  }

  checkOpen(): void {
    if (this.#closed) throw new WireError('busy')
  }

  async #run<T>(act: () => Promise<T>): Promise<T> {
    this.checkOpen()
    try {
      return await this.#inFlight.track(act())
    } catch (error) {
      throw toWireError(error)
    }
  }
}

/** How to connect. Throws an EngineError when the URL isn't one. */
export function parseConfig(url: string): pg.ClientConfig {
  if (!URL.canParse(url) || !new URL(url).hostname)
    throw new EngineError(
      'unknown-engine',
      `"${withoutPassword(url)}" is no address of a PostgreSQL. Give postgres://user:password@host:port/database.`,
    )
  return {
    connectionString: url,
    fallback_application_name: 'wirephoto',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    types: TYPE_PARSERS,
  }
}

/** Checks the server, and brings the tables up to date. Rejects with an EngineError. */
export async function setUp(config: pg.ClientConfig): Promise<void> {
  const client = new pg.Client({ ...config, query_timeout: 0 })
  client.on('error', () => {})
  const place = locationOf(client)
  try {
    await client.connect()
    checkServer((await client.query<ServerSettings>(SERVER_SETTINGS)).rows[0]!, place)
    await migrate(client, place)
  } catch (error) {
    throw toEngineError(error, place)
  } finally {
    await client.end().catch(() => {})
  }
}

export const locationOf = ({ host, port, database, user }: pg.Client): DatabaseLocation => ({
  host: `${host}:${port}`,
  database: database ?? '',
  user: user ?? '',
})

export interface ServerSettings {
  /** 150018 is 15.18. */
  readonly version: number
  readonly fsync: string
  readonly encoding: string
  readonly readonly: string
}

/** Throws an EngineError for a server that can't keep the promises. */
export function checkServer(facts: ServerSettings, { host, database }: DatabaseLocation): void {
  const major = Math.floor(facts.version / 10_000)
  if (major < OLDEST_MAJOR_VERSION)
    throw new EngineError(
      'too-old',
      `PostgreSQL at ${host} is version ${major}. Use ${OLDEST_MAJOR_VERSION} or newer.`,
    )
  const lacks = (what: string) => new EngineError('unusable', what)
  if (facts.fsync !== 'on')
    throw lacks(
      `PostgreSQL at ${host} runs with fsync off, so a power cut would lose stored pictures. Set fsync = on.`,
    )
  if (facts.encoding !== 'UTF8')
    throw lacks(
      `The database ${database} at ${host} is in ${facts.encoding}. Create one with ENCODING 'UTF8'.`,
    )
  if (facts.readonly !== 'off')
    throw lacks(
      `The database ${database} at ${host} is read-only, as a standby is. Name the primary.`,
    )
}

const SERVER_SETTINGS = `SELECT current_setting('server_version_num')::int AS version,
  current_setting('fsync') AS fsync,
  current_setting('server_encoding') AS encoding,
  current_setting('transaction_read_only') AS readonly`

async function migrate(client: pg.Client, { host, database }: DatabaseLocation): Promise<void> {
  await client.query('BEGIN')
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK_KEY])
  await client.query('CREATE TABLE IF NOT EXISTS wirephoto (version integer NOT NULL)')
  const { rows } = await client.query<{ version: number }>('SELECT version FROM wirephoto')
  const version = rows[0]?.version ?? 0
  if (version > migrations.length)
    throw new EngineError(
      'too-new',
      `The database ${database} at ${host} is from a newer Wirephoto. Start that one, or name another.`,
    )
  for (const sql of migrations.slice(version)) await client.query(sql)
  if (version === 0) await client.query('INSERT INTO wirephoto VALUES (0)')
  await client.query('UPDATE wirephoto SET version = $1', [migrations.length])
  await client.query('COMMIT')
}

/**
 * Every connection's. A commit that isn't on the disk is none (F1), whatever the database's habit is;
 * and nobody waits for ever on a server that was paused in the middle of a transaction.
 */
const SESSION_SETTINGS = `SELECT set_config('statement_timeout', '20s', false),
  set_config('lock_timeout', '10s', false),
  set_config('idle_in_transaction_session_timeout', '20s', false),
  set_config('synchronous_commit', CASE current_setting('synchronous_commit')
    WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)`

/** Sequence numbers and times are below 2^53. */
const TYPE_PARSERS = new pg.TypeOverrides()
TYPE_PARSERS.setTypeParser(pg.types.builtins.INT8, Number)
