import type { FileHandle } from 'node:fs/promises'
import { type Box, BoxNumbers, boxAt, boxes } from './boxes.ts'
import { BoundedReader, EditPlan, MalformedFileError } from './edit-plan.ts'
import { type Extent, frameExtents, itemExtents } from './extents.ts'

/** Boxes that contain others, with the bytes that stand before these. ISO 14496-12, ISO 23008-12. */
const CONTAINERS = new Map([
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
/** Boxes that stay as they are. */
export const KEPT_BOXES = new Set(
  [
    'ftyp pitm iloc ipma altr',
    'ispe pixi colr irot imir clap pasp auxC auxi av1C hvcC avcC vvcC lhvC a1op a1lx lsel reve',
    'clli mdcv cclv amve ndwt ccst',
    'vmhd nmhd elst stts stsc stsz stco co64 stss sdtp ctts cslg sgpd sbgp tref',
  ].flatMap((line) => line.split(' ')),
)
/** Boxes that keep only the first bytes of their contents. Names and addresses follow these. */
const KEPT_PREFIX_BYTES = new Map([
  ['hdlr', 24],
  ['url ', 4],
  ['urn ', 4],
  ['idat', 0],
])
/** Boxes that start with the times of creation and modification. */
const TIMED_BOXES = new Set(['mvhd', 'tkhd', 'mdhd'])
/** Codings of a frame or an item. */
const CODINGS = new Set(['av01', 'hvc1', 'hev1', 'lhv1', 'avc1', 'vvc1'])
/** Types of items that are pictures, or derived from pictures. */
const PICTURE_TYPES = new Set([
  ...CODINGS,
  'grid',
  'iovl',
  'iden',
  'tmap',
  'jpeg',
  'j2k1',
  'unci',
  'mski',
])
/** Names of items that stay: those that the library `libavif` gives. */
const KEPT_NAMES = ['', 'Color', 'Alpha', 'GMap']
/** `mdat` boxes of one file. */
const MAX_DATA_BOX_COUNT = 16
/** Levels of boxes within boxes. */
const MAX_LEVEL_COUNT = 12
/** Top-level boxes that describe the pictures. */
const INDEX_BOXES = ['ftyp', 'meta', 'moov']
const MAX_HEADER_BYTES = 16
/** Type that replaces that of every other box, item and reference. */
const FREE = Buffer.from('free')

/**
 * Plans the scrubbing of an AVIF or a HEIC. The pictures' description and data stay; orientation and colour
 * profile belong to the description. EXIF, XMP, names, times and thumbnails go.
 *
 * Rejects with `MalformedFileError`.
 */
export async function planHeif(file: FileHandle): Promise<EditPlan> {
  const { size } = await file.stat()
  const reader = new BoundedReader(file)
  const plan = new EditPlan()
  const data: { start: number; end: number }[] = []
  const extents: Extent[] = []
  for (let at = 0; at + 8 <= size; ) {
    const header = await reader.read(at, Math.min(MAX_HEADER_BYTES, size - at))
    const { type, body, end } = boxAt(header, 0, size - at)
    if (INDEX_BOXES.includes(type)) {
      const index = new HeifIndex(await reader.read(at, end), at, plan)
      extents.push(...index.extents())
    } else {
      plan.keep(at, at + body)
      if (type !== 'mdat') plan.overwrite(at + 4, FREE)
      else if (data.push({ start: at + body, end: Math.min(at + end, size) }) > MAX_DATA_BOX_COUNT)
        throw new MalformedFileError()
    }
    at += end
  }
  for (const extent of extents)
    for (const { start, end } of data)
      plan.keep(Math.max(extent.start, start), Math.min(extent.end, end))
  return plan
}

/** One of the boxes that describe the pictures. It starts at `base` in the file. */
class HeifIndex {
  readonly #bytes: Buffer
  readonly #base: number
  readonly #plan: EditPlan
  readonly #pictures = new Set<number>()
  readonly #thumbnails = new Set<number>()
  /** Position of an item's type, by the item's id. */
  readonly #typePositions = new Map<number, number>()
  /** Positions of the type of each reference from a thumbnail. */
  readonly #thumbnailReferences: number[] = []
  readonly #tracks: Box[] = []
  #primary = -1
  #iloc: Box | undefined
  #idat: Box | undefined

  constructor(bytes: Buffer, base: number, plan: EditPlan) {
    this.#bytes = bytes
    this.#base = base
    this.#plan = plan
    this.#walk(boxAt(bytes, 0, bytes.length))
  }

  /** Returns the data of its pictures in the file. Call once: it frees the thumbnails. */
  extents(): Extent[] {
    const extents = this.#tracks.flatMap((track) => frameExtents(this.#bytes, track))
    this.#thumbnails.delete(this.#primary)
    for (const id of this.#thumbnails)
      if (this.#typePositions.has(id)) this.#overwrite(this.#typePositions.get(id)!, FREE)
    // The references come last: a second plan recognises thumbnails by them.
    for (const at of this.#thumbnailReferences) this.#overwrite(at, FREE)
    if (!this.#iloc) return extents
    const wanted = this.#pictures.difference(this.#thumbnails)
    for (const extent of itemExtents(this.#bytes, this.#iloc, wanted))
      if (!extent.isInIdat) extents.push(extent)
      else if (this.#idat) {
        const { body, end } = this.#idat
        this.#keep(body + extent.start, Math.min(body + extent.end, end))
      }
    return extents
  }

  #walk(box: Box, depth = 0): void {
    if (depth > MAX_LEVEL_COUNT) throw new MalformedFileError()
    const { type, start, body, end } = box
    const before = CONTAINERS.get(type)
    const prefix = KEPT_PREFIX_BYTES.get(type)
    if (type === 'iinf') this.#scrubItems(box)
    else if (type === 'iref') this.#scrubReferences(box)
    else if (start > 0 && INDEX_BOXES.includes(type)) this.#free(box)
    else if (before !== undefined) {
      this.#keep(start, body + before)
      for (const each of boxes(this.#bytes, body + before, end)) this.#walk(each, depth + 1)
    } else if (CODINGS.has(type)) this.#scrubSampleEntry(box, depth)
    else if (TIMED_BOXES.has(type)) {
      this.#keep(start, end)
      const isLong = this.#bytes[body] === 1
      this.#overwrite(
        body + 4,
        Buffer.alloc(Math.min(isLong ? 16 : 8, Math.max(end - body - 4, 0))),
      )
    } else if (prefix !== undefined) this.#keep(start, Math.min(body + prefix, end))
    else if (KEPT_BOXES.has(type)) this.#keep(start, end)
    else this.#free(box)

    if (type === 'trak') this.#tracks.push(box)
    if (type === 'iloc') this.#iloc = box
    if (type === 'idat') this.#idat = box
    if (type === 'pitm') {
      const numbers = new BoxNumbers(this.#bytes, body, end)
      this.#primary = numbers.next(4) < 2 ** 24 ? numbers.next(2) : numbers.next(4)
    }
  }

  /** Scrubs the list of items, ISO 14496-12 section 8.11.6. Items that aren't pictures lose their type. */
  #scrubItems({ start, body, end }: Box): void {
    const first = body + (this.#bytes[body] === 0 ? 6 : 8)
    this.#keep(start, first)
    for (const { type, body, start, end: last } of boxes(this.#bytes, first, end)) {
      const version = this.#bytes[body]!
      const numbers = new BoxNumbers(this.#bytes, body + 4, last)
      const id = numbers.next(version < 3 ? 2 : 4)
      const namePosition = body + (version < 3 ? 12 : 14)
      this.#keep(start, Math.min(namePosition, last))
      if (type !== 'infe' || version < 2 || namePosition > last) continue
      const kind = this.#bytes.toString('latin1', namePosition - 4, namePosition)
      this.#typePositions.set(id, namePosition - 4)
      if (PICTURE_TYPES.has(kind)) this.#pictures.add(id)
      else this.#overwrite(namePosition - 4, FREE)
      const names = this.#bytes.subarray(namePosition, last)
      this.#keep(namePosition, last)
      if (
        !PICTURE_TYPES.has(kind) ||
        !KEPT_NAMES.includes(names.toString('latin1').replace(/\0.*$/s, ''))
      )
        this.#overwrite(namePosition, names.map((byte) => (byte === 0 ? 0 : 0x20)) as Buffer)
    }
  }

  /** Scrubs the references between items, section 8.11.12, and collects those from thumbnails. */
  #scrubReferences({ start, body, end }: Box): void {
    this.#keep(start, body + 4)
    const idBytes = this.#bytes[body] === 0 ? 2 : 4
    for (const box of boxes(this.#bytes, body + 4, end)) {
      const numbers = new BoxNumbers(this.#bytes, box.body, box.end)
      const from = numbers.next(idBytes)
      this.#keep(box.start, Math.min(box.body + idBytes + 2 + numbers.next(2) * idBytes, box.end))
      if (box.type !== 'thmb') continue
      this.#thumbnails.add(from)
      this.#thumbnailReferences.push(box.start + 4)
    }
  }

  /** Scrubs the description of a frame, section 12.1.3, which contains the name of its encoder. */
  #scrubSampleEntry({ start, body, end }: Box, depth: number): void {
    this.#keep(start, Math.min(body + 42, end))
    this.#keep(Math.min(body + 74, end), Math.min(body + 78, end))
    for (const each of boxes(this.#bytes, body + 78, end)) this.#walk(each, depth + 1)
  }

  #free({ start, body }: Box): void {
    this.#keep(start, body)
    this.#overwrite(start + 4, FREE)
  }

  #keep(start: number, end: number): void {
    this.#plan.keep(this.#base + start, this.#base + end)
  }

  #overwrite(start: number, bytes: Buffer): void {
    this.#plan.overwrite(this.#base + start, bytes)
  }
}
