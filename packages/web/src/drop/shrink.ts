import { largePreview, limits } from '@wirephoto/board'
import { type Canvas, canReadCanvas, newCanvas } from '../browser/canvas.ts'

/** How large a preview is at most. */
interface Bounds {
  /** Longest side. */
  readonly sidePx: number
  readonly bytes: number
  /** The size that decoders are asked for that can scale. */
  readonly decodedSidePx: number
}

/** Twice the size is decoded, so that it is drawn smoothly. */
export const SMALL: Bounds = {
  sidePx: limits.previewSidePx,
  bytes: limits.previewBytes,
  decodedSidePx: 2 * limits.previewSidePx,
}
export const LARGE: Bounds = { ...largePreview, decodedSidePx: largePreview.sidePx }

/** JPEG is for browsers that can't write WebP, and for transparency too fine for the size limit. */
const TYPES = ['image/webp', 'image/jpeg']
/** The first gives about 10 KB, the last always fits the limit. */
const QUALITIES = [0.75, 0.5, 0.25, 0]

/** A picture's upright size in pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/**
 * Makes a preview: WebP, or JPEG where the browser can't write that. Returns null if the browser doesn't give back
 * what it draws; the server makes a preview then. Throws if the file can't be decoded.
 */
export async function shrink(file: Blob, size: Size, bounds: Bounds): Promise<Uint8Array | null> {
  if (!canReadCanvas()) return null
  const picture = await decode(file, size, bounds)
  try {
    return await encode(draw(picture, size, bounds), bounds)
  } finally {
    picture.close()
  }
}

/** Decodes a picture, upright. WebCodecs scales a JPEG while decoding, which takes a third of the time. */
async function decode(
  file: Blob,
  { width, height }: Size,
  { decodedSidePx }: Bounds,
): Promise<ImageBitmap | VideoFrame> {
  // A browser whose frames have a rotation applies the file's orientation.
  const isUpright = typeof ImageDecoder === 'function' && 'rotation' in VideoFrame.prototype
  if (isUpright && file.type)
    try {
      const desired = { desiredWidth: decodedSidePx, desiredHeight: decodedSidePx }
      const decoder = new ImageDecoder({ data: file.stream(), type: file.type, ...desired })
      const { image } = await decoder.decode()
      decoder.close()
      return image
    } catch {
      // The file isn't of the type that it claims, or of one that WebCodecs knows.
    }
  // One side only, so that the ratio stays whether the browser scales or rotates first.
  const isLarge = Math.min(width, height) > decodedSidePx
  return createImageBitmap(
    file,
    isLarge ? { resizeWidth: decodedSidePx, resizeQuality: 'medium' } : {},
  )
}

interface Drawn {
  readonly canvas: Canvas
  readonly context: CanvasRenderingContext2D
}

/** Draws a picture with the ratio of its size, small enough for a preview. */
function draw(picture: CanvasImageSource, { width, height }: Size, { sidePx }: Bounds): Drawn {
  const scale = Math.min(1, sidePx / Math.max(width, height))
  const w = Math.max(1, Math.round(width * scale))
  const h = Math.max(1, Math.round(height * scale))
  const canvas = newCanvas(w, h)
  const context = canvas.getContext('2d') as CanvasRenderingContext2D
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, 0, 0, w, h)
  return { canvas, context }
}

/** Encodes what is drawn in at most so many bytes. */
export async function encode(
  { canvas, context }: Drawn,
  { bytes: limitBytes }: Pick<Bounds, 'bytes'>,
): Promise<Uint8Array<ArrayBuffer>> {
  for (const type of TYPES) {
    if (type === 'image/jpeg') {
      // JPEG has no transparency, so white lies below.
      context.globalCompositeOperation = 'destination-over'
      context.fillStyle = '#fff'
      context.fillRect(0, 0, canvas.width, canvas.height)
    }
    for (const quality of QUALITIES) {
      const blob = await toBlob(canvas, type, quality)
      // Safari writes PNG when asked for WebP.
      if (blob.type !== type) break
      if (blob.size <= limitBytes) return new Uint8Array(await blob.arrayBuffer())
    }
  }
  throw new Error('too large')
}

function toBlob(canvas: Canvas, type: string, quality: number): Promise<Blob> {
  if ('convertToBlob' in canvas) return canvas.convertToBlob({ type, quality })
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(type))), type, quality)
  })
}
