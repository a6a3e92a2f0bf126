import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PUSH_STAND_MS, STAND_MS, WallQueue } from './queue.ts'

const FADE_MS = 600
/** Well beyond the time that any of these queues takes. */
const MAX_ROUNDS_COUNT = 10_000

interface Stood {
  readonly id: string
  /** How long it stood in full. */
  readonly ms: number
}

const pictures = (count: number, author = 'anna') =>
  Array.from({ length: count }, (_, i) => ({ id: `${author}-${i}`, author }))

/** Runs a queue whose pictures are decoded at once, until nothing is left to do. Returns what stood, in order. */
function run(queue: WallQueue, start: number, decodeMs = 0): { stood: Stood[]; end: number } {
  const stood: Stood[] = []
  let now = start
  let last = queue.turn
  for (let i = 0; i < MAX_ROUNDS_COUNT; i++) {
    const next = queue.next(now)
    if (next !== null) queue.ready(next, now + decodeMs)
    queue.advance(now)
    if (queue.turn !== last) {
      if (last) stood.push({ id: last.id, ms: now - last.since })
      last = queue.turn
    } else {
      const at = queue.wakeAt(now)
      if (at === Number.POSITIVE_INFINITY) break
      now = Math.max(now + 1, at)
    }
  }
  assert.deepEqual(queue.waiting, [], 'it comes to an end')
  if (last) stood.push({ id: last.id, ms: Number.POSITIVE_INFINITY })
  return { stood, end: now }
}

test('W54: ten pictures at once stand six seconds each, in the order of their coming', () => {
  const queue = new WallQueue(0, FADE_MS)
  queue.add(pictures(10), 0)
  const { stood } = run(queue, 0)
  assert.deepEqual(
    stood.map(({ id }) => id),
    pictures(10).map(({ id }) => id),
  )
  for (const { ms } of stood) assert.ok(ms >= STAND_MS.usual, `${ms} ms`)
})

test('W54: of 500 at once none is left out, and each stands three seconds, the last ten six', () => {
  const queue = new WallQueue(0, FADE_MS)
  queue.add(pictures(500), 0)
  const { stood, end } = run(queue, 0)
  assert.equal(new Set(stood.map(({ id }) => id)).size, 500)
  assert.equal(stood.length, 500)
  assert.ok(stood.every(({ ms }) => ms >= STAND_MS.crowded))
  assert.ok(stood.slice(-10).every(({ ms }) => ms >= STAND_MS.usual))
  assert.equal(end, 489 * (STAND_MS.crowded + FADE_MS) + 10 * (STAND_MS.usual + FADE_MS))
})

test('W54: a picture that stands long enough gives way at once when more than ten wait', () => {
  const queue = new WallQueue(0, 0)
  queue.add(pictures(1), 0)
  run(queue, 0)
  queue.add(pictures(3, 'ben'), 1_000)
  queue.ready(queue.next(1_000)!, 1_000)
  queue.advance(4_000)
  assert.equal(queue.turn!.id, 'anna-0', 'few wait, so it has six seconds')
  queue.add(pictures(12, 'cleo'), 4_000)
  queue.advance(4_000)
  assert.equal(queue.turn!.id, 'ben-0')
})

test('W54: a picture is shown at once where nothing new stands', () => {
  const queue = new WallQueue(0, FADE_MS)
  queue.fill({ id: 'old', author: 'ben' }, 0)
  queue.add(pictures(1), 100)
  queue.ready(queue.next(100)!, 100)
  assert.equal(queue.turn!.id, 'anna-0')
})

test('W54: a picture whose decoding takes long is waited for, and the one before it stands on', () => {
  const queue = new WallQueue(0, FADE_MS)
  queue.add(pictures(2), 0)
  queue.ready(queue.next(0)!, 0)
  assert.equal(queue.next(0), 'anna-1')
  queue.advance(60_000)
  assert.equal(queue.turn!.id, 'anna-0')
  queue.ready('anna-1', 61_000)
  assert.equal(queue.turn!.id, 'anna-1')
})

test('W55: people take turns, so that 500 pictures of one hold up nobody', () => {
  const queue = new WallQueue(0, FADE_MS)
  queue.add(pictures(500), 0)
  queue.ready(queue.next(0)!, 0)
  queue.add(pictures(3, 'ben'), 1_000)
  const { stood } = run(queue, 1_000)
  const turns = stood.slice(0, 8).map(({ id }) => id)
  assert.deepEqual(
    turns.map((id) => id.split('-')[0]),
    ['anna', 'ben', 'anna', 'ben', 'anna', 'ben', 'anna', 'anna'],
  )
  assert.equal(stood.length, 503)
})

test('W57: a picture that is removed leaves the queue and the screen', () => {
  const queue = new WallQueue(0, FADE_MS)
  queue.add(pictures(4), 0)
  queue.ready(queue.next(0)!, 0)
  assert.equal(queue.next(0), 'anna-1')
  assert.equal(queue.remove('anna-0'), false, 'it has had its turn')
  assert.equal(queue.turn, null)
  assert.equal(queue.remove('anna-1'), true)
  queue.ready('anna-1', 10)
  assert.equal(queue.turn, null, 'its decoding ends too late')
  const { stood } = run(queue, 10)
  assert.deepEqual(
    stood.map(({ id }) => id),
    ['anna-2', 'anna-3'],
  )
})

test('W58: a pushed picture comes at once and stands its time; one that it cut short comes again', () => {
  const queue = new WallQueue(0, FADE_MS)
  queue.add(pictures(3), 0)
  queue.ready(queue.next(0)!, 0)
  queue.push({ id: 'pushed', author: 'ben' }, 1_000)
  assert.equal(queue.next(1_000), 'pushed')
  queue.ready('pushed', 1_200)
  assert.equal(queue.turn!.id, 'pushed')
  const { stood } = run(queue, 1_200)
  assert.deepEqual(
    stood.map(({ id }) => id),
    ['pushed', 'anna-0', 'anna-1', 'anna-2'],
  )
  assert.ok(stood[0]!.ms >= PUSH_STAND_MS)
})

test('W58: a picture that is pushed while it waits is shown once', () => {
  const queue = new WallQueue(0, FADE_MS)
  queue.add(pictures(3), 0)
  queue.ready(queue.next(0)!, 0)
  queue.push({ id: 'anna-2', author: 'anna' }, 10_000)
  queue.ready(queue.next(10_000)!, 10_000)
  const { stood } = run(queue, 10_000)
  assert.deepEqual(
    stood.map(({ id }) => id),
    ['anna-2', 'anna-1'],
  )
})

test('W58: a push that never becomes ready ends, and the queue goes on', () => {
  const queue = new WallQueue(0, FADE_MS)
  queue.push({ id: 'broken', author: 'ben' }, 0)
  queue.failed(queue.next(0)!, 0)
  queue.add(pictures(1), 0)
  const { stood } = run(queue, PUSH_STAND_MS)
  assert.deepEqual(
    stood.map(({ id }) => id),
    ['anna-0'],
  )
})

test('W59: a picture that cannot be decoded holds nobody up, and is tried again', () => {
  const queue = new WallQueue(0, FADE_MS)
  queue.add(pictures(3), 0)
  queue.ready(queue.next(0)!, 0)
  queue.failed(queue.next(10)!, 10)
  assert.equal(queue.next(11), 'anna-2', 'the one after it goes first')
  const { stood } = run(queue, 11)
  assert.deepEqual(
    stood.map(({ id }) => id),
    ['anna-0', 'anna-2', 'anna-1'],
  )
})

test('W59: as the server is back, nothing waits for its next try', () => {
  const queue = new WallQueue(0, FADE_MS)
  queue.add(pictures(1), 0)
  for (let now = 0; now < 200_000; now++) {
    const next = queue.next(now)
    if (next !== null) queue.failed(next, now)
  }
  assert.equal(queue.next(200_000), null)
  assert.equal(queue.newsAt, 0, 'it keeps no mosaic away')
  queue.retryNow(200_000)
  assert.equal(queue.next(200_000), 'anna-0')
})

test('a picture whose file is replaced stands its time again, and does not come twice', () => {
  const queue = new WallQueue(0, 0)
  queue.add(pictures(2), 0)
  queue.ready(queue.next(0)!, 0)
  queue.add(pictures(2), 5_000)
  assert.deepEqual(queue.waiting, ['anna-1'])
  queue.ready(queue.next(5_000)!, 5_000)
  queue.advance(10_999)
  assert.equal(queue.turn!.id, 'anna-0')
  queue.advance(11_000)
  assert.equal(queue.turn!.id, 'anna-1')
})
