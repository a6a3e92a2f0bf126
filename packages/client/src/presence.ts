import { limits, type Present, type Presence as State } from '@wirephoto/board'
import type { Place } from './types.ts'

/** Milliseconds between two messages about our own drag: 30 a second. */
const INTERVAL = 33
/** Milliseconds after which a drag is shown again, though nothing moves: presence may get lost (F12). */
const REMIND = 800
/** Milliseconds without news after which another's drag has ended. */
const SILENCE = 2_000
/** Milliseconds between the end of another's drag and the change that it leads to, at the most. */
const GRACE = 500

interface Drag extends Place {
  readonly session: string
  readonly until: number
}

/** Pictures in people's hands: ours as others shall see it, theirs as we see it. */
export class Presence {
  /** Where pictures in others' hands are. */
  readonly drags = new Map<string, Drag>()
  /** Names of visitors who have said theirs. */
  readonly names = new Map<string, string>()
  readonly #show: (state: State) => void
  readonly #changed: (ids: ReadonlySet<string>) => void
  readonly #named: () => void
  #own: State['drag'] = null
  #name = ''
  #shownAt = 0
  #showTimer: ReturnType<typeof setTimeout> | undefined
  #endTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: {
    show: (state: State) => void
    changed: (ids: ReadonlySet<string>) => void
    named: () => void
  }) {
    this.#show = options.show
    this.#changed = options.changed
    this.#named = options.named
  }

  /** What is in our hand; null when it is let go. */
  drag(positions: Readonly<Record<string, Place>> | null): void {
    const entries = Object.entries(positions ?? {}).slice(0, limits.dragged)
    if (entries.length === 0 && !this.#own) return
    this.#own = entries.length > 0 ? Object.fromEntries(entries) : null
    clearTimeout(this.#showTimer)
    const wait = this.#own ? this.#shownAt + INTERVAL - Date.now() : 0
    if (wait > 0) this.#showTimer = setTimeout(() => this.#tell(), wait)
    else this.#tell()
  }

  /** What we are called. */
  introduce(name: string): void {
    this.#name = name.slice(0, limits.person)
    this.#tell()
  }

  /** A new line: others know nothing of us yet. */
  greet(): void {
    if (this.#name) this.#tell()
  }

  /** News of others, by session. */
  receive(present: Present, ownSession: string | null): void {
    const now = Date.now()
    const changed = new Set<string>()
    for (const [session, state] of Object.entries(present)) {
      if (state?.name && this.names.get(state.visitor) !== state.name) {
        this.names.set(state.visitor, state.name)
        this.#named()
      }
      if (session === ownSession) continue
      const held = new Map(Object.entries(state?.drag ?? {}))
      for (const [id, { x, y }] of held) {
        this.drags.set(id, { x, y, session, until: now + SILENCE })
        changed.add(id)
      }
      for (const [id, drag] of this.drags)
        if (drag.session === session && !held.has(id))
          this.drags.set(id, { ...drag, until: Math.min(drag.until, now + GRACE) })
    }
    this.#tellOf(changed)
    this.#watchEnds()
  }

  /** These stand elsewhere now: whoever dragged them has let them go. */
  moved(ids: Iterable<string>): void {
    this.#tellOf(new Set([...ids].filter((id) => this.drags.delete(id))))
  }

  /** The line is gone, and with it all news. */
  clear(): void {
    this.moved([...this.drags.keys()])
    clearTimeout(this.#endTimer)
  }

  close(): void {
    this.clear()
    clearTimeout(this.#showTimer)
  }

  #tell(): void {
    clearTimeout(this.#showTimer)
    this.#shownAt = Date.now()
    this.#show({ name: this.#name, drag: this.#own })
    if (this.#own) this.#showTimer = setTimeout(() => this.#tell(), REMIND)
  }

  #tellOf(ids: ReadonlySet<string>): void {
    if (ids.size > 0) this.#changed(ids)
  }

  #watchEnds(): void {
    clearTimeout(this.#endTimer)
    const next = Math.min(...Array.from(this.drags.values(), ({ until }) => until))
    if (next === Number.POSITIVE_INFINITY) return
    this.#endTimer = setTimeout(
      () => {
        const now = Date.now()
        this.moved([...this.drags].filter(([, { until }]) => until <= now).map(([id]) => id))
        this.#watchEnds()
      },
      Math.max(1, next - Date.now()),
    )
  }
}
