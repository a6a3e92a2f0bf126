import { SVG_DRAWING_END, SVG_DRAWING_START, SVG_SIDES_PX, utf16Encoding } from '@wirephoto/board'
import { canvasNoise } from '../browser/canvas.ts'

/** An SVG as it is sent, and the PNG that this browser has drawn of it. */
export interface DrawnSvg {
  readonly file: File
  readonly drawing: Blob
}

/**
 * Draws an SVG as this browser shows it: with the labels, style sheets and fonts that the server can't draw. Null
 * where it can't be read back from a canvas, or where both would be larger than `limit` bytes: then the server
 * draws it.
 */
export async function drawSvg(file: File, limit: number): Promise<DrawnSvg | null> {
  // The drawing is what is stored: not a bit of it may be noise.
  if (canvasNoise() > 0) return null
  try {
    const head = new Uint8Array(await file.slice(0, 4).arrayBuffer())
    // Its end would be read as other letters.
    if (utf16Encoding(head)) return null
    // Chromium takes a picture with HTML in it for another site's, unless it comes from a data URL.
    const drawing = await draw(await dataUrl(new Blob([file], { type: 'image/svg+xml' })))
    if (!drawing) return null
    const code = (await dataUrl(drawing)).split(',')[1]!
    const parts = [file, SVG_DRAWING_START, code, SVG_DRAWING_END]
    const { type, lastModified } = file
    const sent = new File(parts, file.name, { type, lastModified })
    return sent.size > limit ? null : { file: sent, drawing }
  } catch {
    // Safari gives no canvas back that has drawn HTML.
    return null
  }
}

async function draw(url: string): Promise<Blob | null> {
  const image = new Image()
  image.src = url
  await new Promise((resolve, reject) => {
    image.onload = resolve
    image.onerror = reject
  })
  const { naturalWidth, naturalHeight } = image
  const longest = Math.max(naturalWidth, naturalHeight)
  if (longest === 0) return null
  const drawn = Math.min(Math.max(longest, SVG_SIDES_PX.min), SVG_SIDES_PX.max)
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round((naturalWidth * drawn) / longest))
  canvas.height = Math.max(1, Math.round((naturalHeight * drawn) / longest))
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'))
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as string)
    reader.onerror = () => reject(reader.error ?? new Error('not read'))
    reader.readAsDataURL(blob)
  })
}
