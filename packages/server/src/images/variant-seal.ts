import { createHash } from 'node:crypto'

/*
 * A variant's name tells nothing of its bytes (V2), so each has a seal (C21). It is the last chunk of the file,
 * with the sha256 of everything before it. Readers of WebP pass over chunks that they don't know (RFC 9649).
 */

const SEAL_FOURCC = 'wSUM'
const HEADER_BYTES = 8
const FIRST_CHUNK_BYTES = 12
const DIGEST_BYTES = 32
const SEAL_BYTES = HEADER_BYTES + DIGEST_BYTES
/** The last chunks that a variant of an earlier build may have. */
const KNOWN_FOURCCS: ReadonlySet<string> = new Set(['VP8 ', 'VP8L', 'EXIF', 'XMP ', 'ICCP'])

/** Returns a WebP file with its seal. */
export function sealVariant(webp: Buffer): Buffer {
  const sealed = Buffer.concat([webp, Buffer.alloc(SEAL_BYTES)])
  sealed.writeUInt32LE(sealed.length - HEADER_BYTES, 4)
  sealed.write(SEAL_FOURCC, webp.length, 'latin1')
  sealed.writeUInt32LE(DIGEST_BYTES, webp.length + 4)
  const end = webp.length + HEADER_BYTES
  createHash('sha256').update(sealed.subarray(0, end)).digest().copy(sealed, end)
  return sealed
}

/** Returns whether a variant is as it was made. One of an earlier build, without a seal, must be whole. */
export function isVariantSound(bytes: Buffer): boolean {
  const last = lastChunk(bytes)
  if (!last) return false
  if (last.fourcc !== SEAL_FOURCC) return KNOWN_FOURCCS.has(last.fourcc)
  if (bytes.length - last.start !== SEAL_BYTES) return false
  const end = last.start + HEADER_BYTES
  return createHash('sha256').update(bytes.subarray(0, end)).digest().equals(bytes.subarray(end))
}

/** Finds the last chunk of a WebP file; null if its chunks don't end where the file does. */
function lastChunk(bytes: Buffer): { fourcc: string; start: number } | null {
  if (bytes.length < FIRST_CHUNK_BYTES + HEADER_BYTES) return null
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WEBP')
    return null
  if (bytes.readUInt32LE(4) !== bytes.length - HEADER_BYTES) return null
  let start = 0
  let next = FIRST_CHUNK_BYTES
  while (next + HEADER_BYTES <= bytes.length) {
    start = next
    const size = bytes.readUInt32LE(start + 4)
    next = start + HEADER_BYTES + size + (size % 2)
  }
  return next === bytes.length
    ? { fourcc: bytes.toString('latin1', start, start + 4), start }
    : null
}
