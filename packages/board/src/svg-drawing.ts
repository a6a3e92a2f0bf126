/**
 * Opens a comment at the end of an SVG's file: the PNG, in base64, that the sender's browser has drawn of it. The
 * server stores that PNG, and the SVG without the comment (V6).
 */
export const SVG_DRAWING_START = '<!--wirephoto-drawing:'
export const SVG_DRAWING_END = '-->'

/** Longest side in pixels at which an SVG is drawn, by whoever draws it. */
export const SVG_SIDES_PX = { min: 2048, max: 4096 } as const
