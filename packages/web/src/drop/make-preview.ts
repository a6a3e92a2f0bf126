import type { PreviewTask } from './preview.ts'
import { LARGE, SMALL, shrink } from './shrink.ts'
import { drawThumbnail } from './thumbnail.ts'

/** Makes what a task asks for; null if there is none. */
export const makePreview = ({ file, size, kind }: PreviewTask): Promise<Uint8Array | null> =>
  kind === 'thumbnail'
    ? drawThumbnail(file, size)
    : shrink(file, size, kind === 'large' ? LARGE : SMALL)
