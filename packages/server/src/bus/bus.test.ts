import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { uuidv7 } from '@wirephoto/board'
import { type Engine, openEngine, type Secrets } from '@wirephoto/engine'
import { fastify } from 'fastify'
import { WebSocket, WebSocketServer } from 'ws'
import { FakeClock } from '../../support/fake-clock.ts'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import { healthRoutes } from '../http/health.ts'
import { Readiness } from '../readiness.ts'
import { EVERY_BOARD, noBus } from './bus.ts'
import { LinkBus, NODE_PATH } from './link-bus.ts'
import {
  type BusMessage,
  decodeMessage,
  encodeMessage,
  joined,
  keyOf,
  MESSAGE_BYTES,
} from './message.ts'
import { NodeClient } from './node-client.ts'
import { ANSWER_HEADER, NodeProofs, PROOF_HEADER, SENDER_HEADER } from './node-proofs.ts'
import { NodeRequests, senderHeader } from './node-requests.ts'
import { Outflow } from './outflow.ts'
import { nodeKeyOf, ServerDirectory } from './server-directory.ts'

const LOW = '0000000000000001'
const HIGH = 'ffffffffffffffff'
const BOARD = 'somewhere'
const GET = { method: 'GET', path: NODE_PATH }
const log = { info() {}, warn() {}, error() {} }
const newId = () => uuidv7(Date.now(), Buffer.alloc(10))
const frameOf = (id: string, bytes: Buffer): BusMessage => ({ kind: 'frame', id, bytes })

test('E59: what is no message, and what is too large, is dropped', () => {
  const from = LOW
  const whole = { board: BOARD, from, message: frameOf(newId(), Buffer.from('picture')) }
  const bytes = encodeMessage(whole)!
  assert.deepEqual(decodeMessage(bytes), whole)
  for (let length = 0; length < bytes.length - 'picture'.length; length++)
    assert.equal(decodeMessage(bytes.subarray(0, length)), null)
  for (const body of ['[]', '{"a":1}', '{"a":{"cursor":1}}', 'null', '{']) {
    const message = { kind: 'presence', body: {} } as const
    const head = encodeMessage({ board: BOARD, from, message })!.subarray(0, -2)
    assert.equal(decodeMessage(Buffer.concat([head, Buffer.from(body)])), null, body)
  }
  const large = frameOf(newId(), Buffer.alloc(MESSAGE_BYTES))
  assert.equal(encodeMessage({ board: BOARD, from, message: large }), null)
  assert.equal(decodeMessage(Buffer.alloc(MESSAGE_BYTES + 1)), null)
})

test('E60: to a server that takes nothing, messages wait within bounds, the latest of each', async () => {
  const gone: Buffer[] = []
  const stalled = Promise.withResolvers<void>()
  const outflow = new Outflow((bytes) => {
    gone.push(bytes)
    return stalled.promise
  })
  const ids = Array.from({ length: 20 }, (_, i) => `0190a4f4-0000-7000-8000-0000000000${10 + i}`)
  for (let round = 0; round < 4; round++)
    for (const id of ids)
      outflow.add({ board: BOARD, from: LOW, message: frameOf(id, Buffer.alloc(400_000, round)) })
  const person = { name: '', cursor: null, selection: [], drag: null, visitor: 'v', colour: 0 }
  for (const name of ['s1', 's2'])
    outflow.add({
      board: BOARD,
      from: LOW,
      message: { kind: 'presence', body: { [name]: { ...person, name } } },
    })
  assert.ok(outflow.pendingBytes <= 7 * MESSAGE_BYTES, String(outflow.pendingBytes))
  const before = gone.length
  stalled.resolve()
  while (outflow.pendingBytes > 0) await new Promise(setImmediate)
  const later = gone.slice(before).map((bytes) => decodeMessage(bytes)!.message)
  for (const message of later) if (message.kind === 'frame') assert.equal(message.bytes[0], 3)
  // Changes of several people are one message by then.
  const [presence, ...others] = later.filter(({ kind }) => kind === 'presence')
  assert.deepEqual(others, [])
  assert.deepEqual(Object.keys((presence as { body: object }).body), ['s1', 's2'])
})

test('E125: amounts that wait for a server are summed, at most 500 of them in one message', () => {
  const anna = { board: BOARD, link: 'l', address: '192.0.2.1', visitor: 'anna' }
  const spent = (...body: Extract<BusMessage, { kind: 'spent' }>['body']): BusMessage => {
    return { kind: 'spent', body }
  }
  const one = { pictures: 1, bytes: 10 }
  const others = [{ link: null }, { board: 'other' }, { address: '192.0.2.2' }, { visitor: 'ben' }]
  const four = others.map((other) => ({ ...anna, ...other, ...one }))
  const twice = joined(spent({ ...anna, ...one }, ...four), spent({ ...anna, ...one }))
  assert.deepEqual(twice, spent(...four, { ...anna, pictures: 2, bytes: 20 }))
  const backAgain = spent({ ...anna, pictures: -2, bytes: -20 })
  assert.deepEqual(joined(twice, backAgain), spent(...four))
  // The oldest is dropped.
  const longest = { board: 'b'.repeat(128), link: 'l'.repeat(64), address: 'a'.repeat(64) }
  const many = Array.from({ length: 500 }, (_, i) => {
    return { ...longest, visitor: String(i).padEnd(64, 'v'), ...one }
  })
  const full = joined(spent(...many), spent({ ...anna, ...one }))
  assert.deepEqual(full, spent(...many.slice(1), { ...anna, ...one }))
  const whole = { board: EVERY_BOARD, from: LOW, message: full }
  assert.deepEqual(decodeMessage(encodeMessage(whole)!), whole)
  const tooMany = encodeMessage({ ...whole, message: spent(...many, { ...anna, ...one }) })!
  assert.equal(decodeMessage(tooMany), null)
  const half = encodeMessage({ ...whole, message: spent({ ...anna, pictures: 0.5, bytes: 0 }) })!
  assert.equal(decodeMessage(half), null)
})

test('E126: each wrong try that waits for a server counts for itself', async () => {
  const stalled = Promise.withResolvers<void>()
  const gone: Buffer[] = []
  const outflow = new Outflow((bytes) => {
    gone.push(bytes)
    return stalled.promise
  })
  const message = { kind: 'wrong', body: { address: '192.0.2.1' } } as const
  assert.equal(keyOf(EVERY_BOARD, message), null)
  // The first ones leave no room.
  for (const id of ['1', '2'])
    outflow.add({ board: BOARD, from: LOW, message: frameOf(id, Buffer.alloc(1_048_576)) })
  for (let i = 0; i < 3; i++) outflow.add({ board: EVERY_BOARD, from: LOW, message })
  stalled.resolve()
  while (outflow.pendingBytes > 0) await new Promise(setImmediate)
  const kinds = gone.map((bytes) => decodeMessage(bytes)!.message.kind)
  assert.deepEqual(kinds, ['frame', 'frame', 'wrong', 'wrong', 'wrong'])
})

test('E61: servers find each other by the engine, and send what the other follows', async (t) => {
  const secrets = await newSecrets(t)
  // The one that comes later reads of the other at once.
  const high = await openServer(t, HIGH, secrets)
  const low = await openServer(t, LOW, secrets)
  const got = Promise.withResolvers<[BusMessage, string]>()
  high.bus.subscribe(BOARD, (message, from) => got.resolve([message, from]))
  const message = frameOf(newId(), Buffer.from('picture'))
  const repeat = setInterval(() => low.bus.publish(BOARD, message), 20)
  t.after(() => clearInterval(repeat))
  low.bus.subscribe(BOARD, () => assert.fail('back to its sender'))
  assert.deepEqual(await got.promise, [message, LOW])
  assert.equal(low.bus.state.problem, null)
})

test('E62: no visitor opens a link: it takes a proof of the shared key, once, by this server', async (t) => {
  const secrets = await newSecrets(t)
  const { http } = await openServer(t, LOW, secrets)
  const key = await nodeKeyOf(secrets)
  const { header: right } = new NodeProofs(HIGH, key).prove(LOW, GET)
  const statusOf = (header?: string) => open(portOf(http), header)
  const wrong = {
    none: undefined,
    'a made-up one': 'x'.repeat(100),
    'another key': new NodeProofs(HIGH, 'guess').prove(LOW, GET).header,
    'for another server': new NodeProofs(HIGH, key).prove(HIGH.replace('f', 'e'), GET).header,
    'for another request': new NodeProofs(HIGH, key).prove(LOW, { ...GET, path: '/' }).header,
    changed: right.replace(HIGH, HIGH.replace('f', 'e')),
  }
  for (const [name, header] of Object.entries(wrong))
    assert.equal(await statusOf(header), 404, name)
  assert.equal(await statusOf(right), 101)
  assert.equal(await statusOf(right), 404, 'a second time')
})

test('E63: nothing is sent to what has the address of another server, and proves nothing', async (t) => {
  const secrets = await newSecrets(t)
  const impostor = await listen(t)
  const received: unknown[] = []
  const closed = Promise.withResolvers<void>()
  new WebSocketServer({ server: impostor }).on('connection', (socket) => {
    socket.on('message', (data) => received.push(data))
    socket.once('close', () => closed.resolve())
  })
  const entry = await ServerDirectory.open({ secrets, server: HIGH, url: urlOf(impostor), log })
  t.after(() => entry[Symbol.asyncDispose]())
  const { bus } = await openServer(t, LOW, secrets)
  await closed.promise
  assert.deepEqual(received, [])
  assert.match(bus.state.problem!, /isn't reached from here/)
})

test('E63: nothing is taken from what answers at the address of another server, and proves nothing', async (t) => {
  const secrets = await newSecrets(t)
  const impostor = await listen(t)
  impostor.on('request', (_request, response) => response.end('picture'))
  const other = await ServerDirectory.open({ secrets, server: HIGH, url: urlOf(impostor), log })
  t.after(() => other[Symbol.asyncDispose]())
  const { client } = await openServer(t, LOW, secrets)
  const { signal } = new AbortController()
  const asked = client.ask(client.find(HIGH)!, { ...GET, signal })
  await assert.rejects(asked, /Another server is at/)
})

test('E89: a request of another server counts by its proof, once, for the client that it names', async (t) => {
  const secrets = await newSecrets(t)
  const { http, proofs } = await openServer(t, HIGH, secrets)
  const { client } = await openServer(t, LOW, secrets)
  const received: IncomingMessage[] = []
  http.on('request', (request: IncomingMessage, response) => {
    received.push(request)
    const { answer = '' } = requests.of(request) ?? {}
    response.setHeader(ANSWER_HEADER, answer).end()
  })
  const requests = new NodeRequests(proofs)
  const named = { address: '192.0.2.7', isSecure: true }
  const ask = { method: 'GET', path: '/some?where', sender: senderHeader(named) }
  const { signal } = new AbortController()
  const answer = await client.ask(client.find(HIGH)!, { ...ask, signal })
  answer.resume()
  const [request] = received
  const { from, sender } = requests.of(request!)!
  assert.deepEqual({ from, sender }, { from: LOW, sender: named })
  const { method, url, headers } = request!
  const look = (changes: object): unknown =>
    requests.of({ method, url, headers, ...changes } as IncomingMessage)
  assert.equal(look({}), null, 'a second time')
  const { header } = new NodeProofs(LOW, await nodeKeyOf(secrets)).prove(HIGH, ask)
  const proved = { ...headers, [PROOF_HEADER]: header }
  for (const [name, changed] of Object.entries({
    client: { headers: { ...proved, [SENDER_HEADER]: '192.0.2.8 https' } },
    'no client': { headers: { [PROOF_HEADER]: header } },
    method: { headers: proved, method: 'DELETE' },
    address: { headers: proved, url: '/other' },
  }))
    assert.equal(look(changed), null, name)
  assert.notEqual(look({ headers: proved }), null)
})

test('E108: an engine has places for 64 servers, and /readyz of a 65th says that it has none', async (t) => {
  const { engine, folder } = await newEngine(t)
  const { secrets } = engine
  const url = 'http://127.0.0.1:1'
  const faultsBeside = async (count: number) => {
    for (let n = 0; n < count; n++) {
      const hash = createHash('sha256').update(`\0server\0${n}`).digest('hex')
      const data = JSON.stringify({ type: 'server', id: `${HIGH}${n}`, url, beat: 1 })
      await secrets.put({ hash, board: DEFAULT_BOARD_ID, kind: 'session', data, expiresAt: null })
    }
    const server = count.toString(16).padStart(16, '0')
    await using directory = await ServerDirectory.open({ secrets, server, url, log })
    const readiness = new Readiness({
      engine,
      clock: new FakeClock().open(),
      data: folder,
      sweep: () => ({ kind: 'fine' }),
      bus: noBus,
      direct: { isFull: directory.isFull, unreached: () => Promise.resolve([]) },
    })
    await using app = fastify()
    await app.register(healthRoutes, { readiness, metrics: null })
    const answer = await app.inject('/readyz')
    assert.equal(answer.statusCode, 200)
    return answer.json<{ faults: { code: string }[] }>().faults.map(({ code }) => code)
  }
  assert.deepEqual(await faultsBeside(63), [])
  assert.deepEqual(await faultsBeside(64), ['no-place'])
})

test('a server that gives no sign of life is dead after ten looks', async (t) => {
  const secrets = await newSecrets(t)
  const http = await listen(t)
  const open = (server: string) =>
    ServerDirectory.open({ secrets, server, url: urlOf(http), log, beatIntervalMs: 20 })
  const silent = await open(HIGH)
  const living = await open(LOW)
  t.after(() => living[Symbol.asyncDispose]())
  let looks = 0
  living.onRead(() => looks++)
  await silent[Symbol.asyncDispose]()
  while (looks < 5) await setTimeout(5)
  assert.equal(living.find(HIGH)?.id, HIGH)
  while (looks < 12) await setTimeout(5)
  assert.equal(living.find(HIGH), null)
  assert.deepEqual(living.peers, [])
})

test('E117: an address that is too long is refused, and the longest has an entry below 1 KB', async (t) => {
  const secrets = await newSecrets(t)
  const open = (length: number) =>
    ServerDirectory.open({ secrets, server: LOW, url: 'http://a/'.padEnd(length, 'b'), log })
  await assert.rejects(open(513), {
    code: 'unusable',
    message: 'The --node-url has 513 bytes; give one of at most 512.',
  })
  const place = createHash('sha256')
    .update('\0server\0' + 0)
    .digest('hex')
  assert.equal(await secrets.get(place), null)
  const directory = await open(512)
  t.after(() => directory[Symbol.asyncDispose]())
  assert.ok(JSON.stringify(await secrets.get(place)).length < 1_024)
})

test('E120: each pair of servers has one connection, however many boards are open', async (t) => {
  const secrets = await newSecrets(t)
  const ids = [LOW, '8000000000000000', HIGH]
  // A busy machine must not make a server seem dead.
  const servers = await Promise.all(ids.map((id) => openServer(t, id, secrets, 200)))
  for (const { bus } of servers)
    for (let board = 0; board < 50; board++) bus.subscribe(String(board), () => {})
  const isLinked = ({ bus, client }: (typeof servers)[number]) =>
    client.peers.length === 2 && bus.state.problem === null
  while (!servers.every(isLinked)) await setTimeout(5)
  // Each looks for the others again and again.
  const looks = servers.map(() => 0)
  for (const [index, { directory }] of servers.entries()) directory.onRead(() => looks[index]!++)
  while (Math.min(...looks) < 10) await setTimeout(5)
  assert.ok(servers.every(isLinked))
  // They are counted from the first one on, also those that have ended.
  const count = servers.reduce((sum, { connections }) => sum + connections.size, 0)
  assert.equal(count, 3)
})

test('E64: garbage over a link changes nothing, and the link stays', async (t) => {
  const secrets = await newSecrets(t)
  const { http, bus } = await openServer(t, LOW, secrets)
  const got = Promise.withResolvers<BusMessage>()
  bus.subscribe(BOARD, (message) => got.resolve(message))
  const proofs = new NodeProofs(HIGH, await nodeKeyOf(secrets))
  const socket = new WebSocket(`${urlOf(http)}${NODE_PATH}`, {
    headers: { [PROOF_HEADER]: proofs.prove(LOW, GET).header },
  })
  t.after(() => socket.terminate())
  await once(socket, 'open')
  for (const garbage of [
    '',
    '{',
    '{"follow":7}',
    'null',
    Buffer.alloc(3),
    Buffer.alloc(70_000, 255),
  ])
    socket.send(garbage)
  const message = frameOf(newId(), Buffer.from('picture'))
  socket.send(encodeMessage({ board: BOARD, from: LOW, message })!)
  assert.deepEqual(await got.promise, message)
})

async function newEngine(t: TestContext): Promise<{ engine: Engine; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-bus-'))
  const engine = await openEngine(`sqlite:${folder}`)
  t.after(async () => {
    await engine.close()
    await rm(folder, { recursive: true })
  })
  await engine.boards.create(DEFAULT_BOARD_ID)
  return { engine, folder }
}

async function newSecrets(t: TestContext): Promise<Secrets> {
  return (await newEngine(t)).engine.secrets
}

async function openServer(
  t: TestContext,
  server: string,
  secrets: Secrets,
  beatIntervalMs?: number,
) {
  const http = await listen(t)
  const connections = new Set<Duplex>()
  http.on('connection', (socket) => connections.add(socket))
  const url = urlOf(http)
  const directory = await ServerDirectory.open({ secrets, server, url, log, beatIntervalMs })
  t.after(() => directory[Symbol.asyncDispose]())
  const proofs = new NodeProofs(server, await nodeKeyOf(secrets))
  const bus = new LinkBus({ directory, proofs, server, log })
  t.after(() => bus[Symbol.asyncDispose]())
  bus.listen(http)
  const client = new NodeClient({ directory, proofs })
  t.after(() => client[Symbol.dispose]())
  return { http, bus, proofs, client, directory, connections }
}

async function listen(t: TestContext): Promise<Server> {
  const http = createServer().listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => {
    http.closeAllConnections()
    http.close()
  })
  return http
}

const portOf = (http: Server): number => (http.address() as AddressInfo).port
const urlOf = (http: Server): string => `http://127.0.0.1:${portOf(http)}`

/** Asks for a link, and returns the status of the answer. */
async function open(port: number, header?: string): Promise<number> {
  const socket = new WebSocket(`http://127.0.0.1:${port}${NODE_PATH}`, {
    headers: header === undefined ? {} : { [PROOF_HEADER]: header },
  })
  const { promise, resolve } = Promise.withResolvers<number>()
  socket.once('open', () => resolve(101))
  socket.once('unexpected-response', (_request, response) => resolve(response.statusCode!))
  socket.on('error', () => {})
  return promise.finally(() => socket.terminate())
}
