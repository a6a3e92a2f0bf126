import { type Accessor, batch, createSignal } from 'solid-js'
import { clamp } from '../geometry/box.ts'
import {
  lag,
  lagging,
  laggingScale,
  type PicturePlace,
  placeBetween,
  scaledAt,
  WHOLE,
  withinBounds,
} from '../geometry/picture-place.ts'
import type { Point, Size } from '../geometry/view.ts'
import { prefersReducedMotion } from '../look/motion.ts'

/** How long a picture takes to come to rest, and to make room for its neighbour. */
const REST_MS = 200
/** Between two pictures, side by side, there is so much ground. */
export const BESIDE_GAP_PX = 16
/** A double tap or click zooms by this factor. */
const DOUBLE_TAP_FACTOR = 2
/** Below this scale a picture that is let go becomes whole again. */
const NEARLY_WHOLE_FACTOR = 1.05
/** A zoomed picture that is let go while it moves goes on for as far as it moved in so long. */
const GLIDE_MS = 120

const AT_REST: Point = { x: 0, y: 0 }

/** To the next picture, or to the previous one. */
export type Step = 1 | -1

/** The large view, as far as the motion of its picture asks for it. */
export interface MotionHost {
  /** The element in which the picture stands; a tall one scrolls it. */
  frame(): HTMLElement
  frameSize(): Size
  /** The size of the whole picture, and whether it scrolls then. */
  whole(): Size & { readonly scrolls: boolean }
  largestScale(): number
  hasNeighbour(to: Step): boolean
  step(to: Step): void
}

/** Where the shown picture is: how far it is zoomed, and how far a finger has drawn it aside or down. */
export class PictureMotion {
  readonly place: Accessor<PicturePlace>
  readonly drawn: Accessor<Point>
  readonly #host: MotionHost
  readonly #setPlace: (to: PicturePlace) => void
  readonly #setDrawn: (to: Point) => void
  /** The motion that goes on by itself: `finish` ends it at its goal, `stop` where it is. */
  #moving: { finish(): void; stop(): void } | null = null

  constructor(host: MotionHost) {
    const [place, setPlace] = createSignal(WHOLE)
    const [drawn, setDrawn] = createSignal(AT_REST)
    this.place = place
    this.drawn = drawn
    this.#host = host
    this.#setPlace = setPlace
    this.#setDrawn = setDrawn
  }

  /** Whether the picture is zoomed, or is being so. Otherwise its frame shows it whole, or scrolls it. */
  isZoomed(): boolean {
    return this.place() !== WHOLE
  }

  /** Ends at once what is moving, where it goes. */
  finish(): void {
    this.#moving?.finish()
  }

  /** Leaves what is moving where it is. */
  stop(): void {
    this.#moving?.stop()
  }

  /** Shows the next picture, whole and in the middle. */
  reset(): void {
    this.stop()
    batch(() => {
      this.#setPlace(WHOLE)
      this.#setDrawn(AT_REST)
    })
  }

  /** Keeps a zoomed picture within the bounds of a frame that has another size. */
  fit(): void {
    if (this.isZoomed() && !this.#moving) this.#setPlace(this.#within(this.place()))
  }

  /** Zooms by a factor about a point, measured from the frame's middle. */
  zoomBy(factor: number, at: Point, how: 'fly' | 'at once'): void {
    this.finish()
    const from = this.#start()
    const scale = clamp(from.scale * factor, 1, this.#host.largestScale())
    if (scale === from.scale && !this.isZoomed()) return
    this.#goTo(this.#within(scaledAt(from, scale, at)), how)
  }

  /** Zooms at a point, or shows the zoomed picture whole. */
  toggle(at: Point): void {
    this.finish()
    if (this.isZoomed()) this.zoomOut()
    else this.zoomBy(DOUBLE_TAP_FACTOR, at, 'fly')
  }

  zoomOut(): void {
    this.zoomBy(0, AT_REST, 'fly')
  }

  /** Moves a zoomed picture by shares of its frame. False where it goes no further. */
  pan(across: number, down: number): boolean {
    this.finish()
    const from = this.place()
    const { w, h } = this.#host.frameSize()
    const to = this.#within({ ...from, x: from.x + across * w, y: from.y + down * h })
    if (Math.abs(to.x - from.x) < 1 && Math.abs(to.y - from.y) < 1) return false
    this.#goTo(to, 'fly')
    return true
  }

  /** Whether a zoomed picture goes on beyond the edge to which a finger would draw it. */
  goesOn(step: Step): boolean {
    const { x, ...rest } = this.place()
    return Math.abs(this.#within({ ...rest, x: x - step }).x - x) > 0.5
  }

  /** Returns the place from which a gesture goes. A tall picture that was scrolled stays where it is. */
  begin(): PicturePlace {
    this.finish()
    this.#setDrawn(AT_REST)
    return this.#start()
  }

  /** Follows two fingers: the point that was between them stays between them. */
  pinch(from: PicturePlace, factor: number, between: Point, now: Point): void {
    const scale = laggingScale(from.scale * factor, this.#host.largestScale())
    const { x, y } = scaledAt(from, scale, between)
    this.#setPlace({ scale, x: x + now.x - between.x, y: y + now.y - between.y })
  }

  /** Follows a finger across a zoomed picture. */
  follow(from: PicturePlace, dx: number, dy: number): void {
    const to = { ...from, x: from.x + dx, y: from.y + dy }
    this.#setPlace(lagging(to, this.#host.whole(), this.#host.frameSize()))
  }

  /** Draws the picture aside. Where there is no neighbour it lags behind the finger. */
  drawAside(dx: number): void {
    const hasNext = this.#host.hasNeighbour(dx < 0 ? 1 : -1)
    this.#setDrawn({ x: hasNext ? dx : lag(dx, 0), y: 0 })
  }

  /** Draws the picture down. */
  drawDown(dy: number): void {
    this.#setDrawn({ x: 0, y: Math.max(0, dy) })
  }

  /** Lets go a zoomed picture, which moves at this speed in pixels a millisecond. */
  letGo(speed: Point, at: Point): void {
    const now = this.place()
    if (now.scale < NEARLY_WHOLE_FACTOR) return this.zoomOut()
    const scale = Math.min(now.scale, this.#host.largestScale())
    const { x, y } = scaledAt(now, scale, at)
    const glide = prefersReducedMotion() ? 0 : GLIDE_MS
    const to = { scale, x: x + speed.x * glide, y: y + speed.y * glide }
    this.#goTo(this.#within(to), 'fly')
  }

  /** Lets go a picture that was drawn aside or down, and goes nowhere. */
  springBack(): void {
    const { x, y } = this.drawn()
    if (x === 0 && y === 0) return
    this.#move('fly', (t) => this.#setDrawn({ x: x * (1 - t), y: y * (1 - t) }))
  }

  /** Slides to the neighbour. */
  slide(step: Step): void {
    const from = this.drawn().x
    const to = -step * (innerWidth + BESIDE_GAP_PX)
    this.#move(
      'fly',
      (t) => this.#setDrawn({ x: from + (to - from) * t, y: 0 }),
      () =>
        batch(() => {
          this.#host.step(step)
          this.reset()
        }),
    )
  }

  #within(place: PicturePlace): PicturePlace {
    return withinBounds(place, this.#host.whole(), this.#host.frameSize())
  }

  #start(): PicturePlace {
    const now = this.place()
    const { h, scrolls } = this.#host.whole()
    if (now !== WHOLE || !scrolls) return now
    return { ...WHOLE, y: (h - this.#host.frameSize().h) / 2 - this.#host.frame().scrollTop }
  }

  #goTo(to: PicturePlace, how: 'fly' | 'at once'): void {
    const from = this.#start()
    const rest = (): void => {
      if (to.scale <= 1) this.#rest(to)
    }
    this.#move(how, (t) => this.#setPlace(placeBetween(from, to, t)), rest)
  }

  /** Hands a whole picture back to its frame, which scrolls a tall one. */
  #rest({ y }: PicturePlace): void {
    this.#setPlace(WHOLE)
    const { h, scrolls } = this.#host.whole()
    if (scrolls) this.#host.frame().scrollTop = (h - this.#host.frameSize().h) / 2 - y
  }

  /** Calls `draw` at every frame with the share of the way, from 0 to 1, then `done`. */
  #move(how: 'fly' | 'at once', draw: (t: number) => void, done = (): void => {}): void {
    this.stop()
    let frame = 0
    const stop = (): void => {
      cancelAnimationFrame(frame)
      this.#moving = null
    }
    const finish = (): void => {
      stop()
      draw(1)
      done()
    }
    this.#moving = { stop, finish }
    if (how === 'at once' || prefersReducedMotion()) return finish()
    const began = performance.now()
    const go = (): void => {
      const left = 1 - (performance.now() - began) / REST_MS
      if (left <= 0) return finish()
      draw(1 - left ** 3)
      frame = requestAnimationFrame(go)
    }
    frame = requestAnimationFrame(go)
  }
}
