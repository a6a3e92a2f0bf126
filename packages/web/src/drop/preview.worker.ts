import { makePreview, warmUp } from './make-preview.ts'
import type { PreviewTask } from './preview.ts'

warmUp().catch(() => {
  // The first preview takes longer.
})

/** Takes a file with its size, and answers with the preview. */
self.onmessage = async ({ data }: MessageEvent<PreviewTask>) => {
  self.postMessage(await makePreview(data).catch(() => null))
}
