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

/** Returns the value within the limits that is nearest. */
export const clamp = (value: number, least: number, most: number): number =>
  Math.max(least, Math.min(most, value))
