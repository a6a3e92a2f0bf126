import type { FastifyBaseLogger } from 'fastify'
import type { Person } from '../access/owner-sessions.ts'
import type { OidcConfig } from '../config.ts'

/** A sign-in that is under way, as the browser keeps it. */
export interface SignInFlow {
  readonly state: string
  readonly nonce: string
  /** The secret whose hash the provider was told (PKCE). */
  readonly verifier: string
}

/** A provider that tells who somebody is. */
export interface SignInProvider {
  /** Begins a sign-in: returns where the browser goes, and what it keeps meanwhile. Rejects with `unreachable`. */
  begin(redirectUri: string): Promise<{ readonly url: URL; readonly flow: SignInFlow }>
  /**
   * Ends a sign-in, by the address at which the browser came back. Rejects with `sign-in-failed` or `unreachable`.
   */
  finish(answer: URL, flow: SignInFlow): Promise<Person>
}

/** The fault of an issuer at whose address there is none, or another one. */
export class IssuerError extends Error {
  override readonly name = 'IssuerError'
  readonly code = 'wrong-issuer'
  /** The issuer that answered; null if none did. */
  readonly named: string | null

  constructor(issuer: string, named: string | null, options: ErrorOptions) {
    super(`${issuer} is no such issuer`, options)
    this.named = named
  }
}

/** Opens the provider of the settings; null without one. Its client is loaded for those who use it. */
export async function openSignIn(
  config: OidcConfig | undefined,
  log: Pick<FastifyBaseLogger, 'warn'>,
): Promise<SignInProvider | null> {
  if (!config) return null
  const { OpenIdProvider } = await import('./provider.ts')
  return OpenIdProvider.open(config, log)
}
