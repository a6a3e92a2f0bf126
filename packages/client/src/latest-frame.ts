/** Draws pictures into an element, each once it is decoded. Meanwhile the latest of those that come waits. */
export class LatestFrame {
  readonly #element: HTMLElement
  readonly #onDrawn: () => void
  #next: Blob | null = null
  #isDrawing = false

  /** `onDrawn` is called when a picture stands in the element. */
  constructor(element: HTMLElement, onDrawn: () => void = () => {}) {
    this.#element = element
    this.#onDrawn = onDrawn
  }

  draw(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): void {
    this.#next = new Blob([bytes])
    this.#drawAll().catch(() => {})
  }

  async #drawAll(): Promise<void> {
    if (this.#isDrawing) return
    this.#isDrawing = true
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
      URL.revokeObjectURL(url)
      if (!isDecoded) continue
      this.#element.replaceChildren(image)
      this.#onDrawn()
    }
    this.#isDrawing = false
  }
}
