import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FEED_GAP_PX, feedRows } from './feed-rows.ts'

const WIDTH_PX = 390
const shapes = Array.from({ length: 200 }, (_, i) => [4 / 3, 3 / 4, 16 / 9, 1, 9 / 20, 5][i % 6]!)
const rowsOf = (ratios: readonly number[]) => [
  ...Map.groupBy(feedRows(ratios, WIDTH_PX), ({ y }) => y).values(),
]

test('P38: rows of two or three go from edge to edge', () => {
  const rows = rowsOf(shapes)
  for (const [i, row] of rows.entries()) {
    const last = row.at(-1)!
    assert.ok(row.length <= 3)
    if (i > 0) assert.ok(Math.abs(last.x + last.w - WIDTH_PX) < 1e-6)
    for (const [n, box] of row.entries()) {
      assert.equal(box.h, row[0]!.h)
      if (n > 0) assert.ok(Math.abs(box.x - row[n - 1]!.x - row[n - 1]!.w - FEED_GAP_PX) < 1e-6)
    }
  }
  assert.ok(
    rowsOf(shapes.filter((shape) => shape < 2)).every((row, i) => i === 0 || row.length > 1),
  )
})

test('P38: a new picture on top changes the uppermost row alone', () => {
  for (let count = 1; count < 40; count++) {
    const before = rowsOf(shapes.slice(40 - count, 40)).map((row) => row.map(({ w }) => w))
    const after = rowsOf(shapes.slice(39 - count, 40)).map((row) => row.map(({ w }) => w))
    const stays = before.length - 1
    assert.deepEqual(after.slice(after.length - stays), before.slice(1), `${count}`)
  }
})

test('P38: a tall picture that is alone is not higher than the screen', () => {
  assert.ok(feedRows([0.1], WIDTH_PX)[0]!.h < 600)
  assert.deepEqual(feedRows([], WIDTH_PX), [])
})

test('T35: rows of a wide feed are low, and go from edge to edge but for the newest', () => {
  for (const width of [600, 844, 960, 1440]) {
    const rows = [...Map.groupBy(feedRows(shapes, width), ({ y }) => y).values()]
    for (const [i, row] of rows.entries()) {
      const last = row.at(-1)!
      assert.ok(row.every(({ h }) => h <= 240))
      assert.ok(last.x + last.w <= width + 1e-6)
      if (i > 0) assert.ok(Math.abs(last.x + last.w - width) < 1e-6)
    }
  }
  const [lone] = feedRows([1.5], 960, true)
  assert.deepEqual(lone, { x: 600, y: 0, w: 360, h: 240 })
})
