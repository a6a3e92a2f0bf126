/** How far a finger must move sideways for a swipe. */
const SWIPE_PX = 48

interface SwipeActions {
  step(to: 1 | -1): void
  /** Called with how far a finger has moved the picture sideways. */
  lean(dx: number): void
}

/** Lets a finger drag the picture sideways, and tells when that was a swipe. */
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
      this.#shift(0)
    })
    frame.addEventListener('pointermove', (event) => {
      if (event.pointerId !== this.#finger?.pointerId) return
      const { dx, dy } = this.#way(event)
      this.#shift(Math.abs(dx) > Math.abs(dy) ? dx : 0)
    })
    frame.addEventListener('pointerup', (event) => {
      if (event.pointerId !== this.#finger?.pointerId) return
      const { dx, dy } = this.#way(event)
      this.#end()
      if (Math.abs(dx) > Math.max(SWIPE_PX, Math.abs(dy))) ways.step(dx < 0 ? 1 : -1)
    })
    frame.addEventListener('pointercancel', () => this.#end())
    // Otherwise browsers start a fling, which swallows the next tap.
    frame.addEventListener('touchmove', (event) => event.preventDefault(), { passive: false })
  }

  #way({ clientX, clientY }: PointerEvent): { dx: number; dy: number } {
    return { dx: clientX - this.#finger!.clientX, dy: clientY - this.#finger!.clientY }
  }

  #end(): void {
    this.#finger = null
    this.#shift(0)
  }

  #shift(dx: number): void {
    this.#ways.lean(dx)
    this.#frame.style.setProperty('--dx', `${dx}px`)
  }
}
