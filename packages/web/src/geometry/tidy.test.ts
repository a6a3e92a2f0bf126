import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Box } from '@wirephoto/board'
import { tidied } from './tidy.ts'
import { overlaps } from './view.ts'

const placed = (boxes: ReadonlyMap<string, Box>): Map<string, Box> => {
  const places = tidied(boxes)
  return new Map([...boxes].map(([id, box]) => [id, { ...box, ...places.get(id)! }]))
}

test('a heap becomes rows: none covers another, and the corner stays', () => {
  const heap = new Map(
    Array.from({ length: 30 }, (_, i): [string, Box] => [
      `${i}`,
      {
        x: 100 + ((i * 37) % 90),
        y: -50 + ((i * 53) % 70),
        w: 80 + (i % 7) * 31,
        h: 60 + (i % 5) * 45,
      },
    ]),
  )
  const rows = [...placed(heap).values()]
  for (const [i, a] of rows.entries())
    for (const b of rows.slice(i + 1)) assert.equal(overlaps(a, b), false)
  assert.equal(Math.min(...rows.map(({ x }) => x)), 100)
  assert.equal(Math.min(...rows.map(({ y }) => y)), -50)
})

test('reading order is kept, and what is tidy stays as it is', () => {
  const boxes = new Map<string, Box>([
    ['below', { x: 0, y: 300, w: 100, h: 100 }],
    ['right', { x: 500, y: 20, w: 100, h: 100 }],
    ['left', { x: 10, y: 30, w: 100, h: 100 }],
  ])
  const once = placed(boxes)
  const at = (id: string) => once.get(id)!
  assert.deepEqual([...tidied(boxes).keys()], ['left', 'right', 'below'])
  assert.ok(at('left').x < at('right').x && at('right').x <= 500)
  assert.deepEqual(placed(once), once)
})

test('nothing is tidied into nothing', () => {
  assert.equal(tidied(new Map()).size, 0)
})
