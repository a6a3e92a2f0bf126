import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** Known header lengths: OS/2, and Windows 3, 4 and 5 with their variants. */
const HEADER_LENGTHS_BYTES = [12, 40, 52, 56, 64, 108, 124]
const [RLE8, RLE4, BITFIELDS, ALPHABITFIELDS] = [1, 2, 3, 6]
/** `bV5CSType` of a BITMAPV5HEADER whose file has its own colour profile. */
const EMBEDDED = 0x4d424544
/** Bytes of the masks, by compression. */
const MASKS_BYTES: Record<number, number> = { [BITFIELDS]: 12, [ALPHABITFIELDS]: 16 }
/** 256 colours of four bytes. */
const MAX_PALETTE_BYTES = 1_024

/** Scrubs a BMP. Header, colours, pixels and colour profile stay; everything between and behind them goes. */
export function* scrubBmp(editor: StreamEditor): Scrubbing {
  yield* editor.keep(2)
  const size = yield* editor.readUint(4, 'little')
  yield* editor.wipe(4)
  const pixels = yield* editor.readUint(4, 'little')
  const length = yield* editor.readUint(4, 'little')
  if (!HEADER_LENGTHS_BYTES.includes(length)) return
  const { bits, compression, colours, bytes, profile } = yield* keepHeader(editor, length)
  // The masks follow BITMAPINFOHEADER; later headers contain them.
  if (length === 40) yield* editor.keep(MASKS_BYTES[compression] ?? 0)
  const palette = (colours || (bits <= 8 ? 2 ** bits : 0)) * (length === 12 ? 3 : 4)
  yield* editor.keepTo(Math.min(editor.position + Math.min(palette, MAX_PALETTE_BYTES), pixels))
  yield* editor.wipeTo(pixels)
  yield* editor.keep(bytes || Math.max(0, size - pixels))
  yield* editor.wipeTo(profile.start)
  yield* editor.keepTo(profile.end)
}

/** Keeps the header and returns its values. `bytes` is the size of the pixels, 0 if the header lacks it. */
function* keepHeader(editor: StreamEditor, length: number) {
  const start = editor.position - 4
  const side = length === 12 ? 2 : 4
  const width = (yield* editor.readUint(side, 'little')) | 0
  // Negative if the topmost row comes first.
  const height = Math.abs((yield* editor.readUint(side, 'little')) | 0)
  yield* editor.keep(2)
  const bits = yield* editor.readUint(2, 'little')
  const rows = Math.max(0, Math.ceil((width * bits) / 32) * 4 * height)
  const header = { bits, compression: 0, colours: 0, bytes: rows, profile: { start: 0, end: 0 } }
  if (length === 12) return header
  header.compression = yield* editor.readUint(4, 'little')
  const imageSize = yield* editor.readUint(4, 'little')
  if (header.compression === RLE8 || header.compression === RLE4) header.bytes = imageSize
  yield* editor.keep(8)
  header.colours = yield* editor.readUint(4, 'little')
  yield* editor.keepTo(start + Math.min(length, 56))
  const space = length >= 108 ? yield* editor.readUint(4, 'little') : 0
  yield* editor.keepTo(start + Math.min(length, 112))
  if (length < 124) return header
  const at = yield* editor.readUint(4, 'little')
  const size = yield* editor.readUint(4, 'little')
  yield* editor.wipe(4)
  if (space === EMBEDDED) header.profile = { start: start + at, end: start + at + size }
  return header
}
