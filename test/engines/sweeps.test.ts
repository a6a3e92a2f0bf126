import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Engine, openEngine } from '@wirephoto/engine'
import { cleanupAfter } from '../support/cleanup.ts'
import { type Database, databaseProviders } from '../support/databases.ts'
import { OpenBoards } from '../support/open-boards.ts'
import { drawPicture } from '../support/pictures.ts'
import { ServerProcess } from '../support/server-process.ts'
import { type StoredBytes, storedBytesOf } from '../support/stored-bytes.ts'

/* Servers of one database, of which one is paused while another one sweeps, or has another clock. */

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const POLL_INTERVAL_MS = 50
const TEST_TIMEOUT_MS = 120_000
const MAIN = join(import.meta.dirname, '../crash/serve-with-fast-gc.ts')

for (const { name, skipReason, open } of await databaseProviders())
  describe(`F1: sweeps of servers that share ${name}`, { skip: skipReason ?? false }, () => {
    const stack = cleanupAfter()
    let database: Database
    let url: string
    let engine: Engine
    let stored: StoredBytes
    let boards: OpenBoards
    before(async () => {
      database = stack.adopt(await open(), (each) => each.close())
      url = await database.newUrl()
      boards = await OpenBoards.make(url, 4)
      engine = stack.adopt(await openEngine(url), (each) => each.close())
      stored = storedBytesOf(url)
    })

    let seed = 0
    const newPicture = async () => {
      const bytes = new Uint8Array(await drawPicture({ width: 40, height: 30, seed: ++seed }))
      return { bytes, blob: createHash('sha256').update(bytes).digest('hex') }
    }

    /** Starts a server, which the test kills in its end. */
    async function serve(
      t: TestContext,
      args: readonly string[],
      failpoint = '',
    ): Promise<ServerProcess> {
      const env = { WIREPHOTO_FAILPOINT: failpoint }
      const server = await ServerProcess.open({ main: MAIN, args: ['--engine', url, ...args], env })
      t.after(async () => {
        await server.kill()
        await server.close()
      })
      return server
    }

    const put = (server: ServerProcess, board: string, body: Uint8Array<ArrayBuffer>) =>
      fetch(`${server.url}/b/${board}/p.jpg`, { method: 'PUT', body })

    /** Opens a file as a page would. */
    async function opens(server: ServerProcess, board: string, answer: Response, blob: string) {
      assert.equal(answer.status, 201, await answer.clone().text())
      const { id } = (await answer.json()) as { id: string }
      const file = await fetch(`${server.url}/api/boards/${board}/images/${id}/file`)
      assert.equal(file.status, 200)
      const bytes = new Uint8Array(await file.arrayBuffer())
      assert.equal(createHash('sha256').update(bytes).digest('hex'), blob)
    }

    /** Resolves when a sweep that began after this call has ended: the next one has set another file aside. */
    async function whenSwept(): Promise<void> {
      for (let sweep = 0; sweep < 2; sweep++) {
        const { bytes, blob } = await newPicture()
        await putBlob(engine, bytes, blob)
        await stored.age(blob, Date.now() - 30 * DAY_MS)
        await whenSo(async () => !(await engine.blobs.has(blob)), 'a sweep')
      }
    }

    test('E104: a picture of a server that was paused for longer than a lease is there', {
      timeout: TEST_TIMEOUT_MS,
    }, async (t) => {
      const sweeper = await serve(t, ['--lease-ms', '1000'])
      for (const place of ['picture.put', 'board.append']) {
        const paused = await serve(t, ['--lease-ms', '1000'], `${place}:1:STOP`)
        const board = boards.next()
        const { bytes, blob } = await newPicture()
        // Its bytes were purged before, so they are not set aside: they go.
        await engine.endedBlobs.note([blob])
        const answer = put(paused, board, bytes)
        answer.catch(() => {})
        await whenSo(async () => (await engine.blobs.touchedAt(blob)) !== null, 'its put')
        await whenSo(async () => (await engine.blobs.touchedAt(blob)) === null, 'its removal')
        process.kill(paused.pid, 'SIGCONT')
        await opens(sweeper, board, await answer, blob)
      }
    })

    test('E105: the files of a server whose clock is a day behind stay as long as those of others', {
      timeout: TEST_TIMEOUT_MS,
    }, async (t) => {
      const sweeper = await serve(t, ['--lease-ms', `${HOUR_MS}`])
      const behind = ['--lease-ms', `${HOUR_MS}`, '--ahead-ms', `${-DAY_MS}`]
      const paused = await serve(t, behind, 'picture.put:1:STOP')
      const board = boards.next()
      const { bytes, blob } = await newPicture()
      const answer = put(paused, board, bytes)
      answer.catch(() => {})
      await whenSo(async () => (await engine.blobs.touchedAt(blob)) !== null, 'its put')
      await whenSwept()
      assert.ok(await engine.blobs.has(blob))
      process.kill(paused.pid, 'SIGCONT')
      await opens(sweeper, board, await answer, blob)
    })

    test('E105: a server whose clock is nearly a day ahead removes nothing too early', {
      timeout: TEST_TIMEOUT_MS,
    }, async (t) => {
      const ahead = await serve(t, [
        '--lease-ms',
        `${HOUR_MS}`,
        '--ahead-ms',
        `${DAY_MS - HOUR_MS}`,
      ])
      const paused = await serve(t, ['--lease-ms', `${HOUR_MS}`], 'picture.put:1:STOP')
      const board = boards.next()
      const { bytes, blob } = await newPicture()
      await engine.endedBlobs.note([blob])
      const answer = put(paused, board, bytes)
      answer.catch(() => {})
      await whenSo(async () => (await engine.blobs.touchedAt(blob)) !== null, 'its put')
      await whenSwept()
      assert.ok(await engine.blobs.has(blob))
      process.kill(paused.pid, 'SIGCONT')
      await opens(ahead, board, await answer, blob)
    })
  })

async function putBlob(engine: Engine, bytes: Uint8Array, blob: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-blob-'))
  await writeFile(join(folder, blob), bytes)
  await engine.blobs.put(join(folder, blob), blob)
  await rm(folder, { recursive: true })
}

async function whenSo(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (
    const end = Date.now() + TEST_TIMEOUT_MS;
    !(await isSo());
    await setTimeout(POLL_INTERVAL_MS)
  )
    assert.ok(Date.now() < end, `not in time: ${what}`)
}
