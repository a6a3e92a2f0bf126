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
  const early = previews.add(ids[0]!, Uint8Array.of(1)).last
  await queue.whenSent()
  await early
  await previews.add(ids[1]!, Uint8Array.of(2)).last
  assert.deepEqual(sent, [
    `${limits.commandsPerMessage} boxes`,
    '20 boxes',
    '1 previews',
    '1 previews',
  ])
})

const bytes = (length: number) => new Uint8Array(length)
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

/** Opens the previews of one picture, on a connection whose answers wait until they are given. */
function open() {
  const sent: number[] = []
  const shown: number[] = []
  const answers: (() => void)[] = []
  const channel = {
    async sendPreviews(previews: Readonly<Record<string, Uint8Array>>) {
      sent.push(...Object.values(previews).map(({ length }) => length))
      await new Promise<void>((resolve) => answers.push(resolve))
      return {}
    },
  }
  const queue = {
    state: 'known' as 'known' | 'leaving' | 'waiting',
    isAdding: () => queue.state !== 'known',
    isUnsent: () => queue.state === 'waiting',
    isAnnouncing: false,
    online: true,
  }
  const previews = new OwnPreviews(channel, queue, new Map([['p', null]]), (_, { length }) =>
    shown.push(length),
  )
  const answer = async (): Promise<void> => {
    answers.shift()?.()
    await nextTurn()
  }
  return { previews, queue, sent, shown, answer }
}

test('A35, A44: a thumbnail goes before the preview, and the file after that has left', async () => {
  const { previews, sent, shown, answer } = open()
  const { promise: making, resolve: made } = Promise.withResolvers<Uint8Array | null>()
  let isDone = false
  const done = previews.add('p', making, Promise.resolve(bytes(1))).last.then(() => {
    isDone = true
  })
  await nextTurn()
  assert.deepEqual(sent, [1])
  made(bytes(2))
  await nextTurn()
  assert.deepEqual(shown, [1, 2])
  assert.ok(!isDone, 'the file waits for the preview')
  await answer()
  assert.deepEqual(sent, [1, 2], 'though the other was made while this one was on its way')
  await nextTurn()
  assert.ok(isDone, 'and not for its answer (A44)')
  await done
})

test('A35: a thumbnail that is later than the preview is not shown, nor sent', async () => {
  const { previews, sent, shown, answer } = open()
  const { promise: late, resolve } = Promise.withResolvers<Uint8Array | null>()
  const done = previews.add('p', Promise.resolve(bytes(2)), late).last
  await nextTurn()
  resolve(bytes(1))
  await nextTurn()
  await answer()
  await done
  assert.deepEqual([sent, shown], [[2], [2]])
})

test('A35: where no preview can be made, the thumbnail stays', async () => {
  const { previews, sent, answer } = open()
  await previews.add('p', Promise.resolve(null), Promise.resolve(bytes(1))).last
  await nextTurn()
  await answer()
  assert.deepEqual(sent, [1])
})

test('A57: a preview goes right behind its picture’s add, and again if the server had no room', async () => {
  const { previews, queue, sent, answer } = open()
  queue.state = 'leaving'
  const done = previews.add('p', bytes(1)).last
  await nextTurn()
  assert.deepEqual(sent, [1])
  queue.state = 'waiting'
  await answer()
  assert.deepEqual(sent, [1])
  queue.state = 'leaving'
  previews.pump()
  await nextTurn()
  queue.state = 'known'
  await answer()
  previews.pump()
  assert.deepEqual(sent, [1, 1])
  await done
})

test('A57: where there are only requests, it waits for its picture’s answer without trying again', async () => {
  let sentCount = 0
  const queue = {
    state: 'leaving' as 'known' | 'leaving',
    isAdding: () => queue.state !== 'known',
    isUnsent: () => false,
    isAnnouncing: false,
    online: true,
  }
  const sendPreviews = async () => {
    assert.ok(++sentCount < 10)
    return {}
  }
  const previews = new OwnPreviews({ sendPreviews }, queue, new Map([['p', null]]), () => {})
  await previews.add('p', bytes(1)).last
  await nextTurn()
  assert.equal(sentCount, 1)
  queue.state = 'known'
  previews.pump()
  await nextTurn()
  previews.pump()
  await nextTurn()
  assert.equal(sentCount, 2)
})
