import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { parseCursor, WireError } from '@wirephoto/board'
import { type Engine, openBucket, openEngine } from '@wirephoto/engine'
import {
  type BackupFinding,
  type BoardSource,
  checkBackups,
  copyBoards,
  engineSource,
  makeBackup,
  openStore,
  restore,
  retryWhileAway,
  serverSource,
} from '@wirephoto/server/backup'
import { checkStored } from '@wirephoto/server/check'
import sharp from 'sharp'
import { type Database, databaseProviders } from '../support/databases.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { BUCKET, S3Server } from '../support/s3.ts'

const SIDE_PX = 440

let folder: string
let server: InProcessServer
let board: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-backups-'))
  server = await InProcessServer.open({}, 1)
  board = await server.newBoard()
  await fill(server, board)
})
after(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

let count = 0
const newPath = () => join(folder, `${++count}`)

/** Adds pictures of several chunks, one with an earlier file. */
async function fill({ url }: InProcessServer, id: string): Promise<void> {
  const put = async (path: string, headers = {}) => {
    const body = new Uint8Array(await noise())
    const answer = await fetch(`${url}${path}`, { method: 'PUT', body, headers })
    assert.ok(answer.ok, await answer.clone().text())
    return (await answer.json()) as { id: string }
  }
  const picture = await put(`/b/${id}/one.png`)
  await put(`/b/${id}/two.png`)
  await put(`/api/boards/${id}/images/${picture.id}`, { 'if-match': '*' })
}

/** Draws what is larger than a chunk of any database, since nothing makes it smaller. */
const noise = () =>
  sharp(randomBytes(SIDE_PX * SIDE_PX * 3), {
    raw: { width: SIDE_PX, height: SIDE_PX, channels: 3 },
  })
    .png()
    .toBuffer()

/** Opens an engine that is to be filled, and closes it after its use. */
async function into<T>(url: string, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await openEngine(url, { fills: true })
  try {
    return await use(engine)
  } finally {
    await engine.close()
  }
}

/** Reads a board with all that stays the same in a restored one; checks all its files. */
async function contentOf(url: string) {
  await using source = engineSource(await openEngine(url, { inspects: true }))
  const info = (await source.boards()).find((each) => each.board === board)!
  const { cursor, clients, records, ...rest } = (await source.read(info))!
  const states = clients.map(([client, { n, refused }]) => ({ client, n, refused }))
  const byId = records.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const content = { ...rest, secrets: rest.secrets.toSorted(byHash), records: byId, states }
  return { content, epoch: parseCursor(cursor)!.epoch }
}

const byHash = (a: { hash: string }, b: { hash: string }) => (a.hash < b.hash ? -1 : 1)

async function assertSound(url: string): Promise<void> {
  const engine = await openEngine(url, { inspects: true })
  try {
    const findings: unknown[] = []
    const onFinding = (finding: unknown) => findings.push(finding)
    const { files } = await checkStored(engine, { mends: false, onFinding, onProgress() {} })
    assert.deepEqual(findings, [])
    assert.ok(files > 4)
  } finally {
    await engine.close()
  }
}

/** Backs the running server up. */
async function backUp(place: string, options = {}) {
  await using source = (await serverSource(server.data))!
  await using store = await openStore(place, true)
  return await makeBackup(source, store, options)
}

async function restoreTo(place: string, url: string) {
  await using store = await openStore(place, false)
  return await into(url, (engine) => restore(store, engine))
}

for (const { name, skipReason, open } of await databaseProviders())
  describe(`E84: ${name}`, { skip: skipReason ?? false }, () => {
    let database: Database
    before(async () => {
      database = await open()
    })
    after(() => database.close())

    test('a backup of SQLite restores there, is backed up under writes, and copied back', async () => {
      const [backups, others] = [newPath(), newPath()]
      await backUp(backups)
      const url = await database.newUrl()
      assert.deepEqual((await restoreTo(backups, url)).problems, [])
      await assertSound(url)
      const own = `sqlite:${newPath()}`
      await restoreTo(backups, own)
      const original = await contentOf(own)
      const restored = await contentOf(url)
      assert.deepEqual(restored.content, original.content)
      assert.notEqual(restored.epoch, original.epoch)

      const running = await InProcessServer.open({ engine: url }, 0)
      try {
        let isDone = false
        const writing = (async () => {
          while (!isDone) await fill(running, 'main')
        })()
        await using store = await openStore(others, true)
        for (let round = 0; round < 3; round++) {
          await using source = engineSource(await openEngine(url, { inspects: true }))
          assert.deepEqual((await makeBackup(source, store)).problems, [])
        }
        isDone = true
        await writing
      } finally {
        await running.close()
      }
      const back = `sqlite:${newPath()}`
      assert.deepEqual((await restoreTo(others, back)).problems, [])
      await assertSound(back)

      const copied = `sqlite:${newPath()}`
      await using source = engineSource(await openEngine(url, { inspects: true }))
      const done = await into(copied, (engine) => copyBoards(source, 'there', engine))
      assert.deepEqual(done?.problems, [])
      assert.deepEqual((await contentOf(copied)).content, original.content)
      await assertSound(copied)
    })

    test('E101: a backup waits for a database that dies and comes back, and is whole', async (t) => {
      if (!database.kill) return t.skip('this database is not ours to kill')
      const [backups, others] = [newPath(), newPath()]
      await backUp(backups)
      const url = await database.newUrl()
      await restoreTo(backups, url)
      const died: string[] = []
      let isDead = false
      const dieOnce = async (when: string) => {
        if (died.includes(when)) return
        died.push(when)
        await database.kill!()
        isDead = true
      }
      let starting = Promise.resolve()
      await using engine = engineSource(await openEngine(url, { inspects: true }))
      const source: BoardSource = {
        ...engine,
        boards: () => dieOnce('boards').then(engine.boards),
        read: (info) => dieOnce('read').then(() => engine.read(info)),
        open: (blob) => dieOnce('open').then(() => engine.open(blob)),
      }
      await using store = await openStore(others, true)
      const onAway = () => {
        if (!isDead) return
        isDead = false
        starting = database.start()
      }
      const { problems } = await makeBackup(source, store, { onAway })
      await starting
      assert.deepEqual([problems, died], [[], ['boards', 'read', 'open']])
      const back = `sqlite:${newPath()}`
      await restoreTo(others, back)
      await assertSound(back)
    })
  })

test('E102: what stays away is waited for no longer than it may take', async () => {
  const away = Promise.reject.bind(Promise, new WireError('away'))
  let tries = 0
  const work = () => {
    tries++
    return away()
  }
  await assert.rejects(retryWhileAway(work, { maxAwayMs: 600 }), { code: 'away' })
  assert.ok(tries > 1 && tries < 4, `${tries}`)
  const stop = new AbortController()
  const stopped = retryWhileAway(away, { signal: stop.signal, onAway: () => stop.abort() })
  await assert.rejects(stopped, { name: 'AbortError' })
})

describe('backups in S3', () => {
  let s3: S3Server
  before(async () => {
    s3 = await S3Server.open()
  })
  after(() => s3.close())
  const newPlace = () => s3.blobs.replace(BUCKET, `${BUCKET}/backups/${++count}`)

  test('E85: they restore, copy nothing twice, and keep as many as asked for', async () => {
    const place = newPlace()
    const first = await backUp(place)
    const second = await backUp(place, { keep: 1, verifies: true })
    assert.deepEqual([second.copied, second.removed, second.files], [0, 1, first.files])
    const url = `sqlite:${newPath()}`
    assert.deepEqual((await restoreTo(place, url)).problems, [])
    await assertSound(url)
  })

  test('E85: one that breaks off is none, and a damaged file is named', async (t: TestContext) => {
    t.after(() => {
      s3.fate = () => 'passed'
    })
    const place = newPlace()
    s3.fate = (line) => (line.includes('/points/') && line.startsWith('PUT') ? 'cut' : 'passed')
    await assert.rejects(backUp(place))
    s3.fate = () => 'passed'
    await assert.rejects(restoreTo(place, `sqlite:${newPath()}`), /no whole backup there/)
    assert.equal((await backUp(place)).copied, 0)
    const bucket = await openBucket(s3.blobs)
    const prefix = new URL(place).pathname.slice(1)
    for await (const { key } of bucket.list(`${prefix}/blobs/`))
      await bucket.putBytes(key, Buffer.from('rotten'))
    const { problems } = await restoreTo(place, `sqlite:${newPath()}`)
    assert.deepEqual(
      problems.map(({ kind, picture }) => [kind, picture?.name]),
      [
        ['rotten', 'one.png'],
        ['rotten', 'two.png'],
        ['rotten', undefined],
      ],
    )
  })

  test('E103: a check of backups in S3 names damaged and missing files, and says nothing of sound ones', async () => {
    const place = newPlace()
    await backUp(place)
    const check = async () => {
      const kinds: string[] = []
      const onFinding = ({ kind }: BackupFinding) => kinds.push(kind.replace('variant-', ''))
      await using store = await openStore(place, false)
      const { backups, files } = await checkBackups(store, { onFinding, onProgress() {} })
      assert.equal(backups, 1)
      assert.ok(files > 5)
      return kinds.toSorted()
    }
    assert.deepEqual(await check(), [])
    const bucket = await openBucket(s3.blobs)
    const listed = await Array.fromAsync(bucket.list(`${new URL(place).pathname.slice(1)}/blobs/`))
    // The pictures themselves, since what is made of them is smaller.
    const [spoilt, lost] = listed.toSorted((x, y) => y.size - x.size).map(({ key }) => key)
    await bucket.putBytes(spoilt!, Buffer.from('rotten'))
    await bucket.delete(lost!)
    assert.deepEqual(await check(), ['missing', 'rotten'])
  })

  test('E85: pictures in S3 are checked, backed up and restored to S3', async () => {
    const [backups, from] = [newPath(), `sqlite:${newPath()}?blobs=${s3.blobs}`]
    await restoreTo(await backedUp(), from)
    await assertSound(from)
    {
      await using source = engineSource(await openEngine(from, { inspects: true }))
      await using store = await openStore(backups, true)
      assert.deepEqual((await makeBackup(source, store)).problems, [])
    }
    const back = `sqlite:${newPath()}`
    assert.deepEqual((await restoreTo(backups, back)).problems, [])
    await assertSound(back)
  })

  async function backedUp(): Promise<string> {
    const backups = newPath()
    await backUp(backups)
    return backups
  }
})
