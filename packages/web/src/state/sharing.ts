import type { Role } from '@wirephoto/board'
import { type Accessor, createSignal, onCleanup } from 'solid-js'
import {
  boardUrl,
  type KeptLinks,
  keepLinks,
  keptLinks,
  watchLinks,
} from '../browser/board-links.ts'
import { request } from '../browser/server-requests.ts'
import { sentenceOf } from './link-exchange.ts'

/** A link of a board, as the server lists it: without its secret. */
export interface BoardLink {
  readonly id: string
  readonly role: Role
  readonly label: string
  /** The one site whose pages may come by it; null for any. */
  readonly origin?: string | null
  /** Milliseconds since 1970. */
  readonly madeAt: number
  /** The browsers that have a right by it. */
  readonly uses?: number
  /** The pictures on the board that came by it, and their bytes. */
  readonly used?: { readonly pictures: number; readonly bytes: number }
}

/** A link that was just made: its address holds the secret. */
export interface MadeLink {
  readonly id: string
  readonly role: Role
  /** Milliseconds since 1970. */
  readonly madeAt: number
  readonly url: string
}

/** The conditions of a board beside its links. */
export interface AccessRule {
  readonly hasPassphrase: boolean
  /** Milliseconds since 1970; null for never. */
  readonly closesAt: number | null
  /** The id of the link by which walls invite; null for none. */
  readonly wallLink: string | null
}

export interface AccessPatch {
  readonly passphrase?: string | null
  readonly closesAt?: number | null
  readonly wallLink?: string | null
}

/** Who may come to a board, and by which links, as this person may know it. */
export class Sharing {
  readonly board: string
  /** Whether the board opens by its address; null before the server has said so. */
  readonly isOpen: Accessor<boolean | null>
  /** The links, for an owner; null for others, and before they are here. */
  readonly links: Accessor<readonly BoardLink[] | null>
  /** Why the server hasn't said who may come; empty if it has. */
  readonly fault: Accessor<string>
  readonly #kept: Accessor<KeptLinks>
  readonly #setOpen: (isOpen: boolean) => void
  readonly #setLinks: (links: readonly BoardLink[]) => void
  readonly #setFault: (fault: string) => void
  readonly #refresh: () => void

  constructor(board: string) {
    this.board = board
    const [isOpen, setOpen] = createSignal<boolean | null>(null)
    const [links, setLinks] = createSignal<readonly BoardLink[] | null>(null)
    const [fault, setFault] = createSignal('')
    const [kept, setKept] = createSignal(keptLinks(board))
    this.isOpen = isOpen
    this.links = links
    this.fault = fault
    this.#kept = kept
    this.#setOpen = setOpen
    this.#setLinks = setLinks
    this.#setFault = setFault
    this.#refresh = () => setKept(keptLinks(board))
    onCleanup(watchLinks(board, this.#refresh))
  }

  /** Asks the server, and for an owner the links too. */
  async load(): Promise<void> {
    this.#setFault('')
    try {
      const { role, isOpen } = await request<{ role: Role; isOpen: boolean }>(
        'GET',
        this.#path('session'),
      )
      if (role === 'own' && !isOpen) await this.reload()
      this.#setOpen(isOpen)
    } catch (error) {
      this.#setFault(sentenceOf(error))
    }
  }

  /** Lists the links again. */
  async reload(): Promise<void> {
    const { links } = await request<{ links: BoardLink[] }>('GET', this.#path('links'))
    this.#setLinks(links)
  }

  /** Returns the secret of a link; null if this browser hasn't it, or only one from before it was renewed. */
  secretOf(link: Pick<BoardLink, 'id' | 'madeAt'>): string | null {
    const kept = this.#kept()[link.id]
    return kept?.madeAt === link.madeAt ? kept.secret : null
  }

  /** Returns the address by which this browser came; null if it hasn't its secret. */
  cameBy(base: string): string | null {
    const secret = this.secretOf({ id: '', madeAt: 0 })
    return secret && this.#urlWith(secret, base)
  }

  /** Returns a link's address at one of the server's; null if this browser hasn't its secret. */
  urlOf(link: BoardLink, base: string): string | null {
    const secret = this.secretOf(link)
    return secret && this.#urlWith(secret, base)
  }

  /** Makes a link, for the pages of one site if an origin is given. That names it too where it has no label. */
  async make(role: Role, label = '', origin?: string): Promise<string> {
    const wanted = { role, ...((label || !origin) && { label }), ...(origin && { origin }) }
    return this.#keep(await request<MadeLink>('POST', this.#path('links'), wanted))
  }

  /** Gives a link a new secret. All who came by the old one are out. */
  async renew(id: string): Promise<string> {
    return this.#keep(await request<MadeLink>('POST', this.#path(`links/${id}/renew`)))
  }

  async revoke(id: string): Promise<void> {
    await request('DELETE', this.#path(`links/${id}`))
    keepLinks(this.board, { [id]: null })
    this.#refresh()
    await this.reload()
  }

  rule(): Promise<AccessRule> {
    return request('GET', this.#path('access'))
  }

  changeRule(patch: AccessPatch): Promise<AccessRule> {
    return request('PATCH', this.#path('access'), patch)
  }

  /** Lets the board, which opens by its address, open by links alone. */
  async closeBoard(): Promise<void> {
    await closeBoard(this.board)
    await this.load()
    this.#refresh()
  }

  async #keep(made: MadeLink): Promise<string> {
    rememberLinks(this.board, [made])
    this.#refresh()
    await this.reload()
    return made.id
  }

  #urlWith(secret: string, base: string): string {
    return `${boardUrl(this.board, base)}#${secret}`
  }

  #path(what: string): string {
    return `/api/boards/${this.board}/${what}`
  }
}

/** Lets a board that opens by its address open by links alone, and keeps these. */
export async function closeBoard(board: string): Promise<void> {
  const path = `/api/boards/${board}/close`
  const { links } = await request<{ links: MadeLink[] }>('POST', path)
  rememberLinks(board, links)
}

/** Keeps the secrets of links that were just made: the server won't tell them again. */
export function rememberLinks(board: string, links: readonly MadeLink[]): void {
  const kept = links.map(({ id, role, url, madeAt }) => {
    const secret = url.slice(url.indexOf('#') + 1)
    return [id, { role, secret, madeAt }] as const
  })
  keepLinks(board, Object.fromEntries(kept))
}
