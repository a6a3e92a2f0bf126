import { limits, type PresenceUpdate, type Presence as State } from '@wirephoto/board'

/** Time between two messages about presence: 30 a second. */
const INTERVAL_MS = 33
/** Sessions of one visitor that are shown. */
const SESSIONS_PER_VISITOR_COUNT = 5
/** Bytes of a selected picture in a message, and of a dragged one. */
const SELECTED_BYTES = 39
const DRAGGED_BYTES = 100

interface PresenceOptions {
  /** Passes an update to every viewer of the board. */
  readonly send: (update: PresenceUpdate) => void
  readonly hasPicture: (id: string) => boolean
  /** Bytes of the selections and drags that are shown: of all, and of one visitor. */
  readonly bytes: number
  readonly bytesPerVisitor: number
}

/**
 * The transient state of the people on one board. Each interval, one message has the latest state of
 * everybody whose state has changed; nothing is queued (F12). On a crowded board it shows the sessions that
 * came first, and all that drag a picture. Selections and drags are bounded in bytes, and so is each message.
 */
export class Presence {
  readonly #options: PresenceOptions
  readonly #states = new Map<string, NonNullable<PresenceUpdate[string]>>()
  readonly #names = new Map<string, string>()
  readonly #sessionsByVisitor = new Map<string, number>()
  readonly #bytesByVisitor = new Map<string, number>()
  #bytes = 0
  readonly #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #sentAt = 0

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  /** The states of all sessions that are shown. */
  get all(): PresenceUpdate {
    const first = this.#first()
    return Object.fromEntries(
      [...this.#states].filter(([session, state]) => first.has(session) || state.drag),
    )
  }

  /** Returns the name that a session has given; empty if it hasn't given one. */
  nameOf(session: string): string {
    return this.#names.get(session) ?? ''
  }

  /** Sets the state of a session. Nothing but its name is kept of one that isn't shown. */
  set(session: string, visitor: string, state: State): void {
    this.#names.set(session, state.name)
    const before = this.#states.get(session)
    const ofVisitor = this.#sessionsByVisitor.get(visitor) ?? 0
    if (!before && ofVisitor >= SESSIONS_PER_VISITOR_COUNT) return
    if (before) this.#count(visitor, before, -1)
    else this.#sessionsByVisitor.set(visitor, ofVisitor + 1)
    const shown = { ...this.#fit(visitor, this.#onBoard(state)), visitor }
    this.#count(visitor, shown, 1)
    this.#states.set(session, shown)
    if (shown.drag || before?.drag || this.#first().has(session)) this.#change(session)
  }

  leave(session: string): void {
    this.#names.delete(session)
    const state = this.#states.get(session)
    if (!state) return
    const { visitor } = state
    this.#states.delete(session)
    this.#count(visitor, state, -1)
    const left = (this.#sessionsByVisitor.get(visitor) ?? 0) - 1
    if (left > 0) this.#sessionsByVisitor.set(visitor, left)
    else {
      this.#sessionsByVisitor.delete(visitor)
      this.#bytesByVisitor.delete(visitor)
    }
    this.#change(session)
  }

  /** Leaves out pictures that the board doesn't have. */
  #onBoard(state: State): State {
    const { hasPicture } = this.#options
    const drag = Object.entries(state.drag ?? {}).filter(([id]) => hasPicture(id))
    return {
      ...state,
      selection: state.selection.filter(hasPicture),
      drag: drag.length > 0 ? Object.fromEntries(drag) : null,
    }
  }

  /** Leaves out a selection that finds no room, and then the drag. */
  #fit(visitor: string, state: State): State {
    const fits = (candidate: State) => {
      const bytes = bytesOf(candidate)
      const ofVisitor = (this.#bytesByVisitor.get(visitor) ?? 0) + bytes
      const { bytesPerVisitor, bytes: max } = this.#options
      return bytes === 0 || (ofVisitor <= bytesPerVisitor && this.#bytes + bytes <= max)
    }
    if (fits(state)) return state
    const unselected = { ...state, selection: [] }
    return fits(unselected) ? unselected : { ...unselected, drag: null }
  }

  #count(visitor: string, state: State, change: 1 | -1): void {
    const bytes = change * bytesOf(state)
    this.#bytes += bytes
    this.#bytesByVisitor.set(visitor, (this.#bytesByVisitor.get(visitor) ?? 0) + bytes)
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
    this.#options.send(update)
  }
}

const bytesOf = ({ selection, drag }: State): number =>
  selection.length * SELECTED_BYTES + Object.keys(drag ?? {}).length * DRAGGED_BYTES
