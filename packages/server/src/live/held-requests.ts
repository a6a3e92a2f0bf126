import { WireError } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'

/** Requests that one visitor may hold: a few pages in each of a few browsers' windows. */
const HELD_PER_VISITOR_COUNT = 24
/** Requests that one address may hold: as many as a large office, and far fewer than all. */
const HELD_PER_ADDRESS_COUNT = 1_000
/** Requests that a server holds. Each costs a connection and a few kilobytes (F7). */
const HELD_COUNT = 4_000

/** Time for which a visitor who has asked for news counts as here: browsers let a hidden page ask once a minute. */
const PRESENT_MS = 150_000
/** Visitors who are remembered for that time. */
const PRESENT_COUNT = 20_000

/** Somebody who asks the server to hold a request. */
interface Holder {
  readonly visitor: string
  readonly address: string
  readonly connection: object
}

/** The requests that wait for news, bounded in number, and ended when the server stops. */
export class HeldRequests {
  readonly #byVisitor = new Map<string, number>()
  readonly #byAddress = new Map<string, number>()
  /** Connections with a held request. Answers go out in order, so a second one on the same would only cost. */
  readonly #connections = new Set<object>()
  readonly #present = new LRUCache<string, true>({ max: PRESENT_COUNT, ttl: PRESENT_MS })
  readonly #closing = new AbortController()

  /** Aborted when the server stops. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** Notes that a visitor has asked for news, held or not. */
  note(visitor: string): void {
    this.#present.set(visitor, true)
  }

  /** Whether a visitor follows by plain requests: one is held, or was made lately. */
  isHere(visitor: string): boolean {
    return this.#byVisitor.has(visitor) || this.#present.has(visitor)
  }

  /** Counts a request until this is disposed. Throws `too-many`, `busy` or `stopping`. */
  hold({ visitor, address, connection }: Holder): Disposable {
    if (this.#closing.signal.aborted) throw new WireError('stopping')
    if (
      this.#connections.has(connection) ||
      (this.#byVisitor.get(visitor) ?? 0) >= HELD_PER_VISITOR_COUNT ||
      (this.#byAddress.get(address) ?? 0) >= HELD_PER_ADDRESS_COUNT
    )
      throw new WireError('too-many')
    if (this.#connections.size >= HELD_COUNT) throw new WireError('busy')
    this.#connections.add(connection)
    count(this.#byVisitor, visitor, 1)
    count(this.#byAddress, address, 1)
    return {
      [Symbol.dispose]: () => {
        this.#connections.delete(connection)
        count(this.#byVisitor, visitor, -1)
        count(this.#byAddress, address, -1)
      },
    }
  }

  close(): void {
    this.#closing.abort()
  }
}

function count(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const value = (counts.get(key) ?? 0) + change
  if (value > 0) counts.set(key, value)
  else counts.delete(key)
}
