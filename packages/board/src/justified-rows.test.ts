import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { justifiedBlock, justifiedRows, rowsWithin } from './justified-rows.ts'
import type { Box } from './layout.ts'

const GAP_UNITS = 10
const ratio = fc.double({ min: 0.05, max: 20, noNaN: true })

const isNear = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6 * Math.max(1, a, b)

/** Returns the rows of boxes that are in order. */
const rowsOf = (boxes: readonly Box[]): Box[][] => [...Map.groupBy(boxes, ({ y }) => y).values()]

function assertRows(boxes: readonly Box[], width: number, isLastFull = false): void {
  const rows = rowsOf(boxes)
  let y = 0
  for (const [i, row] of rows.entries()) {
    let x = 0
    for (const box of row) {
      assert.ok(isNear(box.x, x) && isNear(box.y, y) && isNear(box.h, row[0]!.h))
      x += box.w + GAP_UNITS
    }
    const right = x - GAP_UNITS
    assert.ok(right < width * (1 + 1e-9))
    if (i < rows.length - 1 || isLastFull) assert.ok(isNear(right, width), `${right}`)
    y += row[0]!.h + GAP_UNITS
  }
}

test('P36: rows of any shapes have one height and one width, in their order, without a hole', () => {
  fc.assert(
    fc.property(fc.array(ratio, { maxLength: 60 }), fc.boolean(), (ratios, fillsLast) => {
      const boxes = justifiedRows(ratios, { width: 3_000, height: 200, gap: GAP_UNITS, fillsLast })
      assert.equal(boxes.length, ratios.length)
      for (const [i, { w, h }] of boxes.entries()) assert.ok(isNear(w / h, ratios[i]!))
      assertRows(boxes, 3_000, fillsLast)
    }),
  )
})

test('P36: rows come near to the wanted height, and the last is not lonely without need', () => {
  const ratios = Array.from({ length: 101 }, (_, i) => [1.33, 0.75, 1.78][i % 3]!)
  const boxes = justifiedRows(ratios, { width: 2_000, height: 200, gap: GAP_UNITS })
  for (const { h } of boxes) assert.ok(h > 140 && h < 280, `${h}`)
  assert.ok(rowsOf(boxes).at(-1)!.length > 2)
})

test('P36: a block is near 1.6 : 1', () => {
  for (const count of [6, 12, 40, 200]) {
    const ratios = Array.from({ length: count }, (_, i) => [1.33, 0.75, 1.78, 1][i % 4]!)
    const boxes = justifiedBlock(ratios, { height: 240, gap: 16 })
    const right = Math.max(...boxes.map(({ x, w }) => x + w))
    const bottom = Math.max(...boxes.map(({ y, h }) => y + h))
    assert.ok(right / bottom > 1.3 && right / bottom < 2, `${count}: ${right / bottom}`)
  }
})

test('P36: rows in a frame fit whole, and cover most of it', () => {
  fc.assert(
    fc.property(
      fc.array(ratio, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 200, max: 3_000 }),
      fc.integer({ min: 200, max: 3_000 }),
      (ratios, w, h) => {
        const boxes = rowsWithin(ratios, { w, h }, GAP_UNITS)
        assert.equal(boxes.length, ratios.length)
        for (const box of boxes) {
          assert.ok(box.x > -1e-6 && box.y > -1e-6)
          assert.ok(box.x + box.w < w + 1e-6 && box.y + box.h < h + 1e-6)
          assert.ok(box.w > 0)
        }
      },
    ),
  )
  const usual = Array.from({ length: 40 }, (_, i) => [1.33, 0.75, 1.78][i % 3]!)
  for (const [w, h] of [
    [1_920, 1_080],
    [1_080, 1_920],
    [800, 600],
  ] as const) {
    const area = rowsWithin(usual, { w, h }, GAP_UNITS).reduce((sum, box) => sum + box.w * box.h, 0)
    assert.ok(area > 0.7 * w * h, `${area / w / h}`)
  }
})
