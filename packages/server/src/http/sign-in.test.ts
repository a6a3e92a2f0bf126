import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { IdentityProvider } from '../../../../test/support/identity-provider.ts'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { openSocket } from '../../support/open-socket.ts'
import { makeOwnerCode } from '../access/owner-code.ts'
import { IssuerError } from '../sign-in/sign-in.ts'

/* Owners of the server who sign in, at a provider that runs beside it. */

const PUBLIC_URL = 'http://localhost/photos'
const CALLBACK = `${PUBLIC_URL}/api/owner/callback`
const PATIENCE_MS = 60_000
const ACCOUNTS = {
  anna: { email: 'Anna@example.com', email_verified: true },
  ben: { email: 'ben@example.com', email_verified: false },
  carla: { email: 'carla@example.com', email_verified: true },
  'id-of-dora': {},
  // Somebody who has chosen another's address as their name.
  'anna@example.com': { email: 'mallory@example.com', email_verified: true },
}

let provider: IdentityProvider
let server: Harness
before(async () => {
  provider = await IdentityProvider.open(ACCOUNTS, CALLBACK)
  server = await Harness.open({
    publicUrl: PUBLIC_URL,
    isOpen: false,
    oidc: provider.configFor('anna@example.com', 'ben@example.com', 'id-of-dora'),
  })
})
after(async () => {
  await server.close()
  await provider.stop()
})

interface Sent {
  readonly method?: string
  readonly body?: string
  readonly headers?: Record<string, string>
}

/** Somebody with a browser, which keeps the cookies of each host, whatever the port. */
class Browser {
  readonly #jars = new Map<string, Map<string, string>>()

  /** Asks for a page as a browser does, and follows nothing. */
  async open(url: string, init: Sent = {}): Promise<Response> {
    const { hostname } = new URL(url)
    const jar = this.#jars.get(hostname) ?? new Map<string, string>()
    this.#jars.set(hostname, jar)
    const cookie = Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
    const headers = { cookie, 'user-agent': 'X11; Linux Firefox/150.0', ...init.headers }
    const response = await fetch(url, { redirect: 'manual', ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      if (/expires=Thu, 01 Jan 1970|Max-Age=0/i.test(line)) jar.delete(name!)
      else jar.set(name!, value!)
    }
    return response
  }

  /** Asks the server, at the path that it has for others. */
  ask(path: string, init?: Sent): Promise<Response> {
    const headers = { origin: 'http://localhost', ...init?.headers }
    return this.open(`${server.url}/photos${path}`, { ...init, headers })
  }

  /** The address that the provider is asked at. */
  async begin(query = ''): Promise<string> {
    const response = await this.ask(`/api/owner/sign-in${query}`)
    assert.equal(response.status, 303, await response.text())
    return response.headers.get('location')!
  }

  /** Goes through the provider, from its address. Resolves to the one that it sends back to. */
  async pass(url: string, person: string | null): Promise<string> {
    provider.next = person
    for (let at = url, hops = 0; ; hops++) {
      assert.ok(hops < 10, 'the provider leads nowhere')
      const response = await this.open(at)
      const location = response.headers.get('location')
      assert.ok(location, `${at}: ${response.status} ${await response.text()}`)
      at = new URL(location, at).href
      if (at.startsWith(CALLBACK)) return at
    }
  }

  /** Comes back from the provider. */
  comeBack(url: string): Promise<Response> {
    assert.ok(url.startsWith(PUBLIC_URL), url)
    // As browsers say that a page of another site led here.
    return this.open(server.url + new URL(url).pathname + new URL(url).search, {
      headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    })
  }

  async signIn(person: string, query?: string): Promise<Response> {
    return this.comeBack(await this.pass(await this.begin(query), person))
  }

  cookieHeader(): string {
    const jar = this.#jars.get(new URL(server.url).hostname) ?? new Map<string, string>()
    return Array.from(jar, ([name, value]) => `${name}=${value}`).join('; ')
  }

  async role(board = 'main'): Promise<string> {
    const response = await this.ask(`/api/boards/${board}/session`)
    if (!response.ok) return (await errorOf(response)).code
    return ((await response.json()) as { role: string }).role
  }

  async owner(): Promise<{ isOwner: boolean; until: number | null; signIn: string | null }> {
    return (await (await this.ask('/api/owner')).json()) as never
  }
}

/** Starts the server again, since it takes few wrong answers in a minute. */
const restart = (options: Parameters<Harness['restart']>[0] = {}): Promise<void> =>
  server.restart(options)

const refusalOf = async (response: Response): Promise<[number, string, string]> => {
  const { code, message } = await errorOf(response)
  return [response.status, code, message]
}

describe('signing in', () => {
  test('B125, B128: who is listed owns the server, and comes back to the board that they came from', async () => {
    const anna = new Browser()
    const { signIn } = await anna.owner()
    assert.equal(signIn, `${PUBLIC_URL}/api/owner/sign-in`)
    assert.equal(await anna.role(), 'link-needed')
    const back = await anna.signIn('anna')
    assert.deepEqual([back.status, back.headers.get('location')], [303, '/photos/'])
    assert.equal(await anna.role(), 'own')
    assert.equal((await anna.ask('/api/boards', { method: 'POST' })).status, 201)

    const dora = new Browser()
    const toBoard = await dora.signIn('id-of-dora', '?board=party')
    assert.equal(toBoard.headers.get('location'), '/photos/b/party')
    assert.equal(await dora.role(), 'own')
  })

  test('B128: no other address is led back to', async () => {
    const mallory = new Browser()
    for (const board of ['//evil.example', '../x', 'https://evil.example', '', 'a/b']) {
      const answer = await mallory.ask(`/api/owner/sign-in?board=${encodeURIComponent(board)}`)
      assert.equal((await errorOf(answer)).code, 'bad-request', board)
    }
    const answer = await mallory.ask('/api/owner/sign-in?to=https://evil.example')
    assert.equal(answer.status, 400)
    // A value of the cookie is checked in the same way.
    const url = await mallory.pass(await mallory.begin(), 'anna')
    const forged = `${'a'.repeat(129)}//evil.example`
    const name = /wirephoto_sign_in[^=]*/.exec(mallory.cookieHeader())![0]
    const refused = await new Browser().open(server.url + new URL(url).pathname, {
      headers: { cookie: `${name}=${forged}` },
    })
    assert.equal((await errorOf(refused)).code, 'sign-in-failed')
  })

  test('B126: the way to the provider has a challenge, a state and a nonce, and no script reads the cookie', async () => {
    const anna = new Browser()
    const answer = await anna.ask('/api/owner/sign-in')
    const { searchParams: query } = new URL(answer.headers.get('location')!)
    assert.equal(query.get('code_challenge_method'), 'S256')
    assert.equal(query.get('response_type'), 'code')
    assert.equal(query.get('redirect_uri'), CALLBACK)
    for (const name of ['state', 'nonce', 'code_challenge'])
      assert.match(query.get(name) ?? '', /^[\w-]{43}$/, name)
    const cookie = answer.headers.getSetCookie().find((line) => line.includes('sign_in'))!
    assert.match(cookie, /; Path=\/photos; Max-Age=600; HttpOnly; SameSite=Lax$/)
    assert.ok(!cookie.includes('secret-of-the-client'))
    const elsewhere = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    const led = await anna.ask('/api/owner/sign-in', { headers: elsewhere })
    assert.equal((await errorOf(led)).code, 'foreign-origin', "no other site's page begins it")
  })

  test('B126: a wrong state, another browser, a used code and a foreign nonce own nothing', async () => {
    await restart()
    const outcome = async (browser: Browser, url: string): Promise<string> => {
      const answer = await browser.comeBack(url)
      const code = answer.ok || answer.status === 303 ? 'let in' : (await errorOf(answer)).code
      assert.equal(await browser.role(), code === 'let in' ? 'own' : 'link-needed')
      return code
    }
    const anna = new Browser()
    const url = new URL(await anna.pass(await anna.begin(), 'anna'))
    url.searchParams.set('state', 'a'.repeat(43))
    assert.equal(await outcome(anna, url.href), 'sign-in-failed')

    const [ben, carla] = [new Browser(), new Browser()]
    const ofBen = await ben.pass(await ben.begin(), 'anna')
    assert.equal(await outcome(carla, ofBen), 'sign-in-failed', 'without a cookie')
    await carla.begin()
    assert.equal(await outcome(carla, ofBen), 'sign-in-failed', "with another's")

    const once = new Browser()
    const used = await once.pass(await once.begin(), 'anna')
    assert.equal(await outcome(once, used), 'let in')
    const twice = new Browser()
    const state = new URL(await twice.begin()).searchParams.get('state')!
    const replayed = new URL(used)
    replayed.searchParams.set('state', state)
    assert.equal(await outcome(twice, replayed.href), 'sign-in-failed', 'a used code')
    const again = await once.comeBack(used)
    assert.equal((await errorOf(again)).code, 'sign-in-failed', 'the same answer again')

    const foreign = new Browser()
    const asked = new URL(await foreign.begin())
    asked.searchParams.set('nonce', 'b'.repeat(43))
    assert.equal(await outcome(foreign, await foreign.pass(asked.href, 'anna')), 'sign-in-failed')

    const unproven = new Browser()
    const other = new URL(await unproven.begin())
    other.searchParams.set('code_challenge', 'c'.repeat(43))
    assert.equal(await outcome(unproven, await unproven.pass(other.href, 'anna')), 'sign-in-failed')

    const refused = new Browser()
    const denied = await refused.pass(await refused.begin(), null)
    const [status, code, message] = await refusalOf(await refused.comeBack(denied))
    assert.deepEqual([status, code], [403, 'sign-in-failed'])
    assert.match(message, /provider refused/)
  })

  test('B126, B31: wrong answers of one address are counted with its wrong codes', async () => {
    await restart()
    const codes: string[] = []
    for (let n = 0; n < 12; n++) {
      const answer = await new Browser().comeBack(`${CALLBACK}?code=a&state=b`)
      codes.push((await errorOf(answer)).code)
    }
    assert.deepEqual([...new Set(codes.slice(0, 10))], ['sign-in-failed'])
    assert.deepEqual([...new Set(codes.slice(10))], ['too-many'])
  })

  test('B127: nobody gets in who is not listed, by an address that is not verified, or by its look-alike', async () => {
    await restart()
    const refusals = {
      ben: /hasn't verified that ben@example\.com is yours/,
      carla: /carla@example\.com, who isn't listed/,
      'anna@example.com': /mallory@example\.com, who isn't listed/,
    }
    for (const [person, expected] of Object.entries(refusals)) {
      const browser = new Browser()
      const [status, code, message] = await refusalOf(await browser.signIn(person))
      assert.deepEqual([status, code], [403, 'sign-in-failed'], person)
      assert.match(message, expected)
      assert.equal(await browser.role(), 'link-needed')
      assert.equal((await browser.owner()).isOwner, false)
    }
  })

  test('B129: while the provider is away the server serves, and signing in says so', async (t) => {
    await restart()
    const anna = new Browser()
    const begun = await anna.pass(await anna.begin(), 'anna')
    await provider.stop()
    t.after(() => provider.start().catch(() => {}))
    const [status, code, message] = await refusalOf(await anna.comeBack(begun))
    assert.deepEqual([status, code], [502, 'unreachable'])
    assert.match(message, /provider that signs people in doesn't answer/)
    await restart()
    assert.equal((await anna.ask('/api/owner')).status, 200, 'it starts without its provider')
    const away = await anna.ask('/api/owner/sign-in')
    assert.deepEqual((await refusalOf(away)).slice(0, 2), [502, 'unreachable'])
    await provider.start()
    await anna.signIn('anna')
    assert.equal(await anna.role(), 'own')
  })

  test('B129: an issuer that is none, or another one, ends the start', async () => {
    const { issuer } = provider
    const { port } = new URL(issuer)
    for (const [given, named] of [
      [`${issuer}/elsewhere`, null],
      [`http://localhost:${port}`, issuer],
    ] as const) {
      const oidc = { ...provider.configFor('anna@example.com'), issuer: given }
      await assert.rejects(Harness.open({ publicUrl: PUBLIC_URL, oidc }), (error) => {
        assert.ok(error instanceof IssuerError)
        assert.equal(error.named, named)
        return true
      })
    }
  })

  test('B130: a session of somebody who signed in ends, with its sockets', async (t) => {
    await restart({ bounds: { 'owner-session': 2 } })
    const anna = new Browser()
    await anna.signIn('anna')
    const socket = await openSocket(server.url, 'main', {
      headers: { cookie: anna.cookieHeader(), origin: 'http://localhost' },
    })
    assert.ok(typeof socket !== 'string')
    t.after(() => socket.close())
    const gone = new Promise((resolve) => {
      socket.once('disconnect', resolve)
      setTimeout(PATIENCE_MS, 'still open', { ref: false }).then(resolve, resolve)
    })
    const { until } = await anna.owner()
    assert.ok(until !== null && until - Date.now() <= 2_000)
    assert.notEqual(await gone, 'still open')
    assert.equal(await anna.role(), 'link-needed')
    await restart({ bounds: {} })
  })

  test('B130: a person who is taken off the list owns nothing after the next start', async () => {
    const anna = new Browser()
    await anna.signIn('anna')
    assert.equal(await anna.role(), 'own')
    await restart({ oidc: provider.configFor('id-of-dora') })
    assert.equal(await anna.role(), 'link-needed')
    await restart({ oidc: undefined })
    assert.equal(await anna.role(), 'link-needed')
    assert.equal((await anna.owner()).signIn, null)
    assert.equal((await anna.ask('/api/owner/sign-in')).status, 404)
    assert.equal((await anna.ask('/api/owner/callback?code=a&state=b')).status, 404)
    await restart({ oidc: provider.configFor('anna@example.com', 'ben@example.com', 'id-of-dora') })
    assert.equal(await anna.role(), 'own')
  })
})

describe('sessions that own the server', () => {
  /** Opens a socket on the front board. `bye` is what it hears in the end. */
  const follow = async (t: TestContext, browser: Browser): Promise<{ bye: Promise<unknown> }> => {
    const socket = await openSocket(server.url, 'main', {
      headers: { cookie: browser.cookieHeader(), origin: 'http://localhost' },
    })
    assert.ok(typeof socket !== 'string')
    t.after(() => socket.close())
    const bye = new Promise((resolve) => {
      socket.once('bye', (text: string) => resolve(JSON.parse(text).error.code))
      setTimeout(PATIENCE_MS, 'nothing', { ref: false }).then(resolve, resolve)
    })
    return { bye }
  }

  test('B131: each sign-in has a token of its own, and ends the one before', async () => {
    await restart()
    const anna = new Browser()
    await anna.ask('/api/owner')
    const planted = anna.cookieHeader()
    await anna.signIn('anna')
    const first = anna.cookieHeader()
    const roleBy = async (cookie: string): Promise<number> =>
      (await fetch(`${server.url}/photos/api/boards/main/session`, { headers: { cookie } })).status
    assert.equal(await roleBy(planted), 401, "a visitor's token owns nothing")
    assert.equal(await roleBy(first), 200)
    await anna.signIn('anna')
    assert.notEqual(anna.cookieHeader(), first)
    assert.equal(await roleBy(first), 401, 'the session before has ended')
    assert.equal(await roleBy(anna.cookieHeader()), 200)
    const { code } = await makeOwnerCode(server.data)
    const second = anna.cookieHeader()
    const headers = { 'content-type': 'application/json' }
    const entered = await anna.ask('/api/owner', {
      method: 'POST',
      body: JSON.stringify({ code }),
      headers,
    })
    assert.equal(entered.status, 204)
    const set = entered.headers.getSetCookie().find((line) => line.includes('_owner'))!
    assert.match(
      set,
      /^wirephoto_owner%2Fphotos_[\da-f]{8}=[\w-]{22}; Path=\/photos; Max-Age=34560000; HttpOnly; SameSite=Lax$/,
    )
    assert.equal(await roleBy(second), 401, 'also by an owner code')
    assert.equal(await roleBy(anna.cookieHeader()), 200)
  })

  test('B132: signing out ends the session and its sockets', async (t) => {
    const anna = new Browser()
    await anna.signIn('anna')
    const kept = anna.cookieHeader()
    const { bye } = await follow(t, anna)
    assert.equal((await anna.ask('/api/owner', { method: 'DELETE' })).status, 204)
    assert.ok(!anna.cookieHeader().includes('_owner'))
    const replayed = await fetch(`${server.url}/photos/api/boards`, { headers: { cookie: kept } })
    assert.equal((await errorOf(replayed)).code, 'owner-needed')
    assert.equal(await bye, 'link-ended')
    assert.equal((await anna.ask('/api/owner', { method: 'DELETE' })).status, 204)
  })

  test('B134: owners of the server see the browsers that own it, and end one', async () => {
    const [anna, dora] = [new Browser(), new Browser()]
    await anna.signIn('anna')
    await dora.signIn('id-of-dora')
    interface Listed {
      readonly id: string
      readonly name: string | null
      readonly isThis: boolean
      readonly until: number
      readonly device: object
    }
    const { owners } = (await (await anna.ask('/api/owners')).json()) as { owners: Listed[] }
    const [ofDora, ofAnna] = [
      owners.find(({ name }) => name === 'id-of-dora')!,
      owners.find(({ isThis }) => isThis)!,
    ]
    assert.equal(ofAnna.name, 'Anna@example.com')
    assert.deepEqual(ofDora.device, { browser: 'Firefox', system: 'Linux' })
    assert.ok(ofDora.until > Date.now())
    assert.ok(!JSON.stringify(owners).includes('hash'))
    assert.equal((await anna.ask(`/api/owners/${ofDora.id}`, { method: 'DELETE' })).status, 204)
    assert.equal(await dora.role(), 'link-needed')
    assert.equal(await anna.role(), 'own')
    assert.equal((await anna.ask(`/api/owners/${ofDora.id}`, { method: 'DELETE' })).status, 404)
    assert.equal((await dora.ask('/api/owners')).status, 403)
  })
})
