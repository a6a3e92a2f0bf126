import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { PassThrough, Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import type { ImageRecord, MediaType, StoredImage } from '@wirephoto/board'
import sharp from 'sharp'
import {
  CANARY,
  type CanaryImage,
  canaryImages,
  EXIF_ORIENTATION,
  exif,
} from '../../support/canary-images.ts'
import { gainMapImage } from '../../support/gain-map-images.ts'
import { errorOf, Harness } from '../../support/http-harness.ts'

let server: Harness
/** Those that the decoders take. */
let pictures: CanaryImage[]
let photo: CanaryImage

before(async () => {
  server = await Harness.open()
  pictures = (await canaryImages()).filter(({ clean }) => clean !== null)
  photo = pictures.find(({ name }) => name === 'JPEG')!
})
after(() => server.close())

const put = (bytes: Buffer): Promise<Response> =>
  fetch(`${server.url}/p`, { method: 'PUT', body: new Uint8Array(bytes) })

async function stored(bytes: Buffer): Promise<ImageRecord> {
  const response = await put(bytes)
  assert.equal(response.status, 201)
  return (await response.json()) as ImageRecord
}

async function original({ id }: { id: string }): Promise<Buffer> {
  const url = `${server.url}/api/boards/main/images/${id}/file?download`
  return Buffer.from(await (await fetch(url)).arrayBuffer())
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

test('M5, M6, F10: whatever is downloaded or shown of a picture tells nothing else', async () => {
  for (const { name, bytes } of pictures) {
    const record = await stored(bytes)
    await server.images.variants.whenIdle()
    const file = await original(record)
    assert.equal(file.length, bytes.length, name)
    assert.equal(record.blob, sha256(file), name)
    const { variants } = (await server.record(record.id))!
    const shown = await Promise.all(
      variants!.map(async (side) => {
        const address = `${server.url}/b/main/blob/${record.blob}/${side}`
        return Buffer.from(await (await fetch(address)).arrayBuffer())
      }),
    )
    for (const served of [file, ...shown]) assert.equal(served.indexOf(CANARY), -1, name)
  }
})

test('M3: of what is scrubbed as it comes nothing else is ever written, at any pace', async () => {
  for (const { name, type, bytes } of pictures) {
    const id = await server.announce()
    const incomingFile = await server.images.intake.begin({
      board: 'main',
      id,
      name,
      length: bytes.length,
    })
    const source = new PassThrough()
    const received = server.images.intake.receive(incomingFile, source, 0)
    const mayBeRead = ['jpeg', 'png', 'webp', 'gif'].includes(type)
    for (let at = 0; at + 1 < bytes.length; at += 97) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const unwatch = incomingFile.watch(resolve)
      source.write(bytes.subarray(at, Math.min(at + 97, bytes.length - 1)))
      await promise
      unwatch()
      const there = await readFile(incomingFile.path)
      if (mayBeRead) assert.equal(there.indexOf(CANARY.slice(0, 4)), -1, `${name} at ${at}`)
    }
    if (incomingFile.isTypeKnown)
      assert.equal(
        await incomingFile.readableType(),
        mayBeRead ? (`image/${type}` as MediaType) : null,
      )
    source.end(bytes.subarray(-1))
    const record = await received
    assert.equal((await original(record!)).indexOf(CANARY), -1, name)
  }
})

test('M8, F3: an upload goes on after a restart within whatever is scrubbed', async () => {
  const whole = await original(await stored(photo.bytes))
  const inside = photo.bytes.indexOf('Exif') + 60
  for (const cut of [inside, inside + 1, photo.bytes.indexOf(CANARY, inside) + 5]) {
    const { length } = photo.bytes
    const id = await server.announce()
    const begun = await server.images.intake.begin({ board: 'main', id, name: 'p.jpg', length })
    await server.images.intake.receive(begun, Readable.from([photo.bytes.subarray(0, cut)]), 0)
    await server.stop()
    await server.start()
    await server.images.intake.resume()
    const incomingFile = server.images.incomingFiles.get('main', id)!
    assert.equal(incomingFile.offset, cut)
    const rest = Readable.from([photo.bytes.subarray(cut)])
    const record = await server.images.intake.receive(incomingFile, rest, cut)
    assert.ok((await original(record!)).equals(whole), `cut at ${cut}`)
    assert.equal((await sharp(whole).metadata()).orientation, EXIF_ORIENTATION.rightTop)
  }
})

test('M12, M13: the download of an HDR photo has its gain map; whose is lost is told so', async () => {
  const { bytes, start, end } = await gainMapImage({ isPlanted: true, hasOthers: true })
  const file = await original(await stored(bytes))
  const pixels = (jpeg: Buffer) => sharp(jpeg, { failOn: 'error' }).raw().toBuffer()
  assert.deepEqual(
    await pixels(file.subarray(start, end)),
    await pixels(bytes.subarray(start, end)),
  )
  assert.equal(file.indexOf(CANARY), -1)
  const older = await gainMapImage({ by: ['old-apple'] })
  const { notices } = (await stored(older.bytes)) as StoredImage
  assert.deepEqual(
    notices.map(({ code }) => code),
    ['gain-map-lost'],
  )
})

test('M10: what cannot be told apart is refused, not kept as it is', async () => {
  const { bytes } = pictures.find(({ name }) => name === 'AVIF')!
  const torn = Buffer.from(bytes)
  // An index that says that it goes on behind the end of the file.
  torn.writeUInt32BE(0x7fffffff, torn.indexOf('meta') - 4)
  const response = await put(torn)
  assert.deepEqual([response.status, (await errorOf(response)).code], [422, 'damaged'])
})

test('M4: a board that keeps metadata stores files as they were sent, from then on', async () => {
  const keep = (keepMetadata: boolean) =>
    server.act([{ kind: 'board.patch', set: { keepMetadata } }], { visitor: 'a', role: 'own' })
  const parameters = pictures.find(({ name }) => name === 'PNG')!
  const { length } = parameters.bytes
  const id = await server.announce()
  const begun = await server.images.intake.begin({ board: 'main', id, name: 'p.png', length })
  await keep(true)
  for (const { name, bytes } of pictures) {
    const record = await stored(bytes)
    assert.equal(record.blob, sha256(bytes), name)
    assert.ok((await original(record)).equals(bytes), name)
  }
  const kept = await server.announce()
  const first = parameters.bytes.subarray(0, 500)
  const incomingFile = await server.images.intake.begin({
    board: 'main',
    id: kept,
    name: 'p.png',
    length,
  })
  await server.images.intake.receive(incomingFile, Readable.from([first]), 0)
  await keep(false)
  await server.stop()
  await server.start()
  await server.images.intake.resume()
  for (const [id, is] of [
    [kept, true],
    [begun.target!.id, false],
  ] as const) {
    const going = server.images.incomingFiles.get('main', id)!
    const rest = Readable.from([parameters.bytes.subarray(going.offset)])
    const record = await server.images.intake.receive(going, rest, going.offset)
    assert.equal((await original(record!)).includes(CANARY), is, 'as it was when it began')
  }
  assert.equal((await original(await stored(photo.bytes))).includes(CANARY), false)
})

test('M1: a picture of which only its turning is told looks as it did', async () => {
  const upright = await sharp({
    create: { width: 60, height: 40, channels: 3, background: 'red' },
  })
    .jpeg()
    .toBuffer()
  const body = Buffer.concat([Buffer.from('Exif\0\0'), exif('MM\0*')])
  const head = Buffer.from([0xff, 0xe1, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  const bytes = Buffer.concat([upright.subarray(0, 2), head, body, upright.subarray(2)])
  const { width, height } = await stored(bytes)
  assert.deepEqual([width, height], [40, 60])
})
