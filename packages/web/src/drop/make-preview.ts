import { canReadCanvas, newCanvas } from '../browser/canvas.ts'
import type { PreviewTask } from './preview.ts'
import { encode, LARGE, SMALL, shrink } from './shrink.ts'
import { drawThumbnail } from './thumbnail.ts'

/** Makes what a task asks for; null if there is none. */
export const makePreview = ({ file, size, kind }: PreviewTask): Promise<Uint8Array | null> =>
  kind === 'thumbnail'
    ? drawThumbnail(file, size)
    : shrink(file, size, kind === 'large' ? LARGE : SMALL)

/** Draws, encodes and decodes a tiny picture: the first time takes a browser about 50 ms longer. */
export async function warmUp(): Promise<void> {
  if (!canReadCanvas()) return
  const canvas = newCanvas(1, 1)
  const context = canvas.getContext('2d') as CanvasRenderingContext2D
  context.fillRect(0, 0, 1, 1)
  const bytes = await encode({ canvas, context }, SMALL)
  const bitmap = await createImageBitmap(new Blob([bytes]))
  bitmap.close()
}
