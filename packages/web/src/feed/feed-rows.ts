import type { Box } from '@wirephoto/board'

export const FEED_GAP_PX = 2
const MAX_PER_ROW_COUNT = 3
/** Two pictures are enough for a row, if they are together so many times as wide as high. */
const FULL_PAIR_FACTOR = 1.9
/** Such a picture has a row of its own. */
const WIDE_SHAPE_FACTOR = 2.4
/** A picture that is alone is not higher than so many times the feed's width. */
const MAX_ALONE_FACTOR = 1.3

/**
 * Lays pictures, the newest first, out in rows from edge to edge: two or three side by side. Rows are filled from the
 * oldest picture on, so a new one changes the uppermost row alone.
 */
export function feedRows(ratios: readonly number[], width: number): Box[] {
  const rows: number[][] = []
  let row: number[] = []
  let sum = 0
  for (const ratio of ratios.toReversed()) {
    // Rows and their pictures are gathered from the last one on.
    if (ratio >= WIDE_SHAPE_FACTOR && row.length > 0) {
      rows.unshift(row)
      row = []
      sum = 0
    }
    row.unshift(ratio)
    sum += ratio
    const isFull =
      row.length === MAX_PER_ROW_COUNT ||
      (row.length === 2 && sum >= FULL_PAIR_FACTOR) ||
      ratio >= WIDE_SHAPE_FACTOR
    if (!isFull) continue
    rows.unshift(row)
    row = []
    sum = 0
  }
  if (row.length > 0) rows.unshift(row)
  let y = 0
  return rows.flatMap((each) => {
    const shape = each.reduce((all, ratio) => all + ratio, 0)
    const filled = (width - FEED_GAP_PX * (each.length - 1)) / shape
    const h = Math.min(filled, width * MAX_ALONE_FACTOR)
    let x = 0
    const boxes = each.map((ratio) => {
      const box = { x, y, w: ratio * h, h }
      x += box.w + FEED_GAP_PX
      return box
    })
    y += h + FEED_GAP_PX
    return boxes
  })
}
