import type { Box } from '@wirephoto/board'
import {
  type Accessor,
  createComputed,
  createMemo,
  createSignal,
  onCleanup,
  untrack,
} from 'solid-js'
import { contains, overlaps } from '../geometry/box.ts'
import { viewBox } from '../geometry/view.ts'
import type { BoardStore } from './board-store.ts'
import type { Camera } from './camera.ts'
import type { DragState } from './drag.ts'
import type { Selection } from './selection.ts'

/** How far beyond the view pictures are kept, in views: a pan within it costs nothing. */
const MARGIN_FACTOR = 0.25
/** Nodes that a page carries with ease. Only beyond do small pictures become far ones. */
const CROWDED_COUNT = 800
/** Screen pixels of a picture's longest side below which it is small. */
const SMALL_PICTURE_PX = 64
/** Nodes that are made in one frame. */
const NEW_TILES_PER_FRAME = 100

/** A part of the board, drawn for a zoom. */
export interface Region extends Box {
  readonly zoom: number
}

export interface VisiblePictures {
  /** Around the view; it stands still while the view stays within. */
  readonly region: Accessor<Region>
  /** Those that get a node: seen, dragged, or with the keyboard. */
  readonly tiles: Accessor<readonly string[]>
  /** Those that are drawn together, as patches of colour. */
  readonly onCanvas: Accessor<readonly string[]>
}

/**
 * What is to be drawn. A scan over plain boxes takes 0.2 ms for 10,000, and is made when pictures
 * change or the view leaves what was scanned.
 */
export function visiblePictures(
  boardStore: BoardStore,
  camera: Camera,
  drag: DragState,
  selection: Selection,
): VisiblePictures {
  const region = createMemo<Region>((last) => {
    const view = camera.view()
    const size = camera.size()
    const holds = last && contains(last, viewBox(view, size)) && view.zoom < last.zoom * 2
    return holds ? last : { ...viewBox(view, size, MARGIN_FACTOR), zoom: view.zoom }
  })
  const here = createMemo(() => {
    boardStore.revision()
    const around = region()
    const found: [string, Box][] = []
    for (const [id, box] of boardStore.boxes) if (overlaps(box, around)) found.push([id, box])
    return found
  })
  const isCrowded = (): boolean => here().length > CROWDED_COUNT
  const wanted = createMemo<readonly string[]>(() => {
    const small = isCrowded() ? SMALL_PICTURE_PX / region().zoom : 0
    const ids = new Set<string>()
    for (const [id, { w, h }] of here()) if (Math.max(w, h) >= small) ids.add(id)
    const active = selection.active()
    for (const id of active ? [active, ...drag.moving()] : drag.moving())
      if (boardStore.boxes.has(id)) ids.add(id)
    return [...ids]
  })
  const tiles = inSteps(wanted)
  const onCanvas = createMemo<readonly string[]>((last) => {
    const drawn = new Set(tiles())
    const ids = isCrowded() ? here().flatMap(([id]) => (drawn.has(id) ? [] : id)) : []
    return same(last, ids)
  }, [])
  return { region, tiles, onCanvas }
}

/** What goes, goes at once; what comes, comes some at a time, so that no frame is long. */
function inSteps(wanted: Accessor<readonly string[]>): Accessor<readonly string[]> {
  const [near, setNear] = createSignal<readonly string[]>([])
  let frame = 0
  const advance = (all: readonly string[]): void => {
    cancelAnimationFrame(frame)
    const last = untrack(near)
    const stays = new Set(all)
    const drawn = new Set(last)
    const missing = all.filter((id) => !drawn.has(id))
    const kept = last.filter((id) => stays.has(id))
    setNear(same(last, [...kept, ...missing.slice(0, NEW_TILES_PER_FRAME)]))
    if (missing.length > NEW_TILES_PER_FRAME)
      frame = requestAnimationFrame(() => advance(untrack(wanted)))
  }
  createComputed(() => advance(wanted()))
  onCleanup(() => cancelAnimationFrame(frame))
  return near
}

/** The last list if the new one is like it, so that nothing is told. */
function same(last: readonly string[], next: readonly string[]): readonly string[] {
  return last.length === next.length && last.every((id, i) => id === next[i]) ? last : next
}
