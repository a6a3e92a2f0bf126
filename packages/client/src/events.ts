/** Listeners by event. A listener that throws stops neither the other listeners nor the emitter. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>()

  /** Calls `listener` at every such event, until the returned function is called. */
  on<E extends keyof Events>(event: E, listener: (value: Events[E]) => void): () => void {
    const own = (value: Events[E]) => listener(value)
    const all = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, all.add(own))
    return () => all.delete(own)
  }

  /** Calls the event's listeners, in the order in which they came. */
  emit<E extends keyof Events>(event: E, value: Events[E]): void {
    for (const listener of Array.from(this.#listeners.get(event) ?? []))
      try {
        listener(value as never)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
  }
}

/**
 * Resolves with what `look` returns as soon as that isn't null: now, or after one of the events.
 * Rejects with what `look` throws.
 */
export function until<Events, T>(
  emitter: Pick<Emitter<Events>, 'on'>,
  events: readonly (keyof Events)[],
  look: () => T | null,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const offs = events.map((event) => emitter.on(event, () => check()))
    const end = () => {
      for (const off of offs) off()
    }
    const check = () => {
      try {
        const found = look()
        if (found === null) return
        resolve(found)
      } catch (error) {
        reject(error)
      }
      end()
    }
    check()
  })
}
