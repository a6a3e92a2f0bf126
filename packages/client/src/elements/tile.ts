import type { Box, ImageRecord } from '@wirephoto/board'
import { backoff } from '../backoff.ts'
import type { BoardReader } from '../board-reader.ts'
import { inBackground } from '../in-background.ts'
import { LatestFrame } from '../latest-frame.ts'
import type { LiveFrame } from '../types.ts'
import { blobUrl } from '../urls.ts'
import { elementWords } from './words.ts'

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
  /** Whether live frames are shown, which are newer than what is stored. */
  #isLive = false
  readonly #frames = new LatestFrame(({ src }) => {
    if (this.#isLive) this.#show(src)
    return this.#isLive
  })

  constructor(board: BoardReader, record: ImageRecord) {
    this.#board = board
    this.#record = record
    this.image.decoding = 'async'
    this.image.draggable = false
  }

  /** Puts it where its record says in the area that all pictures fill, and shows its newest bytes. Returns whether it has another file than before. */
  update(record: ImageRecord, { x, y, w, h }: Box, order: number): boolean {
    const isOther = record.blob !== this.#record.blob
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
    return isOther
  }

  /** Shows its bytes as it comes into view, and releases them as it goes. */
  setInView(isInView: boolean): void {
    this.#isInView = isInView
    if (isInView) this.refresh()
    else this.#release()
  }

  /** Shows a frame of a live slot once it is decoded. The latest of those that come meanwhile follows. */
  showFrame({ bytes }: LiveFrame): void {
    if (!this.#isInView) return
    this.#isLive = true
    this.#loading?.abort()
    this.#frames.draw(bytes)
  }

  /** Goes back to what is stored: later frames may have been missed. */
  endFrames(): void {
    if (!this.#isLive) return
    this.#isLive = false
    this.#wanted = null
    this.refresh()
  }

  /** Looks whether there is something better to show. */
  refresh(): void {
    if (!this.#isInView || this.#isLive) return
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
    else if (preview) this.#show(URL.createObjectURL(preview))
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
      if (bytes) this.#show(URL.createObjectURL(bytes))
    } catch {
      if (loading.signal.aborted) return
      this.#wanted = null
      clearTimeout(this.#retryTimer)
      this.#retryTimer = setTimeout(() => this.refresh(), backoff(this.#failureCount++))
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

  /** Shows what an object URL leads to, and releases the one before. */
  #show(url: string): void {
    const before = this.image.src
    this.image.src = url
    URL.revokeObjectURL(before)
  }

  #release(): void {
    this.#isLive = false
    this.#loading?.abort()
    clearTimeout(this.#retryTimer)
    this.#wanted = null
    URL.revokeObjectURL(this.image.src)
    this.image.removeAttribute('src')
  }
}
