import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type Box,
  boxOf,
  firstWidth,
  freeSpot,
  GAP_UNITS,
  heightOf,
  ROW_HEIGHT_UNITS,
  tidyRows,
} from './layout.ts'
import type { ImageRecord } from './records.ts'

const size = fc.integer({ min: 1, max: 2_000 })
const place = fc.integer({ min: -5_000, max: 5_000 })

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

function overlaps(boxes: readonly Box[]): boolean {
  return boxes.some((a, i) => boxes.slice(i + 1).some((b) => overlap(a, b)))
}

const image = (box: Omit<Box, 'h'>, n: number, deletedAt: number | null = null) =>
  ({ kind: 'image', id: `${n}`, ...box, width: 400, height: 300, deletedAt }) as ImageRecord

describe('places', () => {
  test('R16: pictures dropped together stand in rows, none over another, the first on the point', () => {
    const sizes = fc.array(fc.record({ w: size, h: size }), { maxLength: 60 })
    fc.assert(
      fc.property(sizes, place, place, (all, x, y) => {
        const spots = tidyRows(all, { x, y })
        const boxes = all.map((each, i) => ({ ...each, ...spots[i]! }))
        assert.equal(spots.length, all.length)
        assert.equal(overlaps(boxes), false)
        const [first] = boxes
        if (first) assert.deepEqual([first.x + first.w / 2, first.y + first.h / 2], [x, y])
      }),
    )
  })

  test('R16: fifty alike make a block, not a line', () => {
    const spots = tidyRows(
      Array.from({ length: 50 }, () => ({ w: 320, h: 240 })),
      { x: 0, y: 0 },
    )
    const columns = new Set(spots.map(({ x }) => x)).size
    assert.ok(columns > 5 && columns < 15, `${columns} columns`)
  })

  test('R6: the next free spot is over no picture, however they stand', () => {
    const boxes = fc.array(fc.record({ x: place, y: place, w: size }), { maxLength: 30 })
    fc.assert(
      fc.property(boxes, size, size, (all, w, h) => {
        const records = new Map(all.map((box, n) => [`${n}`, image(box, n)]))
        const spot = freeSpot(records, w, h)
        for (const record of records.values())
          assert.equal(overlap({ ...spot, w, h }, boxOf(record)), false)
      }),
    )
  })

  test('R6: one after the other they make rows', () => {
    const records = new Map<string, ImageRecord>()
    for (let n = 0; n < 12; n++)
      records.set(`${n}`, image({ ...freeSpot(records, 320, 240), w: 320 }, n))
    const rows = new Set([...records.values()].map(({ y }) => y)).size
    assert.equal(rows, 3)
    assert.equal(overlaps([...records.values()].map(boxOf)), false)
  })

  test('what lies in the trash takes no room', () => {
    const records = new Map([['0', image({ x: -50, y: -50, w: 100 }, 0, 1)]])
    assert.deepEqual(freeSpot(records, 100, 100), { x: -50, y: -50 })
  })

  test('R25: a new picture is a row high, and neither narrower nor lower than 120 units', () => {
    assert.equal(firstWidth(4_000, 3_000), 320)
    assert.equal(
      heightOf({ w: firstWidth(4_000, 3_000), width: 4_000, height: 3_000 }),
      ROW_HEIGHT_UNITS,
    )
    assert.equal(firstWidth(200, 150), 200)
    const side = fc.integer({ min: 1, max: 65_535 })
    fc.assert(
      fc.property(side, side, (width, height) => {
        const w = firstWidth(width, height)
        const h = heightOf({ w, width, height })
        const isThin = Math.max(width / height, height / width) > 200
        assert.ok(isThin || Math.min(w, h) >= 119.99, `${width} x ${height}: ${w} x ${h}`)
        assert.ok(Math.max(w, h) <= 65_535, `${width} x ${height}: ${w} x ${h}`)
      }),
    )
    assert.equal(firstWidth(1_080, 9_000), 120)
    assert.equal(Math.round(firstWidth(9_000, 1_080)), 1_000)
    assert.ok(GAP_UNITS > 0)
  })
})
