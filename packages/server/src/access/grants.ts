import type { Role } from '@wirephoto/board'
import { VISITOR_LIFE_S } from '../visitors.ts'
import type { Device } from './device.ts'
import { type Link, type Links, linksAmong, quotaOf } from './links.ts'
import type { OwningBrowser } from './owner-sessions.ts'
import { dataOf, type GrantRecord, hashOf, idOf, type Right } from './records.ts'
import type { SecretCache } from './secret-cache.ts'

const GRANT_MS = VISITOR_LIFE_S * 1_000

/** A right as it was given, whatever the board's rule says now. */
export interface FoundGrant extends Right {
  /** The mark of the passphrase that its holder gave; null for none. */
  readonly passphrase: string | null
  /** Whether it came by a link. */
  readonly isByLink: boolean
  readonly device?: Device | undefined
}

/** The circumstances in which a right is given by a link. */
interface GivenBy {
  /** The mark of the passphrase that was given; null for none. */
  readonly passphrase: string | null
  readonly device?: Device | undefined
}

/** A browser that owns a board. */
interface BoardOwner extends OwningBrowser {
  /** The link that it came by; null for the maker's. */
  readonly link: Pick<Link, 'id' | 'label'> | null
}

/** The rights of visitors on boards, each under a hash of the visitor's token. */
export class Grants {
  readonly #secrets: SecretCache
  readonly #links: Links

  constructor(secrets: SecretCache, links: Links) {
    this.#secrets = secrets
    this.#links = links
  }

  /** Returns the right of a token on a board: null if it never had one, `ended` if its link is gone. */
  async find(token: string, board: string): Promise<FoundGrant | 'ended' | null> {
    const hash = hashOf.grant(token, board)
    const secret = await this.#secrets.get(hash)
    const grant = secret?.board === board ? dataOf('grant', secret.data) : null
    if (!grant) return null
    const { link: by, role, device } = grant
    if (by === null)
      return role === undefined
        ? null
        : { role, grant: [hash], passphrase: null, isByLink: false, device }
    const link = await this.#links.byHash(board, by)
    const passphrase = grant.passphrase ?? null
    if (!link) return 'ended'
    const right = { role: link.role, grant: [hash, by], quota: quotaOf(link) }
    return { ...right, passphrase, isByLink: true, device }
  }

  /** Gives a token a role on a board that rests on no link. Rejects with `unknown-board`. */
  give(token: string, board: string, role: Role, device?: Device): Promise<void> {
    return this.#put(token, board, { type: 'grant', link: null, role, ...(device && { device }) })
  }

  /**
   * Gives a token the role of a link, as long as that stands. Rejects with `unknown-board`.
   */
  giveBy(
    token: string,
    board: string,
    link: Pick<Link, 'hash' | 'role'>,
    { passphrase, device }: GivenBy,
  ): Promise<void> {
    return this.#put(token, board, {
      type: 'grant',
      link: link.hash,
      ...(passphrase !== null && { passphrase }),
      // Nobody is told of a guest's browser, so nothing is kept of it.
      ...(device && link.role === 'own' && { device }),
    })
  }

  /** Takes a token's right on a board away. */
  async take(token: string, board: string): Promise<void> {
    await this.#secrets.remove(hashOf.grant(token, board))
  }

  /** Lists the browsers that own a board, the newest first. Rejects with `unknown-board`. */
  async owners(board: string): Promise<(BoardOwner & { readonly hash: string })[]> {
    const secrets = await this.#secrets.list(board)
    const links = new Map(linksAmong(secrets).map((link) => [link.hash, link]))
    return secrets
      .flatMap(({ kind, hash, data, expiresAt }) => {
        const grant = kind === 'session' ? dataOf('grant', data) : null
        if (!grant) return []
        const link = grant.link === null ? null : links.get(grant.link)
        if ((link === null ? grant.role : link?.role) !== 'own') return []
        return [
          {
            id: idOf(hash),
            hash,
            since: (expiresAt ?? 0) - GRANT_MS,
            device: grant.device ?? null,
            link: link ? { id: link.id, label: link.label } : null,
          },
        ]
      })
      .sort((a, b) => b.since - a.since)
  }

  /** Takes away the right that stands under a hash. */
  async takeAt(hash: string): Promise<void> {
    await this.#secrets.remove(hash)
  }

  async #put(token: string, board: string, grant: GrantRecord): Promise<void> {
    await this.#secrets.put({
      hash: hashOf.grant(token, board),
      board,
      kind: 'session',
      data: JSON.stringify(grant),
      expiresAt: Date.now() + GRANT_MS,
    })
  }
}
