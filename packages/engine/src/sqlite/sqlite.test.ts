import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { buffer, text } from 'node:stream/consumers'
import test from 'node:test'
import { storedBytesOf } from '../../../../test/support/stored-bytes.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { append, newBoard, newId, nextMillisecond, noClients, put } from '../contract/samples.ts'
import { engineContract } from '../contract.ts'
import { EngineError } from '../errors.ts'
import { openEngine } from '../open.ts'
import { checkDurable, checkVersion } from './database.ts'
import { prepareReads } from './reads.ts'

engineContract('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-engine-'))
  const fixture = {
    engine: await openEngine(`sqlite:${folder}`),
    async reopen() {
      await fixture.engine.close()
      fixture.engine = await openEngine(`sqlite:${folder}`)
      return fixture.engine
    },
    damage: storedBytesOf(`sqlite:${folder}`).damage,
    async cleanup() {
      await fixture.engine.close()
      await rm(folder, { recursive: true })
    },
  }
  return fixture
})

test('a folder is served once, within one process too', async (t) => {
  const { folder, open } = await tempFolder(t)
  const engine = await open()
  await refused(open(), 'folder-locked', folder)
  await newBoard(engine)
  await engine.close()
  await open()
})

test('a folder is served once by two processes, and free when its server is killed', async (t) => {
  const { folder, open } = await tempFolder(t)
  const holder = child(
    `const engine = await openEngine(process.argv[1])
     await engine.boards.create('main')
     console.log('open')
     setInterval(() => {}, 1000)`,
    `sqlite:${folder}`,
  )
  t.after(() => holder.kill('SIGKILL'))
  await once(holder.stdout!, 'data')
  await refused(open(), 'folder-locked', folder)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const engine = await open()
  assert.equal(await engine.boards.has('main'), true)
})

test('a folder that cannot be made or written to is refused', async (t) => {
  const { folder, open } = await tempFolder(t)
  await writeFile(join(folder, 'file'), '')
  await refused(open('file'), 'folder-unwritable', join(folder, 'file'))
  await refused(open('file/below'), 'folder-unwritable', join(folder, 'file'))
  await mkdir(join(folder, 'odd/wirephoto.db'), { recursive: true })
  await refused(open('odd'), 'folder-unwritable', join(folder, 'odd'))
})

test('F13: the database of a newer release is refused, and left as it is', async (t) => {
  const { folder, open } = await tempFolder(t)
  await (await open()).close()
  const db = new DatabaseSync(join(folder, 'wirephoto.db'))
  db.exec('PRAGMA user_version = 1000')
  db.close()
  await refused(open(), 'too-new', folder)
  await refused(open(), 'too-new', folder)
})

test('F13: a database with records of a newer release is refused, and left as it is', async (t) => {
  const { folder, open } = await tempFolder(t)
  await (await open()).close()
  const db = new DatabaseSync(join(folder, 'wirephoto.db'))
  db.exec('UPDATE formats SET record_version = record_version + 1')
  db.close()
  await refused(open(), 'too-new', folder)
  await refused(open(), 'too-new', folder)
})

test('a file that is no database is refused, and left as it is', async (t) => {
  const { folder, open } = await tempFolder(t)
  await writeFile(join(folder, 'wirephoto.db'), 'a letter to the editor '.repeat(500))
  await refused(open(), 'damaged', folder)
  assert.equal((await stat(join(folder, 'wirephoto.db'))).size, 11_500)
})

test('SQLite before 3.51.3 is refused', () => {
  for (const version of ['3.51.3', '3.51.10', '3.53.4', '3.100.0', '4.0.0']) checkVersion(version)
  for (const version of ['3.51.2', '3.50.9', '3.6.0', '2.99.99', '0'])
    assert.throws(() => checkVersion(version), { code: 'too-old' })
})

test('F1: a SQLite that would not write durably is noticed', (t) => {
  const memory = new DatabaseSync(':memory:')
  t.after(() => memory.close())
  memory.exec('PRAGMA journal_mode = WAL')
  assert.throws(() => checkDurable(memory), /memory/)
})

test('F1: a database that is not synchronous is noticed', async (t) => {
  const { folder } = await tempFolder(t)
  const db = new DatabaseSync(join(folder, 'lazy.db'))
  t.after(() => db.close())
  db.exec('PRAGMA journal_mode = WAL')
  checkDurable(db)
  db.exec('PRAGMA synchronous = NORMAL')
  assert.throws(() => checkDurable(db), /synchronous 1/)
})

test('F2: a folder that was copied back is a history that lost its tail', async (t) => {
  const { folder, open } = await tempFolder(t)
  const copy = `${folder}-copy`
  t.after(() => rm(copy, { recursive: true, force: true }))
  const engine = await open()
  const { board, cursor } = await newBoard(engine)
  const kept = await append(engine, board, cursor, [put(newId())])
  await engine.close()
  await cp(folder, copy, { recursive: true })
  const later = await open()
  const lost = await append(later, board, kept, [put(newId())])
  await later.close()

  await rm(folder, { recursive: true })
  await cp(copy, folder, { recursive: true })
  const restored = await open()
  assert.equal(await restored.log.read(board, lost), null)
  const other = await append(restored, board, kept, [put(newId())])
  assert.notEqual(other, lost)
  assert.equal(await restored.log.read(board, lost), null)
  const batch = { expected: lost, changes: [], clients: noClients }
  assert.equal(await restored.log.append(board, batch), null)
  assert.equal((await restored.log.read(board, kept))?.batches.at(-1)?.to, other)
})

test('no row is left of pruned and expired data', async (t) => {
  const { folder, open } = await tempFolder(t)
  const engine = await open()
  const { board, cursor } = await newBoard(engine)
  const [stays, goes, late] = [newId(), newId(), newId()]
  const clients = new Map([['a', { n: 1, seq: 1, refused: [] }]])
  const first = await append(engine, board, cursor, [put(stays), put(goes)], clients)
  const second = await append(engine, board, first, [{ gone: goes }])
  const time = await nextMillisecond()
  const third = await append(engine, board, second, [put(late)])
  await append(engine, board, third, [{ gone: late }])
  await engine.log.prune(board, time)
  const secret = { board, kind: 'link', data: '' } as const
  await engine.secrets.put({ ...secret, hash: 'expired', expiresAt: time })
  await engine.secrets.put({ ...secret, hash: 'valid', expiresAt: null })
  await engine.close()

  const db = new DatabaseSync(join(folder, 'wirephoto.db'))
  t.after(() => db.close())
  const column = (sql: string) =>
    db
      .prepare(sql)
      .all()
      .flatMap((row) => Object.values(row))
  assert.deepEqual(column('SELECT seq FROM batches ORDER BY seq'), [3, 4])
  assert.deepEqual(column('SELECT id FROM records ORDER BY seq'), [stays, late])
  assert.deepEqual(column('SELECT client FROM clients'), [])
  assert.deepEqual(column('SELECT hash FROM secrets'), ['valid'])
})

test('F1: a full disk turns down what has no room, and nothing else', async (t) => {
  if (process.platform === 'win32') return t.skip('there is no ulimit on Windows')
  const { folder, open } = await tempFolder(t)
  // A file-size limit stands in for the full disk: 2 MiB, for a batch of 8 MB among small ones.
  const writer = child(
    `const engine = await openEngine(process.argv[1])
     const boards = ['a', 'large', 'b']
     const outcomes = []
     for (const board of boards) await engine.boards.create(board)
     for (let round = 0; round < 2; round++) {
       const loaded = await Promise.all(boards.map((board) => engine.log.load(board)))
       const appends = boards.map((board, i) => {
         const title = board.repeat(board === 'large' ? 8e6 / 5 : 10)
         const changes = [{ put: { kind: 'board', id: 'board', title } }]
         return engine.log.append(board, { expected: loaded[i].cursor, changes, clients: new Map() })
       })
       for (const one of await Promise.allSettled(appends)) outcomes.push(one.reason?.code ?? one.status)
     }
     console.log(JSON.stringify(outcomes))
     await engine.close()`,
    `sqlite:${folder}`,
    'ulimit -f 4096',
  )
  const outcomes = ['fulfilled', 'disk-full', 'fulfilled']
  assert.deepEqual(JSON.parse(await text(writer.stdout!)), [...outcomes, ...outcomes])
  const engine = await open()
  for (const { board } of await engine.boards.list()) {
    const { records } = await engine.log.load(board)
    const title = board.repeat(10)
    assert.deepEqual(records, board === 'large' ? [] : [{ kind: 'board', id: 'board', title }])
  }
})

test('F1: a commit that finds room holds, though the main file finds none', async (t) => {
  if (process.platform === 'win32') return t.skip('there is no ulimit on Windows')
  const { folder, open } = await tempFolder(t)
  // Six batches of 1.5 MB fit into the log, which is written over after each checkpoint, but not into the main file.
  const writer = child(
    `const engine = await openEngine(process.argv[1])
     const outcomes = []
     for (const board of 'abcdef') {
       await engine.boards.create(board)
       const { cursor: expected } = await engine.log.load(board)
       const changes = [{ put: { kind: 'board', id: 'board', title: board.repeat(1.5e6) } }]
       const append = engine.log.append(board, { expected, changes, clients: new Map() })
       outcomes.push(await append.then(() => 'stored', ({ code }) => code))
     }
     const faults = await engine.health()
     console.log(JSON.stringify([...outcomes, ...faults]))
     await engine.close()`,
    `sqlite:${folder}`,
    'ulimit -f 12288',
  )
  assert.deepEqual(
    JSON.parse(await text(writer.stdout!)),
    Array.from('abcdef', () => 'stored'),
  )
  const engine = await open()
  assert.deepEqual(await engine.health(), [])
  for (const { board } of await engine.boards.list())
    assert.equal((await engine.log.load(board)).records.length, 1)
})

test('F1: a large database that finds no room for its check goes on', async (t) => {
  if (process.platform === 'win32') return t.skip('there is no ulimit on Windows')
  const { folder, open } = await tempFolder(t)
  const engine = await open()
  const { board, cursor } = await newBoard(engine)
  const title = 't'.repeat(17e6)
  await append(engine, board, cursor, [
    { put: { kind: 'board', id: 'board', title, trashDays: 30, keepMetadata: false } } as never,
  ])
  await engine.close()
  const reader = child(
    `const engine = await openEngine(process.argv[1])
     const outcomes = new Set()
     await engine.boards.create('grown')
     const { cursor: expected } = await engine.log.load('grown')
     const changes = [{ put: { kind: 'board', id: 'board', title: 'g'.repeat(1e6) } }]
     await engine.log.append('grown', { expected, changes, clients: new Map() })
     for (const start = performance.now(); performance.now() < start + 2_500; ) {
       const made = engine.boards.create(String(performance.now()))
       outcomes.add(await made.catch(({ code }) => code))
       await new Promise((resolve) => setTimeout(resolve, 20))
     }
     console.log(JSON.stringify([...outcomes, ...(await engine.health())]))
     await engine.close()`,
    `sqlite:${folder}`,
    'ulimit -f 16384',
  )
  assert.deepEqual(JSON.parse(await text(reader.stdout!)), [true])
})

test('T5: a folder that answers with errors is told, and the engine goes on when it is back', async (t) => {
  if (process.platform === 'win32') return t.skip('Windows keeps open files where they are')
  const { folder, open } = await tempFolder(t)
  const engine = await open()
  const away = `${folder}-away`
  await rename(folder, away)
  t.after(() => rm(away, { recursive: true, force: true }))
  // A link to itself answers with an error other than that nothing is there.
  await symlink(folder, folder)
  const [fault] = await engine.health()
  assert.equal(fault?.code, 'database-gone')
  await assert.rejects(engine.boards.create('lost'), { code: 'away' })
  await rm(folder)
  await rename(away, folder)
  assert.deepEqual(await engine.health(), [])
  assert.equal(await engine.boards.create('back'), true)
})

test('a blob from another disk is copied, and the remains of a crashed copy go', async (t) => {
  const { folder, open } = await tempFolder(t)
  const other = await mkdtemp('/dev/shm/wirephoto-').catch(() => null)
  if (!other) return t.skip('there is no second disk: no /dev/shm')
  t.after(() => rm(other, { recursive: true }))
  if ((await stat(other)).dev === (await stat(folder)).dev)
    return t.skip('/dev/shm is no other disk')
  await mkdir(join(folder, 'blobs/copies'), { recursive: true })
  await writeFile(join(folder, 'blobs/copies/7'), 'half a pict')

  const engine = await open()
  const bytes = Buffer.from('a picture')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  await writeFile(join(other, 'picture'), bytes)
  const start = await nextMillisecond()
  await engine.blobs.put(join(other, 'picture'), sha256)
  assert.deepEqual(await buffer(await engine.blobs.get(sha256)), bytes)
  assert.equal(await engine.blobs.remove(sha256, { unlessTouchedSince: start }), false)
  assert.deepEqual(await readdir(join(folder, 'blobs/copies')), [])
})

test('calls that wait share a transaction', async (t) => {
  const { folder, open } = await tempFolder(t)
  const first = await open()
  const boards = await Promise.all(Array.from({ length: 100 }, () => newBoard(first)))
  await first.close()
  const engine = await open()
  const each = boards.map(({ board, cursor }) => append(engine, board, cursor, [put(newId())]))
  await Promise.all(each)
  const pages = (await stat(join(folder, 'wirephoto.db-wal'))).size / 4_120
  // Alone, each append would write at least five pages.
  assert.ok(pages < 250, `${pages} pages`)
})

test('F1: an append that fails half-way leaves no trace, and takes no other with it', async (t) => {
  const { open } = await tempFolder(t)
  const engine = await open()
  const boards = await Promise.all(Array.from({ length: 9 }, () => newBoard(engine)))
  const outcomes = await Promise.allSettled(
    boards.map(({ board, cursor }, i) => {
      // The records are written before the client's number turns out to be invalid.
      const clients = new Map([['c', { n: i % 3 === 1 ? 0.5 : 1, seq: 1, refused: [] }]])
      return append(engine, board, cursor, [put(newId())], clients)
    }),
  )
  for (const [i, { board, cursor }] of boards.entries()) {
    const loaded = await engine.log.load(board)
    const { status } = outcomes[i]!
    const seen = [status, loaded.records.length, loaded.cursor === cursor]
    assert.deepEqual(seen, i % 3 === 1 ? ['rejected', 0, true] : ['fulfilled', 1, false])
  }
})

const refused = (opening: Promise<unknown>, code: EngineError['code'], named: string) =>
  assert.rejects(opening, (error) => {
    assert.ok(error instanceof EngineError, String(error))
    assert.equal(error.code, code)
    assert.ok(error.message.includes(named), error.message)
    return true
  })

/** Runs code in another process, with `openEngine` in scope and stdout piped. */
function child(code: string, argument: string, limit = 'true'): ChildProcess {
  const open = JSON.stringify(new URL('../open.ts', import.meta.url).href)
  const script = `import { openEngine } from ${open}\n${code}`
  const argv = [process.execPath, '-e', script, argument]
  return spawn('sh', ['-c', `${limit}; exec "$@"`, 'sh', ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

test('Y30: a large board is handed over in portions, each of which is parsed soon', async (t) => {
  const { folder, open } = await tempFolder(t)
  const engine = await open()
  const { board, cursor } = await newBoard(engine)
  const records = Array.from({ length: 600 }, () => put(newId(), { caption: 'c'.repeat(2_000) }))
  await append(engine, board, cursor, [...records, { gone: newId() }])
  const loaded = await engine.log.load(board)
  assert.equal(loaded.records.length, 600)
  await engine.close()
  const db = new DatabaseSync(join(folder, 'wirephoto.db'))
  t.after(() => db.close())
  const portions = prepareReads(db).load(board).records
  assert.ok(portions.length >= 5)
  for (const portion of portions) assert.ok(portion.length < 300_000)
  const ids = portions.flatMap((portion) => JSON.parse(portion) as { id: string }[])
  assert.deepEqual(new Set(ids.map(({ id }) => id)), new Set(loaded.records.map(({ id }) => id)))
})
