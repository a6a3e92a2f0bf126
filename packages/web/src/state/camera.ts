import type { Box } from '@wirephoto/board'
import { type Accessor, createMemo, createSignal } from 'solid-js'
import { contains } from '../geometry/box.ts'
import {
  between,
  centred,
  clear,
  fitting,
  type Insets,
  type Point,
  panned,
  revealing,
  type Size,
  toBoard,
  type View,
  ZOOM_MAX,
  ZOOM_MIN,
  zoomed,
  zoomStep,
} from '../geometry/view.ts'
import { prefersReducedMotion } from '../look/motion.ts'

/** Milliseconds of a fly-to. */
const FLIGHT = 320
/** Milliseconds after the last move until the pictures are drawn sharp again. */
const REST = 160

/** Where the view is and where it goes. Moves are gathered and drawn once a frame. */
export class Camera {
  /** As drawn. */
  readonly view: Accessor<View>
  readonly size: Accessor<Size>
  /** The zoom rounded down to a power of two, for what needn't follow every step. */
  readonly level: Accessor<number>
  /** The zoom at rest, rounded up by less than half an octave: how sharp pictures are to be. */
  readonly detail: Accessor<number>
  /** While it moves, the board is one layer that the compositor shifts and scales. */
  readonly moving: Accessor<boolean>
  readonly #draw: (view: View) => void
  readonly #resize: (size: Size) => void
  readonly #setMoving: (moving: boolean) => void
  /** Whether the person has chosen what to see. */
  isChosen = false
  #now: View
  /** Where a flight ends: what is pressed twice goes two steps. */
  #goal: View
  #frame = 0
  #rest: ReturnType<typeof setTimeout> | undefined
  /** Set by the shell, which knows what covers the board. */
  insets: Insets = { top: 72, right: 24, bottom: 88, left: 24 }

  constructor(size: Size) {
    this.#now = centred(size)
    this.#goal = this.#now
    const [view, draw] = createSignal(this.#now)
    const [measured, resize] = createSignal(size)
    const [moving, setMoving] = createSignal(false)
    this.view = view
    this.size = measured
    this.moving = moving
    this.level = createMemo(() => 2 ** Math.floor(Math.log2(view().zoom)))
    this.detail = createMemo(
      (last) => (moving() && last > 0 ? last : 2 ** (Math.ceil(Math.log2(view().zoom) * 2) / 2)),
      0,
    )
    this.#draw = draw
    this.#resize = resize
    this.#setMoving = setMoving
  }

  /** Ahead of `view` by up to a frame: what the next gesture builds on. */
  get now(): View {
    return this.#now
  }

  /** Where a flight ends, or where it is. */
  get goal(): View {
    return this.#goal
  }

  /** What of the board the person sees. */
  get clear(): Box {
    return clear(this.#now, this.size(), this.insets)
  }

  get middle(): Point {
    const { w, h } = this.size()
    return { x: w / 2, y: h / 2 }
  }

  resize(size: Size): void {
    const old = this.size()
    this.#resize(size)
    // What was in the middle stays there: nothing runs away when a phone is turned.
    this.to(panned(this.#now, (size.w - old.w) / 2, (size.h - old.h) / 2))
  }

  to(view: View): void {
    cancelAnimationFrame(this.#frame)
    this.#now = view
    this.#goal = view
    this.#frame = requestAnimationFrame(() => this.#show())
  }

  pan(dx: number, dy: number): void {
    this.isChosen = true
    this.to(panned(this.#now, dx, dy))
  }

  zoom(factor: number, at: Point): void {
    this.isChosen = true
    this.to(zoomed(this.#now, this.#now.zoom * factor, at))
  }

  step(direction: 1 | -1): void {
    this.isChosen = true
    this.fly(zoomed(this.#goal, zoomStep(this.#goal.zoom, direction), this.middle))
  }

  /** To 100 %, about the middle. */
  reset(): void {
    this.fly(zoomed(this.#now, 1, this.middle))
  }

  /** So that the box is whole, at once or in a flight; without one, to the origin. */
  fit(box: Box | null, how: 'fly' | 'at once' = 'fly'): void {
    const view = box ? fitting(box, this.size(), this.insets) : centred(this.size())
    if (how === 'fly') this.fly(view)
    else this.to(view)
  }

  /** Fits the box unless it is whole already. */
  show(box: Box): void {
    if (!contains(this.clear, box)) this.fly(fitting(box, this.size(), this.insets))
  }

  reveal(box: Box): void {
    const view = revealing(this.#now, box, this.size(), this.insets)
    if (view.x !== this.#now.x || view.y !== this.#now.y) this.fly(view)
  }

  fly(to: View): void {
    if (prefersReducedMotion()) return this.to(to)
    cancelAnimationFrame(this.#frame)
    this.#goal = to
    const from = this.#now
    let start: number | undefined
    const step = (time: number): void => {
      start ??= time
      const t = Math.min(1, (time - start) / FLIGHT)
      this.#now = between(from, to, this.size(), 1 - (1 - t) ** 3)
      this.#show()
      if (t < 1) this.#frame = requestAnimationFrame(step)
    }
    this.#frame = requestAnimationFrame(step)
  }

  #show(): void {
    this.#setMoving(true)
    this.#draw(this.#now)
    clearTimeout(this.#rest)
    this.#rest = setTimeout(() => this.#setMoving(false), REST)
  }
}

/** A view as the end of an address: the board point in the middle of the screen, and the zoom. */
export function hashOf(view: View, { w, h }: Size): string {
  const { x, y } = toBoard(view, { x: w / 2, y: h / 2 })
  return `#${Math.round(x)},${Math.round(y)},${Number(view.zoom.toPrecision(3))}`
}

/** The view that an address ends with, null for any other end. */
export function viewOf(hash: string, { w, h }: Size): View | null {
  const [x, y, zoom, ...further] = hash.slice(1).split(',').map(Number)
  if (x === undefined || y === undefined || zoom === undefined || further.length > 0) return null
  return sane({ x: x - w / 2 / zoom, y: y - h / 2 / zoom, zoom })
}

/** A view kept from before, or null for anything else. */
export function parseView(text: string | null): View | null {
  try {
    return sane(JSON.parse(text ?? 'null') as View)
  } catch {
    return null
  }
}

function sane({ x, y, zoom }: View): View | null {
  const fine = Number.isFinite(x) && Number.isFinite(y) && zoom >= ZOOM_MIN && zoom <= ZOOM_MAX
  return fine ? { x, y, zoom } : null
}
