/** Decodes images one after the other, and shows each. Meanwhile the latest of those that come waits. */
export class LatestImage {
  readonly #element: HTMLElement
  #next: { readonly url: string; readonly resolve: () => void } | null = null
  #isDecoding = false

  constructor(element: HTMLElement) {
    this.#element = element
  }

  /** Shows the image at an address. Resolves when it stands; never if a later one takes its turn. */
  draw(url: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#next = { url, resolve }
    if (!this.#isDecoding) this.#drawAll().catch(() => {})
    return promise
  }

  async #drawAll(): Promise<void> {
    this.#isDecoding = true
    while (this.#next) {
      const { url, resolve } = this.#next
      this.#next = null
      const image = new Image()
      image.alt = ''
      image.draggable = false
      image.src = url
      const isDecoded = await image.decode().then(
        () => true,
        () => false,
      )
      // One that is kept no longer is passed over.
      if (isDecoded) this.#element.replaceChildren(image)
      resolve()
    }
    this.#isDecoding = false
  }
}
