import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { WIRE_VERSION } from '@wirephoto/board'
import { io } from 'socket.io-client'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { makeOwnerCode } from '../access/owner-code.ts'

const PATIENCE_MS = 60_000

/* A server that others reach: its front board is closed, and its owner makes boards. */

interface Made {
  readonly id: string
  readonly links: readonly { readonly role: string; readonly url: string }[]
}

interface Listed {
  readonly boards: readonly {
    readonly id: string
    readonly isOpen: boolean
    readonly isFixed: boolean
    readonly pictures: number
  }[]
  readonly next: string | null
}

let server: Harness
before(async () => {
  server = await Harness.open({ publicUrl: 'http://localhost', isOpen: false })
})
after(() => server.close())

/** Somebody with a browser, which keeps its cookie. */
class Browser {
  readonly #jar = new Map<string, string>()

  get #cookie(): string {
    return Array.from(this.#jar, ([name, value]) => `${name}=${value}`).join('; ')
  }

  async ask(path: string, method = 'GET', body?: object): Promise<Response> {
    const headers = { cookie: this.#cookie, origin: server.url, 'content-type': 'application/json' }
    const init = body ? { body: JSON.stringify(body) } : {}
    const response = await fetch(server.url + path, { method, headers, ...init })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      this.#jar.set(name!, value!)
    }
    return response
  }

  async outcome(path: string, method?: string, body?: object): Promise<number | string> {
    const response = await this.ask(path, method, body)
    if (response.status < 400) await response.text()
    return response.status < 400 ? response.status : (await errorOf(response)).code
  }

  async role(board: string): Promise<string> {
    const response = await this.ask(`/api/boards/${board}/session`)
    if (!response.ok) return (await errorOf(response)).code
    return ((await response.json()) as { role: string }).role
  }

  /** Enters the owner code that `wirephoto owner-code` would print now. */
  async own(): Promise<this> {
    const { code } = await makeOwnerCode(server.data)
    assert.equal(await this.outcome('/api/owner', 'POST', { code }), 204)
    return this
  }

  /** Opens a socket on a board. Resolves to what it hears in the end, once it is open. */
  async follow(t: TestContext, board: string): Promise<{ readonly bye: Promise<string> }> {
    const socket = io(server.url, {
      path: '/live',
      transports: ['websocket'],
      auth: { board, wire: WIRE_VERSION },
      extraHeaders: { cookie: this.#cookie, origin: server.url },
      forceNew: true,
      reconnection: false,
    })
    t.after(() => socket.close())
    const bye = new Promise<string>((resolve) => {
      socket.once('bye', (text: string) => resolve(JSON.parse(text).error.code))
      setTimeout(PATIENCE_MS, 'nothing', { ref: false }).then(resolve, resolve)
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('connect_error', reject)
    })
    return { bye }
  }

  async makeBoard(): Promise<Made> {
    return (await (await this.ask('/api/boards', 'POST')).json()) as Made
  }

  async list(): Promise<Listed['boards'][number][]> {
    const boards: Listed['boards'][number][] = []
    for (let place: string | null = ''; place !== null; ) {
      const answer = await this.ask(`/api/boards${place && `?after=${place}`}`)
      const part = (await answer.json()) as Listed
      boards.push(...part.boards)
      place = part.next
    }
    return boards
  }
}

describe("the server's owner", () => {
  test('B50, B56: a stranger gets neither the front board nor a new one, until they enter the owner code', async () => {
    const anna = new Browser()
    assert.equal(await anna.outcome('/api/boards/main/snapshot'), 'link-needed')
    assert.equal(await anna.outcome('/api/boards', 'POST'), 'owner-needed')
    assert.equal(await anna.outcome('/api/boards/main/images', 'POST'), 'link-needed')
    const { code } = await makeOwnerCode(server.data)
    assert.equal(await anna.outcome('/api/owner', 'POST', { code: 'BBBBBBBB' }), 'wrong-code')
    assert.equal(await anna.outcome('/api/owner', 'POST', { code }), 204)
    assert.equal(await anna.role('main'), 'own')
    assert.equal(await anna.outcome('/api/boards', 'POST'), 201)
    const ben = new Browser()
    assert.equal(await ben.outcome('/api/owner', 'POST', { code }), 'wrong-code')
    assert.equal(await ben.role('main'), 'link-needed')
  })

  test('B50: owning the server survives a restart', async () => {
    const anna = await new Browser().own()
    await server.restart({})
    assert.equal(await anna.role('main'), 'own')
  })

  test('B50: a code from a program with a bearer token owns nothing', async () => {
    const { code } = await makeOwnerCode(server.data)
    const token = 'x'.repeat(22)
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const body = JSON.stringify({ code })
    const answer = await fetch(`${server.url}/api/owner`, { method: 'POST', headers, body })
    assert.equal((await errorOf(answer)).code, 'not-allowed')
    assert.equal(await new Browser().outcome('/api/owner', 'POST', { code }), 204)
  })

  test('B57: after ten wrong codes in a minute an address waits, also for the right one', async () => {
    await server.restart({})
    const tries = Array.from({ length: 14 }, () =>
      new Browser().outcome('/api/owner', 'POST', { code: 'BBBBBBBB' }),
    )
    const outcomes = await Promise.all(tries)
    const countOf = (outcome: string) => outcomes.filter((each) => each === outcome).length
    assert.deepEqual([countOf('wrong-code'), countOf('too-many')], [10, 4])
    const { code } = await makeOwnerCode(server.data)
    const answer = await new Browser().ask('/api/owner', 'POST', { code })
    assert.equal(answer.status, 429)
    assert.ok(Number(answer.headers.get('retry-after')) > 0)
    await server.restart({})
  })

  test("B58, B59: the server's owner owns every board, and lists them; nobody else does", async () => {
    const [anna, ben] = [await new Browser().own(), await new Browser().own()]
    const { id } = await ben.makeBoard()
    const open = await server.boards.create()
    assert.equal(await anna.role(id), 'own')
    const listed = new Map((await anna.list()).map((each) => [each.id, each]))
    const facts = ['main', id, open].map((each) => {
      const { isOpen, isFixed } = listed.get(each)!
      return { isOpen, isFixed }
    })
    assert.deepEqual(facts, [
      { isOpen: false, isFixed: true },
      { isOpen: false, isFixed: false },
      { isOpen: true, isFixed: false },
    ])
    const guest = new Browser()
    assert.equal(await guest.outcome('/api/boards'), 'owner-needed')
    assert.equal(await anna.outcome('/api/boards?after=x'), 'bad-request')
  })

  test('B61: an open board is closed by the owner of the server alone, and then has links as a new one', async () => {
    const [anna, guest] = [await new Browser().own(), new Browser()]
    const id = await server.boards.create()
    assert.equal(await guest.role(id), 'edit')
    assert.equal(await guest.outcome(`/api/boards/${id}/close`, 'POST'), 'owner-needed')
    const answer = await anna.ask(`/api/boards/${id}/close`, 'POST')
    const { links } = (await answer.json()) as Made
    assert.deepEqual(
      links.map(({ role }) => role),
      ['own', 'edit', 'add', 'view'],
    )
    assert.equal(await guest.role(id), 'link-needed')
    const [, secret] = links[2]!.url.split('#')
    assert.equal(await guest.outcome(`/api/boards/${id}/session`, 'POST', { secret }), 200)
    assert.equal(await guest.role(id), 'add')
    const again = (await (await anna.ask(`/api/boards/${id}/close`, 'POST')).json()) as Made
    assert.deepEqual(again.links, [], 'a closed board gets no further links')
    assert.equal(await anna.outcome('/api/boards/nowhere/close', 'POST'), 'unknown-board')
    assert.equal(await anna.outcome('/api/boards/main/close', 'POST'), 'not-allowed')
  })

  test('B62: pages that are open on a board that is deleted or closed are cut off at once, and told why', {
    timeout: PATIENCE_MS,
  }, async (t) => {
    const [anna, guest] = [await new Browser().own(), new Browser()]
    const closed = await server.boards.create()
    const { id: deleted } = await anna.makeBoard()
    const [onClosed, onDeleted] = [await guest.follow(t, closed), await anna.follow(t, deleted)]
    // At once, and not only when the engine is asked which rights have ended.
    server.access.endWatch()
    assert.equal(await anna.outcome(`/api/boards/${closed}/close`, 'POST'), 200)
    assert.equal(await onClosed.bye, 'link-needed')
    assert.equal(await anna.outcome(`/api/boards/${deleted}`, 'DELETE'), 204)
    assert.equal(await onDeleted.bye, 'unknown-board')
  })

  test('B60: a board is deleted by those who own it, with its links, uploads and pictures', async () => {
    const [anna, ben, guest] = [await new Browser().own(), await new Browser().own(), new Browser()]
    const { id, links } = await ben.makeBoard()
    const announced = await server.announce('half.png', 'anna', id)
    await server.images.intake.begin({ board: id, id: announced, name: '', length: 99 })
    assert.notDeepEqual(await server.incomingFileNames(), [])
    const secrets = links.map(({ url }) => url.split('#')[1])
    await guest.outcome(`/api/boards/${id}/session`, 'POST', { secret: secrets[1] })
    assert.equal(await guest.role(id), 'edit')
    assert.equal(await guest.outcome(`/api/boards/${id}`, 'DELETE'), 'not-allowed')
    assert.equal(await ben.outcome(`/api/boards/${id}`, 'DELETE'), 204)
    for (const each of [anna, ben, guest])
      assert.equal(await each.outcome(`/api/boards/${id}/snapshot`), 'unknown-board')
    assert.equal(await anna.outcome(`/api/boards/${id}`, 'DELETE'), 'unknown-board')
    assert.equal(await anna.outcome('/api/boards/main', 'DELETE'), 'not-allowed')
    assert.ok(await server.engine.boards.has('main'))
    const end = performance.now() + PATIENCE_MS
    while ((await server.incomingFileNames()).length > 0) {
      assert.ok(performance.now() < end, 'an upload stays')
      await setTimeout(20)
    }
  })
})

describe('who may make boards', () => {
  test('B56: on loopback anyone, unless a proxy passes the request on; else by --create', async (t) => {
    const local = await Harness.open()
    t.after(() => local.close())
    const make = async (headers: Record<string, string> = {}): Promise<number> =>
      (await fetch(`${local.url}/api/boards`, { method: 'POST', headers })).status
    assert.equal(await make(), 201)
    assert.equal(await make({ 'x-forwarded-for': '192.0.2.1' }), 403)
    await local.restart({ create: 'owner' })
    assert.equal(await make(), 403)
    await local.restart({ create: 'anyone', publicUrl: 'http://localhost' })
    assert.equal(await make({ 'x-forwarded-for': '192.0.2.1' }), 201)
  })
})
