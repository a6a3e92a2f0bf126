import { limits } from '@wirephoto/board'
import type { Place } from '@wirephoto/client'
import { type Accessor, batch, createSignal, onCleanup, type Signal } from 'solid-js'
import type { Desk } from '../desk.ts'

/** Milliseconds in which a picture in someone else's hand covers most of the way to where it is. */
const FOLLOW = 45

interface Follower {
  x: number
  y: number
}

/** Pictures away from where they are written: in one's own hand, or in someone else's. */
export class Hands {
  readonly #desk: Desk
  readonly #places = new Map<string, Signal<Place | undefined>>()
  /** Places at the start of one's own drag. */
  readonly #lifted = new Map<string, Place>()
  readonly #own = new Map<string, Place>()
  readonly #followers = new Map<string, Follower>()
  /** Whether one's own hand is full. */
  readonly holding: Accessor<boolean>
  readonly #setHolding: (holding: boolean) => void
  /** The pictures in any hand. */
  readonly away: Accessor<readonly string[]>
  readonly #setAway: (ids: readonly string[]) => void
  #frame = 0
  #tell = 0

  constructor(desk: Desk) {
    this.#desk = desk
    const [holding, setHolding] = createSignal(false)
    this.holding = holding
    this.#setHolding = setHolding
    const [away, setAway] = createSignal<readonly string[]>([])
    this.away = away
    this.#setAway = setAway
    const off = desk.board.on('drags', (ids) => this.#others(ids))
    onCleanup(off)
  }

  /** Where a picture is instead of where it is written, as a signal. */
  at(id: string): Accessor<Place | undefined> {
    let signal = this.#places.get(id)
    if (!signal) {
      signal = createSignal<Place | undefined>(this.#own.get(id) ?? this.#followers.get(id))
      this.#places.set(id, signal)
      onCleanup(() => this.#places.delete(id))
    }
    return signal[0]
  }

  lift(ids: Iterable<string>): void {
    for (const id of ids) {
      const record = this.#desk.get(id)
      if (record) this.#lifted.set(id, this.#followers.get(id) ?? record)
      this.#followers.delete(id)
    }
    this.#setHolding(true)
    this.#count()
  }

  /** Board units since it was lifted; whole ones, so that what stood in a row stays in one. */
  carry(dx: number, dy: number): void {
    batch(() => {
      for (const [id, { x, y }] of this.#lifted) {
        const place = { x: x + Math.round(dx), y: y + Math.round(dy) }
        this.#own.set(id, place)
        this.#places.get(id)?.[1](place)
      }
    })
    this.#tell ||= requestAnimationFrame(() => {
      this.#tell = 0
      const shown = [...this.#own].slice(0, limits.dragged)
      this.#desk.board.drag(Object.fromEntries(shown))
    })
  }

  /** Writes where they are now, once. */
  letGo(): void {
    this.#end(() => this.#desk.move(this.#own))
  }

  cancel(): void {
    this.#end(() => {})
  }

  #end(write: () => void): void {
    cancelAnimationFrame(this.#tell)
    this.#tell = 0
    batch(() => {
      if (this.#own.size > 0) write()
      for (const id of this.#own.keys()) this.#places.get(id)?.[1](undefined)
      this.#setHolding(false)
    })
    if (this.#own.size > 0) this.#desk.board.drag(null)
    this.#own.clear()
    this.#lifted.clear()
    this.#count()
  }

  #count(): void {
    this.#setAway([...this.#lifted.keys(), ...this.#followers.keys()])
  }

  #others(ids: Iterable<string>): void {
    for (const id of ids) {
      if (this.#own.has(id)) continue
      const record = this.#desk.get(id)
      if (!record) continue
      if (!this.#followers.has(id)) this.#followers.set(id, { x: record.x, y: record.y })
    }
    this.#count()
    if (this.#followers.size > 0) this.#frame ||= requestAnimationFrame((now) => this.#follow(now))
  }

  #follow(now: number, last = now - 16): void {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    const part = still ? 1 : 1 - Math.exp((last - now) / FOLLOW)
    batch(() => {
      for (const [id, follower] of this.#followers) {
        const held = this.#desk.board.drags.get(id)
        const record = this.#desk.get(id)
        if (!record) this.#release(id)
        else if (this.#step(id, follower, held ?? record, part) && !held) this.#release(id)
      }
    })
    const next = (time: number): void => this.#follow(time, now)
    this.#frame = this.#followers.size > 0 ? requestAnimationFrame(next) : 0
  }

  /** Goes part of the way; true when it is there. */
  #step(id: string, follower: Follower, to: Place, part: number): boolean {
    follower.x += (to.x - follower.x) * part
    follower.y += (to.y - follower.y) * part
    this.#places.get(id)?.[1]({ x: follower.x, y: follower.y })
    return Math.hypot(to.x - follower.x, to.y - follower.y) < 0.5
  }

  #release(id: string): void {
    this.#followers.delete(id)
    this.#places.get(id)?.[1](undefined)
    this.#count()
  }
}
