import type { Page } from 'playwright-core'
import sharp from 'sharp'

/** The mean difference, of 255, that nobody sees: encoders and resizers differ too. */
export const MAX_DIFFERENCE_UNITS = 3
/** Longest side of the pictures that are compared. */
const VIEW_SIDE_PX = 64
/** Longest side at which Chromium draws. */
const CANVAS_SIDE_PX = 1280

/** A picture as Chromium draws it. */
export interface View {
  /** Pixels, as the browser has them. */
  readonly width: number
  readonly height: number
  /** RGB of at most 64 px a side, on white and on black. */
  readonly onWhite: Buffer
  readonly onBlack: Buffer
  /** Pixels of these. */
  readonly small: { readonly width: number; readonly height: number }
}

/**
 * Draws a file in a page of Chromium, on an sRGB canvas, and scales it to `size` or to 64 px. Returns null for
 * what Chromium can't decode.
 */
export async function viewInChromium(
  page: Page,
  file: Uint8Array,
  size?: View['small'],
): Promise<View | null> {
  const drawn = await page.evaluate(drawOnBoth, {
    base64: Buffer.from(file).toString('base64'),
    // A browser needs to be told this type; it finds out the others.
    type: isMarkup(file) ? 'image/svg+xml' : 'application/octet-stream',
    side: CANVAS_SIDE_PX,
  })
  if (!drawn) return null
  const { width, height } = drawn
  const fit = VIEW_SIDE_PX / Math.max(width, height)
  const small = size ?? {
    width: Math.max(1, Math.round(width * fit)),
    height: Math.max(1, Math.round(height * fit)),
  }
  const [onWhite, onBlack] = await Promise.all(
    drawn.canvases.map((base64) =>
      sharp(Buffer.from(base64, 'base64'))
        .removeAlpha()
        .resize(small.width, small.height, { fit: 'fill' })
        .raw()
        .toBuffer(),
    ),
  )
  return { width, height, onWhite: onWhite!, onBlack: onBlack!, small }
}

const isMarkup = (file: Uint8Array): boolean =>
  ['<', '\xef\xbb\xbf<', '\xff\xfe<', '\xfe\xff\0<'].some((start) =>
    Buffer.from(file.subarray(0, 4)).toString('latin1').startsWith(start),
  )

/** Runs in the page. */
async function drawOnBoth(input: { base64: string; type: string; side: number }): Promise<{
  width: number
  height: number
  canvases: string[]
} | null> {
  const image = new Image()
  image.src = `data:${input.type};base64,${input.base64}`
  try {
    await image.decode()
  } catch {
    return null
  }
  const { naturalWidth: width, naturalHeight: height } = image
  const fit = Math.min(1, input.side / Math.max(width, height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(width * fit))
  canvas.height = Math.max(1, Math.round(height * fit))
  const context = canvas.getContext('2d', { colorSpace: 'srgb' })!
  context.imageSmoothingQuality = 'high'
  const canvases = ['#fff', '#000'].map((paper) => {
    context.fillStyle = paper
    context.fillRect(0, 0, canvas.width, canvas.height)
    context.drawImage(image, 0, 0, canvas.width, canvas.height)
    return canvas.toDataURL('image/png').split(',')[1]!
  })
  return { width, height, canvases }
}

/**
 * Returns the mean difference of two views, from 0 to 255, over both papers. With `block`, means of squares of
 * so many pixels are compared: what a codec does to grain is gone then.
 */
export function differenceOf(a: View, b: View, block = 1): number {
  const [first, second] = [a, b].map((view) => [
    ...meansOf(view.onWhite, view.small, block),
    ...meansOf(view.onBlack, view.small, block),
  ]) as [number[], number[]]
  if (first.length !== second.length) return Number.POSITIVE_INFINITY
  return first.reduce((sum, value, i) => sum + Math.abs(value - second[i]!), 0) / first.length
}

function meansOf(pixels: Buffer, { width, height }: View['small'], block: number): Float64Array {
  const [columns, rows] = [Math.ceil(width / block), Math.ceil(height / block)]
  const means = new Float64Array(columns * rows * 3)
  for (const [i, value] of pixels.entries()) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)]
    const [column, row] = [Math.floor(x / block), Math.floor(y / block)]
    const count = Math.min(block, width - column * block) * Math.min(block, height - row * block)
    means[(row * columns + column) * 3 + (i % 3)]! += value / count
  }
  return means
}
