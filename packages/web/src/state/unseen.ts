import { around, type Box, overlaps } from '@wirephoto/board'
import { type Accessor, createMemo, createSignal, onCleanup, untrack } from 'solid-js'
import type { View } from '../geometry/view.ts'
import type { BoardStore } from './board-store.ts'
import type { Camera } from './camera.ts'
import { idsInFeed } from './feed-view.ts'

export type Edge = 'top' | 'right' | 'bottom' | 'left'

/** New pictures beyond one edge of the view, and the box around them. */
export interface UnseenBeyondEdge {
  readonly edge: Edge
  readonly count: number
  readonly box: Box
  /** The id of the picture that came last. */
  readonly lastId: string
}

/** Pictures that came after the page was opened and haven't been in view yet. */
export class Unseen {
  /** The ids of all of them, in the order in which they came. */
  readonly ids: Accessor<ReadonlySet<string>>
  /** Those of the board. None while the feed covers it. */
  readonly beyondEdges: Accessor<readonly UnseenBeyondEdge[]>
  readonly #camera: Camera
  #flight: { readonly from: View; readonly to: View } | null = null

  constructor(boardStore: BoardStore, camera: Camera) {
    this.#camera = camera
    const known = new Set<string>()
    const [unseen, setUnseen] = createSignal<ReadonlySet<string>>(new Set())
    this.ids = unseen
    const note = (ids: Iterable<string>): void => {
      const added: string[] = []
      // Pictures that come before the board is loaded were there already.
      const { loaded } = boardStore.board.status
      for (const id of ids) {
        if (!known.has(id) && loaded && boardStore.boxes.has(id)) added.push(id)
        known.add(id)
      }
      if (added.length > 0) setUnseen((all) => new Set([...all, ...added]))
    }
    onCleanup(boardStore.board.on('pictures', note))
    const { pictures } = boardStore.board
    for (const id of pictures.keys()) if (!boardStore.hasComeLater(id)) known.add(id)
    note(pictures.keys())

    this.beyondEdges = createMemo(() => {
      const ids = unseen()
      if (ids.size === 0) return []
      boardStore.revision()
      camera.view()
      const { visibleBox } = camera
      const inFeed = idsInFeed()
      const beyond = new Map<Edge, { boxes: Box[]; lastId: string }>()
      const stillUnseen = new Set<string>()
      for (const id of ids) {
        const box = boardStore.boxes.get(id)
        if (!box || (inFeed ? inFeed.includes(id) : overlaps(box, visibleBox))) continue
        stillUnseen.add(id)
        if (inFeed) continue
        const edge = edgeOf(box, visibleBox)
        beyond.set(edge, { boxes: [...(beyond.get(edge)?.boxes ?? []), box], lastId: id })
      }
      if (stillUnseen.size < ids.size) queueMicrotask(() => untrack(() => setUnseen(stillUnseen)))
      return [...beyond].map(([edge, { boxes, lastId }]) => ({
        edge,
        count: boxes.length,
        box: around(boxes)!,
        lastId,
      }))
    })
  }

  /** Flies to the new pictures beyond an edge. */
  flyTo({ box }: UnseenBeyondEdge): void {
    const from = this.#camera.now
    this.#camera.isChosen = true
    this.#camera.fit(box)
    this.#flight = { from, to: this.#camera.target }
  }

  /** Flies back to the view before `flyTo`. False if the view has moved since. */
  flyBack(): boolean {
    const flown = this.#flight
    this.#flight = null
    if (!flown || flown.to !== this.#camera.target) return false
    this.#camera.flyTo(flown.from)
    return true
  }
}

/** Returns the edge that a line from the view's centre to the box's centre crosses. */
function edgeOf(box: Box, view: Box): Edge {
  const dx = (box.x + box.w / 2 - (view.x + view.w / 2)) / view.w
  const dy = (box.y + box.h / 2 - (view.y + view.h / 2)) / view.h
  if (Math.abs(dx) > Math.abs(dy)) return dx > 0 ? 'right' : 'left'
  return dy > 0 ? 'bottom' : 'top'
}
