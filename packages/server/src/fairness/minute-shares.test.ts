import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MinuteShares } from './minute-shares.ts'

const MINUTE_MS = 60_000
const BOUNDS = { pictures: 10, bytes: 1_000 }
const one = () => ({ pictures: 1, bytes: 0 })
const bytes = (count: number) => ({ pictures: 0, bytes: count })
const at = (address: string, visitor: string) => ({ address, visitor })
const anna = at('192.0.2.1', 'anna')
const ben = at('192.0.2.1', 'ben')
const carl = at('192.0.2.2', 'carl')

/** Takes pictures until one is refused. Returns how many were taken, and how long the next one has to wait. */
function fill(shares: MinuteShares, who: typeof anna, now: number): [number, number] {
  for (let taken = 0; ; taken++) {
    const tooMuch = shares.take(who, one(), BOUNDS, now)
    if (tooMuch) return [taken, tooMuch.waitMs]
  }
}

test('Y54: so many pictures in any minute, and the next when the first of them is over', () => {
  const shares = new MinuteShares(MINUTE_MS)
  assert.equal(shares.take(anna, one(), BOUNDS, 0), null)
  assert.deepEqual(fill(shares, anna, 20_000), [9, 40_000])
  assert.deepEqual(fill(shares, anna, 60_001), [1, 19_999])
  assert.deepEqual(fill(shares, anna, 80_001), [9, 40_000])
})

test('Y54: the last file may go beyond the bytes, and a large one comes alone', () => {
  const shares = new MinuteShares(MINUTE_MS)
  assert.equal(shares.take(anna, bytes(5_000), BOUNDS, 0), null)
  assert.deepEqual(shares.take(anna, bytes(1), BOUNDS, 1), { unit: 'bytes', waitMs: 59_999 })
  assert.equal(shares.take(anna, one(), BOUNDS, 1), null)
})

test('Y54: an amount that came to nothing is given back', () => {
  const shares = new MinuteShares(MINUTE_MS)
  const amount = one()
  assert.equal(shares.take(anna, amount, BOUNDS, 0), null)
  shares.giveBack(anna, amount)
  assert.deepEqual(fill(shares, anna, 0)[0], 10)
})

test('E125: an amount that another server gives back counts no more, and nothing counts below zero', () => {
  const shares = new MinuteShares(MINUTE_MS)
  shares.receive(ben, { pictures: 3, bytes: 300 }, 0)
  shares.receive(ben, { pictures: 1, bytes: 0 }, 1)
  shares.receive(carl, { pictures: 2, bytes: 0 }, 2)
  // One message may give back pictures and take bytes.
  shares.receive(ben, { pictures: -2, bytes: 600 }, 3)
  assert.equal(shares.take(anna, bytes(1), BOUNDS, 4), null)
  shares.receive(ben, { pictures: 0, bytes: -899 }, 5)
  assert.equal(shares.take(anna, bytes(998), BOUNDS, 6), null)
  assert.equal(fill(shares, anna, 7)[0], 6)
  for (const other of [MINUTE_MS, 2 * MINUTE_MS]) {
    // The message of the amount itself was lost.
    shares.receive(ben, { pictures: -9, bytes: 0 }, other + 100)
    assert.equal(fill(shares, anna, other + 101)[0], 10)
  }
})

test('E125: the time to wait minds what was given back, and own amounts stay', () => {
  const shares = new MinuteShares(MINUTE_MS)
  const own = { pictures: 4, bytes: 0 }
  shares.receive(ben, own, 0)
  shares.receive(ben, { pictures: -4, bytes: 0 }, 1)
  assert.equal(shares.take(ben, own, BOUNDS, 20_000), null)
  shares.receive(ben, { pictures: -4, bytes: 0 }, 20_001)
  assert.deepEqual(fill(shares, anna, 20_002), [6, 39_998 + 20_000])
  assert.equal(shares.giveBack(ben, own), true)
  assert.equal(shares.giveBack(ben, own), false)
  assert.equal(fill(shares, anna, 20_003)[0], 4)
})

test('Y56: who was refused and has less comes before who has much, on one address and on another', () => {
  for (const other of [ben, carl]) {
    const shares = new MinuteShares(MINUTE_MS)
    fill(shares, anna, 0)
    assert.ok(shares.take(other, one(), BOUNDS, 100))
    // Anna asks first when the minute is over, and leaves one place.
    assert.equal(fill(shares, anna, 60_001)[0], 9)
    assert.equal(shares.take(other, one(), BOUNDS, 60_002), null)
  }
})

test('Y56: room is kept for a while only', () => {
  const shares = new MinuteShares(MINUTE_MS)
  fill(shares, anna, 0)
  assert.ok(shares.take(ben, one(), BOUNDS, 100))
  assert.equal(fill(shares, anna, 80_000)[0], 10)
})
