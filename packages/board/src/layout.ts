import type { ImageRecord, Records } from './records.ts'
import { standing } from './records.ts'

export interface Box {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** Board units. */
export const ROW_HEIGHT = 240
export const GAP = 16
const ROW_WIDTH = 1_600
const WIDEST_AT_FIRST = 960

export const heightOf = (image: Pick<ImageRecord, 'w' | 'width' | 'height'>): number =>
  (image.w * image.height) / image.width

export const boxOf = (image: ImageRecord): Box => ({
  x: image.x,
  y: image.y,
  w: image.w,
  h: heightOf(image),
})

/** How wide a new picture stands: a row high, never larger than its pixels. */
export function firstWidth(width: number, height: number): number {
  return Math.max(1, Math.min(width, (ROW_HEIGHT * width) / height, WIDEST_AT_FIRST))
}

/** The next free spot for a box: after the last of the lowest row, or below it all. */
export function freeSpot(
  records: Pick<Records, 'values'>,
  w: number,
  h: number,
): { x: number; y: number } {
  let lowest: ImageRecord | undefined
  let left = Number.POSITIVE_INFINITY
  const pictures = standing(records)
  for (const image of pictures) {
    left = Math.min(left, image.x)
    if (!lowest || bottomOf(image) > bottomOf(lowest)) lowest = image
  }
  if (!lowest) return { x: -w / 2, y: -h / 2 }
  let right = left
  for (const image of pictures)
    if (bottomOf(image) > lowest.y) right = Math.max(right, image.x + image.w)
  return right + GAP + w <= left + ROW_WIDTH
    ? { x: right + GAP, y: lowest.y }
    : { x: left, y: bottomOf(lowest) + GAP }
}

const bottomOf = (image: ImageRecord): number => image.y + heightOf(image)

/** Tidy rows for pictures dropped together; the first is centred on the point. None covers another. */
export function tidyRows(
  sizes: readonly { readonly w: number; readonly h: number }[],
  point: { readonly x: number; readonly y: number },
): { x: number; y: number }[] {
  const [first] = sizes
  if (!first) return []
  const area = sizes.reduce((sum, { w, h }) => sum + (w + GAP) * (h + GAP), 0)
  const rowWidth = Math.max(Math.sqrt(area * 1.6), ...sizes.map(({ w }) => w))
  const left = point.x - first.w / 2
  let x = left
  let y = point.y - first.h / 2
  let rowHeight = 0
  return sizes.map(({ w, h }) => {
    if (x > left && x + w > left + rowWidth) {
      x = left
      y += rowHeight + GAP
      rowHeight = 0
    }
    const spot = { x, y }
    x += w + GAP
    rowHeight = Math.max(rowHeight, h)
    return spot
  })
}
