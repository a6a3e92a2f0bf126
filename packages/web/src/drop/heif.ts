/** A HEIC describes its content within this. */
const HEAD_BYTES = 65_536

/**
 * Reads the upright size in pixels of a HEIC that the browser can't open; null for any other file. It is the
 * largest size in the file: tiles and thumbnails are smaller (ISO/IEC 23008-12 sections 6.5.3 and 6.5.10).
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

/** The types of the boxes `ftyp`, `ispe` and `irot`. */
const [FTYP, ISPE, IROT] = [0x66747970, 0x69737065, 0x69726f74]
/** The lengths of two of them in bytes. */
const LENGTHS = new Map([
  [ISPE, 20],
  [IROT, 9],
])
