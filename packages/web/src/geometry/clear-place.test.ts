import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { overlaps } from '@wirephoto/board'
import fc from 'fast-check'
import { contains } from './box.ts'
import { clearPlace } from './clear-place.ts'

const bounds = { x: 8, y: 8, w: 344, h: 784 }
const size = { w: 100, h: 40 }

describe('a place for a floating part (O1)', () => {
  test('is the first wanted one that covers nothing', () => {
    const bar = { x: 100, y: 100, w: 100, h: 40 }
    const wanted = [
      { x: 120, y: 110 },
      { x: 120, y: 200 },
    ]
    assert.deepEqual(clearPlace(size, wanted, [bar], bounds), wanted[1])
  })

  test('is the nearest clear one if each wanted one covers something', () => {
    const bar = { x: 100, y: 100, w: 100, h: 40 }
    assert.deepEqual(clearPlace(size, [{ x: 120, y: 130 }], [bar], bounds), { x: 120, y: 148 })
  })

  test('lies within the screen', () => {
    assert.deepEqual(clearPlace(size, [{ x: 900, y: -50 }], [], bounds), { x: 252, y: 8 })
  })

  test('is the wanted one on a screen without room', () => {
    const whole = { x: 0, y: 0, w: 400, h: 900 }
    assert.deepEqual(clearPlace(size, [{ x: 20, y: 20 }], [whole], bounds), { x: 20, y: 20 })
  })

  test('covers nothing, wherever the others are, as long as there is room', () => {
    const part = fc.record({
      x: fc.integer({ min: -50, max: 400 }),
      y: fc.integer({ min: -50, max: 800 }),
      w: fc.integer({ min: 1, max: 200 }),
      h: fc.integer({ min: 1, max: 60 }),
    })
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 5 }),
        fc.integer({ min: -100, max: 500 }),
        fc.integer({ min: -100, max: 900 }),
        (taken, x, y) => {
          const box = { ...clearPlace(size, [{ x, y }], taken, bounds), ...size }
          assert.ok(contains(bounds, box))
          assert.ok(!taken.some((other) => overlaps(other, box)))
        },
      ),
    )
  })
})
