import { isSvg, MEDIA_TYPES, type MediaType, WireError } from '@wirephoto/board'
import { fileTypeFromBuffer } from 'file-type'

/** Bytes that tell what a file is. */
export const SNIFF_BYTES = 4100

/** Other names of the same types. */
const KNOWN_AS: Record<string, MediaType> = {
  'image/apng': 'image/png',
  'image/heif': 'image/heic',
  'image/heic-sequence': 'image/heic',
  'image/heif-sequence': 'image/heic',
}

/** What a file's first bytes say it is; its name and the sender's word count for nothing (F9). */
export async function sniff(head: Uint8Array, name: string): Promise<MediaType> {
  if (head.length === 0) throw new WireError('empty-file', { name })
  if (isAvif(head)) return 'image/avif'
  // Reading past the end of the few bytes that there are says no more than not knowing them.
  const found = (await fileTypeFromBuffer(head).catch(() => undefined))?.mime as string | undefined
  const type = KNOWN_AS[found ?? ''] ?? found
  if (isMediaType(type)) return type
  if (type?.startsWith('video/')) throw new WireError('video', { name })
  if (isTiff(head)) return 'image/tiff'
  if (isSvg(head)) return 'image/svg+xml'
  throw new WireError('not-a-picture', { name })
}

const isMediaType = (type: string | undefined): type is MediaType =>
  (MEDIA_TYPES as readonly (string | undefined)[]).includes(type)

/** TIFF 6.0 section 2: one whose directory is too far away to tell whether it is some camera's own. */
function isTiff(head: Uint8Array): boolean {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length)
  const magic = bytes.toString('latin1', 0, 4)
  if (bytes.length < 8) return false
  const directory = magic === 'II*\0' ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4)
  return (magic === 'II*\0' || magic === 'MM\0*') && directory > head.length - 2
}

/** ISO 14496-12 section 4.3: an AVIF may name `avif` among its compatible brands only. */
function isAvif(head: Uint8Array): boolean {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 256))
  if (bytes.length < 16 || bytes.toString('latin1', 4, 8) !== 'ftyp') return false
  const brands: string[] = bytes.toString('latin1', 8, bytes.readUInt32BE(0)).match(/.{4}/gs) ?? []
  return /^(?:mif1|msf1|miaf)$/.test(brands[0] ?? '') && brands.includes('avif')
}
