import type { Board } from './board.ts'
import { throwIfEnded } from './board-end.ts'
import { type Frame, sendFrame } from './send-frame.ts'
import { slotUrl } from './urls.ts'

/** A frame that waits for the one that is on its way. */
interface WaitingFrame {
  readonly frame: Frame
  readonly resolve: (isShown: boolean) => void
  readonly reject: (error: unknown) => void
}

/**
 * Sends frames to a live slot of a board, whose tile shows each of them in place of the one before. One is on its way at
 * a time, and of those that come meanwhile the latest waits.
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
   * place before it left. Rejects with a code if the server refuses it, or the board has ended.
   */
  async push(frame: Frame): Promise<boolean> {
    throwIfEnded(this.#board)
    if (!this.#isSending) return await this.#send(frame)
    this.#waiting?.resolve(false)
    return await new Promise((resolve, reject) => {
      this.#waiting = { frame, resolve, reject }
    })
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
