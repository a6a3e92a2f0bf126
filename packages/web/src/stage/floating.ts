import type { Box } from '@wirephoto/board'
import {
  type Accessor,
  createContext,
  createMemo,
  createSignal,
  onCleanup,
  useContext,
} from 'solid-js'
import { clearPlace } from '../geometry/clear-place.ts'
import type { Point, Size } from '../geometry/view.ts'
import type { Camera } from '../state/camera.ts'
import type { StandingParts } from '../state/standing-parts.ts'

/** The kinds of floating parts. */
export type Rank = 'caption-field' | 'selection-bar' | 'chip'

/** The order in which the parts take their places. */
const RANKS: readonly Rank[] = ['caption-field', 'selection-bar', 'chip']

const EDGE_PX = 8

interface FloatingPart {
  readonly rank: Rank
  /** The places where the part would like to stand, the best first. Null while it is out of view. */
  readonly wanted: (size: Size) => readonly Point[] | null
  readonly size: Accessor<Size>
}

/** A part's place on screen, null while it has none, and the way to tell its element. */
export interface FloatingPlace {
  readonly at: Accessor<Point | null>
  readonly ref: (element: HTMLElement) => void
}

/** Decides where each part that floats over the pictures stands, so that none covers another. */
export class Floating {
  readonly #parts: Accessor<readonly FloatingPart[]>
  readonly #setParts: (change: (parts: readonly FloatingPart[]) => readonly FloatingPart[]) => void
  readonly #places: Accessor<ReadonlyMap<FloatingPart, Point>>

  constructor(camera: Camera, standing: StandingParts) {
    const [parts, setParts] = createSignal<readonly FloatingPart[]>([])
    this.#parts = parts
    this.#setParts = setParts
    this.#places = createMemo(() => {
      const { w, h } = camera.size()
      const bounds = { x: EDGE_PX, y: EDGE_PX, w: w - 2 * EDGE_PX, h: h - 2 * EDGE_PX }
      const taken: Box[] = [...standing.boxes()]
      const places = new Map<FloatingPart, Point>()
      for (const part of RANKS.flatMap((rank) => this.#parts().filter((p) => p.rank === rank))) {
        const size = part.size()
        const wanted = part.wanted(size)
        if (!wanted) continue
        const place = clearPlace(size, wanted, taken, bounds)
        places.set(part, place)
        taken.push({ ...place, ...size })
      }
      return places
    })
  }

  /** Adds a part, for as long as the component that calls this. */
  add(rank: Rank, wanted: FloatingPart['wanted']): FloatingPlace {
    const [size, setSize] = createSignal<Size>({ w: 0, h: 0 }, { equals: isSameSize })
    const part = { rank, wanted, size }
    const observer = new ResizeObserver(([entry]) => {
      const { offsetWidth: w, offsetHeight: h } = entry!.target as HTMLElement
      setSize({ w, h })
    })
    this.#setParts((parts) => [...parts, part])
    onCleanup(() => {
      observer.disconnect()
      this.#setParts((parts) => parts.filter((other) => other !== part))
    })
    return {
      at: createMemo(() => this.#places().get(part) ?? null, null, { equals: isSamePoint }),
      ref: (element) => observer.observe(element),
    }
  }
}

/** Returns a place as a CSS transform, in whole pixels. */
export const transformTo = (at: Point | null): string =>
  `translate(${Math.round(at?.x ?? 0)}px, ${Math.round(at?.y ?? 0)}px)`

const isSameSize = (a: Size, b: Size): boolean => a.w === b.w && a.h === b.h

const isSamePoint = (a: Point | null, b: Point | null): boolean => a?.x === b?.x && a?.y === b?.y

export const FloatingContext = createContext<Floating>()

/** Returns what places the floating parts of the overlay around this component. */
export function useFloating(): Floating {
  const floating = useContext(FloatingContext)
  if (!floating) throw new Error('There is no overlay above this component')
  return floating
}
