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
import type { MediaType } from './media-types.ts'
import { isSvg } from './svg.ts'

/** The first bytes of a file that `recognise` needs. */
export const SNIFF_BYTES = 4_100

/**
 * Recognises a file by its first bytes, as the page and the server do; null for what nobody here knows. A
 * taken kind is told by bytes alone (U3). The name only helps to tell people what a refused file is.
 */
export function recognise(head: Uint8Array, name: string): Kind | null {
  const text = String.fromCharCode(...head.subarray(0, SNIFF_BYTES))
  const found = kindOf(head, text)
  const named = refusedKinds.find(({ extensions }) => extensions.includes(extensionOf(name)))
  // Most camera files have a TIFF's first bytes.
  if (found?.name === 'TIFF' && named?.code === 'camera-file') return named
  if (found && !('isContainer' in found)) return found
  return named ?? found
}

/** Returns whether a file may be a camera's raw file, by its bytes; a TIFF only by its name too. */
export function isCameraFile(head: Uint8Array, name: string): boolean {
  const found = kindOf(head, String.fromCharCode(...head.subarray(0, SNIFF_BYTES)))
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
    return new WireError('other-format', { name, because })
  }
  if (kind === null || 'type' in kind)
    return new WireError('not-a-picture', { name, because: unknownSentences(refused) })
  return new WireError(kind.code, { name, because: `is ${kind.name}. ${kind.wayOn}` })
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

function kindOf(head: Uint8Array, text: string): Kind | null {
  const brands = brandsOf(text)
  const branded = KINDS.filter((kind) => kind.brands?.some((brand) => brands.includes(brand)))
  const major = brands[0] ?? ''
  if (branded.length > 0)
    return (
      branded.find((kind) => !GENERIC_BRANDS.includes(major) && kind.brands!.includes(major)) ??
      branded[0]!
    )
  // The signature with the most bytes decides: JPEG-LS begins as JPEG does.
  const known = KINDS.map((kind) => ({ kind, certainty: certaintyOf(kind, text) }))
  const best = known.reduce((one, other) => (other.certainty > one.certainty ? other : one))
  if (best.certainty > 0) return best.kind
  if (major) return refusedKinds.find(({ code }) => code === 'video')!
  if (isSvg(head)) return takenKind('image/svg+xml')
  return isText(text) ? textKind : null
}

const KINDS: readonly Kind[] = [...takenKinds, ...refusedKinds]

/** Brands that say only that a file is a HEIF (ISO/IEC 23008-12 section 10.2, MIAF). */
const GENERIC_BRANDS = ['mif1', 'msf1', 'miaf']

/** Returns the brands of a `ftyp` box, the major one first; none for another file. */
function brandsOf(text: string): readonly string[] {
  if (text.slice(4, 8) !== 'ftyp') return []
  const size = [0, 1, 2, 3].reduce((sum, at) => sum * 256 + text.charCodeAt(at), 0)
  const brands = text.slice(8, Math.min(size, MAX_BRANDS_BYTES)).match(/.{4}/gs) ?? []
  // The second word is a version.
  return brands.filter((_, i) => i !== 1)
}
const MAX_BRANDS_BYTES = 256

/** Returns the number of bytes in the longest signature of a kind that fits, or 0. */
function certaintyOf({ signatures }: Kind, text: string): number {
  let certainty = 0
  for (const signature of signatures) {
    const [at, bytes] = typeof signature === 'string' ? ([0, signature] as const) : signature
    const isHere = Array.from(bytes).every((byte, i) => byte === '?' || byte === text[at + i])
    if (isHere) certainty = Math.max(certainty, bytes.replaceAll('?', '').length)
  }
  return certainty
}

/** Returns whether bytes are text: UTF-16 with its mark, or bytes without control characters. */
const isText = (text: string): boolean =>
  // oxlint-disable-next-line no-control-regex
  /^(?:\xff\xfe|\xfe\xff)/.test(text) || (text !== '' && !/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(text))

const extensionOf = (name: string): string => /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''

function unknownSentences(refused: RefusedTypes): string {
  const names = takenKinds.filter(({ type }) => !refused.has(type)).map((kind) => kind.name)
  return `isn't a picture that can be added. Save it as ${names.slice(0, -1).join(', ')} or ${names.at(-1)}.`
}
