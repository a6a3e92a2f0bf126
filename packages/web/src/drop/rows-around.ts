import { GAP_UNITS, justifiedBlock, toHundredths } from '@wirephoto/board'
import type { Point, Size } from '../geometry/view.ts'

/** Lays pictures that are dropped together out in justified rows. The first, or the only one, is centred on the point. */
export function rowsAround(
  at: Point,
  sizes: readonly Size[],
): { x: number; y: number; w: number }[] {
  const [only] = sizes
  if (sizes.length === 1)
    return [{ x: Math.round(at.x - only!.w / 2), y: Math.round(at.y - only!.h / 2), w: only!.w }]
  const heights = sizes.map(({ h }) => h).sort((a, b) => a - b)
  const boxes = justifiedBlock(
    sizes.map(({ w, h }) => w / h),
    { height: heights[heights.length >> 1]!, gap: GAP_UNITS },
  )
  const [first] = boxes
  return boxes.map(({ x, y, w }) => ({
    x: toHundredths(x + at.x - first!.w / 2),
    y: toHundredths(y + at.y - first!.h / 2),
    w: toHundredths(w),
  }))
}
