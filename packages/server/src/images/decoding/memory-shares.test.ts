import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDecoder } from '../../../support/open-decoder.ts'
import { blankPng } from '../../../support/sample-images.ts'
import { Decoder } from './decoder.ts'
import { MemoryShares } from './memory-shares.ts'

const { folder } = await openDecoder()

test('E7: shares never exceed the whole, and a small one passes a large one, though not for ever', async () => {
  const shares = new MemoryShares(100)
  const granted: string[] = []
  const take = (name: string, bytes: number) => {
    const share = shares.take(bytes)
    share.granted.then(
      () => granted.push(name),
      () => {},
    )
    return share
  }
  const first = take('first', 60)
  const large = take('large', 500)
  const small = Array.from({ length: 20 }, (_, i) => take(`small ${i}`, 4))
  await first.granted
  await Promise.resolve()
  assert.equal(granted.length, 9, 'eight pass')
  first.release()
  for (const share of small.slice(0, 8)) share.release()
  await large.granted
  assert.equal(granted.length, 10)
  large.release()
  large.release()
  await small[19]!.granted
})

test('E7: pictures are decoded one after another where memory is short', async (t) => {
  const decoder = new Decoder({ memoryBytes: 400e6 })
  t.after(() => decoder.close())
  const path = join(folder, 'large.png')
  await writeFile(path, blankPng(2_000, 2_000))
  const found = await Promise.all(
    Array.from({ length: 4 }, () => decoder.validate({ path, type: 'image/png', name: '' })),
  )
  assert.deepEqual(
    found.map(({ width }) => width),
    [2_000, 2_000, 2_000, 2_000],
  )
})
