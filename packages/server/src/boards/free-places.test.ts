import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { around, boxOf, limits, uuidv7 } from '@wirephoto/board'
import { WireClient } from '../../../../test/support/wire-client.ts'
import { Harness } from '../../support/http-harness.ts'

const PICTURE_COUNT = 500
/** Shapes of cameras, screens and scripts. */
const SHAPES = [
  [4_032, 3_024],
  [3_024, 4_032],
  [1_920, 1_080],
  [1_080, 1_080],
  [1_080, 2_400],
  [200, 120],
] as const

test('P62: a server that gives 500 pictures their places makes a whole 1.3 to 2 times as wide as high', async (t) => {
  const server = await Harness.open()
  t.after(() => server.close())
  const board = await server.boards.create()
  const sender = await WireClient.connect(server.url, board)
  t.after(() => sender.close())
  for (let sent = 0; sent < PICTURE_COUNT; sent += limits.commandsPerMessage) {
    const count = Math.min(limits.commandsPerMessage, PICTURE_COUNT - sent)
    const commands = Array.from({ length: count }, (_, i) => {
      const [width, height] = SHAPES[(sent + i) % SHAPES.length]!
      const id = uuidv7(Date.now(), randomBytes(10))
      return { kind: 'image.add', id, name: `${sent + i}.jpg`, width, height } as const
    })
    await sender.send(...commands)
  }
  const boxes = (await sender.pictures()).map(boxOf)
  assert.equal(boxes.length, PICTURE_COUNT)
  const { w, h } = around(boxes)!
  const ratio = w / h
  assert.ok(ratio > 1.3 && ratio < 2, `${ratio}`)
})
