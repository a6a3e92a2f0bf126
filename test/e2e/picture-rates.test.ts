import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { openBoard } from '@wirephoto/client'
import { openFixture } from '../support/e2e-fixture.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture } from '../support/pictures.ts'

const { fixture, samples } = await openFixture()

test('Y57: the page says kindly that pictures come too fast, and goes on by itself', async (t) => {
  const files = await Promise.all(
    Array.from({ length: 5 }, (_, i) => samples.draw(`${i}.jpg`, { width: 90, height: 60 })),
  )
  const sizes = await Promise.all(files.slice(0, 3).map(async (path) => (await stat(path)).size))
  const server = await InProcessServer.open({
    webRoot: resolve(import.meta.dirname, '../../packages/web/dist'),
    bounds: {
      'pictures-per-stranger-minute': 3,
      'picture-bytes-per-stranger-minute': sizes.reduce((a, b) => a + b),
    },
    pictureMinuteMs: 2_000,
  })
  fixture.closeAfter(t, () => server.close())
  const board = await server.newBoard()
  const anna = await fixture.openPage(t, 'localhost', board, {
    port: server.port,
    // A file that was refused is asked for before it is sent again.
    allowedErrors: /status of 4(29|04)/,
  })
  await anna.drop(files, { x: 300, y: 300 })
  const said = await anna.waitForToast('Without a link you may add 3 pictures')
  assert.match((await said.textContent()) ?? '', /a minute\. Yours go on in \d+ seconds?\./)
  await anna.waitForPainted(5, 'stored')
})

test('Y51: the SDK hears why a picture has no room, and keeps it for another try', async (t) => {
  const server = await InProcessServer.open({ bounds: { 'picture-bytes-of-strangers': 10 } })
  t.after(() => server.close())
  const board = openBoard({ url: server.url, board: await server.newBoard() })
  t.after(() => board.close())
  const file = new Blob([Uint8Array.from(await drawPicture({ width: 64, height: 48 }))])
  const [id] = board.addPictures([{ file, name: 'p.jpg', width: 64, height: 48 }])
  const failed = await new Promise((resolve) =>
    board.on('uploads', () => {
      const upload = board.uploads.get(id!)
      if (upload?.state === 'failed') resolve(upload.error)
    }),
  )
  assert.deepEqual(failed, {
    code: 'link-full',
    message:
      'Those without a link have added the 10 bytes of pictures that they may. Ask who runs this board for a link.',
  })
})
