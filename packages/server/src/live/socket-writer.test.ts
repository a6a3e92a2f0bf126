import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { type AddressInfo, Socket as NetSocket } from 'node:net'
import { test } from 'node:test'
import { Server, type Socket } from 'socket.io'
import { io } from 'socket.io-client'
import { WebSocketServer } from 'ws'
import { burstOf } from './broadcast.ts'
import { encodeText } from './encoded-event.ts'
import { SocketWriter, transportOf } from './socket-writer.ts'

const PACKAGE = new URL('../../package.json', import.meta.url)

test('ws is pinned to one version, and Engine.IO uses the same one', async () => {
  const { dependencies } = JSON.parse(await readFile(PACKAGE, 'utf8'))
  assert.match(dependencies.ws, /^\d+\.\d+\.\d+$/)
  const ours = createRequire(PACKAGE)
  const engine = createRequire(createRequire(ours.resolve('socket.io')).resolve('engine.io'))
  for (const from of [ours, engine]) assert.equal(from('ws/package.json').version, dependencies.ws)
})

test('what we rely on of ws and Engine.IO is there: `_socket`, `writeBuffer`, `drain`', async () => {
  const http = createServer().listen(0, '127.0.0.1')
  await once(http, 'listening')
  const server = new Server(http, { transports: ['websocket'], wsEngine: WebSocketServer })
  const client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
    transports: ['websocket'],
  })
  try {
    const [socket] = (await once(server, 'connection')) as [Socket]
    assert.ok(transportOf(socket).socket._socket instanceof NetSocket)
    assert.ok(Array.isArray((socket.conn as unknown as { writeBuffer: unknown }).writeBuffer))
    let drains = 0
    const writer = new SocketWriter(socket, () => drains++)
    const heard: unknown[] = []
    client.on('changes', (text) => heard.push(text))
    // Written past Socket.IO, and by it: the order stays.
    writer.write(burstOf([encodeText('changes', 'one')]))
    writer.emit('changes', 'two')
    writer.write(burstOf([encodeText('changes', 'three')]))
    while (heard.length < 3) await once(client as never, 'changes')
    assert.deepEqual(heard, ['one', 'two', 'three'])
    // So do answers, and what comes with them.
    socket.on('ask', (_body, answer: (text: object) => void) => {
      writer.emit('changes', 'before')
      answer({ told: 'é'.repeat(100) })
      writer.write(burstOf([encodeText('changes', 'after')]))
    })
    const events: unknown[] = []
    client.on('changes', (text) => events.push(text))
    client.emit('ask', {}, (answer: object) => events.push(answer))
    while (events.length < 3) await once(client as never, 'changes')
    assert.deepEqual(events, ['before', { told: 'é'.repeat(100) }, 'after'])
    assert.equal(writer.backlogBytes, 0)
    assert.ok(drains > 0)
    // More than the kernel takes at once waits, and is told when it has left.
    let told = drains
    const large = 'x'.repeat(1_000_000)
    for (let i = 0; i < 20; i++) writer.write(burstOf([encodeText('changes', large)]))
    assert.ok(writer.backlogBytes > 0)
    while (heard.length < 23) await once(client as never, 'changes')
    for (let turns = 0; turns < 100 && (writer.backlogBytes > 0 || told === drains); turns++)
      await new Promise(setImmediate)
    assert.ok(drains > told)
    assert.equal(writer.backlogBytes, 0)
    // Nobody is told of bytes that it takes at once.
    told = drains
    writer.write(burstOf([encodeText('changes', 'small')]))
    await once(client as never, 'changes')
    assert.equal(drains, told)
    const before = drains
    writer.close()
    writer.emit('changes', 'four')
    await once(client as never, 'changes')
    assert.equal(drains, before)
  } finally {
    client.close()
    await server.close()
  }
})

test('B22: what is held back is neither sent nor read, and goes on in its order', async (t) => {
  const http = createServer().listen(0, '127.0.0.1')
  await once(http, 'listening')
  const server = new Server(http, { transports: ['websocket'], wsEngine: WebSocketServer })
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const client = io(url, { transports: ['websocket'] })
  t.after(() => client.close())
  const [socket] = (await once(server, 'connection')) as [Socket]
  let drains = 0
  const writer = new SocketWriter(socket, () => drains++)
  const heard: unknown[] = []
  client.on('changes', (text) => heard.push(text))
  socket.on('ask', (body, answer: (text: object) => void) => answer({ body }))
  writer.hold()
  assert.equal(writer.backlogBytes, Number.POSITIVE_INFINITY)
  const answered = new Promise((resolve) => client.emit('ask', 'something', resolve))
  writer.emit('changes', 'one')
  writer.write(burstOf([encodeText('changes', 'two')]))
  writer.hold()
  // A round trip of another connection gives both time to pass.
  const other = io(url, { transports: ['websocket'], forceNew: true })
  t.after(() => other.close())
  await once(other as never, 'connect')
  assert.deepEqual(heard, [])
  writer.release()
  assert.ok(drains > 0)
  assert.deepEqual(await answered, { body: 'something' })
  assert.deepEqual(heard, ['one', 'two'])
  assert.equal(writer.backlogBytes, 0)
  // More than may wait for one viewer ends its connection.
  writer.hold()
  writer.emit('changes', 'x'.repeat(800_000))
  await once(client as never, 'disconnect')
})
