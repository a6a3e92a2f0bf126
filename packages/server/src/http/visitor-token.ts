import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { anonymousFormOf } from '../visitors.ts'

const COOKIE = 'wirephoto_visitor'
/** 400 days: browsers keep no cookie longer. */
const COOKIE_AGE_S = 400 * 24 * 3600
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
  /** Returns the cookie to set if a visitor comes without a token, else null. */
  cookieFor(request: IncomingMessage): string | null
}

interface CookieRules {
  /** The path of the public URL; empty at the root. */
  readonly basePath: string
  /** Tells whether the browser asked by https. */
  readonly isSecure: (request: IncomingMessage) => boolean
  /** Tells whether another site's page asks, which must not act for the visitor here. */
  readonly isForeign: (request: IncomingMessage) => boolean
}

/** Makes the tokens of a server whose cookie follows these rules. */
export function createVisitorTokens({ basePath, isSecure, isForeign }: CookieRules): VisitorTokens {
  // Another installation on the same host has other visitors.
  const cookie = COOKIE + encodeURIComponent(basePath)
  const newcomers = new WeakMap<IncomingMessage, string>()

  const of = (request: IncomingMessage): VisitorToken => {
    const bearer = BEARER.exec(request.headers.authorization ?? '')?.[1]
    if (bearer !== undefined) return { token: bearer, source: 'bearer' }
    const kept = isForeign(request) ? undefined : cookieToken(request, cookie)
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
      if (source !== 'new' || isForeign(request)) return null
      const secure = isSecure(request) ? '; Secure' : ''
      return `${cookie}=${token}; Path=${basePath || '/'}; Max-Age=${COOKIE_AGE_S}; HttpOnly; SameSite=Lax${secure}`
    },
  }
}

/** Returns the public id of a token's holder. It can't be forged, and the server keeps nothing. */
function publicIdOf(token: string, isNewcomer: boolean): string {
  const visitor = createHash('sha256').update(token).digest('base64url').slice(0, 22)
  return isNewcomer ? anonymousFormOf(visitor) : visitor
}

function cookieToken({ headers }: IncomingMessage, cookie: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const value = pairs.find((pair) => pair.startsWith(`${cookie}=`))?.slice(cookie.length + 1)
  return value !== undefined && TOKEN.test(value) ? value : undefined
}
