import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { MediaType } from '@wirephoto/board'
import sharp from 'sharp'
import { thumbHashToAverageRGBA } from 'thumbhash'
import { asPremultiplied } from '../../../../../test/support/avif.ts'
import { openDecoder } from '../../../support/open-decoder.ts'
import { createBmp } from '../../../support/sample-images.ts'

const { decoder, folder } = await openDecoder()

const [WIDTH, HEIGHT] = [1500, 900]
const TRANSLUCENT = [30, 60, 220, 128] as const

/** Returns pixels that are translucent but for a clear margin, RGBA. */
function translucentPixels(): Buffer {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 4)
  for (let y = 100; y < HEIGHT - 100; y++)
    for (let x = 100; x < WIDTH - 100; x++) pixels.set(TRANSLUCENT, (y * WIDTH + x) * 4)
  return pixels
}

/** Checks that pixels are of the colour wherever they are seen. */
async function isAlike(picture: Buffer | string, name: string): Promise<void> {
  const { data, info } = await sharp(picture)
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * 4
  const middle = [...data.subarray(at, at + 4)]
  for (const [i, value] of middle.entries())
    assert.ok(Math.abs(value - TRANSLUCENT[i]!) <= 6, `${name}: ${middle.join()}`)
  let brightest = 0
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3]! > 24) brightest = Math.max(brightest, data[i]!)
  assert.ok(brightest < 80, `${name}: an edge glows with ${brightest}`)
}

test('V18: translucent pixels keep their colour in every smaller picture, from each format', async () => {
  const raw = translucentPixels()
  const image = sharp(raw, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } })
  // The sample's own bytes have opaque alpha: the fourth of each pixel is set here.
  const { file: bmp } = createBmp(raw, WIDTH, HEIGHT, { bits: 32, masks: MASKS })
  const start = bmp.readUInt32LE(10)
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++)
      bmp[start + (y * WIDTH + x) * 4] = raw[((HEIGHT - 1 - y) * WIDTH + x) * 4 + 3]!
  const kinds: [MediaType, string, Buffer][] = [
    ['image/png', 'png', await image.clone().png().toBuffer()],
    ['image/png', 'deep', await image.clone().toColourspace('rgb16').png().toBuffer()],
    ['image/png', 'p3', await image.clone().withIccProfile('p3').png().toBuffer()],
    ['image/webp', 'webp', await image.clone().webp({ lossless: true }).toBuffer()],
    ['image/avif', 'avif', await image.clone().avif({ quality: 90, effort: 0 }).toBuffer()],
    ['image/avif', 'premultiplied', await premultipliedAvif(raw)],
    ['image/tiff', 'tiff', await image.clone().tiff({ compression: 'lzw' }).toBuffer()],
    ['image/bmp', 'bmp', bmp],
  ]
  for (const [type, name, bytes] of kinds) {
    const path = join(folder, name)
    await writeFile(path, bytes)
    // With a stand-in the first pass doesn't make the picture smaller.
    for (const sides of [
      [64, 320, 1280],
      [64, 4096],
    ])
      for (const { side, path: variant } of await decoder.makeVariants({
        path,
        type,
        sides,
        folder,
      }))
        await isAlike(variant, `${name} ${side}`)
    const { thumbhash, preview } = await decoder.validate({ path, type, name })
    if (preview) await isAlike(preview, `${name}: preview`)
    const { r, g, b } = thumbHashToAverageRGBA(Buffer.from(thumbhash, 'base64'))
    const blur = [r, g, b].map((v) => Math.round(v * 255))
    for (const [i, value] of blur.entries())
      assert.ok(Math.abs(value - TRANSLUCENT[i]!) <= 20, `${name}: blur ${blur.join()}`)
  }
  const small = image.clone().resize(640, 384)
  for (const format of ['png', 'webp'] as const) {
    const preview = await decoder.reencodePreview(await small.clone().toFormat(format).toBuffer())
    await isAlike(preview.bytes, `${format}: a sender's preview`)
  }
})

async function premultipliedAvif(straight: Buffer): Promise<Buffer> {
  const pixels = straight.map((value, i) =>
    i % 4 === 3 ? value : Math.round((value * straight[i - (i % 4) + 3]!) / 255),
  )
  const raw = { width: WIDTH, height: HEIGHT, channels: 4 } as const
  const avif = await sharp(Buffer.from(pixels), { raw }).avif({ quality: 95, effort: 0 }).toBuffer()
  return asPremultiplied(avif)
}

/** Red, green, blue and alpha in a pixel of 32 bits. */
const MASKS = [0xff000000, 0x00ff0000, 0x0000ff00, 0x000000ff]

test('V18: a BMP whose alpha is 0 everywhere is opaque, as in Chromium', async () => {
  const pixels = Buffer.alloc(40 * 30 * 4, 200)
  const { file } = createBmp(pixels, 40, 30, { bits: 32, masks: MASKS })
  for (let at = file.readUInt32LE(10); at < file.length; at += 4) file[at] = 0
  const path = join(folder, 'clear.bmp')
  await writeFile(path, file)
  const [standIn] = await decoder.makeVariants({ path, type: 'image/bmp', sides: [4096], folder })
  const { channels, isOpaque } = await sharp(await readFile(standIn!.path)).stats()
  assert.ok(isOpaque && Math.abs(channels[0]!.mean - 200) < 4)
})
