import { randomBytes } from 'node:crypto'
import { type LinkPatch, type NewLink, ROLES, type Role, WireError } from '@wirephoto/board'
import type { Secret } from '@wirephoto/engine'
import { dataOf, hashOf, type LinkRecord, newSecret } from './records.ts'
import type { SecretCache } from './secret-cache.ts'
import { SerialTasks } from './serial-tasks.ts'

/** A link with the hash of its secret. */
export interface Link extends LinkRecord {
  readonly hash: string
}

/** A link that was just made: its secret is told this once. */
export interface MadeLink extends Link {
  readonly secret: string
}

/** A link in a board's list. */
export interface ListedLink {
  readonly id: string
  readonly role: Role
  readonly label: string
  /** Milliseconds since 1970. */
  readonly madeAt: number
  /** The browsers that have a right by it. */
  readonly uses: number
}

/** The links of boards. Their secrets are told where they are made, and nowhere else. */
export class Links {
  readonly #secrets: SecretCache
  /** A change of a link must not bring back one that is revoked meanwhile. */
  readonly #changes = new SerialTasks()

  constructor(secrets: SecretCache) {
    this.#secrets = secrets
  }

  /** Finds the link with this secret on a board; null if there is none. */
  find(board: string, secret: string): Promise<Link | null> {
    return this.byHash(board, hashOf.link(secret))
  }

  /** Finds the link whose secret has this hash on a board; null if there is none. */
  async byHash(board: string, hash: string): Promise<Link | null> {
    const secret = await this.#secrets.get(hash)
    if (secret?.board !== board) return null
    const link = dataOf('link', secret.data)
    return link && { ...link, hash }
  }

  /** Finds the link with this id on a board; null if there is none. */
  async byId(board: string, id: string): Promise<Link | null> {
    const links = linksAmong(await this.#secrets.list(board)).filter((link) => link.id === id)
    return links.sort((a, b) => a.madeAt - b.madeAt).at(-1) ?? null
  }

  /** Lists a board's links, those of the greatest role first. */
  async list(board: string): Promise<ListedLink[]> {
    const secrets = await this.#secrets.list(board)
    const uses = new Map<string, number>()
    for (const { kind, data } of secrets) {
      const by = kind === 'session' ? dataOf('grant', data)?.link : null
      if (by) uses.set(by, (uses.get(by) ?? 0) + 1)
    }
    return linksAmong(secrets)
      .map(({ id, role, label, madeAt, hash }) => ({
        id,
        role,
        label,
        madeAt,
        uses: uses.get(hash) ?? 0,
      }))
      .sort((a, b) => ROLES.indexOf(b.role) - ROLES.indexOf(a.role) || a.madeAt - b.madeAt)
  }

  /** Makes a link. Rejects with `unknown-board`. */
  make(board: string, { role, label = '' }: NewLink): Promise<MadeLink> {
    const id = randomBytes(9).toString('base64url')
    return this.#put(board, { id, role, label, madeAt: Date.now() })
  }

  /** Makes a link of each role, the greatest first. */
  async makeAll(board: string): Promise<MadeLink[]> {
    const made: MadeLink[] = []
    for (const role of ROLES.toReversed()) made.push(await this.make(board, { role }))
    return made
  }

  /**
   * Gives a link a new secret, and ends the old one with all rights that came by it. Rejects with `not-found`.
   *
   * @param moved Called before that, with the old and the new one, so that the asker's own right can go along.
   */
  renew(
    board: string,
    id: string,
    moved: (old: Link, made: MadeLink) => Promise<void> = async () => {},
  ): Promise<MadeLink> {
    return this.#changes.run(board, async () => {
      const old = await this.#named(board, id)
      const newest = old.at(-1)!
      const madeAt = Math.max(Date.now(), newest.madeAt + 1)
      const made = await this.#put(board, { ...newest, madeAt })
      for (const each of old) await moved(each, made)
      // Also the one that another server has made of it meanwhile.
      for (const { hash, madeAt: before } of await this.#named(board, id))
        if (hash !== made.hash && before <= madeAt) await this.#secrets.remove(hash)
      return made
    })
  }

  /** Changes a link's role or label, for all who came by it too. Rejects with `not-found`. */
  change(board: string, id: string, { role, label }: LinkPatch): Promise<Link> {
    return this.#changes.run(board, async () => {
      const { hash, ...link } = (await this.#named(board, id)).at(-1)!
      const changed = { ...link, ...(role && { role }), ...(label !== undefined && { label }) }
      await this.#secrets.put(secretOf(board, hash, changed))
      return { ...changed, hash }
    })
  }

  /** Ends a link with all rights that came by it. Rejects with `not-found`. */
  revoke(board: string, id: string): Promise<void> {
    return this.#changes.run(board, async () => {
      for (const { hash } of await this.#named(board, id)) await this.#secrets.remove(hash)
    })
  }

  /** Returns the links of an id, the newest last: two while it is being renewed. Rejects with `not-found`. */
  async #named(board: string, id: string): Promise<Link[]> {
    const links = linksAmong(await this.#secrets.list(board)).filter((link) => link.id === id)
    if (links.length === 0) throw new WireError('not-found')
    return links.sort((a, b) => a.madeAt - b.madeAt)
  }

  async #put(board: string, link: Omit<LinkRecord, 'type' | 'origin'>): Promise<MadeLink> {
    const secret = newSecret()
    const hash = hashOf.link(secret)
    const { id, role, label, madeAt } = link
    const data = { type: 'link', id, role, label, madeAt, origin: null } as const
    await this.#secrets.put(secretOf(board, hash, data))
    return { ...data, hash, secret }
  }
}

const secretOf = (board: string, hash: string, link: LinkRecord): Secret => ({
  hash,
  board,
  kind: 'link',
  data: JSON.stringify(link),
  expiresAt: null,
})

function linksAmong(secrets: readonly Secret[]): Link[] {
  return secrets.flatMap(({ kind, hash, data }) => {
    const link = kind === 'link' ? dataOf('link', data) : null
    return link ? [{ ...link, hash }] : []
  })
}
