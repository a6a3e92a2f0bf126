import {
  type PresenceUpdate,
  personColour,
  type Presence as State,
  serverLimits,
} from '@wirephoto/board'

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
  /** Returns the states of the people who are on other servers. */
  readonly elsewhere: () => PresenceUpdate
  /** Bytes of the selections and drags that are shown: of all, of one visitor, and from one address. */
  readonly bytes: number
  readonly bytesPerVisitor: number
  readonly bytesPerAddress: number
}

/** Somebody whose presence is shown. */
interface Person {
  readonly visitor: string
  readonly address?: string
}

/**
 * The transient state of the people on one board. Each interval, one message has the latest state of
 * everybody whose state has changed; nothing is queued (F12). On a crowded board it shows the sessions that
 * came first, each address in turn, and all that drag a picture. Selections and drags are bounded in bytes,
 * and so is each message.
 */
export class Presence {
  readonly #options: PresenceOptions
  readonly #states = new Map<string, NonNullable<PresenceUpdate[string]>>()
  readonly #names = new Map<string, string>()
  readonly #sessionsByVisitor = new Map<string, number>()
  /** The colours of the visitors who are here. None is given twice while one is free. */
  readonly #colours = new Map<string, number>()
  readonly #addresses = new Map<string, string>()
  readonly #sessionsByAddress = new Map<string, Set<string>>()
  readonly #bytesByVisitor = new Map<string, number>()
  readonly #bytesByAddress = new Map<string, number>()
  #bytes = 0
  /** The sessions that are shown whatever they do. Found again only when somebody comes or goes. */
  #first: ReadonlySet<string> = new Set()
  readonly #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #sentAt = 0

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  /** The states of all sessions that are shown. */
  get all(): PresenceUpdate {
    return Object.fromEntries(
      [...this.#states].filter(([session, state]) => this.#isShown(session, state)),
    )
  }

  /** Returns the name that a session has given; empty if it hasn't given one. */
  nameOf(session: string): string {
    return this.#names.get(session) ?? ''
  }

  /** Sets the state of a session. Nothing but its name is kept of one that isn't shown. */
  set(session: string, { visitor, address = '' }: Person, state: State): void {
    this.#names.set(session, state.name)
    const before = this.#states.get(session)
    const ofVisitor = this.#sessionsByVisitor.get(visitor) ?? 0
    if (!before && ofVisitor >= SESSIONS_PER_VISITOR_COUNT) return
    const person = { visitor, address }
    if (before) this.#count(person, before, -1)
    else this.#enter(session, person)
    const colour = this.#colours.get(visitor)!
    const shown = { ...this.#fit(person, this.#onBoard(state)), visitor, colour }
    this.#count(person, shown, 1)
    this.#states.set(session, shown)
    if (!before) this.#updateFirst()
    if (before?.drag || this.#isShown(session, shown)) this.#change(session)
  }

  leave(session: string): void {
    this.#names.delete(session)
    const state = this.#states.get(session)
    if (!state) return
    const { visitor } = state
    const address = this.#addresses.get(session)!
    this.#states.delete(session)
    this.#addresses.delete(session)
    this.#count({ visitor, address }, state, -1)
    add(this.#sessionsByVisitor, visitor, -1)
    if (!this.#sessionsByVisitor.has(visitor)) this.#colours.delete(visitor)
    const neighbours = this.#sessionsByAddress.get(address)!
    neighbours.delete(session)
    if (neighbours.size === 0) this.#sessionsByAddress.delete(address)
    this.#updateFirst()
    this.#change(session)
  }

  #enter(session: string, { visitor, address }: Required<Person>): void {
    add(this.#sessionsByVisitor, visitor, 1)
    if (!this.#colours.has(visitor)) this.#colours.set(visitor, this.#newColour(visitor))
    this.#addresses.set(session, address)
    const neighbours = this.#sessionsByAddress.get(address) ?? new Set()
    this.#sessionsByAddress.set(address, neighbours.add(session))
  }

  /** Returns a visitor's colour: the one that they have on another server, or a free one. */
  #newColour(visitor: string): number {
    const taken = new Set(this.#colours.values())
    for (const state of Object.values(this.#options.elsewhere())) {
      if (state?.visitor === visitor) return state.colour
      if (state) taken.add(state.colour)
    }
    return personColour(visitor, taken)
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
  #fit({ visitor, address }: Required<Person>, state: State): State {
    const { bytesPerVisitor, bytesPerAddress, bytes: max } = this.#options
    const left = Math.min(
      bytesPerVisitor - (this.#bytesByVisitor.get(visitor) ?? 0),
      bytesPerAddress - (this.#bytesByAddress.get(address) ?? 0),
      max - this.#bytes,
    )
    const fits = (candidate: State) => bytesOf(candidate) <= Math.max(left, 0)
    if (fits(state)) return state
    const unselected = { ...state, selection: [] }
    return fits(unselected) ? unselected : { ...unselected, drag: null }
  }

  #count({ visitor, address }: Required<Person>, state: State, change: 1 | -1): void {
    const bytes = change * bytesOf(state)
    this.#bytes += bytes
    add(this.#bytesByVisitor, visitor, bytes)
    add(this.#bytesByAddress, address, bytes)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #isShown(session: string, { drag }: State): boolean {
    return drag !== null || this.#first.has(session)
  }

  /** Finds the first sessions again. Those that are shown from now on, and those that no longer are, have changed. */
  #updateFirst(): void {
    const before = this.#first
    this.#first = this.#findFirst()
    for (const session of this.#first.symmetricDifference(before)) this.#change(session)
  }

  /** Returns the first session of each address, then the second of each, as many as are shown. */
  #findFirst(): ReadonlySet<string> {
    if (this.#states.size <= serverLimits.shownPeopleCount) return new Set(this.#states.keys())
    const first = new Set<string>()
    let queues = Array.from(this.#sessionsByAddress.values(), (sessions) => sessions.values())
    while (queues.length > 0)
      queues = queues.filter((queue) => {
        const { value } = queue.next()
        if (value !== undefined && first.size < serverLimits.shownPeopleCount) first.add(value)
        return value !== undefined && first.size < serverLimits.shownPeopleCount
      })
    return first
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
    for (const session of this.#changed) {
      const state = this.#states.get(session)
      update[session] = state && this.#isShown(session, state) ? state : null
    }
    this.#changed.clear()
    this.#options.send(update)
  }
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const value = (counts.get(key) ?? 0) + change
  if (value === 0) counts.delete(key)
  else counts.set(key, value)
}

const bytesOf = ({ selection, drag }: State): number =>
  selection.length * SELECTED_BYTES + Object.keys(drag ?? {}).length * DRAGGED_BYTES
