import type { Box } from './layout.ts'

/** Width over height of a board that shows well on most screens. */
export const BOARD_SHAPE_FACTOR = 1.6

/** The rows that pictures are laid out in. */
export interface RowOptions {
  /** The width of every full row. */
  readonly width: number
  /** The height that each row comes near to. */
  readonly height: number
  readonly gap: number
  /** Whether the last row is as wide as the others, however high it gets by that. */
  readonly fillsLast?: boolean
}

/** Rows that are lower than this part of the wanted height aren't tried. */
const LOWEST_ROW_FACTOR = 1 / 3
/** The badness of an empty last row. A full one has none. */
const EMPTY_LAST_ROW_FACTOR = 0.1
/** So many pictures are laid out at several widths, of which the best is taken. */
const TRIED_AT_WIDTHS_COUNT = 300
const WIDTH_FACTORS = [1, 0.95, 1.05, 0.9, 1.1, 0.85, 1.15, 0.8, 1.2] as const

interface Rows {
  readonly boxes: Box[]
  readonly height: number
  /** How far the rows' heights are from the wanted one, on average, with the room at the end. */
  readonly badness: number
}

/**
 * Lays pictures of these shapes, each its width over its height, out in rows from the origin on. Their order stays.
 * Each row has one height, and fills the width to its end; the last one begins at the left and may end before it.
 * Breaks between rows are chosen together, as those between the lines of a justified text.
 */
export function justifiedRows(ratios: readonly number[], options: RowOptions): Box[] {
  return layOut(ratios, options).boxes
}

/**
 * Lays pictures out in justified rows near a height, as a block that is near 1.6 times as wide as it is high. The
 * best of several `widths` is taken.
 */
export function justifiedBlock(
  ratios: readonly number[],
  { height, gap, widths }: Omit<RowOptions, 'width'> & { readonly widths?: readonly number[] },
): Box[] {
  const length = ratios.reduce((sum, ratio) => sum + ratio * height + gap, 0)
  const width = Math.sqrt(BOARD_SHAPE_FACTOR * length * (height + gap))
  const factors = ratios.length > TRIED_AT_WIDTHS_COUNT ? [1] : WIDTH_FACTORS
  let best: Rows = { boxes: [], height: 0, badness: 0 }
  let least = Number.POSITIVE_INFINITY
  for (const each of widths ?? factors.map((factor) => factor * width)) {
    const rows = layOut(ratios, { width: each, height, gap })
    const right = rows.boxes.reduce((most, { x, w }) => Math.max(most, x + w), 0)
    const badness = 2 * rows.badness + Math.log(right / rows.height / BOARD_SHAPE_FACTOR) ** 2
    if (badness < least) [best, least] = [rows, badness]
  }
  return best.boxes
}

/**
 * Lays pictures out in justified rows that fit whole into a frame, and cover as much of it as they can. The rest of
 * the frame lies around them evenly.
 */
export function rowsWithin(
  ratios: readonly number[],
  frame: { readonly w: number; readonly h: number },
  gap: number,
): Box[] {
  let best: Box[] = []
  let covered = 0
  for (let count = 1; count <= ratios.length; count++) {
    const height = (frame.h + gap) / count - gap
    if (height <= 0) break
    const rows = layOut(ratios, { width: frame.w, height, gap, fillsLast: true })
    const scale = Math.min(1, frame.h / rows.height)
    const area = rows.boxes.reduce((sum, { w, h }) => sum + w * h, 0) * scale ** 2
    if (area <= covered) continue
    covered = area
    const [dx, dy] = [(frame.w - frame.w * scale) / 2, (frame.h - rows.height * scale) / 2]
    best = rows.boxes.map(({ x, y, w, h }) => ({
      x: dx + x * scale,
      y: dy + y * scale,
      w: w * scale,
      h: h * scale,
    }))
  }
  return best
}

function layOut(
  ratios: readonly number[],
  { width, height, gap, fillsLast = false }: RowOptions,
): Rows {
  const count = ratios.length
  /** By the number of pictures before a break: the least badness, and where its last row begins. */
  const badness = [0]
  const starts = [0]
  for (let end = 1; end <= count; end++) {
    let least = Number.POSITIVE_INFINITY
    let sum = 0
    for (let start = end - 1; start >= 0; start--) {
      sum += ratios[start]!
      const filled = (width - gap * (end - start - 1)) / sum
      if (start < end - 1 && filled < height * LOWEST_ROW_FACTOR) break
      const isShort = end === count && !fillsLast && filled > height
      const own = isShort
        ? EMPTY_LAST_ROW_FACTOR * (1 - height / filled)
        : Math.log(Math.max(filled, Number.MIN_VALUE) / height) ** 2
      const all = badness[start]! + own
      if (all >= least) continue
      least = all
      starts[end] = start
    }
    badness[end] = least
  }
  const breaks: number[] = []
  for (let end = count; end > 0; end = starts[end]!) breaks.unshift(end)
  const boxes: Box[] = []
  let y = 0
  for (const [row, end] of breaks.entries()) {
    const own = ratios.slice(boxes.length, end)
    const filled = (width - gap * (own.length - 1)) / own.reduce((sum, ratio) => sum + ratio, 0)
    const isLast = row === breaks.length - 1 && !fillsLast
    const h = isLast ? Math.min(filled, height) : filled
    let x = 0
    for (const ratio of own) {
      boxes.push({ x, y, w: ratio * h, h })
      x += ratio * h + gap
    }
    y += h + gap
  }
  return {
    boxes,
    height: Math.max(0, y - gap),
    badness: count === 0 ? 0 : badness[count]! / breaks.length,
  }
}
