/**
 * Returns whether these first bytes are of a progressive JPEG or an interlaced PNG, which a decoder holds in
 * memory as a whole.
 */
export function isProgressive(head: Uint8Array): boolean {
  const bytes = new DataView(head.buffer, head.byteOffset, head.byteLength)
  // PNG: the last byte of the chunk IHDR (PNG section 11.2.1).
  if (head.length > INTERLACE_AT && bytes.getUint32(0) === 0x89504e47)
    return head[INTERLACE_AT] !== 0
  if (head.length < 2 || bytes.getUint16(0) !== 0xffd8) return false
  // JPEG: segments with their lengths, up to the first frame header (ITU T.81 section B.2).
  for (let at = 2; at + 4 <= head.length; at += 2 + bytes.getUint16(at + 2)) {
    while (head[at + 1] === 0xff && at + 5 <= head.length) at++
    const marker = head[at + 1]!
    if (head[at] !== 0xff || marker === SOS) return false
    if (isFrameHeader(marker)) return marker === SOF2 || marker === SOF10
  }
  return false
}

const INTERLACE_AT = 0x1c
const [SOS, SOF2, SOF10] = [0xda, 0xc2, 0xca]
/** DHT, JPG and DAC lie among the frame headers. */
const isFrameHeader = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
