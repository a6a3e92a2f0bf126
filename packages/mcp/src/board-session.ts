import { type ImageRecord, may, type Verb, WireError } from '@wirephoto/board'
import { type Board, type Kept, openBoard, type Problem } from '@wirephoto/client'
import { AgentError } from './agent-error.ts'

export interface SessionOptions {
  /** Where the server is reached, without a slash at the end. */
  readonly url: string
  /** The board's id. */
  readonly board: string
  /** The secret of a link, if there is one. */
  readonly token?: string | undefined
  /** The name under which others see the agent. */
  readonly name: string
  /** Milliseconds that the server has for an answer. */
  readonly patienceMs: number
}

/** Pictures that are named in an error. */
const NAMED_COUNT = 3
/** Notices of pictures that are kept until they are told. */
const MAX_KEPT_COUNT = 100

/** An agent's place at a board: one connection for all of its calls, which heals by itself. */
export class BoardSession {
  readonly board: Board
  readonly #patienceMs: number
  /** Settles when the command before has its answer, so that a refusal is told to the call that it belongs to. */
  #before: Promise<unknown> = Promise.resolve()
  readonly #kept = new Map<string, Kept>()

  constructor({ url, board, token, name, patienceMs }: SessionOptions) {
    this.board = openBoard({ url, board, ...(token !== undefined && { token }) })
    this.board.setName(name)
    this.#patienceMs = patienceMs
    this.board.on('kept', (kept) => {
      if (this.#kept.size < MAX_KEPT_COUNT) this.#kept.set(kept.id, kept)
    })
  }

  /**
   * Resolves with the board when it is live. If it isn't, one more try decides. Rejects with the
   * server's reason if it refuses us or takes nothing, and with `no-answer` if it doesn't answer.
   */
  async live(): Promise<Board> {
    const { board } = this
    const before = board.status
    // The server may be back, and the link renewed.
    if (before.connection === 'offline') board.reconnect()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = () => {
      const { connection, refused, trouble, loaded } = board.status
      if (connection === 'live' && loaded) resolve()
      else if (connection === 'closed') reject(new AgentError('closed', 'The session has ended.'))
      else if (connection === 'offline' && board.status !== before) {
        const why = refused ?? trouble
        reject(why ? errorOf(why) : noAnswer(0))
      }
    }
    const off = board.on('status', look)
    look()
    try {
      await this.#inTime(promise, () => board.status.trouble ?? board.status.refused)
    } finally {
      off()
    }
    return board
  }

  /** Gives commands to the board, and resolves when the server has taken them. Rejects with its reason if it hasn't. */
  change<T>(verb: Verb, ids: readonly string[], give: (board: Board) => T): Promise<T> {
    const turn = this.#before.then(async () => {
      const board = await this.live()
      this.assertMay(verb, this.pictures(ids))
      const given = give(board)
      await this.#inTime(board.settled(), () => board.status.trouble)
      return given
    })
    this.#before = turn.catch(() => {})
    return turn
  }

  /** Waits for something of the server that ends by itself, but not for ever. */
  async #inTime(work: Promise<unknown>, why: () => Problem | null): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      const problem = why()
      reject(problem ? errorOf(problem) : noAnswer(this.board.status.unsent))
    }, this.#patienceMs)
    try {
      await Promise.race([work, promise])
    } finally {
      clearTimeout(timer)
      work.catch(() => {})
    }
  }

  /** Returns pictures by their ids, those in the trash too. Throws `unknown-picture` for one that isn't there. */
  pictures(ids: readonly string[]): ImageRecord[] {
    const missing = ids.filter((id) => !this.board.pictures.has(id))
    if (missing.length === 0) return ids.map((id) => this.board.pictures.get(id)!)
    const named = missing.slice(0, NAMED_COUNT).join(', ')
    throw new AgentError('unknown-picture', `No picture on this board has the id ${named}.`)
  }

  /** Throws `not-allowed` if the link's right is too little for this. */
  assertMay(verb: Verb, pictures: readonly ImageRecord[] = []): void {
    const { role } = this.board.status
    const { visitor } = this.board
    if (role === null || visitor === null) return
    const actor = { visitor, role }
    const isAllowed =
      pictures.length === 0 ? may(actor, verb) : pictures.every((each) => may(actor, verb, each))
    if (!isAllowed) throw new WireError('not-allowed')
  }

  /** Takes the sentences on what a picture was stored without. */
  takeNotices(id: string): string[] {
    const kept = this.#kept.get(id)
    this.#kept.delete(id)
    return kept?.notices.map(({ message }) => message) ?? []
  }

  close(): Promise<void> {
    return this.board.close()
  }
}

const errorOf = ({ code, message }: Problem): AgentError => new AgentError(code, message)

function noAnswer(unsent: number): AgentError {
  const kept = unsent > 0 ? ' Your change is kept, and sent when it is back.' : ''
  return new AgentError('no-answer', `The server doesn't answer.${kept}`)
}
