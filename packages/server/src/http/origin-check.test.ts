import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, IncomingMessage } from 'node:http'
import { connect, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { Visitor } from '../../../../test/support/visitor.ts'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { trySocket } from '../../support/open-socket.ts'
import { createOriginCheck } from './origin-check.ts'
import { trustedProxies } from './trusted-proxies.ts'

const SITE = 'https://site.example'

function requestOf(headers: Record<string, string>, from = '203.0.113.9'): IncomingMessage {
  const message = new IncomingMessage(new Socket())
  Object.defineProperty(message.socket, 'remoteAddress', { value: from })
  return Object.assign(message, { headers, method: 'POST', url: '/api/boards' })
}

const checkWith = (publicUrl: string | null, allowedOrigins: readonly string[] = []) =>
  createOriginCheck({
    host: '0.0.0.0',
    publicUrl,
    proxies: trustedProxies(['10.0.0.1']),
    allowedOrigins,
  })

test('B35, B36: the scheme counts, with proxies, LAN addresses and loopback at once', () => {
  const publicUrl = 'https://board.example'
  const { check } = checkWith(publicUrl)
  const https = { 'x-forwarded-proto': 'https' }
  const http = { 'x-forwarded-proto': 'http' }
  const own: [string, string, Record<string, string>?][] = [
    // A proxy that keeps Host, one that doesn't, and one that says the scheme.
    ['board.example', publicUrl],
    ['127.0.0.1:8000', publicUrl],
    ['board.example', publicUrl, https],
    // At the machine itself.
    ['localhost:8000', 'http://localhost:8000'],
    ['127.0.0.1:8000', 'http://127.0.0.1:8000'],
    ['LOCALHOST:8000', 'http://localhost:8000'],
    ['localhost', 'https://localhost', https],
  ]
  for (const [host, origin, headers] of own)
    check(requestOf({ host, origin, ...headers }, headers && '10.0.0.1'))
  const foreign: [string, string, Record<string, string>?][] = [
    ['board.example', 'http://board.example'],
    ['board.example', 'http://board.example', http],
    ['board.example:8000', 'http://board.example:8000'],
    ['board.example.', 'http://board.example.'],
    ['127.0.0.1:8000', 'http://board.example'],
    ['localhost', 'http://localhost', https],
    ['localhost:8000', 'https://localhost:8000'],
  ]
  for (const [host, origin, headers] of foreign)
    assert.throws(
      () => check(requestOf({ host, origin, ...headers }, headers && '10.0.0.1')),
      { code: 'foreign-origin' },
      `${origin} at ${host}`,
    )
  const plain = checkWith('http://board.example')
  plain.check(requestOf({ host: 'board.example', origin: 'http://board.example' }))
  plain.check(
    requestOf({ host: 'board.example', origin: 'https://board.example', ...https }, '10.0.0.1'),
  )
})

test('B37, B39: what only looks like the own origin is another site', () => {
  const { check } = checkWith('https://board.example')
  for (const origin of [
    'null',
    '',
    'https://board.example.evil.example',
    'https://evil.example/board.example',
    'https://board.example@evil.example',
    'https://evilboard.example',
    'https://sub.board.example',
    'https://board.example:444',
    'https://board.example:443',
    'https://board.example/',
    'https://board.example.',
    'https://BOARD.example',
    'https://board.example, https://board.example',
    'https://bоard.example',
    'file://',
    'chrome-extension://board.example',
    'board.example',
    '*',
  ])
    assert.throws(
      () => check(requestOf({ host: 'board.example', origin })),
      { code: 'foreign-origin' },
      origin,
    )
  for (const site of ['cross-site', 'same-site'])
    assert.throws(
      () => check(requestOf({ host: 'board.example', 'sec-fetch-site': site })),
      { code: 'foreign-origin' },
      site,
    )
  for (const site of ['same-origin', 'none'])
    check(requestOf({ host: 'board.example', 'sec-fetch-site': site }))
})

test('B41: an allowed site is allowed by its whole origin, and only at a name of the server', () => {
  const { check, allowedOriginOf } = checkWith('https://board.example', [
    SITE,
    'https://board.example',
  ])
  const request = requestOf({
    host: 'board.example',
    origin: SITE,
    'sec-fetch-site': 'cross-site',
  })
  check(request)
  assert.equal(allowedOriginOf(request), SITE)
  const own = requestOf({ host: 'board.example', origin: 'https://board.example' })
  assert.equal(allowedOriginOf(own), null, 'a page of its own keeps its cookie')
  for (const origin of [`${SITE}:8443`, 'http://site.example', `${SITE}.evil.example`, 'null'])
    assert.throws(() => check(requestOf({ host: 'board.example', origin })), {
      code: 'foreign-origin',
    })
  assert.throws(() => check(requestOf({ host: 'evil.example', origin: SITE })), {
    code: 'foreign-host',
  })
})

let server: Harness
let allowing: Harness
before(async () => {
  server = await Harness.open()
  allowing = await Harness.open({ allowedOrigins: [SITE] })
})
after(() => Promise.all([server.close(), allowing.close()]))

/** Sends these lines as they are. Resolves to the answer's first line. */
async function answerTo(lines: readonly string[]): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  socket.write([...lines, 'Connection: close', 'Content-Length: 0', '', ''].join('\r\n'))
  return (await text(socket)).split('\r\n')[0]!
}

const countBoards = async (): Promise<number> => (await server.engine.boards.list()).length

test('B37: no route changes anything for another origin', async () => {
  const record = await server.announce()
  const routes: [string, string][] = [
    ['POST', '/api/boards'],
    ['POST', '/api/boards/main/images'],
    ['POST', '/api/boards/main/images/from-url'],
    ['POST', '/api/boards/main/commands'],
    ['POST', '/api/boards/main/uploads'],
    ['PATCH', `/api/boards/main/images/${record}`],
    ['DELETE', `/api/boards/main/images/${record}`],
    ['PUT', '/p.png'],
    ['PUT', '/b/main/p.png'],
    ['POST', '/nowhere'],
    ['OPTIONS', '/api/boards'],
  ]
  const [boards, pictures] = [await countBoards(), await server.pictures()]
  for (const origin of ['null', 'http://evil.example', `https://localhost:${server.port}`])
    for (const [method, path] of routes) {
      const response = await fetch(server.url + path, { method, headers: { origin } })
      assert.equal(response.status, 403, `${method} ${path} of ${origin}`)
      assert.equal((await errorOf(response)).code, 'foreign-origin')
      assert.equal(response.headers.get('access-control-allow-origin'), null)
      assert.equal(response.headers.get('set-cookie'), null)
    }
  assert.equal(await countBoards(), boards)
  assert.deepEqual(await server.pictures(), pictures)
})

test('B38: two Host or Origin headers are refused, even if they say the same', async () => {
  const host = `Host: localhost:${server.port}`
  const origin = `Origin: http://localhost:${server.port}`
  const boards = await countBoards()
  const first = 'POST /api/boards HTTP/1.1'
  const statuses = []
  for (const headers of [
    [host, 'host: evil.example'],
    ['Host: evil.example', host],
    [host, host],
    [host, origin, 'ORIGIN: http://evil.example'],
    [host, origin, origin],
    [host, 'Origin:', origin],
  ])
    statuses.push((await answerTo([first, ...headers])).slice(9, 12))
  assert.deepEqual(statuses, ['421', '421', '421', '403', '403', '403'])
  assert.equal(await countBoards(), boards)
  assert.match(await answerTo([first, host, origin]), /201/)
})

/** Resolves to the status of a refused handshake, or to 101. */
async function handshake(harness: Harness, origin: string): Promise<number> {
  const socket = new WebSocket(`ws://localhost:${harness.port}/live/?EIO=4&transport=websocket`, {
    headers: { origin },
  })
  const { promise, resolve } = Promise.withResolvers<number>()
  socket.once('open', () => resolve(101))
  socket.once('unexpected-response', (_request, { statusCode = 0 }) => resolve(statusCode))
  socket.on('error', () => resolve(0))
  const status = await promise
  socket.terminate()
  return status
}

test('B37, B41: a handshake of another origin is refused, and one of an allowed site is not', async () => {
  assert.equal(await handshake(server, `http://localhost:${server.port}`), 101)
  for (const origin of ['null', SITE, `http://127.0.0.1:${server.port}`])
    assert.ok((await handshake(server, origin)) >= 400, origin)
  assert.equal(await handshake(allowing, SITE), 101)
  assert.ok((await handshake(allowing, 'https://evil.example')) >= 400)
})

test('B40: answers carry the opener policy where a browser keeps to it', async () => {
  const policyAt = async (host: string): Promise<string | undefined> => {
    const request = httpRequest({ port: lan.port, path: '/healthz', headers: { host } }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.resume()
    return response.headers['cross-origin-opener-policy'] as string | undefined
  }
  const lan = await Harness.open({ publicUrl: 'https://board.example' })
  try {
    for (const host of ['board.example', 'localhost:8000', '127.0.0.1', '[::1]:8000'])
      assert.equal(await policyAt(host), 'same-origin', host)
    await lan.restart({ publicUrl: 'http://board.example' })
    assert.equal(await policyAt('board.example'), undefined, 'browsers complain by plain http')
    assert.equal(await policyAt('localhost'), 'same-origin')
  } finally {
    await lan.close()
  }
})

test('B41: a page of an allowed site asks across origins, and reads errors too', async () => {
  const preflight = await fetch(`${allowing.url}/api/boards`, {
    method: 'OPTIONS',
    headers: {
      origin: SITE,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  })
  const allowed = (name: string) => preflight.headers.get(`access-control-allow-${name}`)
  assert.equal(preflight.status, 204)
  assert.equal(allowed('origin'), SITE)
  assert.equal(allowed('headers'), 'authorization,content-type')
  assert.match(allowed('methods')!, /\bPATCH\b/)
  assert.equal(allowed('credentials'), null)
  const headers = { origin: SITE, authorization: `Bearer ${'t'.repeat(22)}` }
  const made = await fetch(`${allowing.url}/api/boards`, { method: 'POST', headers })
  assert.equal(made.status, 201)
  assert.match(made.headers.get('access-control-expose-headers')!, /Location/)
  const missing = await fetch(`${allowing.url}/api/boards/nowhere`, { headers })
  assert.equal(missing.status, 404)
  const snapshot = await fetch(`${allowing.url}/api/boards/main/snapshot`, { headers })
  for (const { headers: answered } of [made, missing, snapshot]) {
    assert.equal(answered.get('access-control-allow-origin'), SITE)
    assert.equal(answered.get('access-control-allow-credentials'), null)
    assert.match(answered.get('vary')!, /\bOrigin\b/)
  }
  const elsewhere = await fetch(`${allowing.url}/api/boards/main`)
  assert.equal(elsewhere.headers.get('access-control-allow-origin'), null)
  assert.match(elsewhere.headers.get('vary')!, /\bOrigin\b/, 'caches keep them apart')
})

test('B42: a cookie that comes with such a request is not read, and none is set', async () => {
  const newcomer = await fetch(`${allowing.url}/api/boards/main`)
  const cookie = newcomer.headers.get('set-cookie')!.split(';')[0]!
  const authorOf = async (headers: Record<string, string>): Promise<string> => {
    const id = await putPicture(headers)
    return (await allowing.record(id))!.author
  }
  const putPicture = async (headers: Record<string, string>): Promise<string> => {
    const response = await fetch(`${allowing.url}/p.gif`, { method: 'PUT', headers, body: GIF })
    assert.equal(response.status, 201)
    if (headers['origin'] !== undefined) assert.equal(response.headers.get('set-cookie'), null)
    return ((await response.json()) as { id: string }).id
  }
  const visitor = await authorOf({ cookie })
  assert.match(visitor, /^[\w-]{22}$/)
  const across = await authorOf({ cookie, origin: SITE })
  assert.match(across, /~$/, 'somebody without a token')
  assert.notEqual(across.slice(0, -1), visitor.slice(0, -1))
  const own = await authorOf({ cookie, origin: allowing.url })
  assert.equal(own, visitor)
})

/** One pixel. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')

/** Makes a board that opens by links. Resolves to its id, its maker's cookie and the secret of a link. */
async function makeBoard(): Promise<{ board: string; cookie: string; secret: string }> {
  const response = await fetch(`${allowing.url}/api/boards`, { method: 'POST' })
  const cookie = response.headers.get('set-cookie')!.split(';')[0]!
  const { id, links } = (await response.json()) as { id: string; links: { url: string }[] }
  return { board: id, cookie, secret: links[0]!.url.split('#')[1]! }
}

test('B151: a link for one site serves the pages of no other one', async () => {
  const other = 'https://other.example'
  const server = await Harness.open({ allowedOrigins: [SITE, other] })
  try {
    const maker = new Visitor(server.url)
    const { id, links } = await maker.makeBoard()
    const path = `/api/boards/${id}/links`
    for (const wrong of [
      { role: 'edit', origin: SITE },
      { role: 'view', origin: `${SITE}/` },
    ])
      assert.equal(await maker.refusal(path, 'POST', wrong), 'bad-request')
    const made = await maker.ask(path, 'POST', { role: 'view', origin: SITE })
    const link = (await made.json()) as { id: string; url: string }
    const ask = async (url: string, origin?: string): Promise<string> => {
      const authorization = `Bearer ${url.split('#')[1]}`
      const headers = { authorization, ...(origin && { origin }) }
      const response = await fetch(`${server.url}/api/boards/${id}/snapshot`, { headers })
      if (response.ok) return 'ok'
      return ((await response.json()) as { error: { code: string } }).error.code
    }
    assert.equal(await ask(link.url, SITE), 'ok')
    assert.equal(await ask(link.url, other), 'foreign-origin')
    assert.equal(await ask(link.url), 'ok', 'a program names no origin')
    assert.equal(await ask(links.at(-1)!.url, other), 'ok', 'another link is for all sites')
    assert.equal(await maker.refusal(`${path}/${link.id}`, 'PATCH', { role: 'own' }), 'bad-request')
    const renewed = await maker.ask(`${path}/${link.id}/renew`, 'POST')
    const { url } = (await renewed.json()) as { url: string }
    assert.equal(await ask(url, other), 'foreign-origin', 'a renewed one is for the same site')
    const { links: listed } = (await (await maker.ask(path)).json()) as {
      links: { id: string; label: string; origin: string | null }[]
    }
    const { label, origin } = listed.find((each) => each.id === link.id)!
    assert.deepEqual([label, origin], [new URL(SITE).host, SITE])
  } finally {
    await server.close()
  }
})

test("B47: a cookie's write names its origin, where a board needs a right", async () => {
  const { board, cookie, secret } = await makeBoard()
  const { url } = allowing
  const put = async (to: string, headers: Record<string, string>): Promise<number | string> => {
    const response = await fetch(url + to, { method: 'PUT', headers, body: GIF })
    return response.ok ? response.status : (await errorOf(response)).code
  }
  const closed = `/b/${board}/p.gif`
  const authorization = `Bearer ${secret}`
  assert.equal(await put(closed, { cookie }), 'foreign-origin')
  assert.equal(await put(closed, { cookie, origin: url }), 201)
  assert.equal(await put(closed, { authorization }), 201)
  assert.equal(await put('/p.gif', { cookie }), 201, 'an open board')
  const read = await fetch(`${url}/api/boards/${board}/snapshot`, { headers: { cookie } })
  assert.equal(read.status, 200)
  assert.equal(await trySocket(url, board, { headers: { cookie } }), 'foreign-origin')
  assert.equal(await trySocket(url, board, { headers: { cookie, origin: url } }), 'open')
  assert.equal(await trySocket(url, board, { headers: { authorization } }), 'open')
  assert.equal(await trySocket(url, 'main', { headers: { cookie } }), 'open')
})

test("B48: a page of an allowed site comes in by the handshake's token alone", async () => {
  const { board, cookie, secret } = await makeBoard()
  const headers = { origin: SITE, cookie }
  assert.equal(await trySocket(allowing.url, board, { headers }), 'link-needed')
  assert.equal(await trySocket(allowing.url, board, { headers, token: secret }), 'open')
  const wrong = { headers, token: 'w'.repeat(22) }
  assert.equal(await trySocket(allowing.url, board, wrong), 'link-ended')
  assert.equal(await trySocket(allowing.url, board, { headers, token: '\r\nx' }), 'bad-request')
})
