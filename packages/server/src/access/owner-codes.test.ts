import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Engine, openEngine } from '@wirephoto/engine'
import { pino } from 'pino'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import { makeOwnerCode } from './owner-code.ts'
import { OwnerCodes } from './owner-codes.ts'
import { SecretCache } from './secret-cache.ts'

const PATIENCE_MS = 30_000
const granted = async () => {}

/** Two servers of one engine, each with a data folder of its own. */
async function openTwo(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'wirephoto-owners-'))
  const engine = await openEngine(`sqlite:${join(root, 'engine')}`)
  await engine.boards.create(DEFAULT_BOARD_ID)
  const folders = [await mkdtemp(join(root, 'a-')), await mkdtemp(join(root, 'b-'))] as const
  const servers = folders.map(
    (data) =>
      new OwnerCodes({
        data,
        secrets: new SecretCache(engine.secrets),
        isShared: true,
        log: pino({ level: 'silent' }),
      }),
  )
  t.after(async () => {
    for (const server of servers) server.close()
    await engine.close()
    await rm(root, { recursive: true, force: true })
  })
  return { engine, folders, servers: servers as [OwnerCodes, OwnerCodes] }
}

/** Resolves when a folder's code has been brought to the engine. */
async function whenBrought(folder: string): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; (await readdir(folder)).length > 0; ) {
    assert.ok(performance.now() < end, 'the code stays in its folder')
    await setTimeout(50)
  }
}

const keptCodes = async ({ secrets }: Engine): Promise<number> =>
  (await secrets.list(DEFAULT_BOARD_ID)).filter(({ data }) => data.includes('owner-code')).length

test('B136: of two servers with one engine each takes the codes of both, and each code once', async (t) => {
  const { engine, folders, servers } = await openTwo(t)
  const [ofA, ofB] = [await makeOwnerCode(folders[0]), await makeOwnerCode(folders[1])]
  await Promise.all(folders.map(whenBrought))
  const stored = JSON.stringify(await engine.secrets.list(DEFAULT_BOARD_ID))
  assert.ok(!stored.includes(ofA.code.replace('-', '')))
  const tries = await Promise.all(
    Array.from({ length: 10 }, (_, n) => servers[n % 2]!.redeem(ofA.code, granted)),
  )
  assert.equal(tries.filter(Boolean).length, 1)
  assert.equal(await servers[0].redeem(ofB.code.toLowerCase(), granted), true)
  assert.equal(await servers[1].redeem(ofB.code, granted), false)
  assert.equal(await keptCodes(engine), 0)
})

test('B136, B51: a new code ends the one of its own server, and not the other', async (t) => {
  const { folders, servers } = await openTwo(t)
  const other = await makeOwnerCode(folders[1])
  const first = await makeOwnerCode(folders[0])
  await Promise.all(folders.map(whenBrought))
  const second = await makeOwnerCode(folders[0])
  assert.equal(await servers[0].redeem(first.code, granted), false)
  assert.equal(await servers[0].redeem(second.code, granted), true)
  assert.equal(await servers[0].redeem(other.code, granted), true)
})

test('B50: a code whose use fails can be used again, on another server too', async (t) => {
  const { folders, servers } = await openTwo(t)
  const { code } = await makeOwnerCode(folders[0])
  const away = new Error('away')
  await assert.rejects(
    servers[0].redeem(code, () => Promise.reject(away)),
    away,
  )
  assert.equal(await servers[1].redeem(code, granted), true)
})
