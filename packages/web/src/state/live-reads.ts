import { type Board, liveUrl } from '@wirephoto/client'
import { createSelector, createSignal } from 'solid-js'

/** Reads of files while they arrive. The page reads one at a time, the first that was requested (A20). */
export class LiveReads {
  /** Whether a picture's file is the one to read now. */
  readonly isReading: (id: string) => boolean
  readonly #board: Board
  readonly #page = Math.random().toString(36).slice(2)
  readonly #requested = new Set<string>()
  readonly #setCurrent: (id: string | undefined) => void

  constructor(board: Board) {
    this.#board = board
    const [current, setCurrent] = createSignal<string>()
    this.#setCurrent = setCurrent
    this.isReading = createSelector(current)
  }

  request(id: string): void {
    this.#setCurrent([...this.#requested.add(id)][0])
  }

  release(id: string): void {
    this.#requested.delete(id)
    this.#setCurrent([...this.#requested][0])
  }

  url(id: string): string {
    return liveUrl(this.#board, id, this.#page)
  }
}
