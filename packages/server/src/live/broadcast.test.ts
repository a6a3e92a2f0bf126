import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Batch, Change, Cursor } from '@wirephoto/board'
import { Broadcast, type Burst } from './broadcast.ts'
import { encodeBytes, encodeText } from './encoded-event.ts'

const KIB_BYTES = 1024
const cursor = (seq: number) => `e.${seq}.s` as Cursor
const put = {
  kind: 'board',
  id: 'board',
  title: '',
  trashDays: 30,
  keepMetadata: false,
  adding: 'open',
} as const

/** A broadcast on a clock of the test's own. */
function open(t: TestContext) {
  let now = 1_000
  t.mock.timers.enable({ apis: ['setTimeout'] })
  t.mock.method(performance, 'now', () => now)
  const bursts: Burst[] = []
  const broadcast = new Broadcast((burst) => bursts.push(burst))
  let seq = 1
  return {
    broadcast,
    /** Adds a batch, by default of one change. */
    change(changes: readonly Change[] = [{ put }]) {
      const batch: Batch = { from: cursor(seq), to: cursor(++seq), changes: [...changes] }
      broadcast.addChanges(batch)
    },
    preview: (bytes = 10) =>
      broadcast.addPreview(encodeBytes('preview', 'an id', Buffer.alloc(bytes))),
    latest: () => broadcast.addLatest(encodeText('presence', '{}'), {}),
    wait(milliseconds: number) {
      now += milliseconds
      t.mock.timers.tick(milliseconds)
    },
    /** The events of each burst since the last look. */
    sent: () => bursts.splice(0).map(({ events }) => events.map(({ event }) => event).join(' ')),
    bursts,
  }
}

test('P21, W8: the first change and preview after a pause go at once, a stream shares one burst a tick', (t) => {
  const { change, preview, wait, sent } = open(t)
  change()
  preview()
  assert.deepEqual(sent(), ['changes', 'preview'])
  for (let i = 0; i < 5; i++) {
    change()
    preview()
    wait(6)
  }
  assert.deepEqual(sent(), [])
  wait(3)
  assert.deepEqual(sent(), ['changes preview preview preview preview preview'])
  wait(33)
  preview()
  change()
  assert.deepEqual(sent(), ['preview', 'changes'])
})

test('P22: state that is due while a burst waits goes with it, and else at once', (t) => {
  const { change, latest, wait, sent, bursts, broadcast } = open(t)
  latest()
  change()
  change()
  latest()
  assert.deepEqual(sent(), ['presence', 'changes'])
  wait(33)
  const [burst] = bursts
  assert.equal(burst!.cursor, cursor(3))
  assert.deepEqual(burst!.frames, Buffer.concat(burst!.events.map(({ frames }) => frames)))
  assert.deepEqual(sent(), ['changes presence'])
  change()
  broadcast.flush()
  change()
  broadcast.clear()
  wait(100)
  assert.deepEqual(sent(), ['changes'])
})

test('P21: previews of 128 KiB wait for no tick', (t) => {
  const { preview, sent } = open(t)
  for (let i = 0; i < 5; i++) preview(32 * KIB_BYTES)
  assert.deepEqual(sent(), ['preview', 'preview preview preview preview'])
})

test('P23: no preview comes after the change that ends its picture', (t) => {
  const { change, preview, wait, sent } = open(t)
  preview()
  preview()
  change([{ gone: 'an id' }])
  wait(33)
  assert.deepEqual(sent(), ['preview', 'preview', 'changes'])
})
