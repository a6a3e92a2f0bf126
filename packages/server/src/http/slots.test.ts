import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ImageRecord, Role } from '@wirephoto/board'
import sharp from 'sharp'
import type { Socket } from 'socket.io-client'
import { CANARY, canaryImages } from '../../support/canary-images.ts'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { newCollector } from '../../support/new-collector.ts'
import { openSocket } from '../../support/open-socket.ts'
import { GARBAGE_COLLECTION_TIMES } from '../images/garbage-collector.ts'

/** Longer than anything here takes on a slow machine. */
const PATIENCE_MS = 60_000

let server: Harness
let frames: Buffer<ArrayBuffer>[]
before(async () => {
  server = await Harness.open({ bounds: { 'purge-grace': 1, 'frames-per-slot': 2 } })
  frames = await Promise.all([10, 90, 170, 250].map((red) => frame(red)))
})
after(() => server.close())

async function frame(red: number, format: 'jpeg' | 'png' | 'webp' = 'jpeg', width = 64) {
  const background = { r: red, g: 60, b: 120 }
  const drawn = sharp({ create: { width, height: 48, channels: 3, background } })
  return Buffer.from(await drawn.toFormat(format).toBuffer())
}

async function noisePng(): Promise<Buffer> {
  const raw = { width: 64, height: 48, channels: 3 } as const
  return await sharp(randomBytes(64 * 48 * 3), { raw })
    .png()
    .toBuffer()
}

interface Pushed {
  readonly id: string
  readonly frames: number
  readonly skipped: number
}

const blobOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const newSlot = () => `s${randomBytes(6).toString('hex')}`
const push = (
  slot: string,
  body: Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
  board = 'main',
) => fetch(`${server.url}/b/${board}/live/${slot}`, { method: 'PUT', body, headers })

async function pushed(response: Response): Promise<Pushed> {
  const text = await response.text()
  assert.equal(response.status, 202, text)
  return JSON.parse(text) as Pushed
}

/** Waits until a slot's tile is as it should be. */
async function tile(
  id: string,
  isSo: (record: ImageRecord) => boolean,
  what: string,
): Promise<ImageRecord> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await setTimeout(20)) {
    const record = await server.record(id)
    if (record && isSo(record)) return record
  }
  throw new Error(`not ${what}`)
}

const until = async (isSo: () => boolean, what: string): Promise<void> => {
  for (const end = Date.now() + PATIENCE_MS; !isSo(); await setTimeout(10))
    assert.ok(Date.now() < end, what)
}

/** Opens a viewer, which hears the frames of every slot of the board, or what is shown on it. */
async function watch(
  event: 'frame' | 'shown' = 'frame',
): Promise<{ socket: Socket; heard: { id: string; bytes: Buffer }[] }> {
  const socket = await openSocket(server.url, 'main')
  assert.ok(typeof socket !== 'string')
  const heard: { id: string; bytes: Buffer }[] = []
  socket.on(event, (id: string, bytes: Buffer) => heard.push({ id, bytes }))
  using held = await server.boards.hold('main')
  await socket.timeout(PATIENCE_MS).emitWithAck('follow', { cursor: held.board.cursor })
  return { socket, heard }
}

const MIXED = { 'content-type': 'multipart/x-mixed-replace; boundary=frame' }

/** Makes a body of several frames, as ffmpeg does. */
function streamOf(parts: readonly Buffer[]): Buffer<ArrayBuffer> {
  const pieces = parts.flatMap((part) => [
    Buffer.from(`--frame\r\nContent-type: image/jpeg\r\nContent-length: ${part.length}\r\n\r\n`),
    part,
    Buffer.from('\r\n'),
  ])
  return Buffer.concat(pieces)
}

interface ListedSlot {
  readonly name: string
  readonly id: string
  readonly lastFrameAt: number
  readonly isLate: boolean
  readonly intervalMs: number | null
  readonly frameUrl: string
}
interface ListedFrame {
  readonly blob: string
  readonly at: number
  readonly url: string
}

const slotUrl = (slot: string): string => `${server.url}/api/boards/main/slots/${slot}`
async function listed(slot: string): Promise<ListedSlot | undefined> {
  const response = await fetch(`${server.url}/api/boards/main/slots`)
  const { slots } = (await response.json()) as { slots: ListedSlot[] }
  return slots.find(({ name }) => name === slot)
}
const bytesAt = async (url: string): Promise<Buffer> =>
  Buffer.from(await (await fetch(url)).arrayBuffer())

test('L30, L31, L37: a PUT shows its picture on one tile, for everybody, and the last is stored', async () => {
  const slot = newSlot()
  const { socket, heard } = await watch()
  const first = await pushed(await push(slot, frames[0]!))
  assert.deepEqual([first.frames, first.skipped], [1, 0])
  const made = (await server.record(first.id))!
  assert.deepEqual([made.slot, made.name, made.width, made.height], [slot, slot, 64, 48])
  assert.ok(made.blob !== null && made.replacedAt === null, 'the first frame is stored')
  const again = [frames[1]!, frames[2]!, frames[3]!]
  for (const each of again) assert.equal((await pushed(await push(slot, each))).id, first.id)
  await until(() => heard.length === 3, 'every frame is seen')
  assert.deepEqual(
    heard.map(({ id, bytes }) => [id, blobOf(bytes)]),
    again.map((each) => [first.id, blobOf(each)]),
  )
  const last = await tile(first.id, ({ blob }) => blob === blobOf(frames[3]!), 'stored')
  const file = Buffer.from(
    await (await fetch(`${server.url}/api/boards/main/images/${first.id}/file`)).arrayBuffer(),
  )
  assert.ok(file.equals(frames[3]!))
  assert.equal(last.storedAt, made.storedAt, 'it is no newer picture')
  assert.ok(last.replacedAt !== null)
  assert.deepEqual([last.x, last.y, last.w, last.author], [made.x, made.y, made.w, made.author])
  const alike = (await server.pictures()).filter((each) => each.slot === slot)
  assert.equal(alike.length, 1)
  socket.close()
})

test('L30: the address of the API is the same slot', async () => {
  const slot = newSlot()
  const { id } = await pushed(await push(slot, frames[0]!))
  const other = await fetch(`${server.url}/api/boards/main/slots/${slot}`, {
    method: 'PUT',
    body: frames[1]!,
  })
  assert.equal((await pushed(other)).id, id)
  for (const name of ['.x', '-x', 'a b', 'x'.repeat(65), 'ü']) {
    const response = await push(encodeURIComponent(name), frames[0]!)
    assert.equal((await errorOf(response)).code, 'bad-request', name)
  }
})

test('L31: many first frames at once make one tile', async () => {
  const slot = newSlot()
  const all = await Promise.all(frames.map(async (each) => pushed(await push(slot, each))))
  assert.equal(new Set(all.map(({ id }) => id)).size, 1)
  assert.equal((await server.pictures()).filter((each) => each.slot === slot).length, 1)
})

test('L32: one request of multipart/x-mixed-replace is a stream', async () => {
  const slot = newSlot()
  const { socket, heard } = await watch()
  const sender = request(`${server.url}/b/main/live/${slot}`, { method: 'PUT', headers: MIXED })
  const answered = once(sender, 'response')
  sender.write(streamOf([frames[0]!]))
  sender.write(streamOf([frames[1]!]))
  await until(() => heard.some(({ bytes }) => bytes.equals(frames[1]!)), 'seen before the end')
  sender.end(streamOf([frames[2]!]))
  const [response] = (await answered) as [IncomingMessage]
  assert.equal(response.statusCode, 202)
  const body = JSON.parse(String(Buffer.concat(await response.toArray()))) as Pushed
  assert.deepEqual([body.frames, body.skipped], [3, 0])
  await until(() => heard.some(({ bytes }) => bytes.equals(frames[2]!)), 'the last is seen')
  const empty = await push(slot, Buffer.from('--frame--'), MIXED)
  assert.equal((await errorOf(empty)).code, 'empty-file')
  socket.close()
})

test('L33: a frame that is too large, or of another kind, is refused and shown to nobody', async () => {
  const slot = newSlot()
  await pushed(await push(slot, frames[0]!))
  const { socket, heard } = await watch()
  const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')
  const wide = Buffer.from(
    await sharp({ create: { width: 2_001, height: 2_000, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  )
  const heavy = Buffer.concat([frames[0]!, Buffer.alloc(1_048_576)])
  const tries = [
    [gif, 415, 'other-format'],
    [Buffer.from('no picture'), 415, 'not-a-picture'],
    [Buffer.alloc(0), 400, 'empty-file'],
    [frames[0]!.subarray(0, 100), 422, 'damaged'],
    [wide, 413, 'too-many-pixels'],
    [heavy, 413, 'too-large'],
  ] as const
  for (const [body, status, code] of tries) {
    const response = await push(slot, body)
    assert.equal(response.status, status, code)
    assert.equal((await errorOf(response)).code, code)
  }
  for (const format of ['png', 'webp'] as const)
    await pushed(await push(slot, await frame(30, format)))
  await until(() => heard.length === 2, 'the others are seen')
  socket.close()
})

test('L34: of a stream the frames beyond so many a second are passed over, and it goes on', async () => {
  const stream = streamOf(Array.from({ length: 2_000 }, () => frames[2]!))
  const { frames: shown, skipped } = await pushed(await push(newSlot(), stream, MIXED))
  assert.equal(shown + skipped, 2_000)
  assert.ok(shown >= 30 && skipped > 0)
})

test('L35, F10: nothing but the picture is in a frame that others see', async () => {
  const { socket, heard } = await watch()
  const images = (await canaryImages()).filter(({ type }) => type === 'png' || type === 'webp')
  const comment = Buffer.from(`\xff\xfe\0\x1d${CANARY}`, 'latin1')
  const jpeg = await sharp(frames[0])
    .withExif({ IFD0: { Artist: CANARY } })
    .jpeg()
    .toBuffer()
  const all = [
    ...images.map(({ bytes }) => bytes),
    Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]),
  ]
  assert.ok(images.length >= 3)
  for (const bytes of all) {
    const slot = newSlot()
    assert.ok(bytes.includes(CANARY))
    await pushed(await push(slot, frames[0]!))
    await pushed(await push(slot, Buffer.from(bytes)))
  }
  await until(() => heard.length === all.length, 'they are seen')
  for (const { bytes } of heard) assert.ok(!bytes.includes(CANARY))
  socket.close()
})

const show = (body: Uint8Array<ArrayBuffer>, { url } = server) =>
  fetch(`${url}/b/main/show`, { method: 'POST', body })

test('L47, L83: a picture that is shown goes to everybody who looks until it is ended, and is kept nowhere', async () => {
  const ids = async () => (await server.pictures()).map(({ id }) => id)
  const before = await ids()
  const viewers = [await watch('shown'), await watch('shown')]
  const response = await show(frames[0]!)
  assert.deepEqual([response.status, await response.json()], [202, { viewers: 2 }])
  for (const { heard } of viewers) {
    await until(() => heard.length === 1, 'it is seen')
    assert.ok(heard[0]!.bytes.equals(frames[0]!))
  }
  assert.deepEqual(await ids(), before)
  const ended = await fetch(`${server.url}/b/main/show`, { method: 'DELETE' })
  assert.equal(ended.status, 204)
  for (const { heard } of viewers) {
    await until(() => heard.length === 2, 'it ends')
    assert.equal(heard[1]!.bytes.length, 0)
  }
  for (const { socket } of viewers) socket.close()
})

test('L48: what is shown is a frame: of its kinds, scrubbed, and so many a second', async (t) => {
  const { socket, heard } = await watch('shown')
  const comment = Buffer.from(`\xff\xfe\0\x1d${CANARY}`, 'latin1')
  const told = Buffer.concat([frames[0]!.subarray(0, 2), comment, frames[0]!.subarray(2)])
  assert.ok(told.includes(CANARY))
  assert.equal((await show(told)).status, 202)
  await until(() => heard.length === 1, 'it is seen')
  assert.ok(!heard[0]!.bytes.includes(CANARY))
  const tries = [
    [Buffer.from('no picture'), 'not-a-picture'],
    [Buffer.alloc(0), 'empty-file'],
    [Buffer.concat([frames[0]!, Buffer.alloc(1_048_576)]), 'too-large'],
  ] as const
  for (const [body, code] of tries) assert.equal((await errorOf(await show(body))).code, code)
  socket.close()
  // Where nobody has shown anything yet: all of an address count.
  const fresh = await Harness.open()
  t.after(() => fresh.close())
  const many = await Promise.all(Array.from({ length: 60 }, async () => show(frames[1]!, fresh)))
  const refused = many.filter(({ status }) => status === 429)
  assert.ok(refused.length > 0 && refused.length <= 30, String(refused.length))
  assert.equal(refused[0]!.headers.get('retry-after'), '1')
})

test('L38, L78, J16: the stored frames before it are kept, so many and as long as their tile, and no file of others', async () => {
  const slot = newSlot()
  const own = await Promise.all([31, 91, 171, 211].map((red) => frame(red)))
  const { id } = await pushed(await push(slot, own[0]!))
  const times = [(await server.record(id))!.storedAt!]
  for (const each of own.slice(1)) {
    await pushed(await push(slot, each))
    times.push((await tile(id, ({ blob }) => blob === blobOf(each), 'stored')).replacedAt!)
  }
  const list = (kind: 'frame' | 'replaced') =>
    server.engine.history.list('main', { kind, subject: id, limit: 99 })
  assert.equal((await list('frame')).length, 2)
  assert.equal((await list('replaced')).length, 0)
  const { entries } = await server.audit.page((await held()).board, { limit: 200 })
  assert.ok(!entries.some(({ act }) => act === 'replace'), 'frames fill no audit')

  const { engine, boards, images } = server
  const noLeases = { ...GARBAGE_COLLECTION_TIMES, blobLeaseMs: -1_000 }
  const sweep = () => newCollector({ engine, boards, images }).collect(noLeases)
  await sweep()
  const there = await Promise.all(own.map((each) => engine.blobs.stat(blobOf(each))))
  assert.deepEqual(
    there.map((stat) => stat !== null),
    [false, true, true, true],
  )
  const told = (await (await fetch(`${slotUrl(slot)}/frames`)).json()) as { frames: ListedFrame[] }
  assert.deepEqual(
    told.frames.map(({ blob, at }) => [blob, at]),
    own.slice(1).map((each, i) => [blobOf(each), times[i + 1]]),
  )
  for (const [i, { url }] of told.frames.entries())
    assert.ok((await bytesAt(url)).equals(own[i + 1]!), `frame ${i}`)
  const pruned = await fetch(`${slotUrl(slot)}/frames/${blobOf(own[0]!)}`)
  assert.equal((await errorOf(pruned)).code, 'not-found')

  await server.act([{ kind: 'image.remove', id }])
  await server.act([{ kind: 'image.purge', id }])
  for (const end = Date.now() + PATIENCE_MS; (await list('frame')).length > 0; await setTimeout(50))
    assert.ok(Date.now() < end, 'they go with it')
  await sweep()
  for (const each of own) assert.equal(await engine.blobs.stat(blobOf(each)), null)
})

async function held() {
  using board = await server.boards.hold('main')
  return { board: board.board }
}

test('L39: a frame that cannot be decoded closes the slot to its sender, and to nobody else', async () => {
  const slot = newSlot()
  const by = (token: string) => ({ authorization: `Bearer ${token.repeat(22)}` })
  const { id } = await pushed(await push(slot, frames[0]!, by('a')))
  const cut = Buffer.from(await noisePng())
  cut.fill(7, cut.length >> 1)
  let refused: Response
  for (const end = Date.now() + PATIENCE_MS; ; await setTimeout(50)) {
    refused = await push(slot, cut, by('a'))
    if (refused.status !== 202) break
    assert.ok(Date.now() < end, 'the slot closes')
  }
  assert.equal(refused.status, 429)
  const wait = Number(refused.headers.get('retry-after'))
  assert.ok(wait > 0 && wait <= 10)
  assert.match(
    (await errorOf(refused)).message,
    new RegExp(`last frame of ${slot} couldn't be opened`),
  )
  await pushed(await push(slot, frames[2]!, by('b')))
  await tile(id, ({ blob }) => blob === blobOf(frames[2]!), 'stored')
})

test('L40: who may change the tile may push, and no guest past a moderator', async () => {
  const board = await server.boards.create()
  await server.access.rules.change(board)
  const links = await server.access.links.makeAll(board)
  const by = (role: Role) => ({
    authorization: `Bearer ${links.find((each) => each.role === role)!.secret}`,
  })
  const slot = newSlot()
  const code = async (role: Role, name = slot) => {
    const response = await push(name, frames[0]!, by(role), board)
    return response.status === 202 ? 202 : (await errorOf(response)).code
  }
  assert.equal(await code('edit'), 202)
  assert.deepEqual(
    [await code('view'), await code('add'), await code('own')],
    ['not-allowed', 'not-allowed', 202],
  )
  assert.deepEqual([await code('add', 'guest'), await code('add', 'guest')], [202, 202])
  const set = (adding: 'held' | 'paused') =>
    server.act([{ kind: 'board.patch', set: { adding } }], undefined, board)
  await set('held')
  assert.deepEqual(
    [await code('add', 'guest'), await code('add', 'other')],
    ['not-allowed', 'not-allowed'],
  )
  await set('paused')
  assert.deepEqual([await code('add', 'guest'), await code('edit')], ['adding-paused', 202])
})

test('L40, F11: a stream ends when its right does', async () => {
  const board = await server.boards.create()
  await server.access.rules.change(board)
  const { id: link, secret } = await server.access.links.make(board, { role: 'edit' })
  const headers = { ...MIXED, authorization: `Bearer ${secret}` }
  const sender = request(`${server.url}/b/${board}/live/cam`, { method: 'PUT', headers })
  const broken = once(sender, 'error')
  sender.write(streamOf([frames[0]!, frames[1]!]))
  for (
    const end = Date.now() + PATIENCE_MS;
    (await server.pictures(board)).length === 0;
    await setTimeout(20)
  )
    assert.ok(Date.now() < end, 'it began')
  await server.access.links.revoke(board, link)
  await broken
})

test('L41, R18: a tile that was deleted stays deleted, and its sender is told', async () => {
  const slot = newSlot()
  const { id } = await pushed(await push(slot, frames[0]!))
  await server.act([{ kind: 'image.remove', id }])
  const refused = await push(slot, frames[1]!)
  assert.equal(refused.status, 409)
  assert.equal((await errorOf(refused)).code, 'slot-in-trash')
  await server.act([{ kind: 'image.restore', id }])
  assert.equal((await pushed(await push(slot, frames[1]!))).id, id)
})

test('L76, L77: the slots of a board are listed, and each has its newest frame', async () => {
  const slot = newSlot()
  assert.equal((await errorOf(await fetch(slotUrl(slot)))).code, 'not-found')
  const before = Date.now()
  const { id } = await pushed(await push(slot, frames[0]!))
  const first = (await listed(slot))!
  assert.deepEqual([first.id, first.isLate, first.intervalMs], [id, false, null])
  assert.ok(first.lastFrameAt >= before && first.lastFrameAt <= Date.now())
  assert.equal(first.frameUrl, slotUrl(slot))
  for (const each of [frames[1]!, frames[2]!]) await pushed(await push(slot, each))
  assert.notEqual((await server.record(id))!.blob, blobOf(frames[2]!), 'it waits to be stored')
  const answer = await fetch(slotUrl(slot))
  assert.equal(answer.headers.get('content-type'), 'image/jpeg')
  assert.match(answer.headers.get('content-security-policy')!, /sandbox/)
  assert.ok(Buffer.from(await answer.arrayBuffer()).equals(frames[2]!), 'the newest is shown')
  const etag = answer.headers.get('etag')!
  assert.equal(etag, `"${blobOf(frames[2]!)}"`)
  await tile(id, ({ blob }) => blob === blobOf(frames[2]!), 'stored')
  const again = await fetch(slotUrl(slot), { headers: { 'if-none-match': etag } })
  assert.equal(again.status, 304)
  const head = await fetch(slotUrl(slot), { method: 'HEAD' })
  assert.equal(head.headers.get('content-length'), String(frames[2]!.length))
  assert.ok((await listed(slot))!.intervalMs! > 0)
  await server.act([{ kind: 'image.remove', id }])
  assert.equal(await listed(slot), undefined)
  assert.equal((await errorOf(await fetch(slotUrl(slot)))).code, 'not-found')
})

test('L79: a slot that is ended leaves a plain picture, and its next frame makes another tile', async () => {
  const slot = newSlot()
  const { id } = await pushed(await push(slot, frames[0]!))
  const stream = request(`${server.url}/b/main/live/${slot}`, { method: 'PUT', headers: MIXED })
  stream.on('error', () => {})
  const refused = once(stream, 'response')
  stream.write(streamOf([frames[1]!, frames[2]!]))
  await tile(id, ({ blob }) => blob === blobOf(frames[1]!) || blob === blobOf(frames[2]!), 'sent')
  await pushed(await push(slot, frames[3]!))
  assert.equal((await fetch(slotUrl(slot), { method: 'DELETE' })).status, 204)
  const plain = (await server.record(id))!
  assert.deepEqual([plain.slot, plain.deletedAt, plain.replacedAt], [null, null, null])
  assert.equal(plain.blob, blobOf(frames[3]!), 'its last frame is stored')
  assert.equal(await listed(slot), undefined)
  const rest = { kind: 'frame', subject: id, limit: 99 } as const
  assert.equal((await server.engine.history.list('main', rest)).length, 0)
  const again = await fetch(slotUrl(slot), { method: 'DELETE' })
  assert.equal((await errorOf(again)).code, 'not-found')
  stream.write(streamOf([frames[1]!]))
  const [answer] = (await refused) as [IncomingMessage]
  assert.equal(answer.statusCode, 404, 'the stream ends')
  assert.notEqual((await pushed(await push(slot, frames[1]!))).id, id)
  assert.equal((await server.record(id))!.blob, blobOf(frames[3]!))
})

test('L42: the last frame is stored when the server stops', async () => {
  const slot = newSlot()
  const { id } = await pushed(await push(slot, frames[0]!))
  await pushed(await push(slot, frames[1]!))
  await pushed(await push(slot, frames[2]!))
  await server.stop()
  await server.start()
  assert.equal((await server.record(id))!.blob, blobOf(frames[2]!))
  assert.equal((await pushed(await push(slot, frames[3]!))).id, id)
})

test('L43, F7: beyond their bounds slots and frames under way are refused', async () => {
  await server.restart({ bounds: { 'live-slots': 1, 'frame-bodies': 1 } })
  await pushed(await push('one', frames[0]!))
  assert.equal((await errorOf(await push('two', frames[0]!))).code, 'busy')
  const sender = request(`${server.url}/b/main/live/one`, { method: 'PUT', headers: MIXED })
  sender.on('error', () => {})
  sender.write(streamOf([frames[1]!]))
  let other = await push('one', frames[2]!)
  for (
    const end = Date.now() + PATIENCE_MS;
    other.status === 202;
    other = await push('one', frames[2]!)
  )
    assert.ok(Date.now() < end, 'the stream holds its place')
  assert.ok(['busy', 'too-many'].includes((await errorOf(other)).code))
  sender.destroy()
})

test('L34: a slot takes so many frames a second, and no other one suffers', async () => {
  await server.restart({ bounds: { 'frames-per-second': 1 } })
  const [slot, other] = [newSlot(), newSlot()]
  const answers = await Promise.all(Array.from({ length: 40 }, () => push(slot, frames[1]!)))
  const refused = answers.filter(({ status }) => status === 429)
  assert.ok(answers.every(({ status }) => status === 202 || status === 429))
  assert.ok(refused.length > 0)
  for (const each of refused) assert.equal(each.headers.get('retry-after'), '1')
  assert.match((await errorOf(refused[0]!)).message, /takes 1 frame a second/)
  await pushed(await push(other, frames[0]!))
})
