import type { FileHandle } from 'node:fs/promises'
import { type Box, boxAt, boxes, findBox } from '../metadata/boxes.ts'
import { BoundedReader, MalformedFileError } from '../metadata/edit-plan.ts'
import { pictureOf, TAG, TiffDirectories, withChildren } from '../metadata/tiff-directories.ts'

/** Facts about a raw file that its JPEG may lack. */
export interface RawLayout {
  /** Longest side of the sensor's picture, in pixels. */
  readonly sensorSide: number
  /** EXIF orientation, 1 to 8. */
  readonly orientation: number
}

/** EXIF's directory and its size of the picture. EXIF 2.32 sections 4.6.3 and 4.6.5. */
const [EXIF_DIRECTORY, EXIF_WIDTH, EXIF_HEIGHT] = [34_665, 40_962, 40_963]
/** Panasonic's size of the sensor. */
const [PANASONIC_WIDTH, PANASONIC_HEIGHT] = [2, 3]
/** Olympus and Panasonic write their own numbers in place of 42. */
const [OLYMPUS_VERSIONS, PANASONIC_VERSION] = [[0x4f52, 0x5352], 0x0055]
/** Canon's mark of a CR2, behind the header. */
const CANON_MARK = 'CR'
/** Where a RAF names its directory of the sensor, and the size of the raw picture in it. */
const [FUJI_DIRECTORY_POSITION, FUJI_RAW_SIZE] = [92, 0x100]
const MAX_FUJI_FIELD_COUNT = 255
/** Top-level boxes that stand before `moov` in a CR3. */
const MAX_BOX_COUNT = 16
/** Bytes before the boxes in Canon's box of metadata: its id. */
const UUID_BYTES = 16
/** Width and height in the description of a frame, behind the box's header. ISO 14496-12 section 12.1.3. */
const [FRAME_WIDTH_POSITION, FRAME_HEIGHT_POSITION] = [24, 26]

/** Reads how large the sensor's picture is; null for a layout that isn't understood. */
export async function rawLayout(file: FileHandle): Promise<RawLayout | null> {
  const reader = new BoundedReader(file)
  try {
    const head = (await reader.read(0, 16)).toString('latin1')
    if (head.startsWith('FUJIFILMCCD-RAW')) return await fujiLayout(reader)
    if (head.slice(4, 12) === 'ftypcrx ') return await canonLayout(reader)
    return /^(?:II|MM)/.test(head) ? await tiffLayout(reader, head) : null
  } catch (error) {
    if (error instanceof MalformedFileError) return null
    throw error
  }
}

/** Reads the layout of a TIFF: NEF, ARW, DNG, PEF, SRW and many more; CR2, ORF and RW2. */
async function tiffLayout(reader: BoundedReader, head: string): Promise<RawLayout | null> {
  const versions = [42, ...OLYMPUS_VERSIONS, PANASONIC_VERSION]
  const { directories, pages, version } = await TiffDirectories.read(reader, versions)
  const [first] = pages
  if (!first) return null
  let sensorSide = 0
  for (const directory of pages.flatMap(withChildren)) {
    const { width, height, hasSensorValues } = await pictureOf(directories, directory)
    if (hasSensorValues) sensorSide = Math.max(sensorSide, width, height)
  }
  const sideOf = async (width: number, height: number, from = first): Promise<number> =>
    Math.max(await directories.number(from, width), await directories.number(from, height))
  if (OLYMPUS_VERSIONS.includes(version)) sensorSide = await sideOf(TAG.width, TAG.height)
  if (version === PANASONIC_VERSION) sensorSide = await sideOf(PANASONIC_WIDTH, PANASONIC_HEIGHT)
  if (head.startsWith(CANON_MARK, 8)) {
    const exif = await directories.directoryAt(await directories.number(first, EXIF_DIRECTORY))
    sensorSide = await sideOf(EXIF_WIDTH, EXIF_HEIGHT, exif)
  }
  if (sensorSide === 0) return null
  return { sensorSide, orientation: await directories.number(first, TAG.orientation) }
}

/** Reads the layout of a RAF. Its JPEG has an orientation of its own. */
async function fujiLayout(reader: BoundedReader): Promise<RawLayout | null> {
  const at = (await reader.read(FUJI_DIRECTORY_POSITION, 4)).readUInt32BE(0)
  const count = (await reader.read(at, 4)).readUInt32BE(0)
  if (count > MAX_FUJI_FIELD_COUNT) return null
  for (let field = at + 4, i = 0; i < count; i++) {
    const head = await reader.read(field, 4)
    const [tag, length] = [head.readUInt16BE(0), head.readUInt16BE(2)]
    if (tag === FUJI_RAW_SIZE && length === 4) {
      const size = await reader.read(field + 4, 4)
      return { sensorSide: Math.max(size.readUInt16BE(0), size.readUInt16BE(2)), orientation: 1 }
    }
    field += 4 + length
  }
  return null
}

/** Reads the layout of a CR3: the sizes of its tracks, and the first of Canon's own directories. */
async function canonLayout(reader: BoundedReader): Promise<RawLayout | null> {
  for (let at = 0, i = 0; i < MAX_BOX_COUNT; i++) {
    const { type, end } = boxAt(await reader.read(at, 16), 0, 16)
    if (type === 'moov') {
      const bytes = await reader.read(at, end)
      const movie = boxAt(bytes, 0, end)
      let sensorSide = 0
      // A call takes fewer arguments than a file may have tracks.
      for (const side of trackSides(bytes, movie)) sensorSide = Math.max(sensorSide, side)
      if (sensorSide === 0) return null
      return { sensorSide, orientation: await canonOrientation(bytes, movie) }
    }
    at += end
  }
  return null
}

function* trackSides(bytes: Buffer, movie: Box): Generator<number> {
  for (const track of boxes(bytes, movie.body, movie.end)) {
    if (track.type !== 'trak') continue
    const table = findBox(bytes, track, 'mdia', 'minf', 'stbl', 'stsd')
    if (!table) continue
    for (const { type, body, end } of boxes(bytes, table.body + 8, table.end))
      if (type === 'CRAW' && body + FRAME_HEIGHT_POSITION + 2 <= end) {
        yield bytes.readUInt16BE(body + FRAME_WIDTH_POSITION)
        yield bytes.readUInt16BE(body + FRAME_HEIGHT_POSITION)
      }
  }
}

async function canonOrientation(bytes: Buffer, movie: Box): Promise<number> {
  const metadata = findBox(bytes, movie, 'uuid')
  if (!metadata) return 1
  for (const { type, body, end } of boxes(bytes, metadata.body + UUID_BYTES, metadata.end)) {
    if (type !== 'CMT1') continue
    const source = {
      read: async (at: number, length: number) => {
        if (body + at + length > end) throw new MalformedFileError()
        return bytes.subarray(body + at, body + at + length)
      },
    }
    const { directories, pages } = await TiffDirectories.read(source)
    return pages[0] ? directories.number(pages[0], TAG.orientation) : 1
  }
  return 1
}
