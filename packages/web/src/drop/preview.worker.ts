import type { WorkerMessage } from './preview.ts'
import { type Size, shrink } from './shrink.ts'

let resolveSize: (size: Size | null) => void

/** Takes a file and then its size, and answers with the preview. */
self.onmessage = async ({ data: message }: MessageEvent<WorkerMessage>) => {
  if ('size' in message) return resolveSize(message.size)
  const size = new Promise<Size | null>((resolve) => {
    resolveSize = resolve
  })
  const preview = await shrink(message.file, size).catch(() => null)
  // Sizes belong to files by order alone, so this one must have come before the answer.
  await size
  self.postMessage(preview)
}
