import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { BroadcastChannel as WorkerChannel } from 'node:worker_threads'
import { BrowserTurn } from './browser-turn.ts'

const PAGE_COUNT = 4
/** Longer than a claim stands open. */
const BUSY_MS = 100
const LOOK_INTERVAL_MS = 5
const TIMEOUT_MS = 30_000

// A page has these, and Node has not.
Object.assign(globalThis, {
  document: {},
  addEventListener: () => {},
  BroadcastChannel: class extends WorkerChannel {
    constructor(name: string) {
      super(name)
      this.unref()
    }
  },
})

test('P10: pages that were too busy to object to each other leave one of them the turn', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const pages = newPages(t)
  for (const { turn } of pages) turn.request()
  const busyUntil = performance.now() + BUSY_MS
  while (performance.now() < busyUntil);
  await whenOneHolds(pages)
  assert.equal(pages.filter(({ gains }) => gains === 1).length, PAGE_COUNT, 'all had it at first')

  const first = pages.find(({ isHeld }) => isHeld)!
  first.turn.release()
  first.isHeld = false
  await whenOneHolds(pages)
})

function newPages(t: TestContext) {
  const pages = Array.from({ length: PAGE_COUNT }, () => {
    const page = {
      isHeld: false,
      gains: 0,
      turn: new BrowserTurn('test', (isHeld) => {
        page.isHeld = isHeld
        if (isHeld) page.gains++
      }),
    }
    return page
  })
  t.after(() => pages.forEach(({ turn }) => turn.release()))
  return pages
}

async function whenOneHolds(pages: readonly { isHeld: boolean }[]): Promise<void> {
  do await sleep(LOOK_INTERVAL_MS)
  while (pages.filter(({ isHeld }) => isHeld).length !== 1)
}
