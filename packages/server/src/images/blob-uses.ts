/** Blobs that a collector must leave alone, as long as this is not disposed. */
export interface UsedBlobs extends Disposable {
  has(blob: string): boolean
}

/**
 * The blobs that uploads of this process are storing, before their records name them (C3).
 *
 * A lease tells other servers the same, but it has to last as long as the slowest of them may take.
 */
export class BlobUses {
  readonly #counts = new Map<string, number>()
  readonly #watches = new Set<Set<string>>()

  /** Begins to use blobs, until the result is disposed. Call this before they are put. */
  begin(blobs: readonly string[]): Disposable {
    for (const blob of blobs) {
      this.#counts.set(blob, (this.#counts.get(blob) ?? 0) + 1)
      for (const seen of this.#watches) seen.add(blob)
    }
    let isOver = false
    return {
      [Symbol.dispose]: () => {
        if (isOver) return
        isOver = true
        for (const blob of blobs) this.#end(blob)
      },
    }
  }

  /** Collects the blobs that are used now or later, until the result is disposed. Call it before records are read. */
  watch(): UsedBlobs {
    const seen = new Set(this.#counts.keys())
    this.#watches.add(seen)
    return {
      has: (blob) => seen.has(blob),
      [Symbol.dispose]: () => {
        this.#watches.delete(seen)
      },
    }
  }

  #end(blob: string): void {
    const left = this.#counts.get(blob)! - 1
    if (left > 0) this.#counts.set(blob, left)
    else this.#counts.delete(blob)
  }
}
