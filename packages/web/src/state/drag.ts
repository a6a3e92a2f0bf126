import { limits, toHundredths } from '@wirephoto/board'
import type { DragPosition, Place } from '@wirephoto/client'
import { type Accessor, batch, createSignal, onCleanup, type Signal } from 'solid-js'
import { prefersReducedMotion } from '../look/motion.ts'
import type { BoardStore } from './board-store.ts'

/** The time in which a picture that another visitor drags covers 63 % of its way to the latest place. */
const FOLLOW_MS = 45

interface WatchedPosition {
  readonly signal: Signal<DragPosition | undefined>
  watchers: number
}

interface Placement extends Place {
  readonly w: number
}

interface Follower {
  x: number
  y: number
  w: number
}

/** Pictures that are shown away from their record's place: dragged here or by another visitor, or gliding. */
export class DragState {
  readonly #boardStore: BoardStore
  readonly #watched = new Map<string, WatchedPosition>()
  /** The places at the start of one's own drag. */
  readonly #starts = new Map<string, Placement>()
  /** The places now of what is dragged here. */
  readonly #own = new Map<string, DragPosition>()
  /** The places now of pictures that glide. */
  readonly #followers = new Map<string, Follower>()
  readonly isDragging: Accessor<boolean>
  readonly #setDragging: (isDragging: boolean) => void
  /** The ids of all pictures that are dragged or glide. */
  readonly moving: Accessor<readonly string[]>
  readonly #setMoving: (ids: readonly string[]) => void
  /** The ids of the pictures that stay in place while copies of them are dragged. */
  readonly originals: Accessor<readonly string[]>
  readonly #setOriginals: (ids: readonly string[]) => void
  #followFrame = 0
  #reportFrame = 0

  constructor(boardStore: BoardStore) {
    this.#boardStore = boardStore
    const [isDragging, setDragging] = createSignal(false)
    const [moving, setMoving] = createSignal<readonly string[]>([])
    const [originals, setOriginals] = createSignal<readonly string[]>([])
    this.isDragging = isDragging
    this.#setDragging = setDragging
    this.moving = moving
    this.#setMoving = setMoving
    this.originals = originals
    this.#setOriginals = setOriginals
    onCleanup(boardStore.board.on('drags', (ids) => this.glide(ids)))
  }

  /** Returns where a picture is shown instead of its record's place, as a signal. */
  position(id: string): Accessor<DragPosition | undefined> {
    let watched = this.#watched.get(id)
    if (!watched) {
      const place = this.#own.get(id) ?? this.#followers.get(id)
      watched = { signal: createSignal<DragPosition | undefined>(place), watchers: 0 }
      this.#watched.set(id, watched)
    }
    const [position] = watched.signal
    watched.watchers++
    onCleanup(() => {
      if (--watched.watchers === 0) this.#watched.delete(id)
    })
    return position
  }

  /** Begins to drag pictures, or copies of them. */
  lift(ids: Iterable<string>, what: 'themselves' | 'copies' = 'themselves'): void {
    for (const id of ids) {
      const record = this.#boardStore.get(id)
      if (record)
        this.#starts.set(id, { w: record.w, ...placeOf(this.#followers.get(id) ?? record) })
      this.#followers.delete(id)
    }
    this.#setOriginals(what === 'copies' ? [...this.#starts.keys()] : [])
    this.#setDragging(true)
    this.#updateMoving()
  }

  /** Moves what is dragged by board units since the start. Whole units keep a row straight. */
  moveBy(dx: number, dy: number): void {
    this.#moveOwn(({ x, y }) => ({ x: x + Math.round(dx), y: y + Math.round(dy) }))
  }

  /** Scales what is dragged about a point, to a hundredth of a board unit. */
  scaleBy(factor: number, about: Place): void {
    this.#moveOwn(({ x, y, w }) => ({
      x: toHundredths(about.x + (x - about.x) * factor),
      y: toHundredths(about.y + (y - about.y) * factor),
      w: toHundredths(w * factor),
    }))
  }

  /** Ends the drag and writes the places, as one undo step. */
  drop(): void {
    this.#end(() => this.#boardStore.move(this.#own))
  }

  /** Ends the drag, puts copies here and the originals back. Returns the copies' ids. */
  dropCopies(): string[] {
    let ids: string[] = []
    this.#end(() => {
      ids = this.#boardStore.board.copy(
        [...this.#own].flatMap(([sourceId, { x, y }]) =>
          this.#boardStore.get(sourceId)?.blob ? { sourceId, x, y } : [],
        ),
      )
    })
    return ids
  }

  /** Ends the drag and puts everything back. */
  cancel(): void {
    this.#end(() => {})
  }

  /** Lets pictures glide, instead of jump, to wherever they are placed next. */
  glide(ids: Iterable<string>): void {
    for (const id of ids) {
      const record = this.#boardStore.get(id)
      if (record && !this.#own.has(id) && !this.#followers.has(id))
        this.#followers.set(id, { w: record.w, ...placeOf(record) })
    }
    this.#updateMoving()
    if (this.#followers.size > 0)
      this.#followFrame ||= requestAnimationFrame((now) => this.#follow(now))
  }

  #moveOwn(where: (start: Placement) => DragPosition): void {
    batch(() => {
      for (const [id, start] of this.#starts) {
        const place = where(start)
        this.#own.set(id, place)
        this.#show(id, place)
      }
    })
    if (this.originals().length > 0) return
    this.#reportFrame ||= requestAnimationFrame(() => {
      this.#reportFrame = 0
      const shown = [...this.#own].slice(0, limits.draggedPictureCount)
      this.#boardStore.board.drag(Object.fromEntries(shown))
    })
  }

  #show(id: string, place: DragPosition | undefined): void {
    this.#watched.get(id)?.signal[1](place)
  }

  #end(write: () => void): void {
    cancelAnimationFrame(this.#reportFrame)
    this.#reportFrame = 0
    batch(() => {
      if (this.#own.size > 0) write()
      for (const id of this.#own.keys()) this.#show(id, undefined)
      this.#setDragging(false)
      this.#setOriginals([])
    })
    if (this.#own.size > 0) this.#boardStore.board.drag(null)
    this.#own.clear()
    this.#starts.clear()
    this.#updateMoving()
  }

  #updateMoving(): void {
    this.#setMoving([...this.#starts.keys(), ...this.#followers.keys()])
  }

  #follow(now: number, last = now - 16): void {
    const part = prefersReducedMotion() ? 1 : 1 - Math.exp((last - now) / FOLLOW_MS)
    let isAnyReleased = false
    const release = (id: string): void => {
      this.#followers.delete(id)
      this.#show(id, undefined)
      isAnyReleased = true
    }
    batch(() => {
      for (const [id, follower] of this.#followers) {
        const held = this.#boardStore.board.drags.get(id)
        const record = this.#boardStore.get(id)
        if (!record) release(id)
        else {
          const to = { ...placeOf(held ?? record), w: held?.w ?? record.w }
          if (this.#step(id, follower, to, part) && !held) release(id)
        }
      }
      if (isAnyReleased) this.#updateMoving()
    })
    const next = (time: number): void => this.#follow(time, now)
    this.#followFrame = this.#followers.size > 0 ? requestAnimationFrame(next) : 0
  }

  /** Moves a picture part of its way. True once it has arrived. */
  #step(id: string, follower: Follower, { x, y, w }: Placement, part: number): boolean {
    follower.x += (x - follower.x) * part
    follower.y += (y - follower.y) * part
    follower.w += (w - follower.w) * part
    this.#show(id, { ...follower })
    return Math.hypot(x - follower.x, y - follower.y, w - follower.w) < 0.5
  }
}

const placeOf = ({ x, y }: Place): Place => ({ x, y })
