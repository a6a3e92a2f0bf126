import { randomBytes } from 'node:crypto'
import {
  type LinkPatch,
  type NewLink,
  ROLES,
  type Role,
  serverLimits,
  WireError,
} from '@wirephoto/board'
import type { Secret } from '@wirephoto/engine'
import type { Quota } from '../boards/sender.ts'
import { dataOf, hashOf, type LinkRecord, newSecret } from './records.ts'
import type { SecretCache } from './secret-cache.ts'
import { SerialTasks } from './serial-tasks.ts'

/** More than there are servers that change one link at the same moment. */
const TRIES_COUNT = 10
/** A time since 1970 that is over. */
const LONG_AGO_MS = 1

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
  /** The other site whose pages it serves; null for any. */
  readonly origin: string | null
  /** Milliseconds since 1970. */
  readonly madeAt: number
  /** The browsers that have a right by it. */
  readonly uses: number
  /** The pictures that it may have on the board, and their bytes; null for the server's bounds. */
  readonly pictures: number | null
  readonly bytes: number | null
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
    return (await this.#byId(board, id)).at(-1) ?? null
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
      .map(({ id, role, label, origin, madeAt, hash, pictures = null, bytes = null }) => ({
        id,
        role,
        label,
        origin,
        madeAt,
        uses: uses.get(hash) ?? 0,
        pictures,
        bytes,
      }))
      .sort((a, b) => ROLES.indexOf(b.role) - ROLES.indexOf(a.role) || a.madeAt - b.madeAt)
  }

  /** Makes a link. Rejects with `unknown-board`. */
  make(board: string, { role, origin, label = siteOf(origin) }: NewLink): Promise<MadeLink> {
    const id = randomBytes(9).toString('base64url')
    return this.#put(board, { id, role, label, origin: origin ?? null, madeAt: Date.now() })
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
      let lost: MadeLink | null = null
      for (let tries = 0; tries < TRIES_COUNT; tries++) {
        const old = (await this.#byId(board, id)).filter(({ hash }) => hash !== lost?.hash)
        const newest = old.at(-1)
        if (!newest) break
        const madeAt = Math.max(Date.now(), newest.madeAt + 1)
        const made: MadeLink = await this.#put(board, { ...newest, madeAt })
        for (const each of lost ? [...old, lost] : old) await moved(each, made)
        if (lost) await this.#secrets.remove(lost.hash)
        if (await this.#end(board, old)) return made
        lost = made
      }
      if (!lost) throw new WireError('not-found')
      // Another server has revoked it, or was always ahead.
      await this.#secrets.remove(lost.hash)
      throw new WireError((await this.#byId(board, id)).length > 0 ? 'busy' : 'not-found')
    })
  }

  /** Changes the named fields of a link, for all who came by it too. Rejects with `not-found`. */
  change(board: string, id: string, patch: LinkPatch): Promise<Link> {
    return this.#changes.run(board, async () => {
      for (let tries = 0; tries < TRIES_COUNT; tries++) {
        const link = (await this.#byId(board, id)).at(-1)
        if (!link) throw new WireError('not-found')
        const changed = patched(link, patch)
        if (changed.origin !== null && !isForSite(changed.role))
          throw new WireError('bad-request', { field: 'role' })
        if (await this.#replace(board, link, changed)) return changed
      }
      throw new WireError('busy')
    })
  }

  /** Ends a link with all rights that came by it. Rejects with `not-found`. */
  revoke(board: string, id: string): Promise<void> {
    return this.#changes.run(board, async () => {
      let links = await this.#byId(board, id)
      if (links.length === 0) throw new WireError('not-found')
      // Another server may have renewed it meanwhile.
      for (let tries = 0; links.length > 0; tries++) {
        if (tries === TRIES_COUNT) throw new WireError('busy')
        for (const { hash } of links) await this.#secrets.remove(hash)
        links = await this.#byId(board, id)
      }
    })
  }

  /**
   * Ends links in their order. Resolves to false, and ends none, if another server has ended or changed the first one
   * meanwhile.
   */
  async #end(board: string, [first, ...others]: readonly Link[]): Promise<boolean> {
    if (!first || !(await this.#replace(board, first, first, LONG_AGO_MS))) return false
    for (const { hash } of [first, ...others]) await this.#secrets.remove(hash)
    return true
  }

  /** Stores a link in place of itself. Resolves to false if another server has ended or changed it meanwhile. */
  #replace(
    board: string,
    old: Link,
    changed: Link,
    expiresAt: number | null = null,
  ): Promise<boolean> {
    const secret = { ...secretOf(board, changed), expiresAt }
    return this.#secrets.replace(secret, jsonOf(old))
  }

  /** Returns the links of an id, the newest last: two while it is being renewed. */
  async #byId(board: string, id: string): Promise<Link[]> {
    const links = linksAmong(await this.#secrets.list(board)).filter((link) => link.id === id)
    return links.sort((a, b) => a.madeAt - b.madeAt || (a.hash < b.hash ? -1 : 1))
  }

  async #put(board: string, link: Omit<LinkRecord, 'type'>): Promise<MadeLink> {
    const secret = newSecret()
    const hash = hashOf.link(secret)
    const { id, role, label, madeAt, origin, pictures, bytes } = link
    const own = {
      ...(pictures !== undefined && { pictures }),
      ...(bytes !== undefined && { bytes }),
    }
    const data = { type: 'link', id, role, label, madeAt, origin, ...own } as const
    await this.#secrets.put(secretOf(board, { ...data, hash }))
    return { ...data, hash, secret }
  }
}

/** Whether a link of one other site may give a role. */
const isForSite = (role: Role): boolean => role === 'view' || role === 'add'

/** Names a link after the site that it is for, unless its maker does. */
const siteOf = (origin: string | undefined): string =>
  origin === undefined ? '' : new URL(origin).host.slice(0, serverLimits.linkLabelLength)

/** Returns a link with the fields of a patch. A bound that is null is the server's. */
function patched(link: Link, { role, label, pictures, bytes }: LinkPatch): Link {
  const { pictures: ownPictures, bytes: ownBytes, ...rest } = link
  const [newPictures, newBytes] = [
    pictures === undefined ? ownPictures : pictures,
    bytes === undefined ? ownBytes : bytes,
  ]
  return {
    ...rest,
    ...(role && { role }),
    ...(label !== undefined && { label }),
    ...(typeof newPictures === 'number' && { pictures: newPictures }),
    ...(typeof newBytes === 'number' && { bytes: newBytes }),
  }
}

/** Returns what counts the pictures of those who came by a link. */
export const quotaOf = ({ id, pictures, bytes }: LinkRecord): Quota => ({
  link: id,
  pictures,
  bytes,
})

const secretOf = (board: string, link: Link): Secret => ({
  hash: link.hash,
  board,
  kind: 'link',
  data: jsonOf(link),
  expiresAt: null,
})

/** Returns a link's record as the engine keeps it. */
const jsonOf = (link: Link): string => JSON.stringify({ ...link, hash: undefined })

/** Returns the links among a board's secrets. */
export function linksAmong(secrets: readonly Secret[]): Link[] {
  return secrets.flatMap(({ kind, hash, data }) => {
    const link = kind === 'link' ? dataOf('link', data) : null
    return link ? [{ ...link, hash }] : []
  })
}
