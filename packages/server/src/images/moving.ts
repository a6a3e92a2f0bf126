import { open } from 'node:fs/promises'
import type { MediaType } from '@wirephoto/board'

/** Whether a file moves that the decoder takes for a still: an APNG, or a sequence of AVIFs. */
export async function isMoving(path: string, type: MediaType): Promise<boolean> {
  if (type !== 'image/png' && type !== 'image/avif') return false
  await using file = await open(path)
  const bytes = Buffer.alloc(64)
  const at = async (position: number) =>
    (await file.read(bytes, 0, bytes.length, position)).bytesRead >= 8
  if (type === 'image/avif') {
    // ISO 14496-12 section 4.3: the brands of the file.
    if (!(await at(0))) return false
    return bytes.toString('latin1', 8, Math.min(bytes.readUInt32BE(0), 64)).includes('avis')
  }
  // APNG: an `acTL` chunk stands before the first `IDAT`.
  for (let position = 8; await at(position); position += bytes.readUInt32BE(0) + 12) {
    const chunk = bytes.toString('latin1', 4, 8)
    if (chunk === 'acTL') return true
    if (chunk === 'IDAT') return false
  }
  return false
}
