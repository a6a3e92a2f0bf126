import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { AnyRecord, Cursor, Snapshot } from '@wirephoto/board'
import { Snapshots } from './snapshots.ts'

/** A board that stands where the test says. */
class FakeBoard {
  readonly id = 'main'
  cursor = 'e.1.a' as Cursor
  readonly records = new Map<string, AnyRecord>()

  setTitle(title: string, cursor: string): void {
    this.records.set('board', {
      kind: 'board',
      id: 'board',
      title,
      trashDays: 30,
      keepMetadata: false,
      adding: 'open',
    })
    this.cursor = cursor as Cursor
  }
}

const titleIn = (body: Buffer): unknown => {
  const [record] = (JSON.parse(String(body)) as Snapshot).records
  return record?.kind === 'board' ? record.title : undefined
}

test('F7: a snapshot is encoded once for all who ask at the same cursor', async () => {
  const board = new FakeBoard()
  const snapshots = new Snapshots({ maxHeldBytes: 1_000 })
  const [one, two] = await Promise.all([
    snapshots.get(board, 'identity'),
    snapshots.get(board, 'identity'),
  ])
  assert.equal(one.body, two.body)
  assert.equal((await snapshots.get(board, 'identity')).body, one.body)
  assert.notEqual((await snapshots.get(board, 'gzip')).body, one.body)
})

test('F2: nobody gets a snapshot that is older than their question, however busy the board is', async () => {
  const board = new FakeBoard()
  const snapshots = new Snapshots({ maxHeldBytes: 1_000 })
  board.setTitle('old', 'e.1.a')
  const old = snapshots.get(board, 'identity')
  board.setTitle('new', 'e.2.b')
  // Both come while the old one is being encoded.
  const both = [snapshots.get(board, 'identity'), snapshots.get(board, 'identity')]
  assert.equal(titleIn((await old).body), 'old')
  const [one, two] = await Promise.all(both)
  assert.equal(titleIn(one!.body), 'new')
  assert.equal(one!.cursor, board.cursor)
  assert.equal(one!.body, two!.body)
})

/** The part of a response that `hold` uses. */
class FakeResponse extends EventEmitter {
  destroyed = false
  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

test('Y4: snapshots that nobody reads are bounded, and readers of one share it', () => {
  const snapshots = new Snapshots({ maxHeldBytes: 1_000 })
  const hold = (body: Buffer, response = new FakeResponse()) => {
    snapshots.hold({ cursor: 'e.1.a' as Cursor, body }, response as never)
    return response
  }
  const old = Buffer.alloc(600)
  const readers = Array.from({ length: 9 }, () => hold(old))
  assert.ok(!readers.some(({ destroyed }) => destroyed))
  const recent = hold(Buffer.alloc(600))
  assert.ok(readers.every(({ destroyed }) => destroyed))
  assert.equal(recent.destroyed, false)
  recent.emit('close')
  const next = hold(Buffer.alloc(600))
  hold(Buffer.alloc(400))
  assert.equal(next.destroyed, false)
  // One whose reader is gone already takes no room.
  const gone = new FakeResponse()
  gone.destroy()
  hold(Buffer.alloc(600), gone)
  assert.equal(next.destroyed, false)
})
