import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PictureCache } from './picture-cache.ts'

const MIB_BYTES = 1_048_576

/** Blobs whose keys say how many MiB they have. A read of a held blob ends when the blob is released. */
class FakeBlobs {
  readonly reads: string[] = []
  readonly #held = new Map<string, PromiseWithResolvers<void>>()
  isAway = false

  hold(key: string): void {
    this.#held.set(key, Promise.withResolvers())
  }

  release(key: string): void {
    this.#held.get(key)!.resolve()
    this.#held.delete(key)
  }

  async readWhole(key: string): Promise<Buffer> {
    this.reads.push(key)
    await this.#held.get(key)?.promise
    if (this.isAway) throw new Error('the database is away')
    return Buffer.alloc(Number(key.split(' ')[1]) * MIB_BYTES)
  }
}

function open(): { blobs: FakeBlobs; cache: PictureCache } {
  const blobs = new FakeBlobs()
  return { blobs, cache: new PictureCache(blobs) }
}

test('a picture is read once for all who are sent it', async () => {
  const { blobs, cache } = open()
  for (const bytes of await Promise.all([cache.read('a 1'), cache.read('a 1')]))
    assert.equal(bytes?.length, MIB_BYTES)
  assert.equal((await cache.read('a 1'))?.length, MIB_BYTES)
  assert.deepEqual(blobs.reads, ['a 1'])
})

test('a picture that could not be read is null, and is read again when it is asked for again', async () => {
  const { blobs, cache } = open()
  blobs.isAway = true
  assert.equal(await cache.read('a 1'), null)
  blobs.isAway = false
  assert.equal((await cache.read('a 1'))?.length, MIB_BYTES)
})

test('F6: what has no room is dropped, what was used longest ago first', async () => {
  const { blobs, cache } = open()
  for (const key of ['a 12', 'b 12', 'c 12']) await cache.read(key)
  for (const key of ['c 12', 'b 12']) await cache.read(key)
  assert.deepEqual(blobs.reads, ['a 12', 'b 12', 'c 12'])
  await cache.read('a 12')
  assert.equal(blobs.reads.length, 4)
})

test('pictures that are dropped while they are read count once, so that the cache goes on caching', async () => {
  const { blobs, cache } = open()
  for (let round = 0; round < 3; round++) {
    const slow = `slow${round} 12`
    blobs.hold(slow)
    const early = cache.read(slow)
    // These two don't fit together, so everything older is dropped.
    for (const key of [`x${round} 20`, `y${round} 20`]) await cache.read(key)
    const late = cache.read(slow)
    blobs.release(slow)
    for (const bytes of [await early, await late]) assert.equal(bytes?.length, 12 * MIB_BYTES)
  }
  await cache.read('last 12')
  const before = blobs.reads.length
  await cache.read('last 12')
  assert.equal(blobs.reads.length, before)
})
