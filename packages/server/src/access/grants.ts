import type { Role } from '@wirephoto/board'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import { VISITOR_LIFE_S } from '../visitors.ts'
import { type Link, type Links, quotaOf } from './links.ts'
import { dataOf, type GrantRecord, hashOf, type Right, type ServerOwnerRecord } from './records.ts'
import type { SecretCache } from './secret-cache.ts'

const GRANT_MS = VISITOR_LIFE_S * 1_000

/** A right as it was given, whatever the board's rule says now. */
export interface FoundGrant extends Right {
  /** The mark of the passphrase that its holder gave; null for none. */
  readonly passphrase: string | null
  /** Whether it came by a link. */
  readonly isByLink: boolean
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
    const { link: by, role } = grant
    if (by === null)
      return role === undefined ? null : { role, grant: [hash], passphrase: null, isByLink: false }
    const link = await this.#links.byHash(board, by)
    const passphrase = grant.passphrase ?? null
    if (!link) return 'ended'
    return { role: link.role, grant: [hash, by], passphrase, isByLink: true, quota: quotaOf(link) }
  }

  /** Gives a token a role on a board that rests on no link. Rejects with `unknown-board`. */
  give(token: string, board: string, role: Role): Promise<void> {
    return this.#put(token, board, { type: 'grant', link: null, role })
  }

  /**
   * Gives a token the role of a link, as long as that stands. Rejects with `unknown-board`.
   *
   * @param passphrase The mark of the passphrase that was given; null for none.
   */
  giveBy(
    token: string,
    board: string,
    link: Pick<Link, 'hash'>,
    passphrase: string | null,
  ): Promise<void> {
    const given = passphrase === null ? {} : { passphrase }
    return this.#put(token, board, { type: 'grant', link: link.hash, ...given })
  }

  /** Takes a token's right on a board away. */
  async take(token: string, board: string): Promise<void> {
    await this.#secrets.remove(hashOf.grant(token, board))
  }

  /** Makes a token the owner of the server, and so of every board. */
  async giveServer(token: string): Promise<void> {
    await this.#secrets.put({
      hash: hashOf.serverOwner(token),
      board: DEFAULT_BOARD_ID,
      kind: 'session',
      data: JSON.stringify({ type: 'server-owner' } satisfies ServerOwnerRecord),
      expiresAt: Date.now() + GRANT_MS,
    })
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
