import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { EFFORT_FACTOR } from '../support/effort.ts'
import { residentBytes } from '../support/resident-memory.ts'
import { ServerProcess } from '../support/server-process.ts'

/*
 * One client's attack that has ended the server. It pipelines requests and reads nothing, beside uploads that lack
 * their last byte, until no descriptor is left for a decoder. `EFFORT=2 npm test -- test/hostile/one-client.test.ts`
 * runs it, and prints the server's memory and descriptors before, during and after.
 */

const DESCRIPTORS_COUNT = 4_096
const PIPELINES_COUNT = 4
const PIPELINED_COUNT = 20_000
const UPLOADS_COUNT = 30
const FEW_DESCRIPTORS_COUNT = 100
const IDLE_CONNECTIONS_COUNT = 150
const SETTLE_TIMEOUT_MS = 30_000

const whyNot =
  process.platform === 'linux' ? 'npm run test:long runs it, or EFFORT=2' : 'it needs Linux'
const skip = process.platform === 'linux' && EFFORT_FACTOR > 1 ? false : whyNot

test('E6, Y1, Y2: one client that reads nothing neither ends the server nor takes its descriptors', {
  skip,
}, async (t) => {
  const server = await boundedServer(t, DESCRIPTORS_COUNT)
  assert.equal(await put(server), 201)
  const before = usageOf(server)
  const sockets: Socket[] = []
  t.after(() => sockets.forEach((socket) => socket.destroy()))
  const picture = randomBytes(50_000)
  for (let i = 0; i < UPLOADS_COUNT; i++) {
    const socket = await open(server, sockets)
    socket.write(
      `PUT /p.png HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${picture.length}\r\n\r\n`,
    )
    socket.write(picture.subarray(0, -1))
  }
  for (let i = 0; i < PIPELINES_COUNT; i++) {
    const socket = await open(server, sockets)
    socket.pause()
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(PIPELINED_COUNT))
  }
  for (let i = 0; i < 3; i++) assert.equal(await put(server), 201)
  const during = usageOf(server)
  for (const socket of sockets) socket.destroy()
  assert.equal(await put(server), 201)
  for (const end = Date.now() + SETTLE_TIMEOUT_MS; ; await sleep(100)) {
    if (usageOf(server).descriptors <= before.descriptors + 10) break
    assert.ok(Date.now() < end, `${usageOf(server).descriptors} descriptors stay`)
  }
  t.diagnostic(`before ${say(before)}; during ${say(during)}; after ${say(usageOf(server))}`)
  assert.ok(during.descriptors < before.descriptors + 200, `${during.descriptors} descriptors`)
})

test('E4, E6: with a hundred descriptors and more idle connections the server goes on', {
  skip,
}, async (t) => {
  const server = await boundedServer(t, FEW_DESCRIPTORS_COUNT)
  const before = usageOf(server)
  const sockets: Socket[] = []
  t.after(() => sockets.forEach((socket) => socket.destroy()))
  for (let i = 0; i < IDLE_CONNECTIONS_COUNT; i++) await open(server, sockets).catch(() => {})
  const meanwhile = await put(server).catch(() => 0)
  assert.ok([0, 201, 503].includes(meanwhile), `${meanwhile}`)
  const during = usageOf(server)
  for (const socket of sockets) socket.destroy()
  for (const end = Date.now() + SETTLE_TIMEOUT_MS; ; await sleep(100)) {
    if ((await put(server).catch(() => 0)) === 201) break
    assert.ok(Date.now() < end, 'no picture is stored in time')
  }
  t.diagnostic(`before ${say(before)}; during ${say(during)}; after ${say(usageOf(server))}`)
})

async function boundedServer(t: TestContext, descriptors: number): Promise<ServerProcess> {
  const server = await ServerProcess.open({
    wrapper: ['prlimit', `--nofile=${descriptors}:${descriptors}`],
  })
  t.after(() => server.close())
  return server
}

/** Opens a connection; an error of it is nobody's. */
async function open(server: ServerProcess, sockets: Socket[]): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

/** Sends an honest picture; resolves to the status. */
async function put(server: ServerProcess): Promise<number> {
  const create = { width: 40, height: 30, channels: 3, background: '#284' } as const
  const body = new Uint8Array(await sharp({ create }).png().toBuffer())
  const answer = await fetch(`${server.url}/p.png`, { method: 'PUT', body })
  await answer.arrayBuffer()
  return answer.status
}

interface Usage {
  readonly descriptors: number
  readonly megabytes: number
}

function usageOf({ pid }: ServerProcess): Usage {
  const descriptors = readdirSync(`/proc/${pid}/fd`).length
  return { descriptors, megabytes: Math.round(residentBytes(pid) / 2 ** 20) }
}

const say = ({ descriptors, megabytes }: Usage): string =>
  `${descriptors} descriptors, ${megabytes} MB`
