import { limits } from '@wirephoto/board'
import { rgbaToThumbHash } from 'thumbhash'

/** Longest sides in pixels. */
const PREVIEW_SIDE_PX = 320
const THUMBHASH_SIDE_PX = 64
/** What it is decoded at, if the browser can do that: twice as large, to be drawn smoothly. */
const DECODED_SIDE_PX = 2 * PREVIEW_SIDE_PX
/** The second for browsers that can't write the first, and for what is transparent in too fine a pattern. */
const TYPES = ['image/webp', 'image/jpeg']
/** From the one for about 10 KB to one that is always small enough. */
const QUALITIES = [0.75, 0.5, 0.25, 0]

/** What others see of a picture before its file. */
export interface Preview {
  /** Base64. */
  readonly thumbhash: string
  /** WebP, or JPEG where the browser can't write that. */
  readonly bytes: Uint8Array
}

/** A picture's own as it is seen, in pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/**
 * One decoding of a picture file, upright, in two sizes; begun before its size is known, if it can be. Null
 * when that turns out to be null. Throws when it can't be decoded.
 */
export async function shrink(file: Blob, size: Promise<Size | null>): Promise<Preview | null> {
  const picture = await decode(file, size)
  try {
    const known = await size
    if (!picture || !known) return null
    const preview = draw(picture, PREVIEW_SIDE_PX, known)
    const { canvas, context } = draw(preview.canvas, THUMBHASH_SIDE_PX, known)
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    const thumbhash = rgbaToThumbHash(canvas.width, canvas.height, data)
    return { thumbhash: btoa(String.fromCharCode(...thumbhash)), bytes: await encode(preview) }
  } finally {
    picture?.close()
  }
}

/** WebCodecs makes a JPEG up to eight times smaller while it decodes it: a third of the time. */
async function decode(
  file: Blob,
  size: Promise<Size | null>,
): Promise<ImageBitmap | VideoFrame | null> {
  // Any other has to be decoded in its own size, and that may be too large.
  if (file.type !== 'image/jpeg' && !(await size)) return null
  // Where frames can be turned, they are turned as the file says.
  const isUpright = typeof ImageDecoder === 'function' && 'rotation' in VideoFrame.prototype
  if (isUpright && file.type)
    try {
      const desired = { desiredWidth: DECODED_SIDE_PX, desiredHeight: DECODED_SIDE_PX }
      const decoder = new ImageDecoder({ data: file.stream(), type: file.type, ...desired })
      const { image } = await decoder.decode()
      decoder.close()
      return image
    } catch {
      // Named by another type than its own, or of none that is known here.
    }
  const known = await size
  if (!known) return null
  // One side alone, so that the shape stays whatever the browser turns first.
  const isLarge = Math.min(known.width, known.height) > DECODED_SIDE_PX
  return createImageBitmap(
    file,
    isLarge ? { resizeWidth: DECODED_SIDE_PX, resizeQuality: 'medium' } : {},
  )
}

type Canvas = OffscreenCanvas | HTMLCanvasElement

interface Drawn {
  readonly canvas: Canvas
  readonly context: CanvasRenderingContext2D
}

/** In the shape of `width` by `height`, its longest side `side` or less. */
function draw(picture: CanvasImageSource, side: number, { width, height }: Size): Drawn {
  const scale = Math.min(1, side / Math.max(width, height))
  const w = Math.max(1, Math.round(width * scale))
  const h = Math.max(1, Math.round(height * scale))
  const canvas = newCanvas(w, h)
  const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, 0, 0, w, h)
  return { canvas, context }
}

async function encode({ canvas, context }: Drawn): Promise<Uint8Array> {
  for (const type of TYPES) {
    if (type === 'image/jpeg') {
      // It has no transparency: what shines through is paper.
      context.globalCompositeOperation = 'destination-over'
      context.fillStyle = '#fff'
      context.fillRect(0, 0, canvas.width, canvas.height)
    }
    for (const quality of QUALITIES) {
      const blob = await toBlob(canvas, type, quality)
      // Safari: asked for WebP it gives PNG.
      if (blob.type !== type) break
      if (blob.size <= limits.previewBytes) return new Uint8Array(await blob.arrayBuffer())
    }
  }
  throw new Error('too large')
}

function newCanvas(width: number, height: number): Canvas {
  if (typeof OffscreenCanvas === 'function') return new OffscreenCanvas(width, height)
  return Object.assign(document.createElement('canvas'), { width, height })
}

function toBlob(canvas: Canvas, type: string, quality: number): Promise<Blob> {
  if ('convertToBlob' in canvas) return canvas.convertToBlob({ type, quality })
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(type))), type, quality)
  })
}
