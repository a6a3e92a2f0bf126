import { type Box, overlaps } from '@wirephoto/board'
import { clamp, contains } from './box.ts'
import type { Point, Size } from './view.ts'

/** Screen pixels between two floating parts. */
const GAP_PX = 8

/**
 * Returns the first of the wanted places where a part covers none of `taken`, within `bounds`. If each
 * covers something, returns the clear place that is nearest to the first, or that first place itself on a
 * screen without room.
 */
export function clearPlace(
  { w, h }: Size,
  wanted: readonly Point[],
  taken: readonly Box[],
  bounds: Box,
): Point {
  const isClear = ({ x, y }: Point): boolean => {
    const box = { x, y, w, h }
    return contains(bounds, box) && !taken.some((other) => overlaps(other, box))
  }
  const within = wanted.map(({ x, y }) => ({
    x: clamp(x, bounds.x, bounds.x + bounds.w - w),
    y: clamp(y, bounds.y, bounds.y + bounds.h - h),
  }))
  const first = within[0]!
  const clear = within.find(isClear)
  if (clear) return clear

  // The nearest clear place touches a taken box, or stands level with the wanted one, on each axis.
  const beside = (start: number, size: number, own: number): number[] => [
    start - own - GAP_PX,
    start + size + GAP_PX,
  ]
  const columns = [first.x, ...taken.flatMap((box) => beside(box.x, box.w, w))]
  const rows = [first.y, ...taken.flatMap((box) => beside(box.y, box.h, h))]
  let nearest = first
  let least = Number.POSITIVE_INFINITY
  for (const x of columns)
    for (const y of rows) {
      const distance = Math.hypot(x - first.x, y - first.y)
      if (distance < least && isClear({ x, y })) [nearest, least] = [{ x, y }, distance]
    }
  return nearest
}
