import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@wirephoto/board'
import { Presence } from './presence.ts'

test('W15: on a crowded board 50 sessions are shown, and all that drag a picture', () => {
  const presence = new Presence(() => {})
  const idle = { name: '', cursor: null, selection: [], drag: null }
  const sessions = Array.from({ length: 60 }, (_, i) => `s${i}`)
  for (const session of sessions) presence.set(session, session, idle)
  const first = sessions.slice(0, limits.shownPeopleCount)
  assert.equal(first.length, 50)
  assert.deepEqual(Object.keys(presence.all), first)
  presence.set('s55', 's55', { ...idle, drag: { a: { x: 1, y: 2 } } })
  assert.deepEqual(Object.keys(presence.all), [...first, 's55'])
  presence.set('s55', 's55', idle)
  presence.leave('s0')
  assert.deepEqual(Object.keys(presence.all), sessions.slice(1, 51))
  presence.close()
})
