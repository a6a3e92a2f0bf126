import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Box } from '@wirephoto/board'
import { overlaps, type StackedBox } from './box.ts'
import { firstSeen, inReadingOrder, neighbour, stacked, tidyPlaces } from './order.ts'

/** Three in a row, one below the middle. */
const boxes = new Map<string, StackedBox>([
  ['left', { x: 0, y: 0, w: 100, h: 80, z: 'a2' }],
  ['middle', { x: 120, y: 0, w: 100, h: 80, z: 'a0' }],
  ['right', { x: 240, y: 0, w: 100, h: 80, z: 'a1' }],
  ['below', { x: 130, y: 100, w: 100, h: 80, z: 'a1' }],
])

test('arrows go to the picture that lies that way', () => {
  assert.equal(neighbour(boxes, 'left', 'right'), 'middle')
  assert.equal(neighbour(boxes, 'middle', 'right'), 'right')
  assert.equal(neighbour(boxes, 'middle', 'down'), 'below')
  assert.equal(neighbour(boxes, 'below', 'up'), 'middle')
  assert.equal(neighbour(boxes, 'left', 'left'), null)
  assert.equal(neighbour(boxes, 'gone', 'left'), null)
})

test('the keyboard enters at the first picture that is seen, or at the first of all', () => {
  assert.equal(firstSeen(boxes, { x: 110, y: -10, w: 500, h: 500 }), 'middle')
  assert.equal(firstSeen(boxes, { x: 9000, y: 0, w: 10, h: 10 }), 'left')
  assert.equal(firstSeen(new Map(), { x: 0, y: 0, w: 1, h: 1 }), null)
})

test('they are read row by row, though a row is never quite straight', () => {
  const crooked = new Map(boxes).set('last', { x: -50, y: 139, w: 50, h: 50, z: 'a3' })
  crooked.set('middle', { x: 120, y: -30, w: 100, h: 80, z: 'a0' })
  assert.deepEqual(inReadingOrder(crooked), ['left', 'middle', 'right', 'last', 'below'])
  assert.equal(firstSeen(crooked, { x: -500, y: -500, w: 5000, h: 5000 }), 'left')
  assert.deepEqual(inReadingOrder(new Map()), [])
})

test('R7: pictures are stacked by z, those of the same z by id, alike on every page', () => {
  const layers = stacked(['right', 'left', 'middle', 'below'], boxes, 0)
  assert.deepEqual(
    [...layers].sort(([, a], [, b]) => a - b).map(([id]) => id),
    ['middle', 'below', 'right', 'left'],
  )
})

const placed = (boxes: ReadonlyMap<string, Box>): Map<string, Box> => {
  const places = tidyPlaces(boxes)
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
  assert.deepEqual([...tidyPlaces(boxes).keys()], ['left', 'right', 'below'])
  assert.ok(at('left').x < at('right').x && at('right').x <= 500)
  assert.deepEqual(placed(once), once)
})

test('nothing is tidied into nothing', () => {
  assert.equal(tidyPlaces(new Map()).size, 0)
})
