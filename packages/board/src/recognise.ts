import type { ErrorFacts } from './error-codes.ts'
import { WireError } from './errors.ts'
import {
  cameraKind,
  type Kind,
  type RefusedTypes,
  refusedKinds,
  type TakenKind,
  takenKinds,
  textKind,
} from './kinds.ts'
import { limits } from './limits.ts'
import type { MediaType } from './media-types.ts'
import type { PictureHeader } from './picture-header.ts'
import { isSvg } from './svg.ts'

/** The first bytes of a file that `recognise` needs. */
export const SNIFF_BYTES = 4_100

/**
 * Recognises a file by its first bytes, as the page and the server do; null for what nobody here knows. A
 * taken kind is told by bytes alone (U3). The name only helps to tell people what a refused file is.
 */
export function recognise(head: Uint8Array, name: string): Kind | null {
  const found = kindOf(head)
  const extension = extensionOf(name)
  const named = refusedKinds.find(({ extensions }) => extensions.includes(extension))
  // Most camera files have a TIFF's first bytes.
  if (found?.name === 'TIFF' && named?.code === 'camera-file') return named
  if (found && !('isContainer' in found)) return found
  return named ?? found
}

/** Returns whether a file may be a camera's raw file, by its bytes; a TIFF only by its name too. */
export function isCameraFile(head: Uint8Array, name: string): boolean {
  const found = kindOf(head)
  return found === cameraKind || (found?.name === 'TIFF' && recognise(head, name) === cameraKind)
}

/**
 * Returns why a file of this kind isn't taken, or null if it is; a kind of null is one that nobody knows. `refused`
 * are those that the operator refuses.
 */
export function kindRefusal(
  kind: Kind | null,
  name: string,
  refused: RefusedTypes = NONE_REFUSED,
): WireError | null {
  if (kind && 'type' in kind && !refused.has(kind.type)) return null
  return refusalOf(kind, name, refused)
}

/** Returns the error for a file that is refused by its kind; null is a kind that nobody knows. */
export function refusalOf(
  kind: Kind | null,
  name: string,
  refused: RefusedTypes = NONE_REFUSED,
): WireError {
  if (kind && 'type' in kind && refused.has(kind.type)) {
    const because = `is ${kind.name}, which this server doesn't take for now. Save it as JPEG or PNG and add that.`
    return new WireError('other-format', { name, because, kind })
  }
  if (kind === null || 'type' in kind)
    return new WireError('not-a-picture', { name, because: unknownSentences(refused), kind: null })
  return new WireError(kind.code, { name, because: `is ${kind.name}. ${kind.wayOn}`, kind })
}

const NONE_REFUSED: RefusedTypes = new Set()

/** The kinds that an operator may refuse. */
export const optionalKinds = takenKinds.filter(({ isOptional }) => isOptional)

/** Returns a media type's kind. */
export const takenKind = (type: MediaType): TakenKind =>
  takenKinds.find((kind) => kind.type === type)!

/**
 * Returns why a picture of this size can't be decoded, or null if it can (D3). `isWhole`: it is progressive or
 * interlaced, so that all of it is in memory.
 */
export function excessOf(
  { maxPixels, maxWholePixels }: Pick<TakenKind, 'maxPixels' | 'maxWholePixels'>,
  pixels: number,
  isWhole: boolean,
): Pick<ErrorFacts, 'size' | 'limit'> | null {
  const limit = isWhole ? Math.min(maxPixels, maxWholePixels) : maxPixels
  return pixels > limit ? { size: pixels, limit } : null
}

/** Returns why a picture is refused by its header, or null if it isn't (D3, D4). `name` is for the error's sentence. */
export function headerRefusal(
  kind: TakenKind,
  { width, height, isWhole }: PictureHeader,
  name: string,
): WireError | null {
  const side = Math.max(width, height)
  const excess =
    side > limits.maxSidePixels
      ? { side, limit: limits.maxSidePixels }
      : excessOf(kind, width * height, isWhole)
  return excess && new WireError('too-many-pixels', { name, ...excess })
}

function kindOf(head: Uint8Array): Kind | null {
  const brands = brandsOf(head)
  const major = brands[0] ?? ''
  const branded =
    brands.length > 0
      ? KINDS.filter((kind) => kind.brands?.some((brand) => brands.includes(brand)))
      : []
  if (branded.length > 0)
    return (
      branded.find((kind) => !GENERIC_BRANDS.includes(major) && kind.brands!.includes(major)) ??
      branded[0]!
    )
  const signed = SIGNATURES.find((signature) => isAt(head, signature))
  if (signed) return signed.kind
  if (major) return refusedKinds.find(({ code }) => code === 'video')!
  if (isSvg(head)) return takenKind('image/svg+xml')
  return isText(head.subarray(0, SNIFF_BYTES)) ? textKind : null
}

const KINDS: readonly Kind[] = [...takenKinds, ...refusedKinds]

interface Signature {
  readonly kind: Kind
  readonly at: number
  /** Null stands for any byte. */
  readonly bytes: readonly (number | null)[]
}

/** All signatures, those with the most bytes first: they decide, since JPEG-LS begins as JPEG does. */
const SIGNATURES: readonly Signature[] = KINDS.flatMap((kind) =>
  kind.signatures.map((signature) => {
    const [at, text] = typeof signature === 'string' ? ([0, signature] as const) : signature
    const bytes = Array.from(text, (byte) => (byte === '?' ? null : byte.charCodeAt(0)))
    return { kind, at, bytes }
  }),
).sort((a, b) => countKnown(b) - countKnown(a))

function countKnown({ bytes }: Signature): number {
  return bytes.filter((byte) => byte !== null).length
}

function isAt(head: Uint8Array, { at, bytes }: Signature): boolean {
  for (let i = 0; i < bytes.length; i++)
    if (bytes[i] !== null && bytes[i] !== head[at + i]) return false
  return true
}

/** Brands that say only that a file is a HEIF (ISO/IEC 23008-12 section 10.2, MIAF). */
const GENERIC_BRANDS = ['mif1', 'msf1', 'miaf']
const MAX_BRANDS_BYTES = 256

/** Returns the brands of a `ftyp` box, the major one first; none for another file. */
function brandsOf(head: Uint8Array): readonly string[] {
  if (String.fromCharCode(...head.subarray(4, 8)) !== 'ftyp') return []
  const size = head.subarray(0, 4).reduce((sum, byte) => sum * 256 + byte, 0)
  const text = String.fromCharCode(...head.subarray(8, Math.min(size, MAX_BRANDS_BYTES)))
  // The second word is a version.
  return (text.match(/.{4}/gs) ?? []).filter((_, i) => i !== 1)
}

/** Returns whether bytes are text: UTF-16 with its mark, or bytes without control characters. */
const isText = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) ||
  (bytes[0] === 0xfe && bytes[1] === 0xff) ||
  (bytes.length > 0 && !bytes.some(isControl))

/** Whether a byte is a control character other than a tab, a line's or page's end, or an escape. */
const isControl = (byte: number): boolean =>
  byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d) && byte !== 0x1b

const extensionOf = (name: string): string => /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''

function unknownSentences(refused: RefusedTypes): string {
  const names = takenKinds.filter(({ type }) => !refused.has(type)).map((kind) => kind.name)
  return `isn't a picture that can be added. Save it as ${names.slice(0, -1).join(', ')} or ${names.at(-1)}.`
}
