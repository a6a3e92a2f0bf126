import type { Box } from '@wirephoto/board'
import { type Accessor, createMemo, createSignal, onCleanup, untrack } from 'solid-js'
import { around, overlaps } from '../geometry/box.ts'
import { type View } from '../geometry/view.ts'
import type { BoardStore } from './board-store.ts'
import type { Camera } from './camera.ts'

export type Edge = 'top' | 'right' | 'bottom' | 'left'

/** What has come beyond one edge of the view. */
export interface UnseenBeyondEdge {
  readonly edge: Edge
  readonly count: number
  readonly box: Box
}

/** Pictures that came since the page was opened and that haven't been in view yet. */
export class Unseen {
  readonly beyondEdges: Accessor<readonly UnseenBeyondEdge[]>
  readonly #camera: Camera
  #flight: { readonly from: View; readonly to: View } | null = null

  constructor(boardStore: BoardStore, camera: Camera) {
    this.#camera = camera
    const known = new Set<string>()
    const [unseen, setUnseen] = createSignal<ReadonlySet<string>>(new Set())
    const look = (ids: Iterable<string>): void => {
      const fresh: string[] = []
      for (const id of ids) {
        const came = !known.has(id)
        known.add(id)
        if (came && isLoaded && boardStore.boxes.has(id)) fresh.push(id)
      }
      if (fresh.length > 0) setUnseen((all) => new Set([...all, ...fresh]))
    }
    let isLoaded = false
    // The first pictures are what was there already.
    const offs = [
      boardStore.board.on('pictures', look),
      boardStore.board.on('status', ({ loaded }) => {
        if (loaded && !isLoaded) look(boardStore.board.pictures.keys())
        isLoaded = loaded
      }),
    ]
    look(boardStore.board.pictures.keys())
    isLoaded = boardStore.board.status.loaded
    onCleanup(() => {
      for (const off of offs) off()
    })

    this.beyondEdges = createMemo(() => {
      const ids = unseen()
      if (ids.size === 0) return []
      boardStore.revision()
      camera.view()
      const { visibleBox } = camera
      const beyond = new Map<Edge, Box[]>()
      const left = new Set<string>()
      for (const id of ids) {
        const box = boardStore.boxes.get(id)
        if (!box || overlaps(box, visibleBox)) continue
        left.add(id)
        const edge = edgeOf(box, visibleBox)
        beyond.set(edge, [...(beyond.get(edge) ?? []), box])
      }
      if (left.size < ids.size) queueMicrotask(() => untrack(() => setUnseen(left)))
      return [...beyond].map(([edge, boxes]) => ({
        edge,
        count: boxes.length,
        box: around(boxes)!,
      }))
    })
  }

  /** Flies to what has come. */
  flyTo({ box }: UnseenBeyondEdge): void {
    const from = this.#camera.now
    this.#camera.isChosen = true
    this.#camera.fit(box)
    this.#flight = { from, to: this.#camera.target }
  }

  /** Flies back to where one was, if one has only flown since. */
  flyBack(): boolean {
    const flown = this.#flight
    this.#flight = null
    if (!flown || flown.to !== this.#camera.target) return false
    this.#camera.flyTo(flown.from)
    return true
  }
}

/** The edge that a line from the middle of the view to the middle of the box crosses. */
function edgeOf(box: Box, view: Box): Edge {
  const dx = (box.x + box.w / 2 - (view.x + view.w / 2)) / view.w
  const dy = (box.y + box.h / 2 - (view.y + view.h / 2)) / view.h
  if (Math.abs(dx) > Math.abs(dy)) return dx > 0 ? 'right' : 'left'
  return dy > 0 ? 'bottom' : 'top'
}
