import { type LookupAddress, promises } from 'node:dns'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Readable } from 'node:stream'
import { cleanName, serverLimits, WireError } from '@wirephoto/board'
import ipaddr from 'ipaddr.js'
import { type Bounds, boundsWith } from '../bounds.ts'
import { FairSlots } from '../fairness/fair-slots.ts'
import type { Party } from '../fairness/party.ts'
import type { DirectPicture } from './uploads/direct-upload.ts'

const MAX_REDIRECT_COUNT = 5
/** The ports of the web. */
const WEB_PORTS: readonly number[] = [80, 443]
const OWN_ADDRESSES_CACHE_MS = 60_000

interface FetchTimeouts {
  /** From a request to the head of its response, for each redirect. */
  readonly responseMs: number
  /** Without a byte. */
  readonly idleMs: number
  /** For the whole picture. It is shorter than the server lets its own client wait in silence. */
  readonly totalMs: number
}

const TIMEOUTS: FetchTimeouts = { responseMs: 10_000, idleMs: 15_000, totalMs: 100_000 }

interface FetcherOptions {
  /** Bytes of a picture. */
  readonly maxUpload: number
  /** The URL by which others reach this server, which fetches nothing from there. Default: none. */
  readonly publicUrl?: string | null | undefined
  /** Ports that may be connected to beside 80 and 443. */
  readonly ports?: readonly number[] | undefined
  /** Hosts that may be connected to wherever they are, as `name` or `name:port`. Default: none. */
  readonly trusted?: readonly string[] | undefined
  /** Decides alone what may be connected to. For tests. */
  readonly mayReach?: ((address: string, port: number) => boolean) | undefined
  readonly resolve?: (host: string) => Promise<LookupAddress[]>
  readonly timeouts?: FetchTimeouts
  readonly bounds?: Bounds
}

/**
 * Fetches pictures from http and https URLs that people name. Addresses that only this server's machine or
 * network can reach are refused, and so are the server's own, and the ports of other services.
 *
 * A host name is resolved once for each connection. The server connects to the address that it checked, so a
 * name that resolves differently the second time gains nothing.
 */
export class Fetcher {
  readonly #maxUpload: number
  readonly #mayReach: ((address: string, port: number) => boolean) | null
  readonly #ports: ReadonlySet<number>
  readonly #trusted: ReadonlySet<string>
  readonly #ownName: string | null
  #ownAddresses: { readonly found: Promise<ReadonlySet<string>>; readonly until: number } | null =
    null
  readonly #resolve: (host: string) => Promise<LookupAddress[]>
  readonly #timeouts: FetchTimeouts
  /** Pictures that are fetched at one time (F7). */
  readonly #slots: FairSlots

  constructor({
    maxUpload,
    publicUrl = null,
    ports = [],
    trusted = [],
    mayReach,
    resolve = (host) => promises.lookup(host, { all: true }),
    timeouts = TIMEOUTS,
    bounds = boundsWith(),
  }: FetcherOptions) {
    this.#maxUpload = maxUpload
    this.#mayReach = mayReach ?? null
    this.#ports = new Set([...WEB_PORTS, ...ports])
    this.#trusted = new Set(trusted)
    this.#ownName = publicUrl === null ? null : hostIn(new URL(publicUrl))
    this.#resolve = resolve
    this.#timeouts = timeouts
    this.#slots = new FairSlots(bounds.fetches)
  }

  /**
   * Yields the one picture at a URL, for a direct upload. Throws `bad-request` if it is no http or https URL,
   * `foreign-address`, `unreachable`, `too-large`, and `busy` if its party has too many fetches under way.
   */
  async *read(
    address: string,
    place: DirectPicture['place'],
    party: Party,
  ): AsyncGenerator<DirectPicture> {
    const url = parseWebUrl(address)
    if (url.href.length > serverLimits.urlLength) throw new WireError('bad-request')
    const broken = new AbortController()
    using slot = this.#slots.take(party, () => broken.abort(new WireError('busy')))
    let response: IncomingMessage | undefined
    try {
      response = await this.#follow(
        url,
        AbortSignal.any([broken.signal, AbortSignal.timeout(this.#timeouts.totalMs)]),
      )
      const name = nameIn(url)
      const length = lengthOf(response)
      if (length !== null && length > this.#maxUpload)
        throw new WireError('too-large', { name, size: length, limit: this.#maxUpload })
      const source = Readable.from(bytesOf(response, broken.signal, slot.progress), {
        objectMode: false,
      })
      yield { source, length, name, place, url: url.href }
    } finally {
      response?.destroy()
    }
  }

  /** Rejects with `bad-request` for what is no http or https URL, and with `foreign-address` as `post` does. */
  async check(address: string): Promise<void> {
    const url = parseWebUrl(address)
    const mayReach = await this.#checkFor(url)
    const host = hostIn(url)
    const found = isIP(host) ? [{ address: host }] : await this.#resolve(host).catch(() => [])
    if (found.length > 0 && !found.some((each) => mayReach(each.address)))
      throw new WireError('foreign-address')
  }

  /** Posts JSON to an address. Resolves to the status of its answer, whose body isn't read. Follows no redirect. */
  async post(
    address: string,
    body: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<number> {
    const signal = AbortSignal.timeout(this.#timeouts.totalMs)
    const json = { ...headers, 'content-type': 'application/json' }
    const response = await this.#request(parseWebUrl(address), signal, { body, headers: json })
    response.destroy()
    return response.statusCode ?? 0
  }

  async #follow(from: URL, signal: AbortSignal): Promise<IncomingMessage> {
    let url = from
    for (let hops = 0; hops <= MAX_REDIRECT_COUNT; hops++) {
      const response = await this.#request(url, signal)
      const { statusCode = 0, headers } = response
      if (statusCode === 200) return response
      response.destroy()
      if (![301, 302, 303, 307, 308].includes(statusCode) || !headers.location) break
      url = parseWebUrl(headers.location, url)
    }
    throw new WireError('unreachable')
  }

  async #request(
    url: URL,
    signal: AbortSignal,
    sent?: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const mayReach = await this.#checkFor(url)
    // A host that is an IP address isn't resolved, so it is checked here.
    const host = hostIn(url)
    if (isIP(host) && !mayReach(host)) throw new WireError('foreign-address')
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      agent: false,
      signal,
      lookup: this.#lookupWith(mayReach),
      method: sent ? 'POST' : 'GET',
      headers: sent
        ? { 'user-agent': 'Wirephoto', ...sent.headers }
        : { 'user-agent': 'Wirephoto', accept: 'image/*', 'accept-encoding': 'identity' },
    })
    const giveUp = () => request.destroy(new WireError('unreachable'))
    const timer = setTimeout(giveUp, this.#timeouts.responseMs)
    request.setTimeout(this.#timeouts.idleMs, giveUp)
    request.on('response', resolve)
    request.on('error', (cause) => reject(asWireError(cause, signal)))
    request.end(sent?.body)
    return promise.finally(() => clearTimeout(timer))
  }

  /** Returns the check of a URL's addresses. Rejects with `foreign-address` if its port or its name says enough. */
  async #checkFor(url: URL): Promise<(address: string) => boolean> {
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
    const decide = this.#mayReach
    if (decide) return (address) => decide(address, port)
    const host = hostIn(url)
    if (this.#trusted.has(host) || this.#trusted.has(`${host}:${port}`)) return () => true
    if (!this.#ports.has(port) || hostIn(url) === this.#ownName)
      throw new WireError('foreign-address')
    const own = await this.#resolveOwnName()
    return (address) => isPublic(address) && !own.has(canonical(address))
  }

  /** Resolves the server's own name, at most once a minute. A proxy before it may have those addresses. */
  #resolveOwnName(): Promise<ReadonlySet<string>> {
    const now = performance.now()
    if (!this.#ownAddresses || this.#ownAddresses.until < now) {
      const found = this.#ownName === null ? Promise.resolve([]) : this.#resolve(this.#ownName)
      this.#ownAddresses = {
        found: found.then(
          (all) => new Set(all.map(({ address }) => canonical(address))),
          () => new Set<string>(),
        ),
        until: now + OWN_ADDRESSES_CACHE_MS,
      }
    }
    return this.#ownAddresses.found
  }

  /** Resolves a host name to the addresses that may be connected to. */
  #lookupWith(mayReach: (address: string) => boolean): LookupFunction {
    return (host, { all }, done) => {
      this.#resolve(host).then(
        (found) => {
          const allowed = found.filter(({ address }) => mayReach(address))
          const [first] = allowed
          if (!first) done(new WireError('foreign-address'), '')
          else if (all) done(null, allowed)
          else done(null, first.address, first.family)
        },
        (error: NodeJS.ErrnoException) => done(error, ''),
      )
    }
  }
}

/**
 * Returns whether everybody can reach the address. It isn't private, loopback, link-local, shared, multicast,
 * reserved, or an IPv4 address mapped to IPv6 (RFC 6890), and none of this machine's own.
 */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  // RFC 4291 section 2.4: the range of global unicast addresses.
  if (parsed instanceof ipaddr.IPv6 && parsed.parts[0]! >> 13 !== 1) return false
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return !own.some(({ address: mine }) => canonical(mine) === parsed.toString())
}

/** Returns an address in the one form by which it is compared. */
const canonical = (address: string): string => ipaddr.process(address).toString()

/** Returns the name or address in a URL, IPv6 without brackets. */
const hostIn = ({ hostname }: URL): string => hostname.replace(/^\[|\]$|\.$/g, '')

/** Parses an http or https URL. Removes user, password and fragment, which no stranger may learn. */
function parseWebUrl(address: string, base?: URL): URL {
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

async function* bytesOf(
  response: IncomingMessage,
  signal: AbortSignal,
  progressed: () => void,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) {
      progressed()
      yield chunk
    }
  } catch (cause) {
    throw asWireError(cause, signal)
  }
}

/** Returns the error of a fetch that has failed, or the reason for which it was given up. */
function asWireError(cause: unknown, { reason }: AbortSignal): WireError {
  if (reason instanceof WireError) return reason
  return cause instanceof WireError ? cause : new WireError('unreachable', {}, { cause })
}
