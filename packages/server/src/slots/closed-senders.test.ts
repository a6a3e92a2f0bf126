import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from '@wirephoto/board'
import { ClosedSenders } from './closed-senders.ts'

test('L80: a slot is closed to a hundred senders at once, and then to the latest of them', () => {
  const closed = new ClosedSenders()
  const sender = (n: number) => ({ visitor: `visitor-${n}`, role: 'add' }) as const
  const isClosedTo = (n: number): boolean => {
    try {
      closed.assertOpen(sender(n))
      return false
    } catch (error) {
      assert.ok(error instanceof WireError && error.code === 'too-many')
      assert.ok(error.facts.retryAfterS! > 0 && error.facts.retryAfterS! <= 10)
      return true
    }
  }
  for (let n = 0; n < 250; n++) closed.close(sender(n), new WireError('too-many'))
  const all = Array.from({ length: 250 }, (_, n) => n)
  assert.deepEqual(all.filter(isClosedTo), all.slice(150))
})
