import type { ClientState, Clients } from '@wirephoto/engine'

/** Clients with refusals that are remembered, in case they send the refused commands again. */
const REMEMBERED_REFUSALS_COUNT = 1_000

/** The answers that a board has given: by client, the last settled number and the refusals. */
export class ClientStates {
  readonly #states = new Map<string, ClientState>()
  /** Clients whose state holds refusals or isn't durable, oldest first. */
  readonly #refused = new Set<string>()

  get(client: string): ClientState | undefined {
    return this.#states.get(client)
  }

  /** Takes over newer states. Memory doesn't grow with the refusals. */
  remember(clients: Clients): void {
    for (const [client, state] of clients) {
      if (state.n < (this.#states.get(client)?.n ?? 0)) continue
      this.#states.set(client, state)
      this.#refused.delete(client)
      if (state.seq === 0 || state.refused.length > 0) this.#refused.add(client)
    }
    for (const client of this.#refused) {
      if (this.#refused.size <= REMEMBERED_REFUSALS_COUNT) break
      this.#forgetRefusals(client)
    }
  }

  get size(): number {
    return this.#states.size
  }

  /** Forgets the clients that `isForgotten` says. */
  forget(isForgotten: (client: string, state: ClientState) => boolean): void {
    for (const [client, state] of this.#states)
      if (isForgotten(client, state)) {
        this.#states.delete(client)
        this.#refused.delete(client)
      }
  }

  clear(): void {
    this.#states.clear()
    this.#refused.clear()
  }

  #forgetRefusals(client: string): void {
    this.#refused.delete(client)
    const state = this.#states.get(client)
    // A state with a batch is in the log too; one without has nothing but refusals.
    if (state && state.seq > 0) this.#states.set(client, { ...state, refused: [] })
    else this.#states.delete(client)
  }
}
