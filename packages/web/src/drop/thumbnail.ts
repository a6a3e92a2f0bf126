import { CAMERA_HEADER_BYTES, cropOfThumbnail, findCameraThumbnail } from '@wirephoto/board'
import { canReadCanvas, newCanvas } from '../browser/canvas.ts'
import { encode, type Size, SMALL } from './shrink.ts'

/** The size of most cameras' thumbnails. */
const THUMBNAIL_SIDE_PX = 160

/** Canvas transforms by Exif's orientation, where `w` and `h` are those of the upright picture. */
const TRANSFORMS: ((w: number, h: number) => DOMMatrix2DInit)[] = [
  () => ({ a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 }),
  (w) => ({ a: -1, b: 0, c: 0, d: 1, e: w, f: 0 }),
  (w, h) => ({ a: -1, b: 0, c: 0, d: -1, e: w, f: h }),
  (_, h) => ({ a: 1, b: 0, c: 0, d: -1, e: 0, f: h }),
  () => ({ a: 0, b: 1, c: 1, d: 0, e: 0, f: 0 }),
  (w) => ({ a: 0, b: 1, c: -1, d: 0, e: w, f: 0 }),
  (w, h) => ({ a: 0, b: -1, c: -1, d: 0, e: w, f: h }),
  (_, h) => ({ a: 0, b: -1, c: 1, d: 0, e: 0, f: h }),
]

/**
 * Draws the thumbnail that a camera has put into a file, upright and without black bars (A30, A31). Null if there is
 * none, or none that is surely of the picture as it is now (A32). `size` is upright.
 */
export async function drawThumbnail(file: Blob, size: Size): Promise<Uint8Array | null> {
  if (!canReadCanvas() || (file.type && file.type !== 'image/jpeg')) return null
  const head = await file.slice(0, CAMERA_HEADER_BYTES).arrayBuffer()
  const found = findCameraThumbnail(new Uint8Array(head))
  if (!found) return null
  const { jpeg, width, height, orientation } = found
  const bitmap = await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }), {
    imageOrientation: 'none',
  })
  try {
    const whole = contextOf(width, height)
    whole.drawImage(bitmap, 0, 0, width, height)
    const crop = cropOfThumbnail(found, whole.getImageData(0, 0, width, height).data)
    if (!crop) return null
    const scale = Math.min(1, THUMBNAIL_SIDE_PX / Math.max(size.width, size.height))
    const w = Math.max(1, Math.round(size.width * scale))
    const h = Math.max(1, Math.round(size.height * scale))
    const [drawnW, drawnH] = orientation > 4 ? [h, w] : [w, h]
    const context = contextOf(w, h)
    context.imageSmoothingQuality = 'high'
    context.setTransform(TRANSFORMS[orientation - 1]!(w, h))
    context.drawImage(bitmap, crop.left, crop.top, crop.width, crop.height, 0, 0, drawnW, drawnH)
    return await encode({ canvas: context.canvas, context }, SMALL)
  } finally {
    bitmap.close()
  }
}

/** Creates a canvas, and returns its context. */
const contextOf = (width: number, height: number): CanvasRenderingContext2D =>
  newCanvas(width, height).getContext('2d') as CanvasRenderingContext2D
