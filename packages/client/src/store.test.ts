import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Command } from '@wirephoto/board'
import { defaultStore } from './database-store.ts'
import { memoryStore } from './memory-store.ts'
import { fromKept, type SavedCommand, toKept } from './store.ts'

const command: Command = { kind: 'board.patch', set: { title: 'T' } }
const saved = (client: string, n: number, board = 'main'): SavedCommand => ({
  board,
  client,
  n,
  command,
})

describe('store', () => {
  test('commands are kept by board, client and number, settled up to one, taken once', async () => {
    const store = memoryStore()
    await store.putCommands([saved('a', 1), saved('a', 2), saved('a', 3), saved('b', 1)])
    await store.putCommands([saved('c', 1, 'other')])
    await store.settle('a', 2)
    assert.deepEqual(await store.commands('main'), [saved('a', 3), saved('b', 1)])
    const taken = await Promise.all([store.take('a'), store.take('a')])
    assert.deepEqual(taken, [[saved('a', 3)], []])
    assert.deepEqual(await store.commands('main'), [saved('b', 1)])
    assert.deepEqual(await store.commands('other'), [saved('c', 1, 'other')])
  })

  test('a file is claimed by one page until the claim ends or is released', async () => {
    const store = memoryStore()
    await store.putFile({ board: 'main', id: 'x', name: 'x.jpg', file: new Blob(['x']) })
    const soon = Date.now() + 1_000
    assert.equal(await store.claim('x', 'one', soon), true)
    assert.equal(await store.claim('x', 'one', soon), true, 'renewed')
    assert.equal(await store.claim('x', 'two', soon), false)
    await store.release(['x'])
    assert.equal(await store.claim('x', 'two', Date.now() - 1), true)
    assert.equal(await store.claim('x', 'one', soon), true, 'the time was up')
    assert.equal((await store.files('main')).length, 1)
    await store.removeFile('x')
    assert.deepEqual(await store.files('main'), [])
  })

  test('R23: commands that a newer page has saved are left alone', () => {
    const [kept] = [saved('a', 1)].map(toKept)
    assert.deepEqual(fromKept([kept!, saved('b', 1)]), [saved('a', 1), saved('b', 1)])
    assert.deepEqual(fromKept([{ ...kept!, version: kept!.version! + 1 }]), [])
  })

  test('without an IndexedDB that opens, memory takes its place', async (t) => {
    t.after(() => {
      Reflect.deleteProperty(globalThis, 'indexedDB')
      Reflect.deleteProperty(globalThis, 'IDBRequest')
    })
    const never = () => Object.assign(new EventTarget(), { readyState: 'pending' })
    const broken = () => {
      throw new DOMException('A mutation operation was attempted', 'InvalidStateError')
    }
    for (const open of [never, broken]) {
      Object.assign(globalThis, { indexedDB: { open }, IDBRequest: EventTarget })
      const store = await defaultStore('http://here')
      await store.putCommands([saved('a', 1)])
      assert.deepEqual(await store.commands('main'), [saved('a', 1)])
    }
  })
})
