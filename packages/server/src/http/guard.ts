import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { hostname, networkInterfaces } from 'node:os'
import { WireError } from '@wirephoto/board'
import type { Sender } from '../boards/live-board.ts'

/** What other sites may link to at a route. */
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
  /** Who is asking, on this board. Until links exist a board's address is the right to edit it. */
  sender(request: IncomingMessage, board: string): Sender
  /** The origin that a request came to: the public one where there is one, since proxies hide it. */
  origin(request: IncomingMessage): string
  /** The cookie to set when a visitor comes without a token, else null. */
  introduce(request: IncomingMessage): string | null
}

const COOKIE = 'wirephoto_visitor'
/** The longest that browsers keep a cookie: 400 days, in seconds. */
const COOKIE_AGE = 400 * 24 * 3600
/** Milliseconds that the machine's addresses are taken as known. */
const ADDRESSES_KNOWN = 5_000

/** `host` is what the server listens on; `publicUrl` what it is called outside, or null. */
export function createGuard(config: { host: string; publicUrl: string | null }): Guard {
  const outside = config.publicUrl === null ? null : new URL(config.publicUrl)
  const isHere = hostCheck(config.host, outside?.hostname.replace(/[[\]]/g, '') ?? null)
  const newcomers = new WeakMap<IncomingMessage, string>()

  /** 128 random bits that the visitor keeps, from the cookie or a program's `Authorization: Bearer`. */
  const token = (request: IncomingMessage): string => {
    const known = givenToken(request) ?? newcomers.get(request)
    if (known !== undefined) return known
    const fresh = randomBytes(16).toString('base64url')
    newcomers.set(request, fresh)
    return fresh
  }

  return {
    check(request, route = {}) {
      const { host, origin, 'sec-fetch-site': site } = request.headers
      const name = hostNameOf(host)
      if (name === null || !isHere(name)) throw new WireError('foreign-host')
      if (origin !== undefined && origin !== `http://${host}` && origin !== outside?.origin)
        throw new WireError('foreign-origin')
      if (site === 'cross-site' && !isAllowedLink(request, route))
        throw new WireError('foreign-origin')
    },

    sender(request) {
      return { visitor: visitorOf(token(request)), role: 'edit' }
    },

    origin: ({ headers }) => outside?.origin ?? `http://${headers.host}`,

    introduce(request) {
      if (givenToken(request) !== undefined) return null
      const secure = outside?.protocol === 'https:' ? '; Secure' : ''
      return `${COOKIE}=${token(request)}; Path=/; Max-Age=${COOKIE_AGE}; HttpOnly; SameSite=Lax${secure}`
    },
  }
}

/** The public id of whoever holds a token: can't be forged, and nothing is kept on the server. */
const visitorOf = (token: string): string =>
  createHash('sha256').update(token).digest('base64url').slice(0, 22)

function givenToken({ headers }: IncomingMessage): string | undefined {
  const bearer = /^Bearer ([\w-]{22,128})$/i.exec(headers.authorization ?? '')
  const cookie = /(?:^|;\s*)wirephoto_visitor=([\w-]{22,128})(?:;|$)/.exec(headers.cookie ?? '')
  return bearer?.[1] ?? cookie?.[1]
}

/** Whether another site may link here. A file may be opened as a document, but not embedded. */
function isAllowedLink({ method, headers }: IncomingMessage, { page, file }: LinkRules): boolean {
  if (page) return method === 'GET' || method === 'HEAD'
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = headers
  return file === true && method === 'GET' && mode === 'navigate' && destination === 'document'
}

/** Which names this server answers to; a name of somebody else's may be rebound to it (F11). */
function hostCheck(bound: string, outside: string | null): (name: string) => boolean {
  const everywhere = bound === '0.0.0.0' || bound === '::'
  let machine = new Set<string>()
  let knownAt = Number.NEGATIVE_INFINITY
  return (name) => {
    if (isLoopback(name) || name === bound.toLowerCase() || name === outside) return true
    if (!everywhere) return false
    if (performance.now() - knownAt > ADDRESSES_KNOWN) {
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

/** The name or address in a Host header, lower case, IPv6 without brackets; null when it is none. */
function hostNameOf(host: string | undefined): string | null {
  const match = /^(?:\[([\da-f:.]+)\]|([\w.-]+?)\.?)(?::\d{1,5})?$/i.exec(host ?? '')
  return (match?.[1] ?? match?.[2])?.toLowerCase() ?? null
}
