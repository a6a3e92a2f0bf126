import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { openBoard } from '@wirephoto/client'
import { cleanupAfter } from '../support/cleanup.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture } from '../support/pictures.ts'

test('E25: the SDK sends a file again by itself when the server was busy', {
  timeout: 60_000,
}, async (t) => {
  const own = cleanupAfter(t)
  const config = { bounds: { 'upload-bodies': 1 } }
  const server = own.adopt(await InProcessServer.open(config), (each) => each.close())
  const photo = await drawPicture({ width: 320, height: 240 })
  // Somebody else has the only place for a body.
  const elsewhere = { host: '127.0.0.1', localAddress: '127.0.0.2', port: server.port }
  const hanging = request({ ...elsewhere, method: 'PUT', path: '/never.jpg' })
  own.defer(() => {
    hanging.destroy()
  })
  hanging.on('error', () => {})
  hanging.write(photo.subarray(0, 100))
  const arriving = () => readdir(join(server.data, 'arrivals'))
  while ((await arriving()).length === 0) await new Promise(setImmediate)

  const board = own.adopt(openBoard({ url: server.url, board: await server.newBoard() }), (each) =>
    each.close(),
  )
  const { promise: waitMs, resolve } = Promise.withResolvers<number>()
  board.on('uploads', () => {
    for (const { state, retryAt } of board.uploads.values())
      if (state === 'retrying') resolve(retryAt! - Date.now())
  })
  const file = new Blob([new Uint8Array(photo)])
  const [id] = board.addPictures([{ file, name: 'mine.jpg', width: 320, height: 240 }])
  // Without `Retry-After` the first pause is 0.6 s at most.
  assert.ok((await waitMs) > 1_500, `${await waitMs} ms`)
  hanging.destroy()
  assert.ok((await board.stored(id!)).blob)
})
