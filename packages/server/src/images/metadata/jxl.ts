import type { FileHandle } from 'node:fs/promises'
import { boxAt } from './boxes.ts'
import { BoundedReader, EditPlan, MalformedFileError } from './edit-plan.ts'

/** Boxes that stay: the codestream, what finds its frames, and a gain map. ISO/IEC 18181-2 section 9. */
export const KEPT_BOXES = new Set(['JXL ', 'ftyp', 'jxll', 'jxli', 'jxlc', 'jxlp', 'jhgm'])
/** Bytes of boxes that say what kind of file it is. */
const MAX_BODY_BYTES: Readonly<Record<string, number>> = { 'JXL ': 4, ftyp: 12, jxll: 1 }
/** Type that replaces that of every other box. */
const FREE = Buffer.from('free')
const MAX_HEADER_BYTES = 16
/** No picture needs more. */
const MAX_BOX_COUNT = 100_000

/**
 * Plans the scrubbing of a JPEG XL. The codestream stays; it has the pixels, their orientation and colours. EXIF,
 * XMP, JUMBF and whatever else a box holds go, also compressed, and with them what a JPEG said of itself.
 *
 * Rejects with `MalformedFileError`.
 */
export async function planJxl(file: FileHandle): Promise<EditPlan> {
  const plan = new EditPlan()
  const { size } = await file.stat()
  const reader = new BoundedReader(file)
  // A codestream without a container has no place for anything else.
  if ((await reader.read(0, 2)).readUInt16BE(0) === 0xff0a) plan.keep(0, size)
  else await planBoxes(plan, reader, size)
  return plan
}

async function planBoxes(plan: EditPlan, reader: BoundedReader, size: number): Promise<void> {
  let count = 0
  for (let at = 0; at + 8 <= size; ) {
    if (++count > MAX_BOX_COUNT) throw new MalformedFileError()
    const header = await reader.read(at, Math.min(MAX_HEADER_BYTES, size - at))
    const { type, body, end } = boxAt(header, 0, size - at)
    if (at + end > size) throw new MalformedFileError()
    if (KEPT_BOXES.has(type))
      plan.keep(at, at + Math.min(end, body + (MAX_BODY_BYTES[type] ?? end)))
    else {
      plan.keep(at, at + body)
      plan.overwrite(at + 4, FREE)
    }
    at += end
  }
}
