import type { Cursor } from '@wirephoto/board'
import type { Unsubscribe } from './engine.ts'

type Wake = (at: Cursor | null) => void

/** Those of this server who want to know when a board has moved (`ChangeLog.watch`). */
export class Watchers {
  readonly #byBoard = new Map<string, Set<Wake>>()

  get boards(): string[] {
    return [...this.#byBoard.keys()]
  }

  add(board: string, wake: Wake): Unsubscribe {
    const set = this.#byBoard.get(board) ?? new Set()
    this.#byBoard.set(board, set.add(wake))
    return () => {
      set.delete(wake)
      if (set.size === 0 && this.#byBoard.get(board) === set) this.#byBoard.delete(board)
    }
  }

  ring(board: string, at: Cursor | null): void {
    this.#byBoard.get(board)?.forEach((wake) => wake(at))
  }

  /** After whoever appended has moved there, so that their own bell tells them nothing new. */
  ringSoon(board: string, at: Cursor): void {
    setImmediate(() => this.ring(board, at))
  }

  clear(): void {
    this.#byBoard.clear()
  }
}
