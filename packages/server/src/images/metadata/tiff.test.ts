import assert from 'node:assert/strict'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import sharp from 'sharp'
import { CANARY } from '../../../support/canary-images.ts'
import { type TiffPage, tiffOf } from '../../../support/tiff-images.ts'
import { scrubFile } from './scrubber.ts'
import { CameraFileError, planTiff } from './tiff.ts'

sharp.cache(false)

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-tiff-'))
})
after(() => rm(folder, { recursive: true }))

async function scrubbed(bytes: Buffer): Promise<Buffer> {
  const path = join(folder, 'file.tif')
  await writeFile(path, bytes)
  assert.ok(await scrubFile(path, 'image/tiff'), 'understood')
  const out = await readFile(path)
  assert.equal(out.length, bytes.length)
  return out
}

/** Returns the size of what is shown, and the value of its pixels. */
async function shown(bytes: Buffer): Promise<[width: number, height: number, grey: number]> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
  return [info.width, info.height, data[0]!]
}

const photo: TiffPage = { width: 1200, height: 800, grey: 200, texts: { 271: CANARY, 305: CANARY } }
const thumbnail: TiffPage = { width: 160, height: 120, grey: 40, texts: { 270: CANARY } }
const OFTEN_WRITTEN: Record<string, readonly TiffPage[]> = {
  'photograph alone': [photo],
  'photograph, then its thumbnail': [photo, { ...thumbnail, subfile: 1 }],
  'thumbnail with a flag, then the photograph': [{ ...thumbnail, subfile: 1 }, photo],
  'thumbnail without a flag, then the photograph': [thumbnail, photo],
  'thumbnail, with the photograph as its sub-directory': [
    { ...thumbnail, subfile: 1, children: [{ ...photo, subfile: 0 }] },
  ],
  'thumbnail and preview, with the photograph among the sub-directories': [
    { ...thumbnail, children: [{ ...thumbnail, width: 640, height: 400, subfile: 1 }, photo] },
  ],
  'photograph with a pyramid in its sub-directories': [
    {
      ...photo,
      subfile: 0,
      children: [
        { ...thumbnail, width: 600, height: 400, subfile: 1 },
        { ...thumbnail, subfile: 1 },
      ],
    },
  ],
  'mask before the photograph': [{ ...photo, grey: 9, subfile: 4 }, photo],
}

describe('M14: the main picture of a TIFF is shown, wherever its directory is', () => {
  for (const order of ['II*\0', 'MM\0*'] as const)
    for (const [name, pages] of Object.entries(OFTEN_WRITTEN))
      test(`${name}, ${order.slice(0, 2)}`, async () => {
        const bytes = tiffOf(pages, order)
        const out = await scrubbed(bytes)
        assert.deepEqual(await shown(out), [1200, 800, 200])
        assert.equal(out.includes(CANARY), false)
        assert.ok((await scrubbed(out)).equals(out), 'M9: again')
      })

  test('the number of fields decides nothing', async () => {
    for (let count = 0; count < 24; count++) {
      const texts = Object.fromEntries(Array.from({ length: count }, (_, i) => [40_000 + i, 'x']))
      const pages = [{ ...thumbnail, subfile: 1, texts, children: [photo] }]
      assert.deepEqual(await shown(await scrubbed(tiffOf(pages))), [1200, 800, 200], `${count}`)
    }
  })

  test('M5: thumbnails and previews go', async () => {
    const pages =
      OFTEN_WRITTEN['thumbnail and preview, with the photograph among the sub-directories']!
    const out = await scrubbed(tiffOf(pages))
    assert.equal(out.indexOf(Buffer.alloc(64, 40)), -1)
    assert.equal((await sharp(out).metadata()).pages, 1)
  })

  test('pages stay in their order', async () => {
    const pages = [20, 30, 40].map((grey) => ({ ...photo, grey }))
    const out = await scrubbed(tiffOf(pages))
    assert.equal((await sharp(out).metadata()).pages, 3)
    for (const [page, { grey }] of pages.entries()) {
      const { data } = await sharp(out, { page }).raw().toBuffer({ resolveWithObject: true })
      assert.equal(data[0], grey)
    }
  })

  test('F1: broken off after any write, it is done again to the same end', async () => {
    for (const [name, pages] of Object.entries(OFTEN_WRITTEN)) {
      const bytes = tiffOf([...pages, { ...photo, grey: 77 }])
      const whole = await scrubbed(bytes)
      const path = join(folder, 'broken-off')
      for (let writes = 0, isDone = false; !isDone; writes++) {
        await writeFile(path, bytes)
        await using file = await open(path, 'r+')
        const plan = await planTiff(file)
        let left = writes
        const write = file.write.bind(file)
        const breaking = async (...args: Parameters<typeof write>) => {
          if (left-- === 0) throw new Error('broken off')
          return write(...args)
        }
        Object.assign(file, { write: breaking })
        isDone = await plan.apply(file).then(
          () => true,
          () => false,
        )
        assert.ok(await scrubFile(path, 'image/tiff'))
        assert.ok((await readFile(path)).equals(whole), `${name}, after ${writes} writes`)
      }
    }
  })
})

describe('M5, F10: the JPEGs in a TIFF say nothing either', () => {
  test('a strip that is a JPEG is scrubbed as one, and its pixels stay', async () => {
    const create = { width: 64, height: 48, channels: 3, background: '#28c' } as const
    const jpeg = await sharp({ create }).jpeg().toBuffer()
    const segment = (marker: number, body: string) =>
      Buffer.concat([Buffer.from([0xff, marker, 0, body.length + 2]), Buffer.from(body)])
    const planted = Buffer.concat([
      jpeg.subarray(0, 2),
      segment(0xe1, `Exif\0\0${CANARY}`),
      segment(0xfe, CANARY),
      jpeg.subarray(2),
      Buffer.from(CANARY),
    ])
    for (const page of [{ strip: planted }, { jpeg: planted }]) {
      const size = { width: 64, height: 48, samples: 3, photometric: 6, compression: 7 }
      const bytes = tiffOf([{ ...size, ...page }])
      const out = await scrubbed(bytes)
      assert.equal(out.includes(CANARY), false)
      assert.ok((await scrubbed(out)).equals(out), 'M9: again')
      const at = bytes.indexOf(planted)
      const is = await sharp(out.subarray(at, at + planted.length))
        .raw()
        .toBuffer()
      assert.ok(is.equals(await sharp(jpeg).raw().toBuffer()))
    }
  })

  test('M7: tiles and tables that say nothing pass bit for bit', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const
    const create = { width: 300, height: 200, channels: 3, background: 'red', noise } as const
    for (const tile of [true, false]) {
      const bytes = await sharp({ create }).tiff({ compression: 'jpeg', tile }).toBuffer()
      const out = await scrubbed(bytes)
      const raw = (tiff: Buffer) => sharp(tiff, { failOn: 'error' }).raw().toBuffer()
      assert.ok((await raw(out)).equals(await raw(bytes)))
      assert.ok((await scrubbed(out)).equals(out))
    }
  })
})

describe('M15: nothing is kept of a TIFF whose layout is not understood', () => {
  test('a directory without data is no picture', async () => {
    const path = join(folder, 'empty.tif')
    const bytes = tiffOf([photo])
    bytes.writeUInt32LE(0, bytes.indexOf(Buffer.from([0x01, 0x01, 4, 0])) + 8)
    await writeFile(path, bytes)
    assert.equal(await scrubFile(path, 'image/tiff'), false)
    assert.ok((await readFile(path)).equals(bytes), 'no byte is overwritten')
  })

  test("a camera's raw file is no TIFF, whatever the number of its fields", async () => {
    const sensor: TiffPage = { ...photo, photometric: 32_803, compression: 34_713, subfile: 0 }
    for (let count = 0; count < 24; count++) {
      const texts = Object.fromEntries(Array.from({ length: count }, (_, i) => [40_000 + i, 'x']))
      const bytes = tiffOf([{ ...thumbnail, subfile: 1, texts, children: [sensor] }], 'MM\0*')
      const path = join(folder, 'raw.tif')
      await writeFile(path, bytes)
      await assert.rejects(scrubFile(path, 'image/tiff'), CameraFileError)
      assert.ok((await readFile(path)).equals(bytes), 'no byte is overwritten')
    }
  })
})
