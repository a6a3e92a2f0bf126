import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OwnFileTurns } from './own-file-turns.ts'

test('A39: own files are decoded two at a time, and once no preview is being made', async () => {
  const turns = new OwnFileTurns()
  const begun: string[] = []
  const request = (id: string) => turns.request(id, () => begun.push(id))
  const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<null>()]
  turns.addPreview('a', first.promise)
  turns.addPreview('b', second.promise)
  const [endA, endB, endC, endD] = ['a', 'b', 'c', 'd'].map(request)
  assert.deepEqual(begun, [], 'previews are made first')
  second.resolve(null)
  await second.promise
  assert.deepEqual(begun, ['b'], 'a file without a preview goes at once')
  first.resolve('preview')
  await first.promise
  assert.deepEqual(begun, ['b', 'a'], 'two at a time')
  endC!()
  endB!()
  assert.deepEqual(begun, ['b', 'a', 'd'], 'one that nobody draws any more has no turn')
  for (const end of [endA!, endB!, endD!]) end()
  request('e')
  assert.deepEqual(begun, ['b', 'a', 'd', 'e'])
})

test('A39: a preview that fails keeps no file waiting', async () => {
  const turns = new OwnFileTurns()
  const begun: string[] = []
  const failed = Promise.reject(new Error('no preview'))
  turns.addPreview('a', failed)
  turns.request('a', () => begun.push('a'))
  await assert.rejects(failed)
  assert.deepEqual(begun, ['a'])
})
