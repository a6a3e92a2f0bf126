import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch, Cursor } from '@wirephoto/board'
import { LogReader } from './log-reader.ts'

const cursorAt = (seq: number): Cursor => `epoch.${seq}.stamp` as Cursor
const party = (address: string) => ({ address, board: 'main', visitor: address })

/** A board at batch 1,000 whose memory has nothing, and whose log has changes of so many bytes since a batch. */
function boardWith(bytesSince: (seq: number) => number) {
  const reads: number[] = []
  return {
    reads,
    cursor: cursorAt(1_000),
    recentChanges: (cursor: Cursor): Batch | null =>
      cursor === cursorAt(1_000) ? { from: cursor, to: cursor, changes: [] } : null,
    async readChanges(cursor: Cursor): Promise<Batch> {
      const seq = Number(cursor.split('.')[1])
      reads.push(seq)
      const changes = [{ remove: 'x'.repeat(bytesSince(seq)) }]
      return { from: cursor, to: cursorAt(1_000), changes } as unknown as Batch
    },
  }
}

test('N6: changes that are larger than a snapshot may cost are read once, whoever asks', async () => {
  const board = boardWith((seq) => (seq <= 500 ? 600_000 : 100))
  const reader = new LogReader(board)
  assert.equal(await reader.read(cursorAt(500), party('a')), null)
  for (let seq = 1; seq <= 500; seq++)
    assert.equal(await reader.read(cursorAt(seq), party('a')), null)
  assert.deepEqual(board.reads, [500])
  assert.ok(await reader.read(cursorAt(501), party('a')))
})

test('N6: those who ask for the same changes share a read', async () => {
  const board = boardWith(() => 100)
  const reader = new LogReader(board)
  const all = Array.from({ length: 50 }, (_, i) => reader.read(cursorAt(7), party(`a${i}`)))
  const batches = await Promise.all(all)
  assert.deepEqual(board.reads, [7])
  assert.equal(new Set(batches).size, 1)
  assert.equal((await reader.read(cursorAt(7), party('late')))!.to, cursorAt(1_000))
  assert.deepEqual(board.reads, [7])
})

test('N6: a reader waits for one read of an address that asks for hundreds', async () => {
  const board = boardWith(() => 100)
  const reader = new LogReader(board)
  const many = Array.from({ length: 300 }, (_, i) => reader.read(cursorAt(i), party('abuser')))
  await reader.read(cursorAt(900), party('honest'))
  assert.ok(board.reads.length <= 3, String(board.reads))
  await Promise.all(many)
})

test('N3: too many readers of one address give way', async () => {
  const reader = new LogReader(boardWith(() => 100))
  const many = Array.from({ length: 520 }, (_, i) => reader.read(cursorAt(i), party('abuser')))
  const honest = reader.read(cursorAt(900), party('honest'))
  const outcomes = await Promise.allSettled(many)
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  assert.ok(refused.length >= 19, String(refused.length))
  assert.ok(await honest)
})
