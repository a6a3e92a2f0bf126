import { type Box, rowsWithin } from '@wirephoto/board'
import type { Size } from '../geometry/view.ts'

/** A longer shape gets a tile of this one, where it stands whole on a blur of itself. */
const TILE_RATIO = { min: 0.55, max: 2.4 }
/** The most tiles, on a screen that is large enough. */
const MAX_TILES_COUNT = 40
/** The room that a tile gets at least on average, so that it can be made out. */
const MIN_TILE_AREA_PX = 150 * 150
/** The orders of the pictures that are tried: the best of them leaves far less of the screen than the worst. */
const TRIED_ORDERS_COUNT = 24

/** Returns how many tiles a screen shows at most. */
export const maxTileCount = ({ w, h }: Size): number =>
  Math.max(4, Math.min(MAX_TILES_COUNT, Math.floor((w * h) / MIN_TILE_AREA_PX)))

/**
 * Lays pictures out in justified rows that fit whole into a size and leave as little of it as they can. `ratios` are
 * their widths by their heights. The boxes come in the order of the ratios, and need not stand in it.
 */
export function mosaicBoxes(ratios: readonly number[], size: Size, gap: number): Box[] {
  const shapes = ratios.map((ratio) => Math.max(TILE_RATIO.min, Math.min(TILE_RATIO.max, ratio)))
  let best: Box[] = []
  let covered = 0
  for (let i = 0; i < TRIED_ORDERS_COUNT; i++) {
    const order = orderOf(shapes.length, i)
    const boxes = rowsWithin(
      order.map((at) => shapes[at]!),
      size,
      gap,
    )
    const area = boxes.reduce((sum, { w, h }) => sum + w * h, 0)
    if (area <= covered) continue
    covered = area
    best = []
    for (const [place, at] of order.entries()) best[at] = boxes[place]!
  }
  // A screen that is too small for the gaps has none.
  if (best.length === 0 && gap > 0) return mosaicBoxes(ratios, size, 0)
  return best.map(inWholePixels)
}

/** Returns an order of so many places, the same for the same number; the first is the usual one. */
function orderOf(count: number, n: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  let state = n
  for (let i = count - 1; n > 0 && i > 0; i--) {
    state = (state * 48_271 + 11) % 0x7fffffff
    const other = Math.floor((state / 0x7fffffff) * (i + 1))
    ;[order[i], order[other]] = [order[other]!, order[i]!]
  }
  return order
}

/** Rounds edges, never sizes, so that neighbours keep their gap and none reaches beyond the size. */
function inWholePixels({ x, y, w, h }: Box): Box {
  const [left, top] = [Math.round(x), Math.round(y)]
  return { x: left, y: top, w: Math.round(x + w) - left, h: Math.round(y + h) - top }
}
