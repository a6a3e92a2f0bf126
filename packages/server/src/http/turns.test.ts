import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { Harness } from '../../support/http-harness.ts'
import { boundsWith } from '../bounds.ts'
import { RecentUse } from '../fairness/recent-use.ts'
import { Fetcher } from '../images/remote-fetch.ts'
import { createGuard } from './guard.ts'
import { trustedProxies } from './trusted-proxies.ts'

/* One address takes all that there is; another comes. */

const ABUSER = '127.0.0.2'
const HONEST = '127.0.0.1'
const BOUNDS = { 'upload-bodies': 4, fetches: 2, 'growing-readers': 3, 'packed-bodies': 2 }
const use = new RecentUse()
let server: Harness
let png: Buffer

before(async () => {
  const fetcher = new Fetcher({
    maxUpload: 1_000_000,
    mayReach: () => true,
    bounds: boundsWith(BOUNDS),
  })
  server = await Harness.open({ bounds: BOUNDS, fetcher, use })
  png = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#c30' } })
    .png()
    .toBuffer()
})
after(() => server.close())

interface Call {
  readonly from: string
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | number>>
}

/** Begins a request from an address; its answer, or null if it is cut off. */
function begin({ from, ...call }: Call): { call: ClientRequest; answer: Promise<Answer | null> } {
  const made = request({ host: '127.0.0.1', port: server.port, localAddress: from, ...call })
  const answer = new Promise<Answer | null>((resolve) => {
    made.on('response', (response) => resolve({ status: response.statusCode!, response }))
    made.on('error', () => resolve(null))
  })
  return { call: made, answer }
}
interface Answer {
  readonly status: number
  readonly response: IncomingMessage
}

/** Begins a PUT whose body never ends; resolves when its first bytes are received. */
async function stall(from: string): Promise<ReturnType<typeof begin>> {
  const before = (await server.incomingFileNames()).length
  const headers = { 'content-length': 100_000 }
  const stalled = begin({ from, method: 'PUT', path: '/stalled.png', headers })
  stalled.call.write(png.subarray(0, 60))
  while ((await server.incomingFileNames()).length <= before) await tick()
  return stalled
}
/** Stays out of a race. */
const never = () => new Promise<never>(() => {})
const tick = () => new Promise((resolve) => setImmediate(resolve))

test('N3: half-open uploads of one address keep nobody else from sending', async (t) => {
  const stalled: Awaited<ReturnType<typeof stall>>[] = []
  for (let i = 0; i < BOUNDS['upload-bodies']; i++) stalled.push(await stall(ABUSER))
  t.after(() => stalled.forEach(({ call }) => call.destroy()))

  const refused = begin({ from: ABUSER, method: 'PUT', path: '/one-more.png' })
  refused.call.end(png)
  const { status, response } = (await refused.answer)!
  assert.equal(status, 503)
  assert.equal(response.headers['retry-after'], '2')

  const honest = begin({ from: HONEST, method: 'PUT', path: '/honest.png' })
  honest.call.end(png)
  assert.equal((await honest.answer)!.status, 201)
  assert.equal((await stalled[0]!.answer)!.status, 503, 'the one without progress gives way')
})

test('Y45: packed bodies of one address leave a place to others', {
  timeout: 60_000,
}, async (t) => {
  const headers = { 'content-encoding': 'gzip' }
  const packed = gzipSync(png)
  const put = async (from: string, init: object, body: Buffer) => {
    const sent = begin({ from, method: 'PUT', path: '/a.png', ...init })
    sent.call.end(body)
    return (await sent.answer)?.status
  }
  const answers: Promise<Answer | null>[] = []
  for (let i = 0; i < BOUNDS['packed-bodies']; i++) {
    const stalled = begin({ from: ABUSER, method: 'PUT', path: '/stalled.png', headers })
    stalled.call.write(packed.subarray(0, 20))
    t.after(() => stalled.call.destroy())
    answers.push(stalled.answer)
  }
  // They begin a moment later.
  let tries = 0
  while ((await put(ABUSER, { headers }, packed)) !== 503) assert.ok(++tries < 50, 'not refused')
  assert.equal(await put(ABUSER, {}, png), 201)
  assert.equal(await put(HONEST, { headers }, packed), 201)
  assert.equal((await answers[0])?.status, 503, 'the first gives way, in words')
})

test('N3: fetches that hang keep no other address from fetching', async (t) => {
  const elsewhere = createServer(({ url }, response) => {
    if (url === '/picture.png') response.end(png)
  }).listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  t.after(() => {
    elsewhere.closeAllConnections()
    elsewhere.close()
  })
  const { port } = elsewhere.address() as AddressInfo
  const fetchFrom = (from: string, name: string) => {
    const headers = { 'content-type': 'application/json' }
    const path = '/api/boards/main/images/from-url'
    const begun = begin({ from, method: 'POST', path, headers })
    begun.call.end(JSON.stringify({ url: `http://127.0.0.1:${port}/${name}` }))
    return begun
  }
  const hanging = []
  for (let i = 0; i < BOUNDS.fetches; i++) {
    hanging.push(fetchFrom(ABUSER, 'hangs'))
    await once(elsewhere, 'request')
  }
  assert.equal((await fetchFrom(ABUSER, 'hangs').answer)!.status, 503)
  assert.equal((await fetchFrom(HONEST, 'picture.png').answer)!.status, 201)
  assert.equal((await hanging[0]!.answer)!.status, 503)
})

test('N3: readers of a growing file give way to another address', async (t) => {
  const id = await server.announce()
  const growing = await server.images.incomingFiles.create({
    board: 'main',
    id,
    name: 'picture.png',
    length: 100_000,
  })
  t.after(() => server.images.incomingFiles.remove(growing))
  const path = `/b/main/arrivals/${id}`
  const readers = Array.from({ length: BOUNDS['growing-readers'] + 1 }, () => {
    const reader = begin({ from: ABUSER, path })
    reader.call.end()
    t.after(() => reader.call.destroy())
    return reader.answer
  })
  assert.equal((await Promise.race(readers))!.status, 503, 'one more is refused')
  const honest = begin({ from: HONEST, path })
  honest.call.end()
  t.after(() => honest.call.destroy())
  const gone = readers.map(async (each) => (await each)?.status === 404 || never())
  assert.ok(await Promise.race(gone), 'one of the address with most gives way')
})

test('N5: variants of one address’s picture have the next turn among many of another’s', async () => {
  const { decoder, variants } = server.images
  const first = Promise.withResolvers<void>()
  const made: string[] = []
  const make = decoder.makeVariants.bind(decoder)
  decoder.makeVariants = async (file) => {
    made.push(file.party?.address ?? '')
    await first.promise
    return make(file)
  }
  try {
    const send = async (from: string, width: number) => {
      const create = { width, height: 200, channels: 3, background: '#03c' } as const
      const picture = begin({ from, method: 'PUT', path: `/${width}.png` })
      picture.call.end(await sharp({ create }).png().toBuffer())
      assert.equal((await picture.answer)!.status, 201)
    }
    for (let i = 0; i < 3; i++) await send(ABUSER, 200 + i)
    await send(HONEST, 300)
  } finally {
    first.resolve()
    await variants.whenIdle()
    decoder.makeVariants = make
  }
  assert.equal(made.length, 4)
  assert.equal(made.indexOf(HONEST), 1, made.join(', '))
})

test('N9: requests of an address over its share begin when the thread is idle, and no other waits', async (t) => {
  use.add(HONEST, 0)
  use.add(ABUSER, 10)
  const order: string[] = []
  const asks: { send: () => void; answered: Promise<void> }[] = []
  for (const from of [...Array<string>(10).fill(ABUSER), HONEST]) {
    const socket = connect({ host: '127.0.0.1', port: server.port, localAddress: from })
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    const answered = once(socket, 'data').then(() => void order.push(from))
    asks.push({
      send: () => socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'),
      answered,
    })
  }
  for (const { send } of asks) send()
  await Promise.all(asks.map(({ answered }) => answered))
  assert.ok(order.indexOf(HONEST) <= 1, order.join(', '))
})

test('N1: an IPv6 address counts by its /64, and behind a trusted proxy the client’s counts', () => {
  const guard = createGuard({
    host: 'localhost',
    publicUrl: null,
    proxies: trustedProxies(['10.0.0.0/8']),
    access: {
      rightOf: async () => ({ role: 'edit', grant: [] }),
      watchRight: () => ({ [Symbol.dispose]() {} }),
    },
  })
  const addressOf = (remoteAddress: string, forwarded?: string) =>
    guard.visitor({
      socket: { remoteAddress },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    } as unknown as IncomingMessage).address
  assert.equal(addressOf('2001:db8:1:2:aaaa::1'), addressOf('2001:db8:1:2:bbbb::2'))
  assert.notEqual(addressOf('2001:db8:1:2::1'), addressOf('2001:db8:1:3::1'))
  assert.equal(addressOf('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(addressOf('192.0.2.7', '198.51.100.1'), '192.0.2.7', 'nobody else is believed')
  assert.equal(addressOf('10.0.0.1', '203.0.113.9, 198.51.100.1, 10.0.0.2'), '198.51.100.1')
})
