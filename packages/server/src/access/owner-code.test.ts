import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeOwnerCode, noteServerUrl, readServerUrl, redeemOwnerCode } from './owner-code.ts'

const LIFE_MS = 600_000

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-owner-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const granted = async () => {}

test('B50: an owner code works once, however it is typed, also for tries at the same moment', async (t) => {
  const data = await newFolder(t)
  const { code } = await makeOwnerCode(data)
  assert.match(code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
  const wrong = code.replace(/./, (letter) => (letter === 'B' ? 'C' : 'B'))
  for (const other of [wrong, '', code.slice(0, 8), `${code}B`])
    assert.equal(await redeemOwnerCode(data, other, granted), false, other)
  let count = 0
  const grant = async () => {
    count++
  }
  const typed = ` ${code.toLowerCase().replace('-', ' ')}\n`
  const tries = await Promise.all(
    Array.from({ length: 20 }, () => redeemOwnerCode(data, typed, grant)),
  )
  assert.deepEqual([tries.filter(Boolean).length, count], [1, 1])
  assert.equal(await redeemOwnerCode(data, code, grant), false)
  assert.deepEqual(await readdir(data), [])
})

test('B50: a code whose use fails can be used again', async (t) => {
  const data = await newFolder(t)
  const { code } = await makeOwnerCode(data)
  const away = new Error('away')
  await assert.rejects(
    redeemOwnerCode(data, code, () => Promise.reject(away)),
    away,
  )
  assert.equal(await redeemOwnerCode(data, code, granted), true)
})

test('B51: a code ends after ten minutes, and when another one is made', async (t) => {
  const data = await newFolder(t)
  const start = Date.now()
  t.mock.timers.enable({ apis: ['Date'], now: start })
  const first = await makeOwnerCode(data)
  const { code, endsAt } = await makeOwnerCode(data)
  assert.equal(endsAt, start + LIFE_MS)
  assert.equal(await redeemOwnerCode(data, first.code, granted), false)
  t.mock.timers.setTime(start + LIFE_MS)
  assert.equal(await redeemOwnerCode(data, code, granted), false)
  t.mock.timers.setTime(start + LIFE_MS - 1)
  assert.equal(await redeemOwnerCode(data, code, granted), true)
})

test('B51: a clock that is set back gives no code more time', async (t) => {
  const data = await newFolder(t)
  const start = Date.now()
  t.mock.timers.enable({ apis: ['Date'], now: start })
  const { code } = await makeOwnerCode(data)
  t.mock.timers.reset()
  t.mock.timers.enable({ apis: ['Date'], now: start - 3_600_000 })
  assert.equal(await redeemOwnerCode(data, code, granted), false)
})

test('B52: the folder holds the hash of a code, for its own user alone', async (t) => {
  const data = await newFolder(t)
  const { code } = await makeOwnerCode(data)
  await noteServerUrl(data, 'https://board.example')
  assert.equal(await readServerUrl(data), 'https://board.example')
  const names = await readdir(data)
  assert.deepEqual(names.sort(), ['wirephoto.owner-code', 'wirephoto.url'])
  for (const name of names) {
    if (process.platform !== 'win32')
      assert.equal((await stat(join(data, name))).mode & 0o777, 0o600)
    const text = await readFile(join(data, name), 'utf8')
    assert.ok(!text.includes(code) && !text.includes(code.replace('-', '')))
  }
})

test('B50: a file that is no code lets nobody in', async (t) => {
  const data = await newFolder(t)
  assert.equal(await redeemOwnerCode(data, 'BBBBBBBB', granted), false)
  for (const text of ['', 'null', '{}', '{"hash":"","endsAt":9e15}']) {
    await writeFile(join(data, 'wirephoto.owner-code'), text)
    assert.equal(await redeemOwnerCode(data, '', granted), false, text)
  }
})
