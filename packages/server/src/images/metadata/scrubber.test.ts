import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import type { MediaType } from '@wirephoto/board'
import fc from 'fast-check'
import openLibheif from 'libheif-js/libheif-wasm/libheif-bundle.mjs'
import sharp from 'sharp'
import { rounds, SEED } from '../../../../../test/support/effort.ts'
import {
  CANARY,
  type CanaryImage,
  canaryImages,
  EXIF_ORIENTATION,
  exif,
  FRAMES,
} from '../../../support/canary-images.ts'
import { scrubInPieces, scrubWithRestarts } from '../../../support/scrubbing.ts'
import { planHeif } from './heif.ts'
import { planJxl } from './jxl.ts'
import { isScrubbedInStream, Scrubber, scrubFile } from './scrubber.ts'
import { planTiff } from './tiff.ts'

sharp.cache(false)

/** Pictures of others, where they are. */
const CORPORA = join(import.meta.dirname, '../../../../../../shared/corpora')
const NAMES = await readdir(CORPORA).catch(() => null)
const withCorpora = { skip: NAMES ? false : 'needs ../shared/corpora' }

let folder: string
let planted: CanaryImage[]
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-scrub-'))
  planted = await canaryImages()
})
after(() => rm(folder, { recursive: true }))

/** The file as it is in the end, when it has come in these pieces. */
async function scrubbed(
  bytes: Buffer,
  type: string,
  cuts: readonly number[] = [],
): Promise<Buffer> {
  const out = scrubInPieces(bytes, cuts)
  return isScrubbedInStream(out) ? out : finished(out, type)
}

async function finished(bytes: Buffer, type: string): Promise<Buffer> {
  const path = join(folder, 'file')
  await writeFile(path, bytes)
  assert.ok(await scrubFile(path, `image/${type}` as MediaType), 'understood')
  return readFile(path)
}

/** Every pixel of every frame; why not, of what isn't decoded. */
async function pixelsOf(bytes: Buffer): Promise<unknown> {
  try {
    const image = sharp(bytes, { animated: true, failOn: 'error' })
    const { data, info } = await image.autoOrient().raw().toBuffer({ resolveWithObject: true })
    return { data: data.toString('base64'), width: info.width, height: info.height }
  } catch {
    return 'not decoded'
  }
}

/** The pixels of a HEIC. */
async function drawn(bytes: Buffer): Promise<Buffer> {
  const [image] = new (openLibheif().HeifDecoder)().decode(bytes)
  const [width, height] = [image!.get_width(), image!.get_height()]
  const data = new Uint8Array(width * height * 4)
  await new Promise((resolve) => image!.display({ data, width, height }, resolve))
  assert.ok(data.some((value) => value !== 0))
  return Buffer.from(data.buffer)
}

describe('M5, F10: nothing is left of whatever stands besides the picture', () => {
  test('no canary is found in any format, wherever it was planted', async () => {
    for (const { name, type, bytes } of planted) {
      assert.ok(bytes.includes(CANARY), name)
      const out = await scrubbed(bytes, type)
      assert.equal(out.length, bytes.length, name)
      // Four letters may be all that a field holds.
      for (const part of [CANARY, CANARY.slice(0, 4), CANARY.slice(-4)])
        for (const encoding of ['latin1', 'utf16le'] as const)
          assert.equal(out.indexOf(part, 0, encoding), -1, `${name}: ${part} in ${encoding}`)
    }
  })

  test('M1: the picture is the same, upright and in its colours', async () => {
    for (const { name, type, bytes, clean } of planted) {
      if (!clean) continue
      const out = await scrubbed(bytes, type)
      const is = await sharp(out).metadata()
      const was = await sharp(clean).metadata()
      assert.deepEqual(is.icc, was.icc, `${name}: colour profile`)
      if (type !== 'gif' && type !== 'avif')
        assert.equal(is.orientation, EXIF_ORIENTATION.rightTop, name)
      assert.deepEqual([is.xmp, is.iptc, is.comments], [undefined, undefined, undefined], name)
      // Pages stay; a smaller picture of another one is a thumbnail.
      assert.equal(is.pages, type === 'tiff' ? 1 : was.pages, name)
      const raw = (picture: Buffer) =>
        sharp(picture, { animated: type !== 'tiff', failOn: 'error' })
          .raw()
          .toBuffer()
      assert.deepEqual(await raw(out), await raw(clean), `${name}: pixels`)
    }
  })

  test('M1: the frames of a sequence stay where its index has them', async () => {
    const { bytes, type } = planted.find(({ name }) => name === 'AVIF sequence')!
    const out = await scrubbed(bytes, type)
    for (const frame of FRAMES) assert.equal(out.indexOf(frame), bytes.indexOf(frame), frame)
  })

  test('a PNG has right sums, and names of chunks that readers may pass over', async () => {
    const { bytes } = planted.find(({ name }) => name === 'PNG')!
    const out = await scrubbed(bytes, 'png')
    const names: string[] = []
    for (let at = 8; names.at(-1) !== 'IEND'; ) {
      const end = at + 8 + out.readUInt32BE(at)
      names.push(out.toString('latin1', at + 4, at + 8))
      assert.equal(out.readUInt32BE(end), crc32(out.subarray(at + 4, end)), names.at(-1))
      at = end + 4
    }
    const known = ['IHDR', 'teXt', 'ztXt', 'itXt', 'eXIf', 'tiME', 'spLT', 'gAMA', 'acTX', 'caBX']
    assert.deepEqual(names.slice(0, 11), [...known, 'prIv'])
  })

  test('a HEIC loses its thumbnail and keeps its picture', withCorpora, async () => {
    const bytes = await readFile(join(CORPORA, 'photos/iphone.heic'))
    const out = await scrubbed(bytes, 'heic')
    assert.deepEqual([bytes.includes('thmb'), out.includes('thmb')], [true, false])
    assert.deepEqual([bytes.includes('Exif'), out.includes('Exif')], [true, false])
    assert.ok((await drawn(out)).equals(await drawn(bytes)))
  })

  test('a WebP says no more that it has XMP', async () => {
    const { bytes } = planted.find(({ name }) => name === 'WebP')!
    const out = await scrubbed(bytes, 'webp')
    assert.deepEqual([bytes[20]! & 0x0c, out[20]! & 0x0c], [0x0c, 0x08])
  })

  test('EXIF says how to turn the picture, in either byte order, and is sound', async () => {
    const jpeg = await sharp({ create: { width: 8, height: 4, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer()
    for (const order of ['II*\0', 'MM\0*'] as const)
      for (let orientation = 0; orientation <= 9; orientation++) {
        const tiff = exif(order)
        const at = 8 + 2 + 3 * 12 + 8
        tiff[order === 'II*\0' ? at : at + 1] = orientation
        const head = Buffer.from([0xff, 0xe1, 0, 0])
        head.writeUInt16BE(8 + tiff.length, 2)
        const parts = [jpeg.subarray(0, 2), head, Buffer.from('Exif\0\0'), tiff, jpeg.subarray(2)]
        const out = await scrubbed(Buffer.concat(parts), 'jpeg')
        const isOne = orientation >= 1 && orientation <= 8
        assert.equal((await sharp(out).metadata()).orientation, isOne ? orientation : 1)
      }
  })

  test('exiftool finds the picture alone', { skip: skipWithoutExiftool() }, async () => {
    for (const { name, type, bytes } of planted) {
      const path = join(folder, `tool.${type}`)
      await writeFile(path, await scrubbed(bytes, type))
      const found = execFileSync('exiftool', ['-a', '-u', '-ee', '-G1', '-s', path], {
        encoding: 'utf8',
      })
      assert.doesNotMatch(found, /GPS|XMP|IPTC|Photoshop|MakerNote|Thumbnail|Serial|Cana/, name)
      if (type === 'jpeg') assert.match(found, /Orientation\s+: Rotate 90 CW/, name)
    }
  })
})

describe(`M2: the length stays, and so does what tells nothing (SEED=${SEED})`, () => {
  test('M7: pictures without metadata pass bit for bit', async () => {
    const noise = await sharp({
      create: {
        width: 160,
        height: 120,
        channels: 4,
        background: '#123456',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    })
      .png()
      .toBuffer()
    const grey = () => sharp(noise).greyscale()
    for (const [type, bytes] of [
      ['jpeg', await sharp(noise).jpeg().toBuffer()],
      [
        'jpeg',
        await sharp(noise)
          .jpeg({ progressive: true, restartInterval: 4 } as object)
          .toBuffer(),
      ],
      ['jpeg', await sharp(noise).withIccProfile('p3').toColourspace('cmyk').jpeg().toBuffer()],
      ['jpeg', await grey().jpeg({ mozjpeg: true }).toBuffer()],
      ['png', noise],
      ['png', await sharp(noise).png({ palette: true, progressive: true }).toBuffer()],
      ['png', await sharp(noise).withIccProfile('p3').png().toBuffer()],
      ['webp', await sharp(noise).webp().toBuffer()],
      ['webp', await sharp(noise).withIccProfile('p3').webp({ lossless: true }).toBuffer()],
      ['gif', await sharp(noise).gif().toBuffer()],
      ['avif', await sharp(noise).avif({ effort: 0 }).toBuffer()],
      ['avif', await sharp(noise).withIccProfile('p3').avif({ effort: 0 }).toBuffer()],
    ] as const)
      assert.ok((await scrubbed(bytes, type)).equals(bytes), type)
  })

  test('M9: scrubbed again, nothing changes', async () => {
    for (const { name, type, bytes } of planted) {
      const once = await scrubbed(bytes, type)
      assert.ok((await scrubbed(once, type)).equals(once), name)
    }
  })

  test('M8: what anything comes to does not depend on its pieces', async () => {
    for (const { name, type, bytes } of planted) {
      const whole = await scrubbed(bytes, type)
      const singly = await scrubbed(bytes, type, [...bytes.keys()])
      assert.ok(singly.equals(whole), `${name} byte by byte`)
    }
  })

  test('M8, U1: a scrubber that has read what was written goes on anywhere in the same way', async () => {
    for (const { name, type, bytes } of planted) {
      const whole = await scrubbed(bytes, type)
      for (let cut = 0; cut < bytes.length; cut++) {
        if (!isScrubbedInStream(bytes)) continue
        const out = scrubWithRestarts(bytes, [cut])
        assert.ok(out.equals(whole), `${name}, cut at ${cut}`)
      }
    }
  })

  test('all of it holds for damaged files, whatever the damage', () => {
    const streamed = planted.filter(({ bytes }) => isScrubbedInStream(bytes))
    const damage = fc.array(fc.tuple(fc.nat(4_000), fc.nat(255)), { maxLength: 6 })
    const plant = fc.nat(streamed.length - 1)
    const property = fc.property(
      plant,
      damage,
      fc.nat(4_000),
      fc.nat(4_000),
      (n, edits, cut, end) => {
        const bytes = Buffer.from(streamed[n]!.bytes)
        for (const [at, value] of edits) bytes[12 + (at % (bytes.length - 12))] = value
        const file = bytes.subarray(0, Math.max(13, bytes.length - (end % 2 ? end : 0)))
        const once = scrubInPieces(file)
        assert.ok(scrubInPieces(once).equals(once), 'again')
        const at = cut % file.length
        const part = scrubWithRestarts(file, [at])
        assert.ok(part.equals(once), `gone on at ${at}`)
      },
    )
    fc.assert(property, { numRuns: rounds(3_000), seed: SEED })
  })

  test('F8: what is read as a whole is understood or refused, never thrown at', async () => {
    const files = planted.filter(({ bytes }) => !isScrubbedInStream(bytes))
    const path = join(folder, 'damaged')
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 })
    const property = fc.asyncProperty(fc.nat(files.length - 1), damage, async (n, edits) => {
      const { bytes, type } = files[n]!
      const file = Buffer.from(bytes)
      for (const [at, value] of edits) file[12 + (at % (file.length - 12))] = value
      await writeFile(path, file)
      const isUnderstood = await scrubFile(path, `image/${type}` as MediaType)
      const once = await readFile(path)
      assert.equal(once.length, file.length)
      if (!isUnderstood) return
      if (await scrubFile(path, `image/${type}` as MediaType))
        assert.ok((await readFile(path)).equals(once), 'again')
    })
    await fc.assert(property, { numRuns: rounds(200), seed: SEED })
  })

  test('F8: a number of four gigabytes costs nothing', () => {
    const before = process.memoryUsage().rss
    // One for all, so that garbage that nobody has collected yet doesn't count.
    const more = Buffer.alloc(65_536)
    for (const head of [
      Buffer.concat([
        Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
        Buffer.from([0x7f, 255, 255, 255]),
      ]),
      Buffer.concat([Buffer.from('RIFF\xff\xff\xff\xffWEBPnone\xff\xff\xff\xff', 'latin1')]),
      Buffer.concat([Buffer.from('BM\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff', 'latin1')]),
    ]) {
      const scrubber = new Scrubber()
      scrubber.scrub(head)
      for (let i = 0; i < 1_000; i++) scrubber.scrub(more.fill(CANARY))
    }
    assert.ok(process.memoryUsage().rss - before < 128 * 1_048_576)
  })

  test('F1: broken off after any write, it is done again to the same end', async () => {
    const files = planted.filter(({ bytes }) => !isScrubbedInStream(bytes))
    if (NAMES) {
      const bytes = await readFile(join(CORPORA, 'photos/iphone.heic'))
      files.push({ name: 'HEIC with a thumbnail', type: 'heic', bytes, clean: null })
    }
    const path = join(folder, 'broken-off')
    for (const { name, type, bytes } of files) {
      const whole = await scrubbed(bytes, type)
      for (let writes = 0, isDone = false; !isDone; writes++) {
        await writeFile(path, bytes)
        await using file = await open(path, 'r+')
        const plan = await ({ tiff: planTiff, jxl: planJxl }[type as string] ?? planHeif)(file)
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
        assert.ok(await scrubFile(path, `image/${type}` as MediaType))
        assert.ok((await readFile(path)).equals(whole), `${name}, after ${writes} writes`)
      }
    }
  })

  test('pictures of others are the same, pixel for pixel', withCorpora, async () => {
    let decoded = 0
    for (const group of ['photos', 'formats', 'metadata'])
      for (const name of await readdir(join(CORPORA, group))) {
        const bytes = await readFile(join(CORPORA, group, name))
        const out = await scrubbed(bytes, name.replace(/^.*\./, ''))
        const [was, is] = [await pixelsOf(bytes), await pixelsOf(out)]
        assert.deepEqual(is, was, `${group}/${name}`)
        if (was !== 'not decoded') decoded++
      }
    assert.ok(decoded > 40, `${decoded}`)
  })
})

function skipWithoutExiftool(): string | false {
  try {
    execFileSync('exiftool', ['-ver'])
    return false
  } catch {
    return 'needs libimage-exiftool-perl'
  }
}
