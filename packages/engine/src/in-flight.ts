/** The operations that have been started and have not settled, so that `close` can wait for them. */
export class InFlight {
  readonly #operations = new Set<Promise<unknown>>()

  /** Counts an operation as in flight until it settles. Settles as the operation does. */
  async track<T>(operation: Promise<T>): Promise<T> {
    this.#operations.add(operation)
    try {
      return await operation
    } finally {
      this.#operations.delete(operation)
    }
  }

  /** Resolves when all current operations have settled. Never rejects. */
  async whenSettled(): Promise<void> {
    await Promise.allSettled(this.#operations)
  }
}
