import { limits, type SeenBy as News } from '@wirephoto/board'
import type { Emitter } from './events.ts'
import type { BoardEvents } from './types.ts'

/** Time in which painted pictures are gathered for one report. */
const REPORT_INTERVAL_MS = 100

/** The people who have one's own picture on their screen. */
export interface SeenBy {
  /** Each visitor once, in the order in which they saw it; milliseconds from the add to the paint. */
  readonly viewers: readonly { visitor: string; name: string; milliseconds: number }[]
  /** The number of other visitors on the board. */
  readonly otherCount: number
}

/** The connection, as receipts use it. */
interface SeenChannel {
  /** Tells the senders of these pictures that they are painted here. */
  reportSeen(ids: readonly string[]): void
}

/** Receipts for pictures that were painted: others' pictures here, and ours elsewhere. */
export class SeenReceipts {
  readonly #channel: SeenChannel
  readonly #events: Emitter<BoardEvents>
  readonly #seen = new Map<string, SeenBy>()
  /** Pictures that were reported, or wait for the next report. */
  readonly #known = new Set<string>()
  #waiting: string[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(channel: SeenChannel, events: Emitter<BoardEvents>) {
    this.#channel = channel
    this.#events = events
  }

  get(id: string): SeenBy | null {
    return this.#seen.get(id) ?? null
  }

  /** Reports each of these pictures once. */
  report(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.#known.has(id)) continue
      this.#known.add(id)
      this.#waiting.push(id)
    }
    if (this.#waiting.length > 0)
      this.#timer ??= setTimeout(() => this.#flush(), REPORT_INTERVAL_MS)
  }

  /** Takes news of our own pictures, by id. */
  receive(news: News): void {
    for (const [id, { viewers, otherCount }] of Object.entries(news)) {
      const before = this.#seen.get(id)?.viewers ?? []
      const known = new Set(before.map(({ visitor }) => visitor))
      this.#seen.set(id, {
        viewers: [...before, ...viewers.filter(({ visitor }) => !known.has(visitor))],
        otherCount,
      })
    }
    this.#events.emit('seen', new Set(Object.keys(news)))
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #flush(): void {
    this.#timer = undefined
    const ids = this.#waiting.splice(0)
    for (let i = 0; i < ids.length; i += limits.picturesPerReport)
      this.#channel.reportSeen(ids.slice(i, i + limits.picturesPerReport))
  }
}
