import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBoard } from './index.ts'
import { memoryStore } from './memory-store.ts'
import type { Store } from './store.ts'

test('A38: files are kept for a reload one after the other, and none that is gone by then', async (t) => {
  const kept: string[] = []
  const first = Promise.withResolvers<void>()
  const last = Promise.withResolvers<void>()
  let keepingCount = 0
  const store: Store = {
    ...memoryStore(),
    async putFile({ name }) {
      assert.equal(++keepingCount, 1, `${name} is kept beside another one`)
      kept.push(name)
      await first.promise
      keepingCount--
      if (name === 'e.jpg') last.resolve()
    },
  }
  // Nothing listens there: files are kept without a connection too.
  const board = openBoard({ url: 'http://127.0.0.1:9', board: 'main', store })
  t.after(() => board.close())
  const file = new Blob(['file'])
  const ids = board.addPictures(
    ['a', 'b', 'c', 'd', 'e'].map((name) => ({ file, name: `${name}.jpg`, width: 4, height: 3 })),
  )
  await board.cancel(ids[1]!)
  first.resolve()
  await last.promise
  assert.deepEqual(kept, ['a.jpg', 'c.jpg', 'd.jpg', 'e.jpg'])
})
