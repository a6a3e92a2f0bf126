import { createHash } from 'node:crypto'

/** Returns the key of a variant's blob: a hash of its source and recipe. A new recipe is a new number (V2). */
export function variantKey(blob: string, side: number): string {
  return createHash('sha256').update(`${blob}/${side}.webp/1`).digest('hex')
}
