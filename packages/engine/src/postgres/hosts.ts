import pg from 'pg'
import { EngineError, withoutPassword } from '../errors.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** The silence after which a connection counts as dead. */
const QUERY_TIMEOUT_MS = 30_000

/** The servers that a URL names. One is used: the first that is reached and takes writes, until it doesn't. */
export class Hosts {
  readonly #configs: readonly [pg.ClientConfig, ...pg.ClientConfig[]]
  #at = 0

  /** Parses `postgres://user:password@a:5432,b:5432/database`. Throws an EngineError if it names no PostgreSQL. */
  constructor(url: string) {
    const [, before = '', hosts = '', rest = ''] = PARTS.exec(url) ?? []
    const [first, ...others] = hosts.split(',').map((host) => before + host + rest)
    if (![first!, ...others].every((each) => URL.canParse(each) && new URL(each).hostname))
      throw new EngineError(
        'unknown-engine',
        `"${withoutPassword(url)}" is no address of a PostgreSQL. Give postgres://user:password@host:port/database.`,
      )
    this.#configs = [configOf(first!), ...others.map(configOf)]
  }

  get count(): number {
    return this.#configs.length
  }

  /** How the one is reached that is used. */
  get config(): pg.ClientConfig {
    return this.#configs[this.#at]!
  }

  /** Passes on from a server to the next, unless somebody has done so. */
  leave(config: pg.ClientConfig): void {
    if (config === this.config) this.#at = (this.#at + 1) % this.count
  }
}

/** A URL: what is before its hosts, those, and what is behind them. */
const PARTS = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^@/?#]*)(.*)$/

/** Parses bigint as a number: sequence numbers and times are below 2^53. */
const TYPE_PARSERS = new pg.TypeOverrides()
TYPE_PARSERS.setTypeParser(pg.types.builtins.INT8, Number)

const configOf = (url: string): pg.ClientConfig => ({
  connectionString: url,
  fallback_application_name: 'wirephoto',
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  query_timeout: QUERY_TIMEOUT_MS,
  keepAlive: true,
  types: TYPE_PARSERS,
})
