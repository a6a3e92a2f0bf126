import type { Told } from './preview.ts'
import { type Size, shrink } from './shrink.ts'

let sized: (size: Size | null) => void

/** Pictures in, their previews out; null for what can't be decoded here. */
self.onmessage = async ({ data: told }: MessageEvent<Told>) => {
  if ('size' in told) return sized(told.size)
  const size = new Promise<Size | null>((resolve) => {
    sized = resolve
  })
  const made = await shrink(told.file, size).catch(() => null)
  // The next file comes after this one's size.
  await size
  self.postMessage(made)
}
