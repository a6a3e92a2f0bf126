import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import sharp, { type FormatEnum } from 'sharp'
import { headerSize } from './header-size.ts'

const sizeOf = (bytes: Uint8Array) => headerSize(new Blob([new Uint8Array(bytes)]))
const picture = () =>
  sharp({ create: { width: 60, height: 40, channels: 4, background: '#4080c080' } })
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

test('A1: what leaves a doubt is measured by the browser', async () => {
  const png = await picture().png().withMetadata({ orientation: 6 }).toBuffer()
  assert.equal(await sizeOf(png), null, 'an orientation')
  const jpeg = await picture().jpeg().withMetadata({ orientation: 6 }).toBuffer()
  const whole = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
  for (const end of [0, 1, 2, 3, 7, 20, 40, whole, whole + 8])
    assert.equal(await sizeOf(jpeg.subarray(0, end)), null, `cut off at ${end}`)
  assert.equal(await sizeOf(await picture().tiff().toBuffer()), null, 'another format')
  for (let i = 0; i < 300; i++) {
    const broken = Buffer.from(jpeg)
    for (let n = 0; n < 8; n++)
      broken[2 + ((i * 37 + n * 11) % (broken.length - 2))] = (i * 31) % 256
    const size = await sizeOf(broken)
    assert.ok(size === null || (size.width > 0 && size.height > 0))
  }
})
