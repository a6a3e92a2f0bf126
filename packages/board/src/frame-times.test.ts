import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameTimes } from './frame-times.ts'

test('L45: a slot is late after three of its intervals, and never within three seconds', () => {
  const times = new FrameTimes()
  assert.equal(times.isLate(0), true, 'nothing has come')
  times.note(1_000)
  assert.equal(times.isLate(50_000), false, 'nobody knows yet how often it sends')
  assert.equal(times.isLate(62_000), true)
  for (let at = 11_000; at <= 101_000; at += 10_000) times.note(at)
  assert.equal(times.isLate(130_000), false)
  assert.equal(times.isLate(132_000), true)
  const quick = new FrameTimes()
  for (let at = 0; at < 3_000; at += 33) quick.note(at)
  assert.equal(quick.isLate(5_500), false)
  assert.equal(quick.isLate(6_100), true)
  quick.note(6_100)
  assert.equal(quick.isLate(6_200), false)
  const told = new FrameTimes()
  told.note(0)
  told.expect(600_000)
  assert.equal(told.isLate(1_700_000), false, 'the server knows how often it sends')
})
