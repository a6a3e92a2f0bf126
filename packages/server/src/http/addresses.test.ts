import assert from 'node:assert/strict'
import { test } from 'node:test'
import { urlsForOthers } from './addresses.ts'

test('G12: a server tells where others reach it, the public address first', () => {
  const outside = 'https://board.example'
  assert.deepEqual(urlsForOthers({ host: '127.0.0.1', publicUrl: null }, 8000), [])
  assert.deepEqual(urlsForOthers({ host: 'localhost', publicUrl: outside }, 8000), [outside])
  assert.deepEqual(urlsForOthers({ host: '192.168.1.20', publicUrl: null }, 8000), [
    'http://192.168.1.20:8000',
  ])
  const [first, ...others] = urlsForOthers({ host: '0.0.0.0', publicUrl: outside }, 8000)
  assert.equal(first, outside)
  for (const url of others) assert.match(url, /^http:\/\/(?!localhost|127\.|\[::1\]).+:8000$/)
})
