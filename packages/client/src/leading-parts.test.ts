import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeadingParts } from './leading-parts.ts'
import { PartSizes } from './part-sizes.ts'

const FIRST_BYTES = 1_000_000
const LEAD_BYTES = 2 ** 15
const part = (bytes: number, durationMs: number) => ({ bytes, durationMs, receivedMs: durationMs })

function open() {
  const job: { previewDue: Promise<void> | null } = { previewDue: new Promise<void>(() => {}) }
  return { job, parts: new LeadingParts(job, new PartSizes()) }
}

test('A51: while the preview is made, parts are small, and then as long as 80 ms take', () => {
  const { parts } = open()
  assert.equal(parts.nextBytes(null), LEAD_BYTES)
  assert.equal(parts.nextBytes(part(LEAD_BYTES, 80)), LEAD_BYTES)
  assert.equal(parts.nextBytes(part(LEAD_BYTES, 20)), 4 * LEAD_BYTES)
  assert.equal(parts.nextBytes(part(4 * LEAD_BYTES, 5)), FIRST_BYTES, 'no more than a first part')
  assert.ok(!parts.waitsForPreview)
})

test('A51: behind a part that took long, the file waits for its preview', () => {
  const { job, parts } = open()
  parts.nextBytes(null)
  assert.equal(parts.nextBytes(part(LEAD_BYTES, 300)), FIRST_BYTES)
  assert.ok(parts.waitsForPreview)
  job.previewDue = null
  assert.ok(!parts.waitsForPreview)
})

test('A51: without a preview to come, and behind it, parts are those of any file', () => {
  const { job, parts } = open()
  parts.nextBytes(null)
  job.previewDue = null
  assert.equal(parts.nextBytes(part(LEAD_BYTES, 80)), FIRST_BYTES, 'a small one told of no limit')
  assert.equal(parts.nextBytes(part(FIRST_BYTES, 1_600)), 2 ** 24)
  assert.equal(parts.nextBytes(null), FIRST_BYTES)
})
