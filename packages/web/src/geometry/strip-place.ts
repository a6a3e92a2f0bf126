import type { Box } from '@wirephoto/board'

/** The height of one row of an info strip, with its distance from the picture. */
const STRIP_ROW_PX = 19
/** A strip with more to say may be wider than its picture, where nothing stands in the way. */
const WIDE_STRIP_PX = 240
/** Narrower or lower pictures have no room for a strip on them, nor under them alone. */
const MIN_WIDTH_PX = 96
const MIN_HEIGHT_PX = 56
/** As far below a picture as its strip or its caption may reach. */
const MAX_ROOM_PX = 120

/** The smallest row of a caption, and the full one. */
const MIN_LINE_PX = 11
const MAX_LINE_PX = 18
const MIN_CAPTION_WIDTH_PX = 120
const MAX_CAPTION_LINE_COUNT = 3

/**
 * Where an info strip stands: under its picture, in a `wide` one or within its width, or `inside` on its
 * lower third. Where a picture is too small for that, a `tip` is shown on hover alone.
 */
export interface StripPlace {
  readonly where: 'wide' | 'under' | 'inside' | 'tip'
  /** The height in screen pixels that nothing else stands in. */
  readonly room: number
}

/** Returns the free height below a box, within its width: at most `most`, and 0 if something lies over its lower edge. */
export function roomBelow(box: Box, others: Iterable<Box>, most: number): number {
  const bottom = box.y + box.h
  let room = most
  for (const { x, y, w, h } of others) {
    if (x >= box.x + box.w || x + w <= box.x || y + h < bottom || y - bottom >= room) continue
    room = Math.max(0, y - bottom)
  }
  return room
}

/** Returns where the info strip of a picture stands, so that it lies on no other picture. */
export function stripPlace(
  box: Box,
  others: (around: Box) => Iterable<Box>,
  zoom: number,
): StripPlace {
  const [width, height] = [box.w * zoom, box.h * zoom]
  const roomFor = (widthPx: number): number => {
    const strip = { ...box, w: widthPx / zoom }
    return roomBelow(strip, others(strip), MAX_ROOM_PX / zoom) * zoom
  }
  if (width < WIDE_STRIP_PX) {
    const room = roomFor(WIDE_STRIP_PX)
    if (room >= STRIP_ROW_PX) return { where: 'wide', room }
  }
  if (width < MIN_WIDTH_PX) return { where: 'tip', room: MAX_ROOM_PX }
  const room = roomFor(width)
  if (room >= STRIP_ROW_PX) return { where: 'under', room }
  if (height < MIN_HEIGHT_PX) return { where: 'tip', room: MAX_ROOM_PX }
  return { where: 'inside', room: height / 3 }
}

/** Whether a picture is wide enough for a caption that can be read. */
export const mayHaveCaption = ({ w }: Box, zoom: number): boolean =>
  w * zoom >= MIN_CAPTION_WIDTH_PX

/** The lines of a caption under a picture, and the height of each in screen pixels. */
export interface CaptionLines {
  readonly count: number
  readonly height: number
}

/** Returns the lines that a caption has under a picture, or null if no readable one fits. */
export function captionLines(box: Box, room: number, zoom: number): CaptionLines | null {
  const free = Math.min(room * zoom, MAX_ROOM_PX)
  if (!mayHaveCaption(box, zoom) || free < MIN_LINE_PX) return null
  const height = Math.min(MAX_LINE_PX, Math.floor(free))
  return { count: Math.min(MAX_CAPTION_LINE_COUNT, Math.floor(free / height)), height }
}
