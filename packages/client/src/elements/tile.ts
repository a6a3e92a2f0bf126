import type { ImageRecord } from '@wirephoto/board'
import { backoff } from '../backoff.ts'
import type { BoardReader } from '../board-reader.ts'
import { inBackground } from '../in-background.ts'
import { blobUrl } from '../urls.ts'
import { elementWords } from './words.ts'

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
  /** Whether live frames are shown, which are newer than what is stored. */
  #isLive = false
  /** The latest frame that waits for the one before to be decoded. */
  #nextFrame: Blob | null = null
  #isDecoding = false

  constructor(board: BoardReader, record: ImageRecord) {
    this.#board = board
    this.#record = record
    this.image.decoding = 'async'
    this.image.draggable = false
  }

  /** Puts it where its record says, and shows its newest bytes. Returns whether it has another file than before. */
  update(record: ImageRecord, { x, y, w, h }: Frame, order: number): boolean {
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
  showFrame(frame: Blob): void {
    if (!this.#isInView) return
    this.#isLive = true
    this.#loading?.abort()
    this.#nextFrame = frame
    if (!this.#isDecoding) inBackground(this.#showFrames())
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

  async #showFrames(): Promise<void> {
    this.#isDecoding = true
    for (let frame = this.#nextFrame; frame; frame = this.#nextFrame) {
      this.#nextFrame = null
      const url = URL.createObjectURL(frame)
      const decoded = Object.assign(new Image(), { src: url })
      // One that can't be decoded is passed over.
      const isDecoded = await decoded.decode().then(
        () => true,
        () => false,
      )
      if (isDecoded && this.#isLive) this.#show(url)
      else URL.revokeObjectURL(url)
    }
    this.#isDecoding = false
  }

  /** Shows what an object URL leads to, and releases the one before. */
  #show(url: string): void {
    const before = this.image.src
    this.image.src = url
    URL.revokeObjectURL(before)
  }

  #release(): void {
    this.#isLive = false
    this.#nextFrame = null
    this.#loading?.abort()
    clearTimeout(this.#retryTimer)
    this.#wanted = null
    URL.revokeObjectURL(this.image.src)
    this.image.removeAttribute('src')
  }
}
