import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, openAsBlob } from 'node:fs'
import { test } from 'node:test'
import sharp, { type FormatEnum } from 'sharp'
import { readFileHeader } from './file-header.ts'

const headerOf = (bytes: Uint8Array) => readFileHeader(new Blob([new Uint8Array(bytes)]))
const sizeOf = async (bytes: Uint8Array) => {
  const header = await headerOf(bytes)
  return header && { width: header.width, height: header.height }
}
const picture = () =>
  sharp({ create: { width: 60, height: 40, channels: 4, background: '#4080c080' } })
const photos = new URL('../../../../shared/corpora/photos/', import.meta.url)
const away = existsSync(photos) ? false : 'no ../shared/corpora here'

const LANDSCAPE = { width: 60, height: 40 }
const PORTRAIT = { width: 40, height: 60 }

test('A1: the size of a picture stands in its header', async () => {
  const ways: [keyof FormatEnum, object][] = [
    ['jpeg', {}],
    ['jpeg', { progressive: true }],
    ['png', {}],
    ['gif', {}],
    ['webp', {}],
    ['webp', { lossless: true }],
  ]
  for (const [format, options] of ways)
    assert.deepEqual(await sizeOf(await picture().toFormat(format, options).toBuffer()), LANDSCAPE)
  const opaque = await picture().removeAlpha().webp().toBuffer()
  assert.deepEqual(await sizeOf(opaque), LANDSCAPE, 'a simple WebP')
})

test('A1: a JPEG is as large as it is seen upright, however much stands before its frame', async () => {
  for (let orientation = 1; orientation <= 8; orientation++) {
    const jpeg = await picture().jpeg().withMetadata({ orientation }).toBuffer()
    const expected = orientation > 4 ? PORTRAIT : LANDSCAPE
    assert.deepEqual(await sizeOf(jpeg), expected, `${orientation}`)
    const segment = Buffer.concat([Buffer.from([0xff, 0xed, 0xff, 0xff]), randomBytes(65_533)])
    const [start, rest] = [jpeg.subarray(0, 2), jpeg.subarray(2)]
    for (const count of [1, 5])
      assert.deepEqual(
        await sizeOf(Buffer.concat([start, ...Array(count).fill(segment), rest])),
        expected,
        `${orientation} behind ${count} segments`,
      )
  }
})

test('A1: a PNG is as large as it is seen upright', async () => {
  const png = await picture().png().withMetadata({ orientation: 6 }).toBuffer()
  assert.deepEqual(await sizeOf(png), PORTRAIT)
})

test('D3: a picture that is decoded as a whole is told by its header', async () => {
  for (const progressive of [true, false])
    for (const made of [
      picture().jpeg({ progressive }),
      picture().jpeg({ progressive }).withMetadata({ icc: 'p3' }),
      picture().png({ progressive }),
    ])
      assert.equal((await headerOf(await made.toBuffer()))?.isWhole, progressive)
  assert.equal((await headerOf(await picture().webp().toBuffer()))?.isWhole, false)
})

test('A1: a BMP and a Photoshop file have their size in the header', async () => {
  const bmp = Buffer.alloc(54)
  bmp.write('BM')
  bmp.writeUInt32LE(40, 14)
  bmp.writeInt32LE(60, 18)
  bmp.writeInt32LE(-40, 22)
  assert.deepEqual(await sizeOf(bmp), LANDSCAPE, 'rows that go down')
  const psd = Buffer.alloc(26)
  psd.write('8BPS')
  psd.writeUInt32BE(40, 14)
  psd.writeUInt32BE(60, 18)
  assert.deepEqual(await sizeOf(psd), LANDSCAPE)
})

test('A1: a TIFF has its size in its first directory, unless that may be a thumbnail’s', async () => {
  const tiff = await picture().tiff().toBuffer()
  assert.deepEqual(await sizeOf(tiff), LANDSCAPE)
  for (const end of [4, 8]) assert.equal(await sizeOf(tiff.subarray(0, end)), null)
  assert.deepEqual(await sizeOf(directory([256, 60], [257, 40], [274, 6])), PORTRAIT)
  for (const [tag, value] of [
    [254, 1],
    [271, 0],
    [330, 0],
  ] as const)
    assert.equal(await sizeOf(directory([tag, value], [256, 60], [257, 40])), null, `${tag}`)
})

/** Writes a big-endian TIFF of one directory without pixels. */
function directory(...values: (readonly [tag: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(8 + 2 + values.length * 12 + 4)
  bytes.write('MM\0*\0\0\0\x08', 'latin1')
  bytes.writeUInt16BE(values.length, 8)
  for (const [i, [tag, value]] of values.entries()) {
    bytes.writeUInt16BE(tag, 10 + i * 12)
    bytes.writeUInt16BE(3, 12 + i * 12)
    bytes.writeUInt32BE(1, 14 + i * 12)
    bytes.writeUInt16BE(value, 18 + i * 12)
  }
  return bytes
}

/** Writes the start of a JPEG XL codestream: bits, the lowest of each byte first. */
function jxl(...fields: (readonly [value: number, bits: number])[]): Uint8Array {
  const bits = fields.flatMap(([value, count]) =>
    Array.from({ length: count }, (_, i) => Math.floor(value / 2 ** i) % 2),
  )
  const bytes = new Uint8Array(24)
  bytes.set([0xff, 0x0a])
  for (const [i, bit] of bits.entries()) bytes[2 + (i >> 3)]! |= bit << (i & 7)
  return bytes
}

test('A1: a JPEG XL says its size at the start of its codestream, bare or in a container', async () => {
  const large = [
    [0, 1],
    [2, 2],
    [5_999, 18],
    [0, 3],
    [2, 2],
    [8_999, 18],
  ] as const
  assert.deepEqual(await sizeOf(jxl(...large)), { width: 9_000, height: 6_000 })
  const turned = jxl(...large, [0, 1], [1, 1], [5, 3])
  assert.deepEqual(await sizeOf(turned), { width: 6_000, height: 9_000 })
  const small = jxl([1, 1], [4, 5], [3, 3])
  assert.deepEqual(await sizeOf(small), { width: 53, height: 40 }, 'by its ratio of 4:3')
  for (const [type, ...before] of [['jxlc'], ['jxlp', 0, 0, 0, 0]] as const)
    assert.deepEqual(
      await sizeOf(
        Uint8Array.from([
          ...box('JXL ', 13, 10, 0x87, 10),
          ...box('ftyp', ...Buffer.from('jxl \0\0\0\0jxl ')),
          ...box(type, ...before, ...small),
        ]),
      ),
      { width: 53, height: 40 },
      type,
    )
})

const box = (type: string, ...body: number[]): number[] => {
  const bytes = Buffer.from(`\0\0\0\0${type}`.padEnd(8 + body.length), 'latin1')
  bytes.writeUInt32BE(bytes.length)
  bytes.set(body, 8)
  return [...bytes]
}
const uint32 = (value: number): number[] => [0, 0, value >> 8, value & 0xff]
const ispe = (width: number, height: number): number[] =>
  box('ispe', ...uint32(0), ...uint32(width), ...uint32(height))
const heic = (...properties: number[][]): Uint8Array =>
  Uint8Array.from([
    ...box('ftyp', ...Buffer.from('heic'), ...uint32(0)),
    ...box('free', 0, 0, 0),
    ...box('meta', ...uint32(0), ...box('iprp', ...box('ipco', ...properties.flat()))),
    ...box('mdat', ...Array(40).fill(0)),
  ])

test('R11: a HEIC has its own size, as it is seen', async () => {
  const [tile, whole, thumbnail] = [ispe(512, 512), ispe(4032, 3024), ispe(320, 240)]
  assert.deepEqual(await sizeOf(heic(tile, whole, thumbnail)), { width: 4032, height: 3024 })
  const turned = await sizeOf(heic(tile, whole, box('irot', 3), thumbnail))
  assert.deepEqual(turned, { width: 3024, height: 4032 })
  assert.equal(await sizeOf(heic()), null)
  assert.equal(await sizeOf(heic(whole, box('clap', ...Array(32).fill(0)))), null, 'a crop')
  assert.equal(await sizeOf(Uint8Array.from(whole)), null, 'no HEIF at all')
})

test('R11: so do those of real telephones', { skip: away }, async () => {
  for (const [name, width, height] of [
    ['iphone.heic', 4032, 3024],
    ['iphone-13.heic', 3024, 4032],
  ] as const) {
    const header = await readFileHeader(await openAsBlob(new URL(name, photos)))
    assert.deepEqual(header, { width, height, isWhole: false })
  }
})

test('A1: what leaves a doubt is measured where it can be decoded', async () => {
  const jpeg = await picture().jpeg().withMetadata({ orientation: 6 }).toBuffer()
  const whole = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
  for (const end of [0, 1, 2, 3, 7, 20, 40, whole, whole + 8])
    assert.equal(await sizeOf(jpeg.subarray(0, end)), null, `cut off at ${end}`)
  const unlike = Buffer.from('no picture at all, but as long as one')
  assert.equal(await sizeOf(unlike), null, 'another format')
  for (let i = 0; i < 300; i++) {
    const broken = Buffer.from(jpeg)
    for (let n = 0; n < 8; n++)
      broken[2 + ((i * 37 + n * 11) % (broken.length - 2))] = (i * 31) % 256
    const size = await sizeOf(broken)
    assert.ok(size === null || (size.width > 0 && size.height > 0))
  }
})
