import { setTimeout } from 'node:timers/promises'
import type { Kind, Watcher } from './viewer.ts'

/** Time that the last deliveries of a step may take. A later one counts as this late. */
const LATE_MS = 5_000
const LOOK_INTERVAL_MS = 20

/** One change or preview that was sent. */
interface Sent {
  readonly at: number
  /** When the first and the last viewer had it. */
  first: number
  last: number
  count: number
}

/** The times that a message took to all viewers. */
interface Trip {
  /** Milliseconds until the first viewer had it. */
  readonly firstMs: number
  /** Milliseconds from the first viewer to the last. */
  readonly spreadMs: number
}

/** The times of all messages from their sending to each viewer. Every viewer gets all of them, in order. */
export class Deliveries implements Watcher {
  readonly #viewerCount: number
  readonly #sent: Record<Kind, Sent[]> = { change: [], preview: [] }
  readonly #milliseconds: number[] = []

  constructor(viewerCount: number) {
    this.#viewerCount = viewerCount
  }

  /** Notes that a message is being sent now. */
  sending(kind: Kind): void {
    this.#sent[kind].push({ at: performance.now(), first: 0, last: 0, count: 0 })
  }

  received(kind: Kind, n: number): void {
    const sent = this.#sent[kind][n]
    if (!sent) return
    const now = performance.now()
    if (sent.count++ === 0) sent.first = now
    sent.last = now
    this.#milliseconds.push(now - sent.at)
  }

  /** Resolves when everybody has everything, or soon after the time in which they should. */
  async whenComplete(): Promise<void> {
    const end = performance.now() + LATE_MS
    while (this.#milliseconds.length < this.#expectedCount && performance.now() < end)
      await setTimeout(LOOK_INTERVAL_MS)
  }

  /** Messages that viewers have not got. */
  get missingCount(): number {
    return this.#expectedCount - this.#milliseconds.length
  }

  /** Returns how late the 99th of a hundred deliveries came, in milliseconds. */
  get p99(): number {
    const all = Float64Array.from(this.#milliseconds).sort()
    return all[Math.ceil(this.#expectedCount * 0.99) - 1] ?? LATE_MS
  }

  /** Returns the trips of the messages of a kind that arrived. */
  tripsOf(kind: Kind): Trip[] {
    return this.#sent[kind]
      .filter(({ count }) => count > 0)
      .map(({ at, first, last }) => ({ firstMs: first - at, spreadMs: last - first }))
  }

  get #expectedCount(): number {
    return (this.#sent.change.length + this.#sent.preview.length) * this.#viewerCount
  }
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
