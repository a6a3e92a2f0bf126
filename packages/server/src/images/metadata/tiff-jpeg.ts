import type { FileHandle } from 'node:fs/promises'
import { BoundedReader, type EditPlan } from './edit-plan.ts'
import { scrubJpeg } from './jpeg.ts'
import { EOI, isFrameHeader, SOI, SOS } from './jpeg-segments.ts'
import { StreamEditor } from './stream-editor.ts'

/** Bytes that are read of all JPEGs in a TIFF, and of each before it is known to need scrubbing. */
const [MAX_JPEG_BYTES, MAX_HEAD_BYTES] = [67_108_864, 512]
/** Segments that may say something besides the picture. */
const [APP0, APP15, COM] = [0xe0, 0xef, 0xfe]

/** Scrubs the JPEGs that are a TIFF's strips, tiles and tables: they may have metadata of their own. */
export class TiffJpegs {
  readonly #reader: BoundedReader
  readonly #plan: EditPlan

  constructor(file: FileHandle, plan: EditPlan) {
    this.#reader = new BoundedReader(file, MAX_JPEG_BYTES)
    this.#plan = plan
  }

  /** Plans the scrubbing of some bytes, if they are a JPEG that may say something. */
  async scrub(start: number, length: number): Promise<void> {
    if (length < 4) return
    const head = await this.#reader.read(start, Math.min(length, MAX_HEAD_BYTES))
    if (head[0] !== 0xff || head[1] !== SOI || isPlain(head, length)) return
    const bytes = await this.#reader.read(start, length)
    const editor = new StreamEditor()
    editor.load(bytes)
    const isWhole = scrubJpeg(editor).next().done
    const scrubbed = Buffer.alloc(length)
    const output = isWhole ? bytes.subarray(0, editor.position) : editor.takeOutput()
    output.copy(scrubbed)
    this.#plan.overwrite(start, scrubbed)
  }
}

/** Returns whether a JPEG's first bytes reach its scan, or its end, without a segment that may say something. */
function isPlain(head: Buffer, length: number): boolean {
  for (let at = 2; at + 4 <= head.length; ) {
    const marker = head[at + 1]!
    if (head[at] !== 0xff || (marker >= APP0 && marker <= APP15) || marker === COM) return false
    if (marker === SOS) return true
    if (!isFrameHeader(marker) && (marker < 0xc0 || marker === EOI)) return false
    at += 2 + head.readUInt16BE(at + 2)
    // Tables end without a scan.
    if (at + 2 === length && head[at] === 0xff && head[at + 1] === EOI) return true
  }
  return false
}
