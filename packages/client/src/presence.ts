import { limits, type Presence as PresenceState, type PresenceUpdate } from '@wirephoto/board'
import type { Emitter } from './events.ts'
import type { BoardEvents, DragPosition, Place } from './types.ts'

/** Time between two messages about our own drag or pointer: 30 a second. */
const PRESENCE_INTERVAL_MS = 33
/** Time after which a resting state is sent once more, as a transient message may be lost (F12). */
const PRESENCE_REPEAT_MS = 800
/** Time without news after which another's drag has ended. */
const DRAG_SILENCE_MS = 2_000
/** The longest time between the end of another's drag and the change that it leads to. */
const DRAG_GRACE_MS = 500

/** A picture in somebody else's hand. */
interface RemoteDrag extends DragPosition {
  readonly session: string
  /** When it ends unless there is more news, in milliseconds since 1970. */
  readonly until: number
}

/** Somebody on the board. */
export interface Person {
  /** Their public id, as in a picture's `author`. */
  readonly visitor: string
  /** Empty until they have given one. */
  readonly name: string
  /** The place of their pointer on the board, or null while it is elsewhere. */
  readonly cursor: Place | null
  /** Ids of the pictures that they have selected. */
  readonly selection: readonly string[]
}

/** The connection, as presence uses it. */
interface PresenceChannel {
  /** Shows others what we do. A transient state may be lost, as another one follows soon. */
  sendPresence(state: PresenceState, isTransient: boolean): void
}

/** People at this moment: others as we see them, and ourselves as others shall see us. */
export class Presence {
  /** Places of pictures in others' hands. */
  readonly drags = new Map<string, RemoteDrag>()
  /** Others who are here, by session. */
  readonly people = new Map<string, Person>()
  /** Names by visitor, also of those who have left. */
  readonly names = new Map<string, string>()
  /** Colours by visitor, likewise. */
  readonly colours = new Map<string, number>()
  /** The number of visitors here, oneself included. */
  visitorCount = 1
  readonly #channel: PresenceChannel
  readonly #events: Emitter<BoardEvents>
  #own: PresenceState = { name: '', cursor: null, selection: [], drag: null }
  /** Whether others shall know that we are here even while we do nothing. */
  #hasName = false
  #sentAt = 0
  #sendTimer: ReturnType<typeof setTimeout> | undefined
  #endTimer: ReturnType<typeof setTimeout> | undefined

  constructor(channel: PresenceChannel, events: Emitter<BoardEvents>) {
    this.#channel = channel
    this.#events = events
  }

  /** Shows others the pictures in our hand; null when they are let go. */
  drag(positions: Readonly<Record<string, DragPosition>> | null): void {
    const entries = Object.entries(positions ?? {}).slice(0, limits.draggedPictureCount)
    if (entries.length === 0 && !this.#own.drag) return
    const drag = entries.length > 0 ? Object.fromEntries(entries) : null
    this.#set({ drag }, drag ? 'paced' : 'now')
  }

  /** Shows others our pointer; null when it has left the board. */
  point(at: Place | null): void {
    if (at || this.#own.cursor) this.#set({ cursor: at }, at ? 'paced' : 'now')
  }

  /** Shows others the pictures that we have selected. */
  select(ids: readonly string[]): void {
    this.#set({ selection: ids.slice(0, limits.draggedPictureCount) }, 'paced')
  }

  /** Our name, as others see it; empty until it is set. */
  get name(): string {
    return this.#own.name
  }

  /** Gives others our name, cut to the longest that the server takes. */
  setName(name: string): void {
    this.#hasName = true
    this.#set({ name: name.slice(0, limits.personNameLength) }, 'now')
  }

  /** Introduces us on a new connection. */
  greet(): void {
    if (this.#hasName) this.#send(false)
  }

  /** Takes the number of visitors. */
  count(visitors: number): void {
    this.visitorCount = visitors
    this.#events.emit('people', undefined)
  }

  /** Takes news of people, by session; with `all`, of everybody who is here. */
  receive(present: PresenceUpdate, ownSession: string | null, all = false): void {
    const now = Date.now()
    if (all) this.people.clear()
    const changed = new Set<string>()
    let isNamedAnew = false
    for (const [session, state] of Object.entries(present)) {
      if (state && this.#know(state)) isNamedAnew = true
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
    if (isNamedAnew) this.#events.emit('names', undefined)
    this.#events.emit('people', undefined)
    this.#emitDrags(changed)
    this.#watchEnds()
  }

  /** Ends others' drags of pictures that stand elsewhere by now. */
  moved(ids: Iterable<string>): void {
    this.#emitDrags(new Set([...ids].filter((id) => this.drags.delete(id))))
  }

  /** Forgets everybody: the connection is gone, and with it all news. */
  clear(): void {
    this.moved([...this.drags.keys()])
    this.people.clear()
    this.visitorCount = 1
    this.#events.emit('people', undefined)
    clearTimeout(this.#endTimer)
  }

  close(): void {
    this.clear()
    clearTimeout(this.#sendTimer)
  }

  #set(news: Partial<PresenceState>, when: 'now' | 'paced'): void {
    this.#own = { ...this.#own, ...news }
    clearTimeout(this.#sendTimer)
    if (when === 'now') return this.#send(false)
    const wait = this.#sentAt + PRESENCE_INTERVAL_MS - Date.now()
    if (wait > 0) this.#sendTimer = setTimeout(() => this.#send(true), wait)
    else this.#send(true)
  }

  #send(isTransient: boolean): void {
    clearTimeout(this.#sendTimer)
    this.#sentAt = Date.now()
    this.#channel.sendPresence(this.#own, isTransient)
    // A drag is repeated for as long as it lasts, as others end one that they hear nothing of.
    if (isTransient || this.#own.drag)
      this.#sendTimer = setTimeout(() => this.#send(false), PRESENCE_REPEAT_MS)
  }

  /** Takes a visitor's name and colour. Returns whether one of them is news. */
  #know({ visitor, name, colour }: { visitor: string; name: string; colour: number }): boolean {
    const isNews =
      (name !== '' && this.names.get(visitor) !== name) || this.colours.get(visitor) !== colour
    if (name) this.names.set(visitor, name)
    this.colours.set(visitor, colour)
    return isNews
  }

  #emitDrags(ids: ReadonlySet<string>): void {
    if (ids.size > 0) this.#events.emit('drags', ids)
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
