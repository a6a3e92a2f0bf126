import { rgbaToThumbHash } from 'thumbhash'

/** Longest side that a thumbhash is made from, in pixels. */
const SIDE = 100

/** The thumbhash of a picture file in base64. Throws when it can't be decoded. */
export async function thumbhashOf(file: Blob): Promise<string> {
  const bitmap = await createImageBitmap(file)
  try {
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height))
    const w = Math.max(1, Math.round(bitmap.width * scale))
    const h = Math.max(1, Math.round(bitmap.height * scale))
    const context = canvas(w, h).getContext('2d', {
      willReadFrequently: true,
    }) as CanvasRenderingContext2D
    context.imageSmoothingQuality = 'medium'
    context.drawImage(bitmap, 0, 0, w, h)
    const hash = rgbaToThumbHash(w, h, context.getImageData(0, 0, w, h).data)
    return btoa(String.fromCharCode(...hash))
  } finally {
    bitmap.close()
  }
}

function canvas(width: number, height: number): OffscreenCanvas | HTMLCanvasElement {
  if (typeof OffscreenCanvas === 'function') return new OffscreenCanvas(width, height)
  return Object.assign(document.createElement('canvas'), { width, height })
}
