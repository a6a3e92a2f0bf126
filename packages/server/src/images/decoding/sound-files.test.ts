import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { MediaType } from '@wirephoto/board'
import sharp from 'sharp'
import { clap, withAvifProperties } from '../../../../../test/support/avif.ts'
import { drawPicture } from '../../../../../test/support/pictures.ts'
import { pngChunk, withPngChunks } from '../../../../../test/support/png.ts'
import { openDecoder } from '../../../support/open-decoder.ts'
import { CORNERS, cornersPng, readCorners } from '../../../support/sample-images.ts'
import { type ValidationResult } from './decoder.ts'
import { sniff } from './sniff.ts'

const { decoder, folder } = await openDecoder()

async function write(bytes: Buffer): Promise<{ path: string; type: MediaType; name: string }> {
  const path = join(folder, crypto.randomUUID())
  await writeFile(path, bytes)
  return { path, type: sniff(bytes, 'a'), name: 'a' }
}

const validate = async (bytes: Buffer): Promise<ValidationResult> =>
  decoder.validate(await write(bytes))

/** Checks that the picture has these colours in its corners, in a variant and in its record's size. */
async function isSeenAs(
  bytes: Buffer,
  [width, height]: readonly [number, number],
  corners: readonly (readonly number[])[],
  name: string,
): Promise<void> {
  const file = await write(bytes)
  const found = await decoder.validate(file)
  assert.deepEqual([found.width, found.height], [width, height], name)
  const [variant] = await decoder.makeVariants({ ...file, sides: [64], folder })
  const { width: w, height: h } = await sharp(variant!.path).metadata()
  assert.ok(Math.abs(w / h - width / height) < 0.05, `${name}: ${w} by ${h}`)
  for (const [i, colour] of (await readCorners(variant!.path)).entries())
    for (const [n, value] of colour.entries())
      assert.ok(Math.abs(value - corners[i]![n]!) <= 24, `${name}: corner ${i} is ${colour.join()}`)
}

test('D7: a JPEG without its end is taken if its pixels are whole, and damaged if they are not', async () => {
  const picture = sharp(await drawPicture({ width: 640, height: 484, format: 'png' }))
  for (const [name, options] of Object.entries({
    baseline: { quality: 90 },
    progressive: { quality: 90, progressive: true },
    grey: { quality: 90 },
    full: { quality: 90, chromaSubsampling: '4:4:4' },
  })) {
    const image = name === 'grey' ? picture.clone().greyscale() : picture.clone()
    const jpeg = await image.jpeg(options).toBuffer()
    // A trailer is wiped, and what is left of it stands where the end should be.
    for (const [cut, padding] of [
      [1, 0],
      [2, 0],
      [2, 900],
    ] as const) {
      const file = await write(Buffer.concat([jpeg.subarray(0, -cut), Buffer.alloc(padding)]))
      const { width, height } = await decoder.validate(file)
      assert.deepEqual([width, height], [640, 484], name)
      const [variant] = await decoder.makeVariants({ ...file, sides: [320], folder })
      assert.equal((await sharp(variant!.path).metadata()).width, 320)
    }
    for (const part of [0.999, 0.99, 0.9, 0.5]) {
      const end = jpeg.subarray(0, Math.floor((jpeg.length - 2) * part) - 6)
      await assert.rejects(validate(end), { code: 'damaged' }, `${name} ${part}`)
    }
  }
})

test('D8: an animated AVIF is taken, by the still picture that is in it', async () => {
  const avif = await sharp(await cornersPng(400, 300))
    .avif({ quality: 90, effort: 0 })
    .toBuffer()
  avif.write('avis', 8, 'latin1')
  await isSeenAs(avif, [400, 300], CORNERS, 'avis')
  assert.equal((await validate(avif)).animated, true)
})

test('V19: a WebP is not turned by its EXIF, which browsers ignore there', async () => {
  const picture = sharp(await cornersPng(400, 300)).withMetadata({ orientation: 6 })
  const webp = await picture.clone().webp({ lossless: true }).toBuffer()
  await isSeenAs(webp, [400, 300], CORNERS, 'webp')
  const [topLeft, topRight, bottomLeft, bottomRight] = CORNERS
  const turned = [bottomLeft, topLeft, bottomRight, topRight]
  for (const format of ['jpeg', 'png', 'tiff', 'avif'] as const)
    await isSeenAs(await picture.clone().toFormat(format).toBuffer(), [300, 400], turned, format)
  const { bytes, width } = await decoder.reencodePreview(webp)
  assert.deepEqual([width, (await readCorners(bytes)).length], [320, 4])
})

test("V19: an AVIF is turned by its own property, and not by its EXIF's", async () => {
  const picture = sharp(await cornersPng(400, 300)).withMetadata({ orientation: 6 })
  const avif = await picture.avif({ quality: 90, effort: 0 }).toBuffer()
  const irot = avif.indexOf('irot')
  assert.ok(irot > 0 && avif.includes('Exif'), 'the encoder writes both')
  avif[irot + 4] = 0
  await isSeenAs(avif, [400, 300], CORNERS, 'avif')
})

test('V19: an AVIF is cropped only from its top left corner, as in Chromium', async () => {
  const avif = await sharp(await cornersPng(400, 300))
    .avif({ quality: 90, effort: 0 })
    .toBuffer()
  for (const [name, crop, size, corners] of [
    ['middle', clap(200, 150, 0, 0), [400, 300], CORNERS],
    ['corner', clap(200, 150, -100, -75), [200, 150], CORNERS.map(() => CORNERS[0])],
  ] as const)
    await isSeenAs(withAvifProperties(avif, crop), size, corners, name)
})

/** Returns red behind a hidden green default image, in 64 by 64 px, with these `acTL`. */
async function hiddenGreen(...controls: readonly Buffer[]): Promise<Buffer> {
  const [green, red] = await Promise.all(
    ['#0f0', '#f00'].map((background) =>
      sharp({ create: { width: 64, height: 64, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  )
  const frame = Buffer.alloc(26)
  for (const at of [4, 8]) frame.writeUInt32BE(64, at)
  const data = red!.subarray(red!.indexOf('IDAT') + 4, red!.indexOf('IEND') - 8)
  const chunks = [
    ...pngChunk('fcTL', frame),
    ...pngChunk('fdAT', Buffer.concat([Buffer.from([0, 0, 0, 1]), data])),
  ]
  const file = Buffer.concat([green!.subarray(0, -12), ...chunks, green!.subarray(-12)])
  return withPngChunks(file, ...controls.map((each) => pngChunk('acTL', each)))
}

test('V24: an acTL counts if it has eight bytes and a valid number, as in Chromium', async () => {
  const control = (frames: number, bytes = 8) => {
    const data = Buffer.alloc(bytes)
    data.writeUInt32BE(frames)
    return data
  }
  for (const [controls, isAnimation] of [
    [[], false],
    [[control(0)], false],
    [[control(2 ** 31)], false],
    [[control(2 ** 31 + 1)], false],
    [[control(1, 4)], false],
    [[control(1, 12)], false],
    [[control(1)], true],
    [[control(2)], true],
    [[control(0), control(1)], true],
  ] as const) {
    const name = controls.map((each) => each.toString('hex')).join()
    const file = await write(await hiddenGreen(...controls))
    const { animated } = await decoder.validate(file)
    const [variant] = await decoder.makeVariants({ ...file, sides: [320], folder })
    const [red, green] = await sharp(await readFile(variant!.path))
      .raw()
      .toBuffer()
    assert.deepEqual([animated, red! > green!], [isAnimation, isAnimation], name)
  }
})

test('V25: a variant of a long and thin picture has its shape', async () => {
  for (const [width, height] of [
    [284, 25],
    [2_999, 31],
    [31, 2_999],
    [640, 47],
  ] as const) {
    const name = `${width} by ${height}`
    const file = await write(
      await sharp(await cornersPng(width, height))
        .removeAlpha()
        .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
        .toBuffer(),
    )
    for (const side of [64, 320].filter((each) => each < Math.max(width, height))) {
      const [variant] = await decoder.makeVariants({ ...file, sides: [side], folder })
      const found = await sharp(await readFile(variant!.path)).metadata()
      const scale = side / Math.max(width, height)
      const expected = [width, height].map((each) => Math.max(1, Math.round(each * scale)))
      assert.deepEqual([found.width, found.height], expected, `${name} in ${side}`)
    }
  }
})

test('V26: colours that meet stay apart in the smallest variant', async () => {
  // An encoder that is set for photos differs by about 5 in these.
  for (const seed of [1_152, 1_300, 162]) {
    const [width, height] = [64, 48]
    const chart = drawChart(seed, width, height)
    const png = await sharp(chart, { raw: { width, height, channels: 3 } })
      .resize(width * 8, height * 8, { kernel: 'nearest' })
      .png()
      .toBuffer()
    const [variant] = await decoder.makeVariants({ ...(await write(png)), sides: [64], folder })
    const seen = await sharp(await readFile(variant!.path))
      .removeAlpha()
      .raw()
      .toBuffer()
    const wanted = await sharp(png).resize(width, height).raw().toBuffer()
    const sum = wanted.reduce((all, value, n) => all + Math.abs(value - seen[n]!), 0)
    const difference = sum / wanted.length
    assert.ok(difference < 3, `chart ${seed}: ${difference.toFixed(2)} of 255`)
  }
})

/** Draws areas of flat colours and gradients on grey, in RGB. */
function drawChart(seed: number, width: number, height: number): Buffer {
  let state = (seed * 2_654_435_761) >>> 0
  const random = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const pixels = Buffer.alloc(width * height * 3, 92)
  for (let area = 0; area < 6; area++) {
    const [left, top] = [random(4) * 16, random(3) * 16 + (area % 2) * random(8)]
    const [w, h] = [16 * (1 + random(2)), 4 + random(12)]
    const colour = [random(180), random(180), random(180)]
    const isGradient = random(3) === 0
    for (let y = top; y < Math.min(height, top + h); y++)
      for (let x = left; x < Math.min(width, left + w); x++)
        for (const [n, value] of colour.entries())
          pixels[(y * width + x) * 3 + n] = isGradient
            ? Math.round((value * (x - left)) / w)
            : value
  }
  return pixels
}

test('V23: an APNG whose default image is hidden is shown by its first frame', async () => {
  const apng = async (...[x, y, width, height]: readonly number[]) => {
    const [hidden, frame] = await Promise.all([
      sharp({ create: { width: 400, height: 300, channels: 3, background: '#777' } })
        .png()
        .toBuffer(),
      sharp(await cornersPng(width!, height!))
        .removeAlpha()
        .png()
        .toBuffer(),
    ])
    const control = Buffer.alloc(26)
    for (const [i, value] of [0, width!, height!, x!, y!].entries())
      control.writeUInt32BE(value, i * 4)
    const data = frame.subarray(frame.indexOf('IDAT') + 4, frame.indexOf('IEND') - 8)
    const frames = [
      ...pngChunk('fcTL', control),
      ...pngChunk('fdAT', Buffer.concat([Buffer.from([0, 0, 0, 1]), data])),
    ]
    const animation = withPngChunks(hidden, pngChunk('acTL', Buffer.from([0, 0, 0, 1, 0, 0, 0, 0])))
    return Buffer.concat([animation.subarray(0, -12), ...frames, animation.subarray(-12)])
  }
  await isSeenAs(await apng(0, 0, 400, 300), [400, 300], CORNERS, 'whole')

  const file = await write(await apng(200, 150, 200, 150))
  const { width, height, animated } = await decoder.validate(file)
  assert.deepEqual([width, height, animated], [400, 300, true])
  const [variant] = await decoder.makeVariants({ ...file, sides: [320], folder })
  const { data, info } = await sharp(variant!.path).raw().toBuffer({ resolveWithObject: true })
  const at = (x: number, y: number) => [
    ...data.subarray((y * info.width + x) * 4, (y * info.width + x) * 4 + 4),
  ]
  assert.equal(at(60, 60)[3], 0, 'clear around the frame')
  for (const [n, value] of [...CORNERS[0], 255].entries())
    assert.ok(Math.abs(at(200, 150)[n]! - value) <= 24, at(200, 150).join())

  const outside = await apng(201, 150, 200, 150)
  await assert.rejects(validate(outside), { code: 'damaged' })
})

test('D5: an APNG with no valid number of frames is a still picture', async () => {
  const plain = await cornersPng(400, 300)
  for (const count of [0, 2 ** 31, 2 ** 32 - 1]) {
    const control = Buffer.alloc(8)
    control.writeUInt32BE(count)
    const { animated } = await validate(withPngChunks(plain, pngChunk('acTL', control)))
    assert.equal(animated, false, String(count))
  }
})
