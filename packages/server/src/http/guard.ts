import type { IncomingMessage } from 'node:http'
import type { Sender } from '../boards/sender.ts'
import type { Installation } from '../installation.ts'
import { basePathOf } from '../public-url.ts'
import { createOriginCheck, type OriginCheck } from './origin-check.ts'
import { type TrustedProxies, trustedProxies } from './trusted-proxies.ts'
import { createVisitorTokens } from './visitor-token.ts'

/** The one door for HTTP and sockets (F11). */
export interface Guard
  extends Pick<OriginCheck, 'check' | 'allowedOriginOf' | 'urlFor' | 'isTrustworthy'> {
  /** Returns who asks, on this board. Until links exist, a board's URL is the right to edit it. */
  sender(request: IncomingMessage, board: string): Sender
  /** Returns the cookie to set if a visitor comes without a token, else null. */
  visitorCookie(request: IncomingMessage): string | null
}

interface GuardConfig {
  readonly host: string
  readonly publicUrl: string | null
  /** The proxies that say by which scheme a request came. Default: none. */
  readonly proxies?: TrustedProxies
  /** The other sites whose pages may ask. Default: none. */
  readonly allowedOrigins?: readonly string[] | undefined
  /** Default: one that is nobody's, for tests. */
  readonly installation?: Installation
}

/** Makes the guard of a server that listens on `host`, and is `publicUrl` to others if not null. */
export function createGuard({
  host,
  publicUrl,
  proxies = trustedProxies([]),
  allowedOrigins = [],
  installation = { id: '00000000', madeAt: Date.now() },
}: GuardConfig): Guard {
  const origins = createOriginCheck({ host, publicUrl, proxies, allowedOrigins })
  const tokens = createVisitorTokens({
    basePath: basePathOf(publicUrl),
    isSecure: (request) => origins.isSecure(request),
    isForeign: (request) => origins.allowedOriginOf(request) !== null,
    installation,
  })
  return {
    ...origins,
    sender: (request) => ({
      visitor: tokens.visitorOf(request),
      address: proxies.addressOf(request),
      role: 'edit',
    }),
    visitorCookie: (request) => tokens.cookieFor(request),
  }
}
