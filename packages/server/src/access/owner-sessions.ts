import { randomBytes } from 'node:crypto'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { OidcConfig } from '../config.ts'
import { VISITOR_LIFE_S } from '../visitors.ts'
import type { Device } from './device.ts'
import { dataOf, hashOf, idOf, type OwnerSessionRecord, type SignedInAs } from './records.ts'
import type { SecretCache } from './secret-cache.ts'

/** Somebody who has signed in, as the provider tells. */
export interface Person extends Omit<SignedInAs, 'email'> {
  readonly email: string | null
  /** Whether the provider has verified the address. */
  readonly isVerified: boolean
}

/** A session that was just begun. */
interface BegunSession {
  /** The token, told this once. */
  readonly token: string
  /** Seconds. */
  readonly lifeS: number
}

/** A browser that owns the server, or a board. */
export interface OwningBrowser {
  readonly id: string
  /** When it became so, in milliseconds since 1970. */
  readonly since: number
  readonly device: Device | null
}

/** A browser that owns the server. */
interface OwnerSession extends OwningBrowser {
  /** Milliseconds since 1970. */
  readonly until: number
  /** The address or the subject that signed in; null for one that came by an owner code. */
  readonly name: string | null
}

interface OwnerSessionsOptions {
  readonly secrets: SecretCache
  readonly oidc: Pick<OidcConfig, 'issuer' | 'owners'> | undefined
  /** The life of a session that began by signing in. */
  readonly signedInLifeS: number
}

/**
 * The sessions that own the server. Each has a token of its own, which is new whenever somebody becomes the owner. A
 * visitor's token is no such thing, so nobody who has planted one owns anything.
 */
export class OwnerSessions {
  readonly #secrets: SecretCache
  readonly #oidc: OwnerSessionsOptions['oidc']
  readonly #signedInLifeS: number

  constructor({ secrets, oidc, signedInLifeS }: OwnerSessionsOptions) {
    this.#secrets = secrets
    this.#oidc = oidc
    this.#signedInLifeS = signedInLifeS
  }

  /** Begins a session, and ends the one that the browser had. Without a person, by an owner code. */
  async begin(
    device: Device,
    before: string | null = null,
    person: SignedInAs | null = null,
  ): Promise<BegunSession> {
    const token = randomBytes(16).toString('base64url')
    const lifeS = person ? this.#signedInLifeS : VISITOR_LIFE_S
    const since = Date.now()
    const data: OwnerSessionRecord = {
      type: 'owner-session',
      since,
      device,
      ...(person && { person }),
    }
    await this.#secrets.put({
      hash: hashOf.serverOwner(token),
      board: DEFAULT_BOARD_ID,
      kind: 'session',
      data: JSON.stringify(data),
      expiresAt: since + lifeS * 1_000,
    })
    if (before !== null) await this.end(before)
    return { token, lifeS }
  }

  /** Returns when a session ends, by the hash of its token, in milliseconds since 1970; null if it owns nothing. */
  async endOf(hash: string | null | undefined): Promise<number | null> {
    const secret = hash == null ? null : await this.#secrets.get(hash)
    const session = secret && dataOf('owner-session', secret.data)
    return session && this.#counts(session) ? secret.expiresAt : null
  }

  /** Ends a session, by the hash of its token. */
  async end(hash: string): Promise<void> {
    await this.#secrets.remove(hash)
  }

  /** Lists the sessions, the newest first. */
  async list(): Promise<(OwnerSession & { readonly hash: string })[]> {
    const secrets = await this.#secrets.list(DEFAULT_BOARD_ID)
    return secrets
      .flatMap(({ hash, kind, data, expiresAt }) => {
        const session = kind === 'session' ? dataOf('owner-session', data) : null
        if (!session || !this.#counts(session)) return []
        const { since, device, person } = session
        const name = person ? (person.email ?? person.sub) : null
        return [{ id: idOf(hash), hash, since, device, until: expiresAt ?? 0, name }]
      })
      .sort((a, b) => b.since - a.since)
  }

  /** Whether the operator has listed somebody, by a verified address or by the subject. */
  isListed({ email, isVerified, sub }: Person): boolean {
    return this.#isListed({ sub, email: isVerified ? email : null })
  }

  /** Whether the operator has listed an address, verified or not. */
  isListedAddress(email: string | null): boolean {
    return email !== null && this.#isListed({ sub: '', email })
  }

  /** One that signed in counts as long as the operator lists its person. */
  #counts({ person }: OwnerSessionRecord): boolean {
    return !person || (person.issuer === this.#oidc?.issuer && this.#isListed(person))
  }

  /** An entry with an @ is an address. A subject with one is none: anybody may have chosen it. */
  #isListed({ sub, email }: Pick<SignedInAs, 'sub' | 'email'>): boolean {
    return (this.#oidc?.owners ?? []).some((entry) =>
      entry.includes('@')
        ? email !== null && entry.toLowerCase() === email.toLowerCase()
        : entry === sub,
    )
  }
}
