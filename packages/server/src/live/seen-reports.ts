import { limits, type SeenBy } from '@wirephoto/board'

/** Time between two messages to a sender: four a second. */
const INTERVAL_MS = 250
const WATCHED_PICTURES_COUNT = 1_000

interface WatchedPicture {
  /** The visitor who added it. */
  readonly sender: string
  /** When its add was received, by `performance.now()`. */
  readonly addedAt: number
  readonly seenBy: Set<string>
}

/** Somebody who has a picture on their screen. */
export interface Viewer {
  readonly visitor: string
  readonly name: string
  /** Milliseconds that the report was on its way. */
  readonly lag: number
}

interface SeenReportsOptions {
  /** Sends a receipt to every page of a visitor. */
  readonly send: (visitor: string, seenBy: SeenBy) => void
  /** Counts the other visitors on the board. */
  readonly countOthers: (visitor: string) => number
  /** Measures the time from an add to a paint of it. */
  readonly observe: (milliseconds: number) => void
}

/**
 * The receipts for new pictures. Each paint is reported once, to the picture's sender alone, so traffic
 * grows with the viewers and not with their square (S6).
 */
export class SeenReports {
  readonly #options: SeenReportsOptions
  readonly #pictures = new Map<string, WatchedPicture>()
  readonly #unsent = new Map<string, SeenBy[string]['viewers']>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: SeenReportsOptions) {
    this.#options = options
  }

  /** Watches a picture from its add on, which may still be refused. */
  add(id: string, sender: string): void {
    const addedAt = performance.now()
    if (this.#pictures.has(id)) return
    for (const [oldest, picture] of this.#pictures) {
      const isRecent = picture.addedAt > addedAt - limits.seenByWindowMs
      if (isRecent && this.#pictures.size < WATCHED_PICTURES_COUNT) break
      this.#pictures.delete(oldest)
    }
    this.#pictures.set(id, { sender, addedAt, seenBy: new Set() })
  }

  /** Takes a viewer's report of a paint. Returns whether the picture is watched here. */
  report(id: string, { visitor, name, lag }: Viewer): boolean {
    const picture = this.#pictures.get(id)
    if (!picture) return false
    if (picture.sender === visitor || picture.seenBy.has(visitor)) return true
    const milliseconds = Math.max(0, Math.round(performance.now() - picture.addedAt - lag))
    if (milliseconds > limits.seenByWindowMs) return true
    picture.seenBy.add(visitor)
    this.#options.observe(milliseconds)
    this.#unsent.set(id, [...(this.#unsent.get(id) ?? []), { visitor, name, milliseconds }])
    this.#timer ??= setTimeout(() => this.#flush(), INTERVAL_MS)
    return true
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #flush(): void {
    this.#timer = undefined
    const bySender = new Map<string, SeenBy>()
    for (const [id, viewers] of this.#unsent) {
      const sender = this.#pictures.get(id)?.sender
      if (sender === undefined) continue
      const otherCount = this.#options.countOthers(sender)
      bySender.set(sender, { ...bySender.get(sender), [id]: { viewers, otherCount } })
    }
    this.#unsent.clear()
    for (const [sender, seenBy] of bySender) this.#options.send(sender, seenBy)
  }
}
