import { open } from 'node:fs/promises'
import type { MediaType } from '@wirephoto/board'

/** Counts the frames of an APNG or an AVIF sequence, which libvips takes for stills; 1 for other types. */
export async function countFrames(path: string, type: MediaType): Promise<number> {
  if (type !== 'image/png' && type !== 'image/avif') return 1
  await using file = await open(path)
  const bytes = Buffer.alloc(64)
  const readAt = async (position: number) =>
    (await file.read(bytes, 0, bytes.length, position)).bytesRead >= 12
  if (type === 'image/avif') {
    // ISO 14496-12 section 4.3: a brand says that it is a sequence, but not of how many frames.
    if (!(await readAt(0))) return 1
    const brands = bytes.toString('latin1', 8, Math.min(bytes.readUInt32BE(0), 64))
    return brands.includes('avis') ? 2 : 1
  }
  // APNG: the chunk `acTL`, which starts with the number, stands before the first `IDAT`.
  for (let position = 8; await readAt(position); position += bytes.readUInt32BE(0) + 12) {
    const chunk = bytes.toString('latin1', 4, 8)
    if (chunk === 'acTL') {
      const frames = bytes.readUInt32BE(8)
      // Browsers take a number that isn't valid for a still picture (PNG third edition section 7.2).
      return frames > 0 && frames < 2 ** 31 ? Math.max(2, frames) : 1
    }
    if (chunk === 'IDAT') return 1
  }
  return 1
}
