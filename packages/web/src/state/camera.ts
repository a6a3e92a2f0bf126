import type { Box } from '@wirephoto/board'
import { type Accessor, batch, createMemo, createSignal } from 'solid-js'
import { contains } from '../geometry/box.ts'
import {
  between,
  centred,
  type Enlargement,
  fitting,
  type Insets,
  MAX_ZOOM,
  MIN_ZOOM,
  type Point,
  panned,
  revealing,
  type Size,
  toBoard,
  type View,
  visibleBox,
  zoomed,
  zoomStep,
} from '../geometry/view.ts'
import { prefersReducedMotion } from '../look/motion.ts'

/** The duration of a flight from view to view (docs/look.md). */
const FLIGHT_MS = 320
/** How long after the last move the pictures are drawn sharp again. */
const REST_DELAY_MS = 160
/** How long after the last move the view is calm. */
const CALM_DELAY_MS = 1_000
/** While the view moves, `detail` follows smaller zooms in steps of this factor. */
const DETAIL_STEP_FACTOR = 0.84

/** The current view and where it is going. Moves are drawn at most once a frame. */
export class Camera {
  /** The view as drawn. */
  readonly view: Accessor<View>
  readonly size: Accessor<Size>
  /** The zoom rounded down to a power of two, for effects that needn't follow every step. */
  readonly level: Accessor<number>
  /**
   * The zoom that decides how sharp pictures are loaded: 0 until the first view stands. It follows a smaller
   * zoom at once, and a larger one when the view rests.
   */
  readonly detail: Accessor<number>
  /** Whether the view has rested for so long that it will hardly go back. */
  readonly isCalm: Accessor<boolean>
  /** While the view moves, the compositor shifts and scales the board as one layer. */
  readonly isMoving: Accessor<boolean>
  readonly #draw: (view: View) => void
  readonly #resize: (size: Size) => void
  readonly #setMoving: (moving: boolean) => void
  readonly #setStanding: (isStanding: boolean) => void
  readonly #setCalm: (isCalm: boolean) => void
  /** Whether the person has chosen the view. Until then the camera keeps all pictures in view. */
  isChosen = false
  #now: View
  /** The end of the current flight. Steps add up from here, so that a double press goes two steps. */
  #target: View
  #frame = 0
  #restTimer: ReturnType<typeof setTimeout> | undefined
  #calmTimer: ReturnType<typeof setTimeout> | undefined
  /** Whether the first view has been chosen. The next frame draws it. */
  #hasBegun = false
  /** Screen pixels at each edge that bars cover. */
  insets: Insets = { top: 72, right: 24, bottom: 88, left: 24 }

  constructor(size: Size) {
    this.#now = centred(size)
    this.#target = this.#now
    const [view, draw] = createSignal(this.#now)
    const [measured, resize] = createSignal(size)
    const [moving, setMoving] = createSignal(false)
    const [isStanding, setStanding] = createSignal(false)
    const [isCalm, setCalm] = createSignal(false)
    this.view = view
    this.size = measured
    this.isMoving = moving
    this.level = createMemo(() => 2 ** Math.floor(Math.log2(view().zoom)))
    this.detail = createMemo((last) => {
      const { zoom } = view()
      if (!isStanding()) return 0
      if (!moving() || last === 0) return zoom
      const end = this.#target.zoom
      return end < last * DETAIL_STEP_FACTOR ? end : last
    }, 0)
    this.#draw = draw
    this.#resize = resize
    this.#setMoving = setMoving
    this.#setStanding = setStanding
    this.isCalm = isCalm
    this.#setCalm = setCalm
  }

  /** The view that the next gesture builds on, ahead of the drawn `view` by up to a frame. */
  get now(): View {
    return this.#now
  }

  /** The view at the end of the current flight, or the current view. */
  get target(): View {
    return this.#target
  }

  /** The part of the board that no bar covers, in board units. */
  get visibleBox(): Box {
    return visibleBox(this.#now, this.size(), this.insets)
  }

  get centre(): Point {
    const { w, h } = this.size()
    return { x: w / 2, y: h / 2 }
  }

  resize(size: Size): void {
    const old = this.size()
    this.#resize(size)
    // The centre stays where it is when a phone is turned.
    this.jumpTo(panned(this.#now, (size.w - old.w) / 2, (size.h - old.h) / 2))
  }

  /**
   * Shows the first view: the kept one, else all of the box, enlarged as far as it may be. Pictures are loaded for it,
   * and not before.
   */
  begin(first: View | Box | null, enlargement?: Enlargement): void {
    this.#hasBegun = true
    if (first && 'zoom' in first) this.jumpTo(first)
    else this.fit(first, 'at once', enlargement)
  }

  jumpTo(view: View): void {
    cancelAnimationFrame(this.#frame)
    this.#now = view
    this.#target = view
    this.#frame = requestAnimationFrame(() => this.#drawNow())
  }

  pan(dx: number, dy: number): void {
    this.isChosen = true
    this.jumpTo(panned(this.#now, dx, dy))
  }

  zoom(factor: number, at: Point): void {
    this.isChosen = true
    this.jumpTo(zoomed(this.#now, this.#now.zoom * factor, at))
  }

  step(direction: 1 | -1): void {
    this.isChosen = true
    this.flyTo(zoomed(this.#target, zoomStep(this.#target.zoom, direction), this.centre))
  }

  /** Flies to 100 %, about the centre. */
  reset(): void {
    this.flyTo(zoomed(this.#now, 1, this.centre))
  }

  /** Brings the whole box into view, enlarged as far as it may be. Without a box, goes to the origin. */
  fit(box: Box | null, how: 'fly' | 'at once' = 'fly', enlargement: Enlargement = 1): void {
    const view = box ? fitting(box, this.size(), this.insets, enlargement) : centred(this.size())
    if (how === 'fly') this.flyTo(view)
    else this.jumpTo(view)
  }

  /** Fits the box unless all of it is in view already. */
  fitUnlessWhole(box: Box, how: 'fly' | 'at once', enlargement: Enlargement = 1): void {
    if (!contains(this.visibleBox, box)) this.fit(box, how, enlargement)
  }

  reveal(box: Box): void {
    const view = revealing(this.#now, box, this.size(), this.insets)
    if (view.x !== this.#now.x || view.y !== this.#now.y) this.flyTo(view)
  }

  flyTo(to: View): void {
    if (prefersReducedMotion()) return this.jumpTo(to)
    cancelAnimationFrame(this.#frame)
    this.#target = to
    const from = this.#now
    let start: number | undefined
    const step = (time: number): void => {
      start ??= time
      const t = Math.min(1, (time - start) / FLIGHT_MS)
      this.#now = between(from, to, this.size(), 1 - (1 - t) ** 3)
      this.#drawNow()
      if (t === 1) return
      // A slow page's next frame may come later than the delays end.
      this.#stopResting()
      this.#frame = requestAnimationFrame(step)
    }
    this.#frame = requestAnimationFrame(step)
  }

  #drawNow(): void {
    batch(() => {
      this.#setMoving(true)
      this.#setCalm(false)
      this.#draw(this.#now)
      this.#setStanding(this.#hasBegun)
    })
    this.#stopResting()
    this.#restTimer = setTimeout(() => this.#setMoving(false), REST_DELAY_MS)
    this.#calmTimer = setTimeout(() => this.#setCalm(true), CALM_DELAY_MS)
  }

  #stopResting(): void {
    clearTimeout(this.#restTimer)
    clearTimeout(this.#calmTimer)
  }
}

/** Returns a view as a URL's fragment: the board point at the screen's centre, and the zoom. */
export function hashFor(view: View, { w, h }: Size): string {
  const { x, y } = toBoard(view, { x: w / 2, y: h / 2 })
  return `#${Math.round(x)},${Math.round(y)},${Number(view.zoom.toPrecision(3))}`
}

/** Parses a URL's fragment. Returns null if it isn't a view. */
export function viewFromHash(hash: string, { w, h }: Size): View | null {
  const [x, y, zoom, ...further] = hash.slice(1).split(',').map(Number)
  if (x === undefined || y === undefined || zoom === undefined || further.length > 0) return null
  return validView({ x: x - w / 2 / zoom, y: y - h / 2 / zoom, zoom })
}

/** Parses a view stored as JSON. Returns null for anything else. */
export function parseView(text: string | null): View | null {
  try {
    return validView(JSON.parse(text ?? 'null') as View)
  } catch {
    return null
  }
}

function validView({ x, y, zoom }: View): View | null {
  const fine = Number.isFinite(x) && Number.isFinite(y) && zoom >= MIN_ZOOM && zoom <= MAX_ZOOM
  return fine ? { x, y, zoom } : null
}
