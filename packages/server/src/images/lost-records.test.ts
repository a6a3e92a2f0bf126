import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFile, cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { Harness } from '../../support/http-harness.ts'
import { newCollector } from '../../support/new-collector.ts'
import { boundsWith } from '../bounds.ts'
import { GARBAGE_COLLECTION_TIMES } from './garbage-collector.ts'
import { LastSweep } from './last-sweep.ts'

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const HALF_BYTES = 30
/** As if every lease were old. */
const TIMES = { ...GARBAGE_COLLECTION_TIMES, blobLeaseMs: -1_000 }

test('E20: unfinished uploads stay while the database lacks their records', async (t) => {
  const server = await opened(t)
  const kept = join(server.data, 'kept')
  await keepDatabase(server, kept)
  const id = await begin(server)
  const newest = join(server.data, 'newest')
  await keepDatabase(server, newest)

  await putBack(server, kept)
  assert.equal((await server.engine.health()).length, 1)
  await server.images.intake.resume()
  assert.equal(await pendingUpload(server, id), undefined)
  assert.equal(await collectorOf(server).collect(TIMES), false)
  assert.equal(server.images.incomingFiles.list().length, 1)

  await putBack(server, newest)
  await server.images.intake.resume()
  const upload = (await pendingUpload(server, id))!
  assert.equal(upload.offset, HALF_BYTES)
  const rest = Readable.from([PICTURE.subarray(HALF_BYTES)])
  assert.ok((await server.images.intake.receive(upload, rest, HALF_BYTES))?.blob)
})

test('E20: so do many at once, and those that are here when a sweep has stopped', async (t) => {
  const server = await opened(t)
  const ids: string[] = []
  for (let i = 0; i < 11; i++) ids.push(await begin(server))
  const incomingFiles = () => server.images.incomingFiles.list().length
  // As if the server had been killed before it removed their files.
  const [arrivals, kept] = [join(server.data, 'arrivals'), join(server.data, 'kept')]
  await cp(arrivals, kept, { recursive: true })
  await server.act(ids.map((id) => ({ kind: 'image.fail', id }) as const))
  await server.stop()
  await cp(kept, arrivals, { recursive: true })
  await server.start()
  await server.images.intake.resume()
  assert.equal(incomingFiles(), 11, 'so many are a sign')
  await putUnnamed(server, 11)
  assert.equal(await collectorOf(server).collect(TIMES), false)
  assert.equal(await pendingUpload(server, ids[0]!), undefined)
  assert.equal(incomingFiles(), 11, 'a sweep has stopped')

  await server.restart({ bounds: { 'unexplained-percent': 100 } })
  assert.equal(await collectorOf(server, 100).collect(TIMES), true)
  assert.equal(incomingFiles(), 0)
})

test('E21: a sweep that has stopped is told after a restart, until it goes on', async (t) => {
  const server = await opened(t)
  await putUnnamed(server, 11)
  await collectorOf(server).collect(TIMES)
  const told = async () => {
    const lines: { level: number; unexplained: number; msg: string }[] = []
    const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) })
    await LastSweep.open(server.data, log)
    const readyz = await (await fetch(`${server.url}/readyz`)).json()
    const { faults } = readyz as { faults: { code: string; message: string }[] }
    assert.deepEqual(
      faults.map(({ code, message }) => [code, message]),
      lines.map(({ msg }) => ['sweep-stopped', msg]),
    )
    return lines.map(({ level, unexplained }) => [level, unexplained])
  }
  await server.restart({})
  assert.deepEqual(await told(), [[50, 11]])
  await collectorOf(server).collect(TIMES)
  assert.equal((await server.blobs()).length, 11)
  // A word of the operator, who restarts for it.
  await server.restart({ bounds: { 'unexplained-percent': 100 } })
  assert.deepEqual(await told(), [[50, 11]])
  await collectorOf(server, 100).collect(TIMES)
  assert.deepEqual(await server.blobs(), [])
  await server.restart({})
  assert.deepEqual(await told(), [])
})

async function opened(t: TestContext): Promise<Harness> {
  const server = await Harness.open()
  t.after(() => server.close())
  return server
}

const collectorOf = ({ engine, boards, images }: Harness, percent = 5) =>
  newCollector({ engine, boards, images, bounds: boundsWith({ 'unexplained-percent': percent }) })

/** Begins an upload that breaks off in its middle. */
async function begin(server: Harness): Promise<string> {
  const id = await server.announce()
  const { length } = PICTURE
  const upload = { board: 'main', id, name: 'a.png', length }
  const incomingFile = await server.images.intake.begin(upload)
  const source = Readable.from([PICTURE.subarray(0, HALF_BYTES)])
  await server.images.intake.receive(incomingFile, source, 0)
  return id
}

/** Looks for an upload as a request for it does. */
async function pendingUpload({ boards, images }: Harness, id: string) {
  using held = await boards.hold('main')
  return await images.intake.pendingUpload(held.board, id)
}

/** Stores files that no record names. */
async function putUnnamed({ data, engine }: Harness, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const path = join(data, 'unnamed')
    await writeFile(path, `file ${i}`)
    await engine.blobs.put(path, createHash('sha256').update(`file ${i}`).digest('hex'))
    await rm(path, { force: true })
  }
}

const databaseFiles = async ({ data }: Harness): Promise<string[]> =>
  (await readdir(data)).filter((name) => name.startsWith('wirephoto.db'))

/** Keeps a copy of a server's database. */
async function keepDatabase(server: Harness, folder: string): Promise<void> {
  await server.stop()
  await mkdir(folder)
  for (const file of await databaseFiles(server))
    await copyFile(join(server.data, file), join(folder, file))
  await server.start()
}

/** Starts a server again with a database that was kept. */
async function putBack(server: Harness, folder: string): Promise<void> {
  await server.stop()
  for (const file of await databaseFiles(server)) await rm(join(server.data, file))
  for (const file of await readdir(folder))
    await copyFile(join(folder, file), join(server.data, file))
  await server.start()
}
