import { FrameTimes, type ImageRecord } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'

/** Time between two looks at which slots are late. */
const LOOK_INTERVAL_MS = 1_000
/** Slots whose times are known. One that is forgotten counts by its stored frames. */
const KNOWN_SLOTS_COUNT = 10_000

/** How a live slot stands. Times are milliseconds since 1970. */
export interface SlotState {
  readonly lastFrameAt: number
  readonly isLate: boolean
  /** The usual time between two frames; null while it is unknown. */
  readonly intervalMs: number | null
}

/** A slot that is late, or whose frames come again. */
export interface SlotNews {
  readonly type: 'slot.late' | 'slot.live'
  readonly board: string
  /** The id of its tile. */
  readonly id: string
  /** The time of its last frame, before it was late. */
  readonly lastFrameAt: number
}

interface Entry {
  readonly board: string
  readonly times: FrameTimes
  /** Whether the last frame came to this server, which then tells when the next one is late. */
  isOwn: boolean
  isToldLate: boolean
}

/** Knows when the frames of live slots came, by tile, and tells of those that are late. */
export class SlotTimes implements Disposable {
  readonly #now: () => number
  readonly #entries = new LRUCache<string, Entry>({
    max: KNOWN_SLOTS_COUNT,
    dispose: (_entry, id) => this.#watched.delete(id),
  })
  /** The tiles whose next frame may be late. */
  readonly #watched = new Map<string, Entry>()
  readonly #timer: NodeJS.Timeout
  onNews: (news: SlotNews) => void = () => {}

  constructor(now: () => number) {
    this.#now = now
    this.#timer = setInterval(() => this.look(), LOOK_INTERVAL_MS).unref()
  }

  /** Notes a frame that has just come: to this server, or to another one. */
  note(board: string, id: string, isOwn: boolean): void {
    const known = this.#entries.get(id)
    const entry = known ?? { board, times: new FrameTimes(), isOwn, isToldLate: false }
    if (!known) this.#entries.set(id, entry)
    const { lastAt } = entry.times
    if (entry.isToldLate && isOwn)
      this.onNews({ type: 'slot.live', board, id, lastFrameAt: lastAt! })
    entry.isToldLate = false
    entry.isOwn = isOwn
    entry.times.note(this.#now())
    // After a single frame nobody knows when the next one is due.
    if (isOwn && entry.times.intervalMs !== null) this.#watched.set(id, entry)
    else this.#watched.delete(id)
  }

  /** Returns how the slot of a tile stands. */
  of({ id, storedAt, replacedAt }: ImageRecord): SlotState {
    let times = this.#entries.peek(id)?.times
    if (!times) {
      times = new FrameTimes()
      times.note(replacedAt ?? storedAt ?? 0)
    }
    return {
      lastFrameAt: times.lastAt!,
      isLate: times.isLate(this.#now()),
      intervalMs: times.intervalMs === null ? null : Math.round(times.intervalMs),
    }
  }

  /** Forgets the slot of a tile, since it has ended. */
  forget(id: string): void {
    this.#entries.delete(id)
  }

  /** Tells of the slots that have become late. */
  look(): void {
    const now = this.#now()
    for (const [id, entry] of this.#watched) {
      const { board, times } = entry
      if (!times.isLate(now)) continue
      this.#watched.delete(id)
      entry.isToldLate = true
      this.onNews({ type: 'slot.late', board, id, lastFrameAt: times.lastAt! })
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
