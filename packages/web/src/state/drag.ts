import { limits } from '@wirephoto/board'
import type { DragPosition, Place } from '@wirephoto/client'
import { type Accessor, batch, createSignal, onCleanup, type Signal } from 'solid-js'
import { prefersReducedMotion } from '../look/motion.ts'
import type { BoardStore } from './board-store.ts'

/** Milliseconds in which a picture in someone else's hand covers most of the way to where it is. */
const FOLLOW = 45

interface Watched {
  readonly place: Signal<DragPosition | undefined>
  watchers: number
}

interface Spot extends Place {
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
  readonly #places = new Map<string, Watched>()
  /** Places at the start of one's own drag. */
  readonly #lifted = new Map<string, Spot>()
  readonly #own = new Map<string, DragPosition>()
  readonly #followers = new Map<string, Follower>()
  /** Whether one's own hand is full. */
  readonly isDragging: Accessor<boolean>
  readonly #setDragging: (holding: boolean) => void
  /** The pictures in any hand. */
  readonly away: Accessor<readonly string[]>
  readonly #setAway: (ids: readonly string[]) => void
  /** What stays where it is while copies of it are carried off. */
  readonly originals: Accessor<readonly string[]>
  readonly #setOriginals: (ids: readonly string[]) => void
  #frame = 0
  #reportFrame = 0

  constructor(boardStore: BoardStore) {
    this.#boardStore = boardStore
    const [holding, setHolding] = createSignal(false)
    this.isDragging = holding
    this.#setDragging = setHolding
    const [away, setAway] = createSignal<readonly string[]>([])
    this.away = away
    this.#setAway = setAway
    const [staying, setStaying] = createSignal<readonly string[]>([])
    this.originals = staying
    this.#setOriginals = setStaying
    const off = boardStore.board.on('drags', (ids) => this.#onDrags(ids))
    onCleanup(off)
  }

  /** Where a picture is instead of where it is written, as a signal. */
  at(id: string): Accessor<DragPosition | undefined> {
    let watched = this.#places.get(id)
    if (!watched) {
      const place = this.#own.get(id) ?? this.#followers.get(id)
      watched = { place: createSignal<DragPosition | undefined>(place), watchers: 0 }
      this.#places.set(id, watched)
    }
    const { place } = watched
    watched.watchers++
    onCleanup(() => {
      if (--watched.watchers === 0) this.#places.delete(id)
    })
    return place[0]
  }

  /** Takes pictures up, or copies of them. */
  lift(ids: Iterable<string>, what: 'themselves' | 'copies' = 'themselves'): void {
    for (const id of ids) {
      const record = this.#boardStore.get(id)
      if (record) this.#lifted.set(id, { w: record.w, ...pick(this.#followers.get(id) ?? record) })
      this.#followers.delete(id)
    }
    this.#setOriginals(what === 'copies' ? [...this.#lifted.keys()] : [])
    this.#setDragging(true)
    this.#count()
  }

  /** Board units since it was lifted; whole ones, so that what stood in a row stays in one. */
  carry(dx: number, dy: number): void {
    this.#place(({ x, y }) => ({ x: x + Math.round(dx), y: y + Math.round(dy) }))
  }

  /** Makes everything larger or smaller about a point, to a hundredth of a board unit. */
  scale(factor: number, about: Place): void {
    this.#place(({ x, y, w }) => ({
      x: fine(about.x + (x - about.x) * factor),
      y: fine(about.y + (y - about.y) * factor),
      w: fine(w * factor),
    }))
  }

  /** Writes where they are now, once. */
  letGo(): void {
    this.#end(() => this.#boardStore.move(this.#own))
  }

  /** Puts copies where they are now, and those themselves back; the copies' ids. */
  leaveCopies(): string[] {
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
  glide(ids: Iterable<string>): void {
    for (const id of ids) {
      const record = this.#boardStore.get(id)
      if (record && !this.#own.has(id) && !this.#followers.has(id))
        this.#followers.set(id, { w: record.w, ...pick(record) })
    }
    this.#count()
    this.#go()
  }

  #place(where: (lifted: Spot) => DragPosition): void {
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
    this.#places.get(id)?.place[1](place)
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
    this.#count()
  }

  #count(): void {
    this.#setAway([...this.#lifted.keys(), ...this.#followers.keys()])
  }

  #onDrags(ids: Iterable<string>): void {
    for (const id of ids) {
      if (this.#own.has(id)) continue
      const record = this.#boardStore.get(id)
      if (!record) continue
      if (!this.#followers.has(id)) this.#followers.set(id, { w: record.w, ...pick(record) })
    }
    this.#count()
    this.#go()
  }

  #go(): void {
    if (this.#followers.size > 0) this.#frame ||= requestAnimationFrame((now) => this.#follow(now))
  }

  #follow(now: number, last = now - 16): void {
    const still = prefersReducedMotion()
    const part = still ? 1 : 1 - Math.exp((last - now) / FOLLOW)
    batch(() => {
      for (const [id, follower] of this.#followers) {
        const held = this.#boardStore.board.drags.get(id)
        const record = this.#boardStore.get(id)
        if (!record) this.#release(id)
        else {
          const to = { ...pick(held ?? record), w: held?.w ?? record.w }
          if (this.#step(id, follower, to, part) && !held) this.#release(id)
        }
      }
    })
    const next = (time: number): void => this.#follow(time, now)
    this.#frame = this.#followers.size > 0 ? requestAnimationFrame(next) : 0
  }

  /** Goes part of the way; true when it is there. */
  #step(id: string, follower: Follower, { x, y, w }: Spot, part: number): boolean {
    follower.x += (x - follower.x) * part
    follower.y += (y - follower.y) * part
    follower.w += (w - follower.w) * part
    this.#show(id, { ...follower })
    return Math.hypot(x - follower.x, y - follower.y, w - follower.w) < 0.5
  }

  #release(id: string): void {
    this.#followers.delete(id)
    this.#show(id, undefined)
    this.#count()
  }
}

const pick = ({ x, y }: Place): Place => ({ x, y })

const fine = (units: number): number => Math.round(units * 100) / 100
