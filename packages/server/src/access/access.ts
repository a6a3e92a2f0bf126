import { boardOf, hasRights, isHeldLog, type Role, WireError } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import { STRANGER } from '../boards/sender.ts'
import { boundsWith } from '../bounds.ts'
import type { ServerConfig } from '../config.ts'
import { isPrivate } from '../loopback.ts'
import { AccessRules } from './access-rules.ts'
import type { Device } from './device.ts'
import { type FoundGrant, Grants } from './grants.ts'
import { JoinCodes, mayInvite } from './join-codes.ts'
import { type Link, Links, type MadeLink, quotaOf } from './links.ts'
import { OwnerSessions } from './owner-sessions.ts'
import { Passphrases, passphraseMark } from './passphrases.ts'
import { type AccessRule, hashOf, type Right } from './records.ts'
import { type RightHolder, RightWatch } from './right-watch.ts'
import { SecretCache } from './secret-cache.ts'
import { WrongTries } from './wrong-tries.ts'

/** Somebody who asks, as the guard knows them. */
export interface Asker {
  readonly token: string
  /** How the token came: `new` ones were made for this request. */
  readonly source: 'bearer' | 'cookie' | 'new'
  /** Whether the request came through a proxy, by its headers. */
  readonly isProxied: boolean
  /** The hash of the token of a session that may own the server; null and undefined for none. */
  readonly ownerSession?: string | null
  /** The other site whose page asks; null and undefined for the server's own pages and for programs. */
  readonly origin?: string | null
}

/** Somebody who shows a secret, and perhaps the board's passphrase. */
export interface Exchange {
  readonly asker: Asker
  readonly address: string
  readonly passphrase?: string | undefined
  readonly device?: Device | undefined
}

/** The changes of a board's rule. Undefined fields stay. */
interface RuleChanges {
  readonly passphrase?: string | null | undefined
  readonly closesAt?: number | null | undefined
  readonly wallLink?: string | null | undefined
}

type AccessConfig = Pick<
  ServerConfig,
  'host' | 'publicUrl' | 'trustProxy' | 'isOpen' | 'create' | 'classic' | 'oidc' | 'bounds'
>

/**
 * Who may do what on which board. An open board is everybody's who has its address; a closed one opens by links,
 * and by the grants that visitors got for them.
 */
export class Access {
  readonly rules: AccessRules
  readonly links: Links
  readonly grants: Grants
  readonly ownerSessions: OwnerSessions
  readonly joinCodes: JoinCodes
  /** The wrong codes and passphrases of everybody, whatever they are for. */
  readonly wrongTries = new WrongTries()
  /** The rights that open sockets and requests rest on. */
  readonly #watch: RightWatch
  readonly #passphrases = new Passphrases()
  readonly #secrets: SecretCache
  readonly #config: AccessConfig
  /** Whether nobody but this machine reaches the server, as far as its settings say. */
  readonly #isPrivate: boolean

  constructor(engine: Pick<Engine, 'secrets'>, config: AccessConfig) {
    this.#secrets = new SecretCache(engine.secrets)
    this.rules = new AccessRules(this.#secrets)
    this.links = new Links(this.#secrets)
    this.grants = new Grants(this.#secrets, this.links)
    this.ownerSessions = new OwnerSessions({
      secrets: this.#secrets,
      oidc: config.oidc,
      signedInLifeS: boundsWith(config.bounds)['owner-session'],
    })
    this.joinCodes = new JoinCodes(this.#secrets, this.rules, this.links)
    this.#watch = new RightWatch(engine.secrets, () => this.#secrets.clear())
    this.#config = config
    this.#isPrivate = isPrivate(config)
  }

  /**
   * Returns what somebody may do on a board. Rejects with `link-needed`, `passphrase-needed` or `board-closed`.
   * A secret that no link of the board has, and a right whose link is gone, is `link-ended`.
   */
  async rightOf(asker: Asker, board: string): Promise<Right> {
    if (isHeldLog(board)) return this.#heldRightOf(asker, board)
    const open = await this.#openRight(asker, board)
    if (open?.role === 'own') return open
    const rule = await this.rules.of(board)
    const found = await this.#find(asker, board)
    const isGrant = found !== null && found !== 'ended'
    const refusal = isGrant ? refusalOf(found, rule) : null
    if (isGrant && !refusal) {
      if (!open || !hasRights(open.role, found.role)) return by(found, rule)
      return found.quota ? { ...open, quota: found.quota } : open
    }
    const { ownerSession } = asker
    if (ownerSession && (await this.isServerOwner(asker)))
      return { role: 'own', grant: [ownerSession] }
    if (open) return open
    throw refusal ?? new WireError(found === 'ended' ? 'link-ended' : 'link-needed')
  }

  /** Watches over a right until this is disposed, and ends what rests on it. */
  watchRight(asker: Asker, board: string, right: Right, connection: RightHolder): Disposable {
    return this.#watch.add({ right, again: () => this.rightOf(asker, board), connection })
  }

  /** Whether a board opens by its address, for those who come without a proxy at least. */
  async isOpen(board: string): Promise<boolean> {
    return (await this.#openRight({ isProxied: false }, board)) !== null
  }

  /** Throws `owner-needed` for all but the server's owner. */
  async assertServerOwner(asker: Asker): Promise<void> {
    if (!(await this.isServerOwner(asker))) throw new WireError('owner-needed')
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

  /** Whether somebody owns the server, and so every board. */
  async isServerOwner({ ownerSession }: Asker): Promise<boolean> {
    return (await this.ownerSessions.endOf(ownerSession)) !== null
  }

  /** Closes a board to all but its links, which it makes. Rejects with `unknown-board`. */
  async closeToLinks(board: string): Promise<MadeLink[]> {
    await this.rules.change(board)
    return this.links.makeAll(board)
  }

  /** Closes a board to all but its links, which it makes, and gives it to who asks. Rejects with `unknown-board`. */
  async close(board: string, asker: Asker, device?: Device): Promise<MadeLink[]> {
    const links = await this.closeToLinks(board)
    // A bearer counts by its link alone.
    if (asker.source !== 'bearer') await this.grants.give(asker.token, board, 'own', device)
    return links
  }

  /**
   * Changes a board's rule. A passphrase ends the rights of those who haven't given it. Rejects with `bad-request`
   * for a link that isn't the board's, or that gives the role own.
   */
  async changeRule(board: string, changes: RuleChanges): Promise<AccessRule> {
    const { passphrase, closesAt, wallLink } = changes
    if (typeof wallLink === 'string' && !mayInvite(await this.links.byId(board, wallLink)))
      throw new WireError('bad-request', { field: 'wallLink' })
    return this.rules.change(board, {
      ...(closesAt !== undefined && { closesAt }),
      ...(wallLink !== undefined && { wallLink }),
      ...(passphrase !== undefined && {
        passphrase: passphrase === null ? null : await this.#passphrases.seal(passphrase),
      }),
    })
  }

  /**
   * Exchanges a link's secret for the right that it gives, and returns the role that the visitor then has: a higher
   * one stays. Rejects with `link-ended`, `passphrase-needed`, `wrong-passphrase` or `board-closed`.
   */
  async exchange(who: Exchange, board: string, secret: string): Promise<Role> {
    const link = await this.links.find(board, secret)
    if (!link) throw new WireError('link-ended')
    return this.#exchangeLink(who, board, link)
  }

  /** Exchanges a code that a wall shows in the same way. Rejects with `wrong-code` too, and with `too-many`. */
  async join(who: Exchange, code: string): Promise<{ board: string; role: Role }> {
    const { board, link } = await this.wrongTries.attempt(who.address, ['wrong-code'], () =>
      this.joinCodes.find(code),
    )
    return { board, role: await this.#exchangeLink(who, board, link) }
  }

  /** Changes the named fields of a link, for all who came by it too. Rejects with `not-found`. */
  async changeLink(
    board: string,
    id: string,
    patch: Parameters<Links['change']>[2],
  ): Promise<Link> {
    const changed = await this.links.change(board, id, patch)
    // Open sockets must learn of all but another label.
    const { label: _, ...others } = patch
    if (Object.values(others).some((value) => value !== undefined)) await this.#renewStamp(board)
    return changed
  }

  /** Renews a link. Who asks for it keeps the right that they have by it. Rejects with `not-found`. */
  renew(asker: Asker, board: string, id: string): Promise<MadeLink> {
    return this.links.renew(board, id, async (old, made) => {
      const own = asker.source === 'cookie' && (await this.grants.find(asker.token, board))
      if (own && own !== 'ended' && own.grant.includes(old.hash))
        await this.grants.giveBy(asker.token, board, made, own)
    })
  }

  /** Calls back when rights have ended by this server. */
  onEnded(listener: () => void): void {
    this.#secrets.onEnded = listener
  }

  /** Looks at once which rights have ended by another server. */
  lookAgain(): void {
    this.#secrets.clear()
    this.#watch.askNow()
  }

  /** Watches over no right any more. */
  endWatch(): void {
    this.#watch.close()
  }

  /** Returns the right to read what waits beside a board: those who own the board have it, and decide by its addresses. */
  async #heldRightOf(asker: Asker, log: string): Promise<Right> {
    const right = await this.rightOf(asker, boardOf(log))
    if (right.role !== 'own') throw new WireError('not-allowed')
    return { ...right, role: 'view' }
  }

  async #exchangeLink(
    { asker, address, passphrase, device }: Exchange,
    board: string,
    link: Link,
  ): Promise<Role> {
    const rule = await this.#ruleOf(board)
    if (hasClosed(rule, link.role)) throw new WireError('board-closed')
    const known = await this.grants.find(asker.token, board)
    const sealed = rule?.passphrase ?? null
    const mark = sealed === null ? null : passphraseMark(sealed)
    const isKnown = known !== null && known !== 'ended' && refusalOf(known, rule) === null
    if (sealed !== null && !isKnown) await this.#checkPassphrase(address, passphrase, sealed)
    if (asker.source === 'bearer') return link.role
    if (isKnown && outlasts(known, link)) return known.role
    await this.grants.giveBy(asker.token, board, link, { passphrase: mark, device })
    // Open pages of the same browser must learn of it.
    if (isKnown && known.role !== link.role) await this.#renewStamp(board)
    return link.role
  }

  /** Returns a board's rule. The front board needs none to be closed, and gets it with its first right. */
  async #ruleOf(board: string): Promise<AccessRule | null> {
    const rule = await this.rules.of(board)
    return rule === null && board === DEFAULT_BOARD_ID ? this.rules.change(board) : rule
  }

  /** Lets all rights on a board be looked up again, on every server. */
  async #renewStamp(board: string): Promise<void> {
    if (await this.#ruleOf(board)) await this.rules.change(board)
  }

  async #checkPassphrase(
    address: string,
    passphrase: string | undefined,
    sealed: string,
  ): Promise<void> {
    if (passphrase === undefined) throw new WireError('passphrase-needed')
    await this.wrongTries.attempt(address, ['wrong-passphrase'], async () => {
      if (!(await this.#passphrases.isRight(passphrase, sealed)))
        throw new WireError('wrong-passphrase')
    })
  }

  /** Returns the right that a board gives to everybody; null if it gives none. */
  async #openRight({ isProxied }: Pick<Asker, 'isProxied'>, board: string): Promise<Right | null> {
    const { isOpen = false, classic } = this.#config
    const isFront = board === DEFAULT_BOARD_ID
    // Everybody who reaches it is at this machine.
    if (isFront && this.#isPrivate && !isProxied) return { role: 'own', grant: [] }
    if (board === classic?.board || (isFront && isOpen))
      return { role: 'edit', grant: [], quota: STRANGER }
    if (isFront || (await this.rules.of(board))) return null
    return { role: 'edit', grant: [], openUntil: hashOf.rule(board), quota: STRANGER }
  }

  async #find(
    { token, source, origin }: Asker,
    board: string,
  ): Promise<FoundGrant | 'ended' | null> {
    if (source === 'new') return null
    if (source === 'cookie') return this.grants.find(token, board)
    const link = await this.links.find(board, token)
    if (!link) return 'ended'
    if (origin && link.origin !== null && link.origin !== origin)
      throw new WireError('foreign-origin')
    const right = { role: link.role, grant: [link.hash], quota: quotaOf(link) }
    return { ...right, passphrase: null, isByLink: true }
  }
}

/** Returns why a right doesn't count under the board's rule; null if it does. Its maker's rests on no link. */
function refusalOf(found: FoundGrant, rule: AccessRule | null): WireError | null {
  if (hasClosed(rule, found.role)) return new WireError('board-closed')
  if (rule === null || rule.passphrase === null || !found.isByLink) return null
  return found.passphrase === passphraseMark(rule.passphrase)
    ? null
    : new WireError('passphrase-needed')
}

/** Whether a board has closed to a role. */
const hasClosed = (rule: AccessRule | null, role: Role): boolean =>
  rule !== null && rule.closesAt !== null && role !== 'own' && Date.now() >= rule.closesAt

/** Returns a right with what it rests on under the board's rule. */
function by({ role, grant, quota }: FoundGrant, rule: AccessRule | null): Right {
  const right = quota ? { role, grant, quota } : { role, grant }
  if (!rule) return right
  const stamped = { ...right, grant: [...grant, rule.stamp] }
  return rule.closesAt === null || role === 'own' ? stamped : { ...stamped, endsAt: rule.closesAt }
}

/** Whether a right is better than the one that a link gives: by its role, or as it rests on no link. */
function outlasts({ role, isByLink }: FoundGrant, link: Link): boolean {
  if (!hasRights(role, link.role)) return false
  return role !== link.role || !isByLink
}
