/** ITU T.81 table B.1. */
const [SOI, EOI, SOS, SOF2] = [0xd8, 0xd9, 0xda, 0xc2]
/** Markers without a length: TEM, and RST0 to SOI. */
const isBare = (marker: number): boolean => marker === 1 || (marker >= 0xd0 && marker <= SOI)

/**
 * The whole scans at the start of a progressive JPEG, closed like a file: the picture in full, though not
 * yet sharp. Null when the first isn't complete, doesn't show every component, or none is progressive.
 */
export function wholeScans(bytes: Buffer): Buffer | null {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xff00 + SOI) return null
  let components = 0
  let end = 0
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return null
    const marker = bytes[at + 1]!
    if (marker === 0xff || isBare(marker)) {
      at += marker === 0xff ? 1 : 2
      continue
    }
    if (marker === EOI) break
    const body = at + 4
    const after = at + 2 + bytes.readUInt16BE(at + 2)
    if (after > bytes.length) break
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (marker !== SOF2) return null
      components = bytes[body + 5]!
    }
    if (marker !== SOS) {
      at = after
      continue
    }
    // Luminance alone would be a grey picture.
    if (end === 0 && bytes[body] !== components) return null
    const next = endOfScan(bytes, after)
    if (next === null) break
    at = end = next
  }
  return end === 0 ? null : Buffer.concat([bytes.subarray(0, end), Buffer.from([0xff, EOI])])
}

/** Where the marker stands that ends the scan, null when it hasn't come yet. */
function endOfScan(bytes: Buffer, from: number): number | null {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const marker = bytes[at + 1]
    if (marker === undefined) return null
    // A stuffed zero, a fill byte or a restart is part of the scan.
    const isPart = marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)
    if (!isPart) return at
  }
  return null
}
