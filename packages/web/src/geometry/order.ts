import { type Box, tidyRows } from '@wirephoto/board'
import type { Place } from '@wirephoto/client'
import { around, overlaps, type Standing } from './box.ts'

type Boxes = ReadonlyMap<string, Standing>

/** Each id's place in the stack of these, from 1 up. `_stamp` says that a z may have changed. */
export function stacked(ids: readonly string[], boxes: Boxes, _stamp: number): Map<string, number> {
  const z = (id: string): string => boxes.get(id)?.z ?? ''
  const sorted = [...ids].sort((a, b) => (z(a) < z(b) ? -1 : z(a) > z(b) ? 1 : a < b ? -1 : 1))
  return new Map(sorted.map((id, i) => [id, i + 1]))
}

/** Where the keyboard enters: the first in reading order of those that are seen, or of all. */
export function firstSeen(boxes: Boxes, view: Box): string | null {
  return first(boxes, (box) => overlaps(box, view)) ?? first(boxes, () => true)
}

function first(boxes: Boxes, counts: (box: Box) => boolean): string | null {
  let best: [string, Box] | null = null
  for (const [id, box] of boxes)
    if (counts(box) && (!best || box.y < best[1].y || (box.y === best[1].y && box.x < best[1].x)))
      best = [id, box]
  return best?.[0] ?? null
}

/** As one reads them: row by row. Who begins above the middle of a row's first picture stands in that row. */
export function inReadingOrder(boxes: Boxes): string[] {
  const down = [...boxes].sort(([a, one], [b, two]) => one.y - two.y || (a < b ? -1 : 1))
  const rows: [string, Standing][][] = []
  let middle = Number.NEGATIVE_INFINITY
  for (const entry of down) {
    const [, { y, h }] = entry
    if (y < middle) rows.at(-1)!.push(entry)
    else {
      rows.push([entry])
      middle = y + h / 2
    }
  }
  return rows.flatMap((row) => row.sort(([, a], [, b]) => a.x - b.x).map(([id]) => id))
}

export type Direction = 'left' | 'right' | 'up' | 'down'

/** The next picture in a direction: near counts, and straight ahead counts double. */
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

/** Where pictures go when they are packed into rows: in reading order, from the corner where they begin. */
export function tidied(boxes: ReadonlyMap<string, Box>): Map<string, Place> {
  const extent = around(boxes.values())
  const inOrder = inRows(boxes)
  const first = inOrder[0]?.[1]
  if (!extent || !first) return new Map()
  const sizes = inOrder.map(([, box]) => box)
  const spots = tidyRows(sizes, { x: extent.x + first.w / 2, y: extent.y + first.h / 2 })
  return new Map(inOrder.map(([id], i) => [id, rounded(spots[i]!)]))
}

/** Row by row: a picture is in a row that begins above its upper half. */
function inRows(boxes: ReadonlyMap<string, Box>): [string, Box][] {
  const byTop = [...boxes].sort(([, a], [, b]) => a.y - b.y || a.x - b.x)
  const rows: [string, Box][][] = []
  for (const entry of byTop) {
    const row = rows.at(-1)
    const top = row?.[0]?.[1]
    if (row && top && entry[1].y < top.y + top.h / 2) row.push(entry)
    else rows.push([entry])
  }
  return rows.flatMap((row) => row.sort(([, a], [, b]) => a.x - b.x))
}

const rounded = ({ x, y }: Place): Place => ({ x: Math.round(x), y: Math.round(y) })
