import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type ImageRecord, type MediaType, serverLimits } from '@wirephoto/board'
import openLibheif from 'libheif-js/libheif-wasm/libheif-bundle.mjs'
import sharp, { type Sharp } from 'sharp'
import { withExifOrientation } from '../../../../../test/support/pictures.ts'
import { pngChunk } from '../../../../../test/support/png.ts'
import { errorOf, Harness } from '../../../support/http-harness.ts'
import {
  blankPng,
  CORNERS,
  cornersPng,
  createBmp,
  readCorners,
  readPixels,
} from '../../../support/sample-images.ts'
import { Decoder } from './decoder.ts'

const PHOTOS = fileURLToPath(new URL('../../../../../../shared/corpora/photos/', import.meta.url))
const away = existsSync(PHOTOS) ? false : 'no ../shared/corpora here'

let server: Harness
let folder: string

before(async () => {
  server = await Harness.open()
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-formats-'))
})
after(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const put = (bytes: Uint8Array, name: string): Promise<Response> =>
  fetch(`${server.url}/${name}`, { method: 'PUT', body: new Uint8Array(bytes) })

/** Stored, and its variants made. */
async function store(bytes: Uint8Array, name: string): Promise<ImageRecord> {
  const answer = await put(bytes, name)
  assert.equal(answer.status, 201, `${name}: ${await answer.clone().text()}`)
  const { id } = (await answer.json()) as ImageRecord
  await server.images.variants.whenIdle()
  return (await server.record(id))!
}

async function get(
  path: string,
): Promise<{ type: string | null; bytes: Buffer; headers: Headers }> {
  const answer = await fetch(`${server.url}${path}`)
  assert.equal(answer.status, 200, path)
  const { headers } = answer
  return {
    type: headers.get('content-type'),
    bytes: Buffer.from(await answer.arrayBuffer()),
    headers,
  }
}

const shown = (blob: string | null, side = 4096) => get(`/b/main/blob/${blob}/${side}`)

async function isLike(picture: Buffer, of: readonly (readonly number[])[], most = 24) {
  const seen = await readCorners(picture)
  for (const [i, colour] of seen.entries())
    for (const [n, value] of colour.entries())
      assert.ok(Math.abs(value - of[i]![n]!) <= most, JSON.stringify(seen))
}

const INERT = {
  'content-security-policy': "sandbox; default-src 'none'",
  'x-content-type-options': 'nosniff',
}

test('V5: a TIFF is seen as its stand-in, in whatever way it holds its pixels', async () => {
  const picture = sharp(await cornersPng(400, 300))
  const kinds: Record<string, Buffer> = {
    plain: await picture.clone().tiff({ compression: 'none' }).toBuffer(),
    lzw: await picture.clone().tiff({ compression: 'lzw', predictor: 'horizontal' }).toBuffer(),
    tiles: await picture.clone().tiff({ compression: 'deflate', tile: true }).toBuffer(),
    deep: await picture.clone().toColourspace('rgb16').tiff({ compression: 'lzw' }).toBuffer(),
    p3: await picture.clone().withIccProfile('p3').tiff({ compression: 'lzw' }).toBuffer(),
    held: await sharp(await withExifOrientation(await cornersPng(400, 300), 6))
      .withMetadata({ orientation: 6 })
      .tiff({ compression: 'lzw' })
      .toBuffer(),
  }
  for (const [kind, bytes] of Object.entries(kinds)) {
    const { type, width, height, blob, variants, animated } = await store(bytes, `${kind}.tif`)
    assert.deepEqual([type, width, height, animated], ['image/tiff', 400, 300, false], kind)
    assert.deepEqual(variants, [64, 320, 4096], kind)
    const standIn = await shown(blob)
    assert.equal(standIn.type, 'image/webp')
    const { width: w, height: h, icc } = await sharp(standIn.bytes).metadata()
    assert.deepEqual([w, h, icc], [400, 300, undefined], kind)
    await isLike(standIn.bytes, CORNERS)
  }
})

test('V5: so is a BMP of every kind', async () => {
  const picture = await cornersPng(37, 21)
  const kinds = [
    { bits: 1 },
    { bits: 4 },
    { bits: 8 },
    { bits: 8, core: true },
    { bits: 8, runs: true },
    { bits: 4, runs: true },
    { bits: 16 },
    { bits: 16, masks: [0xf800, 0x07e0, 0x001f, 0] },
    { bits: 24 },
    { bits: 24, topFirst: true },
    { bits: 32 },
    { bits: 32, masks: [0xff000000, 0x00ff0000, 0x0000ff00, 0x000000ff] },
  ] as const
  for (const kind of kinds) {
    const name = JSON.stringify(kind)
    const { file, colours } = createBmp(await readPixels(picture), 37, 21, kind)
    const { type, width, height, blob, variants } = await store(file, 'a.bmp')
    assert.deepEqual([type, width, height, variants], ['image/bmp', 37, 21, [4096]], name)
    const { bytes } = await shown(blob)
    await isLike(bytes, colours)
    const end = file.subarray(0, -40)
    assert.deepEqual((await errorOf(await put(end, 'end.bmp'))).code, 'damaged', name)
  }
})

test('V5, V15: a HEIC is seen as its stand-in, its original is downloaded', {
  skip: away,
}, async (t) => {
  for (const [name, width, height] of [
    ['iphone.heic', 4032, 3024],
    ['iphone-13.heic', 3024, 4032],
  ] as const) {
    const file = await readFile(join(PHOTOS, name))
    const start = performance.now()
    const record = await store(file, 'IMG_2041.HEIC')
    t.diagnostic(`${name}: ${Math.round(performance.now() - start)} ms to its variants`)
    assert.deepEqual(
      [record.type, record.width, record.height, record.variants],
      ['image/heic', width, height, [64, 320, 1280, 4096]],
    )
    const standIn = await shown(record.blob)
    const { format, width: w, height: h } = await sharp(standIn.bytes).metadata()
    assert.deepEqual([format, w, h], ['webp', width, height])
    const small = await shown(record.blob, 320)
    const { width: side } = await sharp(small.bytes).metadata()
    assert.equal(side, width > height ? 320 : 240)

    const download = await get(`/api/boards/main/images/${record.id}/file?download`)
    assert.equal(download.type, 'image/heic')
    assert.equal(download.bytes.length, file.length)
    assert.match(download.headers.get('content-disposition')!, /^attachment.*IMG_2041\.HEIC/)
    for (const [header, value] of Object.entries(INERT))
      assert.equal(download.headers.get(header), value)
  }
})

test('V5: the colours of an iPhone are those of its profile', { skip: away }, async () => {
  const path = join(PHOTOS, 'iphone.heic')
  const { blob } = await store(await readFile(path), 'a.heic')
  const small = (image: Sharp) =>
    image.resize(320, 240).removeAlpha().raw({ depth: 'uchar' }).toBuffer()
  const seen = blocksOf(await small(sharp((await shown(blob, 320)).bytes)))
  const [image] = new (openLibheif().HeifDecoder)().decode(await readFile(path))
  const [width, height] = [image!.get_width(), image!.get_height()]
  const data = new Uint8Array(width * height * 4)
  await new Promise((resolve) => image!.display({ data, width, height }, resolve))
  const numbers = await small(sharp(data, { raw: { width, height, channels: 4 } }))
  const converted = meanOf(blocksOf(fromP3(numbers)), seen)
  const taken = meanOf(blocksOf(numbers), seen)
  assert.ok(converted < 1 && taken > 2, `${converted} and ${taken}`)
})

/** Returns the mean colours of squares of 40 pixels in 320 by 240. A picture that is encoded again has other grain. */
function blocksOf(pixels: ArrayLike<number>): number[] {
  const sums = Array.from({ length: 8 * 6 * 3 }, () => 0)
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [Math.floor(i / 3) % 320, Math.floor(i / 960)]
    sums[(Math.floor(y / 40) * 8 + Math.floor(x / 40)) * 3 + (i % 3)]! += pixels[i]! / 1_600
  }
  return sums
}

/** Display P3 to sRGB: the same curve, other primaries (SMPTE EG 432-1, IEC 61966-2-1). */
function fromP3(pixels: Uint8Array): number[] {
  const linear = (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  const curved = (v: number) => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055)
  const converted: number[] = []
  for (let i = 0; i < pixels.length; i += 3) {
    const [r, g, b] = [0, 1, 2].map((n) => linear(pixels[i + n]! / 255)) as [number, number, number]
    for (const v of [
      1.2249 * r - 0.2247 * g,
      -0.042 * r + 1.0419 * g,
      -0.0197 * r - 0.0786 * g + 1.0979 * b,
    ])
      converted.push(Math.round(255 * curved(Math.min(1, Math.max(0, v)))))
  }
  return converted
}

const meanOf = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length

test('V6: an SVG is drawn, and shown as what was drawn', async () => {
  const [red, green, blue, paper] = CORNERS.map((colour) => `rgb(${colour.join()})`)
  const quarter = (x: number, y: number, fill = '') =>
    `<rect x="${x}" y="${y}" width="20" height="15" fill="${fill}"/>`
  const svg = `<?xml version="1.0"?><!-- by hand -->
    <svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">
    ${quarter(0, 0, red)}${quarter(20, 0, green)}${quarter(0, 15, blue)}${quarter(20, 15, paper)}
    </svg>`
  const record = await store(Buffer.from(svg), 'plan.svg')
  const { type, width, height, variants, name, blob } = record
  assert.deepEqual([type, width, height], ['image/png', 2048, 1536])
  assert.deepEqual([name, variants], ['plan.svg', [64, 320, 1280]])
  for (const path of [
    `/b/main/blob/${blob}/original`,
    `/api/boards/main/images/${record.id}/file`,
  ]) {
    const file = await get(path)
    assert.equal(file.type, 'image/png')
    assert.equal((await sharp(file.bytes).metadata()).format, 'png')
    assert.equal(file.bytes.includes('<svg'), false)
    await isLike(file.bytes, CORNERS, 2)
  }
  const download = await get(`/api/boards/main/images/${record.id}/file?download`)
  assert.match(download.headers.get('content-disposition')!, /^attachment; filename=plan\.svg/)
  assert.deepEqual(await server.incomingFileNames(), [])

  for (const [bad, code] of [
    ['<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect', 'damaged'],
    ['<svg>', 'damaged'],
    ['<html><svg xmlns="http://www.w3.org/2000/svg"/></html>', 'not-a-picture'],
  ] as const)
    assert.equal((await errorOf(await put(Buffer.from(bad), 'a.svg'))).code, code, bad)
  const { width: long } = await store(Buffer.from(svg.replace('"40"', '"40000"')), 'long.svg')
  assert.equal(long, 4096)
})

test('V17, F9: an SVG reaches nothing outside of itself', async (t) => {
  const asked: string[] = []
  const trap = createServer((request, response) => {
    asked.push(request.url!)
    response.end()
  })
  trap.listen(0, '127.0.0.1')
  t.after(() => trap.close())
  await new Promise((resolve) => trap.once('listening', resolve))
  // Neighbours of the file, as the server has it, too.
  const incomingFolder = join(server.data, 'arrivals')
  const secrets = {
    'secret.png': await sharp({ create: RED }).png().toBuffer(),
    'secret.svg': `<svg xmlns="${SVG}"><rect id="a" ${ALL}/></svg>`,
    'secret.css': '* { fill: #f00 }',
    'secret.txt': `<rect ${ALL}/>`,
  }
  for (const place of [folder, incomingFolder])
    for (const [name, secret] of Object.entries(secrets)) await writeFile(join(place, name), secret)
  t.after(async () => {
    for (const name of Object.keys(secrets)) await rm(join(incomingFolder, name))
  })
  const address = `http://127.0.0.1:${(trap.address() as AddressInfo).port}`
  for (const place of [address, `file://${folder}`, folder, '.', `file://${incomingFolder}`])
    for (const body of [
      `<image href="${place}/secret.png" ${ALL}/>`,
      `<image xlink:href="${place}/secret.png" ${ALL}/>`,
      `<use href="${place}/secret.svg#a"/>`,
      `<style>@import url("${place}/secret.css");</style><circle r="1"/>`,
      `<filter id="f"><feImage href="${place}/secret.png"/></filter><rect ${CLEAR} filter="url(#f)"/>`,
      `<xi:include href="${place}/secret.txt" parse="xml"/>`,
      `<foreignObject ${ALL}><iframe xmlns="http://www.w3.org/1999/xhtml" src="${place}"/></foreignObject>`,
      `<script href="${place}/a.js">fetch("${place}")</script>`,
      '&outer;',
    ]) {
      const svg = `<?xml version="1.0"?><?xml-stylesheet href="${place}/secret.css"?>
        <!DOCTYPE svg [<!ENTITY outer SYSTEM "${place}/secret.txt">]>
        <svg xmlns="${SVG}" xmlns:xlink="http://www.w3.org/1999/xlink"
        xmlns:xi="http://www.w3.org/2001/XInclude" width="40" height="30" onload="fetch('${place}')">
        <rect width="40" height="30" fill="#0000ff"/>${body}</svg>`
      const answer = await put(Buffer.from(svg), 'a.svg')
      if (answer.status !== 201) continue
      const { blob } = (await answer.json()) as ImageRecord
      const { bytes } = await get(`/b/main/blob/${blob}/original`)
      await isLike(bytes, [BLUE, BLUE, BLUE, BLUE], 0)
    }
  assert.deepEqual(asked, [])
})

const SVG = 'http://www.w3.org/2000/svg'
const ALL = 'width="40" height="30" fill="#f00"'
const CLEAR = 'width="40" height="30" fill="none"'
const RED = { width: 40, height: 30, channels: 3, background: '#f00' } as const
const BLUE = [0, 0, 255]

test('D1: what grows when it is drawn is given up', async () => {
  const entities = Array.from(
    { length: 9 },
    (_, i) => `<!ENTITY a${i + 1} "${`&a${i};`.repeat(10)}">`,
  )
  for (const [name, svg] of Object.entries({
    laughs: `<!DOCTYPE svg [<!ENTITY a0 "lol">${entities.join('')}]><svg xmlns="${SVG}" width="9" height="9"><text>&a9;</text></svg>`,
    uses: `<svg xmlns="${SVG}" width="9" height="9"><g id="g0"><rect ${ALL}/></g>${Array.from(
      { length: 30 },
      (_, i) => `<g id="g${i + 1}">${`<use href="#g${i}"/>`.repeat(10)}</g>`,
    ).join('')}</svg>`,
    deep: `<svg xmlns="${SVG}" width="9" height="9">${'<g>'.repeat(100_000)}`,
    filters: `<svg xmlns="${SVG}" width="2000" height="2000"><filter id="f">${'<feTurbulence numOctaves="99" baseFrequency="0.9"/><feGaussianBlur stdDeviation="90"/>'.repeat(200)}</filter><rect ${ALL} filter="url(#f)"/></svg>`,
  })) {
    const start = performance.now()
    const { code } = await errorOf(await put(Buffer.from(svg), `${name}.svg`))
    assert.ok(code === 'damaged' || code === 'too-heavy', `${name}: ${code}`)
    assert.ok(performance.now() - start < 30_000, name)
  }
  assert.equal((await put(blankPng(3, 3), 'next.png')).status, 201)
})

test('D5: frames are counted before they are decoded', async () => {
  const still = await sharp({ create: { ...RED, width: 2, height: 2 } })
    .gif()
    .toBuffer()
  const frame = still.subarray(still.indexOf(0x2c), -1)
  const gif = (frames: number) =>
    Buffer.concat([still.subarray(0, still.indexOf(0x2c)), ...Array(frames).fill(frame), TRAILER])
  const png = blankPng(2, 2)
  const apng = (frames: number, of = png) => {
    const control = Buffer.alloc(8)
    control.writeUInt32BE(frames, 0)
    return Buffer.concat([of.subarray(0, 33), ...pngChunk('acTL', control), of.subarray(33)])
  }
  const { animated, blob } = await store(gif(serverLimits.maxFrameCount), 'long.gif')
  assert.equal(animated, true)
  assert.deepEqual(
    (await get(`/b/main/blob/${blob}/original`)).bytes,
    gif(serverLimits.maxFrameCount),
  )
  assert.equal((await store(apng(serverLimits.maxFrameCount), 'long.png')).animated, true)
  for (const [name, bytes, told] of [
    ['a.gif', gif(10_000), 'a.gif has 10000 frames. The limit here is 2000.'],
    ['a.png', apng(2_001), 'a.png has 2001 frames. The limit here is 2000.'],
    [
      'b.png',
      apng(1_000, blankPng(2_000, 1_000)),
      'b.png has 2000 megapixels in all its frames. The limit here is 1000.',
    ],
  ] as const) {
    const { code, message } = await errorOf(await put(bytes, name))
    assert.deepEqual([code, message], ['too-many-pixels', told])
  }
})

const TRAILER = Buffer.from([0x3b])

test('D6: a moving picture that is cut off is damaged, unless its first frames are whole', async () => {
  const frames = await Promise.all(
    ['#f00', '#0f0', '#00f'].map((background) =>
      sharp({ create: { ...RED, width: 200, height: 200, background, noise: NOISE } })
        .png()
        .toBuffer(),
    ),
  )
  for (const [format, part, taken] of [
    ['gif', 1, true],
    ['gif', 0.6, true],
    ['gif', 0.2, false],
    ['webp', 1, true],
    ['webp', 0.6, false],
    ['gif', 'overwritten', false],
  ] as const) {
    const bytes = await sharp(frames, { join: { animated: true } })
      .toFormat(format)
      .toBuffer()
    // In the last frame.
    if (part === 'overwritten') bytes.fill(255, Math.floor(bytes.length * 0.7), bytes.length - 100)
    const end = part === 'overwritten' ? bytes.length : bytes.length * part
    const answer = await put(bytes.subarray(0, end), `a.${format}`)
    if (taken) assert.equal(((await answer.json()) as ImageRecord).animated, true)
    else assert.equal((await errorOf(answer)).code, 'damaged', `${format} ${part}`)
  }
})

const NOISE = { type: 'gaussian', mean: 128, sigma: 50 } as const

test('D1, D3, E22: a decoder that holds up its thread is ended like any other', async () => {
  const largeBudget = { cpuSeconds: 60, memoryBytes: 1e9 }
  const slow = new Decoder({ largeBudget, memoryBytes: 300e6 })
  const type: MediaType = 'image/bmp'
  try {
    const path = join(folder, 'slow.bmp')
    const header = createBmp(Buffer.alloc(4), 1, 1, { bits: 1 }).file
    header.writeInt32LE(10_000, 18)
    header.writeInt32LE(10_000, 22)
    await writeFile(path, Buffer.concat([header, Buffer.alloc(10_000 * 1_252)]))
    await assert.rejects(slow.validate({ path, type, name: 'slow.bmp' }), {
      code: 'too-heavy',
      message:
        'slow.bmp takes more memory to open than this server may use (--memory 300 MB). Save it smaller, or tell whoever runs it.',
    })
    await writeFile(path, createBmp(Buffer.alloc(4), 1, 1, { bits: 1 }).file)
    assert.equal((await slow.validate({ path, type, name: '' })).width, 1)
    header.writeInt32LE(10_001, 18)
    await writeFile(path, header)
    await assert.rejects(slow.validate({ path, type, name: 'a.bmp' }), { code: 'too-many-pixels' })
  } finally {
    await slow.close()
  }
})
