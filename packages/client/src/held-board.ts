import {
  type Decided,
  heldLogOf,
  type ImageRecord,
  limits,
  problemIn,
  WireError,
} from '@wirephoto/board'
import { type Board, openBoard } from './board.ts'
import { Emitter } from './events.ts'
import { authorization } from './ids.ts'
import { memoryStore } from './memory-store.ts'
import type { OpenOptions, Status } from './types.ts'
import { type BoardEndpoint, heldUrl } from './urls.ts'

/** The events of what waits beside a board. */
export interface HeldBoardEvents {
  /** The ids of pictures that came, changed or went. */
  pictures: ReadonlySet<string>
  status: Status
}

/** Opens what waits beside a board, for somebody who owns it. Everybody else is refused with `not-allowed`. */
export const openHeldBoard = (options: Pick<OpenOptions, 'url' | 'board' | 'token'>): HeldBoard =>
  new HeldBoard(options)

/** The pictures of a board that wait for a moderator, live: they are followed as a board is. */
export class HeldBoard extends Emitter<HeldBoardEvents> {
  /** The log of what waits. `blobUrl` and `downloadUrl` take it for its pictures. */
  readonly log: Board
  readonly #board: BoardEndpoint

  constructor({ url, board, token }: Pick<OpenOptions, 'url' | 'board' | 'token'>) {
    super()
    const bare = url.replace(/\/$/, '')
    this.#board = { url: bare, id: board, headers: authorization(token) }
    this.log = openBoard({
      url: bare,
      board: heldLogOf(board),
      store: memoryStore(),
      isWall: true,
      ...(token !== undefined && { token }),
    })
    this.log.on('pictures', (ids) => this.emit('pictures', ids))
    this.log.on('status', (status) => this.emit('status', status))
  }

  /** The pictures that can be decided about, oldest first: those whose file is there. */
  get pictures(): ImageRecord[] {
    return [...this.log.pictures.values()]
      .filter(({ deletedAt, blob }) => deletedAt === null && blob !== null)
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
  }

  /** The number of those whose file is on its way. */
  get arrivingCount(): number {
    const pictures = [...this.log.pictures.values()]
    return pictures.filter(({ deletedAt, blob }) => deletedAt === null && blob === null).length
  }

  get status(): Status {
    return this.log.status
  }

  /** Lets pictures onto the board. Resolves when they are there; rejects with a `WireError` if some aren't. */
  approve(ids: readonly string[]): Promise<void> {
    return this.#decide('approve', ids)
  }

  /** Turns pictures away for good, with their files. */
  refuse(ids: readonly string[]): Promise<void> {
    return this.#decide('refuse', ids)
  }

  /** Connects again, such as by another right. */
  reconnect(): void {
    this.log.reconnect()
  }

  close(): Promise<void> {
    return this.log.close()
  }

  async #decide(decision: 'approve' | 'refuse', ids: readonly string[]): Promise<void> {
    const failures: WireError[] = []
    for (let start = 0; start < ids.length; start += limits.commandsPerMessage) {
      const response = await fetch(`${heldUrl(this.#board)}/${decision}`, {
        method: 'POST',
        headers: { ...this.#board.headers, 'content-type': 'application/json' },
        body: JSON.stringify({ ids: ids.slice(start, start + limits.commandsPerMessage) }),
        redirect: 'error',
        // It arrives also where the page goes at the same moment.
        keepalive: true,
      })
      const text = await response.text()
      const problem = problemIn(response.status, text)
      if (problem) throw Object.assign(new WireError(problem.code), problem)
      if (!response.ok) throw new Error(response.statusText)
      const { failed } = JSON.parse(text) as Decided
      failures.push(...failed.map(({ error }) => new WireError(error.code)))
    }
    if (failures[0]) throw failures[0]
  }
}
