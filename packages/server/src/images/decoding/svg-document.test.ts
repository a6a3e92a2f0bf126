import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { openDecoder } from '../../../support/open-decoder.ts'
import { sniff } from './sniff.ts'

const { decoder, folder } = await openDecoder()

const XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
/** A red square of an inch, from the middle of the left edge of a drawing of 4 by 2 inches. */
const CONTENT = `<rect width="999" height="999" fill="#eee"/><rect y="1in" width="96" height="6pc" fill="#c00"/>`

interface Drawn {
  readonly width: number
  readonly height: number
  /** Returns the colour at a part of the width and height. */
  readonly at: (x: number, y: number) => number[]
}

async function draw(svg: string | Buffer): Promise<Drawn> {
  const path = join(folder, crypto.randomUUID())
  await writeFile(path, svg)
  assert.equal(sniff(Buffer.from(svg), 'a'), 'image/svg+xml')
  const to = `${path}.png`
  await decoder.rasterizeSvg({ path, to, name: 'a.svg' })
  const { data, info } = await sharp(to).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const { width, height } = info
  const at = (x: number, y: number) => {
    const start = (Math.floor(y * height) * width + Math.floor(x * width)) * 3
    return [...data.subarray(start, start + 3)]
  }
  return { width, height, at }
}

const RED = [0xcc, 0, 0]
const PAPER = [0xee, 0xee, 0xee]

/** Checks that the square is where it belongs: it takes a quarter of the width and half of the height. */
function hasSquare({ at }: Drawn, name: string): void {
  for (const [x, y] of [
    [0.01, 0.52],
    [0.24, 0.52],
    [0.01, 0.98],
    [0.24, 0.98],
  ] as const)
    assert.deepEqual(at(x, y), RED, `${name} at ${x}, ${y}`)
  for (const [x, y] of [
    [0.01, 0.48],
    [0.26, 0.52],
    [0.98, 0.98],
  ] as const)
    assert.deepEqual(at(x, y), PAPER, `${name} at ${x}, ${y}`)
}

test('D9, V20: an SVG is drawn whole and in its shape, in whatever unit it has its size', async () => {
  for (const size of [
    'width="384" height="192"',
    'width="384px" height="192PX"',
    'width="4in" height="2in"',
    'width="101.6mm" height="50.8mm"',
    'width="10.16cm" height="5.08cm"',
    'width="288pt" height="144pt"',
    'width="24pc" height="12pc"',
    'width="24em" height="12em"',
    'width="406.4Q" height="203.2Q"',
    'style="width:384px; height: 2in" width="9" height="9"',
    'width="100%" height="100%" viewBox="0 0 384 192"',
    'viewBox="0 0 384 192"',
    'width="300" viewBox="0,0,384,192"',
    'height="30mm" viewBox="0 0 384 192"',
    'width="50vw" height="auto" viewBox="0 0 384 192"',
    'width="-5" height="192" viewBox="0 0 384 192"',
    "width='3.84e2' height='+192.0'",
  ]) {
    const drawn = await draw(`<svg ${XMLNS} ${size}>${CONTENT}</svg>`)
    assert.deepEqual([drawn.width, drawn.height], [2048, 1024], size)
    hasSquare(drawn, size)
  }
})

test('V6, V20: without any size an SVG is 300 by 150; a large one is drawn smaller', async () => {
  const sizes = await Promise.all(
    [
      '',
      'width="3000mm" height="1500mm"',
      'width="3000" height="3"',
      'width="90000" height="2"',
    ].map(async (size) => {
      const { width, height } = await draw(`<svg ${XMLNS} ${size}>${CONTENT}</svg>`)
      return [width, height]
    }),
  )
  assert.deepEqual(sizes, [
    [2048, 1024],
    [4096, 2048],
    [3000, 3],
    [4096, 1],
  ])
})

test('D9: an SVG is read in its encoding, behind comments and document types of any length', async () => {
  const root = `<svg ${XMLNS} width="384" height="192">${CONTENT}</svg>`
  const utf16 = (mark: string) =>
    Buffer.from(`${mark}<?xml version="1.0" encoding="UTF-16"?><!-- é -->${root}`, 'utf16le')
  const latin1 = `<?xml version="1.0" encoding="ISO-8859-1"?><!-- \xe9 -->${root}`
  for (const [name, svg] of Object.entries({
    mark: `\uFEFF${root}`,
    utf16: utf16('\uFEFF'),
    unmarked: utf16(''),
    swapped: utf16('\uFEFF').swap16(),
    latin1: Buffer.from(latin1, 'latin1'),
    unknown: `<?xml version="1.0" encoding="no-such"?>${root}`,
    comment: `<?xml version="1.0"?><!-- ${'made by hand '.repeat(9_000)}-->${root}`,
    doctype: `<!DOCTYPE svg [${'<!ENTITY a "<b>]">'.repeat(900)}<!ENTITY ns "http://www.w3.org/2000/svg">]>${root.replace('http://www.w3.org/2000/svg', '&ns;')}`,
    attribute: root.replace('<svg', '<svg data-rule="a > b" '),
  }))
    hasSquare(await draw(svg), name)
})

test('D9: a file that only began as an SVG may is none', async () => {
  const path = join(folder, 'other')
  await writeFile(path, `<!-- ${'made by hand '.repeat(9_000)}--><html></html>`)
  await assert.rejects(decoder.rasterizeSvg({ path, to: `${path}.png`, name: 'a.svg' }), {
    code: 'not-a-picture',
  })
})
