import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ImageRecord, isNewer } from './records.ts'

const picture = (id: string, createdAt: number, storedAt: number | null): ImageRecord =>
  ({ id, createdAt, storedAt }) as ImageRecord

test('R24: the last saved picture is the one that was stored last, in every window', () => {
  const slow = picture('a', 1, 9)
  const quick = picture('b', 2, 3)
  const coming = picture('c', 0, null)
  const later = picture('d', 5, null)
  const order = [quick, coming, later, slow].sort((a, b) => (isNewer(a, b) ? -1 : 1))
  assert.deepEqual(
    order.map(({ id }) => id),
    ['d', 'c', 'a', 'b'],
  )
  assert.equal(isNewer(picture('a', 1, 3), picture('b', 1, 3)), false)
  assert.equal(isNewer(picture('b', 1, 3), picture('a', 1, 3)), true)
})
