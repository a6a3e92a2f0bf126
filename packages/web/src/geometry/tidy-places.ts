import {
  around,
  type Box,
  GAP_UNITS,
  inReadingOrder,
  justifiedBlock,
  ROW_HEIGHT_UNITS,
  rowBelow,
  toHundredths,
  widthsNear,
} from '@wirephoto/board'

/** Edges that are apart by less count as even. */
const TOLERANCE_UNITS = 0.5

/** Where a picture stands, and how wide. */
export interface Placed {
  readonly x: number
  readonly y: number
  readonly w: number
}

/**
 * Puts all pictures of a board into justified rows, in reading order, about where they begin. The rows are as high
 * and wide as those of new pictures, and end where the next of these begin.
 */
export function tidyBoard(boxes: ReadonlyMap<string, Box>): Map<string, Placed> {
  const extent = around(boxes.values())
  if (!extent) return new Map()
  const ids = inReadingOrder(boxes)
  const ratios = ids.map((id) => ratioOf(boxes.get(id)!))
  const rows = justifiedBlock(ratios, {
    height: ROW_HEIGHT_UNITS,
    gap: GAP_UNITS,
    widths: widthsNear(ratios),
  })
  const { h } = around(rows)!
  const corner = rowBelow({ ...extent, h })
  return placed(ids, rows, { x: corner.x, y: corner.y - GAP_UNITS - h })
}

/**
 * Puts some pictures into justified rows, in reading order, from the corner where they begin. They take as much room
 * as before. Pictures that stand in such rows already stay.
 */
export function tidySelected(boxes: ReadonlyMap<string, Box>): Map<string, Placed> {
  const extent = around(boxes.values())
  const ids = inReadingOrder(boxes)
  const inOrder = ids.map((id) => boxes.get(id)!)
  if (!extent || standInRows(inOrder)) return new Map()
  const ratios = inOrder.map(ratioOf)
  const area = inOrder.reduce((sum, { w, h }) => sum + w * h, 0)
  const height = Math.sqrt(area / ratios.reduce((sum, ratio) => sum + ratio, 0))
  return placed(ids, justifiedBlock(ratios, { height, gap: GAP_UNITS }), extent)
}

const ratioOf = ({ w, h }: Box): number => w / h

const placed = (
  ids: readonly string[],
  rows: readonly Box[],
  corner: { readonly x: number; readonly y: number },
): Map<string, Placed> =>
  new Map(
    ids.map((id, i) => {
      const { x, y, w } = rows[i]!
      return [
        id,
        { x: toHundredths(corner.x + x), y: toHundredths(corner.y + y), w: toHundredths(w) },
      ]
    }),
  )

/** Whether pictures, in their order, stand in justified rows. */
function standInRows(boxes: readonly Box[]): boolean {
  const rows: Box[][] = []
  for (const box of boxes) {
    const row = rows.at(-1)
    if (row && isEven(row[0]!.y, box.y)) row.push(box)
    else rows.push([box])
  }
  const [first] = rows
  const rightOf = (row: readonly Box[] | undefined): number => row!.at(-1)!.x + row!.at(-1)!.w
  return rows.every((row, i) => {
    const above = rows[i - 1]?.[0]
    const isBelow = !above || isEven(row[0]!.y, above.y + above.h + GAP_UNITS)
    const isFull = isEven(rightOf(row), rightOf(first))
    const isShort = i === rows.length - 1 && rightOf(row) < rightOf(first)
    return isBelow && isEven(row[0]!.x, first![0]!.x) && (isFull || isShort) && isRow(row)
  })
}

const isRow = (row: readonly Box[]): boolean =>
  row.every(({ x, h }, i) => {
    const before = row[i - 1]
    return !before || (isEven(h, before.h) && isEven(x, before.x + before.w + GAP_UNITS))
  })

const isEven = (a: number, b: number): boolean => Math.abs(a - b) < TOLERANCE_UNITS
