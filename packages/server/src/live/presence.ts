import { limits, type PresenceUpdate, type Presence as State } from '@wirephoto/board'

/** Time between two messages about presence: 30 a second. */
const INTERVAL_MS = 33

/**
 * The transient state of the people on one board. Each interval, one message has the latest state of
 * everybody whose state has changed; nothing is queued (F12). On a crowded board it shows the sessions that
 * came first, and all that drag a picture.
 */
export class Presence {
  readonly #send: (update: PresenceUpdate) => void
  readonly #states = new Map<string, PresenceUpdate[string]>()
  readonly #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #sentAt = 0

  /** `send` passes an update to every viewer of the board. */
  constructor(send: (update: PresenceUpdate) => void) {
    this.#send = send
  }

  /** The states of all sessions that are shown. */
  get all(): PresenceUpdate {
    const first = this.#first()
    return Object.fromEntries(
      [...this.#states].filter(([session, state]) => first.has(session) || state?.drag),
    )
  }

  /** Returns the name that a session has given; empty if it hasn't given one. */
  nameOf(session: string): string {
    return this.#states.get(session)?.name ?? ''
  }

  set(session: string, visitor: string, state: State): void {
    const hadDrag = this.#states.get(session)?.drag
    this.#states.set(session, { ...state, visitor })
    if (state.drag || hadDrag || this.#first().has(session)) this.#change(session)
  }

  leave(session: string): void {
    if (this.#states.delete(session)) this.#change(session)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  /** Returns the sessions that are shown whatever they do. */
  #first(): ReadonlySet<string> {
    return new Set(this.#states.keys().take(limits.shownPeopleCount))
  }

  #change(session: string): void {
    this.#changed.add(session)
    this.#timer ??= setTimeout(
      () => this.#flush(),
      Math.max(0, this.#sentAt + INTERVAL_MS - performance.now()),
    )
  }

  #flush(): void {
    this.#timer = undefined
    this.#sentAt = performance.now()
    const update: PresenceUpdate = {}
    for (const session of this.#changed) update[session] = this.#states.get(session) ?? null
    this.#changed.clear()
    this.#send(update)
  }
}
