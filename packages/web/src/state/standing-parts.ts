import type { Box } from '@wirephoto/board'
import { type Accessor, createSignal, onCleanup } from 'solid-js'

/** The boxes on screen of the parts that stand at its edges: title, bars and notices. */
export class StandingParts {
  readonly boxes: Accessor<readonly Box[]>
  /** Adds an element, for as long as the component that calls this. */
  readonly add: (element: Element) => void

  constructor() {
    const [boxes, setBoxes] = createSignal<readonly Box[]>([])
    const elements = new Set<Element>()
    // One part that grows may move the others.
    const measure = (): void => {
      const measured = [...elements].map((element) => {
        const { x, y, width: w, height: h } = element.getBoundingClientRect()
        return { x, y, w, h }
      })
      setBoxes(measured.filter(({ w, h }) => w > 0 && h > 0))
    }
    const observer = new ResizeObserver(measure)
    this.boxes = boxes
    this.add = (element) => {
      elements.add(element)
      observer.observe(element)
      onCleanup(() => {
        elements.delete(element)
        observer.unobserve(element)
        measure()
      })
    }
    addEventListener('resize', measure)
    onCleanup(() => {
      observer.disconnect()
      removeEventListener('resize', measure)
    })
  }
}
