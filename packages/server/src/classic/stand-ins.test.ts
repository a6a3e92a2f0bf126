import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  type ImageRecord,
  isShown,
  MEDIA_TYPES,
  type MediaType,
  STAND_IN_SIDE_PX,
} from '@wirephoto/board'
import sharp from 'sharp'
import { ClassicClient, ClassicServer, draw } from '../../support/classic-client.ts'
import { CORNERS_JXL } from '../../support/jxl-images.ts'
import { createBmp } from '../../support/sample-images.ts'

const PHOTOS = resolve(import.meta.dirname, '../../../../../shared/corpora/photos')
const POLL_INTERVAL_MS = 20

/** Returns a picture of each type that browsers don't show, as far as this machine can make or has one. */
async function pictures(): Promise<Map<string, Buffer>> {
  const made = sharp(await draw(1)).resize(200, 150)
  const { data, info } = await made
    .clone()
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const heic = join(PHOTOS, 'iphone.heic')
  return new Map([
    ['image/tiff', await made.clone().tiff().toBuffer()],
    ['image/jxl', CORNERS_JXL],
    ['image/bmp', createBmp(data, info.width, info.height, { bits: 24 }).file],
    ['image/jpeg', await made.clone().toColourspace('cmyk').jpeg().toBuffer()],
    ...(existsSync(heic) ? [['image/heic', await readFile(heic)] as const] : []),
  ])
}

test('V27: every door hands browsers the stand-in of what they do not show', async (t) => {
  const server = await ClassicServer.open({}, { maxUpload: 20_000_000 })
  t.after(() => server.close())
  const first = await ClassicClient.connect(server.url, 'websocket')
  const second = await ClassicClient.connect(server.url, 'websocket')
  t.after(() => [first, second].map((client) => client.disconnect()))
  second.emit('User:connect')
  const all = await pictures()
  const without = MEDIA_TYPES.filter((type) => !isShown(type) && !all.has(type))
  t.diagnostic(
    `not tried: ${without.filter((type) => type !== 'image/svg+xml').join(', ') || 'none'}`,
  )
  for (const [type, bytes] of all) {
    const { id, blob } = await server.addPicture(bytes, 'a.tiff.original')
    const record = async () =>
      (await (await fetch(`${server.url}/api/boards/main/images/${id}`)).json()) as ImageRecord
    while ((await record()).variants === null) await setTimeout(POLL_INTERVAL_MS)
    assert.equal((await record()).type, type)
    assert.ok((await record()).variants!.includes(STAND_IN_SIDE_PX), type)

    const standIn = await fetch(`${server.url}/b/main/blob/${blob}/${STAND_IN_SIDE_PX}`)
    const expected = Buffer.from(await standIn.arrayBuffer())
    assert.equal((await sharp(expected).metadata()).format, 'webp')
    const shown = await fetch(`${server.url}/api/boards/main/images/${id}/file`)
    assert.equal(shown.headers.get('content-type'), 'image/webp')
    assert.match(shown.headers.get('content-disposition')!, /^inline; filename=a\.tiff\.webp$/)
    assert.deepEqual(Buffer.from(await shown.arrayBuffer()), expected)
    const download = await fetch(`${server.url}/api/boards/main/images/${id}/file?download`)
    assert.equal(download.headers.get('content-type'), type)

    const filesOf = (event: string, client: ClassicClient) =>
      client
        .bodies<{ id: string; file?: Buffer }>(event)
        .flatMap((body) => (body.id === id && body.file ? body.file : []))
    for (const [event, client] of [
      ['Image:update', first],
      ['Photo:update', second],
    ] as const) {
      await client.until(() => filesOf(event, client).some((file) => file.equals(expected)))
      // Browsers show inks somehow, so that such a picture goes out until its stand-in is made.
      const isShownSomehow = isShown(type as MediaType)
      for (const file of isShownSomehow ? [] : filesOf(event, client))
        assert.deepEqual(file, expected, `${event} of ${type}`)
    }
  }
})
