import sharp from 'sharp'

/** A camera's words in Exif about itself and its picture. A field that is null is left out. */
export interface CameraExif {
  make?: string | null
  model?: string | null
  software?: string | null
  /** When the file was changed, and when the picture was taken: `2026:05:04 12:00:00`. */
  changed?: string | null
  taken?: string | null
  orientation?: number | null
  /** The picture's pixels, before it is turned. */
  width?: number | null
  height?: number | null
  /** A JPEG. */
  thumbnail?: Buffer | null
  thumbnailOrientation?: number | null
  /** More values by tag: in the first directory, in Exif's own, in that of interoperability. */
  main?: Readonly<Record<number, string | number>>
  exif?: Readonly<Record<number, string | number>>
  interoperability?: Readonly<Record<number, string | number>>
}

const ORIENTATION = 0x0112
const TAKEN = '2026:05:04 12:00:00'

type Values = readonly (readonly [tag: number, value: string | number | null | undefined])[]

/** Writes the Exif segment of a camera (Exif 2.32 section 4.5), the thumbnail last. */
export function exifSegment(given: CameraExif): Buffer {
  const { make = 'Canon', model = 'Canon EOS 1300D', software = null } = given
  const { changed = TAKEN, taken = TAKEN, orientation = 1, thumbnail = null } = given
  const more = (values: Readonly<Record<number, string | number>> = {}): Values =>
    Object.entries(values).map(([tag, value]) => [Number(tag), value])
  const main = (exifAt: number): Values => [
    [0x010f, make],
    [0x0110, model],
    [0x0112, orientation],
    [0x0131, software],
    [0x0132, changed],
    [0x8769, exifAt],
    ...more(given.main),
  ]
  const exif = (interoperabilityAt: number): Values => [
    [0x9003, taken],
    [0xa002, given.width],
    [0xa003, given.height],
    [0xa005, given.interoperability && interoperabilityAt],
    ...more(given.exif),
  ]
  const second = (thumbnailAt: number): Values => [
    [0x0103, 6],
    [0x0112, given.thumbnailOrientation],
    [0x0201, thumbnailAt],
    [0x0202, thumbnail?.length],
  ]
  const lengthOf = (values: Values) => directory(values, 0, 0).length
  const exifAt = 8 + lengthOf(main(0))
  const interoperabilityAt = exifAt + lengthOf(exif(0))
  const last = given.interoperability
    ? directory(more(given.interoperability), interoperabilityAt, 0)
    : Buffer.alloc(0)
  const secondAt = interoperabilityAt + last.length
  const thumbnailAt = secondAt + lengthOf(second(0))
  return segment(0xe1, [
    'Exif\0\0',
    'MM\0*\0\0\0\x08',
    directory(main(exifAt), 8, thumbnail ? secondAt : 0),
    directory(exif(interoperabilityAt), exifAt, 0),
    last,
    ...(thumbnail ? [directory(second(thumbnailAt), secondAt, 0), thumbnail] : []),
  ])
}

/** Writes a TIFF directory that begins at `at`, with its texts behind it. Numbers take 4 bytes each, but the orientation. */
function directory(values: Values, at: number, next: number): Buffer {
  const entries = values
    .filter((entry): entry is readonly [number, string | number] => entry[1] != null)
    .toSorted(([a], [b]) => a - b)
  const head = Buffer.alloc(2 + entries.length * 12 + 4)
  const texts: Buffer[] = []
  let end = at + head.length
  head.writeUInt16BE(entries.length, 0)
  for (const [i, [tag, value]] of entries.entries()) {
    const entry = 2 + i * 12
    head.writeUInt16BE(tag, entry)
    if (tag === ORIENTATION) {
      head.writeUInt16BE(3, entry + 2)
      head.writeUInt32BE(1, entry + 4)
      head.writeUInt16BE(Number(value), entry + 8)
      continue
    }
    if (typeof value === 'number') {
      head.writeUInt16BE(4, entry + 2)
      head.writeUInt32BE(1, entry + 4)
      head.writeUInt32BE(value, entry + 8)
      continue
    }
    const text = Buffer.from(`${value}\0`.padEnd(6, '\0'), 'latin1')
    head.writeUInt16BE(2, entry + 2)
    head.writeUInt32BE(text.length, entry + 4)
    head.writeUInt32BE(end, entry + 8)
    texts.push(text)
    end += text.length
  }
  head.writeUInt32BE(next, head.length - 4)
  return Buffer.concat([head, ...texts])
}

/** Writes a segment of a JPEG: its marker's second byte, its length, its parts. */
export function segment(marker: number, parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1')))
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}

/** An XMP segment with these properties of its description. */
export const xmpSegment = (properties: string, toolkit = ''): Buffer =>
  segment(0xe1, [
    'http://ns.adobe.com/xap/1.0/\0',
    `<x:xmpmeta xmlns:x="adobe:ns:meta/"${toolkit && ` x:xmptk="${toolkit}"`}><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">`,
    `<rdf:Description rdf:about="" ${properties}/></rdf:RDF></x:xmpmeta>`,
  ])

/** Encodes a picture as cameras do: baseline, with the tables of the standard. */
export const encodeAsCamera = (picture: Buffer, quality = 90): Promise<Buffer> =>
  sharp(picture)
    .jpeg({ quality, chromaSubsampling: '4:2:0', optimiseCoding: false, mozjpeg: false })
    .toBuffer()

/** Puts segments in front of a JPEG's own, of which none but those that its pixels need are kept. */
export function withSegments(jpeg: Buffer, segments: readonly Buffer[]): Buffer {
  const { tables, frame, rest } = partsOf(jpeg)
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, ...tables, frame, rest])
}

/** Does as `withSegments`, and lays the tables out as cameras do: all of a kind in one segment. */
export function withCameraSegments(jpeg: Buffer, segments: readonly Buffer[]): Buffer {
  const { tables, frame, rest } = partsOf(jpeg)
  const [quantisation, huffman] = [0xdb, 0xc4].map((marker) =>
    segment(
      marker,
      tables.filter((table) => table[1] === marker).map((table) => table.subarray(4)),
    ),
  )
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, quantisation!, frame, huffman!, rest])
}

/** Takes a JPEG apart: its tables, its frame header, and its pixels with what comes before them. */
function partsOf(jpeg: Buffer): { tables: Buffer[]; frame: Buffer; rest: Buffer } {
  const tables: Buffer[] = []
  let frame: Buffer = Buffer.alloc(0)
  for (let at = 2; at < jpeg.length; ) {
    const marker = jpeg[at + 1]!
    if (marker === 0xda) return { tables, frame, rest: jpeg.subarray(at) }
    const end = at + 2 + jpeg.readUInt16BE(at + 2)
    const part = jpeg.subarray(at, end)
    if (marker === 0xdb || marker === 0xc4) tables.push(part)
    else if (marker === 0xc0 || marker === 0xc2) frame = part
    at = end
  }
  throw new Error('not a JPEG')
}

/** Makes the thumbnail that cameras write: 160 x 120, with black bars about any other shape. */
export const thumbnailOf = (picture: Buffer, width = 160, height = 120): Promise<Buffer> =>
  sharp(picture)
    .resize(width, height, { fit: 'contain', background: '#000' })
    .jpeg({ quality: 80, optimiseCoding: false })
    .toBuffer()

/** Makes a JPEG of a picture as a camera writes it, with the thumbnail inside. */
export async function cameraPhoto(picture: Buffer, exif: CameraExif = {}): Promise<Buffer> {
  const { width, height } = await sharp(picture).metadata()
  const thumbnail = exif.thumbnail ?? (await thumbnailOf(picture))
  const jpeg = await encodeAsCamera(picture)
  return withCameraSegments(jpeg, [exifSegment({ width, height, ...exif, thumbnail })])
}
