/** Decodes the frames of a live slot one after the other, and has each shown. Meanwhile the latest of those that come waits. */
export class LatestFrame {
  readonly #show: (image: HTMLImageElement) => boolean
  #next: Blob | null = null
  #isDecoding = false

  /** `show` takes a frame that is decoded. It returns whether it keeps the object URL, which it then releases itself. */
  constructor(show: (image: HTMLImageElement) => boolean) {
    this.#show = show
  }

  draw(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): void {
    this.#next = new Blob([bytes])
    this.#drawAll().catch(() => {})
  }

  async #drawAll(): Promise<void> {
    if (this.#isDecoding) return
    this.#isDecoding = true
    while (this.#next) {
      const url = URL.createObjectURL(this.#next)
      this.#next = null
      const image = new Image()
      image.alt = ''
      image.draggable = false
      image.src = url
      // One that can't be decoded is passed over.
      const isDecoded = await image.decode().then(
        () => true,
        () => false,
      )
      if (!isDecoded || !this.#show(image)) URL.revokeObjectURL(url)
    }
    this.#isDecoding = false
  }
}
