import { type Box, limits } from '@wirephoto/board'
import type { App } from '../app.ts'
import type { Point } from '../geometry/view.ts'

const MIN_WIDTH_UNITS = 8

/** A handle's name and its place on the box, from 0 at the left or top to 1. */
export interface Handle {
  readonly name: string
  readonly x: number
  readonly y: number
}

/** The resize of the selection by one handle, from its press to its release or Escape. */
export class ResizeGesture {
  readonly #app: App
  #isActive = false

  constructor(app: App) {
    this.#app = app
  }

  get isActive(): boolean {
    return this.#isActive
  }

  /** Begins with the press of a handle. `box` is around the selection. */
  begin(press: PointerEvent, handle: Handle, box: Box): void {
    if (press.button !== 0) return
    press.preventDefault()
    press.stopPropagation()
    const { boardStore, camera, drag, selection } = this.#app
    const widths = [...selection.ids()].flatMap((id) => boardStore.get(id)?.w ?? [])
    const min = Math.min(1, MIN_WIDTH_UNITS / Math.min(...widths))
    const max = limits.maxPictureWidth / Math.max(...widths)
    const opposite = { x: box.x + box.w * (1 - handle.x), y: box.y + box.h * (1 - handle.y) }
    const move = ({ clientX, clientY }: PointerEvent): void => {
      const { zoom } = camera.now
      const moved = { x: (clientX - press.clientX) / zoom, y: (clientY - press.clientY) / zoom }
      drag.scaleBy(Math.max(min, Math.min(max, factorOf(handle, box, moved))), opposite)
    }
    const off = new AbortController()
    const end = (finish: () => void): void => {
      off.abort()
      this.#isActive = false
      finish()
    }
    const cancelOnEscape = (pressed: KeyboardEvent): void => {
      if (pressed.key !== 'Escape') return
      pressed.stopPropagation()
      end(() => drag.cancel())
    }
    const element = press.currentTarget as HTMLElement
    element.setPointerCapture(press.pointerId)
    this.#isActive = true
    drag.lift(selection.ids())
    const options = { signal: off.signal, capture: true }
    element.addEventListener('pointermove', move, options)
    element.addEventListener('pointerup', () => end(() => drag.drop()), options)
    element.addEventListener('pointercancel', () => end(() => drag.cancel()), options)
    document.addEventListener('keydown', cancelOnEscape, options)
  }
}

/** Returns the factor by which a handle's move scales the box: along its diagonal, or across its side. */
function factorOf({ x, y }: Handle, { w, h }: Box, move: Point): number {
  const [dx, dy] = [(2 * x - 1) * w, (2 * y - 1) * h]
  return 1 + (move.x * dx + move.y * dy) / (dx * dx + dy * dy)
}
