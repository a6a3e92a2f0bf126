import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ProgressWatch } from './progress-watch.ts'

/** A request under way, on a clock that is moved by hand. */
function open(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_000_000 })
  const state = { received: 0, isOnline: true }
  const brokenOff: boolean[] = []
  const watch = new ProgressWatch({
    total: 100,
    receivedBytes: () => state.received,
    isOnline: () => state.isOnline,
    patienceMs: 20_000,
    breakOff: (wasLive) => {
      brokenOff.push(wasLive)
      watch.close()
    },
  })
  t.after(() => watch.close())
  watch.onRequest()
  /** Lets time pass as timers see it, half a second at a time. */
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) t.mock.timers.tick(500)
  }
  return { watch, state, brokenOff, pass }
}

test('U58: a request that neither end sees go on for twenty seconds is broken off', (t) => {
  const { brokenOff, pass } = open(t)
  pass(19_000)
  assert.deepEqual(brokenOff, [])
  pass(2_000)
  assert.deepEqual(brokenOff, [true])
})

test('U58: what either end sees go on is let go on, and so is what waits for the server', (t) => {
  const { watch, state, brokenOff, pass } = open(t)
  for (let i = 1; i < 10; i++) {
    pass(16_000)
    if (i % 2) state.received += 10
    else watch.onProgress()
  }
  state.isOnline = false
  pass(60_000)
  state.isOnline = true
  watch.onAnswer()
  pass(60_000)
  watch.onRequest()
  state.received = 100
  pass(40_000)
  assert.deepEqual(brokenOff, [])
})

test('U57: after a break a request has a second to go on, and four where news are slow', (t) => {
  const { watch, state, brokenOff, pass } = open(t)
  state.received = 20
  watch.onLive(false)
  pass(500)
  state.received = 30
  pass(3_000)
  watch.onLive(true)
  pass(3_500)
  assert.deepEqual(brokenOff, [])
  pass(500)
  assert.deepEqual(brokenOff, [false])
})

test('U57: the silence of a page that slept is nobody else’s', (t) => {
  const { watch, brokenOff, pass } = open(t)
  pass(500)
  t.mock.timers.setTime(1_030_000)
  t.mock.timers.tick(500)
  assert.deepEqual(brokenOff, [])
  watch.onLive(false)
  t.mock.timers.tick(1_000)
  assert.deepEqual(brokenOff, [false])
})
