import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

/** The settings of a server that goes by a provider. */
interface ClientSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly owners: readonly string[]
}

/** The facts that the provider tells of a person. */
interface Account {
  readonly email?: string
  readonly email_verified?: boolean
}

/** An OpenID Connect provider on this machine, for tests. It signs in whoever is next, without a form. */
export class IdentityProvider {
  readonly clientId = 'wirephoto'
  readonly clientSecret = 'secret-of-the-client'
  /** The person whom it signs in next; null refuses. */
  next: string | null = null
  #server: Server
  #port = 0
  #provider: Provider | null = null
  readonly #accounts: ReadonlyMap<string, Account>
  readonly #key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

  private constructor(accounts: Readonly<Record<string, Account>>) {
    this.#accounts = new Map(Object.entries(accounts))
    this.#server = this.#listener()
  }

  /** Starts one that knows these people by their subjects, and sends them back to this address. */
  static async open(
    accounts: Readonly<Record<string, Account>>,
    redirectUri: string,
  ): Promise<IdentityProvider> {
    const provider = new IdentityProvider(accounts)
    await provider.start()
    provider.sendBackTo(redirectUri)
    return provider
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Returns the settings of a server that these people own. */
  configFor(...owners: string[]): ClientSettings {
    const { issuer, clientId, clientSecret } = this
    return { issuer, clientId, clientSecret, owners }
  }

  /** Answers again, at the same address. One that does anyway goes on. */
  async start(): Promise<void> {
    if (this.#server.listening) return
    this.#server = this.#listener()
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Sends people back to this address from now on. */
  sendBackTo(redirectUri: string): void {
    this.#provider = this.#create(redirectUri)
  }

  /** Answers no more. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #listener(): Server {
    return createServer((request, response) => {
      const { url = '' } = request
      if (url.startsWith('/interaction/')) {
        this.#signIn(request, response).catch(() => response.destroy())
      } else
        this.#provider
          ?.callback()(request, response)
          .catch(() => response.destroy())
    })
  }

  async #signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { next } = this
    const result =
      next === null ? { error: 'access_denied' } : { login: { accountId: next, remember: false } }
    await this.#provider!.interactionFinished(request, response, result)
  }

  #create(redirectUri: string): Provider {
    const { clientId, clientSecret } = this
    return new Provider(this.issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: [redirectUri],
        },
      ],
      jwks: { keys: [{ ...this.#key.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
      cookies: { keys: ['a key of this test'] },
      claims: { openid: ['sub'], email: ['email', 'email_verified'] },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
      findAccount: (_context, accountId) => ({
        accountId,
        claims: () => ({ sub: accountId, ...this.#accounts.get(accountId) }),
      }),
      // Nobody is asked whether the client may know who they are.
      async loadExistingGrant({ oidc }) {
        const { provider, session, client } = oidc
        const grant = new provider.Grant({
          accountId: session!.accountId!,
          clientId: client!.clientId,
        })
        grant.addOIDCScope('openid email')
        await grant.save()
        return grant
      },
    })
  }
}
