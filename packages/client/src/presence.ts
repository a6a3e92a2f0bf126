import { limits, type PresenceUpdate, type Presence as State } from '@wirephoto/board'
import type { DragPosition, Place } from './types.ts'

/** Milliseconds between two messages about our own drag: 30 a second. */
const PRESENCE_INTERVAL_MS = 33
/**
 * Milliseconds after which what rests is shown again, as what moved may have got lost (F12); a drag again
 * and again.
 */
const PRESENCE_REPEAT_MS = 800
/** Milliseconds without news after which another's drag has ended. */
const DRAG_SILENCE_MS = 2_000
/** Milliseconds between the end of another's drag and the change that it leads to, at the most. */
const DRAG_GRACE_MS = 500

interface Drag extends DragPosition {
  readonly session: string
  readonly until: number
}

/** Somebody on the board. */
export interface Person {
  readonly visitor: string
  /** Empty until they have said it. */
  readonly name: string
  /** Where their pointer is on the board. */
  readonly cursor: Place | null
  readonly selection: readonly string[]
}

const NOBODY: State = { name: '', cursor: null, selection: [], drag: null }

/** What people do at this moment: we as others shall see it, they as we see it. */
export class Presence {
  /** Where pictures in others' hands are. */
  readonly drags = new Map<string, Drag>()
  /** Others who are here, by session. */
  readonly people = new Map<string, Person>()
  /** Names of visitors who have said theirs, also of those who have left. */
  readonly names = new Map<string, string>()
  /** Visitors here, oneself included. */
  visitorCount = 1
  readonly #show: (state: State, isPassing: boolean) => void
  readonly #changed: (ids: ReadonlySet<string>) => void
  readonly #met: () => void
  #own: State = NOBODY
  /** Whether others shall know that we are here, though we do nothing. */
  #hasName = false
  #shownAt = 0
  #showTimer: ReturnType<typeof setTimeout> | undefined
  #endTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: {
    /** What is passing may get lost: it is soon shown anew. */
    show: (state: State, isPassing: boolean) => void
    changed: (ids: ReadonlySet<string>) => void
    met: () => void
  }) {
    this.#show = options.show
    this.#changed = options.changed
    this.#met = options.met
  }

  /** What is in our hand; null when it is let go. */
  drag(positions: Readonly<Record<string, DragPosition>> | null): void {
    const entries = Object.entries(positions ?? {}).slice(0, limits.draggedPictureCount)
    if (entries.length === 0 && !this.#own.drag) return
    const drag = entries.length > 0 ? Object.fromEntries(entries) : null
    this.#set({ drag }, drag ? 'paced' : 'now')
  }

  point(at: Place | null): void {
    if (at || this.#own.cursor) this.#set({ cursor: at }, at ? 'paced' : 'now')
  }

  select(ids: readonly string[]): void {
    this.#set({ selection: ids.slice(0, limits.draggedPictureCount) }, 'paced')
  }

  /** What we are called. */
  setName(name: string): void {
    this.#hasName = true
    this.#set({ name: name.slice(0, limits.personNameLength) }, 'now')
  }

  /** A new line: others know nothing of us yet. */
  greet(): void {
    if (this.#hasName) this.#send(false)
  }

  count(crowd: number): void {
    this.visitorCount = crowd
    this.#met()
  }

  /** News of others, by session; or `all` there are. */
  receive(present: PresenceUpdate, ownSession: string | null, all = false): void {
    const now = Date.now()
    if (all) this.people.clear()
    const changed = new Set<string>()
    for (const [session, state] of Object.entries(present)) {
      if (state?.name) this.names.set(state.visitor, state.name)
      if (session === ownSession) continue
      if (state) this.people.set(session, state)
      else this.people.delete(session)
      const held = new Map(Object.entries(state?.drag ?? {}))
      for (const [id, place] of held) {
        this.drags.set(id, { ...place, session, until: now + DRAG_SILENCE_MS })
        changed.add(id)
      }
      for (const [id, drag] of this.drags)
        if (drag.session === session && !held.has(id))
          this.drags.set(id, { ...drag, until: Math.min(drag.until, now + DRAG_GRACE_MS) })
    }
    this.#met()
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
    this.people.clear()
    this.#met()
    clearTimeout(this.#endTimer)
  }

  close(): void {
    this.clear()
    clearTimeout(this.#showTimer)
  }

  #set(news: Partial<State>, when: 'now' | 'paced'): void {
    this.#own = { ...this.#own, ...news }
    clearTimeout(this.#showTimer)
    if (when === 'now') return this.#send(false)
    const wait = this.#shownAt + PRESENCE_INTERVAL_MS - Date.now()
    if (wait > 0) this.#showTimer = setTimeout(() => this.#send(true), wait)
    else this.#send(true)
  }

  #send(isPassing: boolean): void {
    clearTimeout(this.#showTimer)
    this.#shownAt = Date.now()
    this.#show(this.#own, isPassing)
    if (isPassing || this.#own.drag)
      this.#showTimer = setTimeout(() => this.#send(false), PRESENCE_REPEAT_MS)
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
