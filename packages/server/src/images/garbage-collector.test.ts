import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ImageRecord } from '@wirephoto/board'
import { pino } from 'pino'
import sharp from 'sharp'
import { Harness } from '../../support/http-harness.ts'
import { newCollector } from '../../support/new-collector.ts'
import { type Bounds, boundsWith } from '../bounds.ts'
import { Metrics } from '../metrics.ts'
import { withVariants } from './ended-blob-remover.ts'
import { GARBAGE_COLLECTION_TIMES } from './garbage-collector.ts'

const PICTURE_COUNT = 40
const GONE_TIMEOUT_MS = 60_000
/** As if every lease were old. */
const TIMES = { ...GARBAGE_COLLECTION_TIMES, blobLeaseMs: -1_000 }

test('C8: a database that was lost, or is an older one, costs no picture', async (t) => {
  const server = await opened(t)
  const stored: ImageRecord[] = []
  for (const database of ['older', 'newer']) {
    const storing = Array.from({ length: PICTURE_COUNT / 2 }, async (_, i) =>
      store(server, await picture(40, stored.length + i)),
    )
    stored.push(...(await Promise.all(storing)))
    await keepDatabase(server, database)
  }

  for (const database of ['none', 'older']) {
    await putBack(server, database)
    const known = (await server.pictures()).length
    assert.equal(known, database === 'none' ? 0 : PICTURE_COUNT / 2)
    const { collector, lines, metrics, bounds } = loud(server)
    await collector.collect(TIMES)
    assert.equal((await filesOf(server)).length, PICTURE_COUNT, `${database}: none has gone`)
    const { state } = collector
    assert.ok(state.kind === 'stopped' && state.blobCount === PICTURE_COUNT)
    assert.equal(state.unexplainedCount, PICTURE_COUNT - known)
    assert.equal(lines.length, 1)
    assert.match(lines[0]!.msg, /put the newest one in its place.*unexplained-percent=100/)
    assert.deepEqual(await metric(metrics.blobsUnexplained), PICTURE_COUNT - known)
    // As if many other pictures had come since.
    bounds['unexplained-percent'] = 100
    await collector.collect(TIMES)
    assert.equal((await server.blobs()).length, PICTURE_COUNT, 'it goes on only when they are back')
  }

  await putBack(server, 'newer')
  const { collector, lines } = loud(server)
  await collector.collect(TIMES)
  assert.deepEqual([collector.state.kind, lines], ['fine', []])
  for (const { id } of stored) assert.equal((await fileOf(server, id)).status, 200)
})

test('C6, C7, C9: what a lost database named lies aside, and is back when it is named again', async (t) => {
  const server = await opened(t)
  const stored: ImageRecord[] = []
  for (let i = 0; i < 3; i++) stored.push(await store(server, await picture(400, i)))
  await keepDatabase(server, 'newer')
  await putBack(server, 'none')
  const { collector, lines, metrics } = loud(server)
  await collector.collect(GARBAGE_COLLECTION_TIMES)
  assert.equal((await server.blobs()).length, 9, 'their leases hold')
  await collector.collect(TIMES)
  assert.deepEqual(await server.blobs(), [])
  assert.deepEqual([lines.length, lines[0]?.['blobs']], [1, 9])
  assert.ok(Number(lines[0]?.['bytes']) > 1_000)
  assert.equal(await metric(metrics.blobsAside), 9)
  await collector.collect(TIMES)
  assert.equal(await metric(metrics.blobsAside), 9, 'for seven days')

  await putBack(server, 'newer')
  const [read, swept] = stored
  const response = await fetch(`${server.url}/b/main/blob/${read!.blob}/original`)
  assert.equal(response.status, 200)
  assert.equal(sha256(Buffer.from(await response.arrayBuffer())), read!.blob)
  assert.deepEqual(await server.blobs(), [read!.blob], 'the first read puts it back')
  const again = loud(server)
  await again.collector.collect(TIMES)
  assert.equal((await server.blobs()).length, 9, 'and the next sweep all others')
  assert.equal(await metric(again.metrics.blobsAside), 0)
  assert.equal((await fileOf(server, swept!.id)).status, 200)

  await putBack(server, 'none')
  await loud(server).collector.collect(TIMES)
  await loud(server).collector.collect({ ...TIMES, asideMs: -1_000 })
  assert.deepEqual(await filesOf(server), [], 'after seven days')
})

test('C1: a purged picture leaves the disk with its variants, and one on another board stays', async (t) => {
  const server = await opened(t)
  const bytes = await picture(400, 1)
  const { id, blob } = await store(server, bytes)
  const board = await server.boards.create()
  const elsewhere = await store(server, bytes, board)
  const source = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h5v5z"/></svg>',
  )
  const drawn = await store(server, source)
  assert.ok(drawn.original)

  await purge(server, id)
  await purge(server, drawn.id)
  const ended = [drawn.original!.blob, ...withVariants(drawn.blob!)]
  await whenGone(async () => (await filesOf(server)).every((name) => !ended.includes(name)))
  assert.deepEqual((await filesOf(server)).sort(), withVariants(blob!).slice(0, 3).sort())
  for (const form of ['original', 64, 320])
    assert.equal((await fetch(`${server.url}/b/${board}/blob/${blob}/${form}`)).status, 200)

  await purge(server, elsewhere.id, board)
  await whenGone(async () => (await filesOf(server)).length === 0)
  // The list is cleared once the files are gone.
  await whenGone(async () => (await server.engine.endedBlobs.list(9)).length === 0)
})

test('C2: a purge whose server dies before the files are gone is completed by the next one', async (t) => {
  const server = await opened(t)
  const { id } = await store(server, await picture(400, 1))
  await purge(server, id)
  await server.stop()
  await server.start()
  await whenGone(async () => (await filesOf(server)).length === 0)
})

test('C3: bytes that come again while their picture is purged are there, whatever comes first', async (t) => {
  const server = await opened(t)
  const { engine, boards, images } = server
  const collector = newCollector({ engine, boards, images })
  const bytes = await picture(400, 1)
  const board = await boards.create()
  let last = await store(server, bytes)
  for (let round = 0; round < 12; round++) {
    // Turn by turn on two boards, of which the other one has the older picture.
    const [here, there] = round % 2 ? ['main', board] : [board, 'main']
    let isOver = false
    const collecting = (async () => {
      while (!isOver) await collector.removeEnded(GARBAGE_COLLECTION_TIMES)
    })()
    const [next] = await Promise.all([
      store(server, bytes, here),
      sleep(round % 5).then(() => purge(server, last.id, there)),
    ]).finally(() => {
      isOver = true
    })
    await collecting
    for (const form of ['original', ...next.variants!]) {
      const response = await fetch(`${server.url}/b/${here}/blob/${next.blob}/${form}`)
      assert.equal(response.status, 200, `round ${round}: ${form}`)
    }
    last = next
  }
})

test('C5: the bytes of an upload that is refused after it was stored go', async (t) => {
  const server = await opened(t)
  const { id, blob } = await store(server, await picture(40, 1))
  using held = await server.boards.hold('main')
  const other = await picture(40, 2)
  await assert.rejects(server.images.directUpload.fill(held.board, id, Readable.from([other])), {
    code: 'conflict',
  })
  assert.ok((await filesOf(server)).includes(sha256(other)))
  await loud(server).collector.removeEnded(GARBAGE_COLLECTION_TIMES)
  assert.deepEqual(await filesOf(server), [blob])
})

test('C3: a blob that a history entry names stays with its variants until the entry is pruned', async (t) => {
  const server = await opened(t)
  const { id, blob } = await store(server, await picture(400, 1))
  const at = Date.now()
  const entry = { at, kind: 'audit', subject: 'door', data: '{}', blob } as const
  await server.engine.history.append('main', [entry])
  await purge(server, id)
  const { collector, lines } = loud(server)
  await collector.removeEnded(TIMES)
  await collector.collect(TIMES)
  assert.equal((await server.blobs()).length, 3)
  assert.deepEqual(lines, [])
  await server.engine.history.prune('main', { kind: 'audit', before: at + 1 })
  await collector.removeEnded(TIMES)
  assert.deepEqual(await filesOf(server), [])
})

async function opened(t: TestContext): Promise<Harness> {
  const server = await Harness.open()
  t.after(() => server.close())
  return server
}

/** A collector with its log and its metrics. */
function loud({ engine, boards, images }: Harness) {
  const lines: { msg: string; [key: string]: unknown }[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const metrics = new Metrics()
  const bounds: { -readonly [Name in keyof Bounds]: number } = boundsWith()
  const collector = newCollector({ engine, boards, images, log, metrics, bounds })
  return { collector, lines, metrics, bounds }
}

const metric = async (gauge: Metrics['blobsAside']): Promise<number | undefined> =>
  (await gauge.get()).values[0]?.value

/** Makes a picture with bytes of its own. */
const picture = (width: number, nth: number): Promise<Buffer> =>
  sharp({ create: { width, height: 30, channels: 3, background: { r: nth, g: 90, b: 30 } } })
    .png()
    .toBuffer()

/** Stores a picture, and waits for its variants. */
async function store(server: Harness, bytes: Buffer, board = 'main'): Promise<ImageRecord> {
  const address = `${server.url}/b/${board}/p`
  const answer = await fetch(address, { method: 'PUT', body: new Uint8Array(bytes) })
  assert.equal(answer.status, 201)
  const { id } = (await answer.json()) as ImageRecord
  await server.images.variants.whenIdle()
  return (await server.record(id, board))!
}

async function purge(server: Harness, id: string, board = 'main'): Promise<void> {
  const commands = [{ kind: 'image.remove', id }, { kind: 'image.erase', id }] as const // biome-ignore format: two
  for (const command of commands) await server.act([command], undefined, board)
}

const fileOf = (server: Harness, id: string) =>
  fetch(`${server.url}/api/boards/main/images/${id}/file`)

/** Lists the files that hold pictures, those that lie aside too. A new one has two names. */
async function filesOf({ data }: Harness): Promise<string[]> {
  const names = await readdir(join(data, 'blobs'), { recursive: true })
  return [...new Set(names.flatMap((name) => /[0-9a-f]{64}$/.exec(name)?.[0] ?? []))]
}

/** Keeps a copy of a server's database. */
async function keepDatabase(server: Harness, name: string): Promise<void> {
  await server.stop()
  await mkdir(join(server.data, name))
  for (const file of await databaseFiles(server))
    await copyFile(join(server.data, file), join(server.data, name, file))
  await server.start()
}

/** Starts a server again with a database that was kept, or with none; its operator accepts that. */
async function putBack(server: Harness, name: string): Promise<void> {
  await server.stop()
  for (const file of await databaseFiles(server)) await rm(join(server.data, file))
  const kept = join(server.data, name)
  for (const file of await readdir(kept).catch(() => []))
    await copyFile(join(kept, file), join(server.data, file))
  const said = await server.start().then(
    async () => (await server.engine.health())[0]?.message,
    (error: Error) => error.message,
  )
  if (said === undefined) return
  await server.stop()
  await server.start(/--accept-loss ([0-9a-f]{8})/.exec(said)?.[1])
}

const databaseFiles = async ({ data }: Harness): Promise<string[]> =>
  (await readdir(data)).filter((name) => name.startsWith('wirephoto.db'))

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

async function whenGone(isGone: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + GONE_TIMEOUT_MS; !(await isGone()); await sleep(50))
    assert.ok(Date.now() < end, 'not gone in time')
}
