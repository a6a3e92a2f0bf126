import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { anonymousFormOf, VISITOR_LIFE_S } from '../visitors.ts'
import { type CookieRules, Cookies } from './cookies.ts'

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

/** Makes the tokens of a server whose cookie follows these rules. */
export function createVisitorTokens(rules: CookieRules): VisitorTokens {
  const { isForeign, installation } = rules
  const cookies = new Cookies(rules)
  /** Sites beside this one can set a name without the prefix, so none is taken over that can't be a visitor's. */
  const mayBeEarlier = (request: IncomingMessage): boolean =>
    !cookies.hasPrefix(request) || installation.madeAt < NAMED_SINCE_MS
  const keptToken = (request: IncomingMessage): string | undefined =>
    tokenIn(cookies.read(request, 'visitor'))
  const newcomers = new WeakMap<IncomingMessage, string>()

  const of = (request: IncomingMessage): VisitorToken => {
    const bearer = BEARER.exec(request.headers.authorization ?? '')?.[1]
    if (bearer !== undefined) return { token: bearer, source: 'bearer' }
    const earlier = !isForeign(request) && mayBeEarlier(request)
    const kept =
      keptToken(request) ?? (earlier ? tokenIn(cookies.readEarlier(request, 'visitor')) : undefined)
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
      if (source === 'bearer' || keptToken(request) !== undefined || isForeign(request)) return null
      return cookies.set(request, 'visitor', token, VISITOR_LIFE_S)
    },
  }
}

/** Returns a cookie's value if it is a token. */
const tokenIn = (value: string | undefined): string | undefined =>
  value !== undefined && TOKEN.test(value) ? value : undefined

/** Returns the public id of a token's holder. It can't be forged, and the server keeps nothing. */
function publicIdOf(token: string, isNewcomer: boolean): string {
  const visitor = createHash('sha256').update(token).digest('base64url').slice(0, 22)
  return isNewcomer ? anonymousFormOf(visitor) : visitor
}
