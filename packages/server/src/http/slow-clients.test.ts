import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener, Server, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { dial, whenClosed } from '../../support/dial.ts'
import { Harness } from '../../support/http-harness.ts'
import { newSlowClients } from '../../support/new-slow-clients.ts'
import { withoutTurns } from '../../support/without-turns.ts'
import { Connections } from './connections.ts'
import { createHttpServer } from './http-server.ts'
import { RequestTurns } from './request-turns.ts'
import { takenBytes } from './slow-clients.ts'
import { trustedProxies } from './trusted-proxies.ts'

/* One long answer is more than both systems' buffers hold. */

const ANSWER_BYTES = 40_000_000
/** More than lies in both systems' buffers: one who has read this has made room. */
const LUMP_BYTES = 12_000_000
const OPTIONS = { timeout: 30_000 }

interface Limits {
  readonly maxPerAddress?: number
  readonly headersTimeoutMs?: number
}

/** A server with a clock that moves when the test says so. */
async function open(t: TestContext, handle: RequestListener, limits: Limits = {}) {
  let now = 0
  const { headersTimeoutMs, maxPerAddress = 100 } = limits
  const slowClients = newSlowClients(t, { maxPerAddress, now: () => now })
  const server: Server = createHttpServer(handle, {
    connections: new Connections({ max: 100, maxPerAddress: 100, proxies: trustedProxies([]) }),
    turns: new RequestTurns({ maxWaiting: 100, maxPerConnection: 100 }),
    slowClients,
    ...withoutTurns(),
    basePath: '',
    ...(headersTimeoutMs !== undefined && { headersTimeoutMs }),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const lookAfter = (seconds: number) => {
    now += seconds * 1_000
    slowClients.look()
  }
  return { server, lookAfter }
}

/** Asks for the long answer and reads none of it. Resolves when the systems' buffers are full. */
async function ask(t: TestContext, server: Server, from?: string) {
  const client = (await dial(t, server, from)).pause()
  const asked = once(server, 'request')
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [, response] = (await asked) as [unknown, ServerResponse]
  const socket = response.socket!
  while (takenBytes(socket) === 0) await setImmediate()
  const isOpen = () => !socket.destroyed
  /** Reads a part of it, and waits until the server has sent as much again. */
  const read = async () => {
    const before = takenBytes(socket)
    for (let left = LUMP_BYTES; left > 0; ) {
      const chunk = client.read() as Buffer | null
      if (chunk === null) await once(client, 'readable')
      else left -= chunk.length
    }
    while (takenBytes(socket) === before) await setImmediate()
  }
  return { isOpen, read }
}
const sendLong: RequestListener = (_, response) => void response.end(Buffer.alloc(ANSWER_BYTES))

test(
  'Y33: an answer whose reader takes less than the least rate is cut off',
  OPTIONS,
  async (t) => {
    const { server, lookAfter } = await open(t, sendLong)
    const idle = await ask(t, server)
    const slow = await ask(t, server)
    lookAfter(5)
    lookAfter(5)
    assert.ok(idle.isOpen() && slow.isOpen())
    await slow.read()
    lookAfter(295)
    assert.ok(idle.isOpen(), 'five minutes count')
    lookAfter(10)
    assert.deepEqual([idle.isOpen(), slow.isOpen()], [false, true])
  },
)

test(
  'Y34: of slow readers an address has so many; the one that took nothing for longest goes',
  OPTIONS,
  async (t) => {
    const { server, lookAfter } = await open(t, sendLong, { maxPerAddress: 2 })
    const other = await ask(t, server)
    const readers = []
    for (let i = 0; i < 3; i++) readers.push(await ask(t, server, '127.0.0.2'))
    lookAfter(5)
    await readers[0]!.read()
    await readers[2]!.read()
    lookAfter(5)
    lookAfter(5)
    lookAfter(5)
    assert.ok(
      readers.every(({ isOpen }) => isOpen()),
      'one that has just read is not slow',
    )
    lookAfter(5)
    assert.deepEqual(
      [other, ...readers].map(({ isOpen }) => isOpen()),
      [true, true, false, true],
    )
  },
)

test('Y35: a body that comes in drops is broken off in words', OPTIONS, async (t) => {
  const { server, lookAfter } = await open(t, (request) => void request.resume())
  const sender = await dial(t, server)
  const answer = text(sender)
  const asked = once(server, 'request')
  sender.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nabc')
  await asked
  lookAfter(5)
  lookAfter(70)
  sender.write('d')
  lookAfter(5)
  assert.match(await answer, /^HTTP\/1\.1 503 .*Retry-After: \d+\r\n.*"code":"busy"/s)
})

test('Y35: a body that the server lets wait is not broken off', OPTIONS, async (t) => {
  const { server, lookAfter } = await open(t, () => {})
  const sender = await dial(t, server)
  const asked = once(server, 'request')
  sender.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\nabc')
  const [, response] = (await asked) as [unknown, ServerResponse]
  for (let i = 0; i < 3; i++) lookAfter(80)
  assert.ok(!response.socket!.destroyed)
})

test('Y36: headers that come in drops have so much time', OPTIONS, async (t) => {
  const { server } = await open(t, () => {}, { headersTimeoutMs: 100 })
  const sender = await dial(t, server)
  const closed = whenClosed(sender)
  sender.resume()
  sender.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-More: ')
  const timer = setInterval(() => sender.write('x'), 20)
  t.after(() => clearInterval(timer))
  await closed
})

test(
  'Y36: what is no request is answered, and its connection closed, whatever comes still',
  OPTIONS,
  async (t) => {
    const harness = await Harness.open()
    t.after(() => harness.close())
    const sender = connect({ port: harness.port, host: '127.0.0.1', allowHalfOpen: true })
    sender.on('error', () => {})
    t.after(() => sender.destroy())
    const closed = whenClosed(sender)
    let answer = ''
    sender.on('data', (chunk) => {
      answer += chunk
    })
    sender.write('nonsense\r\n\r\n')
    const timer = setInterval(() => sender.writable && sender.write('x'), 50)
    t.after(() => clearInterval(timer))
    await closed
    assert.match(answer, /^HTTP\/1\.1 400 .*"code":"bad-request"/s)
  },
)

test('Y61: a connection that nothing came on is closed without a word', OPTIONS, async (t) => {
  const harness = await Harness.open()
  t.after(() => harness.close())
  const tooLate = Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  const answerTo = async (sent: string): Promise<string> => {
    const connected = once(harness.http, 'connection')
    const sender = connect({ port: harness.port, host: '127.0.0.1' })
    t.after(() => sender.destroy())
    const [socket] = (await connected) as [Socket]
    let answer = ''
    sender.on('data', (chunk) => {
      answer += chunk
    })
    const closed = whenClosed(sender)
    sender.write(sent)
    while (socket.bytesRead < sent.length) await setImmediate()
    harness.http.emit('clientError', tooLate, socket)
    await closed
    return answer
  }
  assert.equal(await answerTo(''), '')
  assert.match(await answerTo('GET / HTTP/1.1\r\n'), /^HTTP\/1\.1 503 .*"code":"busy"/s)
})
