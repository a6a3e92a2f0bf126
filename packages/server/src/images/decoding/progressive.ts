import { open } from 'node:fs/promises'

/** Bytes of a frame header up to its first number: marker and length. */
const HEADER = 4
/** Of a JPEG before its pixels: more would be no camera's. */
const SEGMENTS = 1_000

/**
 * Whether the JPEG of which so many bytes are there sharpens as it comes; null while its frame header
 * hasn't come (ITU T.81 section B.2).
 */
export async function isProgressive(path: string, bytes: number): Promise<boolean | null> {
  await using file = await open(path)
  const header = Buffer.alloc(HEADER)
  let at = 2
  for (let i = 0; i < SEGMENTS && at + HEADER <= bytes; i++) {
    await file.read(header, 0, HEADER, at)
    const [fill, marker] = header
    if (fill !== 0xff) return false
    // SOF2 and, arithmetically coded, SOF10; any other SOF, or a scan before one, isn't.
    if (marker === 0xc2 || marker === 0xca) return true
    if (marker! >= 0xc0 && marker! <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker!)) return false
    if (marker === 0xda || marker === 0xd9) return false
    at += marker === 0xff ? 1 : 2 + header.readUInt16BE(2)
  }
  return at + HEADER <= bytes ? false : null
}
