import { type Box, tidyRows } from '@wirephoto/board'
import type { Place } from '@wirephoto/client'
import { around } from './view.ts'

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
