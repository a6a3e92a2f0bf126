import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ImageRecord } from '@wirephoto/board'
import { drawPicture } from '../../../../test/support/pictures.ts'
import { Harness } from '../../support/http-harness.ts'
import { variantKey } from './variant-key.ts'

const PATIENCE_MS = 60_000
const NEEDLE_BYTES = 32

test('J16, J18: a purged picture and a removed board are in no file of the folder', async (t) => {
  const server = await opened(t)
  const { id, blob } = await stored(server, 'caption-of-a-purged-picture')
  const [side] = (await varied(server, id)).variants!
  const texts = ['caption-of-a-purged-picture', 'name-of-a-purged-picture']
  await server.act([{ kind: 'image.patch', id, set: { caption: `${texts[0]}, once more` } }])
  const needles = [
    ...texts.map((text) => Buffer.from(text)),
    await partOf(server, blob!),
    await partOf(server, variantKey(blob!, side!)),
  ]

  const half = await halfSent(server)
  const board = await server.boards.create()
  await server.act(
    [{ kind: 'board.patch', set: { title: 'title-of-a-removed-board' } }],
    undefined,
    board,
  )
  needles.push(
    Buffer.from('name-of-an-unfinished-one'),
    half.part,
    Buffer.from('title-of-a-removed-board'),
  )
  assert.equal(await countFound(server.data, needles), needles.length)

  const purge = (picture: string) =>
    [
      { kind: 'image.remove', id: picture },
      { kind: 'image.purge', id: picture },
    ] as const
  await server.act([...purge(id), ...purge(half.id)], { visitor: 'olga', role: 'own' })
  await server.boards.removeAt(board, (await server.engine.log.load(board)).cursor)
  await server.engine.log.prune('main', Date.now() + 1_000)

  const end = performance.now() + PATIENCE_MS
  while ((await countFound(server.data, needles)) > 0) {
    assert.ok(performance.now() < end, 'something is left')
    await setTimeout(50)
  }
  assert.deepEqual(await server.incomingFileNames(), [])
  assert.deepEqual(await server.blobs(), [])
})

async function opened(t: TestContext): Promise<Harness> {
  const server = await Harness.open({ bounds: { 'purge-grace': 1 } })
  t.after(() => server.close())
  return server
}

/** Stores a picture as a page does that sends it whole. */
async function stored(server: Harness, caption: string): Promise<ImageRecord> {
  const jpeg = await drawPicture({ width: 700, height: 500 })
  const body = new FormData()
  body.append('caption', caption)
  body.append('file', new Blob([jpeg]), 'name-of-a-purged-picture.jpg')
  const response = await fetch(`${server.url}/api/boards/main/images`, { method: 'POST', body })
  assert.equal(response.status, 201)
  const [picture] = await server.pictures()
  return picture!
}

/** Waits for a picture's variants. */
async function varied(server: Harness, id: string): Promise<ImageRecord> {
  using held = await server.boards.hold('main')
  const { promise, resolve } = Promise.withResolvers<void>()
  const find = () => {
    const record = held.board.records.get(id) as ImageRecord
    if (record.variants !== null) resolve()
    return record
  }
  const unlisten = held.board.listen(find)
  find()
  await promise
  unlisten()
  return find()
}

/** Sends the first half of a picture. */
async function halfSent(server: Harness): Promise<{ id: string; part: Buffer }> {
  const picture = await drawPicture({ width: 100, height: 100, format: 'png' })
  const name = 'name-of-an-unfinished-one.png'
  const id = await server.announce(name)
  const half = picture.subarray(0, picture.length / 2)
  const { intake } = server.images
  const incomingFile = await intake.begin({ board: 'main', id, name, length: picture.length })
  await intake.receive(incomingFile, Readable.from([half]), 0)
  const part = half.subarray(half.length - NEEDLE_BYTES)
  return { id, part }
}

/** Reads some bytes out of the middle of a stored file. */
async function partOf(server: Harness, blob: string): Promise<Buffer> {
  const bytes = await buffer(await server.engine.blobs.get(blob))
  const middle = Math.floor(bytes.length / 2)
  return bytes.subarray(middle, middle + NEEDLE_BYTES)
}

/** Counts those of the needles that any file of a folder has. */
async function countFound(folder: string, needles: readonly Buffer[]): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  // A file may go between the two calls.
  const files = await Promise.all(paths.map((path) => readFile(path).catch(() => Buffer.alloc(0))))
  return needles.filter((needle) => files.some((file) => file.includes(needle))).length
}
