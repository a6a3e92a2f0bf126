import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ImageRecord } from '@wirephoto/board'
import sharp from 'sharp'
import { cameraPhoto } from '../../../../../test/support/camera-files.ts'
import { WireClient } from '../../../../../test/support/wire-client.ts'
import { Harness } from '../../../support/http-harness.ts'
import { SERVER } from '../../boards/boards.ts'

/** A test that waits for so long has failed. */
const TIMEOUT_MS = 60_000
const TOKEN = 'a'.repeat(22)
const ANNA = createHash('sha256').update(TOKEN).digest('base64url').slice(0, 22)
const small = await sharp(randomBytes(90 * 60 * 3), { raw: { width: 90, height: 60, channels: 3 } })
  .withMetadata({ orientation: 6 })
  .jpeg({ quality: 90 })
  .toBuffer()
/** A file of 1.2 MB whose picture is 60 by 90, upright: the rest lies behind its end. */
const photo = Buffer.concat([small, Buffer.alloc(1_200_000)])
const HEADER_BYTES = 1_000
const REPORT_INTERVAL_MS = 1_000
/** Room for two records, and for none with the longest caption. */
const BOARD_BYTES = 2_000

let server: Harness

before(async () => {
  server = await Harness.open({ bounds: { 'board-bytes': BOARD_BYTES } })
})
after(() => server.close())

/** A new board, and a viewer of it. */
async function open(t: TestContext) {
  const board = await server.boards.create()
  const viewer = await WireClient.connect(server.url, board)
  t.after(() => viewer.close())
  /** Returns each state in which the viewer has seen the picture; null when it is gone. */
  const seen = (): (ImageRecord | null)[] =>
    viewer.batches
      .flatMap(({ changes }) => changes)
      .filter((change) => !('put' in change) || change.put.kind === 'image')
      .map((change) => ('put' in change ? (change.put as ImageRecord) : null))
  const seenOnce = (fits: (record: ImageRecord | null) => boolean) =>
    viewer.waitForBatch(() => seen().some(fits))
  const send = (method: string, path: string, headers: Record<string, string | number>) => {
    const sending = request({ host: '127.0.0.1', port: server.port, method, path, headers })
    sending.on('error', () => {})
    t.after(() => sending.destroy())
    return sending
  }
  /** Begins a PUT of a declared length. */
  const put = (length: number, query = '') =>
    send('PUT', `/b/${board}/harbour.jpg${query}`, { 'content-length': length })
  return { board, viewer, seen, seenOnce, send, put }
}

async function answerTo(sending: ClientRequest): Promise<[status: number, body: never]> {
  const [response] = (await once(sending, 'response')) as [IncomingMessage]
  return [response.statusCode!, JSON.parse(await text(response)) as never]
}

const codeOf = async (sending: ClientRequest): Promise<string> => {
  const [, { error }] = (await answerTo(sending)) as [number, { error: { code: string } }]
  return error.code
}

const isBox = (record: ImageRecord | null): boolean => record?.blob === null

test('U45: others see what a script sends from its header on, upright, and it is one record', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { seen, seenOnce, put } = await open(t)
  const sending = put(photo.length)
  sending.write(photo.subarray(0, HEADER_BYTES))
  await seenOnce(isBox)
  const [box] = seen() as [ImageRecord]
  assert.deepEqual([box.width, box.height, box.name], [60, 90, 'harbour.jpg'])
  sending.end(photo.subarray(HEADER_BYTES))
  const [status, record] = (await answerTo(sending)) as [number, ImageRecord]
  assert.deepEqual([status, record.id], [201, box.id])
  await seenOnce((each) => each?.blob === record.blob)
  assert.deepEqual(new Set(seen().map((each) => each?.id)), new Set([box.id]))
})

test('U45: what comes without a length, or is small, is seen soon too, though no more bytes come', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { board, seenOnce, send, put } = await open(t)
  for (const sending of [send('PUT', `/b/${board}/harbour.jpg`, {}), put(small.length)]) {
    sending.write(small.subarray(0, HEADER_BYTES))
    await seenOnce(isBox)
    sending.destroy()
    await seenOnce((record) => record === null)
  }
})

test('U45: what is complete at once is not announced before it is stored', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { seen, seenOnce, put } = await open(t)
  const sending = put(small.length)
  sending.end(small)
  assert.equal((await answerTo(sending))[0], 201)
  await seenOnce((record) => record?.blob !== null)
  assert.ok(!seen().some(isBox))
})

test('U45: two that send the same bytes at once are two pictures of one file', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { seen, seenOnce, put } = await open(t)
  const both = [put(photo.length), put(photo.length)]
  for (const sending of both) sending.write(photo.subarray(0, HEADER_BYTES))
  const ids = () => new Set(seen().map((record) => record?.id))
  await seenOnce(() => ids().size === 2)
  const answers = both.map((sending) => answerTo(sending.end(photo.subarray(HEADER_BYTES))))
  const [one, other] = (await Promise.all(answers)) as [number, ImageRecord][]
  assert.deepEqual([one![0], other![0]], [201, 201])
  assert.equal(one![1].blob, other![1].blob)
  assert.deepEqual(new Set([one![1].id, other![1].id]), ids())
})

test('U46: the pictures of a form are seen from their headers on, and fields behind them count', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { board, viewer, seen, seenOnce, send } = await open(t)
  const type = 'multipart/form-data; boundary=b'
  let sent = HEADER_BYTES
  const sending = send('POST', `/api/boards/${board}/images`, { 'content-type': type })
  const field = (name: string, value: string) =>
    sending.write(`--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
  const beginFile = (name: string) =>
    sending.write(`--b\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`)
  field('x', '100')
  field('y', '50')
  beginFile('a.jpg')
  sending.write(photo.subarray(0, HEADER_BYTES))
  await seenOnce(isBox)
  sending.write(photo.subarray(HEADER_BYTES))
  sending.write('\r\n')
  beginFile('b.jpg')
  sending.write(photo.subarray(0, HEADER_BYTES))
  await seenOnce((record) => record?.name === 'b.jpg')
  assert.ok(seen().every(isBox), 'none is stored before all are')
  // The first one is there, and no news of it would be that it is stalled.
  const [{ id }] = seen() as [ImageRecord]
  viewer.arrivals.delete(id)
  for (let at = HEADER_BYTES; !viewer.arrivals.has(id); at++) {
    sending.write(photo.subarray(at, at + 1))
    await setTimeout(REPORT_INTERVAL_MS / 10)
    sent = at + 1
  }
  assert.equal(viewer.arrivals.get(id)?.state, 'arriving')
  sending.write(photo.subarray(sent))
  sending.write('\r\n')
  field('caption', 'At noon')
  field('w', '300')
  sending.end('--b--\r\n')
  const [status, { images }] = (await answerTo(sending)) as [number, { images: ImageRecord[] }]
  assert.equal(status, 201)
  const places = images.map(({ name, x, y, w, caption }) => ({ name, x, y, w, caption }))
  const place = { y: 50, w: 300, caption: 'At noon' }
  const [gap] = [places[1]!.x - places[0]!.x - 300]
  assert.deepEqual(places, [
    { name: 'a.jpg', x: 100, ...place },
    { name: 'b.jpg', x: 400 + gap, ...place },
  ])
  assert.ok(gap > 0 && gap < 100)
  assert.equal(new Set(seen().map((record) => record?.id)).size, 2)
})

test('U47: what the kind or the header refuses is answered at once, and nobody else sees it', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { board, seen, put, send } = await open(t)
  const huge = await sharp({
    create: { width: 90, height: 60, channels: 3, background: '#369' },
  })
    .png()
    .toBuffer()
  huge.writeUInt32BE(20_000, 16)
  huge.writeUInt32BE(20_000, 20)
  const long = Buffer.from(huge)
  long.writeUInt32BE(70_000, 16)
  long.writeUInt32BE(10, 20)
  const pdf = Buffer.from('%PDF-1.7\n'.padEnd(5_000))
  for (const [bytes, code] of [
    [huge, 'too-many-pixels'],
    [long, 'too-many-pixels'],
    [pdf, 'document'],
  ] as const) {
    const sending = put(5_000_000)
    sending.write(bytes)
    assert.equal(await codeOf(sending), code)
  }
  assert.deepEqual(seen(), [])

  // The same for a file whose sender announces it.
  const id = await server.announce('huge.png', ANNA, board)
  const uploading = send('POST', `/api/boards/${board}/uploads`, {
    'tus-resumable': '1.0.0',
    authorization: `Bearer ${TOKEN}`,
    'upload-length': 5_000_000,
    'upload-metadata': `id ${Buffer.from(id).toString('base64')}`,
    'content-type': 'application/offset+octet-stream',
  })
  uploading.write(huge)
  assert.equal(await codeOf(uploading), 'too-many-pixels')
  assert.equal(await server.record(id, board), undefined)
})

test('U48: an announced picture goes for everybody when its file breaks off or is refused', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { board, seen, seenOnce, put } = await open(t)
  const png = await sharp(small).png().toBuffer()
  const rest = Buffer.alloc(photo.length - HEADER_BYTES)
  for (const end of ['cut', 'damaged']) {
    const before = seen().length
    const sending = put(photo.length)
    sending.write(png.subarray(0, HEADER_BYTES))
    await seenOnce(() => seen().slice(before).some(isBox))
    if (end === 'cut') sending.destroy()
    else assert.equal(await codeOf(sending.end(rest)), 'damaged')
    await seenOnce(() => seen().slice(before).includes(null))
  }
  assert.deepEqual(await server.pictures(board), [])
})

test('U48: who sends a picture that was removed for good is told so at once', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { board, seen, seenOnce, put } = await open(t)
  const sending = put(photo.length)
  sending.write(photo.subarray(0, HEADER_BYTES))
  await seenOnce(isBox)
  const [{ id }] = seen() as [ImageRecord]
  await server.act([{ kind: 'image.remove', id }], SERVER, board)
  await server.act([{ kind: 'image.erase', id }], SERVER, board)
  sending.write(photo.subarray(HEADER_BYTES, 2 * HEADER_BYTES))
  assert.equal(await codeOf(sending), 'upload-gone')
})

test('U48: a board that is full says so before the rest has come', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { seen, put } = await open(t)
  const sending = put(photo.length, `?caption=${'x'.repeat(2_000)}`)
  sending.write(photo.subarray(0, HEADER_BYTES))
  assert.equal(await codeOf(sending), 'board-full')
  assert.deepEqual(seen(), [])
})

test('U49: others see the thumbnail of a file as a camera wrote it, upright, and of no other', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { viewer, seen, seenOnce, put } = await open(t)
  const [width, height] = [1_200, 900]
  const picture = await sharp({ create: { width, height, channels: 3, background: '#b8c8d0' } })
    .png()
    .toBuffer()
  const rest = Buffer.alloc(1_200_000)
  const ids: string[] = []
  for (const software of ['Adobe Photoshop 25.1', null]) {
    const before = seen().length
    const file = await cameraPhoto(picture, { orientation: 6, software })
    const sending = put(file.length + rest.length)
    sending.write(file)
    const findBox = () => seen().slice(before).find(isBox)
    await seenOnce(() => findBox() !== undefined)
    const { id, width, height } = findBox()!
    assert.deepEqual([width, height], [900, 1_200])
    ids.push(id)
    if (software === null) {
      const preview = await sharp(await viewer.waitForPreview(id)).metadata()
      assert.deepEqual([preview.format, preview.width, preview.height], ['webp', 120, 160])
    }
    sending.end(rest)
    assert.equal((await answerTo(sending))[0], 201)
  }
  assert.deepEqual([...viewer.previews.keys()], ids.slice(1))
})
