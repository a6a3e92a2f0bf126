import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { WebSocket } from 'ws'
import { ClassicClient, ClassicServer, draw } from '../../support/classic-client.ts'

/** Pictures on the board. Together they are larger than the socket buffers of this machine. */
const PICTURES_COUNT = 40
const SIDE_PX = 600
const ALL_PICTURES_BYTES = PICTURES_COUNT * SIDE_PX * SIDE_PX * 3
const VIEWER_TIMEOUT_MS = 2_000

/** Copies on a board of which each viewer's own list of ids would take 70 kB. */
const COPIES_COUNT = 1_000
const COPIES_PER_MESSAGE_COUNT = 100
const STALLED_COUNT = 60
const STALLED_VIEWER_BYTES = 60_000
const TOKEN = randomBytes(16).toString('base64url')

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
/** Collects what needs several turns too. */
const heapBytes = async (): Promise<number> => {
  for (let i = 0; i < 5; i++) {
    collectGarbage()
    await setImmediate()
  }
  return process.memoryUsage().heapUsed
}

let server: ClassicServer
before(async () => {
  server = await ClassicServer.open(
    { viewerTimeoutMs: VIEWER_TIMEOUT_MS },
    { maxUpload: 100_000_000 },
  )
  const noise = await drawNoise(SIDE_PX)
  const form = new FormData()
  for (let i = 0; i < PICTURES_COUNT; i++)
    form.append('file', new Blob([new Uint8Array(noise)]), `${i}.png`)
  const stored = await fetch(`${server.url}/api/boards/main/images`, { method: 'POST', body: form })
  assert.equal(stored.status, 201)
})
after(() => server.close())

/** Draws a square picture of incompressible noise, with three bytes a pixel. */
const drawNoise = (side: number): Promise<Buffer> =>
  sharp(randomBytes(side * side * 3), { raw: { width: side, height: side, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer()

/** Opens a socket below the client library, so that it can misbehave. */
async function connectRaw(): Promise<{ socket: WebSocket; sid: string }> {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}${PATH}&transport=websocket`)
  socket.on('error', () => {})
  const [open] = (await once(socket, 'message')) as [Buffer]
  socket.send('40')
  await once(socket, 'message')
  return { socket, sid: sidOf(String(open)) }
}

const PATH = '/socket.io/?EIO=4'
const sidOf = (open: string): string => JSON.parse(open.slice(1)).sid

/** Counts the bytes that still arrive; resolves when the socket is closed. */
async function countRemainingBytes(socket: WebSocket): Promise<number> {
  let bytes = 0
  socket.on('message', (data: Buffer) => (bytes += data.length))
  socket.resume()
  if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close')
  return bytes
}

test('F6 K6 K31 a stalled viewer is cut off and its pending pictures are dropped; the others get everything', async (t) => {
  const { socket: stalled, sid } = await connectRaw()
  stalled.pause()
  stalled.send('42["User:connect"]')
  const client = await ClassicClient.connect(server.url, 'websocket')
  t.after(() => client.disconnect())
  client.emit('User:connect')
  await client.until(() => client.bodies('Photo:update').length === 2 * PICTURES_COUNT)
  await server.whenSessionEnds(sid)
  assert.ok((await countRemainingBytes(stalled)) < ALL_PICTURES_BYTES / 2)
  assert.equal(client.socket.connected, true)
})

test("F6 K31 a viewer that polls and doesn't read its answer is cut off", async (t) => {
  const { id } = await server.addPicture(await drawNoise(2_000))
  t.after(() => fetch(`${server.url}/api/boards/main/images/${id}`, { method: 'DELETE' }))
  const path = `${server.url}${PATH}&transport=polling`
  const sid = sidOf(await (await fetch(path)).text())
  const session = `${path}&sid=${sid}`
  await (await fetch(session, { method: 'POST', body: '40' })).text()
  // Small events may come before the picture.
  let answer: IncomingMessage
  for (;;) {
    ;[answer] = (await once(get(session), 'response')) as [IncomingMessage]
    if (Number(answer.headers['content-length']) > 1e6) break
    await text(answer)
  }
  answer.pause()
  answer.on('error', () => {})
  const closed = new Promise((resolve) => answer.once('close', resolve))
  await server.whenSessionEnds(sid)
  answer.resume()
  await closed
  assert.equal(answer.complete, false)
})

test("F6 K6 a viewer that makes the libraries answer and doesn't read is cut off", async () => {
  const { socket } = await connectRaw()
  socket.pause()
  for (let i = 0; i < 100 && socket.readyState === WebSocket.OPEN; i++) {
    for (let n = 0; n < 1_000; n++) socket.send(`40/${'x'.repeat(200)},`)
    await new Promise((resolve) => socket.send('3', resolve))
  }
  assert.ok((await countRemainingBytes(socket)) < 20_000_000)
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
})

test('F6 K6 a connection has one viewer: connecting on it again, or disconnecting, ends it', async () => {
  for (const again of ['40', '41']) {
    const { socket, sid } = await connectRaw()
    socket.send(again)
    await server.whenSessionEnds(sid)
    socket.terminate()
  }
})

test('K26 a message that is too large ends its socket, and no other', async (t) => {
  const [client, other] = [
    await ClassicClient.connect(server.url, 'websocket'),
    await ClassicClient.connect(server.url, 'websocket'),
  ]
  t.after(() => other.disconnect())
  const gone = once(client.socket as never, 'disconnect')
  client.emit('onimgdata', { width: 1, height: 1, source: Buffer.alloc(5_000_000) })
  await gone
  other.emit('Message:mirror', 'still here')
  await other.until(() => other.bodies('Message:update').length === 1)
})

test('K27 a flood of messages is refused, and others get their answers', async (t) => {
  const [client, other] = [
    await ClassicClient.connect(server.url, 'websocket'),
    await ClassicClient.connect(server.url, 'websocket'),
  ]
  t.after(() => [client, other].forEach((each) => each.disconnect()))
  for (let i = 0; i < 1_000; i++) client.emit('Photo:delete', 'nobody')
  other.emit('Message:mirror', 1)
  await other.until(() => other.bodies('Message:update').length === 1)
  await client.until(() => client.bodies('Message:update').length === 1_000)
  const messages = new Set(
    client.bodies<{ message: string }>('Message:update').map((each) => each.message),
  )
  assert.ok(messages.has('That was too much at once. Wait a moment.'))
})

test('Y24: commands of the tutorials’ sockets share the rate of their address', async (t) => {
  const bounds = { 'commands-per-address': 4 }
  const ownServer = await ClassicServer.open({}, { bounds })
  t.after(() => ownServer.close())
  const clients = [
    await ClassicClient.connect(ownServer.url, 'websocket'),
    await ClassicClient.connect(ownServer.url, 'websocket'),
  ]
  t.after(() => clients.forEach((client) => client.disconnect()))
  const messagesOf = (client: ClassicClient) => client.bodies<{ message: string }>('Message:update')
  for (const client of clients) for (let i = 0; i < 20; i++) client.emit('Photo:delete', 'nobody')
  for (const client of clients) await client.until(() => messagesOf(client).length === 20)
  const refused = clients
    .flatMap(messagesOf)
    .filter(({ message }) => message.startsWith('That was too much'))
  assert.ok(refused.length > 0, `${refused.length} were refused`)
})

test("K11 scripts of the tutorials' own time are understood: Socket.IO 2 on Engine.IO 3", async () => {
  const ownServer = await ClassicServer.open()
  try {
    const picture = await draw(3)
    const { id } = await ownServer.addPicture(picture, 'old.png')
    const url = `${ownServer.url.replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket`
    const socket = new WebSocket(url)
    const received: (string | Buffer)[] = []
    socket.on('message', (data: Buffer, isBinary) => received.push(isBinary ? data : String(data)))
    while (received.length < 4) await once(socket, 'message')
    const [open, connected, event, file] = received
    assert.match(String(open), /^0\{/)
    assert.equal(connected, '40')
    assert.deepEqual(JSON.parse(String(event).replace('451-', '')), [
      'Image:update',
      { id, fileName: 'old.png', type: 'image/png', file: { _placeholder: true, num: 0 } },
    ])
    assert.deepEqual(file, Buffer.concat([Buffer.of(4), picture]))
    socket.terminate()
  } finally {
    await ownServer.close()
  }
})

test('F6, J21: viewers who ask for a large board and read nothing cost little beside each other', async (t) => {
  const ownServer = await ClassicServer.open()
  t.after(() => ownServer.close())
  const { id: sourceId } = await ownServer.addPicture(await drawNoise(150))
  const newId = () => uuidv7(Date.now(), randomBytes(10))
  const client = newId()
  for (let n = 1; n <= COPIES_COUNT; n += COPIES_PER_MESSAGE_COUNT) {
    const commands = Array.from({ length: COPIES_PER_MESSAGE_COUNT }, (_, i) => ({
      kind: 'image.copy',
      id: newId(),
      sourceId,
      x: n + i,
      y: 0,
    }))
    const response = await fetch(`${ownServer.url}/b/main/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ client, n, commands }),
    })
    assert.equal(response.status, 200)
  }
  const watcher = await ClassicClient.connect(ownServer.url, 'websocket')
  t.after(() => watcher.disconnect())
  // Pages that poll, and never come back for an answer: nothing waits in the system's buffers.
  const path = `${ownServer.url}${PATH}&transport=polling`
  const sessions = await Promise.all(
    Array.from({ length: STALLED_COUNT }, async () => {
      const session = `${path}&sid=${sidOf(await (await fetch(path)).text())}`
      await (await fetch(session, { method: 'POST', body: '40' })).text()
      return session
    }),
  )
  const before = await heapBytes()
  for (const session of sessions)
    await (await fetch(session, { method: 'POST', body: '42["User:connect"]' })).text()
  await watcher.until(() => watcher.bodies('User:update').length === STALLED_COUNT)
  const perViewer = ((await heapBytes()) - before) / STALLED_COUNT
  assert.ok(perViewer < STALLED_VIEWER_BYTES, `${perViewer} bytes a viewer`)
})
