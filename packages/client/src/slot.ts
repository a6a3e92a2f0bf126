import type { MediaType } from '@wirephoto/board'
import { answered } from './answered.ts'
import type { Board } from './board.ts'
import { throwIfEnded } from './board-end.ts'
import type { ReadOptions } from './list-slots.ts'
import { type Frame, sendFrame } from './send-frame.ts'
import { slotUrl } from './urls.ts'

/** A frame of a live slot that is stored. */
export interface StoredFrame {
  /** The sha256 of its bytes, by which `Slot.frame` reads it. */
  readonly blob: string
  readonly type: MediaType
  readonly bytes: number
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** When it was stored, in milliseconds since 1970. */
  readonly at: number
  readonly url: string
}

/** A frame that waits for the one that is on its way. */
interface WaitingFrame {
  readonly frame: Frame
  readonly resolve: (isShown: boolean) => void
  readonly reject: (error: unknown) => void
}

/**
 * A live slot of a board, whose tile shows each frame in place of the one before. One is on its way at a time, and of
 * those that come meanwhile the latest waits.
 *
 * Its calls reject with a code if the server refuses them, or the board has ended. Those that read or end a slot reject
 * with `not-found` if none of its name is on the board.
 */
export class Slot {
  readonly #board: Board
  readonly #name: string
  #waiting: WaitingFrame | null = null
  #isSending = false

  constructor(board: Board, name: string) {
    this.#board = board
    this.#name = name
  }

  /**
   * Has the tile show a frame. Resolves to true when everybody is sent it, and to false if a later one has taken its
   * place before it left.
   */
  async push(frame: Frame): Promise<boolean> {
    throwIfEnded(this.#board)
    if (!this.#isSending) return await this.#send(frame)
    this.#waiting?.resolve(false)
    return await new Promise((resolve, reject) => {
      this.#waiting = { frame, resolve, reject }
    })
  }

  /** Fetches the newest frame, also before it is stored. */
  async newest(options?: ReadOptions): Promise<Blob> {
    return await (await this.#ask('', options)).blob()
  }

  /** Lists the stored frames that are kept, the oldest first and the one that the tile has last. */
  async frames(options?: ReadOptions): Promise<readonly StoredFrame[]> {
    const answer = await this.#ask('/frames', options)
    return ((await answer.json()) as { readonly frames: StoredFrame[] }).frames
  }

  /** Fetches a stored frame. */
  async frame({ blob }: Pick<StoredFrame, 'blob'>, options?: ReadOptions): Promise<Blob> {
    return await (await this.#ask(`/frames/${blob}`, options)).blob()
  }

  /**
   * Ends the slot: its tile stays as a plain picture with the last frame, and the stored ones before it go. Another
   * frame makes another tile.
   */
  async end(): Promise<void> {
    await this.#ask('', {}, 'DELETE')
  }

  async #ask(
    path: string,
    { signal }: ReadOptions = {},
    method: 'GET' | 'DELETE' = 'GET',
  ): Promise<Response> {
    throwIfEnded(this.#board)
    const asked = { method, headers: this.#board.headers, signal: signal ?? null }
    return await answered(fetch(slotUrl(this.#board, this.#name) + path, asked))
  }

  async #send(frame: Frame): Promise<true> {
    this.#isSending = true
    try {
      await sendFrame(this.#board, 'PUT', slotUrl(this.#board, this.#name), frame)
      return true
    } finally {
      this.#isSending = false
      const next = this.#waiting
      this.#waiting = null
      if (next) this.push(next.frame).then(next.resolve, next.reject)
    }
  }
}
