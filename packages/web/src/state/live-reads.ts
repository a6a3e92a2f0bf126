import { type Board, liveUrl } from '@wirephoto/client'
import { createSelector, createSignal } from 'solid-js'

/** Of pictures that sharpen as they come, the one that this page reads: the first that asked (A20). */
export class LiveReads {
  /** Whether it is the turn of a picture. */
  readonly isOf: (id: string) => boolean
  readonly #board: Board
  readonly #page = Math.random().toString(36).slice(2)
  readonly #asking = new Set<string>()
  readonly #setCurrent: (id: string | undefined) => void

  constructor(board: Board) {
    this.#board = board
    const [current, setCurrent] = createSignal<string>()
    this.#setCurrent = setCurrent
    this.isOf = createSelector(current)
  }

  ask(id: string): void {
    this.#setCurrent([...this.#asking.add(id)][0])
  }

  leave(id: string): void {
    this.#asking.delete(id)
    this.#setCurrent([...this.#asking][0])
  }

  url(id: string): string {
    return liveUrl(this.#board, id, this.#page)
  }
}
