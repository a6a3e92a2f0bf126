import type { ImageRecord } from '@wirephoto/board'
import type { Board } from './board.ts'
import { throwIfEnded } from './board-end.ts'
import type { PictureChange } from './types.ts'

type Result = IteratorResult<PictureChange, undefined>

/** Does `Board.changes`: compares the board with what its reader knows of it, so nothing but ids waits. */
export class PictureChanges {
  readonly #board: Board
  readonly #known: Map<string, ImageRecord>
  readonly #signal: AbortSignal | undefined
  readonly #changed = new Set<string>()
  readonly #offs: readonly (() => void)[]
  #isReturned = false
  /** Readers that wait for the next change. */
  #waiting: PromiseWithResolvers<Result>[] = []

  /** `known` is what the reader has seen of the board already. */
  constructor(board: Board, known: Map<string, ImageRecord>, signal: AbortSignal | undefined) {
    this.#board = board
    this.#known = known
    this.#signal = signal
    for (const id of [...known.keys(), ...board.pictures.keys()]) this.#changed.add(id)
    const look = () => this.#serve()
    signal?.addEventListener('abort', look)
    this.#offs = [
      board.on('pictures', (ids) => {
        for (const id of ids) this.#changed.add(id)
        this.#serve()
      }),
      board.on('status', look),
      () => signal?.removeEventListener('abort', look),
    ]
  }

  /** Resolves with the next change, or with the end. */
  next(): Promise<Result> {
    const reader = Promise.withResolvers<Result>()
    this.#waiting.push(reader)
    this.#serve()
    return reader.promise
  }

  /** Ends it, also for a reader that waits. */
  async return(): Promise<Result> {
    this.#isReturned = true
    for (const off of this.#offs) off()
    this.#serve()
    return { done: true, value: undefined }
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      try {
        const result = this.#take()
        if (!result) return
        this.#waiting.shift()!.resolve(result)
      } catch (error) {
        this.#waiting.shift()!.reject(error)
      }
    }
  }

  /** Returns what comes next; null if that isn't known yet. Throws when no more will come. */
  #take(): Result | null {
    if (this.#isReturned) return { done: true, value: undefined }
    this.#signal?.throwIfAborted()
    for (const id of this.#changed) {
      this.#changed.delete(id)
      const change = { old: this.#known.get(id) ?? null, new: this.#board.pictures.get(id) ?? null }
      if (change.old === change.new) continue
      if (change.new) this.#known.set(id, change.new)
      else this.#known.delete(id)
      return { done: false, value: change }
    }
    if (this.#board.status.connection === 'closed') return { done: true, value: undefined }
    throwIfEnded(this.#board)
    return null
  }
}
