import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { rgbaToThumbHash } from 'thumbhash'
import { looks, paperOf } from './thumbhash.ts'

const SIDE_PX = 32
const CLEAR = [0, 0, 0, 0] as const
const SHEET = 'var(--sheet)'
const [quietDay] = looks.day.papers
const [quietNight, lightNight] = looks.night.papers

test('P48: a transparent drawing gets paper only in the look whose sheet swallows it', () => {
  assert.equal(paperOf(drawing([20])), `light-dark(${SHEET}, ${quietNight})`)
  assert.equal(paperOf(drawing([240])), `light-dark(${quietDay}, ${SHEET})`)
  for (const grey of [110, 130, 150]) assert.equal(paperOf(drawing([grey])), null, `${grey}`)
  assert.equal(paperOf(drawing([20], 255)), null, 'an opaque one')
  assert.equal(paperOf('AA'), null, 'no thumbhash')
})

test('P48: it gets the quietest paper on which most of it shows', () => {
  assert.equal(paperOf(drawing([130, 130, 130, 130, 20])), null, 'a dark part is small')
  const half = paperOf(drawing([20, 240]))
  assert.equal(half, `light-dark(${quietDay}, ${quietNight})`, 'each look swallows another half')
  const muddy = paperOf(drawing([20, 120]))
  assert.equal(muddy, `light-dark(${SHEET}, ${lightNight})`, 'the quiet paper swallows the rest')
})

test('P69: thin lines and words count as much as a full sign beside them', () => {
  const line = painted((x, y) => (x === 4 && y > 2 && y < 30 ? [30, 30, 30, 60] : CLEAR))
  assert.equal(paperOf(line), `light-dark(${SHEET}, ${quietNight})`, 'a line too thin for the blur')
  const sign = painted((x, y) => {
    if (x < 10) return [240, 138, 28, 255]
    return y > 10 && y < 22 ? [17, 17, 17, 110] : CLEAR
  })
  assert.equal(paperOf(sign), `light-dark(${SHEET}, ${lightNight})`, 'black words beside a sign')
})

test('P48: papers are judged from the sheets of both looks', async () => {
  const tokens = await readFile(new URL('../look/tokens.css', import.meta.url), 'utf8')
  const { day, night } = looks
  assert.ok(tokens.includes(`--sheet: light-dark(${day.sheet}, ${night.sheet});`))
})

/** Returns the thumbhash of a small picture whose pixels this function gives. */
function painted(colourAt: (x: number, y: number) => readonly number[]): string {
  const pixels = Uint8Array.from(
    Array.from({ length: SIDE_PX * SIDE_PX }, (_, i) =>
      colourAt(i % SIDE_PX, Math.floor(i / SIDE_PX)),
    ).flat(),
  )
  return Buffer.from(rgbaToThumbHash(SIDE_PX, SIDE_PX, pixels)).toString('base64')
}

/** Returns the thumbhash of bands of greys in the middle of a ground of this alpha. */
function drawing(greys: readonly number[], alpha = 0): string {
  const pixels = new Uint8Array(SIDE_PX * SIDE_PX * 4)
  for (let i = 0; i < SIDE_PX * SIDE_PX; i++) {
    const isInk = i % SIDE_PX > 8 && i % SIDE_PX < 24
    const grey = greys[Math.floor((i / SIDE_PX ** 2) * greys.length)]!
    pixels.set([grey, grey, grey, isInk ? 255 : alpha], i * 4)
  }
  return Buffer.from(rgbaToThumbHash(SIDE_PX, SIDE_PX, pixels)).toString('base64')
}
