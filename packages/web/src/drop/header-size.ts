import type { Size } from './shrink.ts'

/** Bytes that are read at once: most headers end within them. */
const WINDOW_BYTES = 65_536
/** Bytes of a segment that may be needed: a frame's header, or the first directory of an Exif segment. */
const SEGMENT_BYTES = 4_096
/** The most segments before a JPEG's frame that are walked past. */
const MAX_SEGMENT_COUNT = 200

/**
 * Reads the upright size in pixels from the header of a JPEG, PNG, GIF or WebP, as browsers show it. Null for any
 * other file, and where the header leaves a doubt. Browsers take ten times as long, since they read the whole file.
 */
export async function headerSize(file: Blob): Promise<Size | null> {
  try {
    const head = await read(file, 0, WINDOW_BYTES)
    const size = head.getUint16(0) === 0xffd8 ? await sizeOfJpeg(file, head) : sizeOfOther(head)
    return size && size.width > 0 && size.height > 0 ? size : null
  } catch {
    // It ends within its header, or can't be read.
    return null
  }
}

/** A JPEG's size stands in its frame header (ITU-T T.81 B.2.2), its orientation in an Exif segment before that. */
async function sizeOfJpeg(file: Blob, head: DataView): Promise<Size | null> {
  let [window, start, isTurned] = [head, 0, false]
  for (let at = 2, count = 0; count < MAX_SEGMENT_COUNT; count++) {
    const isWhole = at + SEGMENT_BYTES <= start + window.byteLength
    if (!isWhole && start < at && start + window.byteLength < file.size)
      [window, start] = [await read(file, at, WINDOW_BYTES), at]
    const i = at - start
    if (window.getUint8(i) !== 0xff) return null
    const marker = window.getUint8(i + 1)
    if (isFrame(marker)) {
      const [height, width] = [window.getUint16(i + 5), window.getUint16(i + 7)]
      return isTurned ? { width: height, height: width } : { width, height }
    }
    // A scan or the end before a frame, or a marker without a length.
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xda)) return null
    if (marker === 0xe1 && text(window, i + 4, 6) === 'Exif\0\0')
      isTurned = orientationOf(window, i + 10) > 4
    at += 2 + window.getUint16(i + 2)
  }
  return null
}

/** Whether a marker begins a frame: SOF0 to SOF15, without the tables and extensions among them. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

/** Returns the orientation in the first directory of a TIFF that begins at `start`; 1 if it has none. */
function orientationOf(view: DataView, start: number): number {
  const isLittle = view.getUint16(start) === 0x4949
  const directory = start + view.getUint32(start + 4, isLittle)
  const count = view.getUint16(directory, isLittle)
  for (let i = 0, entry = directory + 2; i < count; i++, entry += 12)
    if (view.getUint16(entry, isLittle) === 0x0112) return view.getUint16(entry + 8, isLittle)
  return 1
}

function sizeOfOther(head: DataView): Size | null {
  if (text(head, 0, 8) === '\x89PNG\r\n\x1a\n') {
    // An orientation may stand behind the header.
    const size = { width: head.getUint32(16), height: head.getUint32(20) }
    return hasPngOrientation(head) ? null : size
  }
  if (/^GIF8[79]a$/.test(text(head, 0, 6)))
    return { width: head.getUint16(6, true), height: head.getUint16(8, true) }
  if (text(head, 0, 4) === 'RIFF' && text(head, 8, 4) === 'WEBP') return sizeOfWebp(head)
  return null
}

/** Whether a chunk with an orientation comes before a PNG's pixels, or the first bytes don't say. */
function hasPngOrientation(head: DataView): boolean {
  for (let at = 8; at + 8 <= head.byteLength; at += 12 + head.getUint32(at)) {
    const type = text(head, at + 4, 4)
    if (type === 'IDAT') return false
    if (type === 'eXIf') return true
  }
  return true
}

/** Reads the canvas of an extended WebP, or the frame of a simple one (RFC 9649 section 2). */
function sizeOfWebp(head: DataView): Size | null {
  const uint24 = (at: number) => head.getUint16(at, true) | (head.getUint8(at + 2) << 16)
  switch (text(head, 12, 4)) {
    case 'VP8X':
      return { width: uint24(24) + 1, height: uint24(27) + 1 }
    case 'VP8 ':
      return { width: head.getUint16(26, true) & 0x3fff, height: head.getUint16(28, true) & 0x3fff }
    case 'VP8L': {
      const bits = head.getUint32(21, true)
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
    }
    default:
      return null
  }
}

const read = async (file: Blob, at: number, bytes: number): Promise<DataView> =>
  new DataView(await file.slice(at, at + bytes).arrayBuffer())

const text = (view: DataView, at: number, length: number): string =>
  String.fromCharCode(...new Uint8Array(view.buffer, at, length))
