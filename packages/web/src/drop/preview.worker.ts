import type { Task } from './preview.ts'
import { shrink } from './shrink.ts'

/** Pictures in, their previews out; null for what can't be decoded here. */
self.onmessage = async ({ data: { file, width, height } }: MessageEvent<Task>) => {
  self.postMessage(await shrink(file, width, height).catch(() => null))
}
