import type { PicturePlace } from '../geometry/picture-place.ts'
import type { Point } from '../geometry/view.ts'
import type { PictureMotion, Step } from './picture-motion.ts'

/** How far a pointer goes before it is no tap. */
const TAP_PX = 8
/** A second tap within this time, and so near to the first, makes a double tap. */
const DOUBLE_TAP = { ms: 300, px: 40 }
/** How far a picture is drawn aside to change it, and down to close. */
const FAR_PX = { aside: 48, down: 96 }
/** A finger that leaves the screen at this speed goes on, in pixels a millisecond, if it went so far. */
const FLICK = { speed: 0.4, px: 16 }
/** The time before the end by which a finger's speed is measured. */
const SPEED_WINDOW_MS = 100
/** The zoom by one pixel of the wheel, and of a pinch on a touchpad, as a power of e. */
const ZOOM_PER_PX = { wheel: 1 / 500, pinch: 1 / 100 }
/** One turn of any wheel. */
const MAX_WHEEL_PX = 150
const WHEEL_LINE_PX = 32

type Mode = 'undecided' | 'aside' | 'down' | 'pan' | 'pinch' | 'none'

interface GestureHost {
  hasNeighbour(to: Step): boolean
  /** Whether the browser scrolls the picture, as long as it is whole. */
  scrolls(): boolean
  leave(): void
}

/**
 * Turns pointers and the wheel into the large picture's motion. One finger draws a whole picture aside to its neighbour
 * or down to close, and pans a zoomed one. Two zoom, and a third does nothing. A tall picture is scrolled by the browser.
 */
export class LargeGestures {
  readonly #frame: HTMLElement
  readonly #motion: PictureMotion
  readonly #host: GestureHost
  /** The fingers on the picture, or the mouse, from the frame's middle. */
  readonly #fingers = new Map<number, Point>()
  readonly #trail: (Point & { time: number })[] = []
  #mode: Mode = 'none'
  #from: { place: PicturePlace; at: Point; distance: number } | null = null
  #lastTap: (Point & { time: number }) | null = null
  #isMouse = false
  /** Whether the last press has moved something. The click that follows means nothing then. */
  hasMoved = false

  constructor(frame: HTMLElement, motion: PictureMotion, host: GestureHost) {
    this.#frame = frame
    this.#motion = motion
    this.#host = host
    frame.addEventListener('pointerdown', (event) => this.#down(event))
    frame.addEventListener('pointermove', (event) => this.#move(event))
    frame.addEventListener('pointerup', (event) => this.#up(event))
    frame.addEventListener('pointercancel', (event) => this.#cancel(event))
    frame.addEventListener('wheel', (event) => this.#wheel(event), { passive: false })
    frame.addEventListener('dblclick', (event) => {
      // Browsers derive it from taps, too.
      if (this.#isMouse && event.target !== frame) motion.toggle(this.#pointOf(event))
    })
    // Otherwise browsers start a fling, which swallows the next tap.
    const ours = (event: TouchEvent): void => {
      const isScroll = event.touches.length === 1 && host.scrolls()
      if (event.cancelable && !isScroll) event.preventDefault()
    }
    frame.addEventListener('touchmove', ours, { passive: false })
  }

  #down(event: PointerEvent): void {
    this.#isMouse = event.pointerType === 'mouse'
    if (this.#isMouse && event.button !== 0) return
    // The first of several: what was before it is gone, though the browser may not have said so.
    if (event.isPrimary) {
      this.#fingers.clear()
      this.hasMoved = false
    }
    if (this.#fingers.size === 2) return
    this.#fingers.set(event.pointerId, this.#pointOf(event))
    if (this.#fingers.size === 2) this.#decide('pinch')
    else this.#mode = 'undecided'
    this.#begin()
  }

  #move(event: PointerEvent): void {
    const { pointerId, timeStamp } = event
    if (!this.#fingers.has(pointerId) || !this.#from) return
    this.#fingers.set(pointerId, this.#pointOf(event))
    const { place, at, distance } = this.#from
    const now = this.#middle()
    this.#trail.push({ ...now, time: timeStamp })
    while (timeStamp - this.#trail[0]!.time > SPEED_WINDOW_MS) this.#trail.shift()
    const [dx, dy] = [now.x - at.x, now.y - at.y]
    if (this.#mode === 'undecided') {
      if (Math.hypot(dx, dy) < TAP_PX) return
      this.#decide(this.#modeOf(dx, dy))
    }
    if (this.#mode === 'pinch') this.#motion.pinch(place, this.#distance() / distance, at, now)
    else if (this.#mode === 'pan') this.#motion.follow(place, dx, dy)
    else if (this.#mode === 'aside') this.#motion.drawAside(dx)
    else if (this.#mode === 'down') this.#motion.drawDown(dy)
  }

  #up(event: PointerEvent): void {
    if (!this.#fingers.has(event.pointerId)) return
    const at = this.#middle()
    this.#fingers.delete(event.pointerId)
    const mode = this.#mode
    if (mode === 'pinch') {
      const isZoomed = this.#motion.place().scale > 1
      // The finger that stays goes on with a zoomed picture, and never turns to another one.
      this.#mode = isZoomed && this.#fingers.size > 0 ? 'pan' : 'none'
      if (this.#mode === 'pan') this.#begin()
      else this.#motion.letGo(STILL, at)
      return
    }
    this.#mode = 'none'
    if (mode === 'undecided') this.#tap(event, at)
    else if (mode === 'pan') this.#motion.letGo(this.#speed(event.timeStamp), at)
    else if (mode === 'aside') this.#endAside(at, event.timeStamp)
    else if (mode === 'down') this.#endDown(at, event.timeStamp)
  }

  #cancel(event: PointerEvent): void {
    if (!this.#fingers.delete(event.pointerId)) return
    this.#mode = 'none'
    if (this.#motion.isZoomed()) this.#motion.letGo(STILL, STILL)
    else this.#motion.springBack()
  }

  #wheel(event: WheelEvent): void {
    if (this.#host.scrolls() && !event.ctrlKey) return
    event.preventDefault()
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : WHEEL_LINE_PX
    const turn = Math.max(-MAX_WHEEL_PX, Math.min(MAX_WHEEL_PX, event.deltaY * unit))
    // A touchpad reports a pinch as small turns with Ctrl.
    const isPinch = event.ctrlKey && Math.abs(turn) < WHEEL_LINE_PX
    const share = isPinch ? ZOOM_PER_PX.pinch : ZOOM_PER_PX.wheel
    this.#motion.zoomBy(Math.exp(-turn * share), this.#pointOf(event), 'at once')
  }

  /** Starts to measure from where the fingers and the picture are. */
  #begin(): void {
    this.#trail.length = 0
    this.#from = { place: this.#motion.begin(), at: this.#middle(), distance: this.#distance() }
  }

  #modeOf(dx: number, dy: number): Mode {
    const step = dx < 0 ? 1 : -1
    const isAside = Math.abs(dx) > Math.abs(dy)
    if (this.#motion.isZoomed()) {
      const isAtEdge = !this.#isMouse && isAside && !this.#motion.goesOn(step)
      return isAtEdge && this.#host.hasNeighbour(step) ? 'aside' : 'pan'
    }
    if (this.#isMouse) return 'none'
    if (isAside) return 'aside'
    return dy > 0 && !this.#host.scrolls() ? 'down' : 'none'
  }

  #decide(mode: Mode): void {
    this.#mode = mode
    this.hasMoved = true
    // The picture under a finger may go, and its moves with it.
    for (const id of this.#fingers.keys()) if (mode !== 'none') this.#frame.setPointerCapture(id)
  }

  #tap({ timeStamp: time, target }: PointerEvent, at: Point): void {
    // A mouse has its own event for that, and the ground closes.
    if (this.#isMouse || target === this.#frame) return
    const last = this.#lastTap
    this.#lastTap = { ...at, time }
    if (!last || time - last.time > DOUBLE_TAP.ms) return
    if (Math.hypot(at.x - last.x, at.y - last.y) > DOUBLE_TAP.px) return
    this.#lastTap = null
    this.#motion.toggle(at)
  }

  #endAside(at: Point, time: number): void {
    const dx = at.x - this.#from!.at.x
    const speed = this.#speed(time).x
    const step = dx < 0 ? 1 : -1
    const towards = -step * speed
    const isFar = Math.abs(dx) > FAR_PX.aside && towards > -FLICK.speed
    const isFlick = Math.abs(dx) > FLICK.px && towards > FLICK.speed
    if ((isFar || isFlick) && this.#host.hasNeighbour(step)) this.#motion.slide(step)
    else this.#motion.springBack()
  }

  #endDown(at: Point, time: number): void {
    const dy = at.y - this.#from!.at.y
    const speed = this.#speed(time).y
    const isFar = dy > FAR_PX.down && speed > -FLICK.speed
    if (isFar || (dy > FLICK.px && speed > FLICK.speed)) this.#host.leave()
    else this.#motion.springBack()
  }

  /** Returns how fast the fingers went at the end, in pixels a millisecond. */
  #speed(time: number): Point {
    const first = this.#trail.find((each) => time - each.time < SPEED_WINDOW_MS)
    const last = this.#trail.at(-1)
    if (!first || !last || last.time <= first.time) return STILL
    const ms = last.time - first.time
    return { x: (last.x - first.x) / ms, y: (last.y - first.y) / ms }
  }

  #pointOf({ clientX, clientY }: MouseEvent): Point {
    const { left, top, width, height } = this.#frame.getBoundingClientRect()
    return { x: clientX - left - width / 2, y: clientY - top - height / 2 }
  }

  #middle(): Point {
    const all = [...this.#fingers.values()]
    const mean = (of: (point: Point) => number): number =>
      all.reduce((sum, point) => sum + of(point), 0) / all.length
    return { x: mean(({ x }) => x), y: mean(({ y }) => y) }
  }

  #distance(): number {
    const [a, b] = [...this.#fingers.values()]
    return a && b ? Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) : 1
  }
}

const STILL: Point = { x: 0, y: 0 }
