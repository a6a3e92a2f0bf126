import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { limits } from '@wirephoto/board'
import { pino } from 'pino'
import { KeptPreviews } from './kept-previews.ts'

const LOG = pino({ level: 'silent' })

async function newPath(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-previews-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'previews')
}

async function openPreviews(t: TestContext, path: string): Promise<KeptPreviews> {
  const previews = await KeptPreviews.open(path, LOG)
  t.after(() => previews.close())
  return previews
}

test('A49: a preview goes to disk a second after it came, and not once it is dropped', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const path = await newPath(t)
  const previews = await openPreviews(t, path)
  const [kept, dropped] = [randomBytes(9_000), randomBytes(9_000)]
  previews.keep('main.a', kept, 320)
  previews.keep('main.b', dropped, 320)
  await previews.drop('main.b')
  t.mock.timers.tick(999)
  for (let i = 0; i < 20; i++) await assert.rejects(readFile(path), { code: 'ENOENT' })
  assert.deepEqual(await previews.read('main.a'), kept)

  t.mock.timers.tick(1)
  // This has nothing left to write, and waits for the write that the timer began.
  await previews.save()
  const saved = await readFile(path)
  assert.ok(saved.includes(kept))
  assert.ok(!saved.includes(dropped))
  assert.deepEqual(await previews.read('main.a'), kept)
})

test('A50: nothing of a preview that is dropped stays on disk, and its place is used again', async (t) => {
  const path = await newPath(t)
  const previews = await openPreviews(t, path)
  const all = Array.from({ length: 200 }, (_, i) => [`main.${i}`, randomBytes(500 + i)] as const)
  for (const [key, bytes] of all) previews.keep(key, bytes, 320)
  await previews.save()
  const { length } = await readFile(path)
  for (const [key] of all.slice(50, 150)) await previews.drop(key)
  const rest = await readFile(path)
  for (const [i, [, bytes]] of all.entries())
    assert.equal(rest.includes(bytes), i < 50 || i >= 150, `preview ${i}`)

  for (const [key, bytes] of all.slice(50, 150)) previews.keep(key, bytes, 320)
  await previews.save()
  assert.equal((await readFile(path)).length, length)
  for (const [key, bytes] of all) assert.deepEqual(await previews.read(key), bytes)
  await Promise.all(all.map(([key]) => previews.drop(key)))
  assert.equal((await readFile(path)).length, 0)
})

test('A7: previews are there after a restart: those that were saved, and the later of two', async (t) => {
  const path = await newPath(t)
  const before = await openPreviews(t, path)
  const [small, large, other] = [
    randomBytes(3_000),
    randomBytes(limits.previewBytes),
    randomBytes(9),
  ]
  before.keep('main.a', small, 160)
  before.keep('board.b', other, 320)
  await before.save()
  before.keep('main.a', large, 320)
  assert.deepEqual(before.get('main.a')?.sidePx, 320)
  await before.close()

  const after = await openPreviews(t, path)
  assert.deepEqual([...after.keys()].toSorted(), ['board.b', 'main.a'])
  assert.ok((await after.read('main.a'))?.equals(large))
  assert.deepEqual(await after.read('board.b'), other)
})

test('E31: a preview on disk in which any byte changed is not shown', async (t) => {
  const path = await newPath(t)
  const bytes = randomBytes(300)
  const before = await openPreviews(t, path)
  before.keep('main.a', bytes, 320)
  await before.close()
  const saved = await readFile(path)
  const end = saved.indexOf(bytes) + bytes.length
  for (let i = 0; i < end; i++) {
    const rotten = Buffer.from(saved)
    rotten[i]! ^= 1
    await writeFile(path, rotten)
    const after = await KeptPreviews.open(path, LOG)
    for (const key of after.keys()) assert.equal(await after.read(key), null, `byte ${i}`)
    await after.close()
  }
  // Nor one that a crash has cut off.
  await writeFile(path, saved.subarray(0, end - 1))
  const after = await openPreviews(t, path)
  assert.equal(await after.read('main.a'), null)
})

test('A9: a preview that the disk does not take is forgotten, and later ones are saved', async (t) => {
  const path = await newPath(t)
  await mkdir(join(path, 'in-the-way'), { recursive: true })
  const previews = await KeptPreviews.open(`${path}/in-the-way/gone/previews`, LOG)
  t.after(() => previews.close())
  previews.keep('main.a', randomBytes(9), 320)
  await previews.save()
  assert.equal(await previews.read('main.a'), null)
  assert.equal(previews.get('main.a'), undefined)

  await mkdir(join(path, 'in-the-way/gone'))
  const bytes = randomBytes(9)
  previews.keep('main.a', bytes, 320)
  await previews.save()
  assert.ok((await readFile(`${path}/in-the-way/gone/previews`)).includes(bytes))
  assert.deepEqual(await previews.read('main.a'), bytes)
})
