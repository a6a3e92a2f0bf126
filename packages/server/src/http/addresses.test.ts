import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Harness } from '../../support/http-harness.ts'
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

test('B146: the addresses of its machine are told to pages on that machine alone', async (t) => {
  const server = await Harness.open({ publicUrl: 'https://board.example' })
  t.after(() => server.close())
  const told = async (headers: Record<string, string> = {}) => {
    const response = await fetch(`${server.url}/api/addresses`, { headers })
    return ((await response.json()) as { urls: string[] }).urls
  }
  assert.ok((await told()).includes('https://board.example'))
  // Attack: a proxy on this machine passes on the Host that a stranger sends.
  for (const headers of [{ 'x-forwarded-for': '192.0.2.1' }, { via: '1.1 proxy' }])
    assert.deepEqual(await told(headers), [])
})
