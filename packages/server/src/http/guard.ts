import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { hostname, networkInterfaces } from 'node:os'
import { WireError } from '@wirephoto/board'
import type { Sender } from '../boards/sender.ts'
import { basePathOf } from '../public-url.ts'
import { anonymousFormOf } from '../visitors.ts'
import { type TrustedProxies, trustedProxies } from './trusted-proxies.ts'

/** The links from other sites that a route allows. */
interface LinkRules {
  readonly page?: boolean
  readonly file?: boolean
}

/** The one door for HTTP and sockets (F11). */
export interface Guard {
  /**
   * Throws `foreign-host` for another name of the server (DNS rebinding), `foreign-origin` for requests of
   * other sites' pages, except for links that the route allows.
   */
  check(request: IncomingMessage, route?: LinkRules): void
  /** Returns who asks, on this board. Until links exist, a board's URL is the right to edit it. */
  sender(request: IncomingMessage, board: string): Sender
  /** Returns the server's URL as a request came to it: the public one if there is one, since proxies hide it. */
  urlFor(request: IncomingMessage): string
  /** Returns the cookie to set if a visitor comes without a token, else null. */
  visitorCookie(request: IncomingMessage): string | null
}

const COOKIE = 'wirephoto_visitor'
/** 400 days: browsers keep no cookie longer. */
const COOKIE_AGE_S = 400 * 24 * 3600
const MACHINE_NAMES_CACHE_MS = 5_000

interface GuardConfig {
  readonly host: string
  readonly publicUrl: string | null
  /** The proxies that say by which scheme a request came. Default: none. */
  readonly proxies?: TrustedProxies
}

/** Makes the guard of a server that listens on `host`, and is `publicUrl` to others if not null. */
export function createGuard(config: GuardConfig): Guard {
  const proxies = config.proxies ?? trustedProxies([])
  const outside = config.publicUrl === null ? null : new URL(config.publicUrl)
  const publicName = outside?.hostname.replace(/[[\]]/g, '') ?? null
  const basePath = basePathOf(config.publicUrl)
  // Another installation on the same host has other visitors.
  const cookie = COOKIE + encodeURIComponent(basePath)
  const isHere = hostCheck(config.host, publicName)
  const newcomers = new WeakMap<IncomingMessage, string>()

  /** Returns the visitor's 128 random bits: from the cookie, a script's `Authorization: Bearer`, or new ones. */
  const token = (request: IncomingMessage): string => {
    const known = givenToken(request, cookie) ?? newcomers.get(request)
    if (known !== undefined) return known
    const fresh = randomBytes(16).toString('base64url')
    newcomers.set(request, fresh)
    return fresh
  }

  /**
   * Returns whether the browser asked by https. Browsers drop a `Secure` cookie that comes by http, as at the
   * LAN address of a server with a public https one.
   */
  const isSecure = (request: IncomingMessage): boolean => {
    const scheme = proxies.schemeOf(request)
    if (scheme !== null) return scheme === 'https'
    const isPublic = outside !== null && hostNameOf(request.headers.host) === publicName
    return isPublic && outside.protocol === 'https:'
  }

  return {
    check(request, route = {}) {
      const { host, origin, 'sec-fetch-site': site } = request.headers
      const name = hostNameOf(host)
      if (name === null || !isHere(name)) throw new WireError('foreign-host')
      const scheme = proxies.schemeOf(request) ?? 'http'
      if (origin !== undefined && origin !== `${scheme}://${host}` && origin !== outside?.origin)
        throw new WireError('foreign-origin')
      if (site === 'cross-site' && !isAllowedLink(request, route))
        throw new WireError('foreign-origin')
    },

    sender: (request) => ({
      visitor: visitorOf(token(request), givenToken(request, cookie) === undefined),
      address: proxies.addressOf(request),
      role: 'edit',
    }),

    urlFor: (request) =>
      config.publicUrl ?? `${proxies.schemeOf(request) ?? 'http'}://${request.headers.host}`,

    visitorCookie(request) {
      if (givenToken(request, cookie) !== undefined) return null
      const secure = isSecure(request) ? '; Secure' : ''
      return `${cookie}=${token(request)}; Path=${basePath || '/'}; Max-Age=${COOKIE_AGE_S}; HttpOnly; SameSite=Lax${secure}`
    },
  }
}

/** Returns the public id of a token's holder. It can't be forged, and the server keeps nothing. */
function visitorOf(token: string, isNewcomer: boolean): string {
  const visitor = createHash('sha256').update(token).digest('base64url').slice(0, 22)
  return isNewcomer ? anonymousFormOf(visitor) : visitor
}

function givenToken({ headers }: IncomingMessage, cookie: string): string | undefined {
  const bearer = /^Bearer ([\w-]{22,128})$/i.exec(headers.authorization ?? '')
  if (bearer) return bearer[1]
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const value = pairs.find((pair) => pair.startsWith(`${cookie}=`))?.slice(cookie.length + 1)
  return value !== undefined && /^[\w-]{22,128}$/.test(value) ? value : undefined
}

/** Returns whether another site may link here. A file may be opened as a document, but not embedded. */
function isAllowedLink({ method, headers }: IncomingMessage, { page, file }: LinkRules): boolean {
  if (page) return method === 'GET' || method === 'HEAD'
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = headers
  return file === true && method === 'GET' && mode === 'navigate' && destination === 'document'
}

/** Returns a check for the server's own names. Somebody else's name may be rebound to it (F11). */
function hostCheck(bound: string, outside: string | null): (name: string) => boolean {
  const everywhere = bound === '0.0.0.0' || bound === '::'
  let machine = new Set<string>()
  let knownAt = Number.NEGATIVE_INFINITY
  return (name) => {
    if (isLoopback(name) || name === bound.toLowerCase() || name === outside) return true
    if (!everywhere) return false
    if (performance.now() - knownAt > MACHINE_NAMES_CACHE_MS) {
      machine = namesOfThisMachine()
      knownAt = performance.now()
    }
    return machine.has(name)
  }
}

const isLoopback = (name: string): boolean =>
  name === 'localhost' || name === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name)

function namesOfThisMachine(): Set<string> {
  const own = hostname().toLowerCase()
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return new Set([own, `${own}.local`, ...addresses.map(({ address }) => address.toLowerCase())])
}

/** Returns the name or address in a Host header, in lower case, IPv6 without brackets; null if it has none. */
function hostNameOf(host: string | undefined): string | null {
  const match = /^(?:\[([\da-f:.]+)\]|([\w.-]+?)\.?)(?::\d{1,5})?$/i.exec(host ?? '')
  return (match?.[1] ?? match?.[2])?.toLowerCase() ?? null
}
