/** Screen pixels that a finger must go to mean it, sideways and down. */
const FAR = { aside: 48, down: 96 }

interface Ways {
  step(to: 1 | -1): void
  leave(): void
}

/** A finger that takes the picture along: sideways to the next one, down and away. */
export class Swipe {
  readonly #frame: HTMLElement
  #finger: PointerEvent | null = null

  constructor(frame: HTMLElement, ways: Ways) {
    this.#frame = frame
    frame.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'mouse') return
      // A second finger means something else.
      this.#finger = this.#finger ? null : event
      this.#shift(0, 0)
    })
    frame.addEventListener('pointermove', (event) => {
      if (event.pointerId !== this.#finger?.pointerId) return
      const { dx, dy } = this.#way(event)
      if (Math.abs(dx) > Math.abs(dy)) this.#shift(dx, 0)
      else this.#shift(0, Math.max(0, dy))
    })
    frame.addEventListener('pointerup', (event) => {
      if (event.pointerId !== this.#finger?.pointerId) return
      const { dx, dy } = this.#way(event)
      this.#end()
      if (Math.abs(dx) > Math.max(FAR.aside, Math.abs(dy))) ways.step(dx < 0 ? 1 : -1)
      else if (dy > FAR.down) ways.leave()
    })
    frame.addEventListener('pointercancel', () => this.#end())
    // Else browsers make a fling of it, which swallows the next tap.
    const ours = (event: Event): void => event.preventDefault()
    frame.addEventListener('touchmove', ours, { passive: false })
  }

  #way({ clientX, clientY }: PointerEvent): { dx: number; dy: number } {
    return { dx: clientX - this.#finger!.clientX, dy: clientY - this.#finger!.clientY }
  }

  #end(): void {
    this.#finger = null
    this.#shift(0, 0)
  }

  #shift(dx: number, dy: number): void {
    this.#frame.style.setProperty('--dx', `${dx}px`)
    this.#frame.style.setProperty('--dy', `${dy}px`)
  }
}
