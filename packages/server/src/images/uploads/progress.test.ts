import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Arrivals } from '@wirephoto/board'
import { UploadProgress } from './progress.ts'

test('Y8: news of many uploads come in small messages, and of each the latest comes', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const progress = new UploadProgress()
  t.after(() => progress.close())
  const messages: Arrivals[] = []
  progress.listen('main', { onProgress: (news) => messages.push(news), onPreview: () => {} })
  const ids = Array.from({ length: 3_000 }, (_, i) => String(i).padStart(36, '0'))
  for (const sent of [1, 2]) for (const id of ids) progress.setBytes('main', id, sent, 100)
  for (let i = 0; i < 30; i++) {
    t.mock.timers.tick(250)
    // One that changes all the time takes no other's place.
    progress.setBytes('main', ids[0]!, 3, 100)
  }
  const sizes = messages.map((news) => JSON.stringify(news).length)
  assert.ok(Math.max(...sizes) < 20_000, `${Math.max(...sizes)} bytes`)
  const heard: Arrivals = Object.assign({}, ...messages)
  assert.deepEqual(new Set(ids.slice(1).map((id) => heard[id]?.sent)), new Set([2]))
})

test('A10, U59: a picture without a byte for 5 s is stalled, unless every byte is there', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const progress = new UploadProgress()
  t.after(() => progress.close())
  progress.setBytes('main', 'half', 50, 100)
  progress.setBytes('main', 'whole', 100, 100)
  t.mock.timers.tick(4_999)
  assert.equal(progress.snapshot('main')['half']?.state, 'arriving')
  t.mock.timers.tick(1)
  assert.equal(progress.snapshot('main')['half']?.state, 'stalled')
  assert.equal(progress.snapshot('main')['whole']?.state, 'arriving')
})
