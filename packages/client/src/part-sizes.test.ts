import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartSizes } from './part-sizes.ts'

const FIRST_BYTES = 1_000_000
/** A part on a line of 5 Mbit/s whose bytes the server gets as they are sent. */
const STREAMED = { bytes: FIRST_BYTES, durationMs: 1_650, receivedMs: 1_600 }
/** The same part where a proxy keeps it back until it has all. */
const BUFFERED = { ...STREAMED, receivedMs: 8 }
const newSizes = () => new PartSizes()

test('U51: after the first part, the next takes half a minute, up to 16 MiB', () => {
  const sizes = newSizes()
  assert.equal(sizes.firstBytes, FIRST_BYTES)
  assert.equal(sizes.bytesAfter(STREAMED), 2 ** 24)
  const slow = { bytes: FIRST_BYTES, durationMs: 10_000, receivedMs: 9_800 }
  assert.equal(sizes.bytesAfter(slow), 3 * FIRST_BYTES)
  const slower = { bytes: FIRST_BYTES, durationMs: 60_000, receivedMs: 59_000 }
  assert.equal(sizes.bytesAfter(slower), FIRST_BYTES)
})

test('U52: behind a proxy that keeps bodies back, and a server that says nothing, parts take two seconds', () => {
  for (const receivedMs of [BUFFERED.receivedMs, null]) {
    const sizes = newSizes()
    const bytes = sizes.bytesAfter({ ...BUFFERED, receivedMs })
    assert.equal(bytes, Math.round((FIRST_BYTES * 2_000) / BUFFERED.durationMs))
    // Each part is judged by itself.
    assert.equal(sizes.bytesAfter(STREAMED), 2 ** 24)
  }
})

test('U26: one large part that is refused between makes all parts small, and small ones smaller', () => {
  const sizes = newSizes()
  assert.ok(sizes.onRefused(2 ** 24))
  assert.equal(sizes.firstBytes, FIRST_BYTES)
  assert.equal(sizes.bytesAfter(STREAMED), FIRST_BYTES)
  sizes.onLive()
  assert.equal(sizes.bytesAfter(STREAMED), FIRST_BYTES, 'also on a new connection')
  assert.ok(sizes.onRefused(FIRST_BYTES))
  assert.equal(sizes.bytesAfter(STREAMED), FIRST_BYTES / 2)
  while (sizes.onRefused(sizes.firstBytes));
  assert.equal(sizes.firstBytes, 2 ** 15)
})

test('U31: three requests in a row without an answer make parts small on this connection', () => {
  const sizes = newSizes()
  assert.ok(!sizes.onBroken(2 ** 24))
  assert.ok(!sizes.onBroken(2 ** 24))
  sizes.onAnswered()
  assert.ok(!sizes.onBroken(2 ** 24))
  assert.ok(!sizes.onBroken(2 ** 24))
  assert.ok(sizes.onBroken(2 ** 24))
  assert.equal(sizes.bytesAfter(STREAMED), FIRST_BYTES)
  sizes.onLive()
  assert.equal(sizes.bytesAfter(STREAMED), 2 ** 24)
})
