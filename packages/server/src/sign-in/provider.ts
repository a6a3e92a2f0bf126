import { signInReasons, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientAuth,
  ClientError,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  ResponseBodyError,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client'
import type { Person } from '../access/owner-sessions.ts'
import type { OidcConfig } from '../config.ts'
import { IssuerError, type SignInFlow, type SignInProvider } from './sign-in.ts'

/** The time that the provider has for each answer. */
const ANSWER_TIMEOUT_S = 5
const SCOPE = 'openid email'
/** Errors by which a provider says that it can't answer now (RFC 6749 section 4.1.2.1). */
const PASSING_ERRORS: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])

/** Signs people in at an OpenID Connect provider, by authorization code with PKCE. */
export class OpenIdProvider implements SignInProvider {
  readonly #config: OidcConfig
  readonly #log: Pick<FastifyBaseLogger, 'warn'>
  #found: Promise<Configuration> | null = null

  private constructor(config: OidcConfig, log: Pick<FastifyBaseLogger, 'warn'>) {
    this.#config = config
    this.#log = log
  }

  /** Looks the provider up. One that doesn't answer is asked again later. Rejects with `IssuerError`. */
  static async open(
    config: OidcConfig,
    log: Pick<FastifyBaseLogger, 'warn'>,
  ): Promise<OpenIdProvider> {
    const provider = new OpenIdProvider(config, log)
    try {
      await provider.#find()
    } catch (error) {
      if (!isAway(error)) throw new IssuerError(config.issuer, namedIn(error), { cause: error })
      log.warn(
        { issuer: config.issuer },
        'The OpenID Connect provider does not answer; it is asked again when somebody signs in. If it never does, check --oidc.',
      )
    }
    return provider
  }

  async begin(redirectUri: string): Promise<{ readonly url: URL; readonly flow: SignInFlow }> {
    const configuration = await this.#told(() => this.#find())
    const flow = {
      state: randomState(),
      nonce: randomNonce(),
      verifier: randomPKCECodeVerifier(),
    }
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: SCOPE,
      state: flow.state,
      nonce: flow.nonce,
      code_challenge: await calculatePKCECodeChallenge(flow.verifier),
      code_challenge_method: 'S256',
    })
    return { url, flow }
  }

  finish(answer: URL, { state, nonce, verifier }: SignInFlow): Promise<Person> {
    return this.#told(async () => {
      const configuration = await this.#find()
      const tokens = await authorizationCodeGrant(configuration, answer, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      })
      const { iss: issuer, sub, ...inToken } = tokens.claims()!
      // Many providers tell the address there alone.
      const claims =
        inToken['email'] === undefined && configuration.serverMetadata().userinfo_endpoint
          ? await fetchUserInfo(configuration, tokens.access_token, sub)
          : inToken
      const email = claims['email']
      return {
        issuer,
        sub,
        email: typeof email === 'string' ? email : null,
        isVerified: claims['email_verified'] === true,
      }
    })
  }

  #find(): Promise<Configuration> {
    this.#found ??= this.#ask().catch((error: unknown) => {
      this.#found = null
      throw error
    })
    return this.#found
  }

  async #ask(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.#config
    const url = new URL(issuer)
    const execute = [enableNonRepudiationChecks]
    if (url.protocol === 'http:') execute.push(allowInsecureRequests)
    const secret = { client_secret: clientSecret }
    return discovery(url, clientId, secret, authenticationBy(clientSecret), {
      execute,
      timeout: ANSWER_TIMEOUT_S,
    })
  }

  /** Makes what a person is told of what fails at the provider; the log has why. */
  async #told<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      this.#log.warn({ reason: reasonOf(error) }, 'sign-in')
      if (isAway(error)) throw new WireError('unreachable', { because: signInReasons.away })
      const isRefused = error instanceof AuthorizationResponseError
      const because = isRefused ? signInReasons.refused : signInReasons.foreign
      throw new WireError('sign-in-failed', { because })
    }
  }
}

/** Returns how the client names itself: as the standard has it, or else in the body. */
function authenticationBy(secret: string): ClientAuth {
  const [byHeader, byBody] = [ClientSecretBasic(secret), ClientSecretPost(secret)]
  return (server, ...rest) => {
    const known = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const by = known.includes('client_secret_basic') ? byHeader : byBody
    return by(server, ...rest)
  }
}

/** Returns whether a provider hasn't answered, or has said that it can't now. */
function isAway(error: unknown): boolean {
  if (error instanceof ResponseBodyError) return error.status >= 500 || error.status === 429
  if (error instanceof AuthorizationResponseError) return PASSING_ERRORS.has(error.error)
  if (error instanceof ClientError) {
    if (error.code === 'OAUTH_TIMEOUT') return true
    return error.cause instanceof Response && error.cause.status >= 500
  }
  // By `fetch`, which has no other name for it.
  return error instanceof TypeError && !('code' in error)
}

/** Returns the issuer that a provider names itself, if it isn't the one that was asked for. */
function namedIn(error: unknown): string | null {
  const { body } = ((error as Error).cause ?? {}) as { body?: { issuer?: unknown } }
  return typeof body?.issuer === 'string' ? body.issuer : null
}

/** Returns the kind of a failure, without anything that the provider or the browser has sent. */
function reasonOf(error: unknown): string {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError)
    return error.error
  const { code, message } = error as { code?: string; message: string }
  return code === undefined ? message : `${message} (${code})`
}
