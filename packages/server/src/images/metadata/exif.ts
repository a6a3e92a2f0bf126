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
export function* scrubExif(editor: StreamEditor, end: number): Scrubbing {
  const start = editor.position
  const header = yield* editor.match(TIFF, end)
  if (header) yield* scrubDirectory(editor, header, start, end)
  yield* editor.wipeTo(end)
}

/** The same after its header. */
export function* scrubDirectory(
  editor: StreamEditor,
  header: (typeof TIFF)[number],
  start: number,
  end: number,
): Scrubbing {
  if (editor.position + 4 > end) return
  const order = header === 'II*\0' ? 'little' : 'big'
  const offset = yield* near(editor, order)
  if (offset < 8 || start + offset + 2 > end) return
  yield* editor.wipeTo(start + offset)
  const entries = yield* editor.readUint(2, order)
  for (let i = 0; i < entries && editor.position + 12 <= end; i++)
    if (yield* isOrientation(editor, order)) yield* putOrientation(editor, order)
    else yield* editor.overwrite(NOTHING[order])
}

/** An offset, its upper half made zero: no place so far away is in a segment. */
function* near(editor: StreamEditor, order: 'big' | 'little'): Scrubbing<number> {
  if (order === 'big') yield* editor.wipe(2)
  const offset = yield* editor.readUint(2, order)
  if (order === 'little') yield* editor.wipe(2)
  return offset
}

/** Reads a tag, and writes over every other. */
function* isOrientation(editor: StreamEditor, order: 'big' | 'little'): Scrubbing<boolean> {
  const [first, second] = order === 'big' ? [0x01, 0x12] : [0x12, 0x01]
  const begins = (yield* editor.readByte()) === first
  if (!begins) editor.replaceLast(0)
  const ends = (yield* editor.readByte()) === second
  if (!begins) editor.replaceLast(0)
  else if (!ends) editor.replaceLast(NOBODY)
  return begins && ends
}

/** One SHORT from 1 to 8; 1 for any other. */
function* putOrientation(editor: StreamEditor, order: 'big' | 'little'): Scrubbing {
  const type = order === 'big' ? [0, 3, 0, 0, 0, 1, 0] : [3, 0, 1, 0, 0, 0]
  yield* editor.overwrite(Buffer.from(type))
  const value = yield* editor.readByte()
  if (value < 1 || value > 8) editor.replaceLast(1)
  yield* editor.wipe(order === 'big' ? 2 : 3)
}
