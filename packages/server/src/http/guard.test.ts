import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { createGuard } from './guard.ts'
import { trustedProxies } from './trusted-proxies.ts'

function request(headers: Record<string, string>, method = 'GET', url = '/'): IncomingMessage {
  const message = new IncomingMessage(new Socket())
  return Object.assign(message, { headers: { host: 'localhost:8000', ...headers }, method, url })
}

/** Returns a request that comes from this address. */
function requestFrom(address: string, headers: Record<string, string>): IncomingMessage {
  const message = request(headers)
  Object.defineProperty(message.socket, 'remoteAddress', { value: address })
  return message
}

/** Everybody may edit. */
const access = {
  rightOf: async () => ({ role: 'edit', grant: [] }) as const,
  watchRight: () => ({ [Symbol.dispose]() {} }),
}
const here = createGuard({ host: '127.0.0.1', publicUrl: null, access })
const everywhere = createGuard({ host: '0.0.0.0', publicUrl: 'https://board.example', access })

test('F11: the server answers to its own names only', () => {
  for (const host of ['localhost', 'LOCALHOST:8000', '127.0.0.1:1', '[::1]:8000', 'localhost.:80'])
    here.check(request({ host }))
  const [address] = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const named = address?.family === 'IPv6' ? `[${address.address}]` : address?.address
  for (const host of [
    'board.example',
    `${hostname()}:8000`,
    `${hostname()}.local`,
    named ?? 'localhost',
  ])
    everywhere.check(request({ host }))
  const foreign = ['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io', '10.255.254.253']
  for (const host of [...foreign, '', 'a b', '[::2]', 'localhost:8000/x', 'x@localhost'])
    for (const guard of [here, everywhere])
      assert.throws(() => guard.check(request({ host })), { code: 'foreign-host' }, host)
  assert.throws(() => here.check(request({ host: hostname() })), { code: 'foreign-host' })
})

test("F11: another site's page can't ask", () => {
  here.check(request({ origin: 'http://localhost:8000' }, 'POST', '/api/boards'))
  everywhere.check(request({ origin: 'https://board.example' }, 'POST', '/api/boards'))
  for (const origin of [
    'http://localhost:9000',
    'https://localhost:8000',
    'null',
    'http://evil.example',
    '',
  ])
    assert.throws(() => here.check(request({ origin })), { code: 'foreign-origin' }, origin)

  const crossSite = { 'sec-fetch-site': 'cross-site' }
  here.check(request(crossSite), { page: true })
  here.check(request(crossSite, 'GET', '/b/abc'), { page: true })
  assert.throws(() => here.check(request(crossSite, 'POST', '/'), { page: true }), {
    code: 'foreign-origin',
  })
  for (const [method, url] of [
    ['GET', '/api/boards/main'],
    ['GET', '/live/?EIO=4'],
    ['GET', '/%61pi/boards/main'],
    ['GET', 'http://localhost/api/boards/main'],
    ['GET', '/b/abc/blob/0/original'],
    ['POST', '/'],
    ['PUT', '/a.jpg'],
  ])
    assert.throws(
      () => here.check(request(crossSite, method, url)),
      { code: 'foreign-origin' },
      url,
    )
})

test('what a request came to is the public origin, else what it says itself', () => {
  const lan = request({ host: 'localhost:8000' })
  assert.equal(here.urlFor(lan), 'http://localhost:8000')
  assert.equal(everywhere.urlFor(lan), 'https://board.example')
})

test('a visitor is known again by the token alone', () => {
  const newcomer = request({})
  const cookie = here.visitorCookie(newcomer)!
  assert.match(
    cookie,
    /^wirephoto_visitor_00000000=[\w-]{22}; Path=\/; Max-Age=34560000; HttpOnly; SameSite=Lax$/,
  )
  assert.match(everywhere.visitorCookie(request({ host: 'board.example' }))!, /; Secure$/)
  const { visitor: marked } = here.visitor(newcomer)
  assert.match(marked, /^[\w-]{21}~$/, 'J5: a sender without a token is told by its id')

  const token = /=([\w-]+)/.exec(cookie)![1]!
  const back = request({ cookie: `a=b; wirephoto_visitor_00000000=${token}; c=d` })
  const { visitor } = here.visitor(back)
  assert.match(visitor, /^[\w-]{22}$/)
  assert.equal(visitor.slice(0, -1), marked.slice(0, -1))
  assert.equal(here.visitorCookie(back), null)
  const program = request({ authorization: `Bearer ${token}` })
  assert.equal(here.visitor(program).visitor, visitor)
  assert.notEqual(
    here.visitor(request({ cookie: 'wirephoto_visitor_00000000=short' })).visitor,
    visitor,
  )
})

test('H17: the cookie is Secure only where the browser asked by https', () => {
  const publicUrl = 'https://board.example'
  const guard = createGuard({
    host: '0.0.0.0',
    publicUrl,
    proxies: trustedProxies(['10.0.0.1', 'fd00::/8']),
    access,
  })
  const isSecure = (address: string, headers: Record<string, string>): boolean =>
    guard.visitorCookie(requestFrom(address, headers))!.includes('; Secure')
  const https = { 'x-forwarded-proto': 'https' }
  const http = { 'x-forwarded-proto': 'http' }
  assert.equal(isSecure('192.168.1.7', { host: '192.168.1.2:8000' }), false, 'the LAN address')
  assert.equal(isSecure('192.168.1.7', { host: 'board.example' }), true, 'the public name')
  for (const address of ['10.0.0.1', '::ffff:10.0.0.1', 'fd12::3']) {
    assert.equal(isSecure(address, { host: '192.168.1.2', ...https }), true, address)
    assert.equal(isSecure(address, { host: 'board.example', ...http }), false, address)
    assert.equal(isSecure(address, { 'x-forwarded-proto': 'https, http' }), false)
    assert.equal(isSecure(address, { 'x-forwarded-proto': 'http, HTTPS' }), true)
    assert.equal(isSecure(address, { 'x-forwarded-proto': 'gopher' }), false)
  }
  for (const address of ['10.0.0.2', '127.0.0.1', 'fe00::1', '::1', ''])
    assert.equal(isSecure(address, { host: '192.168.1.2', ...https }), false, `spoofed: ${address}`)
})

test('H18: only a trusted proxy says by which scheme a page asks', () => {
  const trusting = createGuard({
    host: '127.0.0.1',
    publicUrl: null,
    proxies: trustedProxies(['loopback']),
    access,
  })
  const forwarded = { origin: 'https://localhost:8000', 'x-forwarded-proto': 'https' }
  trusting.check(requestFrom('127.0.0.9', forwarded))
  assert.equal(trusting.urlFor(requestFrom('::1', forwarded)), 'https://localhost:8000')
  const refusal = { code: 'foreign-origin' }
  assert.throws(() => trusting.check(requestFrom('10.0.0.1', forwarded)), refusal)
  assert.throws(() => here.check(requestFrom('127.0.0.1', forwarded)), refusal)
  assert.equal(here.urlFor(requestFrom('::1', forwarded)), 'http://localhost:8000')
  const host = { host: 'evil.example', 'x-forwarded-host': 'localhost' }
  assert.throws(() => trusting.check(requestFrom('127.0.0.1', host)), { code: 'foreign-host' })
})

test('an address that a proxy cannot have is refused', () => {
  for (const wrong of ['', '10', '10.0.0', '300.1.1.1', '10.0.0.0/33', 'proxy.example', '1'])
    assert.throws(() => trustedProxies([wrong]), RangeError, wrong)
})
