import { scrubDirectory, TIFF } from './exif.ts'
import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** Chunks that stay, and the most that they hold: RFC 9649 section 2. */
const KEPT = {
  'VP8 ': Number.POSITIVE_INFINITY,
  VP8L: Number.POSITIVE_INFINITY,
  ALPH: Number.POSITIVE_INFINITY,
  ICCP: Number.POSITIVE_INFINITY,
  ANIM: 6,
}
const KNOWN = [...(Object.keys(KEPT) as (keyof typeof KEPT)[]), 'VP8X', 'ANMF', 'EXIF'] as const
/** Flag of VP8X. */
const XMP = 0x04
const EXIF = ['Exif\0\0II*\0', 'Exif\0\0MM\0*', ...TIFF] as const
/** What the names of other chunks become. */
const BLANK = 0x5f

/** What makes pixels stays, with the orientation and the colour profile, and nothing behind the end. */
export function* scrubWebp(editor: StreamEditor): Scrubbing {
  yield* editor.keep(4)
  const size = yield* editor.readUint(4, 'little')
  const last = editor.position + size
  yield* editor.keep(4)
  while (editor.position + 8 <= last) {
    const named = editor.position + 4
    const type = yield* editor.match(KNOWN, named, BLANK)
    while (editor.position < named) {
      yield* editor.readByte()
      editor.replaceLast(BLANK)
    }
    const length = yield* editor.readUint(4, 'little')
    if (type === 'ANMF') {
      // Its own chunks follow, as if they were not within it.
      yield* editor.keep(16)
      continue
    }
    const end = Math.min(editor.position + length, last)
    if (type === 'VP8X') yield* scrubHeader(editor, end)
    else if (type === 'EXIF') yield* scrubPrefixed(editor, end)
    else if (type) yield* editor.keepTo(Math.min(end, editor.position + KEPT[type]))
    // Chunks are padded to an even length.
    yield* editor.wipeTo(end + (length & 1))
  }
}

function* scrubHeader(editor: StreamEditor, end: number): Scrubbing {
  if (editor.position + 10 > end) return
  const flags = yield* editor.readByte()
  editor.replaceLast(flags & ~XMP)
  yield* editor.wipe(3)
  yield* editor.keep(6)
}

/** Some writers begin it as in a JPEG. */
function* scrubPrefixed(editor: StreamEditor, end: number): Scrubbing {
  const found = yield* editor.match(EXIF, end)
  if (!found) return
  const header = found.endsWith('II*\0') ? 'II*\0' : 'MM\0*'
  yield* scrubDirectory(editor, header, editor.position - 4, end)
}
