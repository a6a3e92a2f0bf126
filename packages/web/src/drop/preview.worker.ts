import type { PreviewTask } from './preview.ts'
import { shrink } from './shrink.ts'

/** Takes a file with its size, and answers with the preview. */
self.onmessage = async ({ data: { file, size } }: MessageEvent<PreviewTask>) => {
  self.postMessage(await shrink(file, size).catch(() => null))
}
