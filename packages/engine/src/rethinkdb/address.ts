import { readFile } from 'node:fs/promises'
import type { RServerConnectionOptions } from 'rethinkdb-ts'
import { EngineError, withoutPassword } from '../errors.ts'

type Server = RServerConnectionOptions & { readonly host: string; readonly port: number }

/** A parsed URL: where a RethinkDB is, and how to use it. */
export interface Address {
  /** The servers of its cluster that are tried in turn. */
  readonly servers: readonly [Server, ...Server[]]
  readonly user: string
  readonly password: string
  readonly database: string
  /** How new tables are laid out. Existing ones stay as they are. */
  readonly layout: { readonly shards: number; readonly replicas: number }
}

/** Formats hosts and ports for messages to the operator: `localhost:28015`. */
export const formatHost = ({ servers }: Address): string =>
  servers.map(({ host, port }) => `${host}:${port}`).join(', ')

/**
 * Parses `rethinkdb://user:password@a:28015,b:28015/database?shards=1&replicas=3&tls=true`.
 *
 * @throws EngineError if the URL is no address of a RethinkDB.
 */
export async function parseAddress(url: string): Promise<Address> {
  const [, before = '', hosts = '', rest = ''] = PARTS.exec(url) ?? []
  const [parsed = null, ...others] = hosts.split(',').map((host) => URL.parse(before + host + rest))
  const database = parsed && DATABASE_PATH.exec(parsed.pathname)?.[1]
  if (!parsed?.hostname || !database || !others.every((other) => other?.hostname))
    throw invalidUrl(
      url,
      'is no address of a RethinkDB. Give rethinkdb://user:password@host:28015/db.',
    )
  for (const [option, value] of parsed.searchParams)
    if (!OPTIONS[option]?.test(value))
      throw invalidUrl(url, `has "${option}=${value}". It may have shards=1, replicas=3, tls=true.`)

  const { username, password, searchParams } = parsed
  const count = (option: string) => Number(searchParams.get(option) ?? 1)
  const tls = await tlsOptions(searchParams.get('tls'))
  const serverAt = ({ hostname, port }: Pick<URL, 'hostname' | 'port'>): Server => {
    return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 28015), ...tls }
  }
  return {
    servers: [serverAt(parsed), ...others.map((other) => serverAt(other!))],
    user: decodeURIComponent(username) || 'admin',
    password: decodeURIComponent(password),
    database,
    layout: { shards: count('shards'), replicas: count('replicas') },
  }
}

/** A URL: what is before its hosts, those, and what is behind them. */
const PARTS = /^(rethinkdb:\/\/(?:[^/?#]*@)?)([^@/?#]*)(.*)$/
const DATABASE_PATH = /^\/([\w-]{1,100})$/
const COUNT_OPTION = /^[1-9]\d?$/
/**
 * The options of a URL. `tls` is `true` for a certificate that the system trusts, or the path of a
 * certificate authority's own.
 */
const OPTIONS: Record<string, RegExp> = { shards: COUNT_OPTION, replicas: COUNT_OPTION, tls: /./ }

const invalidUrl = (url: string, reason: string): EngineError =>
  new EngineError('unknown-engine', `"${withoutPassword(url)}" ${reason}`)

/** Returns the driver's options for a connection with or without TLS. Reads the certificate. */
async function tlsOptions(tls: string | null) {
  if (tls === null || tls === 'false') return { noDelay: true }
  if (tls === 'true') return { tls: true as const }
  const ca = await readFile(tls).catch((cause: unknown) => {
    const sentence = `The certificate ${tls} can't be read. Check the path that tls= gives.`
    throw new EngineError('unusable', sentence, { cause })
  })
  return { tls: true as const, ca }
}
