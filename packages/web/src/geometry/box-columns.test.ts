import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Box } from '@wirephoto/board'
import { BoxColumns } from './box-columns.ts'

/** The side of a board of pictures in rows. */
const SIDE_COUNT = 20

test('P45: the room under a picture is found with a look at few others', () => {
  const boxes = new Map<string, Box>()
  for (let i = 0; i < SIDE_COUNT ** 2; i++)
    boxes.set(`${i}`, {
      x: (i % SIDE_COUNT) * 320,
      y: Math.floor(i / SIDE_COUNT) * 256,
      w: 304,
      h: 240,
    })
  boxes.set('wide', { x: -5_000, y: 20_000, w: 30_000, h: 100 })
  const columns = new BoxColumns(boxes)
  let lookCount = 0
  for (const [id, box] of boxes) {
    const near = new Set(columns.besides(id, box))
    if (id !== 'wide') lookCount += near.size
    const missed = [...boxes].filter(
      ([other, at]) => other !== id && at.x < box.x + box.w && box.x < at.x + at.w && !near.has(at),
    )
    assert.deepEqual(missed, [])
    assert.ok(!near.has(box))
  }
  assert.ok(lookCount < boxes.size ** 2 / 5, `${lookCount}`)
})
