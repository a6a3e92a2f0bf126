import type { ImageRecord } from '@wirephoto/board'
import { type Board, blobUrl } from '@wirephoto/client'
import { newCanvas } from '../browser/canvas.ts'
import { variantUrl } from '../state/resolution.ts'

/** A picture's address, or the preview of one on its way. */
export type Source = string | Blob

/** Widths in pixels from which a picture is drawn larger again and again, which makes a smooth blur of it. */
const BLUR_WIDTHS_PX = [10, 40, 160] as const

/** Returns the source of a picture with so many pixels, its preview until that can be had, or null. */
export function sourceOf(board: Board, record: ImageRecord, pixels: number): Source | null {
  const { id } = record
  return variantUrl(board, record, pixels) ?? board.preview(id) ?? blobUrl(board, record, pixels)
}

/** Whether there is something to show of a picture: its file, or a preview of it. */
export const canBeShown = (board: Board, record: ImageRecord): boolean =>
  blobUrl(board, record) !== null || board.preview(record.id) !== null

/** Returns the pixels that a picture's longest side has when it fills this room. */
export const pixelsIn = (
  { width, height }: Pick<ImageRecord, 'width' | 'height'>,
  room: { readonly w: number; readonly h: number },
): number => Math.min(room.w / width, room.h / height) * Math.max(width, height) * devicePixelRatio

/** Decodes a picture. The element keeps its pixels, so a preview's URL is released at once. */
export async function decoded(source: Source): Promise<HTMLImageElement> {
  const image = new Image()
  const url = typeof source === 'string' ? source : URL.createObjectURL(source)
  image.src = url
  try {
    await image.decode()
    return image
  } finally {
    if (url !== source) URL.revokeObjectURL(url)
  }
}

/** Gives a decoded picture's memory back, which otherwise waits for the garbage collector. */
export const release = (image: HTMLImageElement): void => image.removeAttribute('src')

/** The canvases that each blur goes through. Browsers keep unused ones for long. */
const steps = BLUR_WIDTHS_PX.slice(0, -1).map(() => newCanvas(1, 1))

/** Draws a blur of a decoded picture. It is small: filters over a whole screen are too slow for many computers. */
export function blurOf(image: HTMLImageElement): HTMLCanvasElement {
  const ratio = image.naturalHeight / image.naturalWidth
  const blur = document.createElement('canvas')
  let source: CanvasImageSource = image
  for (const [i, width] of BLUR_WIDTHS_PX.entries()) {
    const canvas = steps[i] ?? blur
    canvas.width = width
    canvas.height = Math.max(1, Math.min(4 * width, Math.round(width * ratio)))
    const context = canvas.getContext('2d') as CanvasRenderingContext2D | null
    if (context) context.imageSmoothingQuality = 'high'
    context?.drawImage(source, 0, 0, canvas.width, canvas.height)
    source = canvas
  }
  return blur
}
