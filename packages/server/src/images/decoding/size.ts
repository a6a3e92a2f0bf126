import type { ErrorFacts } from '@wirephoto/board'

/** Pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** The value that is over its limit, and that limit. */
export type Excess = Pick<ErrorFacts, 'size' | 'side' | 'frames' | 'limit'>

export class TooLargeError extends Error {
  readonly excess: Excess

  constructor(excess: Excess) {
    super('too large')
    this.excess = excess
  }
}

/** Throws `TooLargeError` for a picture over the limits. */
export function checkSize({ width, height }: Size, maxPixels: number, maxSide: number): void {
  const longest = Math.max(width, height)
  if (longest > maxSide) throw new TooLargeError({ side: longest, limit: maxSide })
  if (width * height > maxPixels)
    throw new TooLargeError({ size: width * height, limit: maxPixels })
}
