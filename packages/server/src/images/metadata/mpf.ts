import { TIFF_HEADERS } from './exif.ts'

/** Fields of the index. CIPA DC-007 section 5.2.3. */
const [VERSION, IMAGE_COUNT, ENTRIES, UNIQUE_IDS] = [0xb000, 0xb001, 0xb002, 0xb003]
const FIELD_BYTES = 12
const ENTRY_BYTES = 16
const UNIQUE_ID_BYTES = 33
/** Types of a picture that a gain map may have: undefined, and gain map. */
const GAIN_MAP_TYPES = new Set<number | null>([0x000000, 0x050000])
const PRIMARY_TYPES = new Set<number | null>([0x000000, 0x030000])
/** Pictures in a file. */
const MAX_IMAGE_COUNT = 1_000
/** Flags of an entry that stay: dependent parent, dependent child, representative. */
const FLAGS = 0xe0
/** Type of a field whose bytes have no common meaning. TIFF 6.0 section 2. */
const [LONG, UNDEFINED] = [4, 7]

/** A later picture of the file. */
export interface LaterPicture {
  /** Position in the file. */
  readonly start: number
  /** Bytes. */
  readonly length: number
}

/** The index of the pictures in a file, with the entries that a gain map needs. */
export interface PictureIndex {
  /** The index in its length. */
  readonly bytes: Buffer
  readonly later: readonly LaterPicture[]
}

/**
 * Reads a multi-picture index, which stands at `position` in the file. Keeps the entries of the picture and of
 * those that may be its gain map: the one of `length` bytes if there is one. Other entries, unique ids and
 * everything else become zero.
 *
 * Returns null if there is no such picture, or if the index isn't understood.
 */
export function gainMapIndex(
  index: Buffer,
  position: number,
  length: number | null,
): PictureIndex | null {
  const header = TIFF_HEADERS.find((each) => index.toString('latin1', 0, 4) === each)
  if (!header || index.length < 10) return null
  const numbers = header === 'II*\0' ? LITTLE : BIG
  const at = numbers.u32(index, 4)
  if (at < 8 || at + 2 > index.length) return null
  const fields = fieldsOf(index, at, numbers)
  const entries = fields?.find(({ tag }) => tag === ENTRIES)
  if (!fields || !entries || entries.end > index.length) return null
  const directoryEnd = at + 2 + numbers.u16(index, at) * FIELD_BYTES + 4
  if (entries.start < 8 || (entries.start < directoryEnd && at < entries.end)) return null

  const pictures = keptPictures(index, entries, numbers, length)
  if (!pictures) return null
  const bytes = Buffer.alloc(index.length)
  index.copy(bytes, 0, 0, 8)
  numbers.writeU16(bytes, fields.length, at)
  fields.forEach(({ tag, at: from, start, end }, i) => {
    const to = at + 2 + i * FIELD_BYTES
    index.copy(bytes, to, from, from + FIELD_BYTES)
    if (tag === IMAGE_COUNT) numbers.writeU32(bytes, pictures.length, to + 8)
    if (tag === ENTRIES) numbers.writeU32(bytes, pictures.length * ENTRY_BYTES, to + 4)
    if (tag === UNIQUE_IDS)
      numbers.writeU32(bytes, Math.min(end - start, pictures.length * UNIQUE_ID_BYTES), to + 4)
  })
  const isWhole = pictures.length * ENTRY_BYTES === entries.end - entries.start
  pictures.forEach(({ at: from }, i) => {
    const to = entries.start + i * ENTRY_BYTES
    index.copy(bytes, to, from, from + 12)
    // The numbers of dependent pictures hold only while none goes.
    for (const number of [12, 14])
      if (isWhole && numbers.u16(index, from + number) <= pictures.length)
        index.copy(bytes, to + number, from + number, from + number + 2)
  })
  const later = pictures
    .slice(1)
    .map(({ size, offset }) => ({ start: position + offset, length: size }))
  return { bytes, later }
}

interface Field {
  readonly tag: number
  /** Position of the field. */
  readonly at: number
  /** Position of its value, and behind it. */
  readonly start: number
  readonly end: number
}

/** Reads the directory's known fields, if their values are of their types; null if it is cut off. */
function fieldsOf(index: Buffer, at: number, numbers: Numbers): Field[] | null {
  const count = numbers.u16(index, at)
  if (at + 2 + count * FIELD_BYTES + 4 > index.length) return null
  const fields: Field[] = []
  for (let i = 0; i < count; i++) {
    const field = at + 2 + i * FIELD_BYTES
    const [tag, type] = [numbers.u16(index, field), numbers.u16(index, field + 2)]
    const length = numbers.u32(index, field + 4)
    const isVersion = /^0\d{3}$/.test(index.toString('latin1', field + 8, field + 12))
    const isCount = length === 1 && numbers.u32(index, field + 8) <= MAX_IMAGE_COUNT
    const isShort =
      (tag === VERSION && type === UNDEFINED && length === 4 && isVersion) ||
      (tag === IMAGE_COUNT && type === LONG && isCount)
    const isLong = (tag === ENTRIES || tag === UNIQUE_IDS) && type === UNDEFINED && length > 4
    const start = isLong ? numbers.u32(index, field + 8) : field + 8
    const end = start + (isLong ? length : 4)
    if ((isShort || isLong) && end <= index.length) fields.push({ tag, at: field, start, end })
  }
  return fields
}

/** Returns the picture's entry and those of possible gain maps; null without both. */
function keptPictures(
  index: Buffer,
  { start, end }: Field,
  numbers: Numbers,
  length: number | null,
): { at: number; size: number; offset: number }[] | null {
  const count = Math.floor((end - start) / ENTRY_BYTES)
  const pictures = Array.from({ length: count }, (_, i) => {
    const at = start + i * ENTRY_BYTES
    const attributes = numbers.u32(index, at)
    const type = attributes & 0xffffff
    const [size, offset] = [numbers.u32(index, at + 4), numbers.u32(index, at + 8)]
    const isJpeg = ((attributes >>> 24) & ~FLAGS) === 0
    return { at, type: isJpeg ? type : null, size, offset }
  })
  const [first, ...others] = pictures
  if (first?.offset !== 0 || !PRIMARY_TYPES.has(first.type)) return null
  const possible = others.filter(
    ({ type, size, offset }) => GAIN_MAP_TYPES.has(type) && size > 0 && offset > 0,
  )
  const named = possible.filter(({ size }) => size === length)
  const later = named.length > 0 ? named : possible
  return later.length > 0 ? [first, ...later] : null
}

interface Numbers {
  u16(bytes: Buffer, at: number): number
  u32(bytes: Buffer, at: number): number
  writeU16(bytes: Buffer, value: number, at: number): void
  writeU32(bytes: Buffer, value: number, at: number): void
}

const LITTLE: Numbers = {
  u16: (bytes, at) => bytes.readUInt16LE(at),
  u32: (bytes, at) => bytes.readUInt32LE(at),
  writeU16: (bytes, value, at) => {
    bytes.writeUInt16LE(value, at)
  },
  writeU32: (bytes, value, at) => {
    bytes.writeUInt32LE(value, at)
  },
}
const BIG: Numbers = {
  u16: (bytes, at) => bytes.readUInt16BE(at),
  u32: (bytes, at) => bytes.readUInt32BE(at),
  writeU16: (bytes, value, at) => {
    bytes.writeUInt16BE(value, at)
  },
  writeU32: (bytes, value, at) => {
    bytes.writeUInt32BE(value, at)
  },
}
