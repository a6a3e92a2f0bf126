import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Command, type ImageRecord, uuidv7 } from '@wirephoto/board'
import { type Engine, openEngine } from '@wirephoto/engine'
import { pino } from 'pino'
import { FakeClock } from '../../support/fake-clock.ts'
import { boundsWith } from '../bounds.ts'
import { Boards } from './boards.ts'
import type { LiveBoard } from './live-board.ts'
import { MarkedPictures } from './marked-pictures.ts'

const TIMEOUT_MS = 60_000
const DAY_MS = 24 * 3_600_000
const GRACE_S = 1
const GRACE_MS = GRACE_S * 1_000
const olga = { visitor: 'olga', role: 'own' } as const
const log = pino({ level: 'silent' })

async function openFolder(
  t: TestContext,
): Promise<{ engine: Engine; stack: AsyncDisposableStack }> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-marked-'))
  const stack = new AsyncDisposableStack()
  t.after(() => stack.disposeAsync())
  stack.defer(() => rm(folder, { recursive: true }))
  const engine = await openEngine(`sqlite:${folder}`)
  stack.defer(() => engine.close())
  return { engine, stack }
}

/** Opens the boards of one server. */
async function openServer(
  engine: Engine,
  stack: AsyncDisposableStack,
  { time = new FakeClock(), graceS = GRACE_S } = {},
) {
  const clock = time.open({ newest: await engine.newestTime() })
  const bounds = boundsWith({ 'purge-grace': graceS, 'idle-boards': 1 })
  const boards = await Boards.open(engine, clock, log, bounds)
  const marked = new MarkedPictures({ boards, graceMs: graceS * 1_000, log })
  const close = async () => {
    await marked.close()
    await boards.close()
    clock.close()
  }
  stack.defer(close)
  return { boards, marked, time, close }
}

/** Adds pictures and puts them in the trash. */
async function trash(board: LiveBoard, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => uuidv7(Date.now(), randomBytes(10)))
  for (const id of ids) {
    await board.act([{ kind: 'image.add', id, width: 4, height: 3, name: 'a' }], olga)
    await board.act([{ kind: 'image.remove', id }], olga)
  }
  return ids
}

const each = (kind: 'image.purge' | 'image.keep' | 'image.restore', ids: readonly string[]) =>
  ids.map((id): Command => ({ kind, id }))

/** Resolves when a picture is gone for good. */
function gone(board: LiveBoard, id: string): Promise<void> {
  return new Promise((resolve) => {
    const find = () => {
      if (board.records.has(id)) return
      unlisten()
      resolve()
    }
    const unlisten = board.listen(find)
    find()
  })
}

test('G25, T8: a marked picture is purged when the server has run for the grace, wherever the clock goes', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { engine, stack } = await openFolder(t)
  const { boards, time } = await openServer(engine, stack)
  using held = await boards.hold('main')
  const { board } = held
  const [purged, kept, restored] = await trash(board, 3)
  const begin = performance.now()
  await board.act(each('image.purge', [kept!, restored!]), olga)
  await board.act(each('image.keep', [kept!]), olga)
  await board.act(each('image.restore', [restored!]), olga)
  await board.act(each('image.purge', [purged!]), olga)
  time.step(4_000 * DAY_MS)
  await gone(board, purged!)
  assert.ok(performance.now() - begin >= GRACE_MS, 'not before its time')
  const left = [...board.records.values()] as ImageRecord[]
  assert.deepEqual(new Set(left.map(({ id }) => id)), new Set([kept, restored]))
  assert.deepEqual(
    left.map(({ purgeAt, deletedAt }) => [purgeAt, deletedAt === null]),
    left.map(({ id }) => [null, id === restored]),
  )
})

test('G25: a board that nobody has open any more is purged too', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { engine, stack } = await openFolder(t)
  const { boards } = await openServer(engine, stack)
  const [id, other] = [await boards.create(), await boards.create()]
  let purged: string | undefined
  {
    using held = await boards.hold(id)
    ;[purged] = await trash(held.board, 1)
    await held.board.act(each('image.purge', [purged!]), olga)
  }
  // One board that nobody uses may stay in memory, so the first one goes.
  ;(await boards.hold(other))[Symbol.dispose]()
  for (const end = Date.now() + TIMEOUT_MS; ; ) {
    const { records } = await engine.log.load(id)
    if (records.length === 0) break
    assert.ok(Date.now() < end, 'not purged in time')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})

test('G26: after a restart a purge goes on: at once if its time is long over, and the clock is trusted', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { engine, stack } = await openFolder(t)
  const time = new FakeClock()
  const before = await openServer(engine, stack, { time, graceS: 3_600 })
  const board = await before.boards.create()
  using held = await before.boards.hold(board)
  const [id] = await trash(held.board, 1)
  await held.board.act(each('image.purge', [id!]), olga)
  await before.close()

  const after = await openServer(engine, stack, { time, graceS: 3_600 })
  // A clock that has just started isn't trusted, so that the whole grace begins again.
  await after.marked.resume(board, (await engine.log.load(board)).records)
  await after.close()
  assert.equal((await engine.log.load(board)).records.length, 1)

  const late = await openServer(engine, stack, { time, graceS: 3_600 })
  time.pass(DAY_MS)
  const { records } = await engine.log.load(board)
  await late.marked.resume(board, records)
  using again = await late.boards.hold(board)
  await gone(again.board, id!)
})

test('G27: of several servers that purge the same pictures each is purged once', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { engine, stack } = await openFolder(t)
  const one = await openServer(engine, stack)
  const other = await openServer(engine, stack)
  using here = await one.boards.hold('main')
  using there = await other.boards.hold('main')
  const ids = await trash(here.board, 5)
  await here.board.act(each('image.purge', ids), olga)
  await there.board.refresh()
  const { cursor } = here.board
  const tombstones: string[] = []
  here.board.listen((batch) => {
    for (const change of batch!.changes) if ('gone' in change) tombstones.push(change.gone)
  })
  for (const { board } of [here, there]) for (const id of ids) await gone(board, id)
  for (const { board } of [here, there]) await board.refresh()
  assert.deepEqual(tombstones.sort(), ids.sort())
  const { batches } = (await engine.log.read('main', cursor))!
  const changes = batches.flatMap((batch) => batch.changes)
  assert.equal(changes.filter((change) => 'gone' in change).length, ids.length)
})
