import { readFile } from 'node:fs/promises'
import type { RServerConnectionOptions } from 'rethinkdb-ts'
import { EngineError, withoutPassword } from '../errors.ts'

/** A parsed URL: where a RethinkDB is, and how to use it. */
export interface Address {
  readonly server: RServerConnectionOptions & { readonly host: string; readonly port: number }
  readonly user: string
  readonly password: string
  readonly database: string
  /** How new tables are laid out. Existing ones stay as they are. */
  readonly layout: { readonly shards: number; readonly replicas: number }
}

/** Formats host and port for messages to the operator: `localhost:28015`. */
export const formatHost = ({ server: { host, port } }: Address): string => `${host}:${port}`

/**
 * Parses `rethinkdb://user:password@host:port/database?shards=1&replicas=3&tls=true`.
 *
 * @throws EngineError if the URL is no address of a RethinkDB.
 */
export async function parseAddress(url: string): Promise<Address> {
  const parsed = URL.canParse(url) ? new URL(url) : null
  const database = parsed && DATABASE_PATH.exec(parsed.pathname)?.[1]
  if (!parsed?.hostname || !database)
    throw invalidUrl(
      url,
      'is no address of a RethinkDB. Give rethinkdb://user:password@host:28015/db.',
    )
  for (const [option, value] of parsed.searchParams)
    if (!OPTIONS[option]?.test(value))
      throw invalidUrl(url, `has "${option}=${value}". It may have shards=1, replicas=3, tls=true.`)

  const { hostname, port, username, password, searchParams } = parsed
  const count = (option: string) => Number(searchParams.get(option) ?? 1)
  const hostAndPort = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 28015) }
  return {
    server: { ...hostAndPort, ...(await tlsOptions(searchParams.get('tls'))) },
    user: decodeURIComponent(username) || 'admin',
    password: decodeURIComponent(password),
    database,
    layout: { shards: count('shards'), replicas: count('replicas') },
  }
}

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
