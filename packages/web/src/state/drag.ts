import { limits } from '@wirephoto/board'
import type { DragPosition, Place } from '@wirephoto/client'
import { type Accessor, batch, createSignal, onCleanup, type Signal } from 'solid-js'
import { prefersReducedMotion } from '../look/motion.ts'
import type { BoardStore } from './board-store.ts'

/** Milliseconds in which a picture in someone else's hand covers most of the way to where it is. */
const FOLLOW_MS = 45

interface WatchedPosition {
  readonly place: Signal<DragPosition | undefined>
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

/** Pictures away from where they are written: in one's own hand, or in someone else's. */
export class DragState {
  readonly #boardStore: BoardStore
  readonly #watched = new Map<string, WatchedPosition>()
  /** Places at the start of one's own drag. */
  readonly #lifted = new Map<string, Placement>()
  readonly #own = new Map<string, DragPosition>()
  readonly #followers = new Map<string, Follower>()
  /** Whether one's own hand is full. */
  readonly isDragging: Accessor<boolean>
  readonly #setDragging: (holding: boolean) => void
  /** The pictures in any hand. */
  readonly moving: Accessor<readonly string[]>
  readonly #setMoving: (ids: readonly string[]) => void
  /** What stays where it is while copies of it are carried off. */
  readonly originals: Accessor<readonly string[]>
  readonly #setOriginals: (ids: readonly string[]) => void
  #followFrame = 0
  #reportFrame = 0

  constructor(boardStore: BoardStore) {
    this.#boardStore = boardStore
    const [holding, setHolding] = createSignal(false)
    this.isDragging = holding
    this.#setDragging = setHolding
    const [away, setAway] = createSignal<readonly string[]>([])
    this.moving = away
    this.#setMoving = setAway
    const [staying, setStaying] = createSignal<readonly string[]>([])
    this.originals = staying
    this.#setOriginals = setStaying
    const off = boardStore.board.on('drags', (ids) => this.#onDrags(ids))
    onCleanup(off)
  }

  /** Where a picture is instead of where it is written, as a signal. */
  position(id: string): Accessor<DragPosition | undefined> {
    let watched = this.#watched.get(id)
    if (!watched) {
      const place = this.#own.get(id) ?? this.#followers.get(id)
      watched = { place: createSignal<DragPosition | undefined>(place), watchers: 0 }
      this.#watched.set(id, watched)
    }
    const { place } = watched
    watched.watchers++
    onCleanup(() => {
      if (--watched.watchers === 0) this.#watched.delete(id)
    })
    return place[0]
  }

  /** Takes pictures up, or copies of them. */
  lift(ids: Iterable<string>, what: 'themselves' | 'copies' = 'themselves'): void {
    for (const id of ids) {
      const record = this.#boardStore.get(id)
      if (record)
        this.#lifted.set(id, { w: record.w, ...placeOf(this.#followers.get(id) ?? record) })
      this.#followers.delete(id)
    }
    this.#setOriginals(what === 'copies' ? [...this.#lifted.keys()] : [])
    this.#setDragging(true)
    this.#updateMoving()
  }

  /** Board units since it was lifted; whole ones, so that what stood in a row stays in one. */
  moveBy(dx: number, dy: number): void {
    this.#moveOwn(({ x, y }) => ({ x: x + Math.round(dx), y: y + Math.round(dy) }))
  }

  /** Makes everything larger or smaller about a point, to a hundredth of a board unit. */
  scaleBy(factor: number, about: Place): void {
    this.#moveOwn(({ x, y, w }) => ({
      x: toHundredths(about.x + (x - about.x) * factor),
      y: toHundredths(about.y + (y - about.y) * factor),
      w: toHundredths(w * factor),
    }))
  }

  /** Writes where they are now, once. */
  drop(): void {
    this.#end(() => this.#boardStore.move(this.#own))
  }

  /** Puts copies where they are now, and those themselves back; the copies' ids. */
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

  cancel(): void {
    this.#end(() => {})
  }

  /** What is written next for these is gone to, not jumped to. */
  glideNext(ids: Iterable<string>): void {
    for (const id of ids) {
      const record = this.#boardStore.get(id)
      if (record && !this.#own.has(id) && !this.#followers.has(id))
        this.#followers.set(id, { w: record.w, ...placeOf(record) })
    }
    this.#updateMoving()
    this.#startFollowing()
  }

  #moveOwn(where: (lifted: Placement) => DragPosition): void {
    batch(() => {
      for (const [id, lifted] of this.#lifted) {
        const place = where(lifted)
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
    this.#watched.get(id)?.place[1](place)
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
    this.#lifted.clear()
    this.#updateMoving()
  }

  #updateMoving(): void {
    this.#setMoving([...this.#lifted.keys(), ...this.#followers.keys()])
  }

  #onDrags(ids: Iterable<string>): void {
    for (const id of ids) {
      if (this.#own.has(id)) continue
      const record = this.#boardStore.get(id)
      if (!record) continue
      if (!this.#followers.has(id)) this.#followers.set(id, { w: record.w, ...placeOf(record) })
    }
    this.#updateMoving()
    this.#startFollowing()
  }

  #startFollowing(): void {
    if (this.#followers.size > 0)
      this.#followFrame ||= requestAnimationFrame((now) => this.#follow(now))
  }

  #follow(now: number, last = now - 16): void {
    const still = prefersReducedMotion()
    const part = still ? 1 : 1 - Math.exp((last - now) / FOLLOW_MS)
    batch(() => {
      for (const [id, follower] of this.#followers) {
        const held = this.#boardStore.board.drags.get(id)
        const record = this.#boardStore.get(id)
        if (!record) this.#release(id)
        else {
          const to = { ...placeOf(held ?? record), w: held?.w ?? record.w }
          if (this.#step(id, follower, to, part) && !held) this.#release(id)
        }
      }
    })
    const next = (time: number): void => this.#follow(time, now)
    this.#followFrame = this.#followers.size > 0 ? requestAnimationFrame(next) : 0
  }

  /** Goes part of the way; true when it is there. */
  #step(id: string, follower: Follower, { x, y, w }: Placement, part: number): boolean {
    follower.x += (x - follower.x) * part
    follower.y += (y - follower.y) * part
    follower.w += (w - follower.w) * part
    this.#show(id, { ...follower })
    return Math.hypot(x - follower.x, y - follower.y, w - follower.w) < 0.5
  }

  #release(id: string): void {
    this.#followers.delete(id)
    this.#show(id, undefined)
    this.#updateMoving()
  }
}

const placeOf = ({ x, y }: Place): Place => ({ x, y })

const toHundredths = (units: number): number => Math.round(units * 100) / 100
