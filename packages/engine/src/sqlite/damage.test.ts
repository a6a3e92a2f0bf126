import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { AnyRecord } from '@wirephoto/board'
import { rounds, SEED } from '../../../../test/support/effort.ts'
import { seededRandom } from '../../../../test/support/pictures.ts'
import { append, newId, put } from '../contract/samples.ts'
import type { Engine } from '../engine.ts'
import { EngineError } from '../errors.ts'
import { openEngine } from '../open.ts'

const RECORDS_COUNT = 245
const PAGE_BYTES = 4_096
const WAL_HEADER_BYTES = 32
const FRAME_BYTES = 24 + PAGE_BYTES

let root: string
/** A folder whose server was killed: most of it is in the WAL. */
let killed: string
/** A folder whose server has ended: all of it is in the main file. */
let ended: string
/** The first 60 records of `ended`. */
let early: string

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'wirephoto-damage-'))
  killed = join(root, 'killed')
  ended = join(root, 'ended')
  early = join(root, 'early')
  await write(killed, RECORDS_COUNT, true)
  await write(ended, 60, false)
  await cp(ended, early, { recursive: true })
  await write(ended, RECORDS_COUNT - 60, false)
})
after(async () => {
  for (const engine of opened) await engine.close().catch(() => {})
  await rm(root, { recursive: true, force: true })
})

const opened: Engine[] = []

/** Opens an engine that is closed at the end, whatever fails. */
async function open(folder: string, acceptLoss?: string): Promise<Engine> {
  const engine = await openEngine(`sqlite:${folder}`, { acceptLoss })
  opened.push(engine)
  return engine
}

type Outcome = { readonly said: string; readonly code: string | null; readonly records: number }

/** Starts on a copy of `folder` that `harm` has changed. */
async function startAfter(
  folder: string,
  harm: (copy: string) => unknown,
  look?: (engine: Engine) => Promise<void>,
): Promise<Outcome> {
  const copy = await mkdtemp(join(root, 'copy-'))
  await cp(folder, copy, { recursive: true })
  await harm(copy)
  let engine: Engine | undefined
  try {
    engine = await openEngine(`sqlite:${copy}`)
    const { records } = await engine.log.load('main')
    await look?.(engine)
    const [fault] = await engine.health()
    return { said: fault?.message ?? '', code: fault?.code ?? null, records: records.length }
  } catch (error) {
    const [fault] = (await engine?.health()) ?? []
    if (fault) return { said: fault.message, code: fault.code, records: 0 }
    if (!(error instanceof EngineError)) throw error
    return { said: error.message, code: error.code, records: 0 }
  } finally {
    await engine?.close()
    await rm(copy, { recursive: true, force: true })
  }
}

const isSaidOrWhole = ({ code, records }: Outcome) => code !== null || records === RECORDS_COUNT

const db = (copy: string) => join(copy, 'wirephoto.db')
const wal = (copy: string) => join(copy, 'wirephoto.db-wal')

test('T1: a database that is gone or emptied is no new one, and the start says so', async () => {
  for (const folder of [killed, ended])
    for (const harm of [(copy: string) => rm(db(copy)), (copy: string) => truncate(db(copy))]) {
      const { code, said } = await startAfter(folder, harm)
      assert.equal(code, 'lost')
      assert.match(said, /gone or empty.*--accept-loss [0-9a-f]{8}/)
    }
})

test('T2: a WAL that is gone, cut off or overwritten is said, with what is missing', async () => {
  const { size } = statSync(wal(killed))
  const frames = (size - WAL_HEADER_BYTES) / FRAME_BYTES
  const count = Math.min(rounds(4), frames)
  const places = Array.from({ length: count }, (_, i) => Math.floor((i * size) / count))
  for (const place of places) {
    const cut = await startAfter(killed, (copy) => truncate(wal(copy), place))
    // Behind the last commit the WAL has frames that were checkpointed before.
    assert.ok(isSaidOrWhole(cut), `cut off at ${place}: ${cut.records} records`)
    const torn = await startAfter(killed, (copy) => overwrite(wal(copy), place, 600))
    assert.ok(isSaidOrWhole(torn), `overwritten at ${place}: ${torn.records} records`)
  }
  const gone = await startAfter(killed, (copy) => rm(wal(copy)))
  assert.equal(gone.code, 'changes-lost')
  assert.match(gone.said, /lacks the last \d+ writes.*--accept-loss/)
})

test('T2, T6: an older copy that was put back is served, and said until the operator accepts it', async () => {
  const copy = await mkdtemp(join(root, 'older-'))
  await cp(ended, copy, { recursive: true })
  await copyFile(db(early), db(copy))
  let said = ''
  for (let start = 0; start < 2; start++) {
    const engine = await open(copy)
    const [fault] = await engine.health()
    said = fault!.message
    assert.equal(fault!.stops, 'deleting')
    const { cursor } = await engine.log.load('main')
    await append(engine, 'main', cursor, [put(newId())])
    await engine.close()
  }
  const acceptLoss = /--accept-loss ([0-9a-f]{8})/.exec(said)![1]!
  await (await open(copy, 'another')).close()
  for (const accepted of [acceptLoss, undefined]) {
    const engine = await open(copy, accepted)
    assert.deepEqual(await engine.health(), [])
    assert.equal((await engine.log.load('main')).records.length, 62)
    await engine.close()
  }
})

test('T2: an older copy beside a newer WAL is not mixed with it', async () => {
  const folder = join(root, 'mixed')
  await cp(ended, folder, { recursive: true })
  await write(folder, 10, true)
  const { code, records } = await startAfter(folder, (copy) => copyFile(db(early), db(copy)))
  assert.deepEqual({ code, records }, { code: 'changes-lost', records: 60 })
})

test("T3: another folder's database is refused, and kept where the operator says so", async () => {
  const other = join(root, 'other')
  await write(other, 3, false)
  const { code, said } = await startAfter(other, (copy) => copyFile(db(ended), db(copy)))
  assert.equal(code, 'foreign')
  const acceptLoss = /--accept-loss ([0-9a-f]{8})/.exec(said)![1]!
  await copyFile(db(ended), db(other))
  const engine = await open(other, acceptLoss)
  assert.equal((await engine.log.load('main')).records.length, RECORDS_COUNT)
  await engine.close()
})

test('T4: a page that is overwritten is found at the start, wherever it is', async () => {
  const pages = statSync(db(ended)).size / PAGE_BYTES
  const count = Math.min(rounds(6), pages)
  for (let i = 0; i < count; i++) {
    const page = Math.floor((i * pages) / count)
    for (const bytes of [Buffer.alloc(PAGE_BYTES), randomBytes(PAGE_BYTES)]) {
      const harmed = await startAfter(ended, (copy) => {
        overwrite(db(copy), page * PAGE_BYTES, bytes)
      })
      assert.notEqual(harmed.code, null, `page ${page} of ${pages}: ${harmed.records} records`)
    }
  }
})

test('T4: a header that is overwritten, and a file that is cut off, are found at the start', async () => {
  for (const [offset, length] of [
    [0, 16],
    [16, 8],
    [24, 76],
    [0, 100],
    [56, 8],
    [60, 4],
  ] as const) {
    const harmed = await startAfter(ended, (copy) => overwrite(db(copy), offset, length))
    assert.ok(
      harmed.code !== null || harmed.records === RECORDS_COUNT,
      `${length} bytes at ${offset}: ${harmed.records} records`,
    )
  }
  const { size } = statSync(db(ended))
  for (const part of [0.1, 0.5, 0.9]) {
    const harmed = await startAfter(ended, (copy) => truncate(db(copy), Math.floor(size * part)))
    assert.equal(harmed.code, 'damaged', `cut off at ${part}`)
  }
})

test('T4: a long record whose end is overwritten is found at the start', async () => {
  const folder = join(root, 'long')
  const engine = await open(folder)
  await engine.boards.create('main')
  const { cursor } = await engine.log.load('main')
  const long = { kind: 'image', id: newId(), caption: 'z'.repeat(9_000) } as unknown as AnyRecord
  await append(engine, 'main', cursor, [{ put: long }])
  await engine.close()
  const at = (await readFile(db(folder))).lastIndexOf('z'.repeat(64))
  const { code } = await startAfter(folder, (copy) => overwrite(db(copy), at, Buffer.alloc(64)))
  assert.equal(code, 'damaged')
})

test(`T4, E32: a bit that flips anywhere is said, or changes nothing that is read (SEED=${SEED})`, async () => {
  const random = seededRandom(SEED)
  const before = await contentOf(ended)
  for (let i = 0; i < rounds(4); i++)
    for (const [folder, path] of [
      [ended, db],
      [killed, wal],
      [ended, (copy: string) => join(copy, 'wirephoto.mark')],
    ] as const) {
      const { size } = statSync(path(folder))
      const [offset, bit] = [Math.floor(random() * size), 1 << Math.floor(random() * 8)]
      let after: unknown
      const { code, records } = await startAfter(
        folder,
        async (copy) => {
          const bytes = await readFile(path(copy))
          bytes[offset]! ^= bit
          await writeFile(path(copy), bytes)
        },
        async (engine) => {
          after = await engine.log.load('main')
        },
      )
      const where = `${path('')}, bit ${bit} of byte ${offset} (SEED=${SEED})`
      if (code !== null) continue
      assert.equal(records, RECORDS_COUNT, where)
      if (folder === ended) assert.deepEqual(after, before, where)
    }
})

async function contentOf(folder: string): Promise<unknown> {
  const copy = await mkdtemp(join(root, 'content-'))
  await cp(folder, copy, { recursive: true })
  const engine = await open(copy)
  const content = await engine.log.load('main')
  await engine.close()
  return content
}

test('T2: a mark that can not be read is said; one that is missing is made again', async () => {
  const mark = (copy: string) => join(copy, 'wirephoto.mark')
  const odd = await startAfter(ended, (copy) => writeFile(mark(copy), 'a letter'))
  assert.deepEqual([odd.code, odd.records], ['changes-lost', RECORDS_COUNT])
  const missing = await startAfter(ended, (copy) => rm(mark(copy)))
  assert.deepEqual([missing.code, missing.records], [null, RECORDS_COUNT])
})

test('a sound folder says nothing, whether its server ended or was killed', async () => {
  for (const folder of [killed, ended]) {
    const { code, records } = await startAfter(folder, () => {})
    assert.deepEqual({ code, records }, { code: null, records: RECORDS_COUNT })
  }
})

const harms: [string, (copy: string) => Promise<unknown>][] = [
  ['the folder is removed', (copy) => rm(copy, { recursive: true })],
  ['the folder is moved', (copy) => rename(copy, `${copy}-moved`)],
  ['the database is removed', (copy) => rm(db(copy))],
  [
    'the database is replaced',
    (copy) =>
      copyFile(db(ended), `${db(copy)}-new`).then(() => rename(`${db(copy)}-new`, db(copy))),
  ],
  ['the database is overwritten', (copy) => copyFile(db(early), db(copy))],
  ['the database is emptied', (copy) => truncate(db(copy))],
  ['the WAL is removed', (copy) => rm(wal(copy))],
  ['the WAL is emptied', (copy) => truncate(wal(copy))],
]
for (const [name, harm] of harms)
  test(`T5: no write is answered as saved after ${name}`, async () => {
    const copy = await mkdtemp(join(root, 'open-'))
    await mkdir(join(copy, 'sub'))
    const folder = join(copy, 'sub')
    const engine = await open(folder)
    await engine.boards.create('main')
    const { cursor } = await engine.log.load('main')
    const next = await append(engine, 'main', cursor, [put(newId())])
    assert.deepEqual(await engine.health(), [])
    await harm(folder)
    await assert.rejects(append(engine, 'main', next, [put(newId())]), { code: 'away' })
    await assert.rejects(engine.log.load('main'), { code: 'away' })
    const [fault] = await engine.health()
    assert.deepEqual([fault?.code, fault?.stops], ['database-gone', 'saving'])
    await engine.close().catch(() => {})
  })

/** Overwrites bytes in place, without a trace in the file's size. */
function overwrite(path: string, offset: number, bytes: Buffer | number): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, typeof bytes === 'number' ? randomBytes(bytes) : bytes, 0, undefined, offset)
  closeSync(fd)
}

/** Adds records to a folder's board in a process of its own, one write each. It ends, or is killed. */
async function write(folder: string, count: number, kill: boolean): Promise<void> {
  const url = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
  const script = `
    import { openEngine } from ${url('../open.ts')}
    import { append, newId, put } from ${url('../contract/samples.ts')}
    const engine = await openEngine('sqlite:' + process.argv[1])
    await engine.boards.create('main')
    let { cursor } = await engine.log.load('main')
    for (let i = 0; i < ${count}; i++) cursor = await append(engine, 'main', cursor, [put(newId())])
    if (${kill}) process.kill(process.pid, 'SIGKILL')
    await engine.close()`
  const child = spawn(process.execPath, ['-e', script, folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await once(child, 'exit')
}
