import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener, Server, ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { dial, whenClosed } from '../../support/dial.ts'
import { newSlowClients } from '../../support/new-slow-clients.ts'
import { withoutTurns } from '../../support/without-turns.ts'
import { addressGroup } from './address-group.ts'
import { Connections } from './connections.ts'
import { createHttpServer } from './http-server.ts'
import { RequestTurns } from './request-turns.ts'
import { trustedProxies } from './trusted-proxies.ts'

interface Limits {
  readonly max?: number
  readonly maxPerAddress?: number
  readonly maxWaiting?: number
  readonly maxWaitingPerConnection?: number
  readonly proxies?: readonly string[]
}

async function open(t: TestContext, handle: RequestListener, limits: Limits = {}): Promise<Server> {
  const { max = 100, maxPerAddress = 100, maxWaiting = 10_000, proxies = [] } = limits
  const { maxWaitingPerConnection: maxPerConnection = maxWaiting } = limits
  const server = createHttpServer(handle, {
    connections: new Connections({ max, maxPerAddress, proxies: trustedProxies(proxies) }),
    turns: new RequestTurns({ maxWaiting, maxPerConnection }),
    slowClients: newSlowClients(t),
    ...withoutTurns(),
    basePath: '',
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return server
}

const request = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`

test('Y1: the requests of one connection are served one at a time, in their order', async (t) => {
  let runningCount = 0
  let most = 0
  const server = await open(t, (asked, response) => {
    most = Math.max(most, ++runningCount)
    setImmediate(() => {
      runningCount--
      response.end(`<${asked.url}>`)
    })
  })
  const socket = await dial(t, server)
  const paths = Array.from({ length: 4_000 }, (_, i) => `/${i}`)
  const answers = text(socket)
  const last = request('/last', 'Connection: close\r\n')
  socket.write(paths.map((path) => request(path)).join('') + last)
  const served = (await answers).match(/<[^>]+>/g)
  assert.deepEqual(
    served,
    [...paths, '/last'].map((path) => `<${path}>`),
  )
  assert.equal(most, 1)
})

test('Y2: a client that pipelines and takes no answer is not read on, and others are served', {
  timeout: 30_000,
}, async (t) => {
  const held: ServerResponse[] = []
  const server = await open(t, (asked, response) => {
    if (asked.url === '/held') held.push(response)
    else response.end('served')
  })
  const hostile = await dial(t, server)
  const asked = once(server, 'request')
  const many = Buffer.from(request('/held').repeat(600_000))
  hostile.write(many)
  await asked
  const other = await dial(t, server)
  const answer = text(other)
  other.write(request('/other', 'Connection: close\r\n'))
  assert.match(await answer, /served/)
  assert.equal(held.length, 1)
  assert.ok(hostile.writableLength > 0, 'it was read on')
})

test('Y2: over the bound of requests that wait, the connection with the most is closed', {
  timeout: 30_000,
}, async (t) => {
  const held: ServerResponse[] = []
  const server = await open(t, (_, response) => void held.push(response), { maxWaiting: 20 })
  const few = await dial(t, server)
  const firstAsked = once(server, 'request')
  few.write(request('/few').repeat(3))
  await firstAsked
  const many = await dial(t, server)
  const closed = once(many, 'close')
  many.write(request('/many').repeat(30))
  await closed
  const answer = once(few, 'data')
  held[0]!.end('answered')
  assert.match(String(await answer), /answered/)
})

test('Y32: over the bound of requests that wait on one connection it is closed', {
  timeout: 30_000,
}, async (t) => {
  const server = await open(t, () => {}, { maxWaitingPerConnection: 20 })
  const many = await dial(t, server)
  const closed = whenClosed(many)
  many.write(request('/many').repeat(1_000))
  await closed
})

test('Y32: headers of many bytes count as several requests that wait', {
  timeout: 30_000,
}, async (t) => {
  const server = await open(t, () => {}, { maxWaiting: 20 })
  const fat = await dial(t, server)
  const closed = whenClosed(fat)
  fat.write(request('/fat', `X-More: ${'x'.repeat(9_000)}\r\n`).repeat(6))
  await closed
})

test('Y3: one address has so many connections, and another one its own', {
  timeout: 30_000,
}, async (t) => {
  const server = await open(t, (_, response) => response.end('served'), { maxPerAddress: 2 })
  await dial(t, server)
  const second = await dial(t, server)
  const refused = await text(await dial(t, server))
  assert.match(refused, /^HTTP\/1\.1 429 .*Retry-After: \d+\r\n.*"code":"too-many"/s)
  const other = await dial(t, server, '127.0.0.2')
  const answer = text(other)
  other.write(request('/', 'Connection: close\r\n'))
  assert.match(await answer, /served/)
  second.destroy()
  // The server learns of the end a moment later.
  for (;;) {
    const again = await dial(t, server)
    again.write(request('/', 'Connection: close\r\n'))
    if (/served/.test(await text(again))) break
  }
})

test('Y44: a refused client that has sent its request already reads why, and is not reset', {
  timeout: 30_000,
}, async (t) => {
  const server = await open(t, () => {}, { maxPerAddress: 1 })
  await dial(t, server)
  const second = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => second.destroy())
  second.write(request('/', `X-More: ${'x'.repeat(100_000)}\r\n`))
  // It rejects if the connection is reset.
  assert.match(await text(second), /"code":"too-many"/)
})

test('Y3: all addresses together have so many, and a trusted proxy is no address', {
  timeout: 30_000,
}, async (t) => {
  const limits = { max: 4, maxPerAddress: 1, proxies: ['127.0.0.1'] }
  const server = await open(t, (_, response) => response.end('served'), limits)
  for (let i = 0; i < 4; i++) await dial(t, server)
  const refused = await text(await dial(t, server, '127.0.0.2'))
  assert.match(refused, /^HTTP\/1\.1 503 .*Retry-After: \d+\r\n.*"code":"busy"/s)
})

test('Y3: an IPv6 address counts by its /64', () => {
  assert.equal(addressGroup('2001:db8:1:2::1'), addressGroup('2001:db8:1:2:ffff::9'))
  assert.notEqual(addressGroup('2001:db8:1:2::1'), addressGroup('2001:db8:1:3::1'))
  assert.equal(addressGroup('::ffff:10.0.0.1'), addressGroup('10.0.0.1'))
  assert.notEqual(addressGroup('10.0.0.1'), addressGroup('10.0.0.2'))
})
