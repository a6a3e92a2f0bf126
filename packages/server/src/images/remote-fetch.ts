import { type LookupAddress, promises } from 'node:dns'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Readable } from 'node:stream'
import { cleanName, limits, WireError } from '@wirephoto/board'
import ipaddr from 'ipaddr.js'
import type { Sending } from './uploads/intake.ts'

/** Pictures that this server reads from elsewhere at one time (F7). */
const FETCHES = 8
const REDIRECTS = 5

/** Milliseconds. */
interface Times {
  /** From asking to the answer's head, at each address. */
  readonly answer: number
  /** Without a byte. */
  readonly idle: number
  /** All in all: less than a silent connection has, for somebody waits for it. */
  readonly total: number
}

interface FetcherOptions {
  /** Bytes of a picture. */
  readonly maxUpload: number
  /** Which addresses may be connected to; left out, public ones. For tests. */
  readonly mayReach?: ((address: string) => boolean) | undefined
  readonly resolve?: (host: string) => Promise<LookupAddress[]>
  readonly times?: Times
}

/**
 * Reads pictures from addresses that people name: http and https, and from nowhere that only this server's
 * machine or network can reach. A name is resolved once for each connection, and what was checked is what
 * is connected to, so that a name which changes its mind leads nowhere.
 */
export class Fetcher {
  readonly #maxUpload: number
  readonly #mayReach: (address: string) => boolean
  readonly #resolve: (host: string) => Promise<LookupAddress[]>
  readonly #times: Times
  #underWay = 0

  constructor({
    maxUpload,
    mayReach = isPublic,
    resolve = (host) => promises.lookup(host, { all: true }),
    times = { answer: 10_000, idle: 15_000, total: 100_000 },
  }: FetcherOptions) {
    this.#maxUpload = maxUpload
    this.#mayReach = mayReach
    this.#resolve = resolve
    this.#times = times
  }

  /**
   * The one picture at an address, for the intake. Throws `bad-request` for what is no web address,
   * `foreign-address`, `unreachable`, `too-large`, and `busy` when too many are read.
   */
  async *read(
    address: string,
    place: Sending['place'],
  ): AsyncGenerator<Sending & { source: Readable }> {
    const url = webAddress(address)
    if (url.href.length > limits.urlLength) throw new WireError('bad-request')
    if (this.#underWay >= FETCHES) throw new WireError('busy')
    this.#underWay++
    let response: IncomingMessage | undefined
    try {
      response = await this.#follow(url, AbortSignal.timeout(this.#times.total))
      const name = nameIn(url)
      const length = lengthOf(response)
      if (length !== null && length > this.#maxUpload)
        throw new WireError('too-large', { name, size: length, limit: this.#maxUpload })
      const source = Readable.from(bytesOf(response), { objectMode: false })
      yield { source, length, name, place, address: url.href }
    } finally {
      response?.destroy()
      this.#underWay--
    }
  }

  async #follow(from: URL, signal: AbortSignal): Promise<IncomingMessage> {
    let url = from
    for (let hops = 0; hops <= REDIRECTS; hops++) {
      const response = await this.#ask(url, signal)
      const { statusCode = 0, headers } = response
      if (statusCode === 200) return response
      response.destroy()
      if (![301, 302, 303, 307, 308].includes(statusCode) || !headers.location) break
      url = webAddress(headers.location, url)
    }
    throw new WireError('unreachable')
  }

  #ask(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    // What is an address already is connected to without being looked up.
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) && !this.#mayReach(host)) throw new WireError('foreign-address')
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      agent: false,
      signal,
      lookup: this.#lookup,
      headers: { 'user-agent': 'Wirephoto', accept: 'image/*', 'accept-encoding': 'identity' },
    })
    const giveUp = () => request.destroy(new WireError('unreachable'))
    const timer = setTimeout(giveUp, this.#times.answer)
    request.setTimeout(this.#times.idle, giveUp)
    request.on('response', resolve)
    request.on('error', (cause) => reject(told(cause)))
    request.end()
    return promise.finally(() => clearTimeout(timer))
  }

  /** Of a name's addresses those that may be connected to: nothing looks it up again. */
  readonly #lookup: LookupFunction = (host, { all }, done) => {
    this.#resolve(host).then(
      (found) => {
        const allowed = found.filter(({ address }) => this.#mayReach(address))
        const [first] = allowed
        if (!first) done(new WireError('foreign-address'), '')
        else if (all) done(null, allowed)
        else done(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => done(error, ''),
    )
  }
}

/**
 * Whether everybody could reach the address: not private, loopback, link-local, shared, multicast or
 * reserved, no IPv4 address in IPv6's clothes (RFC 6890), and none of this machine's own, behind its firewall.
 */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  // RFC 4291 section 2.4: all that is assigned to the world.
  if (parsed instanceof ipaddr.IPv6 && parsed.parts[0]! >> 13 !== 1) return false
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return !own.some(({ address: mine }) => ipaddr.process(mine).toString() === parsed.toString())
}

/** Without what would be told to strangers: a password, a place in the page. */
function webAddress(address: string, base?: URL): URL {
  const url = URL.parse(address, base?.href)
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new WireError(base ? 'unreachable' : 'bad-request')
  url.username = url.password = url.hash = ''
  return url
}

function nameIn({ pathname }: URL): string {
  const last = pathname.split('/').at(-1)!
  try {
    return cleanName(decodeURIComponent(last))
  } catch {
    return cleanName(last)
  }
}

function lengthOf({ headers }: IncomingMessage): number | null {
  const { 'content-length': length, 'content-encoding': coding } = headers
  return length === undefined || coding !== undefined ? null : Number(length)
}

async function* bytesOf(response: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* response
  } catch (cause) {
    throw told(cause)
  }
}

const told = (cause: unknown): WireError =>
  cause instanceof WireError ? cause : new WireError('unreachable', {}, { cause })
