import { type Board, endShownFile, showFile } from '@wirephoto/client'

/** Time between two frames that everybody is shown: the server takes 30 a second. */
const SHOW_INTERVAL_MS = 60
/** Time after which a frame that stands is shown again, for those who have come since: it would go after 20 s. */
const REPEAT_MS = 8_000

/** Shows stored frames on every page and wall of a board: one after the other, and of those that wait the latest. */
export class FramePresenter {
  readonly #board: Board
  readonly #onFailed: (error: unknown) => void
  readonly #end = (): void => this.end()
  #url: string | null = null
  #isSending = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Calls `onFailed` if the server refuses a frame, or can't be reached. It has ended then. */
  constructor(board: Board, onFailed: (error: unknown) => void) {
    this.#board = board
    this.#onFailed = onFailed
  }

  /** Shows the frame at an address. */
  show(url: string): void {
    if (this.#url === null) addEventListener('pagehide', this.#end)
    this.#url = url
    if (this.#isSending) return
    clearTimeout(this.#timer)
    this.#send().catch((error: unknown) => {
      if (this.#url === null) return
      this.end()
      this.#onFailed(error)
    })
  }

  /** Takes the frame off every page and wall. */
  end(): void {
    if (this.#url === null) return
    this.#url = null
    clearTimeout(this.#timer)
    removeEventListener('pagehide', this.#end)
    // One that can't be taken off goes by itself.
    if (!this.#isSending) endShownFile(this.#board).catch(() => {})
  }

  async #send(): Promise<void> {
    this.#isSending = true
    try {
      for (let shown: string | null = null; this.#url !== null && this.#url !== shown; ) {
        shown = this.#url
        const response = await fetch(shown)
        if (response.ok) await showFile(this.#board, await response.blob())
        await new Promise((resolve) => setTimeout(resolve, SHOW_INTERVAL_MS))
      }
    } finally {
      this.#isSending = false
      // Its end came while a frame was on its way.
      if (this.#url === null) endShownFile(this.#board).catch(() => {})
    }
    const url = this.#url
    if (url !== null) this.#timer = setTimeout(() => this.show(url), REPEAT_MS)
  }
}
