import { type Box, inReadingOrder, overlaps } from '@wirephoto/board'
import { type StackedBox } from './box.ts'

type Boxes = ReadonlyMap<string, Box>

/** Numbers these pictures from the bottom of the stack up, from 1. `_stamp` makes callers track the stack. */
export function stacked(
  ids: readonly string[],
  boxes: ReadonlyMap<string, StackedBox>,
  _stamp: number,
): Map<string, number> {
  const z = (id: string): string => boxes.get(id)?.z ?? ''
  const sorted = [...ids].sort((a, b) => (z(a) < z(b) ? -1 : z(a) > z(b) ? 1 : a < b ? -1 : 1))
  return new Map(sorted.map((id, i) => [id, i + 1]))
}

/** Returns where the keyboard enters: the first picture in reading order that is seen, or the first of all. */
export function firstSeen(boxes: Boxes, view: Box): string | null {
  const inOrder = inReadingOrder(boxes)
  return inOrder.find((id) => overlaps(boxes.get(id)!, view)) ?? inOrder[0] ?? null
}

export type Direction = 'left' | 'right' | 'up' | 'down'

/** Returns the next picture in a direction. A step to the side costs twice a step ahead. */
export function neighbour(boxes: Boxes, from: string, direction: Direction): string | null {
  const start = boxes.get(from)
  if (!start) return null
  const across = direction === 'left' || direction === 'right'
  const sign = direction === 'left' || direction === 'up' ? -1 : 1
  let best: string | null = null
  let least = Number.POSITIVE_INFINITY
  for (const [id, box] of boxes) {
    if (id === from) continue
    const dx = box.x + box.w / 2 - (start.x + start.w / 2)
    const dy = box.y + box.h / 2 - (start.y + start.h / 2)
    const ahead = (across ? dx : dy) * sign
    const aside = Math.abs(across ? dy : dx)
    if (ahead <= 0 || aside > ahead * 2) continue
    const cost = ahead + aside * 2
    if (cost < least) [best, least] = [id, cost]
  }
  return best
}
