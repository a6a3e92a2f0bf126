import { type ErrorCode, isSvg } from '@wirephoto/board'

/** An SVG's root element may begin after this much else. */
const HEAD_BYTES = 4_100

/**
 * Returns why a file can't be added, judged by its first bytes, or null if it can. The server judges the
 * whole file; this check tells the person at once (F8).
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
    // A folder in the place of a file, or a file that was removed.
    return 'not-a-picture'
  }
  if (isPicture(head)) return file.size > limit ? 'too-large' : null
  return isVideo(head) || file.type.startsWith('video/') ? 'video' : 'not-a-picture'
}

/** Whether the bytes begin a JPEG, PNG, GIF, WebP, AVIF, HEIC, TIFF, BMP or SVG. */
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

/** Whether a `ftyp` box (ISO/IEC 14496-12) names a picture's brand, as the major or a compatible one. */
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
