import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** Byte orders of a TIFF header. EXIF 2.32 section 4.5.2. */
export const TIFF_HEADERS = ['II*\0', 'MM\0*'] as const

/** Directory entries without information, behind their tag: four bytes, all zero. */
const EMPTY_ENTRIES = {
  big: Buffer.from([0, 1, 0, 0, 0, 4, 0, 0, 0, 0]),
  little: Buffer.from([1, 0, 4, 0, 0, 0, 0, 0, 0, 0]),
}
/** Second byte of an unknown tag whose first byte is that of Orientation. */
const UNKNOWN_TAG = 0xff

/**
 * Scrubs the TIFF structure of EXIF up to `end`. Orientation stays in the first directory. Every other entry
 * is emptied, and everything else becomes zero (F10).
 */
export function* scrubExif(editor: StreamEditor, end: number): Scrubbing {
  const start = editor.position
  const header = yield* editor.match(TIFF_HEADERS, end)
  if (header) yield* scrubDirectory(editor, header, start, end)
  yield* editor.wipeTo(end)
}

/** Scrubs the TIFF structure behind its header, which stands at `start`. */
export function* scrubDirectory(
  editor: StreamEditor,
  header: (typeof TIFF_HEADERS)[number],
  start: number,
  end: number,
): Scrubbing {
  if (editor.position + 4 > end) return
  const order = header === 'II*\0' ? 'little' : 'big'
  const offset = yield* readOffset(editor, order)
  if (offset < 8 || start + offset + 2 > end) return
  yield* editor.wipeTo(start + offset)
  const entries = yield* editor.readUint(2, order)
  for (let i = 0; i < entries && editor.position + 12 <= end; i++)
    if (yield* readIsOrientation(editor, order)) yield* scrubOrientation(editor, order)
    else yield* editor.overwrite(EMPTY_ENTRIES[order])
}

/** Reads an offset. Its upper half becomes zero: a segment is never that long. */
function* readOffset(editor: StreamEditor, order: 'big' | 'little'): Scrubbing<number> {
  if (order === 'big') yield* editor.wipe(2)
  const offset = yield* editor.readUint(2, order)
  if (order === 'little') yield* editor.wipe(2)
  return offset
}

/** Reads a tag and returns whether it is Orientation. Every other tag is overwritten. */
function* readIsOrientation(editor: StreamEditor, order: 'big' | 'little'): Scrubbing<boolean> {
  const [first, second] = order === 'big' ? [0x01, 0x12] : [0x12, 0x01]
  const begins = (yield* editor.readByte()) === first
  if (!begins) editor.replaceLast(0)
  const ends = (yield* editor.readByte()) === second
  if (!begins) editor.replaceLast(0)
  else if (!ends) editor.replaceLast(UNKNOWN_TAG)
  return begins && ends
}

/** Keeps the value, one SHORT from 1 to 8. Any other value becomes 1. */
function* scrubOrientation(editor: StreamEditor, order: 'big' | 'little'): Scrubbing {
  const type = order === 'big' ? [0, 3, 0, 0, 0, 1, 0] : [3, 0, 1, 0, 0, 0]
  yield* editor.overwrite(Buffer.from(type))
  const value = yield* editor.readByte()
  if (value < 1 || value > 8) editor.replaceLast(1)
  yield* editor.wipe(order === 'big' ? 2 : 3)
}
