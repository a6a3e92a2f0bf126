import { isIP } from 'node:net'
import { isBoardId, type MediaType, optionalKinds, SECRET, siteOriginOf } from '@wirephoto/board'
import { withoutPassword } from '@wirephoto/engine'
import type { ServerConfig } from '@wirephoto/server'
import { type Bounds, parseBound } from '@wirephoto/server/bounds'
import { isLoopback } from '@wirephoto/server/loopback'
import { parsePublicUrl } from '@wirephoto/server/public-url'
import { OperatorError } from './operator-error.ts'

/* Parsers of flags and environment variables. Each throws `OperatorError` with a sentence that names both. */

export const parsePort = (text: string): number => portOf(text, '--port (WIREPHOTO_PORT)')
export const parseClassicPort = (text: string): number =>
  portOf(text, '--classic-port (WIREPHOTO_CLASSIC_PORT)')

function portOf(text: string, flag: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new OperatorError(`${quoted(text)} is no port; give ${flag} 0 to 65535.`)
  return port
}

/** Parses ports with commas between them. Those of earlier flags stay. */
export function parseFetchPorts(text: string, earlier: readonly number[] = []): number[] {
  const ports = text.split(/[\s,]+/).filter(Boolean)
  const wrong = ports.find((each) => !/^\d{1,5}$/.test(each) || +each < 1 || +each > 65_535)
  if (wrong !== undefined || ports.length === 0)
    throw new OperatorError(
      `${quoted(wrong ?? text)} is no port; give --fetch-ports (WIREPHOTO_FETCH_PORTS) some of 1 to 65535, as 8080,8443.`,
    )
  return [...earlier, ...ports.map(Number)]
}

/** Parses hosts, perhaps with a port, with commas between them. Those of earlier flags stay. */
export function parseHosts(text: string, earlier: readonly string[] = []): string[] {
  const hosts = text.split(/[\s,]+/).filter(Boolean)
  const wrong = hosts.find((each) => URL.parse(`http://${each}`)?.href !== `http://${each}/`)
  if (wrong !== undefined || hosts.length === 0)
    throw new OperatorError(
      `${quoted(wrong ?? text)} is no host; give --webhook-to (WIREPHOTO_WEBHOOK_TO) a name or name:port, as hooks.lan:8080.`,
    )
  return [...earlier, ...hosts]
}

/** Parses a board's id, as in its address. */
export function parseBoard(text: string): string {
  if (!isBoardId(text))
    throw new OperatorError(
      `${quoted(text)} is no board; give letters, digits, - and _, as behind /b/ in its address.`,
    )
  return text
}

/** Checks the secret of a link, or takes it from the link. Throws `OperatorError`. */
export function parseToken(text: string): string {
  const secret = text.split('#').at(-1)!
  if (!SECRET.test(secret))
    throw new OperatorError('--token takes what stands after # in a link, or the whole link.')
  return secret
}

/** Bytes of each unit. */
const BYTES_PER_UNIT: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
}

/** Returns the bytes that a size as `1.5 GiB` tells; NaN for another text. */
function bytesIn(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? []
  return Math.floor(Number(number) * (BYTES_PER_UNIT[unit?.toLowerCase() ?? '?'] ?? Number.NaN))
}

/** The least memory in which a decoder starts and decodes an ordinary picture. */
const MIN_MEMORY_BYTES = 200e6

/** Parses the memory of all decoders. */
export function parseMemory(text: string): number {
  const bytes = bytesIn(text)
  if (!Number.isSafeInteger(bytes) || bytes < MIN_MEMORY_BYTES)
    throw new OperatorError(
      `${quoted(text)} won't do; give --memory (WIREPHOTO_MEMORY) 200MB or more, as 2GB.`,
    )
  return bytes
}

/** Parses a size as `100MB`, `1.5 GiB` or `5000` into bytes. */
export function parseSize(text: string): number {
  const bytes = bytesIn(text)
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new OperatorError(
      `${quoted(text)} is no size; give --max-upload (WIREPHOTO_MAX_UPLOAD) one as 100MB.`,
    )
  return bytes
}

/** Parses kinds of pictures by the endings of their files, as `heic,avif`. Those of earlier flags stay. */
export function parseRefused(text: string, earlier: readonly MediaType[] = []): MediaType[] {
  const types = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((ending) => {
      const kind = optionalKinds.find(({ extensions }) =>
        extensions.includes(ending.toLowerCase().replace(/^\./, '')),
      )
      if (kind) return kind.type
      const endings = optionalKinds.map(({ extensions }) => extensions[0]).join(', ')
      throw new OperatorError(
        `${quoted(ending)} can't be refused; give --refuse (WIREPHOTO_REFUSE) some of ${endings}.`,
      )
    })
  return [...earlier, ...types]
}

/** Parses bounds as `fetches=4`, several divided by commas. Those of earlier flags stay. */
export function parseBounds(text: string, earlier?: Partial<Bounds>): Partial<Bounds> {
  return text.split(',').reduce<Partial<Bounds>>((all, each) => {
    const bound = parseBound(each)
    if (!bound)
      throw new OperatorError(
        `${quoted(each)} is no bound; give --bound (WIREPHOTO_BOUND) one of docs/bounds.md, as fetches=4.`,
      )
    return { ...all, ...bound }
  }, earlier ?? {})
}

/** Parses where measurements are served: `on`, `off`, a port of this computer, or a host and a port. */
export function parseMetrics(text: string): 'on' | ServerConfig['metrics'] {
  if (text === 'on' || text === 'off') return text
  const [, bracketed, name, digits] =
    /^(?:(?:\[([\da-f:.]+)\]|([\w.-]+)):)?(\d{1,5})$/i.exec(text) ?? []
  const port = Number(digits)
  if (!(port >= 1 && port <= 65_535))
    throw new OperatorError(
      `${quoted(text)} won't do; give --metrics (WIREPHOTO_METRICS) on, off, or a port of its own, as 9464 or 10.0.0.5:9464.`,
    )
  return { host: bracketed ?? name ?? 'localhost', port }
}

type LogLevel = NonNullable<ServerConfig['log']>
const LOG_LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug', 'silent']

/** Parses the least level that is logged. */
export function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((each) => each === text)
  if (level === undefined)
    throw new OperatorError(
      `${quoted(text)} is no level; give --log-level (WIREPHOTO_LOG_LEVEL) one of ${LOG_LEVELS.join(', ')}.`,
    )
  return level
}

/** Parses the URL of this server, which may have a path, into one without a slash at the end. */
export const parseOwnUrl = (text: string): string =>
  urlOf(text, '--public-url (WIREPHOTO_PUBLIC_URL)', 'https://board.example or https://host/photos')
/** Parses the URL by which other servers reach this one. */
export const parseNodeUrl = (text: string): string =>
  urlOf(text, '--node-url (WIREPHOTO_NODE_URL)', 'http://10.0.0.5:8000')

/** Parses the URL of a Redis, or a Valkey. */
export function parseBus(text: string): string {
  const { protocol } = URL.canParse(text) ? new URL(text) : { protocol: '' }
  if (/^(redis|valkey)s?:$/.test(protocol)) return text.replace(/^valkey/, 'redis')
  throw new OperatorError(
    `${quoted(withoutPassword(text))} is no bus; give --bus (WIREPHOTO_BUS) a Redis or Valkey, as redis://localhost:6379.`,
  )
}

/** Parses the URL of another server likewise. */
export const parseServer = (text: string): string =>
  urlOf(text, '--to', 'http://localhost:8000 or https://host/photos')

function urlOf(text: string, flag: string, example: string): string {
  const url = parsePublicUrl(text)
  if (url !== null) return url
  throw new OperatorError(
    `${quoted(text)} won't do; give ${flag} one as ${example}. A path has letters, digits, - . _ and ~, and isn't one of the server's own, as /b or /api.`,
  )
}

/** Parses a list of addresses, CIDR ranges and names of ranges, with commas between them. */
export function parseProxies(text: string): string[] {
  const addresses = text.split(/[\s,]+/).filter(Boolean)
  const wrong = addresses.find((address) => !isProxyAddress(address))
  if (wrong !== undefined || addresses.length === 0)
    throw new OperatorError(
      `${quoted(wrong ?? text)} is no address; give --trust-proxy (WIREPHOTO_TRUST_PROXY) the proxy's, as 127.0.0.1 or 10.0.0.0/8.`,
    )
  return addresses
}

/** Returns whether the server takes it: an address, a CIDR range, or the name of a range. */
function isProxyAddress(text: string): boolean {
  if (/^(?:loopback|linklocal|uniquelocal)$/.test(text)) return true
  const [, address = '', bits = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  return isIP(address) > 0 && Number(bits) <= (isIP(address) === 4 ? 32 : 128)
}

/** Parses origins of other sites, with commas between them. Those of earlier flags stay. */
export function parseOrigins(text: string, earlier: readonly string[] = []): string[] {
  const sites = text.split(/[\s,]+/).filter(Boolean)
  const origins = sites.map((each) => (URL.canParse(each) ? siteOriginOf(new URL(each)) : null))
  const wrong = sites.find((_, i) => origins[i] === null)
  if (wrong !== undefined || sites.length === 0)
    throw new OperatorError(
      `${quoted(wrong ?? text)} is no origin; give --allow-origin (WIREPHOTO_ALLOW_ORIGIN) one without a path, as https://site.example.`,
    )
  return [...earlier, ...origins.filter((each) => each !== null)]
}

/** Parses the issuer of an OpenID Connect provider. On this machine alone it may have plain http. */
export function parseIssuer(text: string): string {
  const url = URL.parse(text)
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (!url || !isSafe || url.href !== url.origin + url.pathname)
    throw new OperatorError(
      `${quoted(text)} is no issuer; give --oidc (WIREPHOTO_OIDC) the provider's https address, as https://accounts.example.`,
    )
  return text
}

/** Parses those who own the server, with commas between them. Those of earlier flags stay. */
export function parseOwners(text: string, earlier: readonly string[] = []): string[] {
  const owners = text
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)
  if (owners.length === 0)
    throw new OperatorError(
      `${quoted(text)} names nobody; give --oidc-owner (WIREPHOTO_OIDC_OWNER) addresses or subjects, as anna@example.com.`,
    )
  return [...earlier, ...owners]
}

/** Parses who may make boards. */
export function parseCreate(text: string): 'anyone' | 'owner' {
  if (text === 'anyone' || text === 'owner') return text
  throw new OperatorError(
    `${quoted(text)} won't do; give --create (WIREPHOTO_CREATE) anyone or owner.`,
  )
}

/** Parses a flag's environment variable `name`; undefined means no. */
export function parseYes(name: string, text: string | undefined): boolean {
  if (text === undefined || /^(?:0|no|false|off)$/i.test(text)) return false
  if (/^(?:1|yes|true|on)$/i.test(text)) return true
  throw new OperatorError(`${quoted(text)} is neither yes nor no; set ${name} to 1 or 0.`)
}

const quoted = (text: string): string => JSON.stringify(text)
