import type { Point } from '../geometry/view.ts'
import { isTextField } from '../input/text-field.ts'
import type { Camera } from '../state/camera.ts'

/** How far a pointer may stray in a click. */
const SLOP_PX = { mouse: 4, touch: 9 }
const LONG_PRESS_MS = 450
/** For browsers that measure the wheel in lines or pages. */
const WHEEL_LINE_PX = 32
const WHEEL_PAGE_PX = 400

/** The effects of gestures. Ids are pictures' ids; points are screen pixels from the stage's corner. */
export interface GestureHandlers {
  /** Whether dragging from here pans the view. `id` is null on the ground. */
  pans(id: string | null, event: PointerEvent): boolean
  click(id: string | null, event: PointerEvent): void
  doubleClick(id: string, event: MouseEvent): void
  openMenu(id: string | null, at: Point): void
  beginMarquee(from: Point, event: PointerEvent): void
  stretchMarquee(to: Point): void
  endMarquee(): void
  cancelMarquee(): void
  beginDrag(id: string, event: PointerEvent): void
  /** Moves what is dragged by board units since the drag began. */
  drag(dx: number, dy: number): void
  endDrag(): void
  cancelDrag(): void
}

interface Pointer extends Point {
  readonly event: PointerEvent
  readonly start: Point
}

/**
 * The gesture in progress. One pointer clicks, pans or drags; two pinch. It lasts from the first press to the
 * last release:
 *
 *   idle -> press -> pan | drag | marquee | held (long press)
 *              any -> pinch (a second finger) -> pan (one left)
 */
type Gesture = 'idle' | 'press' | 'pan' | 'drag' | 'marquee' | 'held' | 'pinch'

/** Turns pointer, wheel and touch events on the stage into gestures. */
export class Gestures {
  readonly stage: HTMLElement
  readonly #camera: Camera
  readonly #handlers: GestureHandlers
  readonly #pointers = new Map<number, Pointer>()
  readonly #off = new AbortController()
  #gesture: Gesture = 'idle'
  #target: string | null = null
  #longPress: ReturnType<typeof setTimeout> | undefined
  #space = false

  constructor(stage: HTMLElement, camera: Camera, handlers: GestureHandlers) {
    this.stage = stage
    this.#camera = camera
    this.#handlers = handlers
    const { signal } = this.#off
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
    ): void => stage.addEventListener(type, listener, { signal, passive: false })
    on('pointerdown', (event) => this.#onPointerDown(event))
    on('pointermove', (event) => this.#onPointerMove(event))
    on('pointerup', (event) => this.#onPointerUp(event))
    on('pointercancel', (event) => this.#onPointerCancel(event))
    on('wheel', (event) => this.#onWheel(event))
    on('contextmenu', (event) => this.#onContextMenu(event))
    // The mouse events that browsers derive from a tap would press what the tap has opened. A fling that
    // they derive from a drag would swallow the next tap.
    on('touchstart', (event) => {
      if (event.cancelable && !isControl(event.target)) event.preventDefault()
    })
    on('dblclick', (event) => {
      const id = pictureAt(event.target)
      if (id !== null && !isControl(event.target)) this.#handlers.doubleClick(id, event)
    })
    this.#safariPinch(signal)
  }

  get isActive(): boolean {
    return this.#gesture !== 'idle'
  }

  /** Makes every drag pan while Space is held. */
  setSpace(space: boolean): void {
    this.#space = space
    this.stage.classList.toggle('space', space)
  }

  /** Cancels the gesture, as if it had never begun. */
  cancel(): void {
    this.#cancelGesture()
    if (this.#pointers.size > 0) this.#gesture = 'held'
  }

  close(): void {
    clearTimeout(this.#longPress)
    this.#off.abort()
  }

  #onPointerDown(event: PointerEvent): void {
    if (event.button === 2 || isControl(event.target)) return
    const at = this.#pointOf(event)
    this.#camera.isChosen = true
    // Without the derived mouse events, a finger wouldn't take the focus from a text field.
    if (event.pointerType !== 'mouse' && isTextField(document.activeElement))
      document.activeElement.blur()
    this.#pointers.set(event.pointerId, { ...at, start: at, event })
    // A tile under a finger may be removed during a pan, and its pointer capture with it.
    if (event.pointerType !== 'mouse') this.stage.setPointerCapture(event.pointerId)
    clearTimeout(this.#longPress)
    if (this.#pointers.size > 1) {
      this.#cancelGesture()
      this.#gesture = 'pinch'
      return
    }
    this.#target = pictureAt(event.target)
    this.#gesture = 'press'
    if (event.button === 1) event.preventDefault()
    if (event.pointerType !== 'mouse')
      this.#longPress = setTimeout(() => {
        this.#gesture = 'held'
        this.#handlers.openMenu(this.#target, at)
      }, LONG_PRESS_MS)
  }

  #onPointerMove(event: PointerEvent): void {
    const at = this.#pointOf(event)
    const pointer = this.#pointers.get(event.pointerId)
    if (!pointer) return
    const before = [...this.#pointers.values()]
    this.#pointers.set(event.pointerId, { ...pointer, ...at })
    if (this.#gesture === 'press' && exceedsSlop(pointer, at)) this.#begin(pointer)
    if (this.#gesture === 'pan') this.#camera.pan(at.x - pointer.x, at.y - pointer.y)
    if (this.#gesture === 'drag') this.#drag(pointer, at)
    if (this.#gesture === 'marquee') this.#handlers.stretchMarquee(at)
    if (this.#gesture === 'pinch') this.#pinch(before, [...this.#pointers.values()])
  }

  #begin({ event, start }: Pointer): void {
    clearTimeout(this.#longPress)
    this.stage.setPointerCapture(event.pointerId)
    const id = this.#target
    const pans = this.#space || event.button === 1 || this.#handlers.pans(id, event)
    this.#gesture = pans ? 'pan' : id === null ? 'marquee' : 'drag'
    this.stage.dataset['gesture'] = this.#gesture
    if (pans) return
    if (id === null) this.#handlers.beginMarquee(start, event)
    else this.#handlers.beginDrag(id, event)
  }

  #drag({ start }: Pointer, at: Point): void {
    const { zoom } = this.#camera.now
    this.#handlers.drag((at.x - start.x) / zoom, (at.y - start.y) / zoom)
  }

  #pinch(before: readonly Point[], after: readonly Point[]): void {
    const [a, b] = before
    const [c, d] = after
    if (!a || !b || !c || !d) return
    const from = middle(a, b)
    const to = middle(c, d)
    const spread = Math.hypot(a.x - b.x, a.y - b.y)
    this.#camera.pan(to.x - from.x, to.y - from.y)
    if (spread > 0) this.#camera.zoom(Math.hypot(c.x - d.x, c.y - d.y) / spread, to)
  }

  #onPointerUp(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId)) return
    clearTimeout(this.#longPress)
    if (this.#gesture === 'press' && event.button === 0 && !this.#space)
      this.#handlers.click(this.#target, event)
    if (this.#gesture === 'drag') this.#handlers.endDrag()
    if (this.#gesture === 'marquee') this.#handlers.endMarquee()
    this.#endGesture()
  }

  #onPointerCancel(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId)) return
    clearTimeout(this.#longPress)
    this.#cancelGesture()
    this.#endGesture()
  }

  #cancelGesture(): void {
    if (this.#gesture === 'drag') this.#handlers.cancelDrag()
    if (this.#gesture === 'marquee') this.#handlers.cancelMarquee()
  }

  #endGesture(): void {
    this.#gesture = this.#pointers.size > 0 ? (this.#gesture === 'pinch' ? 'pan' : 'held') : 'idle'
    if (this.#gesture === 'idle') delete this.stage.dataset['gesture']
  }

  #onWheel(event: WheelEvent): void {
    event.preventDefault()
    const at = this.#pointOf(event)
    const unit =
      event.deltaMode === WheelEvent.DOM_DELTA_PIXEL
        ? 1
        : event.deltaMode === WheelEvent.DOM_DELTA_LINE
          ? WHEEL_LINE_PX
          : WHEEL_PAGE_PX
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit]
    if (event.ctrlKey || event.metaKey) {
      // A trackpad's pinch arrives as small steps with ctrl, a wheel's click as a step of 100 or more.
      this.#camera.zoom(Math.exp(-Math.max(-30, Math.min(30, dy)) / 100), at)
    } else if (event.shiftKey && dx === 0) this.#camera.pan(-dy, 0)
    else this.#camera.pan(-dx, -dy)
  }

  #onContextMenu(event: MouseEvent): void {
    if (isControl(event.target)) return
    event.preventDefault()
    // A long press has opened the menu already.
    if (this.#gesture === 'idle' || this.#gesture === 'press')
      this.#handlers.openMenu(pictureAt(event.target), this.#pointOf(event))
  }

  /** Handles a trackpad's pinch in Safari, which has events of its own for it. */
  #safariPinch(signal: AbortSignal): void {
    let last = 1
    const gesture = (event: Event): void => {
      event.preventDefault()
      const { scale, clientX, clientY } = event as MouseEvent & { scale: number }
      if (this.#pointers.size > 0) return
      if (event.type === 'gesturechange')
        this.#camera.zoom(scale / last, { x: clientX, y: clientY })
      last = scale
    }
    for (const type of ['gesturestart', 'gesturechange'])
      this.stage.addEventListener(type, gesture, { signal })
  }

  #pointOf(event: MouseEvent): Point {
    const { left, top } = this.stage.getBoundingClientRect()
    return { x: event.clientX - left, y: event.clientY - top }
  }
}

function exceedsSlop({ event, start }: Pointer, at: Point): boolean {
  const slop = event.pointerType === 'mouse' ? SLOP_PX.mouse : SLOP_PX.touch
  return Math.hypot(at.x - start.x, at.y - start.y) > slop
}

const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 })

const isControl = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('button, a, input, [role="menu"]') !== null

const pictureAt = (target: EventTarget | null): string | null =>
  target instanceof Element
    ? (target.closest<HTMLElement>('[data-image]')?.dataset['image'] ?? null)
    : null
