import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { pngChunk } from '../../../test/support/png.ts'
import { CORNERS_JXL, jxlContainer } from './jxl-images.ts'

/** Text that must not survive scrubbing. It stands wherever a file can contain more than its picture. */
export const CANARY = 'Canary Yellow, 7 Elm Street'
/** The EXIF orientation of the canary images: the first row of pixels is shown on the right. */
export const EXIF_ORIENTATION = { rightTop: 6 } as const

export interface CanaryImage {
  readonly name: string
  readonly type: 'jpeg' | 'png' | 'webp' | 'gif' | 'bmp' | 'avif' | 'heic' | 'tiff' | 'jxl'
  readonly bytes: Buffer
  /** The same picture without canaries; null if no library here decodes it. */
  readonly clean: Buffer | null
}

/** Creates pictures of every format, with canaries wherever its standard allows more than pixels. */
export async function canaryImages(): Promise<CanaryImage[]> {
  const drawn = () => sharp(WAVES, { raw: { width: 80, height: 32, channels: 3 } })
  const jpeg = await drawn().withIccProfile('p3').jpeg().toBuffer()
  const progressive = await drawn().jpeg({ progressive: true }).toBuffer()
  const png = await drawn().withIccProfile('p3').png().toBuffer()
  const webp = await drawn().withIccProfile('p3').webp().toBuffer()
  const [gif, movingGif, movingWebp] = await Promise.all([
    drawn().gif().toBuffer(),
    sharp(WAVES, { raw: { width: 80, height: 32, channels: 3, pageHeight: 16 } })
      .gif()
      .toBuffer(),
    sharp(WAVES, { raw: { width: 80, height: 32, channels: 3, pageHeight: 16 } })
      .webp()
      .toBuffer(),
  ])
  const avif = await drawn()
    .withExif({ IFD0: { Artist: CANARY } })
    .withXmp(XMP)
    .avif()
    .toBuffer()
  const plainAvif = await drawn().avif().toBuffer()
  const tiff = await drawn().tiff({ compression: 'lzw', predictor: 'none' }).toBuffer()
  const pages = await drawn()
    .tiff({ pyramid: true, tile: true, tileWidth: 16, tileHeight: 16 })
    .toBuffer()
  return [
    { name: 'JPEG', type: 'jpeg', bytes: inJpeg(jpeg, 'II*\0'), clean: jpeg },
    {
      name: 'progressive JPEG',
      type: 'jpeg',
      bytes: inJpeg(progressive, 'MM\0*'),
      clean: progressive,
    },
    { name: 'PNG', type: 'png', bytes: inPng(png), clean: png },
    { name: 'WebP', type: 'webp', bytes: inWebp(webp), clean: webp },
    { name: 'moving WebP', type: 'webp', bytes: inWebp(movingWebp), clean: movingWebp },
    { name: 'GIF', type: 'gif', bytes: inGif(gif), clean: gif },
    { name: 'moving GIF', type: 'gif', bytes: inGif(movingGif), clean: movingGif },
    { name: 'BMP', type: 'bmp', bytes: bmp(), clean: null },
    { name: 'AVIF', type: 'avif', bytes: inAvif(avif), clean: plainAvif },
    {
      name: 'AVIF, its index last',
      type: 'avif',
      bytes: indexLast(inAvif(avif)),
      clean: plainAvif,
    },
    { name: 'AVIF sequence', type: 'avif', bytes: sequence(), clean: null },
    { name: 'JPEG XL', type: 'jxl', bytes: jxlContainer(CORNERS_JXL, CANARY), clean: null },
    { name: 'TIFF', type: 'tiff', bytes: inTiff(tiff), clean: tiff },
    { name: 'TIFF with smaller pictures', type: 'tiff', bytes: inTiff(pages), clean: pages },
  ]
}

const WAVES = Buffer.from(
  Array.from({ length: 80 * 32 * 3 }, (_, i) => 128 + 100 * Math.sin(i / 37)),
)
const TEXT = Buffer.from(CANARY)
const XMP = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description>${CANARY}</rdf:Description></rdf:RDF></x:xmpmeta>`
/** A thumbnail: a JPEG of its own. */
const THUMBNAIL = Buffer.concat([Buffer.from([0xff, 0xd8]), TEXT, Buffer.from([0xff, 0xd9])])

/** Returns the canary behind some bytes, so that no parser starts exactly at it. */
const text = (before = ''): Buffer => Buffer.concat([Buffer.from(before, 'latin1'), TEXT])

/** Creates EXIF with a camera, an author, comments, a place and a thumbnail, and Orientation among them. */
export function exif(order: 'II*\0' | 'MM\0*'): Buffer {
  const isLittle = order === 'II*\0'
  const parts: Buffer[] = []
  let length = 8
  const number = (value: number, bytes: 2 | 4): Buffer => {
    const buffer = Buffer.alloc(bytes)
    if (isLittle) buffer.writeUIntLE(value, 0, bytes)
    else buffer.writeUIntBE(value, 0, bytes)
    return buffer
  }
  const add = (...buffers: Buffer[]): number => {
    const at = length
    parts.push(...buffers)
    length += Buffer.concat(buffers).length
    return at
  }
  const entry = (tag: number, type: number, count: number, value: Buffer): Buffer =>
    Buffer.concat([number(tag, 2), number(type, 2), number(count, 4), value, Buffer.alloc(4)], 12)
  /** Creates a field whose value stands outside of its entry. */
  const far = (tag: number, type: number, value: Buffer): Buffer =>
    entry(tag, type, value.length, number(add(value), 4))
  const directory = (entries: Buffer[], next = 0): Buffer =>
    Buffer.concat([number(entries.length, 2), ...entries, number(next, 4)])

  // The first directory precedes the values that it points to, so its length is fixed.
  const firstDirectoryBytes = 2 + 13 * 12 + 4
  length += firstDirectoryBytes
  const makerNote = far(0x927c, 7, text('Apple iOS\0'))
  const comment = far(0x9286, 7, text('ASCII\0\0\0'))
  const serial = far(0xa431, 2, text())
  const details = add(directory([makerNote, comment, serial]))
  const latitude = far(2, 5, Buffer.concat([TEXT], 24))
  const place = add(directory([latitude, far(0x1d, 2, text())]))
  const small = add(
    directory([
      entry(0x201, 4, 1, number(add(THUMBNAIL), 4)),
      entry(0x202, 4, 1, number(THUMBNAIL.length, 4)),
    ]),
  )
  const first = directory(
    [
      far(0x10e, 2, text()),
      far(0x10f, 2, text()),
      far(0x110, 2, text()),
      entry(0x112, 3, 1, number(EXIF_ORIENTATION.rightTop, 2)),
      far(0x131, 2, text()),
      far(0x13b, 2, text()),
      // Four letters fit into the entry.
      entry(0x13c, 2, 4, TEXT.subarray(0, 4)),
      far(0x2bc, 1, text()),
      far(0x8298, 2, text()),
      entry(0x8769, 4, 1, number(details, 4)),
      entry(0x8825, 4, 1, number(place, 4)),
      far(0x9c9c, 1, Buffer.from(CANARY, 'utf16le')),
      far(0xc4a5, 7, text('PrintIM')),
    ],
    small,
  )
  return Buffer.concat([Buffer.from(order, 'latin1'), number(8, 4), first, ...parts])
}

function inJpeg(picture: Buffer, order: 'II*\0' | 'MM\0*'): Buffer {
  const segment = (marker: number, body: Buffer): Buffer => {
    const head = Buffer.from([0xff, marker, 0, 0])
    head.writeUInt16BE(body.length + 2, 2)
    return Buffer.concat([head, body])
  }
  const app = (n: number, name: string): Buffer => segment(0xe0 + n, text(name))
  const additions = [
    segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exif(order)])),
    app(0, 'JFXX\0\x10'),
    app(0, 'JFIF\0\x01\x02\x00\x00\x01\x00\x01\x03\x03'),
    app(1, 'http://ns.adobe.com/xap/1.0/\0'),
    app(1, 'http://ns.adobe.com/xmp/extension/\0'),
    app(1, ''),
    app(2, 'MPF\0'),
    app(2, 'FPXR\0'),
    app(2, 'ICC_PROFILX\0'),
    // It differs from the right name only in the last byte.
    app(2, 'ICC_PROFILE!'),
    ...Array.from({ length: 11 }, (_, i) => app(3 + i, 'JUMBF\0')),
    app(13, 'Photoshop 3.0\x008BIM\x04\x04\0\0\0\0'),
    app(15, ''),
    segment(0xfe, TEXT),
    segment(0xdc, TEXT),
    // Bytes that belong to no segment, and fill bytes.
    TEXT,
    Buffer.from([0xff, 0xff]),
  ]
  const end = picture.length - 2
  return Buffer.concat([
    picture.subarray(0, 2),
    ...additions,
    picture.subarray(2, end),
    segment(0xfe, TEXT),
    picture.subarray(end),
    THUMBNAIL,
  ])
}

function inPng(picture: Buffer): Buffer {
  const compressed = Buffer.concat([Buffer.from('Title\0\0'), deflateSync(TEXT, { level: 0 })])
  const additions = [
    ...pngChunk('tEXt', text('parameters\0')),
    ...pngChunk('zTXt', compressed),
    ...pngChunk('iTXt', text('XML:com.adobe.xmp\0\0\0\0\0')),
    ...pngChunk('eXIf', exif('MM\0*')),
    ...pngChunk('tIME', TEXT),
    ...pngChunk('sPLT', text()),
    ...pngChunk('gAMA', text()),
    ...pngChunk('acTX', text()),
    ...pngChunk('caBX', text()),
    ...pngChunk('prIv', text()),
  ]
  const header = 8 + 25
  const [profile, end] = [picture.indexOf('iCCP'), picture.length - 12]
  // A colour profile may have any name.
  const length = picture.readUInt32BE(profile - 4)
  const body = picture.subarray(picture.indexOf(0, profile + 4), profile + 4 + length)
  return Buffer.concat([
    picture.subarray(0, header),
    ...additions,
    picture.subarray(header, profile - 4),
    ...pngChunk('iCCP', Buffer.concat([TEXT, body])),
    picture.subarray(profile + length + 8, end),
    ...pngChunk('iTXt', text('Comment\0\0\0\0\0')),
    picture.subarray(end),
    TEXT,
  ])
}

function inWebp(picture: Buffer): Buffer {
  const named = (name: string, body: Buffer): Buffer => {
    const head = Buffer.from(`${name}\0\0\0\0`)
    head.writeUInt32LE(body.length, 4)
    return Buffer.concat([head, body, Buffer.alloc(body.length & 1, 'C')])
  }
  const additions = [
    named('EXIF', exif('II*\0')),
    named('EXIF', Buffer.concat([Buffer.from('Exif\0\0'), exif('MM\0*')])),
    named('XMP ', Buffer.from(XMP)),
    named('VP9 ', TEXT),
    named('none', TEXT),
  ]
  const bytes = Buffer.concat([picture, ...additions])
  bytes.writeUInt32LE(bytes.length - 8, 4)
  bytes[20]! |= 0x0c
  const frame = picture.indexOf('ANMF')
  if (frame < 0) return Buffer.concat([bytes, TEXT])
  // A frame has chunks of its own; others may follow its pixels.
  const length = bytes.readUInt32LE(frame + 4)
  const more = named('none', TEXT)
  const moving = Buffer.concat([
    bytes.subarray(0, frame + 8 + length),
    more,
    bytes.subarray(frame + 8 + length),
    TEXT,
  ])
  moving.writeUInt32LE(length + more.length, frame + 4)
  moving.writeUInt32LE(moving.length - 8 - TEXT.length, 4)
  return moving
}

function inGif(picture: Buffer): Buffer {
  const block = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([bytes.length]), bytes])
  const extension = (label: number, ...blocks: Buffer[]): Buffer =>
    Buffer.concat([Buffer.from([0x21, label]), ...blocks.map(block), Buffer.from([0])])
  // XMP isn't split into blocks: a parser that doesn't know it takes each letter for a length.
  const magic = Buffer.from([1, ...Array.from({ length: 256 }, (_, i) => 255 - i), 0])
  const xmp = [block(Buffer.from('XMP DataXMP')), Buffer.from(XMP), magic]
  const additions = [
    extension(0xfe, TEXT, TEXT),
    extension(0x01, Buffer.concat([TEXT], 12), TEXT),
    extension(0xff, Buffer.from('MGK8BIM0000'), TEXT),
    extension(0xff, TEXT.subarray(0, 11), TEXT),
    extension(0xff, Buffer.from('NETSCAPE2.0'), Buffer.from([1, 0, 0]), TEXT, TEXT.subarray(0, 3)),
    Buffer.concat([Buffer.from([0x21, 0xff]), ...xmp]),
    extension(0x42, TEXT),
  ]
  const colours = 13 + (picture[10]! & 0x80 ? 3 * 2 ** ((picture[10]! & 7) + 1) : 0)
  return Buffer.concat([
    picture.subarray(0, colours),
    ...additions,
    picture.subarray(colours),
    TEXT,
  ])
}

/** Creates a BMP of two by two pixels, with a gap before them and a profile in another file. */
function bmp(): Buffer {
  const header = Buffer.alloc(14 + 124)
  header.write('BM')
  const pixels = Buffer.alloc(16, 0x80)
  const start = header.length + TEXT.length
  header.writeUInt32LE(start + pixels.length + TEXT.length, 2)
  TEXT.copy(header, 6, 0, 4)
  header.writeUInt32LE(start, 10)
  header.writeUInt32LE(124, 14)
  header.writeInt32LE(2, 18)
  header.writeInt32LE(-2, 22)
  header.writeUInt16LE(1, 26)
  header.writeUInt16LE(24, 28)
  // BITMAPV5HEADER: a linked profile is the name of a file.
  header.writeUInt32LE(0x4c494e4b, 14 + 56)
  header.writeUInt32LE(start - 14 + pixels.length, 14 + 112)
  header.writeUInt32LE(TEXT.length, 14 + 116)
  return Buffer.concat([header, TEXT, pixels, TEXT])
}

const box = (type: string, ...bodies: Buffer[]): Buffer => {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + Buffer.concat(bodies).length)
  head.write(type, 4)
  return Buffer.concat([head, ...bodies])
}

/** Adds boxes behind the picture, so that nothing in it moves. EXIF and XMP are in it already. */
function inAvif(picture: Buffer): Buffer {
  const additions = [
    box('uuid', Buffer.alloc(16, 7), TEXT),
    box('free', TEXT),
    box('mdat', TEXT),
    box('none', TEXT),
  ]
  return Buffer.concat([picture, ...additions])
}

/** Moves `meta` behind the first `mdat`, as cameras write it that don't know the sizes in advance. */
function indexLast(picture: Buffer): Buffer {
  const at = (type: string) => picture.indexOf(type) - 4
  const [meta, data] = [at('meta'), at('mdat')]
  const end = data + picture.readUInt32BE(data)
  const index = Buffer.from(picture.subarray(meta, data))
  // ISO 14496-12 section 8.11.3, version 0: each item has a base of four bytes, and one extent.
  const items = index.indexOf('iloc') + 12
  for (let i = 0; i < index.readUInt16BE(items - 2); i++) {
    const base = items + i * 18 + 4
    index.writeUInt32BE(index.readUInt32BE(base) - index.length, base)
  }
  return Buffer.concat([
    picture.subarray(0, meta),
    picture.subarray(data, end),
    index,
    picture.subarray(end),
  ])
}

/** Data of the frames of a sequence. */
export const FRAMES = ['first frame', 'second', 'third of them']

/** Creates a sequence of recognisable frames, which are no pictures. ISO 14496-12 section 8. */
function sequence(): Buffer {
  const long = (...numbers: number[]) => {
    const bytes = Buffer.alloc(numbers.length * 4)
    numbers.forEach((number, i) => bytes.writeUInt32BE(number, i * 4))
    return bytes
  }
  const [first, second, third] = FRAMES.map((frame) => frame.length) as [number, number, number]
  const index = (data: number): Buffer => {
    const coded = Buffer.concat([Buffer.alloc(42), TEXT, Buffer.alloc(36 - TEXT.length)])
    const chunks = [data + TEXT.length, data + TEXT.length * 2 + first + second]
    const table = box(
      'stbl',
      box('stsd', long(0, 1), box('av01', coded, box('av1C', long(1)), box('none', TEXT))),
      box('stts', long(0, 1, 3, 1)),
      // The first chunk has two frames, the second one.
      box('stsc', long(0, 2, 1, 2, 1, 2, 1, 1)),
      box('stsz', long(0, 0, 3, first, second, third)),
      box('stco', long(0, 2, ...chunks)),
    )
    const times = Buffer.concat([long(0), TEXT.subarray(0, 8), long(1, 1000, 3)])
    const handler = Buffer.concat([long(0, 0), Buffer.from('pict'), long(0, 0, 0), TEXT])
    const where = box('dinf', box('dref', long(0, 1), box('url ', long(1), TEXT)))
    const media = box('minf', box('vmhd', long(1, 0, 0)), where, table)
    const track = box('mdia', box('mdhd', times), box('hdlr', handler), media)
    return Buffer.concat([
      box('ftyp', Buffer.from('avis\0\0\0\0avisavif')),
      box(
        'moov',
        box('mvhd', times),
        box('trak', box('tkhd', times), track, box('udta', TEXT)),
        box('udta', box('name', TEXT)),
        box('meta', long(0), box('xml ', TEXT)),
      ),
    ])
  }
  const [one, two, three] = FRAMES.map((frame) => Buffer.from(frame)) as [Buffer, Buffer, Buffer]
  const head = index(index(0).length + 8)
  return Buffer.concat([head, box('mdat', TEXT, one, two, TEXT, three, TEXT)])
}

/** Adds a first directory behind everything, with the picture's fields and more. */
function inTiff(picture: Buffer): Buffer {
  const isLittle = picture.toString('latin1', 0, 2) === 'II'
  if (!isLittle) throw new Error('not little-endian')
  const at = picture.readUInt32LE(4)
  const count = picture.readUInt16LE(at)
  const entries = Array.from({ length: count }, (_, i) =>
    Buffer.from(picture.subarray(at + 2 + i * 12, at + 14 + i * 12)),
  ).filter((entry) => entry.readUInt16LE(0) !== 274)
  const values: Buffer[] = []
  let end = picture.length + (picture.length & 1)
  const add = (tag: number, type: number, value: Buffer, length = value.length) => {
    const entry = Buffer.alloc(12)
    entry.writeUInt16LE(tag, 0)
    entry.writeUInt16LE(type, 2)
    entry.writeUInt32LE(length, 4)
    if (value.length <= 4) value.copy(entry, 8)
    else {
      entry.writeUInt32LE(end, 8)
      values.push(value)
      end += value.length
    }
    entries.push(entry)
  }
  for (const tag of [270, 271, 272, 305, 315, 316, 33_432]) add(tag, 2, TEXT)
  for (const tag of [700, 33_723, 34_377, 37_724, 50_341]) add(tag, 1, TEXT)
  add(274, 3, Buffer.from([EXIF_ORIENTATION.rightTop, 0]), 1)
  for (const tag of [34_665, 34_853]) add(tag, 4, exif('II*\0').subarray(8))
  entries.sort((a, b) => a.readUInt16LE(0) - b.readUInt16LE(0))
  const head = Buffer.alloc(2)
  head.writeUInt16LE(entries.length)
  const next = picture.subarray(at + 2 + count * 12, at + 6 + count * 12)
  const bytes = Buffer.concat([
    picture,
    Buffer.alloc(picture.length & 1),
    ...values,
    head,
    ...entries,
    next,
    TEXT,
  ])
  bytes.writeUInt32LE(end, 4)
  return bytes
}
