import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type CommandAnswer, type HeldPicture, type Snapshot, uuidv7 } from '@wirephoto/board'
import { MODERATION_FAILPOINTS } from '@wirephoto/server'
import { drawPicture } from '../support/pictures.ts'
import { ServerProcess } from '../support/server-process.ts'
import { secretOf, Visitor } from '../support/visitor.ts'

const [ADMITTED] = MODERATION_FAILPOINTS
/** Sweeps come every two seconds there. */
const SWEEPS_MS = 3_000

test('B108, B109: a server that is killed between both steps of an approval has the picture once, with its file', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'wirephoto-moderation-'))
  const main = join(import.meta.dirname, 'serve-with-fast-gc.ts')
  const server = await ServerProcess.open({ data, main, env: { WIREPHOTO_FAILPOINT: ADMITTED } })
  t.after(async () => {
    await server.kill()
    await rm(data, { recursive: true, maxRetries: 10 })
  })
  const owner = new Visitor(server.url)
  const made = await owner.makeBoard()
  await setAdding(owner, made.id, 'held')
  const body = new Uint8Array(await drawPicture({ width: 640, height: 480 }))
  const authorization = `Bearer ${secretOf(made, 'add')}`
  const path = `/b/${made.id}/p.jpg`
  const put = await fetch(server.url + path, { method: 'PUT', body, headers: { authorization } })
  assert.equal(put.status, 202)
  const { id, blob } = (await put.json()) as HeldPicture
  const killed = server.waitForExit()
  await owner.refusal(`/api/boards/${made.id}/held/${id}/approve`, 'POST').catch(() => {})
  await killed

  await server.start()
  const again = new Visitor(server.url, owner.cookie)
  const pictures = async () => {
    const answer = await again.ask(`/api/boards/${made.id}/snapshot`)
    return ((await answer.json()) as Snapshot).records.filter(({ kind }) => kind === 'image')
  }
  assert.deepEqual(
    (await pictures()).map((record) => record.id),
    [id],
  )
  const list = await again.ask(`/api/boards/${made.id}/held`)
  assert.deepEqual(await list.json(), { pictures: [] })
  assert.equal(await again.refusal(`/api/boards/${made.id}/held/${id}/approve`, 'POST'), null)
  await setTimeout(SWEEPS_MS)
  assert.equal((await pictures()).length, 1)
  const file = await again.ask(`/b/${made.id}/blob/${blob}/original`)
  assert.equal(file.status, 200)
  assert.ok((await file.arrayBuffer()).byteLength > 0)
})

async function setAdding(owner: Visitor, board: string, adding: 'held'): Promise<void> {
  const client = uuidv7(Date.now(), randomBytes(10))
  const commands = [{ kind: 'board.patch', set: { adding } }]
  const answer = await owner.ask(`/b/${board}/commands`, 'POST', { client, n: 1, commands })
  assert.deepEqual(((await answer.json()) as CommandAnswer).refused, [])
}
