import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import test, { type TestContext } from 'node:test'
import { type FileBlobs, openFileBlobs } from './blobs.ts'
import { SharedSync } from './shared-sync.ts'

/** All that are stored at once in a test. */
const CROWD_COUNT = 40
const LONG_AGO_MS = 0
const LATER_MS = Number.MAX_SAFE_INTEGER

async function tempBlobs(t: TestContext): Promise<{ folder: string; blobs: FileBlobs }> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-blobs-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return { folder, blobs: await openFileBlobs(join(folder, 'blobs')) }
}

/** Stores bytes as if their file were durable; returns their name. */
async function putDurable(blobs: FileBlobs, folder: string, text: string): Promise<string> {
  const name = createHash('sha256').update(text).digest('hex')
  const path = join(folder, name)
  await writeFile(path, text)
  await blobs.put(path, name, { isDurable: true })
  return name
}

/** Counts the syncs of files and folders by this process from now on. */
async function syncCounter(t: TestContext, folder: string): Promise<() => number> {
  await using handle = await open(folder)
  const calls = t.mock.method(Object.getPrototypeOf(handle) as typeof handle, 'sync').mock
  return () => calls.callCount()
}

const namesIn = (folder: string): Promise<string[]> => readdir(join(folder, 'blobs/new'))

test('J22: blobs that are stored at the same moment share the sync of their names', async (t) => {
  const { folder, blobs } = await tempBlobs(t)
  t.after(() => blobs.close())
  const count = await syncCounter(t, folder)
  const names = Array.from({ length: CROWD_COUNT }, (_, i) => `picture ${i}`)
  await Promise.all(names.map((name) => putDurable(blobs, folder, name)))
  assert.ok(count() <= CROWD_COUNT / 2, `${count()} syncs`)
})

test('J22: who is alone waits for nobody, and gets a sync that began after the change', async (t) => {
  const { folder } = await tempBlobs(t)
  const count = await syncCounter(t, folder)
  const shared = new SharedSync(folder)
  const first = shared.synced()
  // The first has begun by then, and may have missed what was changed since.
  await new Promise(setImmediate)
  await Promise.all([first, shared.synced(), shared.synced()])
  assert.equal(count(), 2)
  await shared.synced()
  assert.equal(count(), 3)
})

test('J22: a sync that fails is told to all who share it, and the next one is tried', async (t) => {
  const { folder } = await tempBlobs(t)
  const shared = new SharedSync(join(folder, 'later'))
  const outcomes = await Promise.allSettled([shared.synced(), shared.synced()])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  await writeFile(join(folder, 'later'), '')
  await shared.synced()
})

test('J23: a blob whose own name a power loss took gets it back at the next start', async (t) => {
  const { folder, blobs } = await tempBlobs(t)
  const name = await putDurable(blobs, folder, 'a picture')
  await rm(join(folder, 'blobs', name.slice(0, 2)), { recursive: true })
  const next = await openFileBlobs(join(folder, 'blobs'))
  t.after(() => next.close())
  assert.equal((await buffer(await next.get(name))).toString(), 'a picture')
  assert.deepEqual(await Array.fromAsync(next.list()), [name])
})

test('J24: a closed store has each blob under its own name alone', async (t) => {
  const { folder, blobs } = await tempBlobs(t)
  const name = await putDurable(blobs, folder, 'a picture')
  assert.deepEqual(await namesIn(folder), [name])
  await blobs.close()
  assert.deepEqual(await namesIn(folder), [])
  assert.ok((await stat(join(folder, 'blobs', name.slice(0, 2), name))).isFile())
})

test('J24: a minute later a blob has its own name alone', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { folder, blobs } = await tempBlobs(t)
  t.after(() => blobs.close())
  await putDurable(blobs, folder, 'a picture')
  t.mock.timers.tick(60_000)
  const looks = () => namesIn(folder)
  for (let i = 0; i < 10_000 && (await looks()).length > 0; i++);
  assert.deepEqual(await looks(), [])
  assert.equal((await Array.fromAsync(blobs.list())).length, 1)
})

test('J24: a blob that is removed or set aside loses both names at once', async (t) => {
  const { folder, blobs } = await tempBlobs(t)
  t.after(() => blobs.close())
  const [removed, aside, kept] = [
    await putDurable(blobs, folder, 'one that is removed'),
    await putDurable(blobs, folder, 'one that is set aside'),
    await putDurable(blobs, folder, 'one that stays'),
  ]
  assert.equal(await blobs.remove(kept, { unlessTouchedSince: LONG_AGO_MS }), false)
  assert.equal(await blobs.remove(removed, { unlessTouchedSince: LATER_MS }), true)
  assert.notEqual(await blobs.setAside(aside, { unlessTouchedSince: LATER_MS }), null)
  assert.deepEqual(await namesIn(folder), [kept])
  // A second start must bring none of them back.
  const next = await openFileBlobs(join(folder, 'blobs'))
  t.after(() => next.close())
  assert.deepEqual(await Array.fromAsync(next.list()), [kept])
})

test('J24: a blob that is removed and stored again stays', async (t) => {
  const { folder, blobs } = await tempBlobs(t)
  const names = Array.from({ length: CROWD_COUNT }, (_, i) => `picture ${i}`)
  const stored = await Promise.all(names.map((name) => putDurable(blobs, folder, name)))
  const again = stored.map(async (name, i) => {
    await blobs.remove(name, { unlessTouchedSince: LATER_MS })
    await putDurable(blobs, folder, names[i]!)
  })
  await Promise.all(again)
  await blobs.close()
  const next = await openFileBlobs(join(folder, 'blobs'))
  t.after(() => next.close())
  assert.deepEqual((await Array.fromAsync(next.list())).sort(), stored.sort())
})
