import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import test, { after, before } from 'node:test'
import type { BlobStore, Engine } from '../engine.ts'
import type { OpenFixture } from './fixture.ts'
import { nextMillisecond, rejectsWith } from './samples.ts'

/** Declares the tests of `BlobStore`. */
export function blobsContract(engine: () => Engine, open: OpenFixture): void {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wirephoto-blobs-'))
  })
  after(() => rm(folder, { recursive: true }))

  /** Writes a file to store, of random bytes by default. */
  async function newFile(bytes = randomBytes(5_000)) {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const path = join(folder, `${sha256}.${randomBytes(4).toString('hex')}`)
    await writeFile(path, bytes)
    return { path, sha256, bytes }
  }

  test('F1: a blob is there, whole, and for another engine on the same data', async (t) => {
    const { engine, reopen, cleanup } = await open()
    t.after(cleanup)
    const { path, sha256, bytes } = await newFile()
    assert.equal(await engine.blobs.has(sha256), false)
    await rejectsWith(engine.blobs.get(sha256), 'not-found')
    await engine.blobs.put(path, sha256)
    assert.equal(await engine.blobs.has(sha256), true)
    assert.deepEqual(await read(engine.blobs, sha256), bytes)
    assert.deepEqual(await readFile(path), bytes, 'the file stays where it is')
    await rm(path)

    const { blobs } = await reopen()
    assert.equal(await blobs.has(sha256), true)
    assert.deepEqual(await read(blobs, sha256), bytes)
  })

  test('ranges go up to and without their end', async () => {
    const { blobs } = engine()
    const { path, sha256, bytes } = await newFile(randomBytes(600_000))
    await blobs.put(path, sha256)
    const { length } = bytes
    for (const [
      start,
      end,
    ] of [[0, 1], [0, length], [1, 300_000], [262_143, 262_145], [length - 1, length], [7, 7]] as const) // biome-ignore format: a table
      assert.deepEqual(await read(blobs, sha256, { start, end }), bytes.subarray(start, end))
  })

  test('an empty file is a blob too', async () => {
    const { blobs } = engine()
    const { path, sha256 } = await newFile(Buffer.alloc(0))
    await blobs.put(path, sha256)
    assert.equal((await read(blobs, sha256)).length, 0)
  })

  test('a blob that is put twice, and at once, is there once', async () => {
    const { blobs } = engine()
    const one = await newFile()
    const again = await newFile(one.bytes)
    await Promise.all([blobs.put(one.path, one.sha256), blobs.put(again.path, one.sha256)])
    await blobs.put(again.path, one.sha256)
    const listed = await Array.fromAsync(blobs.list())
    assert.equal(listed.filter((sha256) => sha256 === one.sha256).length, 1)
    assert.deepEqual(await read(blobs, one.sha256), one.bytes)
  })

  test('the list has every blob', async (t) => {
    const { engine, cleanup } = await open()
    t.after(cleanup)
    assert.deepEqual(await Array.fromAsync(engine.blobs.list()), [])
    const files = await Promise.all(Array.from({ length: 30 }, () => newFile()))
    await Promise.all(files.map(({ path, sha256 }) => engine.blobs.put(path, sha256)))
    const listed = await Array.fromAsync(engine.blobs.list())
    assert.deepEqual(listed.sort(), files.map(({ sha256 }) => sha256).sort())
  })

  test('F1: a blob goes unless its lease is new, and every put renews the lease', async () => {
    const { blobs } = engine()
    const { path, sha256 } = await newFile()
    await nextMillisecond()
    const start = Date.now()
    // The file's age doesn't count: its upload may have ended days ago.
    await blobs.put(path, sha256)
    assert.equal(await blobs.remove(sha256, { unlessTouchedSince: start }), false)
    const later = await nextMillisecond()
    await blobs.put(path, sha256)
    assert.equal(await blobs.remove(sha256, { unlessTouchedSince: later }), false)
    assert.equal(await blobs.has(sha256), true)
    assert.equal(await blobs.remove(sha256, { unlessTouchedSince: await nextMillisecond() }), true)
    assert.equal(await blobs.has(sha256), false)
    await rejectsWith(blobs.get(sha256), 'not-found')
    assert.equal(await blobs.remove(sha256, { unlessTouchedSince: await nextMillisecond() }), false)
  })

  test('F1: a lease can be renewed without the file; what has none can not', async () => {
    const { blobs } = engine()
    const { path, sha256, bytes } = await newFile()
    assert.equal(await blobs.renew(sha256), false)
    await blobs.put(path, sha256)
    const later = await nextMillisecond()
    assert.equal(await blobs.renew(sha256), true)
    assert.equal(await blobs.remove(sha256, { unlessTouchedSince: later }), false)
    assert.deepEqual(await read(blobs, sha256), bytes)
    for (let round = 0; round < 20; round++) {
      await blobs.put(path, sha256)
      const unlessTouchedSince = await nextMillisecond()
      const renew = () => blobs.renew(sha256)
      const remove = () => blobs.remove(sha256, { unlessTouchedSince })
      const [one, other] = await Promise.all(round % 2 ? [renew(), remove()] : [remove(), renew()])
      assert.notEqual(one, other, `round ${round}: renewed, or removed`)
      assert.equal(await blobs.has(sha256), round % 2 ? one : other)
    }
  })

  test('F1: a blob whose put has resolved is there, even if it was removed meanwhile', async () => {
    const { blobs } = engine()
    const { path, sha256, bytes } = await newFile()
    for (let round = 0; round < 60; round++) {
      await blobs.put(path, sha256)
      const unlessTouchedSince = await nextMillisecond()
      const put = () => blobs.put(path, sha256)
      const remove = () => blobs.remove(sha256, { unlessTouchedSince })
      await Promise.all(round % 2 ? [put(), remove()] : [remove(), put()])
      assert.equal(await blobs.has(sha256), true, `round ${round}`)
      assert.deepEqual(await read(blobs, sha256), bytes, `round ${round}`)
    }
  })

  test('C16: a put heals what lies there rotten, cut off, too long or empty', async (t) => {
    const { engine, damage, cleanup } = await open()
    t.after(cleanup)
    const { blobs } = engine
    const flip = (at: number) => (bytes: Buffer) => {
      bytes[at]! ^= 1
      return bytes
    }
    for (const length of [5_000, 1_300_000]) {
      const { path, sha256, bytes } = await newFile(randomBytes(length))
      await blobs.put(path, sha256)
      for (const [name, change] of [
        ['first byte', flip(0)],
        ['middle byte', flip(Math.floor(length / 2))],
        ['last byte', flip(length - 1)],
        ['half', (stored: Buffer) => stored.subarray(0, length / 2)],
        ['one byte less', (stored: Buffer) => stored.subarray(0, -1)],
        ['one byte more', (stored: Buffer) => Buffer.concat([stored, Buffer.alloc(1)])],
        ['a page more', (stored: Buffer) => Buffer.concat([stored, randomBytes(600_000)])],
        ['one byte', (stored: Buffer) => stored.subarray(0, 1)],
      ] as const) {
        await damage(sha256, change)
        // An engine that knows a blob's length reads no byte beyond it.
        const isLonger = name.endsWith('more')
        const found = await read(blobs, sha256).catch(() => null)
        if (!isLonger) assert.notDeepEqual(found, bytes, name)
        await blobs.put(path, sha256)
        assert.deepEqual(await read(blobs, sha256), bytes, name)
        assert.equal((await blobs.stat(sha256))?.size, length, name)
      }
    }
  })

  test('C16: a blob is known by its length before it is read, and by its version', async (t) => {
    const { engine, damage, cleanup } = await open()
    t.after(cleanup)
    const { blobs } = engine
    const { path, sha256 } = await newFile(randomBytes(1_300_000))
    assert.equal(await blobs.stat(sha256), null)
    assert.equal(await blobs.stat('..'), null)
    await blobs.put(path, sha256)
    const stored = await blobs.stat(sha256)
    assert.equal(stored?.size, 1_300_000)
    assert.deepEqual(await blobs.stat(sha256), stored)
    await damage(sha256, (bytes) => bytes.subarray(0, 500_000))
    const cut = await blobs.stat(sha256)
    assert.notEqual(cut?.size, 1_300_000)
    if (stored.version !== null) assert.notEqual(cut?.version, stored.version)
  })

  test('C16: a reader goes on while its blob is healed', async (t) => {
    const { engine, damage, cleanup } = await open()
    t.after(cleanup)
    const { blobs } = engine
    const { path, sha256, bytes } = await newFile(randomBytes(3_000_000))
    await blobs.put(path, sha256)
    // The reader has the sound beginning before the rest is healed.
    await damage(sha256, (stored) => {
      stored[stored.length - 1]! ^= 1
      return stored
    })
    const stream = await blobs.get(sha256)
    const parts: Buffer[] = []
    for await (const part of stream) {
      if (parts.length === 0) await blobs.put(path, sha256)
      parts.push(part)
    }
    const got = Buffer.concat(parts)
    assert.equal(got.length, bytes.length)
    assert.deepEqual(got.subarray(0, -1), bytes.subarray(0, -1))
    assert.deepEqual(await read(blobs, sha256), bytes)
  })

  test('C6, C27: a blob is set aside unless its lease is new: it has its bytes, and is not listed', async (t) => {
    const { engine, reopen, cleanup } = await open()
    t.after(cleanup)
    const { path, sha256 } = await newFile(randomBytes(600_000))
    const start = await nextMillisecond()
    await engine.blobs.put(path, sha256)
    assert.equal(await engine.blobs.setAside(sha256, { unlessTouchedSince: start }), null)
    const touchedAt = (await engine.blobs.touchedAt(sha256))!
    assert.ok(touchedAt >= start && touchedAt <= Date.now())
    assert.deepEqual(await Array.fromAsync(engine.blobs.listAside()), [])
    const before = await nextMillisecond()
    assert.equal(await engine.blobs.setAside(sha256, { unlessTouchedSince: before }), 600_000)
    const later = await nextMillisecond()
    assert.equal(await engine.blobs.setAside(sha256, { unlessTouchedSince: later }), null, 'it is')

    const { blobs } = await reopen()
    assert.deepEqual(await Array.fromAsync(blobs.list()), [])
    assert.equal(await blobs.has(sha256), false)
    assert.equal(await blobs.touchedAt(sha256), null)
    assert.equal((await blobs.stat(sha256))?.size, 600_000)
    const [aside, ...more] = await Array.fromAsync(blobs.listAside())
    assert.deepEqual([aside?.sha256, more.length], [sha256, 0])
    assert.ok(aside!.since >= before && aside!.since <= later)
    assert.equal(await blobs.removeAside(sha256, { unlessAsideSince: aside!.since }), false)
    assert.equal(await blobs.removeAside(sha256, { unlessAsideSince: aside!.since + 1 }), true)
    assert.deepEqual(await Array.fromAsync(blobs.listAside()), [])
    await rejectsWith(blobs.get(sha256), 'not-found')
    assert.equal(await blobs.renew(sha256), false)
  })

  test('E40: a peek reads the beginning of a blob, set aside or not, and leaves it there', async () => {
    const { blobs } = engine()
    const { path, sha256, bytes } = await newFile(randomBytes(600_000))
    assert.equal(await blobs.peek(sha256, 9), null)
    assert.equal(await blobs.peek('..', 9), null)
    await blobs.put(path, sha256)
    assert.deepEqual(await blobs.peek(sha256, 9), bytes.subarray(0, 9))
    await blobs.setAside(sha256, { unlessTouchedSince: await nextMillisecond() })
    assert.deepEqual(await blobs.peek(sha256, 9), bytes.subarray(0, 9))
    assert.equal(await blobs.has(sha256), false)
    const empty = await newFile(Buffer.alloc(0))
    await blobs.put(empty.path, empty.sha256)
    assert.equal((await blobs.peek(empty.sha256, 9))?.length, 0)
  })

  test('C7: a get, a put and a renewal put a blob back that is set aside, with a new lease', async () => {
    const { blobs } = engine()
    for (const size of [0, 5_000, 600_000]) {
      const { path, sha256, bytes } = await newFile(randomBytes(size))
      await blobs.put(path, sha256)
      for (const putBack of [
        () => blobs.get(sha256).then(buffer),
        () => blobs.put(path, sha256),
        () => blobs.renew(sha256),
      ]) {
        const unlessTouchedSince = await nextMillisecond()
        assert.equal(await blobs.setAside(sha256, { unlessTouchedSince }), size)
        assert.equal(await blobs.has(sha256), false)
        const backAt = await nextMillisecond()
        await putBack()
        assert.equal(await blobs.has(sha256), true)
        assert.equal(await blobs.remove(sha256, { unlessTouchedSince: backAt }), false)
        assert.equal(await blobs.removeAside(sha256, { unlessAsideSince: backAt + 60_000 }), false)
        assert.deepEqual(await read(blobs, sha256), bytes)
      }
      const aside = { unlessTouchedSince: await nextMillisecond() }
      await blobs.setAside(sha256, aside)
      const removed = { unlessTouchedSince: Date.now() + 1_000 }
      assert.equal(await blobs.remove(sha256, removed), true, 'its end is known now')
      await rejectsWith(blobs.get(sha256), 'not-found')
    }
  })

  test('C7: a blob whose renewal has succeeded is there, even if it was set aside meanwhile', async () => {
    const { blobs } = engine()
    const { path, sha256, bytes } = await newFile()
    for (let round = 0; round < 20; round++) {
      await blobs.put(path, sha256)
      const unlessTouchedSince = await nextMillisecond()
      const unlessAsideSince = Date.now() + 60_000
      const [renewed, gone] = await Promise.all([
        blobs.renew(sha256),
        blobs
          .setAside(sha256, { unlessTouchedSince })
          .then(() => blobs.removeAside(sha256, { unlessAsideSince })),
      ])
      assert.notEqual(renewed, gone, `round ${round}: renewed, or gone`)
      if (renewed) assert.deepEqual(await read(blobs, sha256), bytes, `round ${round}`)
    }
  })

  test('a put without a file, or under a name that is no sha256, is refused', async () => {
    const { blobs } = engine()
    const { path, sha256 } = await newFile()
    await assert.rejects(blobs.put(`${path}.missing`, sha256))
    assert.equal(await blobs.has(sha256), false)
    for (const name of [
      '',
      '../../etc/passwd',
      sha256.toUpperCase(),
      `${sha256}/..`,
      `${sha256}\n`,
    ]) {
      await rejectsWith(blobs.put(path, name), 'not-found')
      await rejectsWith(blobs.get(name), 'not-found')
      assert.equal(await blobs.has(name), false)
      await rejectsWith(blobs.renew(name), 'not-found')
      await rejectsWith(
        blobs.remove(name, { unlessTouchedSince: await nextMillisecond() }),
        'not-found',
      )
    }
  })
}

const read = async (
  blobs: BlobStore,
  sha256: string,
  range?: { start: number; end: number },
): Promise<Buffer> => buffer(await blobs.get(sha256, range))
