import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { type Command, uuidv7 } from '@wirephoto/board'
import { openBoard } from '@wirephoto/client'
import { cleanupAfter } from '../support/cleanup.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { WireClient } from '../support/wire-client.ts'

const PICTURE_COUNT = 1_000

const stack = cleanupAfter()
let server: InProcessServer

before(async () => {
  server = stack.adopt(await InProcessServer.open(), (each) => each.close())
})

test('R26: however many pictures are moved, it is one event and one undo step', async (t) => {
  const id = await server.newBoard()
  const wireClient = await WireClient.connect(server.url, id)
  t.after(() => wireClient.close())
  const adds = Array.from({ length: PICTURE_COUNT }, (_, n) => addCommand(n))
  for (let n = 0; n < adds.length; n += 100) await wireClient.send(...adds.slice(n, n + 100))
  const board = openBoard({ url: server.url, board: id })
  t.after(() => board.close())
  const { promise: loaded, resolve } = Promise.withResolvers<void>()
  board.on('status', ({ loaded }) => loaded && resolve())
  await loaded

  const events: number[] = []
  board.on('pictures', (ids) => events.push(ids.size))
  const placesOf = () => [...board.pictures.values()].map(({ x, y }) => ({ x, y }))
  const start = placesOf()
  const step = {}
  for (const way of [1, 2]) {
    const moved = [...board.pictures].map(([id, { x, y }]) => [id, { x: x + 10, y }] as const)
    board.patchAll(moved, step)
    assert.deepEqual(
      events,
      Array.from({ length: way }, () => PICTURE_COUNT),
    )
  }
  assert.deepEqual(
    placesOf(),
    start.map(({ x, y }) => ({ x: x + 20, y })),
  )
  await board.settled()
  assert.ok(board.undo())
  assert.equal(board.canUndo, false)
  assert.deepEqual(placesOf(), start)
  await board.settled()
  assert.deepEqual(placesOf(), start)
})

const addCommand = (n: number): Command => ({
  kind: 'image.add',
  id: uuidv7(Date.now(), crypto.getRandomValues(new Uint8Array(10))),
  x: (n % 40) * 340,
  y: Math.floor(n / 40) * 260,
  width: 640,
  height: 480,
  name: `${n}.jpg`,
})
