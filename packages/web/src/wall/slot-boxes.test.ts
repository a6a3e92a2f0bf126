import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Box } from '@wirephoto/board'
import { slotBoxes } from './slot-boxes.ts'

const GAP_PX = 20
const FOOT_PX = 30
const wide = { w: 1600, h: 900, gap: GAP_PX, foot: FOOT_PX, narrowest: 80 }
const upright = { w: 900, h: 1600, gap: GAP_PX, foot: FOOT_PX, narrowest: 80 }

test('L87: one slot fills the wall, and alike ones stand as the screen does', () => {
  const [one] = slotBoxes([16 / 9], wide)
  assert.equal(Math.round(one!.h), 900 - FOOT_PX)
  assert.equal(rowsOf(slotBoxes([4 / 3, 4 / 3], wide)), 1)
  assert.equal(rowsOf(slotBoxes([4 / 3, 4 / 3], upright)), 2)
  assert.equal(rowsOf(slotBoxes(Array<number>(4).fill(4 / 3), wide)), 2)
  assert.equal(rowsOf(slotBoxes([5, 5, 5], wide)), 3)
  assert.deepEqual(slotBoxes([], wide), [])
})

test('L87: slots of any shape and number stand whole, apart, and none of them tiny', () => {
  const shapes = [16 / 9, 4 / 3, 1, 9 / 16, 3, 2 / 3, 16 / 9, 5 / 4, 10 / 7]
  for (let count = 1; count <= 25; count++)
    for (const frame of [wide, upright, { w: 360, h: 800, gap: 7, foot: 24, narrowest: 80 }]) {
      const ratios = Array.from({ length: count }, (_, i) => shapes[(i * 4) % shapes.length]!)
      const boxes = slotBoxes(ratios, frame)
      assert.equal(boxes.length, count)
      for (const [i, { x, y, w, h }] of boxes.entries()) {
        assert.ok(Math.abs(w / h - ratios[i]!) < 1e-6, 'whole')
        assert.ok(x > -0.01 && y > -0.01 && x + w < frame.w + 0.01)
        assert.ok(y + h + frame.foot < frame.h + 0.01, 'with room for its name')
        assert.ok(Math.sqrt((w * h * count) / (frame.w * frame.h)) > 0.3, `${count}: ${w} × ${h}`)
      }
      for (const [i, a] of boxes.entries())
        for (const b of boxes.slice(i + 1))
          assert.ok(
            a.x + a.w < b.x + 0.01 ||
              b.x + b.w < a.x + 0.01 ||
              a.y + a.h + frame.foot < b.y + 0.01 ||
              b.y + b.h + frame.foot < a.y + 0.01,
          )
    }
})

test('L87: few slots change their order where that makes them larger', () => {
  const boxes = slotBoxes([16 / 9, 9 / 16, 1], wide)
  assert.equal(Math.round(boxes[0]!.w), Math.round(boxes[2]!.w), 'the wide one over the square')
  assert.ok(boxes[1]!.h > boxes[0]!.h * 2, 'the high one beside both')
})

/** Counts the rows of boxes. */
const rowsOf = (boxes: readonly Box[]): number => new Set(boxes.map(({ y }) => Math.round(y))).size
