/** Bytes in which a HEIC says what it holds. */
const HEAD_BYTES = 65_536

/**
 * The size in pixels, as it is seen, of a HEIC that the browser can't open; null for any other file. It is
 * the largest that the file tells of, tiles and thumbnails being smaller (ISO/IEC 23008-12 sections 6.5.3
 * and 6.5.10). The server has the last word.
 */
export async function sizeOfHeif(file: Blob): Promise<{ width: number; height: number } | null> {
  const bytes = new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer())
  let [width, height, turns] = [0, 0, 0]
  for (let at = 4; at + 16 <= bytes.byteLength; at++) {
    const type = bytes.getUint32(at)
    const isBox = at > 4 && bytes.getUint32(at - 4) === LENGTHS.get(type)
    if (at === 4 && type !== FTYP) return null
    if (isBox && type === ISPE) {
      const [w, h] = [bytes.getUint32(at + 8), bytes.getUint32(at + 12)]
      if (w * h > width * height) [width, height] = [w, h]
    }
    if (isBox && type === IROT) turns = bytes.getUint8(at + 4)
  }
  if (width === 0 || height === 0) return null
  return turns % 2 ? { width: height, height: width } : { width, height }
}

/** `ftyp`, `ispe` and `irot`, and the lengths of the last two. */
const [FTYP, ISPE, IROT] = [0x66747970, 0x69737065, 0x69726f74]
const LENGTHS = new Map([
  [ISPE, 20],
  [IROT, 9],
])
