/** Listeners by event. One that throws hurts neither the others nor whoever emits. */
export class Emitter<Events> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>()

  on<E extends keyof Events>(event: E, listener: (value: Events[E]) => void): () => void {
    const own = (value: Events[E]) => listener(value)
    const all = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, all.add(own))
    return () => all.delete(own)
  }

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
