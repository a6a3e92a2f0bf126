import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type ImageRecord, parseCursor, WireError } from '@wirephoto/board'
import { type Engine, openEngine } from '@wirephoto/engine'
import { drawPicture } from '../../../../test/support/pictures.ts'
import { Harness } from '../../support/http-harness.ts'
import { variantKey } from '../images/variant-key.ts'
import { makeBackup } from './backup.ts'
import { serverSource } from './backup-socket.ts'
import { type BoardSource, blobsOf, engineSource, readBoard } from './board-point.ts'
import { type BackupFinding, checkBackups } from './check-backups.ts'
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

interface Sent {
  readonly id: string
  readonly blob: string
}

/** Sends a picture to the other board. */
async function sent(path: string, seed: number): Promise<Sent> {
  const { id } = await send(path, seed)
  return { id, blob: (await server.record(id, other))!.blob! }
}

/** Purges a picture of the other board; resolves when it is gone. */
async function purge(id: string): Promise<void> {
  const commands = [{ kind: 'image.remove', id } as const, { kind: 'image.purge', id } as const]
  await server.act(commands, undefined, other)
  await until(async () => (await server.record(id, other)) === undefined)
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
  const breakAt = async (isTime: (copied: number) => boolean) => {
    const stop = new AbortController()
    const onProgress = ({ copied }: { copied: number }) => isTime(copied) && stop.abort()
    await assert.rejects(backUp(folder, { signal: stop.signal, onProgress }), {
      name: 'AbortError',
    })
    assert.deepEqual(await readdir(join(folder, 'points')), [])
  }
  await breakAt((copied) => copied === 3)
  await assert.rejects(restoreTo(folder, await newFolder(t)), /There is no whole backup there/)
  const { copied, files } = await backUp(folder)
  assert.ok(copied > 0 && copied < files)
})

test('E75: one that breaks off while its list is written is none, and leaves the earlier one', async (t) => {
  const [folder, target] = [await newFolder(t), await newFolder(t)]
  const first = await backUp(folder)
  let reads = 0
  const boards = (await server.engine.boards.list()).length
  const source: BoardSource = {
    ...engineSource(server.engine),
    async read(info) {
      // Every board is read once for its files, and once more for the list.
      if (++reads === 2 * boards) throw new Error('The power fails')
      return readBoard(server.engine, info)
    },
  }
  {
    await using store = await openStore(folder, true)
    await assert.rejects(makeBackup(source, store), /The power fails/)
  }
  assert.deepEqual(await readdir(join(folder, 'points')), [`${first.point}.jsonl.gz`])
  assert.equal((await restoreTo(folder, target)).point, first.point)
})

test('E75: a backup whose list is cut off, or says something else, is not restored', async (t) => {
  const folder = await newFolder(t)
  const { point } = await backUp(folder)
  const path = join(folder, 'points', `${point}.jsonl.gz`)
  const sound = await readFile(path)
  const lines = gunzipSync(sound).toString().trimEnd().split('\n')
  const zipped = (changed: readonly string[]) => gzipSync(`${changed.join('\n')}\n`)
  const damaged = {
    'cut off in the middle': sound.subarray(0, sound.length >> 1),
    'cut off at its very end': sound.subarray(0, -9),
    'without its last line': zipped(lines.slice(0, -1)),
    'without a line': zipped(lines.toSpliced(2, 1)),
    'with another word': zipped(lines.map((line) => line.replace('harbour', 'airport'))),
    empty: Buffer.alloc(0),
  }
  for (const [what, bytes] of Object.entries(damaged)) {
    await writeFile(path, bytes)
    await assert.rejects(restoreTo(folder, await newFolder(t)), { code: 'damaged' }, what)
  }
  await writeFile(path, zipped(lines))
  assert.equal((await restoreTo(folder, await newFolder(t))).point, point, 'the same is restored')
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
  const early = await sent(`/b/${other}/purged.jpg`, 7)
  let late: Sent | null = null
  let looks = 0
  const source: BoardSource = {
    ...engineSource(server.engine),
    async boards() {
      // All files are copied. This one comes before the list is written.
      if (++looks === 2) late = await sent(`/b/${other}/purged-too.jpg`, 11)
      return server.engine.boards.list()
    },
    async open(name) {
      for (const each of [early, late])
        if (each && name === each.blob) {
          await purge(each.id)
          throw new WireError('not-found')
        }
      return server.engine.blobs.get(name)
    },
  }
  {
    await using store = await openStore(folder, true)
    assert.deepEqual((await makeBackup(source, store)).problems, [])
    for (const each of [early, late!]) assert.equal(await store.sizeOf(each.blob), null)
  }
  await restoreTo(folder, target)
  await using(await openEngine(`sqlite:${target}`), async ({ log }) => {
    const ids = (await log.load(other)).records.map((record) => record.id)
    assert.deepEqual([ids.includes(early.id), ids.includes(late!.id)], [false, false])
  })
})

test('E79: a picture that is purged after its file was copied is not in the backup', async (t) => {
  const folder = await newFolder(t)
  const { id, blob } = await sent(`/b/${other}/purged-later.jpg`, 8)
  let looks = 0
  let wasCopied = false
  await using store = await openStore(folder, true)
  const source: BoardSource = {
    ...engineSource(server.engine),
    async boards() {
      if (++looks === 2) {
        wasCopied = (await store.sizeOf(blob)) !== null
        await purge(id)
      }
      return server.engine.boards.list()
    },
  }
  assert.deepEqual((await makeBackup(source, store)).problems, [])
  assert.ok(wasCopied)
  assert.equal(await store.sizeOf(blob), null)
  for await (const name of store.blobs()) assert.ok(!name.startsWith(blob))
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

/** Copies the server's boards. `change` changes how they are read. Tells which files were read to their end. */
async function copyTo(target: string, name: string, change: Partial<BoardSource> = {}, given = {}) {
  const read: string[] = []
  const source: BoardSource = {
    ...engineSource(server.engine),
    async open(blob) {
      const file = await server.engine.blobs.get(blob)
      file.once('end', () => read.push(blob))
      return file
    },
    ...change,
  }
  const engine = await openEngine(`sqlite:${target}`, { fills: true })
  const copied = await using(engine, () => copyBoards(source, name, engine, given)).catch(
    (error: unknown) => error,
  )
  return { copied, read }
}

test('E81: a copy goes on where it broke off, and takes what has changed since', async (t) => {
  const target = await newFolder(t)
  const stop = new AbortController()
  const first = await copyTo(target, 'here', undefined, {
    signal: stop.signal,
    onProgress: ({ copied }: { copied: number }) => copied === 3 && stop.abort(),
  })
  assert.equal((first.copied as Error).name, 'AbortError')
  assert.ok(first.read.length >= 3)
  await assert.rejects(openEngine(`sqlite:${target}`), /that broke off/)
  const elsewhere = await copyTo(target, 'elsewhere')
  assert.match(String(elsewhere.copied), /a part of another source/)
  await server.act([{ kind: 'board.patch', set: { title: 'Changed' } }], undefined, other)
  await until(async () =>
    (await entriesOf(other, 'audit')).some(({ data }) => data.includes('Changed')),
  )
  const second = await copyTo(target, 'here')
  const both = first.read.filter((blob) => second.read.includes(blob))
  // A file may have been read, and not yet stored, when it broke off.
  assert.ok(first.read.length - both.length >= 3, 'what was copied is not read again')
  await using(await openEngine(`sqlite:${target}`), async (engine) => {
    assert.deepEqual(await contentOf(engine), await contentOf(server.engine))
  })
})

test('E81: a copy that broke off behind its last board takes and drops what has changed', async (t) => {
  const target = await newFolder(t)
  const [gone, same] = [await server.boards.create(), await server.boards.create()]
  await server.announce('lost', 'anna', gone)
  const { id } = await send(`/b/${other}/soon-gone.jpg`, 9)
  const epochs = async () =>
    using(await openEngine(`sqlite:${target}`, { fills: true }), async ({ log }) =>
      Promise.all([same, other].map(async (id) => parseCursor((await log.load(id)).cursor)!.epoch)),
    )
  let looks = 0
  const first = await copyTo(target, 'here', {
    async boards() {
      if (++looks === 2) throw new Error('The power fails')
      return server.engine.boards.list()
    },
  })
  assert.match(String(first.copied), /The power fails/)
  const [sameBefore, otherBefore] = await epochs()
  await server.boards.remove(gone)
  await purge(id)
  const { id: added } = await send(`/b/${other}/later.jpg`, 10)
  await server.images.variants.whenIdle()
  const { copied } = await copyTo(target, 'here')
  assert.ok(copied && !(copied instanceof Error), String(copied))
  await using(await openEngine(`sqlite:${target}`), async (engine) => {
    assert.deepEqual(await contentOf(engine), await contentOf(server.engine))
    assert.equal(await engine.boards.has(gone), false)
    const ids = (await engine.log.load(other)).records.map((record) => record.id)
    assert.deepEqual([ids.includes(added), ids.includes(id)], [true, false])
    await countSound(engine)
    const cursors = [same, other].map(async (board) => (await engine.log.load(board)).cursor)
    const [sameAfter, otherAfter] = (await Promise.all(cursors)).map((at) => parseCursor(at)!.epoch)
    assert.equal(sameAfter, sameBefore, 'a board that is there is not brought again')
    assert.notEqual(otherAfter, otherBefore)
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

test('E103: a check of backups names spoilt and missing files and lists, each once', async (t) => {
  const folder = await newFolder(t)
  const older = await backUp(folder)
  await server.act([{ kind: 'board.patch', set: { title: 'Newer' } }])
  const { point } = await backUp(folder)
  const check = async () => {
    const findings: BackupFinding[] = []
    const onFinding = (finding: BackupFinding) => findings.push(finding)
    await using store = await openStore(folder, false)
    const { backups, files } = await checkBackups(store, { onFinding, onProgress() {} })
    assert.equal(backups, 2)
    return { files, findings: findings.toSorted((a, b) => (a.kind < b.kind ? -1 : 1)) }
  }
  const sound = await check()
  assert.deepEqual(sound.findings, [])
  assert.ok(sound.files > 5)
  const pathOf = (blob: string) => join(folder, 'blobs', blob.slice(0, 2), blob)
  const change = async (path: string, spoil: (bytes: Buffer) => Buffer) =>
    writeFile(path, spoil(await readFile(path)))
  const flip = (bytes: Buffer) => {
    bytes[bytes.length >> 1]! ^= 1
    return bytes
  }
  const named = (await server.pictures()).filter(({ name }) => name === 'harbour.jpg')
  const [{ id, blob, variants }] = named as [ImageRecord]
  const [lost] = (await server.pictures(other)) as [ImageRecord]
  const variant = variantKey(blob!, variants![0]!)
  await change(pathOf(blob!), flip)
  await change(pathOf(variant), flip)
  await rm(pathOf(lost.blob!))
  await change(join(folder, 'points', `${older.point}.jsonl.gz`), (bytes) => bytes.subarray(0, -99))
  const { findings } = await check()
  const picture = { board: 'main', id, name: 'harbour.jpg' }
  assert.deepEqual(findings, [
    { kind: 'log', point: older.point, blob: null, picture: null },
    {
      kind: 'missing',
      point,
      blob: lost.blob,
      picture: { board: other, id: lost.id, name: lost.name },
    },
    { kind: 'rotten', point, blob, picture },
    { kind: 'variant-rotten', point, blob: variant, picture },
  ])
})
