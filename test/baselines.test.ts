import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const folder = resolve(import.meta.dirname, '../bench/baselines')

// A changed baseline makes figures incomparable: review it, then pin it again.
test("the benches' baselines are the reviewed ones", async () => {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts')).sort()
  const hashes = await Promise.all(
    files.map(async (file) => {
      const hash = createHash('sha256').update(await readFile(join(folder, file)))
      return [file, hash.digest('hex')]
    }),
  )
  const pins = JSON.parse(await readFile(join(folder, 'pins.json'), 'utf8'))
  assert.deepEqual(Object.fromEntries(hashes), pins)
})
