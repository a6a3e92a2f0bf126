import { type ErrorCode, isSvg } from '@wirephoto/board'

/** Bytes that are looked at: an SVG may begin with as many of no picture. */
const HEAD_BYTES = 4_100

/**
 * Why a file can't be added, told by its first bytes alone, or null for one to be sent. The server
 * decides by the whole file; this is for the person, who should hear it at once (F8).
 */
export async function refusal(
  file: File,
  limit = Number.POSITIVE_INFINITY,
): Promise<ErrorCode | null> {
  if (file.size === 0) return 'empty-file'
  let head: Uint8Array
  try {
    head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer())
  } catch {
    // A folder that was given as a file, or a file that went away.
    return 'not-a-picture'
  }
  if (isPicture(head)) return file.size > limit ? 'too-large' : null
  return isVideo(head) || file.type.startsWith('video/') ? 'video' : 'not-a-picture'
}

/** JPEG, PNG, GIF, WebP, AVIF, HEIC, TIFF, BMP or SVG. */
function isPicture(head: Uint8Array): boolean {
  return (
    begins(head, 0, [0xff, 0xd8, 0xff]) ||
    begins(head, 0, '\x89PNG\r\n\x1a\n') ||
    begins(head, 0, 'GIF87a') ||
    begins(head, 0, 'GIF89a') ||
    (begins(head, 0, 'RIFF') && begins(head, 8, 'WEBP')) ||
    begins(head, 0, 'II*\0') ||
    begins(head, 0, 'MM\0*') ||
    (begins(head, 0, 'BM') && begins(head, 6, [0, 0, 0, 0])) ||
    isHeif(head) ||
    isSvg(head)
  )
}

/** Brands of AVIF (AV1 Image File Format section 8) and of HEIF (ISO/IEC 23008-12 annex B). */
const HEIF = 'avif avis heic heix hevc hevx heim heis mif1 msf1'.split(' ')

/** ISO BMFF (ISO/IEC 14496-12): a `ftyp` box, its major brand or one of its first compatible ones. */
function isHeif(head: Uint8Array): boolean {
  if (!begins(head, 4, 'ftyp')) return false
  return [8, 16, 20, 24, 28].some((at) => HEIF.some((brand) => begins(head, at, brand)))
}

function isVideo(head: Uint8Array): boolean {
  return (
    begins(head, 4, 'ftyp') ||
    begins(head, 0, [0x1a, 0x45, 0xdf, 0xa3]) ||
    (begins(head, 0, 'RIFF') && begins(head, 8, 'AVI ')) ||
    begins(head, 0, [0x00, 0x00, 0x01, 0xba])
  )
}

function begins(head: Uint8Array, at: number, magic: string | readonly number[]): boolean {
  const bytes = typeof magic === 'string' ? Array.from(magic, (c) => c.charCodeAt(0)) : magic
  return bytes.every((byte, i) => head[at + i] === byte)
}
