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
export function* scrubWebp(tape: StreamEditor): Scrubbing {
  yield* tape.keep(4)
  const size = yield* tape.uint(4, 'little')
  const last = tape.position + size
  yield* tape.keep(4)
  while (tape.position + 8 <= last) {
    const named = tape.position + 4
    const type = yield* tape.match(KNOWN, named, BLANK)
    while (tape.position < named) {
      yield* tape.byte()
      tape.replace(BLANK)
    }
    const length = yield* tape.uint(4, 'little')
    if (type === 'ANMF') {
      // Its own chunks follow, as if they were not within it.
      yield* tape.keep(16)
      continue
    }
    const end = Math.min(tape.position + length, last)
    if (type === 'VP8X') yield* scrubHeader(tape, end)
    else if (type === 'EXIF') yield* scrubPrefixed(tape, end)
    else if (type) yield* tape.keepTo(Math.min(end, tape.position + KEPT[type]))
    // Chunks are padded to an even length.
    yield* tape.wipeTo(end + (length & 1))
  }
}

function* scrubHeader(tape: StreamEditor, end: number): Scrubbing {
  if (tape.position + 10 > end) return
  const flags = yield* tape.byte()
  tape.replace(flags & ~XMP)
  yield* tape.wipe(3)
  yield* tape.keep(6)
}

/** Some writers begin it as in a JPEG. */
function* scrubPrefixed(tape: StreamEditor, end: number): Scrubbing {
  const found = yield* tape.match(EXIF, end)
  if (!found) return
  const header = found.endsWith('II*\0') ? 'II*\0' : 'MM\0*'
  yield* scrubDirectory(tape, header, tape.position - 4, end)
}
