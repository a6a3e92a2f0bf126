import { isSvg, MEDIA_TYPES, type MediaType, WireError } from '@wirephoto/board'
import { fileTypeFromBuffer } from 'file-type'

/** First bytes of a file that identify its type. */
export const SNIFF_BYTES = 4100

const ALIASES: Record<string, MediaType> = {
  'image/apng': 'image/png',
  'image/heif': 'image/heic',
  'image/heic-sequence': 'image/heic',
  'image/heif-sequence': 'image/heic',
}

/**
 * Detects a file's type from its first bytes; a sender's word for it counts for nothing (F9). Rejects with
 * `empty-file`, `video` or `not-a-picture`. `name` is for the error's sentence.
 */
export async function sniff(head: Uint8Array, name: string): Promise<MediaType> {
  if (head.length === 0) throw new WireError('empty-file', { name })
  if (isAvif(head)) return 'image/avif'
  // The library rejects when it needs more bytes than the file has: the type is unknown then.
  const found = (await fileTypeFromBuffer(head).catch(() => undefined))?.mime as string | undefined
  const type = ALIASES[found ?? ''] ?? found
  if (isMediaType(type)) return type
  if (type?.startsWith('video/')) throw new WireError('video', { name })
  if (isTiff(head)) return 'image/tiff'
  if (isSvg(head)) return 'image/svg+xml'
  throw new WireError('not-a-picture', { name })
}

const isMediaType = (type: string | undefined): type is MediaType =>
  (MEDIA_TYPES as readonly (string | undefined)[]).includes(type)

/**
 * Returns whether it is a TIFF whose directory lies behind `head` (TIFF 6.0 section 2). The library needs the
 * directory to tell a TIFF from a camera's raw file.
 */
function isTiff(head: Uint8Array): boolean {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length)
  const magic = bytes.toString('latin1', 0, 4)
  if (bytes.length < 8) return false
  const directory = magic === 'II*\0' ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4)
  return (magic === 'II*\0' || magic === 'MM\0*') && directory > head.length - 2
}

/** Returns whether `avif` is among the compatible brands (ISO 14496-12 section 4.3). */
function isAvif(head: Uint8Array): boolean {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 256))
  if (bytes.length < 16 || bytes.toString('latin1', 4, 8) !== 'ftyp') return false
  const brands: string[] = bytes.toString('latin1', 8, bytes.readUInt32BE(0)).match(/.{4}/gs) ?? []
  return /^(?:mif1|msf1|miaf)$/.test(brands[0] ?? '') && brands.includes('avif')
}
