import type { IncomingMessage } from 'node:http'
import { hostname, networkInterfaces } from 'node:os'
import { WireError } from '@wirephoto/board'
import { isLoopback } from '../loopback.ts'
import { basePathOf } from '../public-url.ts'
import type { TrustedProxies } from './trusted-proxies.ts'

/** The links from other sites that a route allows. */
interface LinkRules {
  readonly page?: boolean
  readonly file?: boolean
}

/** The check of where a request comes from and by which name it asks (F11). */
export interface OriginCheck {
  /**
   * Throws `foreign-host` for another name of the server (DNS rebinding), `foreign-origin` for requests of
   * other sites' pages, except for links that the route allows.
   */
  check(request: IncomingMessage, route?: LinkRules): void
  /** Returns the other site whose page asks, if the operator allows it; null for the server's own pages. */
  allowedOriginOf(request: IncomingMessage): string | null
  /** Returns the server's URL as a request came to it: the public one if there is one, since proxies hide it. */
  urlFor(request: IncomingMessage): string
  /**
   * Returns whether the browser asked by https. Browsers drop a `Secure` cookie that comes by http, as at the
   * LAN address of a server with a public https one.
   */
  isSecure(request: IncomingMessage): boolean
  /** Returns whether the browser takes the page for a secure context: by https, and on its own machine. */
  isTrustworthy(request: IncomingMessage): boolean
}

const MACHINE_NAMES_CACHE_MS = 5_000
/** Values of `Sec-Fetch-Site` by which a browser says that another origin's page asks. */
const FOREIGN_SITES: ReadonlySet<unknown> = new Set(['cross-site', 'same-site'])

interface OriginConfig {
  /** Null where somebody else's server listens: all names of this machine are taken. */
  readonly host: string | null
  readonly publicUrl: string | null
  readonly path?: string | undefined
  readonly proxies: TrustedProxies
  /** The other sites whose pages may ask, as `https://site.example`. */
  readonly allowedOrigins: readonly string[]
}

/** Makes the check for a server that listens on `host`, perhaps under `path`, and is `publicUrl` to others if not null. */
export function createOriginCheck({
  host: bound,
  publicUrl,
  path,
  proxies,
  allowedOrigins,
}: OriginConfig): OriginCheck {
  const outside = publicUrl === null ? null : new URL(publicUrl)
  const publicName = outside?.hostname.replace(/[[\]]/g, '') ?? null
  const basePath = basePathOf(publicUrl, path)
  const isHere = hostCheck(bound, publicName)

  const isSecure = (request: IncomingMessage): boolean => {
    const scheme = proxies.schemeOf(request)
    if (scheme !== null) return scheme === 'https'
    const isPublic = outside !== null && hostNameOf(request.headers.host) === publicName
    return isPublic && outside.protocol === 'https:'
  }

  /**
   * Returns whether the page is the server's own. The public URL's pages are, whatever Host a proxy makes of it. At
   * another of its names, as on the LAN, they are those of the name that the request itself has.
   */
  const isOwn = (origin: string, request: IncomingMessage): boolean => {
    if (origin === outside?.origin) return true
    const scheme = proxies.schemeOf(request) ?? 'http'
    const { host = '' } = request.headers
    // Who is between a browser and the server can make a page by http, at any name.
    const isStripped =
      scheme === 'http' && outside?.protocol === 'https:' && hostNameOf(host) === publicName
    return !isStripped && origin === `${scheme}://${host.toLowerCase()}`
  }

  const allowed = new Set(allowedOrigins)
  const allowedOriginOf = (request: IncomingMessage): string | null => {
    const { origin } = request.headers
    return origin !== undefined && allowed.has(origin) && !isOwn(origin, request) ? origin : null
  }

  return {
    check(request, route = {}) {
      const { host, origin, 'sec-fetch-site': site } = request.headers
      const name = isGivenOnce(request, 'host') ? hostNameOf(host) : null
      if (name === null || !isHere(name)) throw new WireError('foreign-host')
      if (origin !== undefined) {
        if (!isGivenOnce(request, 'origin')) throw new WireError('foreign-origin')
        if (allowedOriginOf(request) !== null) return
        if (!isOwn(origin, request)) throw new WireError('foreign-origin')
      }
      if (FOREIGN_SITES.has(site) && !isAllowedLink(request, route))
        throw new WireError('foreign-origin')
    },

    allowedOriginOf,

    urlFor: (request) =>
      publicUrl ?? `${proxies.schemeOf(request) ?? 'http'}://${request.headers.host}${basePath}`,

    isSecure,

    isTrustworthy: (request) =>
      isSecure(request) || isLoopback(hostNameOf(request.headers.host) ?? ''),
  }
}

/** Returns whether the header comes once at most. Programs differ in which of two they believe. */
const isGivenOnce = ({ rawHeaders }: IncomingMessage, name: string): boolean =>
  rawHeaders.filter((each, at) => at % 2 === 0 && each.toLowerCase() === name).length <= 1

/** Returns whether another site may link here. A file may be opened as a document, but not embedded. */
function isAllowedLink({ method, headers }: IncomingMessage, { page, file }: LinkRules): boolean {
  if (page) return method === 'GET' || method === 'HEAD'
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = headers
  return file === true && method === 'GET' && mode === 'navigate' && destination === 'document'
}

/** Returns a check for the server's own names. Somebody else's name may be rebound to it (F11). */
function hostCheck(bound: string | null, outside: string | null): (name: string) => boolean {
  const everywhere = bound === null || bound === '0.0.0.0' || bound === '::'
  let machine = new Set<string>()
  let knownAt = Number.NEGATIVE_INFINITY
  return (name) => {
    if (isLoopback(name) || name === bound?.toLowerCase() || name === outside) return true
    if (!everywhere) return false
    if (performance.now() - knownAt > MACHINE_NAMES_CACHE_MS) {
      machine = namesOfThisMachine()
      knownAt = performance.now()
    }
    return machine.has(name)
  }
}

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
