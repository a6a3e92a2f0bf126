import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SEED } from '../../../../test/support/effort.ts'
import { maxTileCount, mosaicBoxes } from './mosaic-layout.ts'

const SIZES = [
  { w: 320, h: 480 },
  { w: 390, h: 844 },
  { w: 844, h: 390 },
  { w: 768, h: 1024 },
  { w: 1080, h: 1920 },
  { w: 1280, h: 720 },
  { w: 1440, h: 900 },
  { w: 1920, h: 1080 },
  { w: 2560, h: 1080 },
  { w: 3840, h: 2160 },
]
const GAP_PX = 8

/** Returns shapes as cameras and screenshots have them, with a panorama and a tall one now and then. */
function shapes(count: number, seed: number): number[] {
  let state = seed + 1
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  const usual = [4 / 3, 3 / 2, 3 / 4, 2 / 3, 16 / 9, 9 / 16, 1]
  return Array.from({ length: count }, () =>
    random() < 0.05 ? (random() < 0.5 ? 10 : 0.1) : usual[Math.floor(random() * usual.length)]!,
  )
}

for (const { w, h } of SIZES)
  test(`W60: at ${w} x ${h} every tile is inside the screen, none covers another (seed ${SEED})`, () => {
    for (const count of [1, 2, 3, 5, 12, 40, 200]) {
      const tileCount = Math.min(count, maxTileCount({ w, h }))
      const boxes = mosaicBoxes(shapes(tileCount, SEED + count), { w, h }, GAP_PX)
      assert.equal(boxes.length, tileCount)
      for (const [i, box] of boxes.entries()) {
        const where = `${count} pictures, tile ${i}: ${JSON.stringify(box)}`
        assert.ok(box.x >= 0 && box.y >= 0 && box.w > 0 && box.h > 0, where)
        assert.ok(box.x + box.w <= w && box.y + box.h <= h, where)
        for (const other of boxes.slice(0, i))
          assert.ok(
            other.x + other.w <= box.x ||
              box.x + box.w <= other.x ||
              other.y + other.h <= box.y ||
              box.y + box.h <= other.y,
            where,
          )
      }
    }
  })

test('W60: the rows have one width, and the mosaic fills most of the screen', () => {
  for (const { w, h } of SIZES) {
    const boxes = mosaicBoxes(shapes(maxTileCount({ w, h }), 7), { w, h }, GAP_PX)
    const rows = Map.groupBy(boxes, ({ y }) => y)
    const widths = [...rows.values()].map(
      (row) => Math.max(...row.map((box) => box.x + box.w)) - Math.min(...row.map(({ x }) => x)),
    )
    assert.ok(Math.max(...widths) - Math.min(...widths) <= 1, `${widths}`)
    const covered = boxes.reduce((sum, box) => sum + box.w * box.h, 0)
    assert.ok(covered > 0.6 * w * h, `${w} x ${h}: ${covered / (w * h)}`)
  }
})

test('W60: tiles have the shapes of their pictures', () => {
  const ratios = [1.5, 0.75, 1.5, 1, 0.667, 1.778]
  const boxes = mosaicBoxes(ratios, { w: 1920, h: 1080 }, GAP_PX)
  for (const [i, { w, h }] of boxes.entries()) assert.ok(Math.abs(w / h / ratios[i]! - 1) < 0.02)
})

test('a mosaic of nothing, or on no screen, has no tiles', () => {
  assert.deepEqual(mosaicBoxes([], { w: 100, h: 100 }, GAP_PX), [])
  assert.deepEqual(mosaicBoxes([1], { w: 0, h: 0 }, GAP_PX), [])
  assert.equal(mosaicBoxes(shapes(40, 1), { w: 20, h: 20 }, GAP_PX).length, 40)
})
