import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Installation } from '../installation.ts'
import { anonymousFormOf, VISITOR_LIFE_S } from '../visitors.ts'

const COOKIE = 'wirephoto_visitor'
/** Installations that were made before this may have visitors whose cookie has a name without the installation. */
const NAMED_SINCE_MS = Date.UTC(2026, 10, 27)
const TOKEN = /^[\w-]{22,128}$/
const BEARER = /^Bearer ([\w-]{22,128})$/i

/** A visitor's secret, and how it came: `new` ones were made for this request. */
interface VisitorToken {
  readonly token: string
  readonly source: 'bearer' | 'cookie' | 'new'
}

/** The tokens by which visitors are known again. The server keeps none of them. */
export interface VisitorTokens {
  /** Returns the visitor's 128 random bits: a script's `Authorization: Bearer`, the cookie, or new ones. */
  of(request: IncomingMessage): VisitorToken
  /** Returns the public id of who asks. */
  visitorOf(request: IncomingMessage): string
  /** Returns the cookie to set if a visitor comes without one, or with that of an earlier version; else null. */
  cookieFor(request: IncomingMessage): string | null
}

interface CookieRules {
  /** The path of the public URL; empty at the root. */
  readonly basePath: string
  /** Tells whether the browser asked by https. */
  readonly isSecure: (request: IncomingMessage) => boolean
  readonly installation: Installation
  /** Tells whether another site's page asks, which must not act for the visitor here. */
  readonly isForeign: (request: IncomingMessage) => boolean
}

/** Makes the tokens of a server whose cookie follows these rules. */
export function createVisitorTokens({
  basePath,
  isSecure,
  isForeign,
  installation,
}: CookieRules): VisitorTokens {
  const earlierName = COOKIE + encodeURIComponent(basePath)
  // Browsers send it to every port of a host, and so to other installations there.
  const name = `${earlierName}_${installation.id}`
  /** Browsers take a name with the prefix from the host itself alone, by https and for all of its paths. */
  const hasPrefix = (request: IncomingMessage): boolean => basePath === '' && isSecure(request)
  const nameFor = (request: IncomingMessage): string =>
    hasPrefix(request) ? `__Host-${name}` : name
  /** Sites beside this one can set a name without the prefix, so none is taken over that can't be a visitor's. */
  const mayBeEarlier = (request: IncomingMessage): boolean =>
    !hasPrefix(request) || installation.madeAt < NAMED_SINCE_MS
  const newcomers = new WeakMap<IncomingMessage, string>()

  const keptToken = (request: IncomingMessage): string | undefined =>
    cookieToken(request, nameFor(request)) ??
    (mayBeEarlier(request) ? cookieToken(request, earlierName) : undefined)

  const of = (request: IncomingMessage): VisitorToken => {
    const bearer = BEARER.exec(request.headers.authorization ?? '')?.[1]
    if (bearer !== undefined) return { token: bearer, source: 'bearer' }
    const kept = isForeign(request) ? undefined : keptToken(request)
    if (kept !== undefined) return { token: kept, source: 'cookie' }
    const token = newcomers.get(request) ?? randomBytes(16).toString('base64url')
    newcomers.set(request, token)
    return { token, source: 'new' }
  }

  return {
    of,

    visitorOf(request) {
      const { token, source } = of(request)
      return publicIdOf(token, source === 'new')
    },

    cookieFor(request) {
      const { token, source } = of(request)
      const isKept = cookieToken(request, nameFor(request)) !== undefined
      if (source === 'bearer' || isKept || isForeign(request)) return null
      const secure = isSecure(request) ? '; Secure' : ''
      return `${nameFor(request)}=${token}; Path=${basePath || '/'}; Max-Age=${VISITOR_LIFE_S}; HttpOnly; SameSite=Lax${secure}`
    },
  }
}

/** Returns the public id of a token's holder. It can't be forged, and the server keeps nothing. */
function publicIdOf(token: string, isNewcomer: boolean): string {
  const visitor = createHash('sha256').update(token).digest('base64url').slice(0, 22)
  return isNewcomer ? anonymousFormOf(visitor) : visitor
}

function cookieToken({ headers }: IncomingMessage, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
  return value !== undefined && TOKEN.test(value) ? value : undefined
}
