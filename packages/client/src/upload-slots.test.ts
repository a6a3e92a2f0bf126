import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UploadSlots } from './upload-slots.ts'

test('U55: an upload that has sent all makes room for one more, and so does its end', (t) => {
  const slots = new UploadSlots('page')
  t.after(() => slots.close())
  let changedCount = 0
  slots.on('changed', () => changedCount++)
  const [first, second] = [slots.take(), slots.take()]
  assert.ok(!slots.hasRoom)
  first.markSent()
  first.markSent()
  assert.equal(changedCount, 1)
  assert.ok(slots.hasRoom)
  slots.take()
  assert.ok(!slots.hasRoom)
  second.markSent()
  assert.ok(!slots.hasRoom, 'three requests at once are enough')
  first[Symbol.dispose]()
  assert.ok(slots.hasRoom)
})
