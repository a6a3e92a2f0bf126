import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** EXIF 2.32 section 4.5.2: what a TIFF header may be. */
export const TIFF = ['II*\0', 'MM\0*'] as const

/** An entry with nothing in it: four bytes of a tag that nobody knows. */
const NOTHING = {
  big: Buffer.from([0, 1, 0, 0, 0, 4, 0, 0, 0, 0]),
  little: Buffer.from([1, 0, 4, 0, 0, 0, 0, 0, 0, 0]),
}
/** Second byte of such a tag whose first is that of Orientation. */
const NOBODY = 0xff

/**
 * The TIFF structure of EXIF up to `end`, from its byte order on: in its first directory Orientation stays,
 * every other entry is emptied, and all around is zero (F10).
 */
export function* scrubExif(tape: StreamEditor, end: number): Scrubbing {
  const start = tape.position
  const header = yield* tape.match(TIFF, end)
  if (header) yield* scrubDirectory(tape, header, start, end)
  yield* tape.wipeTo(end)
}

/** The same after its header. */
export function* scrubDirectory(
  tape: StreamEditor,
  header: (typeof TIFF)[number],
  start: number,
  end: number,
): Scrubbing {
  if (tape.position + 4 > end) return
  const order = header === 'II*\0' ? 'little' : 'big'
  const offset = yield* near(tape, order)
  if (offset < 8 || start + offset + 2 > end) return
  yield* tape.wipeTo(start + offset)
  const entries = yield* tape.uint(2, order)
  for (let i = 0; i < entries && tape.position + 12 <= end; i++)
    if (yield* isOrientation(tape, order)) yield* putOrientation(tape, order)
    else yield* tape.put(NOTHING[order])
}

/** An offset, its upper half made zero: no place so far away is in a segment. */
function* near(tape: StreamEditor, order: 'big' | 'little'): Scrubbing<number> {
  if (order === 'big') yield* tape.wipe(2)
  const offset = yield* tape.uint(2, order)
  if (order === 'little') yield* tape.wipe(2)
  return offset
}

/** Reads a tag, and writes over every other. */
function* isOrientation(tape: StreamEditor, order: 'big' | 'little'): Scrubbing<boolean> {
  const [first, second] = order === 'big' ? [0x01, 0x12] : [0x12, 0x01]
  const begins = (yield* tape.byte()) === first
  if (!begins) tape.replace(0)
  const ends = (yield* tape.byte()) === second
  if (!begins) tape.replace(0)
  else if (!ends) tape.replace(NOBODY)
  return begins && ends
}

/** One SHORT from 1 to 8; 1 for any other. */
function* putOrientation(tape: StreamEditor, order: 'big' | 'little'): Scrubbing {
  const type = order === 'big' ? [0, 3, 0, 0, 0, 1, 0] : [3, 0, 1, 0, 0, 0]
  yield* tape.put(Buffer.from(type))
  const value = yield* tape.byte()
  if (value < 1 || value > 8) tape.replace(1)
  yield* tape.wipe(order === 'big' ? 2 : 3)
}
