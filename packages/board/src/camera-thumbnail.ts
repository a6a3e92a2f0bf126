import { type Exif, latin1, readExif } from './exif.ts'

/** First bytes of a file that hold all that a camera writes before the pixels. */
export const CAMERA_HEADER_BYTES = 131_072
/** Samsung's phones write 512 x 384, all others less. */
const MAX_SIDE_PX = 512
const MIN_SIDE_PX = 64
const MAX_SEGMENT_COUNT = 100
/** The marker of a baseline JPEG's frame header (ITU-T T.81 annex B). */
const FRAME = 0xffc0
/** Shares of a side by which the thumbnail's shape may differ from the picture's. */
const SHAPE_FACTOR = 0.01
/** Share of white up to which a line is black: compression leaves traces of what is beside it. */
const BLACK_FACTOR = 0.1

/** A thumbnail that a camera put into its file. It may have black bars, and lies as the file's pixels do. */
export interface CameraThumbnail {
  /** A JPEG. */
  readonly jpeg: Uint8Array<ArrayBuffer>
  /** The thumbnail's own size in pixels. */
  readonly width: number
  readonly height: number
  /** Exif's, from 1 to 8: how the picture and its thumbnail are turned to be upright. */
  readonly orientation: number
  /** Width by height of the picture, before it is turned. */
  readonly ratio: number
}

/** A part of a thumbnail, in its pixels. */
export interface ThumbnailCrop {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/**
 * Finds the thumbnail in the first bytes of a JPEG, if the file is as a camera wrote it. Null for any other file,
 * and for every doubt: editors leave the thumbnail of the picture as it was before. Never throws.
 *
 * Show only what `cropOfThumbnail` leaves of it.
 */
export function findCameraThumbnail(head: Uint8Array): CameraThumbnail | null {
  try {
    const jpeg = readHeader(head)
    return jpeg && trustedThumbnail(jpeg)
  } catch {
    // It ends within its header, or what it says of itself can't be.
    return null
  }
}

/**
 * Returns the thumbnail without black bars, by its decoded pixels of 3 or 4 bytes each. Null if what is left
 * hasn't the picture's shape: then it shows something else. Never throws.
 */
export function cropOfThumbnail(
  { width, height, ratio }: CameraThumbnail,
  pixels: Uint8Array | Uint8ClampedArray,
): ThumbnailCrop | null {
  const bytes = pixels.length / (width * height)
  if (bytes !== 3 && bytes !== 4) return null
  const isDark = (x: number, y: number): boolean => {
    const i = (y * width + x) * bytes
    return 0.3 * pixels[i]! + 0.59 * pixels[i + 1]! + 0.11 * pixels[i + 2]! <= BLACK_FACTOR * 255
  }
  const rows = barsOf(height, (y) => every(width, (x) => isDark(x, y)))
  const columns = barsOf(width, (x) => every(height, (y) => isDark(x, y)))
  // With no bar due, dark edges are the picture's own, unless there are some on both sides.
  const [dueRows, dueColumns] = [(height - width / ratio) / 2, (width - height * ratio) / 2]
  const top = widthOfBar(rows, dueRows, height)
  const left = widthOfBar(columns, dueColumns, width)
  if (top === null || left === null) return null
  return { left, top, width: width - 2 * left, height: height - 2 * top }
}

interface JpegHeader {
  readonly exif: Exif
  /** The Exif segment from its TIFF header on. */
  readonly tiff: DataView<ArrayBuffer>
  readonly width: number
  readonly height: number
}

/**
 * Reads a JPEG's segments up to its pixels. Null unless they stand as cameras write them: Exif first, no segments of
 * editors, and the four standard Huffman tables in one segment. Most programs and apps use libjpeg. It writes
 * a segment for each table, often with tables of its own.
 */
function readHeader(head: Uint8Array): JpegHeader | null {
  const view = new DataView(new Uint8Array(head.subarray(0, CAMERA_HEADER_BYTES)).buffer)
  if (view.getUint16(0) !== 0xffd8) return null
  let tiff: DataView<ArrayBuffer> | null = null
  let size: { width: number; height: number } | null = null
  let isTabled = false
  for (let at = 2, count = 0; count < MAX_SEGMENT_COUNT; count++) {
    const marker = view.getUint16(at)
    if (marker === 0xffda) {
      if (!tiff || !size || !isTabled) return null
      return { exif: readExif(tiff), tiff, ...size }
    }
    const length = view.getUint16(at + 2) - 2
    const segment = new Uint8Array(view.buffer, at + 4, length)
    if (count === 0) {
      if (marker !== 0xffe1 || !startsWith(segment, 'Exif\0\0')) return null
      tiff = new DataView(view.buffer, at + 10, length - 6)
    } else if (marker === 0xffe1) {
      if (!isCameraXmp(segment)) return null
    } else if (marker === FRAME) {
      if (size || !isCameraFrame(segment)) return null
      size = { width: view.getUint16(at + 7), height: view.getUint16(at + 5) }
    } else if (marker === 0xffc4) {
      if (isTabled || !isStandardHuffman(segment)) return null
      isTabled = true
    } else if (!isCameraSegment(marker)) return null
    at += 4 + length
  }
  return null
}

/**
 * Whether a camera writes such a segment. JFIF (APP0) comes from programs. So do content credentials (APP11), what
 * Photoshop writes (APP12 to APP14), and comments.
 */
const isCameraSegment = (marker: number): boolean =>
  (marker >= 0xffe2 && marker <= 0xffea) || marker === 0xffdb || marker === 0xffdd

/** Whether a frame has 8 bits and three colours, of which two have half of the columns, as cameras sample. */
const isCameraFrame = (frame: Uint8Array): boolean =>
  frame.length === 15 &&
  frame[0] === 8 &&
  frame[5] === 3 &&
  (frame[7] === 0x21 || frame[7] === 0x22) &&
  frame[10] === 0x11 &&
  frame[13] === 0x11

/** Codes of each length, for each table by its class and number (ITU-T T.81 annex K.3). */
const STANDARD_CODES: ReadonlyMap<number, string> = new Map([
  [0x00, '00010501010101010100000000000000'],
  [0x01, '00030101010101010101010000000000'],
  [0x10, '0002010303020403050504040000017d'],
  [0x11, '00020102040403040705040400010277'],
])

/** Whether a segment holds the four standard Huffman tables, in any order. */
function isStandardHuffman(segment: Uint8Array): boolean {
  const found = new Set<number>()
  for (let at = 0; at < segment.length; ) {
    const id = segment[at]!
    const counts = segment.subarray(at + 1, at + 17)
    const codes = Array.from(counts, (count) => count.toString(16).padStart(2, '0')).join('')
    if (codes !== STANDARD_CODES.get(id)) return false
    found.add(id)
    at += 17 + counts.reduce((sum, count) => sum + count, 0)
  }
  return found.size === STANDARD_CODES.size
}

/** The names that cameras use in XMP: a rating, and those of depth, gain maps and moving pictures. */
const CAMERA_XMP = /^(?:x|rdf|xmlns|hdrgm|Container|Item|GCamera|Camera):|^(?:xmp|xap):Rating$/

/** Whether an APP1 segment is XMP without a word of an editor. */
function isCameraXmp(segment: Uint8Array): boolean {
  if (!startsWith(segment, 'http://ns.adobe.com/xap/1.0/\0')) return false
  const xmp = latin1(segment.subarray(29))
  const toolkit = /x:xmptk\s*=\s*["']([^"']*)/.exec(xmp)?.[1] ?? ''
  // Android's camera app uses this version of the library, and editors later ones.
  if (toolkit && !toolkit.startsWith('Adobe XMP Core 5.1.0-jc003')) return false
  const names: string[] = xmp.replace(/"[^"]*"|'[^']*'/g, '""').match(/[\w-]+:[\w.-]+/g) ?? []
  return names.includes('rdf:RDF') && names.every((name) => CAMERA_XMP.test(name))
}

const [MAKE, MODEL, ORIENTATION, SOFTWARE, DATE_TIME, HOST] = [
  0x010f, 0x0110, 0x0112, 0x0131, 0x0132, 0x013c,
]
const [ORIGINAL, DIGITIZED, WIDTH, HEIGHT] = [0x9003, 0x9004, 0xa002, 0xa003]
const [THUMBNAIL, THUMBNAIL_LENGTH] = [0x0201, 0x0202]
/** Pairs of the tags that say when the file was changed and when the picture was taken: parts of seconds, zones. */
const TIME_PAIRS = [
  [0x9290, 0x9291],
  [0x9290, 0x9292],
  [0x9010, 0x9011],
  [0x9010, 0x9012],
] as const
/**
 * Tags that only programs write: ProcessingSoftware, XMP and IPTC in a TIFF, Photoshop's settings, ImageHistory,
 * Windows' titles to subjects, and the editors of Exif 3.0.
 */
const PROGRAM_TAGS = [
  0x000b, 0x02bc, 0x83bb, 0x8649, 0x9213, 0x9c9b, 0x9c9c, 0x9c9d, 0x9c9e, 0x9c9f, 0xa43a, 0xa43b,
  0xa43c,
]

function trustedThumbnail({ exif, tiff, width, height }: JpegHeader): CameraThumbnail | null {
  if (!isCameraExif(exif, width, height) || !exif.thumbnail) return null
  const start = exif.thumbnail.number(THUMBNAIL) ?? 0
  const bytes = exif.thumbnail.number(THUMBNAIL_LENGTH) ?? 0
  if (start + bytes > tiff.byteLength) return null
  const jpeg = new Uint8Array(tiff.buffer, tiff.byteOffset + start, bytes)
  const size = sizeOfThumbnail(jpeg)
  const orientation = exif.main.number(ORIENTATION) ?? 1
  const own = exif.thumbnail.number(ORIENTATION) ?? orientation
  if (!size || orientation < 1 || orientation > 8 || own !== orientation) return null
  return { jpeg, ...size, orientation, ratio: width / height }
}

/** Whether Exif says what a camera says of a picture of this size, and names no other program. */
function isCameraExif({ main, exif, interoperability }: Exif, w: number, h: number): boolean {
  const [make, model] = [main.text(MAKE), main.text(MODEL)]
  if (!make || !model || !isFirmware(main.text(SOFTWARE) ?? '', `${make} ${model}`)) return false
  const host = main.text(HOST)
  if (host !== undefined && host !== model) return false
  if (PROGRAM_TAGS.some((tag) => main.has(tag) || exif.has(tag))) return false
  const date = main.text(DATE_TIME) ?? ''
  if (!/^\d{4}:\d\d:\d\d \d\d:\d\d:\d\d$/.test(date) || date !== exif.text(ORIGINAL)) return false
  if ((exif.text(DIGITIZED) ?? date) !== date) return false
  const isTimeKept = TIME_PAIRS.every(
    ([changed, taken]) =>
      !exif.has(changed) || !exif.has(taken) || exif.text(changed) === exif.text(taken),
  )
  // Sensors are read in blocks.
  if (!isTimeKept || Math.max(w, h) % 8 > 0) return false
  if (exif.number(WIDTH) !== w || exif.number(HEIGHT) !== h) return false
  // The same size may stand twice more. A program that cuts a picture forgets these.
  const isSize = (side: number | undefined, of: number) => side === undefined || side === of
  return (
    isSize(main.number(0x0100), w) &&
    isSize(main.number(0x0101), h) &&
    isSize(interoperability?.number(0x1001), w) &&
    isSize(interoperability?.number(0x1002), h)
  )
}

/** Whether `Software` names a camera's firmware: versions, build numbers, its own make and model. */
function isFirmware(software: string, camera: string): boolean {
  const own = new Set(camera.toLowerCase().match(/[a-z\d]+/g))
  const words = software
    .toLowerCase()
    .replace(/^(?:digital camera|mediatek camera application|firmware)/, '')
    .match(/[a-z\d.]+/g)
  // Versions and builds have a digit among their first three: 17.1.2, v1.08, G991BXXU3AUGM.
  const isVersion = (word: string) =>
    /^(?:(?:ver)?\.?|[a-z]{0,2})\d|^(?:v|ver|version|fw|prm)\.?$/.test(word)
  return (words ?? []).every((word) => own.has(word) || isVersion(word))
}

/** Reads the size of a thumbnail from its frame header; null if it isn't one that a camera writes. */
function sizeOfThumbnail(jpeg: Uint8Array): { width: number; height: number } | null {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength)
  if (view.getUint16(0) !== 0xffd8) return null
  for (let at = 2, count = 0; count < MAX_SEGMENT_COUNT; count++) {
    const marker = view.getUint16(at)
    if (marker === FRAME) {
      const [width, height] = [view.getUint16(at + 7), view.getUint16(at + 5)]
      const isSane =
        Math.min(width, height) >= MIN_SIDE_PX && Math.max(width, height) <= MAX_SIDE_PX
      return isSane ? { width, height } : null
    }
    if (marker < 0xffc0 || marker === 0xffda) return null
    at += 2 + view.getUint16(at + 2)
  }
  return null
}

/** Counts the dark lines at both ends. */
function barsOf(lines: number, isBlack: (line: number) => boolean): [start: number, end: number] {
  let [start, end] = [0, 0]
  while (start < lines && isBlack(start)) start++
  while (end < lines - start && isBlack(lines - 1 - end)) end++
  return [start, end]
}

/**
 * Returns how many pixels to cut from both ends of a side, by the dark lines there and the bars that are due. Null
 * if they don't agree.
 */
function widthOfBar([start, end]: [number, number], due: number, side: number): number | null {
  const rest = side - 2 * due
  // Dark lines at one end are the picture's own. A bar at both ends was the camera's, for another shape.
  if (Math.abs(side / rest - 1) <= SHAPE_FACTOR || due < 0)
    return Math.min(start, end) > 1 ? null : 0
  const isFit = Math.abs((side - start - end) / rest - 1) <= SHAPE_FACTOR
  const isRounded = Math.abs(start - due) < 1 && Math.abs(end - due) < 1
  if (start === 0 || end === 0 || Math.abs(start - end) > 2 || !(isFit || isRounded)) return null
  return Math.ceil(Math.max(start, end, due))
}

function every(count: number, test: (i: number) => boolean): boolean {
  for (let i = 0; i < count; i++) if (!test(i)) return false
  return true
}

function startsWith(bytes: Uint8Array, start: string): boolean {
  return every(start.length, (i) => bytes[i] === start.charCodeAt(i))
}
