import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch, Cursor } from '@wirephoto/board'
import { encodeBatch } from '../boards/encoded-batch.ts'
import { type BroadcastEvent, type Burst, burstOf, type LatestByKey } from './broadcast.ts'
import { type EncodedEvent, encodeText } from './encoded-event.ts'
import { Outbox, type OutboxRoom } from './outbox.ts'
import type { SocketWriter } from './socket-writer.ts'

const KIB_BYTES = 1024
const cursor = (seq: number) => `e.${seq}.s` as Cursor

/** A socket that takes nothing until the test says so. */
class StalledWriter {
  readonly sent: string[] = []
  backlogBytes = 0
  liveBytes = 0

  emit(event: string, text = ''): void {
    this.sent.push(`${event} ${text}`.trim())
  }

  write({ events, frames }: Burst): void {
    this.sent.push(events.map(({ event }) => event).join('+'))
    this.backlogBytes += frames.length
  }

  writeFrame({ args, frames }: EncodedEvent): void {
    this.sent.push(`frame ${String(args[0])}`)
    this.backlogBytes += frames.length
    this.liveBytes += frames.length
  }

  drain(): void {
    this.backlogBytes = this.liveBytes = 0
  }
}

/** A room on a board without pictures; each batch of it has a title of 100 KiB. */
class FakeRoom implements OutboxRoom {
  readonly roster = {}
  arrivals: OutboxRoom['arrivals'] = {}
  seq = 1
  /** Whether the log still has what a viewer missed. */
  hasLog = true

  flush(): void {}

  recentChanges(from: Cursor): Batch | null {
    return { from, to: cursor(this.seq), changes: [] }
  }

  async changesSince(from: Cursor): Promise<Batch | null> {
    return this.hasLog ? this.recentChanges(from) : null
  }

  next(): BroadcastEvent {
    const title = 'x'.repeat(100 * KIB_BYTES)
    const put = {
      kind: 'board',
      id: 'board',
      title,
      trashDays: 30,
      keepMetadata: false,
      adding: 'open',
    } as const
    const batch = { from: cursor(this.seq), to: cursor(++this.seq), changes: [{ put }] }
    return { ...encodeText('changes', encodeBatch(batch).text), cursor: batch.to }
  }
}

function open(): { outbox: Outbox; room: FakeRoom; writer: StalledWriter; reasons: string[] } {
  const writer = new StalledWriter()
  const room = new FakeRoom()
  const reasons: string[] = []
  const cutOff = (reason: string) => reasons.push(reason)
  const outbox = new Outbox(writer as unknown as SocketWriter, room, room, cutOff)
  return { outbox, room, writer, reasons }
}

const preview = encodeText('preview', '')
const latest = (event: string, text: string, entries: LatestByKey): BroadcastEvent => ({
  ...encodeText(event, text),
  entries,
})

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

test('an idle viewer is sent nothing of the board', () => {
  const { outbox, room, writer } = open()
  outbox.send(burstOf([room.next()]))
  outbox.send(burstOf([latest('presence', '{}', {})]))
  outbox.send(burstOf([preview]))
  outbox.requireSnapshot()
  assert.deepEqual(writer.sent, [])
})

test('W4, W9: a viewer that does not drain is behind, and goes on where it was once it has', async () => {
  const { outbox, room, writer } = open()
  assert.equal(await outbox.follow(cursor(1)), true)
  for (let i = 0; i < 10; i++) outbox.send(burstOf([room.next()]))
  outbox.send(burstOf([latest('presence', '{"a":1}', { a: 1 })]))
  outbox.send(burstOf([latest('presence', '{"a":2}', { a: 2 })]))
  outbox.send(burstOf([preview]))
  assert.deepEqual(writer.sent, ['roster {}', 'arrivals {}', ...Array(5).fill('changes')])
  writer.backlogBytes = 0
  outbox.drained()
  await turn()
  assert.deepEqual(writer.sent.slice(7), ['presence {"a":2}'])
  outbox.send(burstOf([room.next()]))
  assert.equal(writer.sent.at(-1), 'changes')
  outbox.close()
})

test('P22: a viewer with room gets a burst in one write, one without gets what there is room for', async () => {
  const { outbox, room, writer } = open()
  await outbox.follow(cursor(1))
  const burst = () => burstOf([room.next(), preview, latest('presence', '{"a":1}', { a: 1 })])
  outbox.send(burst())
  assert.equal(writer.sent.at(-1), 'changes+preview+presence')
  outbox.send(burst())
  assert.deepEqual(writer.sent.slice(-2), ['changes', 'preview'])
  writer.backlogBytes = 0
  outbox.drained()
  assert.equal(writer.sent.at(-1), 'presence {"a":1}')
  outbox.close()
})

test('F2: a viewer that is behind and can not be served any more takes a snapshot', async () => {
  const { outbox, room, writer } = open()
  await outbox.follow(cursor(1))
  for (let i = 0; i < 10; i++) outbox.send(burstOf([room.next()]))
  room.hasLog = false
  writer.backlogBytes = 0
  outbox.drained()
  await turn()
  assert.equal(writer.sent.at(-1), 'reload')
  const { length } = writer.sent
  outbox.send(burstOf([room.next()]))
  outbox.drained()
  await turn()
  assert.equal(writer.sent.length, length)
  room.hasLog = true
  assert.equal(await outbox.follow(cursor(room.seq)), true)
  outbox.close()
})

test('W10: a viewer that stays behind is cut off, one that has left is not', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const [stays, leaves] = [open(), open()]
  for (const { outbox, room } of [stays, leaves]) {
    await outbox.follow(cursor(1))
    for (let i = 0; i < 10; i++) outbox.send(burstOf([room.next()]))
  }
  leaves.outbox.close()
  t.mock.timers.tick(30_000)
  assert.deepEqual(stays.reasons, ['behind for 30 s'])
  assert.deepEqual(leaves.reasons, [])
  stays.outbox.close()
})

test('a viewer that has left is sent nothing, not even what was read for it meanwhile', async () => {
  const { outbox, room, writer } = open()
  const following = outbox.follow(cursor(1))
  outbox.close()
  assert.equal(await following, false)
  outbox.send(burstOf([room.next()]))
  assert.deepEqual(writer.sent, [])
})

test('F6: a viewer for whom too many entries wait is cut off', async () => {
  const { outbox, writer, reasons } = open()
  await outbox.follow(cursor(1))
  writer.backlogBytes = 100 * KIB_BYTES
  const entries = Object.fromEntries(Array.from({ length: 20_001 }, (_, i) => [i, 1]))
  outbox.send(burstOf([latest('presence', '', entries)]))
  assert.deepEqual(reasons, ['too much is new'])
})

test('Y8, F12: a viewer that takes little gets the uploads in parts, each in its latest state', async () => {
  const { outbox, room, writer, reasons } = open()
  const flags = { preview: false, large: false, live: false }
  const state = { total: 100, state: 'arriving', ...flags } as const
  const ids = Array.from({ length: 3_000 }, (_, i) => String(i).padStart(36, '0'))
  room.arrivals = Object.fromEntries(ids.map((id) => [id, { ...state, sent: 1 }]))
  // Each message leaves only when the viewer has taken it.
  writer.emit = (event, text) => {
    writer.sent.push(`${event} ${text}`)
    if (event === 'arrivals') writer.backlogBytes += 100 * KIB_BYTES
  }
  await outbox.follow(cursor(1))
  const newest = { [ids[0]!]: null, [ids[2_999]!]: { ...state, sent: 2 } }
  outbox.send(burstOf([latest('arrivals', JSON.stringify(newest), newest)]))
  const parts = () => writer.sent.filter((text) => text.startsWith('arrivals '))
  assert.equal(parts().length, 1)
  const heard: Record<string, unknown> = {}
  for (let taken = 0; taken < parts().length; taken++) {
    const part = parts()[taken]!.slice('arrivals '.length)
    assert.ok(part.length < 64 * KIB_BYTES, `${part.length} bytes at once`)
    Object.assign(heard, JSON.parse(part))
    writer.backlogBytes = 0
    outbox.drained()
  }
  assert.equal(Object.keys(heard).length, 3_000)
  assert.deepEqual([heard[ids[0]!], heard[ids[2_999]!]], [null, { ...state, sent: 2 }])
  assert.deepEqual(reasons, [])
})

const frame = (name: string, kib: number): EncodedEvent => ({
  event: 'frame',
  args: [name],
  frames: Buffer.alloc(kib * KIB_BYTES),
})

test('L36, F12: a viewer who is slow skips frames, and gets the latest of each slot in turn', async () => {
  const { outbox, writer } = open()
  outbox.sendFrame('a', frame('idle', 1))
  await outbox.follow(cursor(1))
  writer.sent.length = 0
  outbox.sendFrame('a', frame('a1', 100))
  for (const each of ['a2', 'a3']) outbox.sendFrame('a', frame(each, 100))
  outbox.sendFrame('b', frame('b1', 100))
  outbox.sendFrame('a', frame('a4', 100))
  assert.deepEqual(writer.sent, ['frame a1'])
  writer.drain()
  outbox.drained()
  assert.deepEqual(writer.sent, ['frame a1', 'frame a4'])
  writer.drain()
  outbox.drained()
  assert.deepEqual(writer.sent, ['frame a1', 'frame a4', 'frame b1'])
  writer.drain()
  outbox.drained()
  assert.equal(writer.sent.length, 3)
  outbox.close()
})

test('L36: a frame on its way keeps changes back no more than its bytes must', async () => {
  const { outbox, room, writer } = open()
  await outbox.follow(cursor(1))
  outbox.sendFrame('a', frame('a1', 500))
  for (let i = 0; i < 5; i++) outbox.send(burstOf([room.next()]))
  assert.deepEqual(writer.sent.slice(-5), Array(5).fill('changes'))
  writer.drain()
  outbox.drained()
  assert.equal(writer.backlogBytes, 0)
  outbox.close()
})

test('L36, F6: the largest frame goes alone, and a viewer costs 1 MiB at most', async () => {
  const { outbox, room, writer } = open()
  await outbox.follow(cursor(1))
  outbox.send(burstOf([room.next()]))
  writer.backlogBytes = 32 * KIB_BYTES
  outbox.sendFrame('a', frame('a1', 1024))
  assert.ok(!writer.sent.includes('frame a1'))
  writer.drain()
  outbox.drained()
  assert.equal(writer.sent.at(-1), 'frame a1')
  outbox.send(burstOf([room.next()]))
  assert.equal(writer.backlogBytes, 1024 * KIB_BYTES)
  outbox.sendFrame('a', frame('a2', 10))
  writer.drain()
  outbox.drained()
  await turn()
  assert.equal(writer.sent.at(-1), 'frame a2', 'it follows when the viewer has been caught up')
  outbox.close()
})
