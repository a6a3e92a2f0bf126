import { clamp } from './box.ts'
import type { Point, Size } from './view.ts'

/** How a picture stands in its frame: its scale beside the whole picture's, and how far its middle is from the frame's. */
export interface PicturePlace extends Point {
  readonly scale: number
}

/** The whole picture, in the middle. */
export const WHOLE: PicturePlace = { scale: 1, x: 0, y: 0 }

/** Every picture can be zoomed this far. */
const MIN_REACH_FACTOR = 4
/** A picture with many pixels can be zoomed until each takes so many of the screen's. */
const MAX_CSS_PX_PER_PIXEL = 2
/** Beyond its bounds a picture follows the finger by this share. */
const RUBBER_FACTOR = 0.35

/** Returns the largest scale of a picture that is so many pixels wide, and shown at this width. */
export const largestScale = (widthPixels: number, shownWidth: number): number =>
  Math.max(MIN_REACH_FACTOR, (widthPixels / shownWidth) * MAX_CSS_PX_PER_PIXEL)

/** Scales a picture about a point, which is measured from the frame's middle and stays where it is. */
export function scaledAt({ scale, x, y }: PicturePlace, to: number, at: Point): PicturePlace {
  const factor = to / scale
  return { scale: to, x: at.x - (at.x - x) * factor, y: at.y - (at.y - y) * factor }
}

/** Returns the nearest place within the bounds: no gap at an edge while the picture goes on beyond the other one. */
export function withinBounds(
  { scale, x, y }: PicturePlace,
  whole: Size,
  frame: Size,
): PicturePlace {
  return { scale, x: kept(x, whole.w * scale, frame.w), y: kept(y, whole.h * scale, frame.h) }
}

/** Returns where a picture is that was drawn to this place: beyond its bounds it lags behind the finger. */
export function lagging(place: PicturePlace, whole: Size, frame: Size): PicturePlace {
  const allowed = withinBounds(place, whole, frame)
  return { scale: place.scale, x: lag(place.x, allowed.x), y: lag(place.y, allowed.y) }
}

/** Returns the scale to which a pinch leads: below the whole picture and above the largest scale it lags behind. */
export const laggingScale = (scale: number, largest: number): number =>
  lag(scale, clamp(scale, 1, largest))

/** Returns the place between two others, `t` from 0 to 1. */
export const placeBetween = (from: PicturePlace, to: PicturePlace, t: number): PicturePlace => ({
  scale: from.scale + (to.scale - from.scale) * t,
  x: from.x + (to.x - from.x) * t,
  y: from.y + (to.y - from.y) * t,
})

/** Returns the value that lags behind `value` from the last one that is allowed. */
export const lag = (value: number, allowed: number): number =>
  allowed + (value - allowed) * RUBBER_FACTOR

/** Returns the nearest allowed distance between two middles: none if the frame has room for all of a length. */
function kept(distance: number, length: number, frame: number): number {
  const room = (length - frame) / 2
  return room > 0 ? clamp(distance, -room, room) : 0
}
