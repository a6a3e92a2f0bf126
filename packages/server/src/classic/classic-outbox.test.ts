import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { WebSocket } from 'ws'
import { ClassicClient, ClassicServer, draw } from '../../support/classic-client.ts'

/** Pictures on the board, and bytes of each: more than the lines of this machine hold. */
const COUNT = 40
const SIDE = 600
const VIEWER_TIMEOUT_MS = 2_000

let server: ClassicServer
before(async () => {
  server = await ClassicServer.open(
    { viewerTimeoutMs: VIEWER_TIMEOUT_MS },
    { maxUpload: 100_000_000 },
  )
  const noise = await drawNoise(SIDE)
  const form = new FormData()
  for (let i = 0; i < COUNT; i++) form.append('file', new Blob([new Uint8Array(noise)]), `${i}.png`)
  const stored = await fetch(`${server.url}/api/boards/main/images`, { method: 'POST', body: form })
  assert.equal(stored.status, 201)
})
after(() => server.close())

/** A picture of so many pixels each way, with three bytes a pixel. */
const drawNoise = (side: number): Promise<Buffer> =>
  sharp(randomBytes(side * side * 3), { raw: { width: side, height: side, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer()

/** A socket that speaks the wire itself, so that it can misbehave. */
async function raw(): Promise<{ socket: WebSocket; sid: string }> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}${PATH}&transport=websocket`)
  socket.on('error', () => {})
  const [open] = (await once(socket, 'message')) as [Buffer]
  socket.send('40')
  await once(socket, 'message')
  return { socket, sid: sidOf(String(open)) }
}

const PATH = '/socket.io/?EIO=4'
const sidOf = (open: string): string => JSON.parse(open.slice(1)).sid

/** Bytes that come until it is closed. */
async function rest(socket: WebSocket): Promise<number> {
  let bytes = 0
  socket.on('message', (data: Buffer) => (bytes += data.length))
  socket.resume()
  if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close')
  return bytes
}

const ALL = COUNT * SIDE * SIDE * 3

test('F6 K6 K31 a stalled viewer is cut off, and what waited for it is gone; the others get everything', async (t) => {
  const { socket: stalled, sid } = await raw()
  stalled.pause()
  stalled.send('42["User:connect"]')
  const guest = await ClassicClient.come(server.url, 'websocket')
  t.after(() => guest.leave())
  guest.say('User:connect')
  await guest.until(() => guest.of('Photo:update').length === 2 * COUNT)
  await server.ended(sid)
  assert.ok((await rest(stalled)) < ALL / 2)
  assert.equal(guest.socket.connected, true)
})

test('F6 K31 so is one that polls and takes no answer', async (t) => {
  const { id } = await server.put(await drawNoise(2_000))
  t.after(() => fetch(`${server.url}/api/boards/main/images/${id}`, { method: 'DELETE' }))
  const path = `${server.url}${PATH}&transport=polling`
  const sid = sidOf(await (await fetch(path)).text())
  const session = `${path}&sid=${sid}`
  await (await fetch(session, { method: 'POST', body: '40' })).text()
  // Small things may come before the picture.
  let answer: IncomingMessage
  for (;;) {
    ;[answer] = (await once(get(session), 'response')) as [IncomingMessage]
    if (Number(answer.headers['content-length']) > 1e6) break
    await text(answer)
  }
  answer.pause()
  answer.on('error', () => {})
  const closed = new Promise((resolve) => answer.once('close', resolve))
  await server.ended(sid)
  answer.resume()
  await closed
  assert.equal(answer.complete, false)
})

test('F6 K6 whoever has the libraries answer and reads nothing is cut off', async () => {
  const { socket } = await raw()
  socket.pause()
  for (let i = 0; i < 100 && socket.readyState === WebSocket.OPEN; i++) {
    for (let n = 0; n < 1_000; n++) socket.send(`40/${'x'.repeat(200)},`)
    await new Promise((resolve) => socket.send('3', resolve))
  }
  assert.ok((await rest(socket)) < 20_000_000)
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
})

test('F6 K6 a line has one viewer: whoever connects on it again, or disconnects, ends it', async () => {
  for (const again of ['40', '41']) {
    const { socket, sid } = await raw()
    socket.send(again)
    await server.ended(sid)
    socket.terminate()
  }
})

test('K26 too large a message ends its socket, and no other', async (t) => {
  const [guest, other] = [
    await ClassicClient.come(server.url, 'websocket'),
    await ClassicClient.come(server.url, 'websocket'),
  ]
  t.after(() => other.leave())
  const gone = once(guest.socket as never, 'disconnect')
  guest.say('onimgdata', { width: 1, height: 1, source: Buffer.alloc(5_000_000) })
  await gone
  other.say('Message:mirror', 'still here')
  await other.until(() => other.of('Message:update').length === 1)
})

test('K27 messages in a flood are too many, and the board stays as quick for others', async (t) => {
  const [guest, other] = [
    await ClassicClient.come(server.url, 'websocket'),
    await ClassicClient.come(server.url, 'websocket'),
  ]
  t.after(() => [guest, other].forEach((each) => each.leave()))
  for (let i = 0; i < 1_000; i++) guest.say('Photo:delete', 'nobody')
  other.say('Message:mirror', 1)
  await other.until(() => other.of('Message:update').length === 1)
  await guest.until(() => guest.of('Message:update').length === 1_000)
  const said = new Set(guest.of<{ message: string }>('Message:update').map((each) => each.message))
  assert.ok(said.has('That was too much at once. Wait a moment.'))
})

test("K11 scripts of the tutorials' own time are understood: Socket.IO 2 on Engine.IO 3", async () => {
  const quiet = await ClassicServer.open()
  try {
    const picture = await draw(3)
    const { id } = await quiet.put(picture, 'old.png')
    const url = `${quiet.url.replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket`
    const socket = new WebSocket(url)
    const heard: (string | Buffer)[] = []
    socket.on('message', (data: Buffer, isBinary) => heard.push(isBinary ? data : String(data)))
    while (heard.length < 4) await once(socket, 'message')
    const [open, connected, event, file] = heard
    assert.match(String(open), /^0\{/)
    assert.equal(connected, '40')
    assert.deepEqual(JSON.parse(String(event).replace('451-', '')), [
      'Image:update',
      { id, fileName: 'old.png', type: 'image/png', file: { _placeholder: true, num: 0 } },
    ])
    assert.deepEqual(file, Buffer.concat([Buffer.of(4), picture]))
    socket.terminate()
  } finally {
    await quiet.close()
  }
})
