import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeadingParts } from './leading-parts.ts'
import { PartSizes } from './part-sizes.ts'

const FIRST_BYTES = 1_000_000
const OPENING_BYTES = 2 ** 12
const LEAD_BYTES = 2 ** 15
const part = (bytes: number, durationMs: number, receivedMs: number | null = durationMs) => ({
  bytes,
  durationMs,
  receivedMs,
})

function open() {
  const [preview, thumbnail] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean>()]
  const job: { previewDue: Promise<void> | null; thumbnailSent: Promise<boolean> } = {
    previewDue: preview.promise,
    thumbnailSent: thumbnail.promise,
  }
  return { job, preview, thumbnail, parts: new LeadingParts(job, new PartSizes()) }
}

/** Resolves with whether the next request may go now. */
async function mayGo(parts: LeadingParts): Promise<boolean> {
  let isOver = false
  void parts.whenNext().then(() => {
    isOver = true
  })
  await new Promise(setImmediate)
  return isOver
}

test('A51: an upload begins while previews are made, and goes on behind the thumbnail', async () => {
  const { parts, thumbnail } = open()
  assert.equal(parts.nextBytes(null), OPENING_BYTES)
  assert.ok(await mayGo(parts), 'it begins at once')
  assert.equal(parts.nextBytes(part(OPENING_BYTES, 300)), LEAD_BYTES, 'its time tells nothing')
  assert.ok(!(await mayGo(parts)))
  thumbnail.resolve(true)
  assert.ok(await mayGo(parts))
})

test('A51: without a thumbnail, it goes on behind the preview', async () => {
  const { parts, preview, thumbnail } = open()
  parts.nextBytes(null)
  parts.nextBytes(part(OPENING_BYTES, 20))
  thumbnail.resolve(false)
  assert.ok(!(await mayGo(parts)))
  preview.resolve()
  assert.ok(await mayGo(parts))
})

test('A51: while the preview is made, parts are small, and then as long as 120 ms take', async () => {
  const { parts, thumbnail } = open()
  thumbnail.resolve(true)
  parts.nextBytes(null)
  assert.equal(parts.nextBytes(part(OPENING_BYTES, 20)), LEAD_BYTES)
  assert.equal(parts.nextBytes(part(LEAD_BYTES, 120)), LEAD_BYTES)
  assert.equal(parts.nextBytes(part(LEAD_BYTES, 30)), 4 * LEAD_BYTES)
  assert.equal(parts.nextBytes(part(4 * LEAD_BYTES, 5)), FIRST_BYTES, 'no more than a first part')
  assert.ok(await mayGo(parts))
})

test('A51: it counts how long a part was on the line, and not what both ends do meanwhile', async () => {
  const { parts, thumbnail } = open()
  thumbnail.resolve(true)
  parts.nextBytes(null)
  parts.nextBytes(part(OPENING_BYTES, 20))
  assert.equal(parts.nextBytes(part(LEAD_BYTES, 180, 60)), 2 * LEAD_BYTES)
  assert.equal(parts.nextBytes(part(LEAD_BYTES, 180, 1)), 2 * LEAD_BYTES, 'a proxy kept it back')
  assert.ok(await mayGo(parts))
  parts.nextBytes(part(LEAD_BYTES, 180, null))
  assert.ok(!(await mayGo(parts)), 'nobody says how long it was on the line')
})

test('A51: behind a part that took long, the file waits for its preview', async () => {
  const { job, parts, thumbnail } = open()
  thumbnail.resolve(true)
  parts.nextBytes(null)
  parts.nextBytes(part(OPENING_BYTES, 20))
  assert.equal(parts.nextBytes(part(LEAD_BYTES, 300)), FIRST_BYTES)
  assert.ok(!(await mayGo(parts)))
  job.previewDue = null
  assert.ok(await mayGo(parts))
})

test('A51: without a preview to come, and behind it, parts are those of any file', () => {
  const { job, parts } = open()
  parts.nextBytes(null)
  job.previewDue = null
  assert.equal(parts.nextBytes(part(LEAD_BYTES, 80)), FIRST_BYTES, 'a small one told of no limit')
  assert.equal(parts.nextBytes(part(FIRST_BYTES, 1_600)), 2 ** 24)
  assert.equal(parts.nextBytes(null), FIRST_BYTES)
})
