import { NewBoard, NewLink, parseOrThrow } from '@wirephoto/board'
import type { Access } from './access/access.ts'
import { namedLink, type ToldLink, toldLink } from './access/told-links.ts'
import type { Audit } from './audit/audit.ts'
import type { Boards } from './boards/boards.ts'
import type { Sender } from './boards/sender.ts'
import { setTitle } from './boards/set-title.ts'

/** The program that the server is a part of. It owns every board. */
export const PROGRAM: Sender = { visitor: 'program', role: 'own' }

/** A new board, which opens by its links alone. */
export interface CreatedBoard {
  readonly id: string
  /** The address of its page. */
  readonly url: string
  /** A link of each role, the greatest first: `own`, `edit`, `add`, `view`. */
  readonly links: readonly ToldLink[]
}

interface Options {
  readonly boards: Boards
  readonly access: Access
  readonly audit: Pick<Audit, 'note'>
  /** Returns the address of a board's page. */
  readonly addressOf: (board: string) => string
}

/** The boards and links that the program makes of which the server is a part. */
export class ProgramBoards {
  readonly #options: Options

  constructor(options: Options) {
    this.#options = options
  }

  /** Makes a board. Rejects with `bad-request` or `unknown-field` for the options. */
  async create(options: NewBoard = {}): Promise<CreatedBoard> {
    const { title } = parseOrThrow(NewBoard, options)
    const { boards, access, addressOf } = this.#options
    const id = await boards.create()
    const links = await access.closeToLinks(id)
    await setTitle(boards, id, title, PROGRAM)
    const url = addressOf(id)
    return { id, url, links: links.map((link) => toldLink(link, url)) }
  }

  /** Makes a link to a board. Rejects with `unknown-board`, and with `bad-request` or `unknown-field` for the options. */
  async createLink(board: string, options: NewLink): Promise<ToldLink> {
    const { access, audit, addressOf } = this.#options
    const made = await access.links.make(board, parseOrThrow(NewLink, options))
    audit.note(board, 'link-made', PROGRAM, { link: namedLink(made) })
    return toldLink(made, addressOf(board))
  }
}
