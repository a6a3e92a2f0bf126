import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { after, test } from 'node:test'
import { Harness } from '../../support/http-harness.ts'
import type { Installation } from '../installation.ts'
import { createVisitorTokens, type VisitorTokens } from './visitor-token.ts'

const TOKEN = 't'.repeat(22)
const OTHER = 'o'.repeat(22)
const installation: Installation = { id: '1a2b3c4d', madeAt: Date.UTC(2027, 0, 1) }
const old: Installation = { ...installation, madeAt: Date.UTC(2026, 0, 1) }

interface Rules {
  readonly installation?: Installation
  readonly basePath?: string
  readonly isSecure?: boolean
}

const tokensWith = ({ isSecure = false, ...rules }: Rules): VisitorTokens =>
  createVisitorTokens({
    basePath: '',
    installation,
    ...rules,
    isSecure: () => isSecure,
    isForeign: () => false,
  })

function requestOf(headers: Record<string, string> = {}): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { headers })
}

const tokenBy = (tokens: VisitorTokens, cookie: string): string =>
  tokens.of(requestOf({ cookie })).token

test("B43: the cookie's name ends in the installation, and begins with __Host- where it can", () => {
  const nameOf = (rules: Rules): string =>
    tokensWith(rules)
      .cookieFor(requestOf())!
      .replace(/=[\w-]{22};/, ';')
  const age = 'Max-Age=34560000'
  assert.equal(
    nameOf({ isSecure: true }),
    `__Host-wirephoto_visitor_1a2b3c4d; Path=/; ${age}; HttpOnly; SameSite=Lax; Secure`,
  )
  assert.equal(nameOf({}), `wirephoto_visitor_1a2b3c4d; Path=/; ${age}; HttpOnly; SameSite=Lax`)
  assert.equal(
    nameOf({ basePath: '/photos', isSecure: true }),
    `wirephoto_visitor%2Fphotos_1a2b3c4d; Path=/photos; ${age}; HttpOnly; SameSite=Lax; Secure`,
  )
})

test('B44: by https at the root no cookie counts that a site beside this one can set', () => {
  const tokens = tokensWith({ isSecure: true })
  const own = `__Host-wirephoto_visitor_1a2b3c4d=${TOKEN}`
  for (const name of ['wirephoto_visitor_1a2b3c4d', 'wirephoto_visitor']) {
    const planted = `${name}=${OTHER}`
    assert.notEqual(tokenBy(tokens, planted), OTHER, name)
    for (const cookie of [`${planted}; ${own}`, `${own}; ${planted}`])
      assert.equal(tokenBy(tokens, cookie), TOKEN)
  }
})

test("B45: another installation's cookie on the same host is not this one's", () => {
  for (const isSecure of [false, true]) {
    const prefix = isSecure ? '__Host-' : ''
    const cookie = `${prefix}wirephoto_visitor_ffffffff=${OTHER}`
    const tokens = tokensWith({ isSecure })
    assert.notEqual(tokenBy(tokens, cookie), OTHER)
    const own = `${cookie}; ${prefix}wirephoto_visitor_1a2b3c4d=${TOKEN}`
    assert.equal(tokenBy(tokens, own), TOKEN)
    assert.equal(tokens.cookieFor(requestOf({ cookie: own })), null)
  }
})

test("B46: a visitor with an earlier version's cookie keeps their token, under the new name", () => {
  for (const [rules, earlier, name] of [
    [{}, 'wirephoto_visitor', 'wirephoto_visitor_1a2b3c4d'],
    [
      { installation: old, isSecure: true },
      'wirephoto_visitor',
      '__Host-wirephoto_visitor_1a2b3c4d',
    ],
    [
      { basePath: '/photos', isSecure: true },
      'wirephoto_visitor%2Fphotos',
      'wirephoto_visitor%2Fphotos_1a2b3c4d',
    ],
  ] as const) {
    const tokens = tokensWith(rules)
    const first = requestOf({ cookie: `${earlier}=${TOKEN}` })
    const visitor = tokens.visitorOf(first)
    assert.match(visitor, /^[\w-]{22}$/)
    assert.ok(tokens.cookieFor(first)!.startsWith(`${name}=${TOKEN}; `), name)
    // From then on the new one is theirs, whatever becomes of the other.
    const next = requestOf({ cookie: `${earlier}=${OTHER}; ${name}=${TOKEN}` })
    assert.equal(tokens.visitorOf(next), visitor)
    assert.equal(tokens.cookieFor(next), null)
  }
})

test('B43: a program with a token gets no cookie', () => {
  const tokens = tokensWith({})
  const request = requestOf({ authorization: `Bearer ${TOKEN}` })
  assert.deepEqual(tokens.of(request), { token: TOKEN, source: 'bearer' })
  assert.equal(tokens.cookieFor(request), null)
  const both = requestOf({
    authorization: `Bearer ${TOKEN}`,
    cookie: `wirephoto_visitor_1a2b3c4d=${OTHER}`,
  })
  assert.equal(tokens.of(both).token, TOKEN)
})

test('B45: an installation is the same after a restart, and another one in another folder', async () => {
  const server = await Harness.open()
  after(() => server.close())
  const other = await Harness.open()
  after(() => other.close())
  const nameOf = async ({ url }: Harness): Promise<string> => {
    const { headers } = await fetch(`${url}/api/boards/main`)
    return headers.get('set-cookie')!.split('=')[0]!
  }
  const name = await nameOf(server)
  assert.match(name, /^wirephoto_visitor_[\da-f]{8}$/)
  assert.notEqual(await nameOf(other), name)
  await server.restart({})
  assert.equal(await nameOf(server), name)
})
