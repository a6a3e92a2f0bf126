import type { ImageRecord } from '@wirephoto/board'
import type { BoardReader } from '../board-reader.ts'
import { inBackground } from '../in-background.ts'
import { blobUrl } from '../urls.ts'
import { elementWords } from './words.ts'

const RETRY_FIRST_MS = 1_000
const RETRY_LONGEST_MS = 30_000

/** The part of the board that all pictures fill, in board units. */
export interface Frame {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** One picture in the element. Its bytes are here only while it is in view. */
export class Tile {
  readonly image = document.createElement('img')
  readonly #board: BoardReader
  #record: ImageRecord
  #isInView = false
  /** Names the bytes that are shown, or on their way. */
  #wanted: string | null = null
  #loading: AbortController | null = null
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #failureCount = 0

  constructor(board: BoardReader, record: ImageRecord) {
    this.#board = board
    this.#record = record
    this.image.decoding = 'async'
    this.image.draggable = false
  }

  /** Puts it where its record says, and shows its newest bytes. */
  update(record: ImageRecord, { x, y, w, h }: Frame, order: number): void {
    this.#record = record
    const { style } = this.image
    const share = (part: number, whole: number) => `${(100 * part) / whole}%`
    style.left = share(record.x - x, w)
    style.top = share(record.y - y, h)
    style.width = share(record.w, w)
    style.height = share((record.w * record.height) / record.width, h)
    style.zIndex = String(order)
    this.image.alt = record.caption || record.name || elementWords.picture
    this.refresh()
  }

  /** Shows its bytes as it comes into view, and releases them as it goes. */
  setInView(isInView: boolean): void {
    this.#isInView = isInView
    if (isInView) this.refresh()
    else this.#release()
  }

  /** Looks whether there is something better to show. */
  refresh(): void {
    if (!this.#isInView) return
    const { id, blob } = this.#record
    const preview = this.#board.preview(id)
    const pixels = this.#pixels()
    const wanted = blob
      ? `${blob} ${this.#record.variants} ${pixels}`
      : preview && `preview ${preview.size}`
    if (!wanted || wanted === this.#wanted) return
    this.#loading?.abort()
    this.#wanted = wanted
    if (blob) inBackground(this.#load(pixels))
    else if (preview) this.#show(preview)
  }

  remove(): void {
    this.#isInView = false
    this.#release()
    this.image.remove()
  }

  /** Returns the pixels of its longer side on this screen, in steps, so that a resize loads little. */
  #pixels(): number {
    const { clientWidth, clientHeight } = this.image
    const pixels = Math.max(clientWidth, clientHeight, 1) * devicePixelRatio
    return 2 ** Math.ceil(Math.log2(pixels))
  }

  async #load(pixels: number): Promise<void> {
    const loading = new AbortController()
    this.#loading = loading
    try {
      const bytes = await this.#fetch(pixels, loading.signal)
      if (loading.signal.aborted) return
      this.#failureCount = 0
      if (bytes) this.#show(bytes)
    } catch {
      if (loading.signal.aborted) return
      this.#wanted = null
      const waitMs = Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** this.#failureCount++)
      clearTimeout(this.#retryTimer)
      this.#retryTimer = setTimeout(() => this.refresh(), waitMs)
    }
  }

  /** Fetches the picture with the token, which an image element doesn't send. Null while there is none to be shown. */
  async #fetch(pixels: number, signal: AbortSignal): Promise<Blob | null> {
    const url = blobUrl(this.#board, this.#record, pixels)
    if (!url) return null
    const response = await fetch(url, { headers: this.#board.headers, signal })
    if (!response.ok) throw new Error(response.statusText)
    return response.blob()
  }

  #show(bytes: Blob): void {
    const before = this.image.src
    this.image.src = URL.createObjectURL(bytes)
    URL.revokeObjectURL(before)
  }

  #release(): void {
    this.#loading?.abort()
    clearTimeout(this.#retryTimer)
    this.#wanted = null
    URL.revokeObjectURL(this.image.src)
    this.image.removeAttribute('src')
  }
}
