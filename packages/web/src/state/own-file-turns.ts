/** Own files that are decoded at the same time. */
const DECODED_AT_ONCE_COUNT = 2

/**
 * The turns in which one's own files are decoded to be drawn here. Previews are made first, since everybody
 * waits for them. A file without a preview goes at once.
 */
export class OwnFileTurns {
  readonly #waiting = new Map<string, () => void>()
  readonly #decoding = new Set<string>()
  readonly #withoutPreview = new Set<string>()
  #previewCount = 0

  /** Counts a preview as being made until it is there, or known not to come. */
  addPreview(id: string, preview: Promise<unknown>): void {
    this.#previewCount++
    const done = (made: unknown): void => {
      this.#previewCount--
      if (!made) this.#withoutPreview.add(id)
      this.#begin()
    }
    preview.then(done, () => done(null))
  }

  /** Calls `start` in the file's turn. The returned function ends that, or the wait for it. */
  request(id: string, start: () => void): () => void {
    this.#waiting.set(id, start)
    this.#begin()
    return () => {
      this.#waiting.delete(id)
      this.#decoding.delete(id)
      this.#begin()
    }
  }

  #begin(): void {
    for (const [id, start] of this.#waiting) {
      if (this.#decoding.size >= DECODED_AT_ONCE_COUNT) return
      if (this.#previewCount > 0 && !this.#withoutPreview.has(id)) continue
      this.#waiting.delete(id)
      this.#decoding.add(id)
      start()
    }
  }
}
