import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { firstWidth, GAP_UNITS, heightOf, ROW_HEIGHT_UNITS } from './layout.ts'

test('R25: a new picture is a row high, and neither narrower nor lower than 100 units', () => {
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
      assert.ok(isThin || Math.min(w, h) >= 99.99, `${width} x ${height}: ${w} x ${h}`)
      assert.ok(Math.max(w, h) <= 65_535, `${width} x ${height}: ${w} x ${h}`)
    }),
  )
  assert.equal(firstWidth(1_080, 9_000), 100)
  assert.equal(Math.round(firstWidth(9_000, 1_080)), 960)
  assert.ok(GAP_UNITS > 0)
})
