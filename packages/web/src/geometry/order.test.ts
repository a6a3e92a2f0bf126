import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inReadingOrder } from '@wirephoto/board'
import type { StackedBox } from './box.ts'
import { firstSeen, neighbour, stacked } from './order.ts'

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
