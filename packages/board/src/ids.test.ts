import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { boardOf, heldLogOf, isBoardId, isHeldLog, timeOf, uuidv7 } from './ids.ts'

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const random = fc.uint8Array({ minLength: 10, maxLength: 10 })

test('R2: a UUIDv7 has its version, its variant and its time, and sorts by it', () => {
  fc.assert(
    fc.property(time, random, time, random, (a, bytes, b, others) => {
      const [one, other] = [uuidv7(a, bytes), uuidv7(b, others)]
      assert.match(one, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.equal(timeOf(one), a)
      if (a !== b) assert.equal(one < other, a < b)
    }),
  )
})

test('RFC 9562 A.6: the example', () => {
  const bytes = [0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]
  assert.equal(
    uuidv7(0x017f22e279b0, Uint8Array.from(bytes)),
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  )
})

test('at least 74 of its bits are random', () => {
  const zeros = BigInt(`0x${uuidv7(0, new Uint8Array(10)).replaceAll('-', '')}`)
  const ones = BigInt(`0x${uuidv7(0, new Uint8Array(10).fill(255)).replaceAll('-', '')}`)
  assert.equal((zeros ^ ones).toString(2).replaceAll('0', '').length, 74)
})

test('B106: a held log has an id that no board can have', () => {
  for (const board of ['main', 'a', '-'.repeat(64)]) {
    const log = heldLogOf(board)
    assert.deepEqual([isBoardId(log), isHeldLog(log), boardOf(log)], [false, true, board])
    assert.deepEqual([isHeldLog(board), boardOf(board)], [false, board])
    assert.equal(isHeldLog(heldLogOf(log)), false)
  }
  for (const id of ['', '~held', 'a b~held', 'a/b~held', `${'a'.repeat(65)}~held`])
    assert.equal(isHeldLog(id), false)
})
