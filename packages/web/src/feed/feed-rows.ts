import type { Box } from '@wirephoto/board'

export const FEED_GAP_PX = 2
const MAX_PER_ROW_COUNT = 3
/** Two pictures are enough for a row, if they are together so many times as wide as high. */
const FULL_PAIR_FACTOR = 1.9
/** Such a picture has a row of its own. */
const WIDE_SHAPE_FACTOR = 2.4
/** A picture that is alone is not higher than so many times the feed's width. */
const MAX_ALONE_FACTOR = 1.3
/** Feeds that are wider have lower rows, with as many pictures as it takes. */
const WIDE_PX = 600
const MAX_WIDE_ROW_PX = 240

/**
 * Lays pictures, the newest first, out in rows from edge to edge: two or three side by side, or more in a wide feed.
 * Rows are filled from the oldest picture on, so a new one changes the uppermost row alone. If that isn't full, it stands left or right.
 */
export function feedRows(ratios: readonly number[], width: number, atRight = false): Box[] {
  const rows: number[][] = []
  let row: number[] = []
  let sum = 0
  const isWide = width >= WIDE_PX
  const full = isWide ? width / MAX_WIDE_ROW_PX : FULL_PAIR_FACTOR
  const alone = isWide ? full : WIDE_SHAPE_FACTOR
  for (const ratio of ratios.toReversed()) {
    // Rows and their pictures are gathered from the last one on.
    if (!isWide && ratio >= alone && row.length > 0) {
      rows.unshift(row)
      row = []
      sum = 0
    }
    row.unshift(ratio)
    sum += ratio
    const isFull =
      ratio >= alone ||
      (row.length >= 2 && sum >= full) ||
      (!isWide && row.length === MAX_PER_ROW_COUNT)
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
    const h = Math.min(filled, isWide ? MAX_WIDE_ROW_PX : width * MAX_ALONE_FACTOR)
    let x = atRight ? width - shape * h - FEED_GAP_PX * (each.length - 1) : 0
    const boxes = each.map((ratio) => {
      const box = { x, y, w: ratio * h, h }
      x += box.w + FEED_GAP_PX
      return box
    })
    y += h + FEED_GAP_PX
    return boxes
  })
}
