import { limits, type SeenBy } from '@wirephoto/board'

/** Milliseconds between two messages to a sender: four a second. */
const INTERVAL = 250
/** Pictures of a room whose sights are told, at most. */
const PICTURES = 1_000

interface Added {
  /** The sender. */
  readonly visitor: string
  /** When its add was received, on `performance.now()`. */
  readonly at: number
  readonly seenBy: Set<string>
}

interface SeenOptions {
  /** To every page of that visitor. */
  readonly tell: (visitor: string, seenBy: SeenBy) => void
  /** How many others are here. */
  readonly others: (visitor: string) => number
  /** Milliseconds from an add to a sight of it. */
  readonly observe: (milliseconds: number) => void
}

/**
 * Who has new pictures on their screen, told to their senders and to nobody else: each sight once, so
 * that what is sent grows with the viewers and not with their square (S6).
 */
export class SeenReports {
  readonly #options: SeenOptions
  readonly #added = new Map<string, Added>()
  readonly #news = new Map<string, SeenBy[string]['viewers']>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: SeenOptions) {
    this.#options = options
  }

  /** An add has been received; it may yet be turned down. */
  add(id: string, visitor: string): void {
    const at = performance.now()
    if (this.#added.has(id)) return
    for (const [oldest, added] of this.#added) {
      if (this.#added.size < PICTURES && added.at > at - limits.seenByWindowMs) break
      this.#added.delete(oldest)
    }
    this.#added.set(id, { visitor, at, seenBy: new Set() })
  }

  /** Somebody has painted it; `lag` is how long the word of it was on its way, in milliseconds. */
  report(id: string, { visitor, name, lag }: { visitor: string; name: string; lag: number }): void {
    const added = this.#added.get(id)
    if (!added || added.visitor === visitor || added.seenBy.has(visitor)) return
    const milliseconds = Math.max(0, Math.round(performance.now() - added.at - lag))
    if (milliseconds > limits.seenByWindowMs) return
    added.seenBy.add(visitor)
    this.#options.observe(milliseconds)
    this.#news.set(id, [...(this.#news.get(id) ?? []), { visitor, name, milliseconds }])
    this.#timer ??= setTimeout(() => this.#flush(), INTERVAL)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #flush(): void {
    this.#timer = undefined
    const told = new Map<string, SeenBy>()
    for (const [id, viewers] of this.#news) {
      const visitor = this.#added.get(id)?.visitor
      if (visitor === undefined) continue
      const seenBy = told.get(visitor) ?? {}
      told.set(visitor, {
        ...seenBy,
        [id]: { viewers, otherCount: this.#options.others(visitor) },
      })
    }
    this.#news.clear()
    for (const [visitor, seenBy] of told) this.#options.tell(visitor, seenBy)
  }
}
