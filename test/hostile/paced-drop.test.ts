import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBoard } from '@wirephoto/client'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture, withUniqueBytes } from '../support/pictures.ts'

const PICTURE_COUNT = 60

test('Y23: a drop of more pictures than may be announced at once is stored whole', async (t) => {
  const bounds = { 'arriving-per-visitor': 10, 'uploads-per-visitor': 2 }
  const server = await InProcessServer.open({ bounds })
  t.after(() => server.close())
  const board = openBoard({ url: server.url, board: 'main' })
  t.after(() => board.close())
  const notices: string[] = []
  board.on('notice', ({ code }) => notices.push(code))
  const [width, height] = [40, 30]
  const picture = await drawPicture({ width, height })
  const ids = board.addPictures(
    Array.from({ length: PICTURE_COUNT }, (_, n) => ({
      file: new Blob([withUniqueBytes(picture)]),
      name: `${n}.jpg`,
      width,
      height,
    })),
  )
  // All of them are shown at once, and those that wait can be changed like any other.
  assert.equal(board.pictures.size, PICTURE_COUNT)
  await board.stored(ids[0]!)
  const last = ids.at(-1)!
  board.patch(last, { caption: 'the last one' })
  board.patch(ids[0]!, { caption: 'the first one' })
  await Promise.all(ids.map((id) => board.stored(id)))
  await board.settled()
  const reader = openBoard({ url: server.url, board: 'main' })
  t.after(() => reader.close())
  for (const id of ids) await reader.stored(id).catch(() => assert.fail(`${id} is lost`))
  assert.equal(reader.pictures.get(last)?.caption, 'the last one')
  assert.equal(reader.pictures.get(ids[0]!)?.caption, 'the first one')
  assert.deepEqual(notices, [])
})
