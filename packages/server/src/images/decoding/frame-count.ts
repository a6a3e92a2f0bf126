import { open } from 'node:fs/promises'
import type { MediaType } from '@wirephoto/board'
import { countPngFrames } from './png.ts'

/** Counts the frames of an APNG or an AVIF sequence, which libvips takes for stills; 1 for other types. */
export async function countFrames(path: string, type: MediaType): Promise<number> {
  if (type === 'image/png') {
    const frames = await countPngFrames(path)
    return frames > 0 ? Math.max(2, frames) : 1
  }
  if (type !== 'image/avif') return 1
  await using file = await open(path)
  const bytes = Buffer.alloc(64)
  if ((await file.read(bytes, 0, bytes.length, 0)).bytesRead < 12) return 1
  // ISO 14496-12 section 4.3: a brand says that it is a sequence, but not of how many frames.
  const brands = bytes.toString('latin1', 8, Math.min(bytes.readUInt32BE(0), 64))
  return brands.includes('avis') ? 2 : 1
}
