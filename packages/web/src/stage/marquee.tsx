import { type Box, overlaps } from '@wirephoto/board'
import { type Accessor, createSignal, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { type Point, toScreen } from '../geometry/view.ts'
import type { BoardStore } from '../state/board-store.ts'
import type { Selection } from '../state/selection.ts'

/** A box drawn on the ground. Pictures that it touches are selected while it is drawn. */
export class Marquee {
  /** The box in board units, null while none is drawn. */
  readonly box: Accessor<Box | null>
  readonly #set: (box: Box | null) => void
  readonly #boardStore: BoardStore
  readonly #selection: Selection
  #from: Point = { x: 0, y: 0 }
  #before: ReadonlySet<string> = new Set()
  #kept: ReadonlySet<string> = new Set()

  constructor(boardStore: BoardStore, selection: Selection) {
    const [box, set] = createSignal<Box | null>(null)
    this.box = box
    this.#set = set
    this.#boardStore = boardStore
    this.#selection = selection
  }

  /** Begins a box at a board point. With `adds`, the current selection is kept. */
  begin(at: Point, adds: boolean): void {
    this.#from = at
    this.#before = this.#selection.ids()
    this.#kept = adds ? this.#before : new Set()
  }

  stretch(to: Point): void {
    const { x, y } = this.#from
    const box = {
      x: Math.min(x, to.x),
      y: Math.min(y, to.y),
      w: Math.abs(x - to.x),
      h: Math.abs(y - to.y),
    }
    const touched = [...this.#boardStore.boxes].flatMap(([id, each]) =>
      overlaps(each, box) ? id : [],
    )
    this.#selection.selectMany([...this.#kept, ...touched])
    this.#set(box)
  }

  end(): void {
    this.#set(null)
  }

  cancel(): void {
    this.#selection.selectMany(this.#before)
    this.#set(null)
  }
}

/** Draws the box on the screen. */
export function MarqueeBox(props: { box: Box | null }): JSX.Element {
  const { camera } = useApp()
  return (
    <Show when={props.box}>
      {(box) => {
        const at = (): Point => toScreen(camera.view(), box())
        const px = (units: number): string => `${units * camera.view().zoom}px`
        return (
          <div
            class="marquee"
            style={{
              transform: `translate(${at().x}px, ${at().y}px)`,
              width: px(box().w),
              height: px(box().h),
            }}
          />
        )
      }}
    </Show>
  )
}
