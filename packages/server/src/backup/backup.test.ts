import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type ImageRecord, parseCursor, WireError } from '@wirephoto/board'
import { type Engine, openEngine } from '@wirephoto/engine'
import { drawPicture } from '../../../../test/support/pictures.ts'
import { Harness } from '../../support/http-harness.ts'
import { makeBackup } from './backup.ts'
import { serverSource } from './backup-socket.ts'
import { type BoardSource, blobsOf, engineSource, readBoard } from './board-point.ts'
import { copyBoards, findPoint, restore } from './fill.ts'
import { type BackupStore, openStore } from './store.ts'

let server: Harness
let other: string
before(async () => {
  server = await Harness.open({ bounds: { 'purge-grace': 1 } })
  other = await server.boards.create()
  await fillBoards()
})
after(() => server.close())

const jpeg = (seed: number, width = 90) => drawPicture({ width, height: 60, seed })

async function send(
  path: string,
  seed: number,
  width?: number,
  headers = {},
): Promise<ImageRecord> {
  const body = new Uint8Array(await jpeg(seed, width))
  const answer = await fetch(`${server.url}${path}`, { method: 'PUT', body, headers })
  assert.ok(answer.ok, await answer.clone().text())
  return (await answer.json()) as ImageRecord
}

/** Makes pictures with variants, an earlier file, a trash, a slot with its frames, settings, a link, a second board. */
async function fillBoards(): Promise<void> {
  const { id } = await send('/harbour.jpg', 1, 330)
  await send(`/api/boards/main/images/${id}`, 2, 330, { 'if-match': '*' })
  const removed = await send('/gone.jpg', 3)
  await server.act([
    { kind: 'image.remove', id: removed.id },
    { kind: 'board.patch', set: { title: 'Harbour' } },
  ])
  for (const seed of [4, 5]) await send('/b/main/live/cam', seed)
  await until(async () => (await entriesOf('main', 'frame')).length > 0)
  await send(`/b/${other}/elsewhere.jpg`, 6)
  // The audit is written after the answer.
  await until(async () => (await entriesOf(other, 'audit')).length > 0)
  const link = { hash: 'a'.repeat(64), board: other, kind: 'link', expiresAt: null } as const
  await server.engine.secrets.put({ ...link, data: '{"role":"view"}' })
  await server.images.variants.whenIdle()
}

const entriesOf = (board: string, kind: 'audit' | 'frame') =>
  server.engine.history.list(board, { kind, limit: 99 })

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setTimeout(20)
}

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-backup-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Backs the running server up, through its socket. */
async function backUp(folder: string, options = {}) {
  await using source = (await serverSource(server.data))!
  await using store = await openStore(folder, true)
  return await makeBackup(source, store, options)
}

/** Uses an engine, and closes it. */
async function using<T>(engine: Engine, use: (engine: Engine) => Promise<T>): Promise<T> {
  try {
    return await use(engine)
  } finally {
    await engine.close()
  }
}

const restoreTo = async (folder: string, target: string, options = {}) => {
  await using store = await openStore(folder, false)
  const engine = await openEngine(`sqlite:${target}`, { fills: true })
  return await using(engine, (opened) => restore(store, opened, options))
}

/** Reads all boards, without what a restore makes new. */
async function contentOf(engine: Engine) {
  const boards = []
  for (const info of await engine.boards.list()) {
    const { cursor: _, clients, records, ...rest } = (await readBoard(engine, info))!
    const byId = records.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const states = clients.map(([client, { n, refused }]) => ({ client, n, refused }))
    boards.push({ ...rest, records: byId, clients: states })
  }
  return boards
}

/** Checks that every picture is there, with its variants. Returns their number. */
async function countSound(engine: Engine): Promise<number> {
  let count = 0
  for (const info of await engine.boards.list()) {
    const point = (await readBoard(engine, info))!
    for (const { name, isVariant, picture } of blobsOf(point)) {
      if (isVariant && !picture) continue
      assert.ok((await buffer(await engine.blobs.get(name))).length > 0)
      count++
    }
  }
  return count
}

test('E71, E72: a backup of a running server restores all that it had, with new epochs', async (t) => {
  const [folder, target] = [await newFolder(t), await newFolder(t)]
  const made = await backUp(folder)
  assert.deepEqual(made.problems, [])
  const before = await contentOf(server.engine)
  const restored = await restoreTo(folder, target)
  assert.deepEqual([restored.point, restored.problems], [made.point, []])
  await using(await openEngine(`sqlite:${target}`), async (engine) => {
    assert.deepEqual(await contentOf(engine), before)
    const main = before.find(({ board }) => board === 'main')!
    assert.ok(main.history.some(({ kind }) => kind === 'replaced'))
    assert.ok(main.records.some((record) => record.kind === 'image' && record.deletedAt !== null))
    assert.ok(main.records.some((record) => record.kind === 'image' && record.slot === 'cam'))
    assert.equal(before.find(({ board }) => board === other)?.secrets.length, 1)
    assert.equal(await countSound(engine), await countSound(server.engine))
    const epochs = [server.engine, engine].map(
      async (each) => parseCursor((await each.log.load('main')).cursor)?.epoch,
    )
    const [old, fresh] = await Promise.all(epochs)
    assert.notEqual(old, fresh)
  })
})

test('E73: a second backup copies nothing that the first one has', async (t) => {
  const folder = await newFolder(t)
  const first = await backUp(folder)
  assert.ok(first.copied > 5)
  const second = await backUp(folder)
  assert.deepEqual([second.copied, second.copiedBytes, second.bytes], [0, 0, first.bytes])
  const third = await backUp(folder, { keep: 1 })
  assert.equal(third.removed, 2)
  assert.deepEqual(await readdir(join(folder, 'points')), [`${third.point}.jsonl.gz`])
  await restoreTo(folder, await newFolder(t))
})

test('E74: a damaged file of a backup is named, and a backup with --verify replaces it', async (t) => {
  const [folder, target] = [await newFolder(t), await newFolder(t)]
  await backUp(folder)
  const [{ id, blob }] = (await server.pictures(other)) as [ImageRecord]
  const path = join(folder, 'blobs', blob!.slice(0, 2), blob!)
  const bytes = await readFile(path)
  bytes[bytes.length >> 1]! ^= 1
  await writeFile(path, bytes)
  const { problems } = await restoreTo(folder, target)
  const picture = { board: other, id, name: 'elsewhere.jpg' }
  assert.deepEqual(problems, [{ kind: 'rotten', blob, picture }])
  await using(await openEngine(`sqlite:${target}`), async ({ blobs }) =>
    assert.equal(await blobs.has(blob!), false),
  )
  assert.equal((await backUp(folder)).replaced, 0)
  const verified = await backUp(folder, { verifies: true })
  assert.deepEqual([verified.replaced, verified.copied], [1, 1])
  assert.deepEqual((await restoreTo(folder, await newFolder(t))).problems, [])
})

test('E75: a backup that breaks off is none, and the next one goes on', async (t) => {
  const folder = await newFolder(t)
  const stop = new AbortController()
  const broken = backUp(folder, {
    signal: stop.signal,
    onProgress: ({ copied }: { copied: number }) => copied === 3 && stop.abort(),
  })
  await assert.rejects(broken, { name: 'AbortError' })
  await assert.rejects(restoreTo(folder, await newFolder(t)), /There is no whole backup there/)
  const { copied, files } = await backUp(folder)
  assert.ok(copied > 0 && copied < files)
  const [point] = await readdir(join(folder, 'points'))
  const file = join(folder, 'points', point!)
  await writeFile(file, (await readFile(file)).subarray(0, -9))
  await assert.rejects(restoreTo(folder, await newFolder(t)), { code: 'damaged' })
})

test('E76: a restore that breaks off is served by nobody, and goes on', async (t) => {
  const [folder, target] = [await newFolder(t), await newFolder(t)]
  const { point } = await backUp(folder)
  const stop = new AbortController()
  const broken = restoreTo(folder, target, {
    signal: stop.signal,
    onProgress: ({ copied }: { copied: number }) => copied === 3 && stop.abort(),
  })
  await assert.rejects(broken, { name: 'AbortError' })
  await assert.rejects(openEngine(`sqlite:${target}`), /that broke off/)
  await server.act([{ kind: 'board.patch', set: { title: 'Later' } }])
  await backUp(folder)
  await assert.rejects(restoreTo(folder, target), /a part of another source/)
  const restored = await restoreTo(folder, target, { point })
  assert.ok(restored.copied < restored.files)
  await using(await openEngine(`sqlite:${target}`), async (engine) => {
    assert.equal(await countSound(engine), await countSound(server.engine))
  })
})

test('E77: a restore or a copy refuses an engine that has boards', async (t) => {
  const [folder, target] = [await newFolder(t), await newFolder(t)]
  await backUp(folder)
  await using(await openEngine(`sqlite:${target}`), ({ boards }) => boards.create('main'))
  await assert.rejects(restoreTo(folder, target), /The target has boards already/)
  const engine = await openEngine(`sqlite:${target}`, { fills: true })
  const copying = copyBoards(engineSource(server.engine), 'here', engine)
  await assert.rejects(
    using(engine, () => copying),
    /The target has boards already/,
  )
})

test('E78: a backup during writes is a committed point of each board', async (t) => {
  const [folder, target] = [await newFolder(t), await newFolder(t)]
  const board = await server.boards.create()
  let isDone = false
  let count = 0
  const writing = (async () => {
    while (!isDone) {
      const id = await server.announce(`${++count}`, 'anna', board)
      const text = `${count}`
      // One batch: both, or none.
      const commands = [
        { kind: 'image.patch', id, set: { caption: text } },
        { kind: 'board.patch', set: { title: text } },
      ] as const
      await server.act(commands, undefined, board)
    }
  })()
  for (let round = 0; round < 3; round++) await backUp(folder)
  isDone = true
  await writing
  assert.ok(count > 3)
  await restoreTo(folder, target)
  await using(await openEngine(`sqlite:${target}`), async ({ log }) => {
    const { records } = await log.load(board)
    const title = records.find((record) => record.kind === 'board')?.title
    const captions = records.flatMap((record) => (record.kind === 'image' ? record.caption : []))
    const done = captions
      .filter(Boolean)
      .map(Number)
      .sort((a, b) => a - b)
    assert.deepEqual(
      done,
      Array.from({ length: Number(title) }, (_, i) => i + 1),
    )
  })
})

test('E79: a picture that is purged while it is backed up breaks nothing, and is not in it', async (t) => {
  const [folder, target] = [await newFolder(t), await newFolder(t)]
  const { id } = await send(`/b/${other}/purged.jpg`, 7)
  const [{ blob }] = (await server.pictures(other)).filter((each) => each.id === id) as [
    ImageRecord,
  ]
  const source: BoardSource = {
    ...engineSource(server.engine),
    async open(name) {
      if (name !== blob) return server.engine.blobs.get(name)
      await server.act(
        [
          { kind: 'image.remove', id },
          { kind: 'image.purge', id },
        ],
        undefined,
        other,
      )
      await until(async () => (await server.record(id, other)) === undefined)
      throw new WireError('not-found')
    },
    async [Symbol.asyncDispose]() {},
  }
  {
    await using store = await openStore(folder, true)
    assert.deepEqual((await makeBackup(source, store)).problems, [])
    assert.equal(await store.sizeOf(blob!), null)
  }
  await restoreTo(folder, target)
  await using(await openEngine(`sqlite:${target}`), async ({ log }) => {
    assert.equal(
      (await log.load(other)).records.some((record) => record.id === id),
      false,
    )
  })
})

test('E80: a picture whose file is lost is named by the backup, and all else is in it', async (t) => {
  const folder = await newFolder(t)
  const [{ id, blob }] = (await server.pictures(other)) as [ImageRecord]
  const source: BoardSource = {
    ...engineSource(server.engine),
    open: async (name) => {
      if (name === blob) throw new WireError('not-found')
      return server.engine.blobs.get(name)
    },
  }
  await using store = await openStore(folder, true)
  const { problems, files } = await makeBackup(source, store)
  assert.deepEqual(problems, [
    { kind: 'missing', blob, picture: { board: other, id, name: 'elsewhere.jpg' } },
  ])
  assert.ok(files > 5)
})

test('E81: a copy goes on where it broke off, and takes what has changed since', async (t) => {
  const target = await newFolder(t)
  const stop = new AbortController()
  const options = {
    signal: stop.signal,
    onProgress: ({ copied }: { copied: number }) => copied === 3 && stop.abort(),
  }
  const copy = async (name: string, given = {}) => {
    const engine = await openEngine(`sqlite:${target}`, { fills: true })
    return await using(engine, () => copyBoards(engineSource(server.engine), name, engine, given))
  }
  await assert.rejects(copy('here', options), { name: 'AbortError' })
  await assert.rejects(openEngine(`sqlite:${target}`), /that broke off/)
  await assert.rejects(copy('elsewhere'), /a part of another source/)
  await server.act([{ kind: 'board.patch', set: { title: 'Changed' } }], undefined, other)
  await until(async () =>
    (await entriesOf(other, 'audit')).some(({ data }) => data.includes('Changed')),
  )
  const copied = await copy('here')
  assert.ok(copied && copied.copied < copied.files)
  await using(await openEngine(`sqlite:${target}`), async (engine) => {
    assert.deepEqual(await contentOf(engine), await contentOf(server.engine))
  })
})

test('E82: backups go only to a place of their own', async (t) => {
  await assert.rejects(openStore(server.data, true), { code: 'foreign' })
  const folder = await newFolder(t)
  await assert.rejects(openStore(folder, false), { code: 'no-boards' })
  await using store: BackupStore = await openStore(folder, true)
  await assert.rejects(openStore(folder, true), /Another backup is being written/)
  await assert.rejects(findPoint(store, undefined), { code: 'no-boards' })
  await writeFile(join(folder, 'wirephoto-backup.json'), '{"format":2}')
  await assert.rejects(openStore(folder, false), { code: 'too-new' })
})
