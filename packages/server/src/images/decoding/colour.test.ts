import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { MediaType } from '@wirephoto/board'
import sharp from 'sharp'
import { nclx, withAvifProperties } from '../../../../../test/support/avif.ts'
import { findOnPath } from '../../../../../test/support/browser.ts'
import { pngChunk, withPngChunks } from '../../../../../test/support/png.ts'
import { openDecoder } from '../../../support/open-decoder.ts'
import { colourByCodePoints, colourByGamma, convertToSrgb, type Primaries } from './colour.ts'
import { sniff } from './sniff.ts'

const { decoder, folder } = await openDecoder()

/*
 * The expected colours are those of a canvas of Chromium 156 on which PNGs with these code points were drawn.
 * `test/looks` compares whole pictures with the Chromium of the machine.
 */

/** Grey of 64, 128 and 192, and the colour (200, 140, 60), all of 255. */
const SAMPLES = [
  [64, 64, 64],
  [128, 128, 128],
  [192, 192, 192],
  [200, 140, 60],
]
const [PQ, HLG, BT2020, P3, BT709, SRGB] = [16, 18, 9, 12, 1, 13]
const SEEN: [primaries: number, transfer: number, peakNits: number | null, string][] = [
  [BT709, 1, null, '54 121 189 197/134/49'],
  [BT709, 4, null, '62 129 193 201/141/57'],
  [BT709, 5, null, '40 106 179 189/120/36'],
  [BT709, 7, null, '81 141 199 206/152/77'],
  [BT709, 8, null, '137 188 225 229/196/133'],
  [BT709, 17, null, '48 118 191 200/132/44'],
  [4, SRGB, null, '64 128 192 224/134/40'],
  [5, SRGB, null, '64 128 192 202/140/62'],
  [6, SRGB, null, '64 128 192 197/140/59'],
  [8, SRGB, null, '64 128 192 216/137/39'],
  [BT2020, SRGB, null, '64 128 192 231/130/31'],
  [10, SRGB, null, '64 128 192 255/0/51'],
  [11, SRGB, null, '64 128 192 208/137/37'],
  [P3, SRGB, null, '64 128 192 211/137/36'],
  [22, SRGB, null, '64 128 192 201/140/59'],
  [BT709, PQ, null, '30 132 255 255/112/14'],
  [BT2020, PQ, null, '30 132 255 255/2/0'],
  [P3, PQ, null, '30 132 255 255/87/0'],
  [BT2020, PQ, 4000, '30 132 226 255/2/0'],
  [BT2020, PQ, 600, '35 150 255 255/2/0'],
  [BT2020, PQ, 400, '39 163 255 255/2/0'],
  [BT709, HLG, null, '43 99 189 192/115/49'],
  [BT2020, HLG, null, '43 99 189 228/100/22'],
  [P3, HLG, null, '43 99 189 205/110/26'],
  [BT2020, HLG, 400, '55 123 231 255/123/29'],
]

test('V21: code points become the colours that Chromium shows on a plain screen', () => {
  const data = Uint16Array.from(SAMPLES.flat(), (v) => v * 257)
  for (const [primaries, transfer, peakNits, expected] of SEEN) {
    const colour = colourByCodePoints({ primaries, transfer, peakNits })!
    const seen = convertToSrgb(data, 3, colour)
    const [dark, middle, light, warm] = expected.split(' ')
    const wanted = [dark, middle, light].flatMap((v) => [v, v, v]).concat(warm!.split('/'))
    for (const [i, value] of wanted.entries())
      assert.ok(
        Math.abs(seen[i]! - Number(value)) <= 3,
        `${primaries}/${transfer}/${peakNits}: ${[...seen].join()} and not ${wanted.join()}`,
      )
  }
})

test('V21: what Chromium takes for sRGB is left alone; alpha stays', () => {
  for (const [primaries, transfer] of [
    [1, 13],
    [2, 13],
    [1, 2],
    [99, 13],
    [1, 99],
    [1, 9],
  ] as const)
    assert.equal(colourByCodePoints({ primaries, transfer, peakNits: null }), null)
  const linear = colourByGamma(1)
  assert.deepEqual([...convertToSrgb(Uint8Array.of(64, 0, 255, 17), 4, linear)], [137, 0, 255, 17])
  const p3: Primaries = [0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06]
  const [r, g, b] = convertToSrgb(Uint8Array.of(200, 0, 0), 3, colourByGamma(1 / 0.45455, p3))
  assert.ok(Math.abs(r! - 220) <= 2 && g === 0 && b === 0, `${r} ${g} ${b}`)
})

/** The same colours in quarters: orange, grey, dark grey and light grey. */
const QUARTERS = [
  [200, 140, 60],
  [128, 128, 128],
  [64, 64, 64],
  [192, 192, 192],
].flat()

const quarters = (bits: 8 | 16) => {
  const pixels = bits === 8 ? Uint8Array.from(QUARTERS) : Uint16Array.from(QUARTERS, (v) => v * 257)
  const raw = { width: 2, height: 2, channels: 3 } as const
  const image = sharp(pixels, { raw }).resize(400, 300, { kernel: 'nearest', fit: 'fill' })
  return bits === 8 ? image : image.toColourspace('rgb16')
}

const uint32s = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4)
  return bytes
}

/** Checks the colours of quarters in a variant, a blur's source and a stand-in's preview. */
async function isSeenAs(name: string, bytes: Buffer, expected: string): Promise<void> {
  const path = join(folder, 'file')
  await writeFile(path, bytes)
  const type: MediaType = sniff(bytes, name)
  const { preview } = await decoder.validate({ path, type, name })
  const variants = await decoder.makeVariants({ path, type, sides: [64, 320, 4096], folder })
  const [dark, middle, light, warm] = expected.split(' ').map((v) => v.split('/').map(Number))
  // Read here: libvips would remember the last file of the same name.
  const pictures = await Promise.all(variants.map((variant) => readFile(variant.path)))
  for (const picture of [...pictures, ...(preview ? [preview] : [])]) {
    const { data, info } = await sharp(picture)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    for (const [i, [x, y, wanted]] of (
      [
        [0.25, 0.25, warm],
        [0.75, 0.25, middle],
        [0.25, 0.75, dark],
        [0.75, 0.75, light],
      ] as const
    ).entries()) {
      const at = (Math.floor(info.height * y) * info.width + Math.floor(info.width * x)) * 3
      for (let n = 0; n < 3; n++)
        assert.ok(
          Math.abs(data[at + n]! - (wanted![n] ?? wanted![0]!)) <= 6,
          `${name}, quarter ${i}: ${[...data.subarray(at, at + 3)].join()} and not ${wanted}`,
        )
    }
  }
}

test('V21, V22: a PNG says its colour by cICP first, then by a profile, sRGB, or gAMA and cHRM', async () => {
  const [cicpP3, narrow] = [
    pngChunk('cICP', Buffer.from([P3, SRGB, 0, 1])),
    pngChunk('cICP', Buffer.from([P3, SRGB, 0, 0])),
  ]
  const pq = pngChunk('cICP', Buffer.from([BT2020, PQ, 0, 1]))
  const [linear, usual] = [pngChunk('gAMA', uint32s(100_000)), pngChunk('gAMA', uint32s(45_455))]
  const chrm = pngChunk(
    'cHRM',
    uint32s(31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000),
  )
  const srgb = pngChunk('sRGB', Buffer.of(0))
  const own = '64 128 192 200/140/60'
  for (const bits of [8, 16] as const) {
    const plain = await quarters(bits).png().toBuffer()
    for (const [name, chunks, expected] of [
      ['none', [], own],
      ['cICP', [cicpP3], '64 128 192 211/137/36'],
      ['cICP before sRGB', [cicpP3, srgb, linear], '64 128 192 211/137/36'],
      ['narrow cICP', [narrow], own],
      ['PQ', [pq], '30 132 255 255/2/0'],
      ['PQ to 600', [pq, pngChunk('cLLI', uint32s(6_000_000, 1_000_000))], '35 150 255 255/2/0'],
      ['gAMA', [linear], '137 188 225 229/196/133'],
      ['the usual gAMA', [usual], own],
      ['gAMA and cHRM', [usual, chrm], '62 129 193 212/138/30'],
      ['cHRM alone', [chrm], own],
      ['sRGB before gAMA', [srgb, linear, chrm], own],
    ] as const)
      await isSeenAs(`${name}, ${bits} bits`, withPngChunks(plain, ...chunks), expected)
  }
  const profile = await quarters(8).withIccProfile('p3').png().toBuffer()
  await isSeenAs('iCCP', profile, own)
  await isSeenAs('iCCP before gAMA', withPngChunks(profile, linear), own)
})

test('V22: the usual gamma darkens shadows beside a cHRM, as in Chromium, and not alone', async () => {
  const background = '#101010'
  const dark = await sharp({ create: { width: 128, height: 128, channels: 3, background } })
    .png()
    .toBuffer()
  const gamma = pngChunk('gAMA', uint32s(45_455))
  const chrm = pngChunk(
    'cHRM',
    uint32s(31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000),
  )
  const seen = async (...chunks: Buffer[][]) => {
    const path = join(folder, crypto.randomUUID())
    await writeFile(path, withPngChunks(dark, ...chunks))
    const file = { path, type: 'image/png', name: 'a' } as const
    const [variant] = await decoder.makeVariants({ ...file, sides: [64], folder })
    return (
      await sharp(await readFile(variant!.path))
        .raw()
        .toBuffer()
    )[0]!
  }
  const [alone, beside] = [await seen(gamma), await seen(gamma, chrm)]
  assert.ok(Math.abs(alone - 16) <= 2, `${alone} alone`)
  assert.ok(Math.abs(beside - 7) <= 2, `${beside} beside a cHRM`)
})

test('V7: sixteen bits with a profile become sRGB, as eight do', async () => {
  for (const profile of ['p3', 'srgb'])
    for (const format of ['png', 'tiff'] as const) {
      const file = await quarters(16).withIccProfile(profile).toFormat(format).toBuffer()
      // `sharp` takes numbers of sixteen bits for Display P3.
      await isSeenAs(`${profile} ${format}`, file, '64 128 192 211/137/36')
    }
})

test('V21: an AVIF says its colour by nclx', async () => {
  const avif = await quarters(8)
    .avif({ quality: 95, chromaSubsampling: '4:4:4', effort: 0 })
    .toBuffer()
  for (const [primaries, transfer, expected] of [
    [P3, SRGB, '64 128 192 211/137/36'],
    [BT2020, PQ, '30 132 255 255/2/0'],
    [BT2020, HLG, '43 99 189 228/100/22'],
    [BT709, 1, '64 128 192 200/140/60'],
    [2, 2, '64 128 192 200/140/60'],
  ] as const) {
    const file = withAvifProperties(avif, nclx(primaries, transfer, 6))
    await isSeenAs(`${primaries}/${transfer}`, file, expected)
  }
})

test('V21: so does a HEIC, by nclx or in its stream alone', {
  skip: (await findOnPath('heif-enc')) ? false : 'no heif-enc here: install libheif-examples',
}, async () => {
  const png = join(folder, 'quarters.png')
  const heic = join(folder, 'a.heic')
  // With sides that the codec needs, the encoder makes one item and no crop.
  await quarters(8).resize(320, 256, { kernel: 'nearest', fit: 'fill' }).png().toFile(png)
  const encode = async (...options: string[]) => {
    const parameters = ['chroma=444', ...options].flatMap((option) => ['-p', option])
    await promisify(execFile)('heif-enc', ['-q', '95', ...parameters, png, '-o', heic])
    return readFile(heic)
  }
  const plain = await encode()
  await isSeenAs('plain', plain, '64 128 192 200/140/60')
  for (const [primaries, transfer, x265, expected] of [
    [P3, SRGB, ['smpte432', 'iec61966-2-1'], '64 128 192 211/137/36'],
    [BT2020, PQ, ['bt2020', 'smpte2084'], '30 132 255 255/2/0'],
    [BT2020, HLG, ['bt2020', 'arib-std-b67'], '43 99 189 228/100/22'],
  ] as const) {
    const name = `${primaries}/${transfer}`
    await isSeenAs(name, withAvifProperties(plain, nclx(primaries, transfer, 6)), expected)
    const stream = await encode(`x265:colorprim=${x265[0]}`, `x265:transfer=${x265[1]}`)
    await isSeenAs(`${name} in its stream`, stream, expected)
  }
})
