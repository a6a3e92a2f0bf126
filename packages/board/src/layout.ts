import type { ImageRecord } from './records.ts'

/** A rectangle in board units; `x` and `y` are its top left corner. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** Returns whether two rectangles share some area; edges alone don't count. */
export const overlaps = (a: Box, b: Box): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

/** Returns the smallest box around all, null if there is none. */
export function around(boxes: Iterable<Box>): Box | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const { x, y, w, h } of boxes) {
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x + w)
    bottom = Math.max(bottom, y + h)
  }
  return left <= right ? { x: left, y: top, w: right - left, h: bottom - top } : null
}

/**
 * Lists pictures row by row, each row from the left. A picture belongs to a row if it begins above the
 * middle of the row's first picture.
 */
export function inReadingOrder(boxes: ReadonlyMap<string, Box>): string[] {
  const down = [...boxes].sort(
    ([a, one], [b, two]) => one.y - two.y || one.x - two.x || (a < b ? -1 : 1),
  )
  const rows: [string, Box][][] = []
  let middle = Number.NEGATIVE_INFINITY
  for (const entry of down) {
    const [, { y, h }] = entry
    if (y < middle) rows.at(-1)!.push(entry)
    else {
      rows.push([entry])
      middle = y + h / 2
    }
  }
  return rows.flatMap((row) => row.sort(([, a], [, b]) => a.x - b.x).map(([id]) => id))
}

/** The height of a row of new pictures. */
export const ROW_HEIGHT_UNITS = 240
export const GAP_UNITS = 16
const MAX_FIRST_WIDTH_UNITS = 960
/** A new picture is neither narrower nor lower than this, so that it can be seen and taken hold of. */
export const MIN_FIRST_SIDE_UNITS = 100
/** A shape that is still longer becomes thinner, or it would push everything else out of view. */
export const MAX_FIRST_SIDE_UNITS = 24_000

/** Returns a picture's height in board units. */
export const heightOf = (image: Pick<ImageRecord, 'w' | 'width' | 'height'>): number =>
  (image.w * image.height) / image.width

/** Returns the rectangle that a picture covers. */
export const boxOf = (image: ImageRecord): Box => ({
  x: image.x,
  y: image.y,
  w: image.w,
  h: heightOf(image),
})

/** Rounds board units as places and widths are stored, so that rows stay straight and their ends even. */
export const toHundredths = (units: number): number => Math.round(units * 100) / 100

/** Returns a new picture's width in board units: a row high, and larger than its pixels only if it is tiny. */
export function firstWidth(width: number, height: number): number {
  const ratio = width / height
  const row = Math.min(width, ROW_HEIGHT_UNITS * ratio, MAX_FIRST_WIDTH_UNITS)
  const least = MIN_FIRST_SIDE_UNITS * Math.max(1, ratio)
  const most = MAX_FIRST_SIDE_UNITS * Math.min(1, ratio)
  return Math.max(1, Math.min(Math.max(row, least), most))
}
