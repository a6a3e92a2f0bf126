import type { PreviewTask } from './preview.ts'
import { shrink } from './shrink.ts'
import { drawThumbnail } from './thumbnail.ts'

/** Makes what a task asks for; null if there is none. */
export const makePreview = ({
  file,
  size,
  isThumbnail,
}: PreviewTask): Promise<Uint8Array | null> =>
  isThumbnail ? drawThumbnail(file, size) : shrink(file, size)
