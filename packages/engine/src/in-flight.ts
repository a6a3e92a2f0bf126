/** What was asked for and isn't answered yet. */
export class InFlight {
  readonly #all = new Set<Promise<unknown>>()

  async track<T>(running: Promise<T>): Promise<T> {
    this.#all.add(running)
    try {
      return await running
    } finally {
      this.#all.delete(running)
    }
  }

  /** Resolves when all of it has ended, however it did. */
  async whenSettled(): Promise<void> {
    await Promise.allSettled(this.#all)
  }
}
