import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cursor, limits } from '@wirephoto/board'
import { ServerClock } from './clock.ts'
import { newId } from './ids.ts'
import { memoryStore } from './memory-store.ts'
import { OwnPreviews } from './own-previews.ts'
import { Queue } from './queue.ts'
import { Replica } from './replica.ts'

test('A37: the boxes of a drop go before its first preview', async () => {
  const sent: string[] = []
  const replica = new Replica()
  replica.visitor = 'me'
  replica.load({ cursor: cursor('e', 0, 's'), records: [] })
  let seq = 0
  const queue = new Queue({
    board: 'main',
    store: Promise.resolve(memoryStore()),
    replica,
    channel: {
      async send({ n, commands }) {
        sent.push(`${commands.length} boxes`)
        return { n: n + commands.length - 1, seq: ++seq, refused: [] }
      },
    },
    clock: new ServerClock(),
  })
  const channel = {
    async sendPreviews(previews: object) {
      sent.push(`${Object.keys(previews).length} previews`)
      return {}
    },
  }
  const previews = new OwnPreviews(channel, queue, replica.pictures, () => {})
  queue.on('changed', () => previews.pump())
  queue.online = true
  const ids = Array.from({ length: limits.commandsPerMessage + 20 }, () => newId(1))
  queue.push(
    ids.map((id) => ({ kind: 'image.add', id, x: 0, y: 0, width: 4, height: 3, name: 'a.jpg' })),
  )
  // One is made before the first answer comes, the other one much later.
  const early = previews.add(ids[0]!, Uint8Array.of(1))
  await queue.whenSent()
  await early
  await previews.add(ids[1]!, Uint8Array.of(2))
  assert.deepEqual(sent, [
    `${limits.commandsPerMessage} boxes`,
    '20 boxes',
    '1 previews',
    '1 previews',
  ])
})

test('A25: a file may follow its preview before that is acknowledged', async () => {
  const acknowledged = Promise.withResolvers<object>()
  const channel = { sendPreviews: () => acknowledged.promise }
  const queue = { isAdding: () => false, isAnnouncing: false, online: true }
  const pictures = new Map(['a', 'b', 'c'].map((id) => [id, {}]))
  const previews = new OwnPreviews(channel, queue, pictures, () => {})
  await previews.add('a', Uint8Array.of(1))
  // More of them go in one message, which takes the line longer.
  const more: string[] = []
  const others = ['b', 'c'].map((id) =>
    previews.add(id, Uint8Array.of(1)).then(() => more.push(id)),
  )
  await new Promise(setImmediate)
  assert.deepEqual(more, [])
  acknowledged.resolve({})
  await Promise.all(others)
})
