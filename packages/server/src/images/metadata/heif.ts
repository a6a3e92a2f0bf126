import type { FileHandle } from 'node:fs/promises'
import { type Box, BoxNumbers, boxAt, boxes } from './boxes.ts'
import { BoundedReader, EditPlan, MalformedFileError } from './edit-plan.ts'
import { type Extent, frameExtents, itemExtents } from './extents.ts'

/** Boxes that hold others, and the bytes that stand before these: ISO 14496-12, ISO 23008-12. */
const HOLDING = new Map([
  ['meta', 4],
  ['iprp', 0],
  ['ipco', 0],
  ['grpl', 0],
  ['dinf', 0],
  ['dref', 8],
  ['moov', 0],
  ['trak', 0],
  ['mdia', 0],
  ['minf', 0],
  ['stbl', 0],
  ['edts', 0],
  ['stsd', 8],
])
/** Boxes that stay as they are; of those that others hold, the properties and references of pictures. */
const KEPT = new Set(
  [
    'ftyp pitm iloc ipma altr',
    'ispe pixi colr irot imir clap pasp auxC auxi av1C hvcC avcC vvcC lhvC a1op a1lx lsel reve',
    'clli mdcv cclv amve ndwt ccst',
    'vmhd nmhd elst stts stsc stsz stco co64 stss sdtp ctts cslg sgpd sbgp tref',
  ].flatMap((line) => line.split(' ')),
)
/** Boxes of which the first so many bytes of what they hold stay; names and places follow. */
const BEGINNINGS = new Map([
  ['hdlr', 24],
  ['url ', 4],
  ['urn ', 4],
  ['idat', 0],
])
/** Headers that begin with the times of making and change. */
const TIMED = new Set(['mvhd', 'tkhd', 'mdhd'])
const CODED = new Set(['av01', 'hvc1', 'hev1', 'lhv1', 'avc1', 'vvc1'])
/** Items that are pictures, or made of them. */
const PICTURES = new Set([...CODED, 'grid', 'iovl', 'iden', 'tmap', 'jpeg', 'j2k1', 'unci', 'mski'])
/** Names of items that tell nothing: those of the library `libavif`. */
const NAMES = ['', 'Color', 'Alpha']
/** Boxes of data in a file. */
const DATA = 16
/** How deep boxes lie in one another at the most. */
const DEPTH = 12
/** Boxes of a file that describe its pictures. */
const TOP = ['ftyp', 'meta', 'moov']
/** Bytes of a box's header at the most. */
const HEADER = 16
/** What anything else becomes. */
const FREE = Buffer.from('free')

/**
 * What of an AVIF or a HEIC stays: what describes pictures, and of the data what belongs to them.
 * Orientation and colour profile are among it, as properties; EXIF, XMP, names, times and thumbnails are
 * not.
 */
export async function planHeif(file: FileHandle): Promise<EditPlan> {
  const { size } = await file.stat()
  const description = new BoundedReader(file)
  const plan = new EditPlan()
  const data: { start: number; end: number }[] = []
  const extents: Extent[] = []
  for (let at = 0; at + 8 <= size; ) {
    const header = await description.read(at, Math.min(HEADER, size - at))
    const { type, body, end } = boxAt(header, 0, size - at)
    if (TOP.includes(type)) {
      const part = new Part(await description.read(at, end), at, plan)
      extents.push(...part.extents())
    } else {
      plan.keep(at, at + body)
      if (type !== 'mdat') plan.overwrite(at + 4, FREE)
      else if (data.push({ start: at + body, end: Math.min(at + end, size) }) > DATA)
        throw new MalformedFileError()
    }
    at += end
  }
  for (const extent of extents)
    for (const { start, end } of data)
      plan.keep(Math.max(extent.start, start), Math.min(extent.end, end))
  return plan
}

/** One of the boxes that describe pictures, which begins at `base` in the file. */
class Part {
  readonly #bytes: Buffer
  readonly #base: number
  readonly #plan: EditPlan
  readonly #pictures = new Set<number>()
  readonly #thumbnails = new Set<number>()
  /** Where the types of items stand, and that of each reference that makes one a thumbnail. */
  readonly #types = new Map<number, number>()
  readonly #references: number[] = []
  readonly #tracks: Box[] = []
  #primary = -1
  #places: Box | undefined
  #within: Box | undefined

  constructor(bytes: Buffer, base: number, plan: EditPlan) {
    this.#bytes = bytes
    this.#base = base
    this.#plan = plan
    this.#walk(boxAt(bytes, 0, bytes.length))
  }

  /** Where in the file the data of its pictures lies. */
  extents(): Extent[] {
    const extents = this.#tracks.flatMap((track) => frameExtents(this.#bytes, track))
    this.#thumbnails.delete(this.#primary)
    for (const id of this.#thumbnails)
      if (this.#types.has(id)) this.#write(this.#types.get(id)!, FREE)
    // What they are known by goes last.
    for (const at of this.#references) this.#write(at, FREE)
    if (!this.#places) return extents
    const wanted = this.#pictures.difference(this.#thumbnails)
    for (const extent of itemExtents(this.#bytes, this.#places, wanted))
      if (!extent.isInIdat) extents.push(extent)
      else if (this.#within) {
        const { body, end } = this.#within
        this.#keep(body + extent.start, Math.min(body + extent.end, end))
      }
    return extents
  }

  #walk(box: Box, depth = 0): void {
    if (depth > DEPTH) throw new MalformedFileError()
    const { type, start, body, end } = box
    const holds = HOLDING.get(type)
    const begins = BEGINNINGS.get(type)
    if (type === 'iinf') this.#items(box)
    else if (type === 'iref') this.#relations(box)
    else if (start > 0 && TOP.includes(type)) this.#free(box)
    else if (holds !== undefined) {
      this.#keep(start, body + holds)
      for (const each of boxes(this.#bytes, body + holds, end)) this.#walk(each, depth + 1)
    } else if (CODED.has(type)) this.#sample(box, depth)
    else if (TIMED.has(type)) {
      this.#keep(start, end)
      const isLong = this.#bytes[body] === 1
      this.#write(body + 4, Buffer.alloc(Math.min(isLong ? 16 : 8, Math.max(end - body - 4, 0))))
    } else if (begins !== undefined) this.#keep(start, Math.min(body + begins, end))
    else if (KEPT.has(type)) this.#keep(start, end)
    else this.#free(box)

    if (type === 'trak') this.#tracks.push(box)
    if (type === 'iloc') this.#places = box
    if (type === 'idat') this.#within = box
    if (type === 'pitm') {
      const numbers = new BoxNumbers(this.#bytes, body, end)
      this.#primary = numbers.next(4) < 2 ** 24 ? numbers.next(2) : numbers.next(4)
    }
  }

  /** ISO 14496-12 section 8.11.6: what items there are. Those that are no pictures lose their type. */
  #items({ start, body, end }: Box): void {
    const first = body + (this.#bytes[body] === 0 ? 6 : 8)
    this.#keep(start, first)
    for (const { type, body, start, end: last } of boxes(this.#bytes, first, end)) {
      const version = this.#bytes[body]!
      const numbers = new BoxNumbers(this.#bytes, body + 4, last)
      const id = numbers.next(version < 3 ? 2 : 4)
      const named = body + (version < 3 ? 12 : 14)
      this.#keep(start, Math.min(named, last))
      if (type !== 'infe' || version < 2 || named > last) continue
      const kind = this.#bytes.toString('latin1', named - 4, named)
      this.#types.set(id, named - 4)
      if (PICTURES.has(kind)) this.#pictures.add(id)
      else this.#write(named - 4, FREE)
      const names = this.#bytes.subarray(named, last)
      this.#keep(named, last)
      if (!PICTURES.has(kind) || !NAMES.includes(names.toString('latin1').replace(/\0.*$/s, '')))
        this.#write(named, names.map((byte) => (byte === 0 ? 0 : 0x20)) as Buffer)
    }
  }

  /** Section 8.11.12: which items belong to which, by their ids. Nothing is a thumbnail any more. */
  #relations({ start, body, end }: Box): void {
    this.#keep(start, body + 4)
    const wide = this.#bytes[body] === 0 ? 2 : 4
    for (const box of boxes(this.#bytes, body + 4, end)) {
      const numbers = new BoxNumbers(this.#bytes, box.body, box.end)
      const from = numbers.next(wide)
      this.#keep(box.start, Math.min(box.body + wide + 2 + numbers.next(2) * wide, box.end))
      if (box.type !== 'thmb') continue
      this.#thumbnails.add(from)
      this.#references.push(box.start + 4)
    }
  }

  /** ISO 14496-12 section 12.1.3: a kind of frame, with the name of what has coded it. */
  #sample({ start, body, end }: Box, depth: number): void {
    this.#keep(start, Math.min(body + 42, end))
    this.#keep(Math.min(body + 74, end), Math.min(body + 78, end))
    for (const each of boxes(this.#bytes, body + 78, end)) this.#walk(each, depth + 1)
  }

  #free({ start, body }: Box): void {
    this.#keep(start, body)
    this.#write(start + 4, FREE)
  }

  #keep(start: number, end: number): void {
    this.#plan.keep(this.#base + start, this.#base + end)
  }

  #write(start: number, bytes: Buffer): void {
    this.#plan.overwrite(this.#base + start, bytes)
  }
}
