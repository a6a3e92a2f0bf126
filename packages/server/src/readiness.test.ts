import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rename, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { FakeClock } from '../support/fake-clock.ts'
import { Harness } from '../support/http-harness.ts'

interface Ready {
  readonly ok: boolean
  readonly error?: { readonly code: string }
  readonly faults: readonly { readonly code: string; readonly message: string }[]
}

async function open(t: TestContext, options = {}): Promise<Harness> {
  const server = await Harness.open(options)
  t.after(() => server.close().catch(() => {}))
  return server
}

async function ask(server: Harness): Promise<{ status: number; body: Ready }> {
  const response = await fetch(`${server.url}/readyz`)
  return { status: response.status, body: (await response.json()) as Ready }
}

/** Asks until the answer of the last second is no longer given. */
async function askUntil(server: Harness, status: number): Promise<Ready> {
  for (;;) {
    const answer = await ask(server)
    if (answer.status === status) return answer.body
    await setTimeout(50)
  }
}

test('T7: a server on sound data is ready', async (t) => {
  const server = await open(t)
  assert.deepEqual(await ask(server), {
    status: 200,
    body: { ok: true, bus: 'none', stays: [], faults: [] },
  })
  assert.deepEqual(await server.incomingFileNames(), [])
})

for (const [name, harm, codes] of [
  [
    'the folder is removed',
    (data: string) => rm(data, { recursive: true }),
    ['database-gone', 'folder-unwritable'],
  ],
  ['the database is removed', (data: string) => rm(join(data, 'wirephoto.db')), ['database-gone']],
  [
    'the WAL is cut off',
    (data: string) => truncate(join(data, 'wirephoto.db-wal')),
    ['database-gone'],
  ],
] as const)
  test(`T5, T7: after ${name} nothing is acknowledged, and /readyz says why`, async (t) => {
    const server = await open(t)
    await server.announce()
    await harm(server.data)
    await assert.rejects(server.announce(), { code: 'away' })
    const { ok, error, faults } = await askUntil(server, 503)
    assert.equal(ok, false)
    assert.equal(error?.code, 'away')
    assert.deepEqual(
      faults.map(({ code }) => code),
      codes,
    )
    for (const { message } of faults)
      assert.match(message, /\. .+\.$/, 'what happened, and what to do')
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  })

test('T5: a database that was moved away and comes back is served again', async (t) => {
  const server = await open(t)
  await server.announce()
  const aside = join(server.data, 'aside')
  await rename(join(server.data, 'wirephoto.db'), aside)
  await assert.rejects(server.announce(), { code: 'away' })
  await rename(aside, join(server.data, 'wirephoto.db'))
  await server.announce()
  await askUntil(server, 200)
})

test('T2, T7: an older copy of the database is served, and /readyz says so', async (t) => {
  const server = await open(t)
  const older = await mkdtemp(join(tmpdir(), 'wirephoto-older-'))
  t.after(() => rm(older, { recursive: true }))
  await server.stop()
  await copyFile(join(server.data, 'wirephoto.db'), join(older, 'wirephoto.db'))
  await server.start()
  await server.announce()
  await server.stop()
  await copyFile(join(older, 'wirephoto.db'), join(server.data, 'wirephoto.db'))
  await server.start()
  await server.announce()
  const { status, body } = await ask(server)
  assert.equal(status, 200)
  assert.deepEqual(
    body.faults.map(({ code }) => code),
    ['changes-lost'],
  )
  assert.match(body.faults[0]!.message, /--accept-loss/)
})

test('T7, T10: a clock that was set is said, and saving goes on', async (t) => {
  const time = new FakeClock()
  const server = await open(t, { clock: time.open() })
  time.step(-3_600_000)
  const { status, body } = await ask(server)
  assert.equal(status, 200)
  assert.deepEqual(
    body.faults.map(({ code }) => code),
    ['clock'],
  )
  await server.announce()
})
