import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { createGuard } from './guard.ts'

function request(headers: Record<string, string>, method = 'GET', url = '/'): IncomingMessage {
  const message = new IncomingMessage(new Socket())
  return Object.assign(message, { headers: { host: 'localhost:8000', ...headers }, method, url })
}

const here = createGuard({ host: '127.0.0.1', publicUrl: null })
const everywhere = createGuard({ host: '0.0.0.0', publicUrl: 'https://board.example' })

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
  assert.equal(here.origin(lan), 'http://localhost:8000')
  assert.equal(everywhere.origin(lan), 'https://board.example')
})

test('a visitor is known again by the token alone', () => {
  const newcomer = request({})
  const cookie = here.visitorCookie(newcomer)!
  assert.match(
    cookie,
    /^wirephoto_visitor=[\w-]{22}; Path=\/; Max-Age=34560000; HttpOnly; SameSite=Lax$/,
  )
  assert.match(everywhere.visitorCookie(request({}))!, /; Secure$/)
  const { visitor } = here.sender(newcomer, 'main')
  assert.match(visitor, /^[\w-]{22}$/)

  const token = /=([\w-]+)/.exec(cookie)![1]!
  const back = request({ cookie: `a=b; wirephoto_visitor=${token}; c=d` })
  assert.equal(here.sender(back, 'main').visitor, visitor)
  assert.equal(here.visitorCookie(back), null)
  const program = request({ authorization: `Bearer ${token}` })
  assert.equal(here.sender(program, 'other').visitor, visitor)
  assert.notEqual(
    here.sender(request({ cookie: 'wirephoto_visitor=short' }), 'main').visitor,
    visitor,
  )
})
