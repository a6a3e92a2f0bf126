import { type Board, liveUrl } from '@wirephoto/client'
import { createSelector, createSignal } from 'solid-js'
import { BrowserTurn } from './browser-turn.ts'

/** A browser has six connections to a server, for all of its tabs together. */
const TURN_NAME = 'wirephoto-live-read'

/**
 * Reads of files while they arrive. Each takes up a connection, so a visible page reads one at a time, the
 * first that was requested (A20), and a hidden one none. The pages of a browser take turns.
 */
export class LiveReads {
  /** Whether a picture's file is the one to read now. */
  readonly isReading: (id: string) => boolean
  readonly #board: Board
  readonly #page = Math.random().toString(36).slice(2)
  readonly #requested = new Set<string>()
  readonly #setCurrent: (id: string | undefined) => void
  readonly #turn: BrowserTurn
  #isHeld = false

  constructor(board: Board) {
    this.#board = board
    const [current, setCurrent] = createSignal<string>()
    this.#setCurrent = setCurrent
    this.isReading = createSelector(current)
    this.#turn = new BrowserTurn(TURN_NAME, (isHeld) => {
      this.#isHeld = isHeld
      this.#review()
    })
    document.addEventListener('visibilitychange', () => this.#review())
  }

  request(id: string): void {
    this.#requested.add(id)
    this.#review()
  }

  release(id: string): void {
    this.#requested.delete(id)
    this.#review()
  }

  url(id: string): string {
    return liveUrl(this.#board, id, this.#page)
  }

  #review(): void {
    const [first] = document.visibilityState === 'hidden' ? [] : this.#requested
    if (first === undefined) {
      this.#isHeld = false
      this.#turn.release()
    } else this.#turn.request()
    this.#setCurrent(this.#isHeld ? first : undefined)
  }
}
