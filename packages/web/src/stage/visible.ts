import type { Box } from '@wirephoto/board'
import { type Accessor, createMemo } from 'solid-js'
import type { Desk } from '../desk.ts'
import type { Camera } from './camera.ts'
import type { Hands } from './hands.ts'
import type { Selection } from './selection.ts'
import { contains, overlaps, seen } from './view.ts'

/** How far beyond the view pictures are kept, in views: a pan within it costs nothing. */
const AHEAD = 0.5

/**
 * The pictures that need a node: those in or near the view, in hands, and the one with the keyboard.
 * A scan over plain boxes takes 0.2 ms for 10,000, and is made when the view leaves what was scanned.
 */
export function visible(
  desk: Desk,
  camera: Camera,
  hands: Hands,
  selection: Selection,
): Accessor<readonly string[]> {
  const region = createMemo<Box & { zoom: number }>((last) => {
    const view = camera.view()
    const size = camera.size()
    const holds = last && contains(last, seen(view, size)) && view.zoom < last.zoom * 2
    return holds ? last : { ...seen(view, size, AHEAD), zoom: view.zoom }
  })
  return createMemo<readonly string[]>((last) => {
    desk.ticks()
    const here = region()
    const drawn = new Set<string>()
    for (const [id, box] of desk.boxes) if (overlaps(box, here)) drawn.add(id)
    const active = selection.active()
    for (const id of hands.away()) if (desk.boxes.has(id)) drawn.add(id)
    if (active && desk.boxes.has(active)) drawn.add(active)
    const next = [...drawn]
    return last && last.length === next.length && last.every((id, i) => id === next[i])
      ? last
      : next
  })
}
