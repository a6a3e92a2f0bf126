import { WireError } from '@wirephoto/board'

/** Requests that one visitor may hold: a few pages in each of a few browsers' windows. */
const HELD_PER_VISITOR_COUNT = 24
/** Requests that a server holds. Each costs a connection and a few kilobytes (F7). */
const HELD_COUNT = 4_000

/** The requests that wait for news, bounded in number, and ended when the server stops. */
export class HeldRequests {
  readonly #byVisitor = new Map<string, number>()
  readonly #closing = new AbortController()
  #count = 0

  /** Aborted when the server stops. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** Counts a request until this is disposed. Throws `too-many`, `busy` or `stopping`. */
  hold(visitor: string): Disposable {
    if (this.#closing.signal.aborted) throw new WireError('stopping')
    const own = this.#byVisitor.get(visitor) ?? 0
    if (own >= HELD_PER_VISITOR_COUNT) throw new WireError('too-many')
    if (this.#count >= HELD_COUNT) throw new WireError('busy')
    this.#byVisitor.set(visitor, own + 1)
    this.#count++
    return { [Symbol.dispose]: () => this.#release(visitor) }
  }

  close(): void {
    this.#closing.abort()
  }

  #release(visitor: string): void {
    this.#count--
    const own = this.#byVisitor.get(visitor)! - 1
    if (own > 0) this.#byVisitor.set(visitor, own)
    else this.#byVisitor.delete(visitor)
  }
}
