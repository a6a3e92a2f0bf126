import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overlaps } from '@wirephoto/board'
import { rowsAround } from './rows-around.ts'

test('R16: pictures dropped together stand in rows, none over another, the first centred on the point', () => {
  const sizes = Array.from({ length: 30 }, (_, i) => ({ w: 200 + (i % 5) * 90, h: 240 }))
  const at = { x: 500, y: -300 }
  const places = rowsAround(at, sizes)
  assert.equal(places.length, sizes.length)
  const boxes = places.map(({ x, y, w }, i) => ({ x, y, w, h: (w * sizes[i]!.h) / sizes[i]!.w }))
  const [first] = boxes
  assert.ok(Math.abs(first!.x + first!.w / 2 - at.x) < 0.1)
  assert.ok(Math.abs(first!.y + first!.h / 2 - at.y) < 0.1)
  for (const [i, box] of boxes.entries())
    for (const other of boxes.slice(i + 1)) assert.equal(overlaps(box, other), false)
  const rows = new Set(boxes.map(({ y }) => Math.round(y)))
  assert.ok(rows.size > 1 && rows.size < 10, `${rows.size} rows`)
})
