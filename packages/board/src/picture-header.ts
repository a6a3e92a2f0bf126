/** The facts in a picture's header, which are known before anything is decoded. */
export interface PictureHeader {
  /** Pixels as seen, after orientation. */
  readonly width: number
  readonly height: number
  /** Whether a decoder holds all of it in memory: a progressive JPEG, an interlaced PNG. */
  readonly isWhole: boolean
}

/** A range of a file's bytes. */
export interface ByteRange {
  readonly at: number
  readonly length: number
}

/**
 * Yields the ranges of a file that are needed, and takes their bytes: fewer where the file ends. No range begins before
 * an earlier one, so a file can be read while it arrives. A file that ends within its header throws a `RangeError`.
 */
export type HeaderReading<T = PictureHeader | null> = Generator<ByteRange, T, DataView>

/** The longest of the signatures. */
const SIGNATURE_BYTES = 12
/** Bytes of an Exif segment or chunk that may be needed: those of its first directory. */
const EXIF_BYTES = 4_096
/** The most segments or chunks before a frame or the pixels that are walked past. */
const MAX_SEGMENT_COUNT = 200
/** A HEIF describes its content within this. */
const MAX_HEIF_BYTES = 65_536

/**
 * Reads the upright size in pixels, as browsers show it, from the header of any kind that a board takes but SVG. Null
 * for any other file, and where the header leaves a doubt.
 */
export function* readPictureHeader(): HeaderReading {
  const start = yield { at: 0, length: SIGNATURE_BYTES }
  const reading = readingOf(start)
  const header = reading && (yield* reading)
  return header && header.width > 0 && header.height > 0 ? header : null
}

function readingOf(start: DataView): HeaderReading | null {
  if (start.getUint16(0) === 0xffd8) return readJpeg()
  const signature = text(start, 0, SIGNATURE_BYTES)
  if (signature.startsWith('\x89PNG\r\n\x1a\n')) return readPng()
  if (/^GIF8[79]a/.test(signature)) return readGif()
  if (/^RIFF[^]{4}WEBP/.test(signature)) return readWebp()
  if (/^BM[^]{4}\0{4}/.test(signature)) return readBmp()
  if (signature.startsWith('8BPS')) return readPsd()
  if (/^(?:II\*\0|MM\0\*)/.test(signature)) return readTiff()
  if (signature.startsWith('\xff\x0a')) return readJxl(0)
  if (signature === '\0\0\0\x0cJXL \r\n\x87\n') return readJxlContainer()
  return signature.startsWith('ftyp', 4) ? readHeif() : null
}

/** A JPEG's size stands in its frame header (ITU-T T.81 B.2.2), its orientation in an Exif segment before that. */
function* readJpeg(): HeaderReading {
  let isTurned = false
  for (let at = 2, count = 0; count < MAX_SEGMENT_COUNT; count++) {
    const segment = yield { at, length: 10 }
    const marker = segment.getUint8(1)
    if (segment.getUint8(0) !== 0xff) return null
    if (marker === 0xff) {
      // A fill byte.
      at++
      continue
    }
    if (isFrame(marker)) {
      const [height, width] = [segment.getUint16(5), segment.getUint16(7)]
      return { ...upright(width, height, isTurned), isWhole: PROGRESSIVE_FRAMES.has(marker) }
    }
    // A scan or the end before a frame, or a marker without a length.
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xda)) return null
    const length = segment.getUint16(2)
    const isExif = marker === 0xe1 && text(segment, 4, 6) === 'Exif\0\0'
    if (length < (isExif ? 8 : 2)) return null
    if (isExif) isTurned = yield* readIsTurned(at + 10, length - 8)
    at += 2 + length
  }
  return null
}

/** Whether a marker begins a frame: SOF0 to SOF15, without the tables and extensions among them. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

/** SOF2 and SOF10: by Huffman and by arithmetic coding. */
const PROGRESSIVE_FRAMES: ReadonlySet<number> = new Set([0xc2, 0xca])

/** Returns whether the first directory of a TIFF says that width and height change places. */
function* readIsTurned(at: number, length: number): HeaderReading<boolean> {
  const exif = yield { at, length: Math.min(length, EXIF_BYTES) }
  try {
    const orientation = orientationOf(exif)
    return orientation > 4 && orientation <= 8
  } catch {
    // The directory ends within an entry, or stands far behind: its file is shown as it is.
    return false
  }
}

/** Returns the orientation in the first directory of a TIFF; 1 if it has none. */
function orientationOf(exif: DataView): number {
  const isLittle = exif.getUint16(0) === 0x4949
  const directory = exif.getUint32(4, isLittle)
  const count = exif.getUint16(directory, isLittle)
  for (let i = 0, entry = directory + 2; i < count; i++, entry += 12)
    if (exif.getUint16(entry, isLittle) === 0x0112) return exif.getUint16(entry + 8, isLittle)
  return 1
}

/** Reads the chunks of a PNG up to its pixels: an orientation may stand behind the header (PNG 3, section 11.3). */
function* readPng(): HeaderReading {
  const header = yield { at: 8, length: 21 }
  if (text(header, 4, 4) !== 'IHDR') return null
  const [width, height] = [header.getUint32(8), header.getUint32(12)]
  const isWhole = header.getUint8(20) !== 0
  let isTurned = false
  for (let at = 33, count = 0; count < MAX_SEGMENT_COUNT; count++) {
    const chunk = yield { at, length: 8 }
    const [length, type] = [chunk.getUint32(0), text(chunk, 4, 4)]
    if (type === 'IDAT') return { ...upright(width, height, isTurned), isWhole }
    if (type === 'eXIf') isTurned = yield* readIsTurned(at + 8, length)
    at += 12 + length
  }
  return null
}

function* readGif(): HeaderReading {
  const screen = yield { at: 6, length: 4 }
  return {
    width: screen.getUint16(0, true),
    height: screen.getUint16(2, true),
    isWhole: false,
  }
}

/** Reads the canvas of an extended WebP, or the frame of a simple one (RFC 9649 section 2). */
function* readWebp(): HeaderReading {
  const chunk = yield { at: 12, length: 18 }
  const uint24 = (at: number) => chunk.getUint16(at, true) | (chunk.getUint8(at + 2) << 16)
  switch (text(chunk, 0, 4)) {
    case 'VP8X':
      return { width: uint24(12) + 1, height: uint24(15) + 1, isWhole: false }
    case 'VP8 ': {
      const [width, height] = [chunk.getUint16(14, true), chunk.getUint16(16, true)]
      return { width: width & 0x3fff, height: height & 0x3fff, isWhole: false }
    }
    case 'VP8L': {
      const bits = chunk.getUint32(9, true)
      const [width, height] = [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1]
      return { width, height, isWhole: false }
    }
    default:
      return null
  }
}

/** Reads the header of OS/2 1.x, or of Windows, whose height is negative where rows go down. */
function* readBmp(): HeaderReading {
  const header = yield { at: 14, length: 12 }
  const [width, height] =
    header.getUint32(0, true) === 12
      ? [header.getUint16(4, true), header.getUint16(6, true)]
      : [header.getInt32(4, true), Math.abs(header.getInt32(8, true))]
  return { width, height, isWhole: false }
}

function* readPsd(): HeaderReading {
  const header = yield { at: 14, length: 8 }
  return { width: header.getUint32(4), height: header.getUint32(0), isWhole: false }
}

/** Tags of a TIFF's directory (TIFF 6.0 section 8). */
const [SUBFILE_TYPE, WIDTH, HEIGHT, MAKE, ORIENTATION, SUB_DIRECTORIES] = [
  254, 256, 257, 271, 274, 330,
]

/** Reads the first directory of a TIFF. That of a camera's raw file leaves a doubt: it may be a thumbnail's. */
function* readTiff(): HeaderReading {
  const start = yield { at: 0, length: 8 }
  const isLittle = start.getUint16(0) === 0x4949
  const at = start.getUint32(4, isLittle)
  const count = (yield { at, length: 2 }).getUint16(0, isLittle)
  const directory = yield { at: at + 2, length: count * 12 }
  const values = new Map<number, number>()
  for (let entry = 0; entry < count * 12; entry += 12) {
    // The type is SHORT (3) or LONG (4).
    const isLong = directory.getUint16(entry + 2, isLittle) === 4
    const value = isLong
      ? directory.getUint32(entry + 8, isLittle)
      : directory.getUint16(entry + 8, isLittle)
    values.set(directory.getUint16(entry, isLittle), value)
  }
  const isReduced = (values.get(SUBFILE_TYPE) ?? 0) % 2 === 1
  if (isReduced || values.has(MAKE) || values.has(SUB_DIRECTORIES)) return null
  const isTurned = (values.get(ORIENTATION) ?? 1) > 4
  const [width, height] = [values.get(WIDTH) ?? 0, values.get(HEIGHT) ?? 0]
  return { ...upright(width, height, isTurned), isWhole: false }
}

/** Finds the codestream, or the first part of it, in a container (ISO/IEC 18181-2 section 9). */
function* readJxlContainer(): HeaderReading {
  for (let at = 0, count = 0; count < MAX_SEGMENT_COUNT; count++) {
    const box = yield { at, length: 8 }
    const [length, type] = [box.getUint32(0), text(box, 4, 4)]
    if (type === 'jxlc') return yield* readJxl(at + 8)
    if (type === 'jxlp') return yield* readJxl(at + 12)
    if (length < 8) return null
    at += length
  }
  return null
}

/** Bytes of a JPEG XL codestream up to its orientation, at most. */
const JXL_HEADER_BYTES = 14
/** Widths by heights that a JPEG XL says by a number. */
const JXL_RATIOS = [
  [1, 1],
  [12, 10],
  [4, 3],
  [3, 2],
  [16, 9],
  [5, 4],
  [2, 1],
] as const

/** Reads the size and the orientation at the start of a codestream (ISO/IEC 18181-1 annex D). */
function* readJxl(start: number): HeaderReading {
  const bytes = yield { at: start, length: JXL_HEADER_BYTES }
  let at = 16
  const bits = (count: number): number => {
    let value = 0
    for (let i = 0; i < count; i++, at++)
      value += ((bytes.getUint8(at >> 3) >> (at & 7)) & 1) * 2 ** i
    return value
  }
  const isSmall = bits(1) === 1
  const side = (): number => (isSmall ? (bits(5) + 1) * 8 : bits([9, 13, 18, 30][bits(2)]!) + 1)
  const height = side()
  const ratio = JXL_RATIOS[bits(3) - 1]
  const width = ratio ? Math.floor((height * ratio[0]) / ratio[1]) : side()
  const hasExtraFields = bits(1) === 0 && bits(1) === 1
  const isTurned = hasExtraFields && bits(3) > 3
  return { ...upright(width, height, isTurned), isWhole: false }
}

/**
 * Reads the largest size in a HEIF: tiles and thumbnails are smaller (ISO/IEC 23008-12 sections 6.5.3 and 6.5.10). One
 * with a crop leaves a doubt.
 */
function* readHeif(): HeaderReading {
  for (let at = 0, count = 0; count < MAX_SEGMENT_COUNT; count++) {
    const box = yield { at, length: 8 }
    const [length, type] = [box.getUint32(0), text(box, 4, 4)]
    if (length < 8) return null
    if (type === 'meta') return sizeOfMeta(yield { at, length: Math.min(length, MAX_HEIF_BYTES) })
    at += length
  }
  return null
}

function sizeOfMeta(meta: DataView): PictureHeader | null {
  let [width, height, isTurned] = [0, 0, false]
  for (let at = 4; at + 12 <= meta.byteLength; at++) {
    const type = meta.getUint32(at)
    const length = BOX_LENGTHS.get(type)
    if (length === undefined || meta.getUint32(at - 4) !== length) continue
    if (type === CLAP) return null
    if (type === IROT) isTurned = meta.getUint8(at + 4) % 2 === 1
    if (type !== ISPE) continue
    const [w, h] = [meta.getUint32(at + 8), meta.getUint32(at + 12)]
    if (w * h > width * height) [width, height] = [w, h]
  }
  return { ...upright(width, height, isTurned), isWhole: false }
}

/** The types of the boxes `ispe`, `irot` and `clap`. */
const [ISPE, IROT, CLAP] = [0x69737065, 0x69726f74, 0x636c6170]
/** Their lengths in bytes. */
const BOX_LENGTHS = new Map([
  [ISPE, 20],
  [IROT, 9],
  [CLAP, 40],
])

const upright = (width: number, height: number, isTurned: boolean) =>
  isTurned ? { width: height, height: width } : { width, height }

const text = (view: DataView, at: number, length: number): string =>
  String.fromCharCode(...bytesOf(view).subarray(at, at + length))

const bytesOf = ({ buffer, byteOffset, byteLength }: DataView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)
