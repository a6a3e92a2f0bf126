/** Runs the tasks of each key one after another. */
export class SerialTasks {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs a task when those that came before it for the same key have ended. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const running = before.then(task)
    const ended = running.catch(() => {
      // Its own caller hears of it.
    })
    this.#last.set(key, ended)
    try {
      return await running
    } finally {
      if (this.#last.get(key) === ended) this.#last.delete(key)
    }
  }
}
