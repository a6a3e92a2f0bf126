import sharp from 'sharp'
import { CANARY, exif } from './canary-images.ts'

/** How a file says that it has a gain map, and what else it has. */
export interface GainMapOptions {
  /** XMP of Adobe and Google, ISO 21496-1, or Apple's XMP with or without the headroom. */
  readonly by?: readonly ('xmp' | 'iso' | 'apple' | 'old-apple')[]
  /** Whether XMP has elements where others have attributes. */
  readonly hasElements?: boolean
  readonly order?: 'II*\0' | 'MM\0*'
  /** Further pictures before the gain map, and a video behind it. */
  readonly hasOthers?: boolean
  /** Whether the index comes before XMP. */
  readonly isIndexFirst?: boolean
  /** Whether there are canaries wherever a file can have them. */
  readonly isPlanted?: boolean
  /** Whether a canary follows the metadata of ISO 21496-1. */
  readonly isIsoPlanted?: boolean
}

/** A JPEG with a gain map behind it. */
export interface GainMapImage {
  readonly bytes: Buffer
  /** Where the gain map stands. */
  readonly start: number
  readonly end: number
}

const XMP_NAME = Buffer.from('http://ns.adobe.com/xap/1.0/\0')
const ISO_NAME = Buffer.from('urn:iso:std:iso:ts:21496:-1\0')
const NAMESPACES = {
  x: 'adobe:ns:meta/',
  rdf: 'http://www.w3.org/1999/02/22-rdf-syntax-ns#',
  hdrgm: 'http://ns.adobe.com/hdr-gain-map/1.0/',
  Container: 'http://ns.google.com/photos/1.0/container/',
  Item: 'http://ns.google.com/photos/1.0/container/item/',
  HDRGainMap: 'http://ns.apple.com/HDRGainMap/1.0/',
  apdi: 'http://ns.apple.com/pixeldatainfo/1.0/',
}

const jpegSegment = (marker: number, ...body: Buffer[]): Buffer => {
  const bytes = Buffer.concat(body)
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(bytes.length + 2, 2)
  return Buffer.concat([head, bytes])
}

const declare = (...prefixes: (keyof typeof NAMESPACES)[]): string =>
  prefixes.map((prefix) => ` xmlns:${prefix}="${NAMESPACES[prefix]}"`).join('')

/** Creates an XMP packet as cameras write it. */
function xmp(attributes: string, elements: string, isPlanted: boolean): Buffer {
  const secret = isPlanted
    ? {
        toolkit: ` x:xmptk="${CANARY}"`,
        attributes: ` xmlns:dc="http://purl.org/dc/elements/1.1/" dc:creator='${CANARY}' hdrgm:Note="${CANARY}"`,
        elements: `<!-- ${CANARY} --><dc:title><rdf:Alt><rdf:li xml:lang="x-default">${CANARY}</rdf:li></rdf:Alt></dc:title>${CANARY}`,
        after: `<?note ${CANARY}?>`,
      }
    : { toolkit: '', attributes: '', elements: '', after: '' }
  return Buffer.from(
    `<x:xmpmeta${declare('x')}${secret.toolkit}><rdf:RDF${declare('rdf')}>` +
      `<rdf:Description rdf:about=""${declare('hdrgm')}${attributes}${secret.attributes}>` +
      `${secret.elements}${elements}</rdf:Description></rdf:RDF></x:xmpmeta>${secret.after}`,
  )
}

const VALUES = {
  GainMapMin: '0',
  GainMapMax: '2.5',
  Gamma: '1',
  OffsetSDR: '0.015625',
  OffsetHDR: '0.015625',
  HDRCapacityMin: '0',
  HDRCapacityMax: '2.5',
  BaseRenditionIsHDR: 'False',
}

function gainMapXmp({ by = [], hasElements, isPlanted = false }: GainMapOptions): Buffer[] {
  const packets: Buffer[] = []
  if (by.includes('xmp') && hasElements) {
    const list = `<rdf:Seq><rdf:li>2.5</rdf:li><rdf:li>2.25</rdf:li><rdf:li>2</rdf:li></rdf:Seq>`
    const elements = Object.entries(VALUES).map(([name, value]) => {
      const body = name === 'GainMapMax' ? list : value
      return `\n <hdrgm:${name}>${body}</hdrgm:${name}>`
    })
    packets.push(xmp(' hdrgm:Version="1.0"', elements.join(''), isPlanted))
  } else if (by.includes('xmp')) {
    const attributes = Object.entries(VALUES).map(([name, value]) => ` hdrgm:${name}="${value}"`)
    packets.push(xmp(` hdrgm:Version="1.0"${attributes.join('')}`, '', isPlanted))
  }
  if (by.includes('apple') || by.includes('old-apple')) {
    const headroom = by.includes('apple') ? ' HDRGainMap:HDRGainMapHeadroom="3.5"' : ''
    const type =
      '<apdi:AuxiliaryImageType>urn:com:apple:photo:2020:aux:hdrgainmap</apdi:AuxiliaryImageType>'
    const version = `${declare('HDRGainMap', 'apdi')} HDRGainMap:HDRGainMapVersion="131072"`
    packets.push(xmp(version + headroom, type, isPlanted))
  }
  return packets
}

/** Creates the packet of the picture itself, with the directory of what stands behind it. */
function pictureXmp({ hasElements, isPlanted = false }: GainMapOptions, items: Item[]): Buffer {
  const all: Item[] = [{ semantic: 'Primary', mime: 'image/jpeg', length: 0 }, ...items]
  const list = all.map(({ semantic, mime, length }) => {
    const values = [
      ['Semantic', semantic],
      ['Mime', mime],
      ...(length > 0 ? [['Length', length]] : []),
    ]
    const inside = hasElements
      ? `<Container:Item>${values.map(([name, value]) => `<Item:${name}>${value}</Item:${name}>`).join('')}</Container:Item>`
      : `<Container:Item${values.map(([name, value]) => ` Item:${name}="${value}"`).join('')}/>`
    return `<rdf:li rdf:parseType="Resource">${inside}</rdf:li>`
  })
  return xmp(
    `${declare('Container', 'Item')} hdrgm:Version="1.0"`,
    `<Container:Directory><rdf:Seq>${list.join('')}</rdf:Seq></Container:Directory>`,
    isPlanted,
  )
}

interface Item {
  readonly semantic: string
  readonly mime: string
  readonly length: number
}

/** Creates the metadata of ISO 21496-1: one channel, one denominator. */
function isoMetadata(): Buffer {
  const numbers = [1_000_000, 0, 2_500_000, 0, 2_500_000, 1_000_000, 15_625, 15_625]
  const bytes = Buffer.alloc(5 + numbers.length * 4)
  bytes[4] = 0x08
  numbers.forEach((number, i) => bytes.writeUInt32BE(number, 5 + i * 4))
  return bytes
}

/** Creates the index of CIPA DC-007. `pictures` have their offsets from the index. */
function multiPictureIndex(
  order: 'II*\0' | 'MM\0*',
  pictures: readonly { type: number; length: number; offset: number }[],
  isPlanted: boolean,
): Buffer {
  const number = (value: number, bytes: 2 | 4): Buffer => {
    const buffer = Buffer.alloc(bytes)
    if (order === 'II*\0') buffer.writeUIntLE(value, 0, bytes)
    else buffer.writeUIntBE(value, 0, bytes)
    return buffer
  }
  const field = (tag: number, type: number, count: number, value: Buffer) =>
    Buffer.concat([number(tag, 2), number(type, 2), number(count, 4), value])
  const fields = isPlanted ? 5 : 4
  const entries = 8 + 2 + fields * 12 + 4
  const ids = entries + pictures.length * 16
  const secret = Buffer.from(isPlanted ? CANARY : '')
  return Buffer.concat([
    Buffer.from(order, 'latin1'),
    number(8, 4),
    number(fields, 2),
    field(0xb000, 7, 4, Buffer.from('0100')),
    field(0xb001, 4, 1, number(pictures.length, 4)),
    field(0xb002, 7, pictures.length * 16, number(entries, 4)),
    field(0xb003, 7, 33 * pictures.length, number(ids, 4)),
    ...(isPlanted ? [field(0xb101, 7, 4, secret.subarray(0, 4))] : []),
    number(0, 4),
    ...pictures.flatMap(({ type, length, offset }) => [
      number(type, 4),
      number(length, 4),
      number(offset, 4),
      number(0, 4),
    ]),
    Buffer.concat([secret], 33 * pictures.length),
    secret,
  ])
}

/** Creates a JPEG with a gain map, as phones and editors write it. */
export async function gainMapImage(options: GainMapOptions = {}): Promise<GainMapImage> {
  const {
    by = ['xmp', 'iso'],
    order = 'MM\0*',
    hasOthers,
    isIndexFirst,
    isPlanted = false,
  } = options
  const isoSecret = Buffer.from(options.isIsoPlanted ? CANARY : '')
  const jpeg = (width: number, height: number, value: number) =>
    sharp(
      Buffer.from(
        Array.from({ length: width * height * 3 }, (_, i) => value + 60 * Math.sin(i / value)),
      ),
      { raw: { width, height, channels: 3 } },
    )
      .jpeg({ quality: 90 })
      .toBuffer()
  const secret = (marker: number, name: string) =>
    isPlanted ? [jpegSegment(marker, Buffer.from(name + CANARY))] : []
  const after = (jpeg: Buffer, ...segments: Buffer[]) =>
    Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])

  const gainMap = after(
    await jpeg(40, 24, 61),
    ...gainMapXmp({ ...options, by }).map((packet) => jpegSegment(0xe1, XMP_NAME, packet)),
    ...(isPlanted ? [jpegSegment(0xe1, Buffer.from('Exif\0\0'), exif('II*\0'))] : []),
    ...secret(0xe1, 'http://ns.adobe.com/xmp/extension/\0'),
    ...secret(0xe2, 'MPF\0MM\0*\0\0\0\x08'),
    ...(by.includes('iso') ? [jpegSegment(0xe2, ISO_NAME, isoMetadata(), isoSecret)] : []),
    ...secret(0xfe, ''),
  )
  const preview = after(await jpeg(16, 8, 47), ...secret(0xfe, ''))
  const depth = after(await jpeg(8, 8, 53), ...secret(0xfe, ''))
  const video = Buffer.concat([
    Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0'),
    Buffer.from(CANARY.repeat(9)),
  ])
  const others = hasOthers ? [preview, depth] : []
  const items: Item[] = [
    ...others.map(({ length }) => ({ semantic: 'Original', mime: 'image/jpeg', length })),
    { semantic: 'GainMap', mime: 'image/jpeg', length: gainMap.length },
    ...(hasOthers ? [{ semantic: 'MotionPhoto', mime: 'video/mp4', length: video.length }] : []),
  ]
  const picture = await jpeg(80, 48, 97)
  const packet = by.includes('xmp') ? [jpegSegment(0xe1, XMP_NAME, pictureXmp(options, items))] : []
  const types = [...(hasOthers ? [0x010001, 0] : []), 0]
  const index = (primary: number, position: number): Buffer => {
    let offset = primary - position
    const later = [...others, gainMap].map(({ length }, i) => {
      const entry = { type: types[i]!, length, offset }
      offset += length
      return entry
    })
    const first = { type: 0x030000, length: primary, offset: 0 }
    const pictures = multiPictureIndex(order, [first, ...later], isPlanted)
    return jpegSegment(0xe2, Buffer.from('MPF\0'), pictures)
  }
  const before = [
    ...(isPlanted ? [jpegSegment(0xe1, Buffer.from('Exif\0\0'), exif('MM\0*'))] : []),
    ...(isIndexFirst ? [] : packet),
    ...(by.includes('iso') ? [jpegSegment(0xe2, ISO_NAME, Buffer.alloc(4), isoSecret)] : []),
  ]
  const behind = [
    ...(isIndexFirst ? packet : []),
    ...secret(0xed, 'Photoshop 3.0\0'),
    ...secret(0xfe, ''),
  ]
  const position = 2 + Buffer.concat(before).length + 8
  const whole = after(picture, ...before, index(0, 0), ...behind)
  const primary = after(picture, ...before, index(whole.length, position), ...behind)
  const start = primary.length + Buffer.concat(others).length
  const bytes = Buffer.concat([primary, ...others, gainMap, ...(hasOthers ? [video] : [])])
  return { bytes, start, end: start + gainMap.length }
}
