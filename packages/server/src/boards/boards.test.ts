import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { uuidv7 } from '@wirephoto/board'
import { type Engine, openEngine } from '@wirephoto/engine'
import { pino } from 'pino'
import { FakeClock } from '../../support/fake-clock.ts'
import { Boards, DEFAULT_BOARD_ID, purgeExpired } from './boards.ts'

const anna = { visitor: 'anna', role: 'edit' } as const

describe('boards', () => {
  let folder: string
  let engine: Engine
  let boards: Boards
  const time = new FakeClock()
  const clock = time.open()

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wirephoto-boards-'))
    engine = await openEngine(`sqlite:${folder}`)
    boards = await Boards.open(engine, clock, pino({ level: 'silent' }))
  })
  after(async () => {
    await boards.close()
    await engine.close()
    await rm(folder, { recursive: true })
  })

  test('F11: the front board is there, others have addresses that nobody guesses', async () => {
    assert.ok(await engine.boards.has(DEFAULT_BOARD_ID))
    const ids = [await boards.create(), await boards.create()]
    assert.notEqual(ids[0], ids[1])
    for (const id of ids) assert.equal(Buffer.from(id, 'base64url').length, 16)
    await assert.rejects(boards.hold('elsewhere'), { code: 'unknown-board' })
  })

  test('a board that is held twice at the same time is the same one', async () => {
    const [one, two] = await Promise.all([
      boards.hold(DEFAULT_BOARD_ID),
      boards.hold(DEFAULT_BOARD_ID),
    ])
    assert.equal(one.board, two.board)
    one[Symbol.dispose]()
    two[Symbol.dispose]()
  })

  test('every listener is called with each board that is opened, until it ends that', async () => {
    const called: string[] = []
    const stop = boards.onOpen(({ id }) => called.push(`first ${id}`))
    const stopToo = boards.onOpen(({ id }) => called.push(`second ${id}`))
    const id = await boards.create()
    using _held = await boards.hold(id)
    assert.deepEqual(called, [`first ${id}`, `second ${id}`])
    stop()
    const other = await boards.create()
    using _other = await boards.hold(other)
    assert.deepEqual(called.slice(2), [`second ${other}`])
    stopToo()
  })

  test('B60: a board that is removed is gone at once, also for those who hold it', async () => {
    const id = await boards.create()
    const held = await boards.hold(id)
    const removed: string[] = []
    boards.onRemoved((board) => removed.push(board.id))
    await boards.remove(id)
    assert.deepEqual(removed, [id])
    const add = { kind: 'image.add', id: uuidv7(Date.now(), randomBytes(10)), name: '' } as const
    await assert.rejects(held.board.act([{ ...add, width: 4, height: 3 }], anna), {
      code: 'unknown-board',
    })
    await assert.rejects(boards.hold(id), { code: 'unknown-board' })
    await assert.rejects(boards.remove(id), { code: 'unknown-board' })
    held[Symbol.dispose]()
    assert.equal(await engine.boards.create(id), true, 'another board may have its id')
    using again = await boards.hold(id)
    assert.equal(again.board.records.size, 0)
  })

  test('R14: the trash is purged after 30 days, and what was put back is not', async () => {
    using held = await boards.hold(await boards.create())
    const { board } = held
    const ids = Array.from({ length: 3 }, () => uuidv7(Date.now(), randomBytes(10)))
    const [kept, restored, trashed] = ids as [string, string, string]
    await board.act(
      ids.map((id) => ({ kind: 'image.add', id, width: 4, height: 3, name: 'a' })),
      anna,
    )
    await board.act(
      [restored, trashed].map((id) => ({ kind: 'image.remove', id })),
      anna,
    )
    await board.act([{ kind: 'image.restore', id: restored }], anna)
    const { cursor } = board
    await purgeExpired(engine, board, clock)
    assert.equal(board.records.size, 3)

    time.pass(31 * 24 * 3_600_000)
    await purgeExpired(engine, board, clock)
    assert.deepEqual([...board.records.keys()].sort(), [kept, restored].sort())
    assert.equal(await engine.log.read(board.id, cursor), null, 'Q5: the log has forgotten')
    await board.act([{ kind: 'image.remove', id: kept }], anna)
  })
})
