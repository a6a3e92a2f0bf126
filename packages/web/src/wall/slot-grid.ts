import type { Size } from '../geometry/view.ts'

/** Returns the number of equal columns in which pictures of these shapes, each whole, cover most of a size. */
export function columnsFor(ratios: readonly number[], { w, h }: Size): number {
  let best = 1
  let covered = 0
  for (let columns = 1; columns <= ratios.length; columns++) {
    const cell = { w: w / columns, h: h / Math.ceil(ratios.length / columns) }
    const area = ratios.reduce((sum, ratio) => {
      const across = Math.min(cell.w, cell.h * ratio)
      return sum + (across * across) / ratio
    }, 0)
    if (area <= covered) continue
    covered = area
    best = columns
  }
  return best
}
