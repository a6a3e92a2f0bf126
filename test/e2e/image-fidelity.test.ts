import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { before, test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import { blobUrl, openBoard } from '@wirephoto/client'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { launchBrowser } from '../support/browser.ts'
import { cleanupAfter } from '../support/cleanup.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture, withExifOrientation } from '../support/pictures.ts'

/*
 * These tests compare the server's variants with a browser's view of the file itself. The browser applies
 * orientation and colour profile by code that is not ours.
 */

const METADATA = resolve(import.meta.dirname, '../../../shared/corpora/metadata')
const away = existsSync(METADATA) ? false : 'no ../shared/corpora here'
/** Mean colours of squares may differ so much, since other resizers draw other edges. */
const COLOUR_TOLERANCE_UNITS = 4

const stack = cleanupAfter()
let server: InProcessServer
let browser: Browser
let page: Page

before(async () => {
  server = stack.adopt(await InProcessServer.open(), (each) => each.close())
  browser = stack.adopt(await launchBrowser(), (each) => each.close())
  page = await browser.newPage()
})

/** Stores a picture; resolves to its record when it has its variants. */
async function store(bytes: Uint8Array, name: string): Promise<ImageRecord> {
  const body = new Uint8Array(bytes)
  const answer = await fetch(`${server.url}/${name}`, { method: 'PUT', body })
  assert.equal(answer.status, 201, await answer.clone().text())
  const { id } = (await answer.json()) as ImageRecord
  const board = openBoard({ url: server.url, board: 'main' })
  try {
    for (;;) {
      const record = board.pictures.get(id)
      if (record?.variants) return record
      await new Promise<void>((resolve) => {
        const off = board.on('pictures', () => {
          off()
          resolve()
        })
      })
    }
  } finally {
    await board.close()
  }
}

async function fetchVariant(record: ImageRecord, pixels: number): Promise<Buffer> {
  const answer = await fetch(blobUrl({ url: server.url, id: 'main' }, record, pixels)!)
  assert.equal(answer.headers.get('content-type'), 'image/webp')
  return Buffer.from(await answer.arrayBuffer())
}

interface BrowserView {
  readonly width: number
  readonly height: number
  /** Mean colours of 16 by 12 squares. */
  readonly squares: number[]
}

/** Returns a file as Chromium shows it. */
function readInBrowser(file: Uint8Array): Promise<BrowserView> {
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
    const image = new Image()
    image.src = URL.createObjectURL(new Blob([bytes]))
    await image.decode()
    const { naturalWidth: width, naturalHeight: height } = image
    const [w, h] = [320, 240]
    const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h })
    const context = canvas.getContext('2d', { colorSpace: 'srgb' })!
    context.imageSmoothingQuality = 'high'
    context.drawImage(image, 0, 0, w, h)
    const { data } = context.getImageData(0, 0, w, h)
    const squares = Array.from({ length: 16 * 12 * 3 }, () => 0)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let c = 0; c < 3; c++)
          squares[(Math.floor(y / 20) * 16 + Math.floor(x / 20)) * 3 + c]! +=
            data[(y * w + x) * 4 + c]! / 400
    return { width, height, squares }
  }, Buffer.from(file).toString('base64'))
}

const colourDistance = ({ squares: a }: BrowserView, { squares: b }: BrowserView): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length

test('F10, V1: all eight orientations look upright, as a browser has them', async () => {
  const upright = await drawPicture({ width: 640, height: 480, seed: 7, format: 'png' })
  const truth = await readInBrowser(upright)
  for (let orientation = 1; orientation <= 8; orientation++) {
    const held = await withExifOrientation(upright, orientation)
    const record = await store(held, 'held.jpg')
    assert.deepEqual([record.width, record.height], [640, 480])
    const [original, small] = [
      await readInBrowser(held),
      await readInBrowser(await fetchVariant(record, 320)),
    ]
    assert.deepEqual([original.width, small.width, small.height], [640, 320, 240])
    assert.ok(colourDistance(original, truth) < COLOUR_TOLERANCE_UNITS, `${orientation}: the file`)
    assert.ok(
      colourDistance(small, truth) < COLOUR_TOLERANCE_UNITS,
      `${orientation}: the variant ${colourDistance(small, truth)}`,
    )
  }
})

test('F10, V1: so do photos of real cameras', { skip: away }, async () => {
  for (const held of ['landscape', 'portrait'])
    for (let orientation = 1; orientation <= 8; orientation++) {
      const file = await readFile(resolve(METADATA, `orientation-${held}_${orientation}.jpg`))
      const record = await store(file, 'held.jpg')
      const [original, small] = [
        await readInBrowser(file),
        await readInBrowser(await fetchVariant(record, 320)),
      ]
      assert.deepEqual([record.width, record.height], [original.width, original.height])
      assert.ok(
        colourDistance(original, small) < COLOUR_TOLERANCE_UNITS,
        `${held} ${orientation}: ${colourDistance(original, small)}`,
      )
    }
})

test('V1: colours look as a browser has them, wide ones too', async (t) => {
  const picture = sharp(await drawPicture({ width: 640, height: 480, seed: 3, format: 'png' }))
  const kinds: Record<string, Buffer> = {
    'p3.jpg': await picture.clone().withIccProfile('p3').jpeg().toBuffer(),
    'p3.png': await picture.clone().withIccProfile('p3').png().toBuffer(),
    'p3.webp': await picture.clone().withIccProfile('p3').webp().toBuffer(),
    'grey.jpg': await picture.clone().greyscale().jpeg().toBuffer(),
    'deep.png': await picture.clone().toColourspace('rgb16').png().toBuffer(),
  }
  for (const [name, file] of Object.entries(kinds)) {
    const small = await fetchVariant(await store(file, name), 320)
    const apart = colourDistance(await readInBrowser(file), await readInBrowser(small))
    t.diagnostic(`${name}: ${apart.toFixed(2)}`)
    assert.ok(apart < COLOUR_TOLERANCE_UNITS, `${name}: ${apart}`)
  }
})

test('V5, V16: what is printed has a stand-in, which looks like the picture before it was', async (t) => {
  // Only colours that inks can print.
  const picture = await sharp(
    await drawPicture({ width: 640, height: 480, seed: 3, format: 'png' }),
  )
    .modulate({ saturation: 0.3 })
    .linear(0.5, 80)
    .png()
    .toBuffer()
  const truth = await readInBrowser(picture)
  const inks = sharp(picture).toColourspace('cmyk').withIccProfile('cmyk')
  const file = await inks.jpeg({ quality: 95 }).toBuffer()
  const record = await store(file, 'cmyk.jpg')
  assert.deepEqual([record.type, record.variants], ['image/jpeg', [64, 320, 4096]])
  const standIn = await fetchVariant(record, Number.POSITIVE_INFINITY)
  const [ours, theirs] = [
    colourDistance(await readInBrowser(standIn), truth),
    colourDistance(await readInBrowser(file), truth),
  ]
  t.diagnostic(`${ours.toFixed(2)}, the file in a browser ${theirs.toFixed(2)}`)
  assert.equal((await readInBrowser(standIn)).width, 640)
  assert.ok(ours < 2 * COLOUR_TOLERANCE_UNITS && theirs > 2 * ours)
  // The same bytes again.
  assert.deepEqual((await store(file, 'again.jpg')).variants, [64, 320, 4096])
})

test('V16: a HEIC that its sender can not open is seen before it has variants', {
  skip: away,
}, async (t) => {
  const [sender, viewer] = [1, 2].map(() => openBoard({ url: server.url, board: 'main' }))
  t.after(() => Promise.all([sender!.close(), viewer!.close()]))
  const file = new Blob([await readFile(resolve(METADATA, '../photos/iphone-13.heic'))])
  const [id] = sender!.addPictures([{ file, name: 'IMG_2041.HEIC', width: 800, height: 600 }])
  const seenAt: string[] = []
  const { promise, resolve: done } = Promise.withResolvers<ImageRecord>()
  const look = (): void => {
    const record = viewer!.pictures.get(id!)
    const address = record && blobUrl(viewer!, record)
    if (viewer!.preview(id!)) seenAt.push('preview')
    if (!address) return
    seenAt.push(address.split('/').at(-1)!)
    done(record)
  }
  viewer!.on('arrivals', look)
  viewer!.on('pictures', look)
  const { width, height, type } = await promise
  assert.deepEqual([width, height, type], [3024, 4032, 'image/heic'])
  assert.deepEqual([...new Set(seenAt)], ['preview', '4096'])
})

test('V5: a BMP looks as a browser has it', async () => {
  const { data, info } = await sharp(await drawPicture({ width: 320, height: 240, seed: 5 }))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  for (const bits of [24, 32] as const) {
    const record = await store(bitmap(data, info.width, info.height, bits), 'a.bmp')
    assert.deepEqual([record.type, record.variants], ['image/bmp', [64, 4096]])
    const file = bitmap(data, info.width, info.height, bits)
    const apart = colourDistance(
      await readInBrowser(file),
      await readInBrowser(await fetchVariant(record, 1_000)),
    )
    assert.ok(apart < COLOUR_TOLERANCE_UNITS, `${bits}: ${apart}`)
  }
})

/** Encodes a BMP: the lowest row first, blue before red. */
function bitmap(rgb: Buffer, width: number, height: number, bits: 24 | 32): Buffer {
  const each = bits / 8
  const file = Buffer.alloc(54 + width * height * each)
  file.write('BM')
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(54, 10)
  file.writeUInt32LE(40, 14)
  file.writeInt32LE(width, 18)
  file.writeInt32LE(height, 22)
  file.writeUInt32LE(1 | (bits << 16), 26)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3
      const to = 54 + ((height - 1 - y) * width + x) * each
      for (let c = 0; c < 3; c++) file[to + c] = rgb[from + 2 - c]!
    }
  return file
}
