import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** Lengths of the headers that there are: OS/2's and Windows' 3, 4 and 5, with their variants. */
const HEADERS = [12, 40, 52, 56, 64, 108, 124]
const [RLE8, RLE4, BITFIELDS, ALPHABITFIELDS] = [1, 2, 3, 6]
/** BITMAPV5HEADER's `bV5CSType` of a file with its own colour profile. */
const EMBEDDED = 0x4d424544

/** Header, colours, pixels and the colour profile stay; what lies between and behind them goes. */
export function* scrubBmp(tape: StreamEditor): Scrubbing {
  yield* tape.keep(2)
  const size = yield* tape.uint(4, 'little')
  yield* tape.wipe(4)
  const pixels = yield* tape.uint(4, 'little')
  const length = yield* tape.uint(4, 'little')
  if (!HEADERS.includes(length)) return
  const { bits, compression, colours, bytes, profile } = yield* keepHeader(tape, length)
  // Windows' first header has the masks behind it.
  if (length === 40) yield* tape.keep(MASKS[compression] ?? 0)
  const palette = (colours || (bits <= 8 ? 2 ** bits : 0)) * (length === 12 ? 3 : 4)
  yield* tape.keepTo(Math.min(tape.position + Math.min(palette, 1024), pixels))
  yield* tape.wipeTo(pixels)
  yield* tape.keep(bytes || Math.max(0, size - pixels))
  yield* tape.wipeTo(profile.start)
  yield* tape.keepTo(profile.end)
}

const MASKS: Record<number, number> = { [BITFIELDS]: 12, [ALPHABITFIELDS]: 16 }

/** What it says; `bytes` are those of the pixels, 0 when nobody knows. */
function* keepHeader(tape: StreamEditor, length: number) {
  const start = tape.position - 4
  const side = length === 12 ? 2 : 4
  const width = (yield* tape.uint(side, 'little')) | 0
  // Negative when the topmost row comes first.
  const height = Math.abs((yield* tape.uint(side, 'little')) | 0)
  yield* tape.keep(2)
  const bits = yield* tape.uint(2, 'little')
  const rows = Math.max(0, Math.ceil((width * bits) / 32) * 4 * height)
  const header = { bits, compression: 0, colours: 0, bytes: rows, profile: { start: 0, end: 0 } }
  if (length === 12) return header
  header.compression = yield* tape.uint(4, 'little')
  const said = yield* tape.uint(4, 'little')
  if (header.compression === RLE8 || header.compression === RLE4) header.bytes = said
  yield* tape.keep(8)
  header.colours = yield* tape.uint(4, 'little')
  yield* tape.keepTo(start + Math.min(length, 56))
  const space = length >= 108 ? yield* tape.uint(4, 'little') : 0
  yield* tape.keepTo(start + Math.min(length, 112))
  if (length < 124) return header
  const at = yield* tape.uint(4, 'little')
  const size = yield* tape.uint(4, 'little')
  yield* tape.wipe(4)
  if (space === EMBEDDED) header.profile = { start: start + at, end: start + at + size }
  return header
}
