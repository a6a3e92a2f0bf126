import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { parseCursor } from '@wirephoto/board'
import type { Engine } from '../engine.ts'
import type { OpenFixture } from './fixture.ts'
import { append, fails, newBoard, newId, noClients, put } from './samples.ts'

export function boardsContract(engine: () => Engine, open: OpenFixture): void {
  test('a board is made once, with an epoch of its own', async () => {
    const { boards, log } = engine()
    const [first, second] = [await newBoard(engine()), await newBoard(engine())]
    assert.equal(await boards.create(first.board), false)
    assert.equal((await log.load(first.board)).cursor, first.cursor)
    assert.notEqual(parseCursor(first.cursor)?.epoch, parseCursor(second.cursor)?.epoch)
    assert.equal(await boards.has(first.board), true)
    assert.equal(await boards.has('nowhere'), false)
  })

  test('of those who make the same board at once, one does', async () => {
    const board = newId()
    const made = await Promise.all(Array.from({ length: 8 }, () => engine().boards.create(board)))
    assert.equal(made.filter(Boolean).length, 1)
  })

  test('the list has every board, ordered by id, with the time it was made', async (t) => {
    const { engine, cleanup } = await open()
    t.after(cleanup)
    const before = Date.now()
    for (const board of ['main', 'Zoo', '_x', '-y', 'a0']) await engine.boards.create(board)
    const list = await engine.boards.list()
    assert.deepEqual(
      list.map(({ board }) => board),
      ['-y', 'Zoo', '_x', 'a0', 'main'],
    )
    for (const { createdAt } of list) assert.ok(createdAt >= before && createdAt <= Date.now())
  })

  test('F2: a board that is removed and made again has nothing of the old one', async () => {
    const { boards, log, secrets, history } = engine()
    const { board, cursor } = await newBoard(engine())
    const other = await newBoard(engine())
    const hash = newId()
    const clients = new Map([[newId(), { n: 1, seq: 1, refused: [] }]])
    const old = await append(engine(), board, cursor, [put(newId())], clients)
    const kept = await append(engine(), other.board, other.cursor, [put(newId())], clients)
    await secrets.put({ hash, board, kind: 'link', data: '{}', expiresAt: null })
    await history.append(board, [{ at: 1, kind: 'audit', subject: 'x', data: '{}' }])

    assert.equal(await boards.remove(board), true)
    assert.equal(await boards.remove(board), false)
    assert.equal(await boards.has(board), false)
    assert.equal(await secrets.get(hash), null)
    await fails(log.load(board), 'unknown-board')

    assert.equal(await boards.create(board), true)
    const { records, clients: remembered } = await log.load(board)
    assert.deepEqual([records, remembered.size], [[], 0])
    assert.deepEqual(await secrets.list(board), [])
    assert.deepEqual(await history.list(board, { kind: 'audit', limit: 9 }), [])
    assert.equal(await log.read(board, old), null)
    assert.equal(await log.append(board, { expected: old, changes: [], clients: noClients }), null)
    assert.equal((await log.load(other.board)).cursor, kept)
  })

  test('an unknown board is told as such, everywhere', async () => {
    const { log, secrets, history } = engine()
    const { cursor } = await newBoard(engine())
    const board = 'nowhere'
    await fails(log.load(board), 'unknown-board')
    await fails(log.read(board, cursor), 'unknown-board')
    const batch = { expected: cursor, changes: [put(newId())], clients: noClients }
    await fails(log.append(board, batch), 'unknown-board')
    await fails(log.prune(board, 0), 'unknown-board')
    const secret = { hash: newId(), board, kind: 'link', data: '', expiresAt: null } as const
    await fails(secrets.put(secret), 'unknown-board')
    await fails(secrets.list(board), 'unknown-board')
    await fails(history.append(board, []), 'unknown-board')
    await fails(history.list(board, { kind: 'audit', limit: 1 }), 'unknown-board')
    await fails(history.prune(board, 0), 'unknown-board')
  })

  test('close lets what was asked for finish, may be called twice, and ends all calls', async (t) => {
    const { engine, reopen, cleanup } = await open()
    t.after(cleanup)
    const { board, cursor } = await newBoard(engine)
    const bytes = randomBytes(100)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const path = join(tmpdir(), sha256)
    await writeFile(path, bytes)
    t.after(() => rm(path))
    const settled: string[] = []
    const appending = append(engine, board, cursor, [put(newId())])
    void appending.finally(() => settled.push('append'))
    void engine.blobs.put(path, sha256).finally(() => settled.push('put'))
    await Promise.all([engine.close(), engine.close()])
    assert.deepEqual(settled.sort(), ['append', 'put'])
    await engine.close()
    const to = await appending

    const batch = { expected: to, changes: [], clients: noClients }
    await fails(engine.log.append(board, batch), 'busy')
    await fails(engine.log.load(board), 'busy')
    await fails(engine.boards.list(), 'busy')
    await fails(engine.blobs.has('0'.repeat(64)), 'busy')
    await fails(engine.blobs.get('0'.repeat(64)), 'busy')
    await fails(engine.secrets.get('x'), 'busy')
    await fails(engine.history.list(board, { kind: 'audit', limit: 1 }), 'busy')
    engine.bus.publish(board, new Uint8Array(1))
    engine.log.watch(board, () => {})()

    const again = await reopen()
    assert.equal((await again.log.load(board)).cursor, to)
    assert.equal(await again.blobs.has(sha256), true)
  })
}
