import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArrivalSpeed } from './arrival-speed.ts'

const TOTAL_BYTES = 4_000_000

/** Returns when a file is found slow that comes in at this speed, with four reports a second; null if never. */
function slowFrom(bytesPerSecond: number, total: number | null = TOTAL_BYTES): number | null {
  const speed = new ArrivalSpeed()
  for (let ms = 250; ; ms += 250) {
    const sent = Math.min(TOTAL_BYTES, (bytesPerSecond * ms) / 1_000)
    if (speed.isSlow(ms, sent, total)) return ms
    if (sent === TOTAL_BYTES) return null
  }
}

test('P10: a file is read while it arrives only if its rest takes long', () => {
  assert.equal(slowFrom(100_000), 1_000)
  assert.equal(slowFrom(1_400_000), null)
  assert.equal(slowFrom(40_000_000), null)
  assert.equal(slowFrom(1_000_000, null), 1_000)
})

test('P10: an upload that slows down is read from then on', () => {
  const speed = new ArrivalSpeed()
  for (let ms = 0; ms <= 1_500; ms += 250)
    assert.equal(speed.isSlow(ms, 1 + 2_000 * ms, TOTAL_BYTES), false)
  let isSlow = false
  for (let ms = 1_750; ms <= 5_000; ms += 250)
    isSlow ||= speed.isSlow(ms, 3_000_001 + 50 * (ms - 1_500), TOTAL_BYTES)
  assert.equal(isSlow, true)
})
