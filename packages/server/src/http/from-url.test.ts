import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type ImageRecord, type StoredImage, WireError } from '@wirephoto/board'
import sharp from 'sharp'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { OWN_PARTY } from '../fairness/party.ts'
import { Fetcher, isPublic } from '../images/remote-fetch.ts'

const MAX_UPLOAD_BYTES = 200_000
const TIMEOUTS = { responseMs: 400, idleMs: 300, totalMs: 1_500 }

let png: Buffer
let elsewhere: Server
let port: number
/** The other server's behaviour. */
let answer: RequestListener
let asked: { url: string | undefined; host: string | undefined }[]
/** The addresses of names: one answer a lookup, and the last one again and again. */
let names: Map<string, string[]>
let questions: string[]
let server: Harness

before(async () => {
  png = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#c30' } })
    .png()
    .toBuffer()
  elsewhere = createServer((request, response) => {
    asked.push({ url: request.url, host: request.headers.host })
    answer(request, response)
  })
  elsewhere.listen(0, '::')
  await once(elsewhere, 'listening')
  port = (elsewhere.address() as AddressInfo).port
  server = await Harness.open({ maxUpload: MAX_UPLOAD_BYTES, fetcher: fetcherWith() })
})

async function addressesOf(host: string): Promise<LookupAddress[]> {
  questions.push(host)
  const known = names.get(host)
  if (!known) throw Object.assign(new Error(host), { code: 'ENOTFOUND' })
  const address = known.length > 1 ? known.shift()! : known[0]!
  return address.split(' ').map((each) => ({ address: each, family: each.includes(':') ? 6 : 4 }))
}

const fetcherWith = (timeouts?: typeof TIMEOUTS): Fetcher =>
  new Fetcher({
    maxUpload: MAX_UPLOAD_BYTES,
    ...(timeouts && { timeouts }),
    // A test can listen on loopback only, so one such address stands for the world.
    mayReach: (address, at) => (address === '127.0.0.1' && at === port) || isPublic(address),
    resolve: addressesOf,
  })
/** Returns a fetcher under the internet's own rules; the test answers for the names. */
const internetFetcher = (options: Partial<ConstructorParameters<typeof Fetcher>[0]> = {}) =>
  new Fetcher({ maxUpload: MAX_UPLOAD_BYTES, timeouts: TIMEOUTS, resolve: addressesOf, ...options })

/** Resolves to the code by which a fetch is refused. */
async function refusalOf(fetcher: Fetcher, url: string): Promise<string> {
  try {
    for await (const { source } of fetcher.read(url, {}, OWN_PARTY)) await buffer(source)
  } catch (error) {
    if (error instanceof WireError) return error.code
    throw error
  }
  return 'fetched'
}

after(async () => {
  elsewhere.closeAllConnections()
  elsewhere.close()
  await server.close()
})
beforeEach(() => {
  asked = []
  questions = []
  names = new Map([['world.test', ['127.0.0.1']]])
  answer = (_request, response) => response.end(png)
})

const post = (body: unknown) =>
  fetch(`${server.url}/api/boards/main/images/from-url`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const at = (path: string, host = 'world.test') => `http://${host}:${port}${path}`
const codeOf = async (url: string) => {
  const response = await post({ url })
  const { code } = await errorOf(response)
  return code
}

test('X1, X4: the server fetches a picture, and keeps its address', async () => {
  const url = `http://anna:secret@world.test:${port}/a/n%C3%A4me.png?size=2#there`
  const response = await post({ url, x: 10, y: -20, w: 80, caption: 'From afar' })
  assert.equal(response.status, 201)
  const told = (await response.json()) as StoredImage & { url: string; fileUrl: string }
  const { notices, url: _, fileUrl: _file, ...record } = told
  assert.deepEqual(notices, [])
  const { name, type, bytes, source, x, y, w, caption } = record
  assert.deepEqual(
    { name, type, bytes, x, y, w, caption },
    {
      name: 'näme.png',
      type: 'image/png',
      bytes: png.length,
      x: 10,
      y: -20,
      w: 80,
      caption: 'From afar',
    },
  )
  assert.equal(source, at('/a/n%C3%A4me.png?size=2'), 'without what is nobody’s business')
  await server.images.variants.whenIdle()
  assert.deepEqual({ ...record, variants: [] }, await server.record(record.id))
  assert.deepEqual(await server.incomingFileNames(), [])
  // One question, and the name that was asked for is the one that the other server hears.
  assert.deepEqual(questions, ['world.test'])
  assert.equal(asked[0]!.host, `world.test:${port}`)
})

test('X5: nobody says of a picture they send that the server has it from somewhere', async () => {
  const query = new URLSearchParams({ source: 'https://example.org/', name: 'p.png' })
  const sent = await fetch(`${server.url}/api/boards/main/images?${query}`, {
    method: 'POST',
    body: png,
  })
  assert.equal((await errorOf(sent)).code, 'unknown-field')
  const plain = await fetch(`${server.url}/p.png`, { method: 'PUT', body: png })
  assert.equal(((await plain.json()) as ImageRecord).source, null)
})

describe('X2: only what everybody can reach is fetched', () => {
  test('addresses', () => {
    const inside = `0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1
      192.0.0.8 192.0.2.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255
      :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b:1::1 100::1
      2001::1 2001:db8::1 2002:7f00:1:: fc00::1 fd00::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 4000::1 nowhere`
    for (const address of inside.split(/\s+/)) assert.equal(isPublic(address), false, address)
    for (const address of ['8.8.8.8', '172.32.0.1', '2606:4700::1', '2a00:1450:4001::5'])
      assert.equal(isPublic(address), true, address)
  })

  test('however they are written, and whatever is named so', async () => {
    const written = ['127.0.0.2', '0x7f.2', '2130706434', '[::1]', '[::ffff:7f00:2]', '10.1', '0']
    for (const host of written) assert.equal(await codeOf(at('/', host)), 'foreign-address', host)
    for (const address of ['10.0.0.1', '::1', '169.254.169.254 fd00::1', '::ffff:127.0.0.2']) {
      names.set('inside.test', [address])
      assert.equal(await codeOf(at('/', 'inside.test')), 'foreign-address', address)
    }
    assert.deepEqual(asked, [])
  })

  test('X17: by the ports of the web, and those that the operator lists', async () => {
    names.set('far.test', ['203.0.113.9'])
    const listed = internetFetcher({ ports: [8080] })
    for (const url of [
      'http://far.test:22/a.png',
      'http://far.test:8000/a.png',
      'https://far.test:8443/a.png',
      'http://8.8.8.8:25/a.png',
      'http://[2606:4700::1]:6379/a.png',
    ])
      assert.equal(await refusalOf(listed, url), 'foreign-address', url)
    assert.deepEqual(questions, [], 'the port is looked at first')
    // Their names are looked up, and lead to addresses for documentation.
    for (const url of ['http://far.test/', 'http://far.test:443/', 'https://far.test:8080/'])
      assert.equal(await refusalOf(listed, url), 'foreign-address', url)
    assert.deepEqual(questions, ['far.test', 'far.test', 'far.test'])
    await refusalOf(internetFetcher(), 'http://far.test:8080/a.png')
    assert.equal(questions.length, 3)
  })

  test('X18: not by the name of the server itself, nor by the addresses of that name', async () => {
    names.set('board.test', ['8.8.4.4 2606:4700::7'])
    names.set('alias.test', ['8.8.4.4'])
    names.set('mixed.test', ['2606:4700:0::7 8.8.4.4'])
    const fetcher = internetFetcher({ publicUrl: 'https://board.test/photos' })
    for (const host of ['board.test', 'BOARD.test', 'board.test.', 'alias.test', 'mixed.test'])
      assert.equal(await refusalOf(fetcher, `http://${host}/a.png`), 'foreign-address', host)
    for (const host of ['8.8.4.4', '134743044', '[2606:4700::0:7]'])
      assert.equal(await refusalOf(fetcher, `https://${host}/a.png`), 'foreign-address', host)
    const asks = questions.filter((name) => name === 'board.test')
    assert.equal(asks.length, 1, 'its own name is looked up once')
  })

  test('X6: a name that changes its mind is asked once, and leads nowhere the second time', async () => {
    names.set('rebinding.test', ['127.0.0.1', '::1'])
    assert.equal((await post({ url: at('/', 'rebinding.test') })).status, 201)
    assert.equal(questions.length, 1)
    assert.equal(await codeOf(at('/', 'rebinding.test')), 'foreign-address')
    // Both at once: what may be reached is.
    names.set('rebinding.test', ['::1 127.0.0.1'])
    assert.equal((await post({ url: at('/', 'rebinding.test') })).status, 201)
    assert.equal(asked.length, 2)
  })

  test('X7: redirects are looked at like the first address, and end', async () => {
    names.set('rebinding.test', ['127.0.0.1', '::1'])
    const leading =
      (to: string): RequestListener =>
      (request, response) =>
        request.url === '/picture.png'
          ? response.end(png)
          : response.writeHead(302, { location: to }).end()
    answer = leading('/picture.png')
    const response = await post({ url: at('/start.jpg') })
    const { source, name } = (await response.json()) as ImageRecord
    assert.deepEqual([source, name], [at('/start.jpg'), 'start.jpg'])
    for (const [to, code] of [
      [at('/', '127.0.0.2'), 'foreign-address'],
      [at('/', '[::1]'), 'foreign-address'],
      [`http://world.test:${port - 1}/`, 'foreign-address'],
      ['file:///etc/passwd', 'unreachable'],
      ['/again', 'unreachable'],
    ] as const) {
      answer = leading(to)
      assert.equal(await codeOf(at('/start')), code, to)
    }
    answer = leading(at('/', 'rebinding.test'))
    assert.equal(await codeOf(at('/', 'rebinding.test')), 'foreign-address')
    assert.ok(asked.length <= 2 + 4 + 6 + 1)
  })
})

test('X3: what is no web address isn’t understood', async () => {
  for (const url of ['', 'picture.png', 'ftp://world.test/a.png', 'file:///etc/passwd', 'data:,x'])
    assert.equal(await codeOf(url), 'bad-request', url)
  assert.equal(await codeOf(at(`/${'a'.repeat(5_000)}`)), 'bad-request')
  assert.equal(await codeOf(at(`/${'ä'.repeat(2_000)}`)), 'bad-request')
  assert.deepEqual(asked, [])
})

test('X9, X11, F8: what is too large, no picture, or not there is refused, and nothing stays', async () => {
  const before = (await server.pictures()).length
  const refusals: [string, RequestListener][] = [
    [
      'too-large',
      (_, response) =>
        response.writeHead(200, { 'content-length': MAX_UPLOAD_BYTES + 1 }).write(png),
    ],
    [
      'too-large',
      (_, response) => response.end(Buffer.concat([png, Buffer.alloc(MAX_UPLOAD_BYTES)])),
    ],
    ['not-a-picture', (_, response) => response.end('<!doctype html><img src="a.png">')],
    ['empty-file', (_, response) => response.end()],
    ['unreachable', (_, response) => response.writeHead(404).end(png)],
    ['unreachable', (_, response) => response.writeHead(204).end()],
    ['unreachable', (_, response) => response.socket!.end('SSH-2.0-OpenSSH_9.6\r\n')],
    [
      'unreachable',
      (_, response) => {
        response.writeHead(200, { 'content-length': png.length })
        response.write(png.subarray(0, 50), () => response.socket!.destroy())
      },
    ],
  ]
  for (const [code, listener] of refusals) {
    answer = listener
    assert.equal(await codeOf(at('/a.png')), code)
  }
  assert.equal(await codeOf(at('/', 'nowhere.test')), 'unreachable')
  assert.deepEqual(await server.incomingFileNames(), [])
  assert.equal((await server.pictures()).length, before)
})

test('X3: an answer that doesn’t come, stops or never ends is given up in time', async () => {
  const slow: RequestListener[] = [
    () => {},
    (_, response) => response.writeHead(200).write(png.subarray(0, 50)),
    (_, response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write(Buffer.from([0xff])), 50)
      response.write(Buffer.from([0xff, 0xd8, 0xff]))
      response.on('close', () => clearInterval(timer))
    },
  ]
  const fetcher = fetcherWith(TIMEOUTS)
  const read = async () => {
    for await (const { source } of fetcher.read(at('/slow.jpg'), {}, OWN_PARTY))
      await buffer(source)
  }
  for (const listener of slow) {
    answer = listener
    const started = performance.now()
    await assert.rejects(read(), { code: 'unreachable' })
    assert.ok(performance.now() - started < TIMEOUTS.totalMs + 5_000)
  }
})

test('X10, F7: only a few are fetched at one time', async () => {
  const held: (() => void)[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  answer = (_request, response) => {
    held.push(() => response.end(png))
    if (held.length === 8) resolve()
  }
  const first = Array.from({ length: 8 }, () => post({ url: at('/a.png') }))
  await promise
  const ninth = await post({ url: at('/a.png') })
  assert.equal(ninth.status, 503)
  assert.ok(ninth.headers.get('retry-after'))
  for (const release of held) release()
  for (const response of await Promise.all(first)) assert.equal(response.status, 201)
  answer = (_request, response) => response.end(png)
  assert.equal((await post({ url: at('/a.png') })).status, 201)
})
