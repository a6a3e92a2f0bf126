import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Box } from '@wirephoto/board'
import { captionLines, roomBelow, stripPlace } from './strip-place.ts'

const box = (x: number, y: number, w: number, h: number): Box => ({ x, y, w, h })

test('P45: the room below a picture ends at the next one in its columns', () => {
  const picture = box(0, 0, 300, 200)
  const free = (...others: Box[]) => roomBelow(picture, others, 100)
  assert.equal(free(), 100)
  assert.equal(free(box(0, 216, 300, 200)), 16)
  assert.equal(free(box(299, 230, 300, 200), box(0, 290, 50, 50)), 30)
  assert.equal(free(box(300, 0, 300, 200), box(-300, 50, 300, 400)), 100, 'beside it')
  assert.equal(free(box(0, -300, 300, 200)), 100, 'above it')
  assert.equal(free(box(100, 100, 300, 300)), 0, 'over its lower edge')
  assert.equal(free(box(50, 50, 100, 100)), 100, 'over its middle')
  assert.equal(free(picture), 0, 'a copy on the same spot')
})

test('P45: of pictures anywhere, no caption lies on a picture or on another caption', () => {
  // A small generator with a fixed seed.
  let state = 7
  const random = (most: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return (state / 2 ** 31) * most
  }
  for (let round = 0; round < 12; round++) {
    const pictures = Array.from({ length: 40 }, () =>
      box(random(2_000), random(1_500), 80 + random(300), 60 + random(300)),
    )
    const zoom = 0.4 + random(2)
    const captions = pictures.flatMap((each, i) => {
      const lines = captionLines(each, roomBelow(each, pictures.toSpliced(i, 1), 1_000), zoom)
      if (!lines) return []
      return [{ i, ...each, y: each.y + each.h, h: (lines.count * lines.height) / zoom }]
    })
    assert.ok(captions.length > 0)
    for (const caption of captions)
      for (const [i, other] of [...pictures.entries(), ...captions.map((c) => [c.i, c] as const)])
        if (i !== caption.i && meets(caption, other)) assert.fail(`round ${round}`)
  }
})

test('P46: a caption has up to three lines, and none where none could be read', () => {
  const picture = box(0, 0, 300, 200)
  assert.deepEqual(captionLines(picture, 16, 1), { count: 1, height: 16 })
  assert.deepEqual(captionLines(picture, 16, 0.7), { count: 1, height: 11 })
  assert.equal(captionLines(picture, 16, 0.6), null, 'too low')
  assert.equal(captionLines(picture, 500, 0.2), null, 'too narrow')
  assert.deepEqual(captionLines(picture, 500, 1), { count: 3, height: 18 })
})

test('P47: an info strip stands under its picture, on its lower third, or is a tip', () => {
  const picture = box(0, 0, 300, 200)
  const small = box(0, 0, 80, 60)
  const where = (one: Box, zoom: number, ...others: Box[]) =>
    stripPlace(one, () => others, zoom).where
  assert.equal(where(picture, 1), 'under')
  assert.equal(where(picture, 1, box(0, 216, 300, 200)), 'inside')
  assert.equal(where(picture, 2, box(0, 216, 300, 200)), 'under')
  assert.equal(where(small, 1), 'wide')
  assert.equal(where(small, 1, box(96, 0, 80, 200)), 'tip')
  assert.equal(where(picture, 0.2, box(0, 216, 300, 200)), 'tip')
  const { room } = stripPlace(picture, () => [box(0, 216, 300, 200)], 1)
  assert.ok(room < 200 / 2, 'the middle of the picture is free')
})

const meets = (a: Box, b: Box): boolean =>
  a.x < b.x + b.w - 1e-6 &&
  b.x < a.x + a.w - 1e-6 &&
  a.y < b.y + b.h - 1e-6 &&
  b.y < a.y + a.h - 1e-6
