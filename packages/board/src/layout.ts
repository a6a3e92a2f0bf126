import type { ImageRecord, Records } from './records.ts'
import { picturesOnBoard } from './records.ts'

/** A rectangle in board units; `x` and `y` are its top left corner. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** The height of a row of new pictures. */
export const ROW_HEIGHT_UNITS = 240
export const GAP_UNITS = 16
const ROW_WIDTH_UNITS = 1_600
const MAX_FIRST_WIDTH_UNITS = 960
/** A new picture is neither narrower nor lower than this, so that it can be seen and taken hold of. */
export const MIN_FIRST_SIDE_UNITS = 120
/** A shape that is still longer becomes thinner, or it would push everything else out of view. */
const MAX_FIRST_SIDE_UNITS = 24_000

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

/** Returns a new picture's width in board units: a row high, and larger than its pixels only if it is tiny. */
export function firstWidth(width: number, height: number): number {
  const ratio = width / height
  const row = Math.min(width, ROW_HEIGHT_UNITS * ratio, MAX_FIRST_WIDTH_UNITS)
  const least = MIN_FIRST_SIDE_UNITS * Math.max(1, ratio)
  const most = MAX_FIRST_SIDE_UNITS * Math.min(1, ratio)
  return Math.max(1, Math.min(Math.max(row, least), most))
}

/** Returns the next free spot for a box, in whole units: after the last of the lowest row, or below it all. */
export function freeSpot(
  records: Pick<Records, 'values'>,
  w: number,
  h: number,
): { x: number; y: number } {
  let lowest: ImageRecord | undefined
  let left = Number.POSITIVE_INFINITY
  const pictures = picturesOnBoard(records)
  for (const image of pictures) {
    left = Math.min(left, image.x)
    if (!lowest || bottomOf(image) > bottomOf(lowest)) lowest = image
  }
  if (!lowest) return whole({ x: -w / 2, y: -h / 2 })
  let right = left
  for (const image of pictures)
    if (bottomOf(image) > lowest.y) right = Math.max(right, image.x + image.w)
  return whole(
    right + GAP_UNITS + w <= left + ROW_WIDTH_UNITS
      ? { x: right + GAP_UNITS, y: lowest.y }
      : { x: left, y: bottomOf(lowest) + GAP_UNITS },
  )
}

const whole = ({ x, y }: { x: number; y: number }) => ({ x: Math.round(x), y: Math.round(y) })

const bottomOf = (image: ImageRecord): number => image.y + heightOf(image)

/** Lays pictures that are dropped together out in rows. The first is centred on the point; none covers another. */
export function tidyRows(
  sizes: readonly { readonly w: number; readonly h: number }[],
  point: { readonly x: number; readonly y: number },
): { x: number; y: number }[] {
  const [first] = sizes
  if (!first) return []
  const area = sizes.reduce((sum, { w, h }) => sum + (w + GAP_UNITS) * (h + GAP_UNITS), 0)
  const rowWidth = Math.max(Math.sqrt(area * 1.6), ...sizes.map(({ w }) => w))
  const left = point.x - first.w / 2
  let x = left
  let y = point.y - first.h / 2
  let rowHeight = 0
  return sizes.map(({ w, h }) => {
    if (x > left && x + w > left + rowWidth) {
      x = left
      y += rowHeight + GAP_UNITS
      rowHeight = 0
    }
    const spot = { x, y }
    x += w + GAP_UNITS
    rowHeight = Math.max(rowHeight, h)
    return spot
  })
}
