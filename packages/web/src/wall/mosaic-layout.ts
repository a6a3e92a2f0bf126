import type { Box } from '@wirephoto/board'
import type { Size } from '../geometry/view.ts'

/** A longer shape gets a tile of this one, where it stands whole on a blur of itself. */
const TILE_RATIO = { min: 0.55, max: 2.4 }
/** The most tiles, on a screen that is large enough. */
const MAX_TILES_COUNT = 40
/** The room that a tile gets at least on average, so that it can be made out. */
const MIN_TILE_AREA_PX = 150 * 150
/** Rows of unlike heights look untidy: this share of the difference counts against them. */
const UNEVEN_FACTOR = 0.35

/** The orders of the pictures that are tried: the best of them leaves far less of the screen than the worst. */
const TRIED_ORDERS_COUNT = 24

/** Returns how many tiles a screen shows at most. */
export const maxTileCount = ({ w, h }: Size): number =>
  Math.max(4, Math.min(MAX_TILES_COUNT, Math.floor((w * h) / MIN_TILE_AREA_PX)))

interface Row {
  readonly ratios: readonly number[]
  readonly sum: number
}

/**
 * Lays pictures out in justified rows that fit whole into a size and leave as little of it as they can. `ratios` are
 * their widths by their heights. The boxes come in the order of the ratios, and need not stand in it.
 */
export function mosaicBoxes(ratios: readonly number[], size: Size, gap: number): Box[] {
  const shapes = ratios.map((ratio) => Math.max(TILE_RATIO.min, Math.min(TILE_RATIO.max, ratio)))
  let best: Box[] = []
  let covered = 0
  for (let i = 0; i < TRIED_ORDERS_COUNT; i++) {
    const order = orderOf(shapes.length, i)
    const boxes = rowsWithin(
      order.map((at) => shapes[at]!),
      size,
      gap,
    )
    const area = boxes.reduce((sum, { w, h }) => sum + w * h, 0)
    if (area <= covered) continue
    covered = area
    best = []
    for (const [place, at] of order.entries()) best[at] = boxes[place]!
  }
  // A screen that is too small for the gaps has none.
  if (best.length === 0 && gap > 0) return mosaicBoxes(ratios, size, 0)
  return best.map(inWholePixels)
}

/** Returns an order of so many places, the same for the same number; the first is the usual one. */
function orderOf(count: number, n: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  let state = n
  for (let i = count - 1; n > 0 && i > 0; i--) {
    state = (state * 48_271 + 11) % 0x7fffffff
    const other = Math.floor((state / 0x7fffffff) * (i + 1))
    ;[order[i], order[other]] = [order[other]!, order[i]!]
  }
  return order
}

/** Rounds edges, never sizes, so that neighbours keep their gap and none reaches beyond the size. */
function inWholePixels({ x, y, w, h }: Box): Box {
  const [left, top] = [Math.round(x), Math.round(y)]
  return { x: left, y: top, w: Math.round(x + w) - left, h: Math.round(y + h) - top }
}

/** Lays pictures out in justified rows of one width, in their order, as large as they fit into the frame. */
function rowsWithin(ratios: readonly number[], size: Size, gap: number): Box[] {
  if (ratios.length === 0 || size.w <= 0 || size.h <= 0) return []
  let best: { rows: Row[]; width: number; score: number } | null = null
  for (const rows of partitions(ratios)) {
    const width = fittedWidth(rows, size, gap)
    const heights = rows.map((row) => rowHeight(row, width, gap))
    const least = Math.min(...heights)
    if (least <= 0) continue
    const area = rows.reduce((sum, row, i) => sum + heights[i]! ** 2 * row.sum, 0)
    const score = area * (1 - UNEVEN_FACTOR * (1 - least / Math.max(...heights)))
    if (!best || score > best.score) best = { rows, width, score }
  }
  return best ? placed(best.rows, best.width, size, gap) : []
}

/** Returns the width at which the rows fit into the size. */
function fittedWidth(rows: readonly Row[], { w, h }: Size, gap: number): number {
  const perWidth = rows.reduce((sum, row) => sum + 1 / row.sum, 0)
  const lost = rows.reduce((sum, row) => sum + ((row.ratios.length - 1) * gap) / row.sum, 0)
  return Math.min(w, (h - (rows.length - 1) * gap + lost) / perWidth)
}

const rowHeight = ({ ratios, sum }: Row, width: number, gap: number): number =>
  (width - (ratios.length - 1) * gap) / sum

/** Returns the boxes of the rows, in the middle of the size. */
function placed(rows: readonly Row[], width: number, { w, h }: Size, gap: number): Box[] {
  const heights = rows.map((row) => rowHeight(row, width, gap))
  const left = (w - width) / 2
  let y = (h - heights.reduce((sum, height) => sum + height, (rows.length - 1) * gap)) / 2
  return rows.flatMap(({ ratios }, i) => {
    const height = heights[i]!
    const top = y
    let x = left
    y += height + gap
    return ratios.map((ratio) => {
      const start = x
      x += ratio * height + gap
      return { x: start, y: top, w: ratio * height, h: height }
    })
  })
}

/** Yields the most even way to cut the shapes into rows, for every number of rows. Their order stays. */
function* partitions(shapes: readonly number[]): Generator<Row[]> {
  const count = shapes.length
  const upTo = [0]
  for (const shape of shapes) upTo.push(upTo.at(-1)! + shape)
  const total = upTo[count]!
  for (let rowCount = 1; rowCount <= count; rowCount++) {
    const even = total / rowCount
    const costOf = (from: number, to: number): number => (upTo[to]! - upTo[from]! - even) ** 2
    // The least cost of the first shapes in so many rows, and where the last of these rows begins.
    let costs = upTo.map((_, to) => (to === 0 ? 0 : costOf(0, to)))
    const starts: number[][] = [upTo.map(() => 0)]
    for (let row = 1; row < rowCount; row++) {
      const begins: number[] = []
      costs = upTo.map((_, to) => {
        let least = Number.POSITIVE_INFINITY
        for (let from = row; from < to; from++) {
          const cost = costs[from]! + costOf(from, to)
          if (cost >= least) continue
          least = cost
          begins[to] = from
        }
        return least
      })
      starts.push(begins)
    }
    const rows: Row[] = []
    let to = count
    for (let row = rowCount - 1; row >= 0; row--) {
      const from = row === 0 ? 0 : starts[row]![to]!
      rows.unshift({ ratios: shapes.slice(from, to), sum: upTo[to]! - upTo[from]! })
      to = from
    }
    yield rows
  }
}
