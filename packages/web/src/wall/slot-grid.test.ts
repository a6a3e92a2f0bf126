import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnsFor } from './slot-grid.ts'

test('L87: a grid of slots has the columns that leave the least of the screen', () => {
  const wide = { w: 1600, h: 900 }
  const upright = { w: 900, h: 1600 }
  const of = (count: number, ratio = 4 / 3): number[] => Array.from({ length: count }, () => ratio)
  assert.equal(columnsFor(of(1), wide), 1)
  assert.equal(columnsFor(of(2), wide), 2)
  assert.equal(columnsFor(of(2), upright), 1)
  assert.equal(columnsFor(of(4), wide), 2)
  assert.equal(columnsFor(of(6), wide), 3)
  assert.equal(columnsFor(of(3, 5), wide), 1, 'panoramas stand one over another')
  assert.equal(columnsFor([], wide), 1)
})
