import type { IncomingMessage } from 'node:http'
import { type Role, WireError } from '@wirephoto/board'
import type { Access, Asker } from '../access/access.ts'
import { hashOf, type Right } from '../access/records.ts'
import type { RightHolder } from '../access/right-watch.ts'
import type { Sender, Visitor } from '../boards/sender.ts'
import type { Installation } from '../installation.ts'
import { basePathOf } from '../public-url.ts'
import { Cookies } from './cookies.ts'
import { createOriginCheck, type OriginCheck } from './origin-check.ts'
import { type TrustedProxies, trustedProxies } from './trusted-proxies.ts'
import { createVisitorTokens } from './visitor-token.ts'

/** A visitor who may do something on a board. */
export interface Guest extends Sender, Partial<Right> {
  readonly role: Role
}

/** The one door for HTTP and sockets (F11). */
export interface Guard
  extends Pick<OriginCheck, 'check' | 'allowedOriginOf' | 'urlFor' | 'isSecure' | 'isTrustworthy'> {
  readonly cookies: Cookies
  /** Returns who asks, on whatever board. */
  visitor(request: IncomingMessage): Required<Visitor>
  /** Returns who asks, with the token that their rights stand under. */
  asker(request: IncomingMessage): Asker
  /**
   * Returns who asks, and what they may do on this board. Rejects with `link-needed` or `link-ended`, and with
   * `foreign-origin` for a cookie's write without an origin, where the board needs a right.
   */
  sender(request: IncomingMessage, board: string): Promise<Guest>
  /** Watches over the right of a guest on this board until it is disposed, so that it ends what rests on it. */
  watch(request: IncomingMessage, board: string, guest: Guest, connection: RightHolder): Disposable
  /** Returns the cookie to set if a visitor comes without a token, else null. */
  visitorCookie(request: IncomingMessage): string | null
}

interface GuardConfig {
  readonly host: string | null
  readonly publicUrl: string | null
  readonly path?: string | undefined
  /** The proxies that say by which scheme a request came. Default: none. */
  readonly proxies?: TrustedProxies
  /** The other sites whose pages may ask. Default: none. */
  readonly allowedOrigins?: readonly string[] | undefined
  /** Default: one that is nobody's, for tests. */
  readonly installation?: Installation
  readonly access: Pick<Access, 'rightOf' | 'watchRight'>
}

/** Makes the guard of a server that listens on `host`, perhaps under `path`, and is `publicUrl` to others if not null. */
export function createGuard({
  host,
  publicUrl,
  path,
  proxies = trustedProxies([]),
  allowedOrigins = [],
  installation = { id: '00000000', madeAt: Date.now() },
  access,
}: GuardConfig): Guard {
  const origins = createOriginCheck({ host, publicUrl, path, proxies, allowedOrigins })
  const cookieRules = {
    basePath: basePathOf(publicUrl, path),
    isSecure: (request: IncomingMessage) => origins.isSecure(request),
    isForeign: (request: IncomingMessage) => origins.allowedOriginOf(request) !== null,
    installation,
  }
  const cookies = new Cookies(cookieRules)
  const tokens = createVisitorTokens(cookieRules)
  const visitor = (request: IncomingMessage) => ({
    visitor: tokens.visitorOf(request),
    address: proxies.addressOf(request),
  })
  const asker = (request: IncomingMessage): Asker => {
    const { token, source } = tokens.of(request)
    const owner = source === 'bearer' ? undefined : cookies.read(request, 'owner')
    return {
      token,
      source,
      isProxied: isProxied(request),
      ownerSession: owner === undefined ? null : hashOf.serverOwner(owner),
      origin: origins.allowedOriginOf(request),
    }
  }
  return {
    ...origins,
    cookies,
    visitor,
    asker,
    async sender(request, board) {
      const who = asker(request)
      const right = await access.rightOf(who, board)
      // Browsers name the origin of whatever may change something.
      const isCookieAlone = who.source !== 'bearer' && request.headers.origin === undefined
      if (right.grant.length > 0 && isCookieAlone && mayChange(request))
        throw new WireError('foreign-origin')
      return { ...visitor(request), ...right }
    },
    watch(request, board, { role, grant = [], endsAt, openUntil }, connection) {
      const right = { role, grant, ...(endsAt && { endsAt }), ...(openUntil && { openUntil }) }
      const who = asker(request)
      return access.watchRight(who, board, right, connection)
    },
    visitorCookie: (request) => tokens.cookieFor(request),
  }
}

/** Returns whether a request may change something. A socket is let in once for all that comes by it. */
const mayChange = ({ method, headers }: IncomingMessage): boolean =>
  headers.upgrade !== undefined || !(method === 'GET' || method === 'HEAD')

/** Headers by which proxies say that they pass a request on, beside all that begin with `x-forwarded-`. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-real-ip']

/** Returns whether a request came through a proxy, trusted or not. */
const isProxied = ({ headers }: IncomingMessage): boolean =>
  PROXY_HEADERS.some((name) => headers[name] !== undefined) ||
  Object.keys(headers).some((name) => name.startsWith('x-forwarded-'))
