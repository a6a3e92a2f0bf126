import { open } from 'node:fs/promises'

/** Zeros that some programs write behind a file's end. */
const PADDING_BYTES = 64

/** Returns whether a file has its end, as far as its kind has one that tells. */
export async function isWhole(path: string): Promise<boolean> {
  await using file = await open(path)
  const { size } = await file.stat()
  const read = async (at: number, bytes: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, at)
    return buffer.subarray(0, bytesRead)
  }
  if (size === 0) return false
  const head = await read(0, 16)
  const tail = await read(Math.max(0, size - PADDING_BYTES), PADDING_BYTES)
  const end = tail.toString('latin1').replace(/[\0\s]+$/, '')
  const start = head.toString('latin1')
  if (start.startsWith('\xff\xd8')) return end.endsWith('\xff\xd9')
  if (start.startsWith('\x89PNG')) return tail.toString('latin1').includes('IEND\xaeB`\x82')
  if (start.startsWith('GIF8')) return end.endsWith(';')
  if (start.startsWith('RIFF') && head.length >= 8) return head.readUInt32LE(4) + 8 <= size
  if (start.slice(4, 8) === 'ftyp') return await hasWholeBoxes(read, size)
  if (/^\s*<(?:\?xml|svg|!)/.test(start)) return end.endsWith('>')
  return true
}

/** Walks over the boxes of a HEIC or AVIF (ISO/IEC 14496-12 section 4.2). */
async function hasWholeBoxes(
  read: (at: number, bytes: number) => Promise<Buffer>,
  size: number,
): Promise<boolean> {
  let at = 0
  while (at + 8 <= size) {
    const header = await read(at, 16)
    const length = header.readUInt32BE(0)
    // The last box may go to the end, whatever that is.
    if (length === 0) return true
    const isLong = length === 1 && header.length === 16
    const bytes = isLong ? Number(header.readBigUInt64BE(8)) : length
    if (bytes < 8) return true
    at += bytes
  }
  return at === size
}
