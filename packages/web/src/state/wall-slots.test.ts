import assert from 'node:assert/strict'
import { test } from 'node:test'
import { searchForSlots, slotsFrom } from './wall-slots.ts'

test('L86: the address of a wall names its slots, and keeps its other parts', () => {
  assert.deepEqual(slotsFrom('?slots=loss,cam.1&pace=5'), ['loss', 'cam.1'])
  assert.deepEqual(slotsFrom('?slots=loss,loss,../x,,%3Cb%3E'), ['loss'])
  for (const none of ['', '?slots=', '?pace=5']) assert.deepEqual(slotsFrom(none), [])
  assert.equal(slotsFrom(`?slots=${Array.from({ length: 99 }, (_, i) => `s${i}`)}`).length, 25)
  assert.equal(searchForSlots(['loss', 'cam'], '?pace=5&slots=x'), '?pace=5&slots=loss,cam')
  assert.equal(searchForSlots([], '?slots=x'), '')
})
