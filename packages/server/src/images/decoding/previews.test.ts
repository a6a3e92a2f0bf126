import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { limits } from '@wirephoto/board'
import sharp from 'sharp'
import { withExifOrientation } from '../../../../../test/support/pictures.ts'
import { openDecoder } from '../../../support/open-decoder.ts'
import {
  blankPng,
  CORNERS,
  cornersPng,
  decodeProcessIds,
  readCorners,
} from '../../../support/sample-images.ts'
import { Decoder, type Preview } from './decoder.ts'

const { decoder, folder } = await openDecoder()

/** Fine noise: what compresses worst. */
const noise = (width: number, height: number, channels: 3 | 4 = 3) =>
  sharp(randomBytes(width * height * channels), { raw: { width, height, channels } })

async function check(preview: Preview): Promise<void> {
  const { format, width, height, exif, icc } = await sharp(preview.bytes).metadata()
  assert.deepEqual([format, width, height], ['webp', preview.width, preview.height])
  assert.deepEqual([exif, icc], [undefined, undefined])
  assert.ok(preview.bytes.length <= limits.previewBytes)
  assert.ok(Math.max(width, height) <= 320)
}

function isLike(seen: readonly (readonly number[])[], of: typeof CORNERS, what: string): void {
  for (const [i, colour] of seen.entries())
    for (const [channel, value] of colour.entries())
      assert.ok(Math.abs(value - of[i]![channel]!) < 24, `${what}: ${JSON.stringify(seen)}`)
}

test('A5: whatever a page makes comes out as a small WebP, upright and without metadata', async () => {
  const picture = await cornersPng(300, 200)
  const sent: Buffer[] = [
    picture,
    await sharp(picture).webp().toBuffer(),
    await sharp(picture).resize(900, 600).jpeg().toBuffer(),
  ]
  for (let orientation = 1; orientation <= 8; orientation++)
    sent.push(await withExifOrientation(picture, orientation))
  for (const [i, bytes] of sent.entries()) {
    const preview = await decoder.reencodePreview(bytes)
    await check(preview)
    isLike(await readCorners(preview.bytes), CORNERS, String(i))
  }
})

test('A5: a preview is never over its limit, however little it compresses', async () => {
  for (const channels of [3, 4] as const) {
    const bytes = await noise(320, 320, channels).webp({ quality: 100 }).toBuffer()
    await check(await decoder.reencodePreview(bytes))
  }
})

test('F8: what is no preview is refused at once', async () => {
  const picture = await cornersPng(300, 200)
  const jpeg = await sharp(picture).jpeg().toBuffer()
  for (const [name, bytes] of Object.entries({
    bomb: blankPng(8_000, 8_000),
    nothing: Buffer.alloc(1),
    text: Buffer.from('this is no picture at all'),
    svg: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"/>'),
    gif: await sharp(picture).gif().toBuffer(),
    avif: await sharp(picture).avif({ effort: 0 }).toBuffer(),
    tiff: await sharp(picture).tiff().toBuffer(),
    half: jpeg.subarray(0, jpeg.length / 2),
  })) {
    const start = performance.now()
    await assert.rejects(decoder.reencodePreview(bytes), { code: 'damaged' }, name)
    assert.ok(performance.now() - start < 1_500, `${name}: its header tells`)
  }
  await check(await decoder.reencodePreview(jpeg))
})

test('a progressive JPEG is seen in full as soon as its first scan is there', async () => {
  const path = join(folder, 'arriving.jpg')
  const picture = await sharp(await cornersPng(1600, 1200))
    .composite([{ input: await noise(800, 600).png().toBuffer(), blend: 'soft-light' }])
    .png()
    .toBuffer()
  const whole = await sharp(picture).jpeg({ progressive: true }).toBuffer()
  const seen: number[] = []
  for (let part = 1; part <= 20; part++) {
    await writeFile(path, whole.subarray(0, (whole.length * part) / 20))
    const preview = await decoder.earlyPreview(path, 'image/jpeg')
    assert.ok(preview || seen.length === 0, 'what was seen stays')
    if (!preview) continue
    seen.push(part)
    await check(preview)
    assert.deepEqual([preview.width, preview.height], [320, 240])
    const [, ...rest] = await readCorners(preview.bytes)
    isLike(rest, CORNERS.slice(1) as never, `${part}`)
  }
  assert.ok(seen[0]! > 1 && seen[0]! < 10, `first seen at ${seen[0]! * 5} %`)

  await writeFile(path, await sharp(picture).jpeg().toBuffer())
  assert.equal(await decoder.earlyPreview(path, 'image/jpeg'), null, 'rows from above show a part')
  await writeFile(path, await sharp(picture).png().toBuffer())
  assert.equal(await decoder.earlyPreview(path, 'image/png'), null)
  for (const bytes of [whole.subarray(0, 1), Buffer.from([0xff, 0xd8]), randomBytes(5_000)]) {
    await writeFile(path, bytes)
    assert.equal(await decoder.earlyPreview(path, 'image/jpeg'), null)
  }
})

test('a preview waits neither for validation nor for variants', async () => {
  const path = join(folder, 'large.png')
  await writeFile(path, await noise(2_000, 1_500).png().toBuffer())
  const done = { validated: 0, variants: 0 }
  const type = 'image/png'
  const validating = Array.from({ length: 50 }, () =>
    decoder.validate({ path, type, name: '' }).then(() => done.validated++),
  )
  const makingVariants = Array.from({ length: 10 }, () =>
    decoder.makeVariants({ path, type, sides: [64], folder }).then(() => done.variants++),
  )
  for (let i = 0; i < 5; i++) await decoder.reencodePreview(await cornersPng(300, 200))
  assert.ok(done.validated < 40 && done.variants < 8, JSON.stringify(done))
  await Promise.all(validating)
  assert.ok(done.variants < 10, 'variants give way to validation')
  await Promise.all(makingVariants)
})

test('variants give way to all else', async () => {
  const lazy = new Decoder()
  try {
    const before = new Set(decodeProcessIds())
    const path = join(folder, 'some.png')
    await writeFile(path, await cornersPng(300, 200))
    await lazy.makeVariants({ path, type: 'image/png', sides: [64], folder })
    const [pid] = decodeProcessIds().filter((each) => !before.has(each))
    assert.ok(getPriority(pid) > getPriority())
  } finally {
    await lazy.close()
  }
})

test('D2: a process that is killed costs no preview, and the next is ready already', async () => {
  const own = new Decoder()
  try {
    const others = new Set(decodeProcessIds())
    const mine = () => decodeProcessIds().filter((pid) => !others.has(pid))
    own.warm()
    const [first] = mine()
    assert.ok(first)
    const bytes = await cornersPng(300, 200)
    const previews = [
      own.reencodePreview(bytes),
      own.reencodePreview(bytes),
      own.reencodePreview(bytes),
    ]
    process.kill(first, 'SIGKILL')
    for (const preview of await Promise.all(previews)) await check(preview)
    const [second] = mine()
    process.kill(second!, 'SIGKILL')
    // Nobody asks for it.
    while (!mine().some((pid) => pid !== second)) await setTimeout(10)
  } finally {
    await own.close()
  }
  assert.equal(
    await decoder.reencodePreview(await cornersPng(30, 20)).then(({ width }) => width),
    30,
  )
})
