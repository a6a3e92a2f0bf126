import assert from 'node:assert/strict'
import test from 'node:test'
import { keepListening } from './keep-listening.ts'

test('a subscription that ends or fails is opened again, until the listening is ended', async () => {
  const closing = new AbortController()
  const served: number[] = []
  let opened = 0
  await keepListening(0, {
    signal: closing.signal,
    async open() {
      if (++opened === 2) throw new Error('The database is away')
      return opened
    },
    async serve(subscription) {
      served.push(subscription)
      if (subscription === 1) throw new Error('The connection broke')
      if (subscription === 3) closing.abort()
    },
  })
  assert.deepEqual(served, [0, 1, 3])
  assert.equal(opened, 3)
})

test('a listening that is ended while it waits to retry ends at once', async () => {
  const closing = new AbortController()
  await keepListening(0, {
    signal: closing.signal,
    open: () => assert.fail('opened again'),
    async serve() {
      setImmediate(() => closing.abort())
      throw new Error('The connection broke')
    },
  })
})
