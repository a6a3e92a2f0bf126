import type { Box } from '@wirephoto/board'

/** A picture's box and its key in the stack. */
export interface StackedBox extends Box {
  readonly z: string
}

export const contains = (outer: Box, inner: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.w <= outer.x + outer.w &&
  inner.y + inner.h <= outer.y + outer.h

/** Returns the smallest box around all, null if there is none. */
export function around(boxes: Iterable<Box>): Box | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const { x, y, w, h } of boxes) {
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x + w)
    bottom = Math.max(bottom, y + h)
  }
  return left <= right ? { x: left, y: top, w: right - left, h: bottom - top } : null
}

/** Returns the value within the limits that is nearest. */
export const clamp = (value: number, least: number, most: number): number =>
  Math.max(least, Math.min(most, value))
