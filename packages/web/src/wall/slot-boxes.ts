import type { Box } from '@wirephoto/board'
import type { Size } from '../geometry/view.ts'

interface SlotFrame extends Size {
  readonly gap: number
  /** The room below each picture, for its name. */
  readonly foot: number
  /** The width that a name needs. A layout with less for one of them is chosen where the others are as bad. */
  readonly narrowest: number
}

/** So few stand in any order that is better. Among more, people look for one by its place. */
const MAX_REORDERED_COUNT = 5
/** Another order than the given one must make the pictures larger by this factor. */
const REORDERED_FACTOR = 1.05

/**
 * Lays pictures out in rows or columns that are flush at both ends, each whole and as large as the frame lets them be.
 * `ratios` are their widths by their heights. The boxes come in the order of the ratios, without the room below them.
 */
export function slotBoxes(ratios: readonly number[], frame: SlotFrame): Box[] {
  const given = [...ratios.keys()]
  const others = given.length > MAX_REORDERED_COUNT ? [] : ordersOf(given)
  let best: Box[] = []
  let bestSize = 0
  for (const order of [given, ...others])
    for (const boxes of layoutsOf(order, ratios, frame)) {
      // The geometric mean, not the sum: no picture gets tiny for another's sake. Narrow ones count for less.
      const mean = Math.exp(
        boxes.reduce(
          (sum, { w, h }) => sum + Math.log(w * h) / 2 + Math.min(0, Math.log(w / frame.narrowest)),
          0,
        ) / boxes.length,
      )
      const size = order === given ? mean : mean / REORDERED_FACTOR
      if (size <= bestSize) continue
      bestSize = size
      best = boxes
    }
  return best
}

/** Returns the layouts in rows and in columns, of each number of them. */
function layoutsOf(
  order: readonly number[],
  ratios: readonly number[],
  frame: SlotFrame,
): readonly Box[][] {
  const layouts: (Box[] | null)[] = []
  const even = (): number => 1
  for (let count = 1; count <= order.length; count++) {
    for (const weightOf of [(at: number) => ratios[at]!, even]) {
      const rows = inGroups(order, count, weightOf)
      if (rows) layouts.push(inRows(rows, ratios, frame))
    }
    for (const weightOf of [(at: number) => 1 / ratios[at]!, even]) {
      const columns = inGroups(order, count, weightOf)
      if (columns) layouts.push(inColumns(columns, ratios, frame))
    }
  }
  return layouts.filter((boxes) => boxes !== null)
}

/** Cuts an order into so many groups of about the same weight. Null if one of them would be empty. */
function inGroups(
  order: readonly number[],
  count: number,
  weightOf: (at: number) => number,
): number[][] | null {
  const groups = Array.from({ length: count }, (): number[] => [])
  const total = order.reduce((sum, at) => sum + weightOf(at), 0)
  let before = 0
  for (const at of order) {
    const middle = before + weightOf(at) / 2
    groups[Math.min(count - 1, Math.floor((middle / total) * count))]!.push(at)
    before += weightOf(at)
  }
  return groups.every((group) => group.length > 0) ? groups : null
}

function inRows(
  rows: readonly (readonly number[])[],
  ratios: readonly number[],
  { w, h, gap, foot }: SlotFrame,
): Box[] | null {
  // A row's height grows with its width: by `rise` a pixel.
  const rises = rows.map((row) => 1 / row.reduce((sum, at) => sum + ratios[at]!, 0))
  const heightOf = (row: number, width: number): number =>
    (width - gap * (rows[row]!.length - 1)) * rises[row]!
  const heightAt = (width: number): number =>
    rises.reduce((sum, _, row) => sum + heightOf(row, width) + foot, gap * (rows.length - 1))
  const rise = rises.reduce((sum, each) => sum + each, 0)
  const width = Math.min(w, (h - heightAt(0)) / rise)
  const boxes: Box[] = []
  let y = (h - heightAt(width)) / 2
  for (const [row, members] of rows.entries()) {
    const height = heightOf(row, width)
    if (height <= 0) return null
    let x = (w - width) / 2
    for (const at of members) {
      boxes[at] = { x, y, w: height * ratios[at]!, h: height }
      x += height * ratios[at]! + gap
    }
    y += height + foot + gap
  }
  return boxes
}

function inColumns(
  columns: readonly (readonly number[])[],
  ratios: readonly number[],
  { w, h, gap, foot }: SlotFrame,
): Box[] | null {
  const rises = columns.map((column) => 1 / column.reduce((sum, at) => sum + 1 / ratios[at]!, 0))
  const widthOf = (column: number, height: number): number => {
    const count = columns[column]!.length
    return (height - foot * count - gap * (count - 1)) * rises[column]!
  }
  const widthAt = (height: number): number =>
    rises.reduce((sum, _, column) => sum + widthOf(column, height), gap * (columns.length - 1))
  const rise = rises.reduce((sum, each) => sum + each, 0)
  const height = Math.min(h, (w - widthAt(0)) / rise)
  const boxes: Box[] = []
  let x = (w - widthAt(height)) / 2
  for (const [column, members] of columns.entries()) {
    const width = widthOf(column, height)
    if (width <= 0) return null
    let y = (h - height) / 2
    for (const at of members) {
      boxes[at] = { x, y, w: width, h: width / ratios[at]! }
      y += width / ratios[at]! + foot + gap
    }
    x += width + gap
  }
  return boxes
}

/** Returns all orders of a few. */
function ordersOf(all: readonly number[]): number[][] {
  if (all.length < 2) return [[...all]]
  return all.flatMap((first) =>
    ordersOf(all.filter((other) => other !== first)).map((rest) => [first, ...rest]),
  )
}
