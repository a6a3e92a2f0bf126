import type { IncomingMessage } from 'node:http'
import type { Installation } from '../installation.ts'

/** The cookies of this server, by what they hold. */
const NAMES = {
  /** The visitor's token. */
  visitor: 'wirephoto_visitor',
  /** The token of a session that owns the server. */
  owner: 'wirephoto_owner',
  /** A sign-in that is under way. */
  signIn: 'wirephoto_sign_in',
} as const
type Kind = keyof typeof NAMES

const VALUE = /^[\w-]{22,1024}$/

export interface CookieRules {
  /** The path of the public URL; empty at the root. */
  readonly basePath: string
  /** Tells whether the browser asked by https. */
  readonly isSecure: (request: IncomingMessage) => boolean
  readonly installation: Installation
  /** Tells whether another site's page asks, which must not act for the visitor here. */
  readonly isForeign: (request: IncomingMessage) => boolean
}

/** Reads and writes the cookies of one installation, which no script can read. */
export class Cookies {
  readonly #rules: CookieRules

  constructor(rules: CookieRules) {
    this.#rules = rules
  }

  /** Whether the browser takes cookies here from the host itself alone, by https and for all of its paths. */
  hasPrefix(request: IncomingMessage): boolean {
    return this.#rules.basePath === '' && this.#rules.isSecure(request)
  }

  /** Returns a cookie's value; undefined if none came, and for another site's page. */
  read(request: IncomingMessage, kind: Kind): string | undefined {
    return this.#rules.isForeign(request)
      ? undefined
      : valueOf(request, this.#nameFor(request, kind))
  }

  /** Returns the value of the cookie that versions before the installation's names have set. */
  readEarlier(request: IncomingMessage, kind: Kind): string | undefined {
    return valueOf(request, this.#earlierName(kind))
  }

  /** Returns the header that sets a cookie for so many seconds. */
  set(request: IncomingMessage, kind: Kind, value: string, lifeS: number): string {
    const { basePath, isSecure } = this.#rules
    const secure = isSecure(request) ? '; Secure' : ''
    return `${this.#nameFor(request, kind)}=${value}; Path=${basePath || '/'}; Max-Age=${lifeS}; HttpOnly; SameSite=Lax${secure}`
  }

  /** Returns the header that removes a cookie. */
  clear(request: IncomingMessage, kind: Kind): string {
    return this.set(request, kind, '', 0)
  }

  #nameFor(request: IncomingMessage, kind: Kind): string {
    // Browsers send it to every port of a host, and so to other installations there.
    const name = `${this.#earlierName(kind)}_${this.#rules.installation.id}`
    return this.hasPrefix(request) ? `__Host-${name}` : name
  }

  #earlierName(kind: Kind): string {
    return NAMES[kind] + encodeURIComponent(this.#rules.basePath)
  }
}

function valueOf({ headers }: IncomingMessage, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
  return value !== undefined && VALUE.test(value) ? value : undefined
}
