import { limits, type PresenceUpdate, type Presence as State } from '@wirephoto/board'

/** Milliseconds between two messages about presence: 30 a second. */
const INTERVAL = 33

/**
 * What people are doing at this moment on one board: latest wins, nothing is queued (F12). One
 * coalesced message an interval for everybody, of those whose state has changed. Of a crowd only the
 * first are shown, and whoever has a picture in hand.
 */
export class Presence {
  readonly #send: (news: PresenceUpdate) => void
  readonly #states = new Map<string, PresenceUpdate[string]>()
  readonly #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #sentAt = 0

  constructor(send: (news: PresenceUpdate) => void) {
    this.#send = send
  }

  /** The state of all who are shown, for somebody who has just come. */
  get all(): PresenceUpdate {
    const first = this.#first
    return Object.fromEntries(
      [...this.#states].filter(([session, state]) => first.has(session) || state?.drag),
    )
  }

  /** Empty when it hasn't been said. */
  nameOf(session: string): string {
    return this.#states.get(session)?.name ?? ''
  }

  set(session: string, visitor: string, state: State): void {
    const hadDrag = this.#states.get(session)?.drag
    this.#states.set(session, { ...state, visitor })
    if (state.drag || hadDrag || this.#first.has(session)) this.#change(session)
  }

  leave(session: string): void {
    if (this.#states.delete(session)) this.#change(session)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  /** The sessions that are shown whatever they do. */
  get #first(): ReadonlySet<string> {
    return new Set(this.#states.keys().take(limits.shownPeopleCount))
  }

  #change(session: string): void {
    this.#changed.add(session)
    this.#timer ??= setTimeout(
      () => this.#flush(),
      Math.max(0, this.#sentAt + INTERVAL - performance.now()),
    )
  }

  #flush(): void {
    this.#timer = undefined
    this.#sentAt = performance.now()
    const present: PresenceUpdate = {}
    for (const session of this.#changed) present[session] = this.#states.get(session) ?? null
    this.#changed.clear()
    this.#send(present)
  }
}
