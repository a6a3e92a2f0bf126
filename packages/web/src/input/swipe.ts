/** How far a finger must move for a swipe, sideways and down. */
const SWIPE_PX = { aside: 48, down: 96 }

interface SwipeActions {
  step(to: 1 | -1): void
  leave?(): void
  /** Called with how far a finger has moved the picture sideways. */
  lean?(dx: number): void
}

/** Lets a finger drag the picture: sideways to the next one, down to close. A tall picture scrolls instead. */
export class Swipe {
  readonly #frame: HTMLElement
  readonly #ways: SwipeActions
  #finger: PointerEvent | null = null

  constructor(frame: HTMLElement, ways: SwipeActions) {
    this.#frame = frame
    this.#ways = ways
    frame.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'mouse') return
      // Several fingers are no swipe, in whatever order they come and go.
      this.#finger = event.isPrimary ? event : null
      this.#shift(0, 0)
    })
    frame.addEventListener('pointermove', (event) => {
      if (event.pointerId !== this.#finger?.pointerId) return
      const { dx, dy } = this.#way(event)
      if (Math.abs(dx) > Math.abs(dy)) this.#shift(dx, 0)
      else if (!this.#scrolls()) this.#shift(0, Math.max(0, dy))
    })
    frame.addEventListener('pointerup', (event) => {
      if (event.pointerId !== this.#finger?.pointerId) return
      const { dx, dy } = this.#way(event)
      this.#end()
      if (Math.abs(dx) > Math.max(SWIPE_PX.aside, Math.abs(dy))) ways.step(dx < 0 ? 1 : -1)
      else if (dy > SWIPE_PX.down && !this.#scrolls()) ways.leave?.()
    })
    frame.addEventListener('pointercancel', () => this.#end())
    // Otherwise browsers start a fling, which swallows the next tap.
    const ours = (event: Event): void => {
      if (!this.#scrolls()) event.preventDefault()
    }
    frame.addEventListener('touchmove', ours, { passive: false })
  }

  /** Whether the browser moves the picture up and down. */
  #scrolls(): boolean {
    return this.#frame.scrollHeight > this.#frame.clientHeight
  }

  #way({ clientX, clientY }: PointerEvent): { dx: number; dy: number } {
    return { dx: clientX - this.#finger!.clientX, dy: clientY - this.#finger!.clientY }
  }

  #end(): void {
    this.#finger = null
    this.#shift(0, 0)
  }

  #shift(dx: number, dy: number): void {
    this.#ways.lean?.(dx)
    this.#frame.style.setProperty('--dx', `${dx}px`)
    this.#frame.style.setProperty('--dy', `${dy}px`)
  }
}
