/** Name of the segment, and of the standard. ISO 21496-1 annex C. */
export const ISO_GAIN_MAP = 'urn:iso:std:iso:ts:21496:-1\0'
/** Bytes of the versions alone, which the picture itself has. */
const VERSIONS_BYTES = 4
/** Flags: three channels, and one denominator for all. */
const [IS_MULTICHANNEL, HAS_COMMON_DENOMINATOR] = [0x80, 0x08]

/**
 * Reads the metadata of ISO 21496-1 section 5. Returns whether it belongs to the gain map itself; null if it
 * isn't understood. Nothing but zeros may follow it: browsers that meet more show nothing at all.
 */
export function readIsoGainMap(metadata: Buffer): { isGainMap: boolean } | null {
  if (metadata.length < VERSIONS_BYTES || metadata.readUInt16BE(0) !== 0) return null
  const isZero = (from: number) => metadata.subarray(from).every((byte) => byte === 0)
  if (isZero(VERSIONS_BYTES)) return { isGainMap: false }
  const length = lengthOf(metadata[VERSIONS_BYTES]!)
  return length <= metadata.length && isZero(length) ? { isGainMap: true } : null
}

/** Returns the length in bytes: versions, flags, two headrooms, and five values for each channel. */
function lengthOf(flags: number): number {
  const channels = flags & IS_MULTICHANNEL ? 3 : 1
  const values = 2 + 5 * channels
  return VERSIONS_BYTES + 1 + (flags & HAS_COMMON_DENOMINATOR ? 4 + values * 4 : values * 8)
}
