import { hasRights, type Role, WireError } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { ServerConfig } from '../config.ts'
import { isLoopback } from '../loopback.ts'
import { AccessRules } from './access-rules.ts'
import { Grants } from './grants.ts'
import { type Link, Links, type MadeLink } from './links.ts'
import { dataOf, hashOf, type Right } from './records.ts'
import { SecretCache } from './secret-cache.ts'

/** Somebody who asks, as the guard knows them. */
export interface Asker {
  readonly token: string
  /** How the token came: `new` ones were made for this request. */
  readonly source: 'bearer' | 'cookie' | 'new'
  /** Whether the request came through a proxy, by its headers. */
  readonly isProxied: boolean
}

type AccessConfig = Pick<
  ServerConfig,
  'host' | 'publicUrl' | 'trustProxy' | 'isOpen' | 'create' | 'classic'
>

/**
 * Who may do what on which board. An open board is everybody's who has its address; a closed one opens by links,
 * and by the grants that visitors got for them.
 */
export class Access {
  readonly rules: AccessRules
  readonly links: Links
  readonly grants: Grants
  readonly #secrets: SecretCache
  readonly #config: AccessConfig
  /** Whether nobody but this machine reaches the server, as far as its settings say. */
  readonly #isPrivate: boolean

  constructor(engine: Pick<Engine, 'secrets'>, config: AccessConfig) {
    this.#secrets = new SecretCache(engine.secrets)
    this.rules = new AccessRules(this.#secrets)
    this.links = new Links(this.#secrets)
    this.grants = new Grants(this.#secrets, this.links)
    this.#config = config
    const { host, publicUrl, trustProxy = [] } = config
    this.#isPrivate = isLoopback(host) && publicUrl === null && trustProxy.length === 0
  }

  /**
   * Returns what somebody may do on a board. Rejects with `link-needed`, or with `link-ended` for a secret that no
   * link of the board has, and for a right whose link is gone.
   */
  async rightOf(asker: Asker, board: string): Promise<Right> {
    const open = await this.#openRole(asker, board)
    if (open === 'own') return { role: open, grant: [] }
    const found = await this.#find(asker, board)
    if (found && found !== 'ended') return higher(found, open)
    const { token, source } = asker
    if (source === 'cookie' && (await this.isServerOwner(token)))
      return { role: 'own', grant: [hashOf.serverOwner(token)] }
    if (open) return { role: open, grant: [] }
    throw new WireError(found === 'ended' ? 'link-ended' : 'link-needed')
  }

  /** Whether a board opens by its address, for those who come without a proxy at least. */
  async isOpen(board: string): Promise<boolean> {
    return (await this.#openRole({ isProxied: false }, board)) !== null
  }

  /** Throws `owner-needed` for all but the server's owner. */
  async assertServerOwner({ token, source }: Asker): Promise<void> {
    if (source !== 'cookie' || !(await this.isServerOwner(token)))
      throw new WireError('owner-needed')
  }

  /** Throws `owner-needed` for those who may make no boards. */
  async assertMayCreate(asker: Asker): Promise<void> {
    const { create } = this.#config
    const isAnyone =
      create === undefined ? this.#isPrivate && !asker.isProxied : create === 'anyone'
    if (!isAnyone) await this.assertServerOwner(asker)
  }

  /** Whether the server's settings say who may see a board, so that it can be neither closed nor deleted. */
  isFixed(board: string): boolean {
    return board === DEFAULT_BOARD_ID || board === this.#config.classic?.board
  }

  /** Whether a visitor owns the server, and so every board. */
  async isServerOwner(token: string): Promise<boolean> {
    const secret = await this.#secrets.get(hashOf.serverOwner(token))
    return secret !== null && dataOf('server-owner', secret.data) !== null
  }

  /** Closes a board to all but its links, which it makes, and gives it to who asks. Rejects with `unknown-board`. */
  async close(board: string, asker: Asker): Promise<MadeLink[]> {
    await this.rules.close(board)
    const links = await this.links.makeAll(board)
    // A bearer counts by its link alone.
    if (asker.source !== 'bearer') await this.grants.give(asker.token, board, 'own')
    return links
  }

  /**
   * Exchanges a link's secret for the right that it gives, and returns the role that the visitor then has: a higher
   * one stays. Rejects with `link-ended`.
   */
  async exchange(asker: Asker, board: string, secret: string): Promise<Role> {
    const link = await this.links.find(board, secret)
    if (!link) throw new WireError('link-ended')
    if (asker.source === 'bearer') return link.role
    const known = await this.grants.find(asker.token, board)
    if (known && known !== 'ended' && outlasts(known, link)) return known.role
    await this.grants.giveBy(asker.token, board, link)
    return link.role
  }

  /** Renews a link. Who asks for it keeps the right that they have by it. Rejects with `not-found`. */
  renew(asker: Asker, board: string, id: string): Promise<MadeLink> {
    return this.links.renew(board, id, async (old, made) => {
      const own = asker.source === 'cookie' && (await this.grants.find(asker.token, board))
      if (own && own !== 'ended' && own.grant.includes(old.hash))
        await this.grants.giveBy(asker.token, board, made)
    })
  }

  /** Returns the role that a board gives to everybody; null if it gives none. */
  async #openRole({ isProxied }: Pick<Asker, 'isProxied'>, board: string): Promise<Role | null> {
    const { isOpen = false, classic } = this.#config
    const isFront = board === DEFAULT_BOARD_ID
    // Everybody who reaches it is at this machine.
    if (isFront && this.#isPrivate && !isProxied) return 'own'
    if (board === classic?.board || (isFront && isOpen)) return 'edit'
    return isFront || (await this.rules.of(board)) ? null : 'edit'
  }

  async #find({ token, source }: Asker, board: string): Promise<Right | 'ended' | null> {
    if (source === 'new') return null
    if (source === 'cookie') return this.grants.find(token, board)
    const link = await this.links.find(board, token)
    return link ? { role: link.role, grant: [link.hash] } : 'ended'
  }
}

/** Returns the found right, or the role that everybody has if that is higher. */
const higher = (found: Right, open: Role | null): Right =>
  open && hasRights(open, found.role) ? { role: open, grant: [] } : found

/** Whether a right is better than the one that a link gives: by its role, or as it rests on no link. */
function outlasts({ role, grant }: Right, link: Link): boolean {
  if (!hasRights(role, link.role)) return false
  return role !== link.role || grant.length === 1
}
