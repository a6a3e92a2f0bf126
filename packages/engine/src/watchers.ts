import type { Cursor } from '@wirephoto/board'
import type { Unsubscribe } from './engine.ts'

type Wake = (at: Cursor | null) => void

/** The callbacks of `ChangeLog.watch` on this server, by board. */
export class Watchers {
  readonly #wakesByBoard = new Map<string, Set<Wake>>()

  /** The ids of all watched boards. */
  get boards(): string[] {
    return [...this.#wakesByBoard.keys()]
  }

  /** Adds a watcher. The result removes it. */
  add(board: string, wake: Wake): Unsubscribe {
    const wakes = this.#wakesByBoard.get(board) ?? new Set()
    this.#wakesByBoard.set(board, wakes.add(wake))
    return () => {
      wakes.delete(wake)
      if (wakes.size === 0 && this.#wakesByBoard.get(board) === wakes)
        this.#wakesByBoard.delete(board)
    }
  }

  /** Wakes all watchers of a board. */
  ring(board: string, at: Cursor | null): void {
    this.#wakesByBoard.get(board)?.forEach((wake) => wake(at))
  }

  /** Rings in the next turn of the event loop: the caller of `append` stands at the cursor by then. */
  ringSoon(board: string, at: Cursor): void {
    setImmediate(() => this.ring(board, at))
  }

  /** Removes all watchers. */
  clear(): void {
    this.#wakesByBoard.clear()
  }
}
