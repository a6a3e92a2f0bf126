import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { Checksums } from './checksums.ts'

const ROW_BYTES = 40
const log = pino({ level: 'silent' })
const blobOf = (text: string): string => createHash('sha256').update(text).digest('hex')

async function pathFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-sums-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'checksums')
}

test('H28: sums outlive the process, and the newest of a file counts', async (t) => {
  const path = await pathFor(t)
  const first = await Checksums.open(path, log)
  const [a, b, unknown] = [blobOf('a'), blobOf('b'), blobOf('c')]
  assert.equal((await first.find(new Set([a]))).size, 0)
  first.note(a, 1)
  first.note(b, 0xffffffff)
  first.note(a, 2)
  await first.flush()
  const again = await Checksums.open(path, log)
  assert.deepEqual(
    await again.find(new Set([a, b, unknown])),
    new Map([
      [a, 2],
      [b, 0xffffffff],
    ]),
  )
})

test('H28: a row that is torn or rotten counts as unknown, and those after it are found', async (t) => {
  const path = await pathFor(t)
  const [a, b, c] = [blobOf('a'), blobOf('b'), blobOf('c')]
  const sums = await Checksums.open(path, log)
  sums.note(a, 1)
  sums.note(b, 2)
  await sums.flush()
  const rows = await readFile(path)
  rows[33]! ^= 1
  await writeFile(path, rows)
  // A crash in the middle of a row.
  await appendFile(path, Buffer.alloc(17, 7))
  sums.note(c, 3)
  assert.deepEqual(
    await sums.find(new Set([a, b, c])),
    new Map([
      [b, 2],
      [c, 3],
    ]),
  )
})

test('H28: of too many the older half is forgotten', async (t) => {
  const path = await pathFor(t)
  const sums = await Checksums.open(path, log)
  const blobs = Array.from({ length: 9 }, (_, i) => blobOf(String(i)))
  for (const [i, blob] of blobs.entries()) sums.note(blob, i)
  await sums.flush()
  const kept = await Checksums.open(path, log, 8)
  assert.equal((await stat(path)).size, 4 * ROW_BYTES)
  assert.deepEqual([...(await kept.find(new Set(blobs))).values()], [5, 6, 7, 8])
})
