import type { BusMessage } from './message.ts'

/** The carrier of a server's messages, and whether it works at this moment. */
export interface BusState {
  /** `none`: this server has none. `links`: the servers' own connections. */
  readonly kind: 'none' | 'redis' | 'links'
  /** The sentence for the operator while nothing is carried; null while all is well. */
  readonly problem: string | null
}

/**
 * Carries what is ephemeral between the servers of one engine. It is bounded and lossy: a message may come late, or
 * never, and of those with one key that wait, the latest goes (F12).
 */
export interface Bus extends AsyncDisposable {
  readonly state: BusState
  /** Sends a message to all other servers that subscribe to its board, never back to this one. */
  publish(board: string, message: BusMessage): void
  /** Receives what other servers publish for a board; `from` names the sender. Returns a function that ends this. */
  subscribe(board: string, receive: Receive): () => void
  /** Calls back when a server may have come that knows nothing of this one. */
  onPeer(listener: () => void): void
}

/** Takes a message of another server. */
export type Receive = (message: BusMessage, from: string) => void

/** The board of what concerns no board. No board has that id. */
export const EVERY_BOARD = '~'

/** The bus of a server that has none. */
export const noBus: Bus = {
  state: { kind: 'none', problem: null },
  publish() {},
  subscribe: () => () => {},
  onPeer() {},
  async [Symbol.asyncDispose]() {},
}

/** The subscriptions to boards of one server. */
export class Subscriptions {
  readonly #receivers = new Map<string, Set<Receive>>()
  readonly #onFirst: (board: string) => void
  readonly #onLast: (board: string) => void

  /** Calls back with a board that got its first receiver, and with one that has lost its last. */
  constructor(onFirst: (board: string) => void, onLast: (board: string) => void) {
    this.#onFirst = onFirst
    this.#onLast = onLast
  }

  get boards(): string[] {
    return [...this.#receivers.keys()]
  }

  add(board: string, receive: Receive): () => void {
    const known = this.#receivers.get(board)
    const receivers = known ?? new Set()
    this.#receivers.set(board, receivers.add(receive))
    if (!known) this.#onFirst(board)
    return () => {
      if (!receivers.delete(receive) || receivers.size > 0) return
      this.#receivers.delete(board)
      this.#onLast(board)
    }
  }

  deliver(board: string, message: BusMessage, from: string): void {
    for (const receive of this.#receivers.get(board) ?? []) receive(message, from)
  }
}
