import type { Box } from '@wirephoto/board'

/** The board point at the screen's top left corner, and the screen pixels per board unit. */
export interface View {
  readonly x: number
  readonly y: number
  readonly zoom: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Size {
  readonly w: number
  readonly h: number
}

/** Screen pixels that bars cover at each edge. */
export interface Insets {
  readonly top: number
  readonly right: number
  readonly bottom: number
  readonly left: number
}

export const MIN_ZOOM = 0.02
export const MAX_ZOOM = 8

export const toBoard = (view: View, at: Point): Point => ({
  x: view.x + at.x / view.zoom,
  y: view.y + at.y / view.zoom,
})

export const toScreen = (view: View, at: Point): Point => ({
  x: (at.x - view.x) * view.zoom,
  y: (at.y - view.y) * view.zoom,
})

/** Moves a view by screen pixels, so that the ground follows the finger. */
export const panned = (view: View, dx: number, dy: number): View => ({
  ...view,
  x: view.x - dx / view.zoom,
  y: view.y - dy / view.zoom,
})

/** Zooms a view. The board point under the screen point stays there. */
export function zoomed(view: View, zoom: number, at: Point): View {
  const next = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom))
  const fixed = toBoard(view, at)
  return { x: fixed.x - at.x / next, y: fixed.y - at.y / next, zoom: next }
}

/** Returns the next step of the zoom buttons: half octaves from 100 %. */
export function zoomStep(zoom: number, direction: 1 | -1): number {
  const step = Math.log2(zoom) * 2
  const next = direction > 0 ? Math.floor(step + 1.01) : Math.ceil(step - 1.01)
  return 2 ** (next / 2)
}

/** A single picture is enlarged to this part of the screen's shorter side. */
const SINGLE_PICTURE_FACTOR = 0.6

/** How far a fitted box may be enlarged: a single picture to a part of the screen, all others up to a zoom. */
export type Enlargement = 'single' | number

/**
 * Returns the view that shows a whole box, centred, at 100 % or smaller unless it may be enlarged. A single picture is
 * if it would take little of the screen's shorter side.
 */
export function fitting(box: Box, size: Size, insets: Insets, enlargement: Enlargement = 1): View {
  const w = Math.max(1, size.w - insets.left - insets.right)
  const h = Math.max(1, size.h - insets.top - insets.bottom)
  const side = size.w < size.h ? size.w / box.w : size.h / box.h
  const most = enlargement === 'single' ? side * SINGLE_PICTURE_FACTOR : enlargement
  const zoom = Math.max(MIN_ZOOM, Math.min(MAX_ZOOM, Math.max(1, most), w / box.w, h / box.h))
  return {
    x: box.x + box.w / 2 - (insets.left + w / 2) / zoom,
    y: box.y + box.h / 2 - (insets.top + h / 2) / zoom,
    zoom,
  }
}

/** Returns the view at 100 % with the board's origin at the centre. */
export const centred = (size: Size): View => ({ x: -size.w / 2, y: -size.h / 2, zoom: 1 })

/** Returns the nearest view that shows the whole box, or its top left corner if it is too large. */
export function revealing(view: View, box: Box, size: Size, insets: Insets): View {
  const { x, y, w, h } = visibleBox(view, size, insets)
  return { ...view, x: view.x + shift(x, w, box.x, box.w), y: view.y + shift(y, h, box.y, box.h) }
}

/** Returns how far a window of `w` at `x` must move to hold a range from `start`. */
function shift(x: number, w: number, start: number, length: number): number {
  if (start < x || length > w) return start - x
  return Math.max(0, start + length - (x + w))
}

/** Returns the part of the board that no bar covers. */
export function visibleBox(view: View, size: Size, insets: Insets): Box {
  return {
    ...toBoard(view, { x: insets.left, y: insets.top }),
    w: (size.w - insets.left - insets.right) / view.zoom,
    h: (size.h - insets.top - insets.bottom) / view.zoom,
  }
}

/** Returns the part of the board on screen, with `margin` times the screen's size around it. */
export function viewBox(view: View, size: Size, margin = 0): Box {
  const w = size.w / view.zoom
  const h = size.h / view.zoom
  return {
    x: view.x - w * margin,
    y: view.y - h * margin,
    w: w * (1 + 2 * margin),
    h: h * (1 + 2 * margin),
  }
}

/** Interpolates two views, `t` from 0 to 1. The zoom grows evenly, the centre moves straight on screen. */
export function between(from: View, to: View, size: Size, t: number): View {
  if (t >= 1) return to
  const zoom = from.zoom * (to.zoom / from.zoom) ** t
  // Weighed by the zoom, so that the fixed point of the two views stays fixed.
  const share =
    Math.abs(to.zoom / from.zoom - 1) < 1e-3
      ? t
      : (1 / from.zoom - 1 / zoom) / (1 / from.zoom - 1 / to.zoom)
  const mid = (view: View): Point => toBoard(view, { x: size.w / 2, y: size.h / 2 })
  const [a, b] = [mid(from), mid(to)]
  return {
    x: a.x + (b.x - a.x) * share - size.w / 2 / zoom,
    y: a.y + (b.y - a.y) * share - size.h / 2 / zoom,
    zoom,
  }
}
