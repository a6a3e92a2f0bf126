import { open } from 'node:fs/promises'
import type { MediaType } from '@wirephoto/board'

/** Frames of a file that the decoder takes for a still, an APNG or a sequence of AVIFs; 1 for any other. */
export async function framesOf(path: string, type: MediaType): Promise<number> {
  if (type !== 'image/png' && type !== 'image/avif') return 1
  await using file = await open(path)
  const bytes = Buffer.alloc(64)
  const at = async (position: number) =>
    (await file.read(bytes, 0, bytes.length, position)).bytesRead >= 12
  if (type === 'image/avif') {
    // ISO 14496-12 section 4.3: the brands of the file. How many frames it has isn't told there.
    if (!(await at(0))) return 1
    const brands = bytes.toString('latin1', 8, Math.min(bytes.readUInt32BE(0), 64))
    return brands.includes('avis') ? 2 : 1
  }
  // APNG: an `acTL` chunk, which begins with their number, stands before the first `IDAT`.
  for (let position = 8; await at(position); position += bytes.readUInt32BE(0) + 12) {
    const chunk = bytes.toString('latin1', 4, 8)
    if (chunk === 'acTL') return Math.max(2, bytes.readUInt32BE(8))
    if (chunk === 'IDAT') return 1
  }
  return 1
}
