import { around, type Box, boxOf, type ImageRecord } from '@wirephoto/board'

/** Pixels of a board as one picture. */
const MAX_OVERVIEW_PIXEL_COUNT = 1_000_000
/** Its longest side: models and screens make larger ones smaller. */
const MAX_OVERVIEW_SIDE_PX = 2_000
/** An empty board, in board units. */
const EMPTY_AREA: Box = { x: 0, y: 0, w: 320, h: 200 }

/** A part of a board, and the size in pixels at which it is drawn. */
export interface Frame {
  /** Board units. */
  readonly area: Box
  /** Pixels. */
  readonly width: number
  readonly height: number
}

/** A picture's place in a frame, in pixels; it may reach beyond the frame. */
export interface TileBox {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** Returns the smallest area in which all pictures lie. */
export const areaOf = (pictures: Iterable<ImageRecord>): Box =>
  around(Iterator.from(pictures).map(boxOf)) ?? EMPTY_AREA

/** Returns how an area is drawn: at most a pixel for each board unit, and at most a megapixel. */
export function frameOf(area: Box): Frame {
  const { w, h } = area
  const scale = Math.min(
    1,
    Math.sqrt(MAX_OVERVIEW_PIXEL_COUNT / (w * h)),
    MAX_OVERVIEW_SIDE_PX / Math.max(w, h),
  )
  const [width, height] = [w, h].map((side) => Math.max(1, Math.floor(side * scale)))
  return { area, width: width!, height: height! }
}

/** Returns a picture's place in a frame, at least a pixel; null if it lies outside. */
export function tileIn({ area, width, height }: Frame, picture: ImageRecord): TileBox | null {
  const { x, y, w, h } = boxOf(picture)
  const [acrossFactor, downFactor] = [width / area.w, height / area.h]
  const left = Math.round((x - area.x) * acrossFactor)
  const top = Math.round((y - area.y) * downFactor)
  const right = Math.max(left + 1, Math.round((x + w - area.x) * acrossFactor))
  const bottom = Math.max(top + 1, Math.round((y + h - area.y) * downFactor))
  if (right <= 0 || bottom <= 0 || left >= width || top >= height) return null
  return { left, top, width: right - left, height: bottom - top }
}
