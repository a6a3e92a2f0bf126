import { scrubDirectory, TIFF_HEADERS } from './exif.ts'
import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** Chunks that stay, with their greatest length in bytes. RFC 9649 section 2. */
export const KEPT_CHUNKS = {
  'VP8 ': Number.POSITIVE_INFINITY,
  VP8L: Number.POSITIVE_INFINITY,
  ALPH: Number.POSITIVE_INFINITY,
  ICCP: Number.POSITIVE_INFINITY,
  ANIM: 6,
}
const KNOWN_TYPES = [
  ...(Object.keys(KEPT_CHUNKS) as (keyof typeof KEPT_CHUNKS)[]),
  'VP8X',
  'ANMF',
  'EXIF',
] as const
/** Flag of VP8X. */
const HAS_XMP = 0x04
const EXIF_STARTS = ['Exif\0\0II*\0', 'Exif\0\0MM\0*', ...TIFF_HEADERS] as const
/** Byte that overwrites the names of other chunks. */
const BLANK = 0x5f

/** Scrubs a WebP. Pixels, orientation and colour profile stay; bytes behind the end go. */
export function* scrubWebp(editor: StreamEditor): Scrubbing {
  yield* editor.keep(4)
  const size = yield* editor.readUint(4, 'little')
  const last = editor.position + size
  yield* editor.keep(4)
  while (editor.position + 8 <= last) {
    const named = editor.position + 4
    const type = yield* editor.match(KNOWN_TYPES, named, BLANK)
    while (editor.position < named) {
      yield* editor.readByte()
      editor.replaceLast(BLANK)
    }
    const length = yield* editor.readUint(4, 'little')
    if (type === 'ANMF') {
      // The frame's own chunks follow and are scrubbed like the others.
      yield* editor.keep(16)
      continue
    }
    const end = Math.min(editor.position + length, last)
    if (type === 'VP8X') yield* scrubHeader(editor, end)
    else if (type === 'EXIF') yield* scrubExifChunk(editor, end)
    else if (type) yield* editor.keepTo(Math.min(end, editor.position + KEPT_CHUNKS[type]))
    // A chunk is padded to an even length.
    yield* editor.wipeTo(end + (length & 1))
  }
}

function* scrubHeader(editor: StreamEditor, end: number): Scrubbing {
  if (editor.position + 10 > end) return
  const flags = yield* editor.readByte()
  editor.replaceLast(flags & ~HAS_XMP)
  yield* editor.wipe(3)
  yield* editor.keep(6)
}

/** Scrubs EXIF. Some writers start it with the prefix that it has in a JPEG. */
function* scrubExifChunk(editor: StreamEditor, end: number): Scrubbing {
  const found = yield* editor.match(EXIF_STARTS, end)
  if (!found) return
  const header = found.endsWith('II*\0') ? 'II*\0' : 'MM\0*'
  yield* scrubDirectory(editor, header, editor.position - 4, end)
}
