import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ROLES, type Role } from '@wirephoto/board'
import { errorOf, Harness } from '../../support/http-harness.ts'

/* Closed boards over HTTP: how they are made, and what their links give. */

interface Made {
  readonly id: string
  readonly url: string
  readonly role: Role
  readonly links: readonly { readonly id: string; readonly role: Role; readonly url: string }[]
}

let server: Harness
before(async () => {
  server = await Harness.open()
})
after(() => server.close())

/** Somebody with a browser, which keeps its cookie. */
class Browser {
  #cookie = ''

  async ask(path: string, method = 'GET', body?: object): Promise<Response> {
    const headers = {
      cookie: this.#cookie,
      origin: server.url,
      'content-type': 'application/json',
    }
    const init = body ? { body: JSON.stringify(body) } : {}
    const response = await fetch(server.url + path, { method, headers, ...init })
    this.#cookie = response.headers.get('set-cookie')?.split(';')[0] ?? this.#cookie
    return response
  }

  async status(path: string, method?: string, body?: object): Promise<number> {
    const response = await this.ask(path, method, body)
    await response.text()
    return response.status
  }

  async makeBoard(): Promise<Made> {
    return (await (await this.ask('/api/boards', 'POST')).json()) as Made
  }

  exchange(board: string, secret: string): Promise<Response> {
    return this.ask(`/api/boards/${board}/session`, 'POST', { secret })
  }

  async role(board: string): Promise<Role | number> {
    const response = await this.ask(`/api/boards/${board}/session`)
    const { role } = (await response.json()) as { role?: Role }
    return role ?? response.status
  }
}

const secretIn = (url: string): string => url.split('#')[1]!
const secretOf = ({ links }: Made, role: Role): string =>
  secretIn(links.find((link) => link.role === role)!.url)
const byBearer = (path: string, secret: string, init: RequestInit = {}) =>
  fetch(server.url + path, { ...init, headers: { authorization: `Bearer ${secret}` } })

describe('access', () => {
  test('B1, B2: a new board opens by four links alone, and its maker owns it', async () => {
    const maker = new Browser()
    const made = await maker.makeBoard()
    assert.equal(made.role, 'own')
    assert.deepEqual(
      made.links.map(({ role }) => role),
      ROLES.toReversed(),
    )
    for (const { url } of made.links) assert.match(url, new RegExp(`^${made.url}#[\\w-]{22}$`))
    assert.equal(await maker.role(made.id), 'own')

    const stranger = new Browser()
    const refused = await stranger.ask(`/api/boards/${made.id}/snapshot`)
    assert.equal(refused.status, 401)
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer')
    assert.equal((await errorOf(refused)).code, 'link-needed')
  })

  test('B3: a link is exchanged for its role, and a higher one stays', async () => {
    const made = await new Browser().makeBoard()
    const guest = new Browser()
    const steps = [
      ['add', 'add'],
      ['view', 'add'],
      ['edit', 'edit'],
      ['add', 'edit'],
      ['own', 'own'],
    ] as const
    for (const [given, role] of steps) {
      const answer = await guest.exchange(made.id, secretOf(made, given))
      assert.deepEqual(await answer.json(), { role }, given)
      assert.equal(await guest.role(made.id), role)
    }
    const wrong = await guest.exchange(made.id, 'x'.repeat(22))
    assert.deepEqual([wrong.status, (await errorOf(wrong)).code], [403, 'link-ended'])
  })

  test("B4: a bearer is the secret of one of the board's links, and no other", async () => {
    const [made, other] = [await new Browser().makeBoard(), await new Browser().makeBoard()]
    const path = `/api/boards/${made.id}/session`
    for (const role of ROLES)
      assert.deepEqual(await (await byBearer(path, secretOf(made, role))).json(), {
        role,
        isOpen: false,
      })
    for (const secret of [secretOf(other, 'own'), 'x'.repeat(22)]) {
      const refused = await byBearer(path, secret)
      assert.deepEqual([refused.status, (await errorOf(refused)).code], [403, 'link-ended'])
    }
  })

  test('B5: a board from before links opens by its address, to edit', async () => {
    const board = await server.boards.create()
    assert.equal(await new Browser().role(board), 'edit')
    assert.deepEqual(
      await (await byBearer(`/api/boards/${board}/session`, 'x'.repeat(22))).json(),
      { role: 'edit', isOpen: true },
    )
  })

  test('B6, B7: a revoked link ends the rights that came by it, and no others', async () => {
    const maker = new Browser()
    const made = await maker.makeBoard()
    const [guest, editor] = [new Browser(), new Browser()]
    await guest.exchange(made.id, secretOf(made, 'add'))
    await editor.exchange(made.id, secretOf(made, 'edit'))
    assert.equal(await guest.role(made.id), 'add')
    const { id } = made.links.find(({ role }) => role === 'add')!
    assert.equal(await maker.status(`/api/boards/${made.id}/links/${id}`, 'DELETE'), 204)
    const refused = await guest.ask(`/api/boards/${made.id}/snapshot`)
    assert.deepEqual([refused.status, (await errorOf(refused)).code], [403, 'link-ended'])
    assert.equal((await byBearer(`/api/boards/${made.id}`, secretOf(made, 'add'))).status, 403)
    assert.equal((await guest.exchange(made.id, secretOf(made, 'add'))).status, 403)
    assert.equal(await editor.role(made.id), 'edit')
    assert.equal(await maker.role(made.id), 'own')
  })

  test('B8: a renewed link has a new secret, and the old one ends', async () => {
    const maker = new Browser()
    const made = await maker.makeBoard()
    const guest = new Browser()
    await guest.exchange(made.id, secretOf(made, 'edit'))
    const { id } = made.links.find(({ role }) => role === 'edit')!
    const answer = await maker.ask(`/api/boards/${made.id}/links/${id}/renew`, 'POST')
    const renewed = (await answer.json()) as Made['links'][number]
    assert.deepEqual([renewed.id, renewed.role], [id, 'edit'])
    assert.equal(await guest.role(made.id), 403)
    assert.equal((await guest.exchange(made.id, secretOf(made, 'edit'))).status, 403)
    assert.equal((await guest.exchange(made.id, secretIn(renewed.url))).status, 200)
    assert.equal(await guest.role(made.id), 'edit')
  })

  test('B9: an owner who renews the link that made them one stays it', async () => {
    const made = await new Browser().makeBoard()
    const owner = new Browser()
    await owner.exchange(made.id, secretOf(made, 'own'))
    const { id } = made.links.find(({ role }) => role === 'own')!
    assert.equal(await owner.status(`/api/boards/${made.id}/links/${id}/renew`, 'POST'), 200)
    assert.equal(await owner.role(made.id), 'own')
  })
})

test('B135: owners of a board see the browsers that own it, and end the right of one', async () => {
  const maker = new Browser()
  const made = await maker.makeBoard()
  const [helper, guest] = [new Browser(), new Browser()]
  await helper.exchange(made.id, secretOf(made, 'own'))
  await guest.exchange(made.id, secretOf(made, 'edit'))
  interface Owner {
    readonly id: string
    readonly since: number
    readonly isThis: boolean
    readonly link: { readonly id: string } | null
  }
  const owners = async (): Promise<Owner[]> =>
    ((await (await maker.ask(`/api/boards/${made.id}/owners`)).json()) as { owners: Owner[] })
      .owners
  const listed = await owners()
  const byLink = listed.find(({ link }) => link)!
  const [ofMaker] = listed.filter(({ isThis }) => isThis)
  assert.deepEqual([listed.length, ofMaker!.link], [2, null])
  assert.deepEqual([byLink.isThis, byLink.link!.id], [false, made.links[0]!.id])
  for (const { since } of listed) assert.ok(Math.abs(since - Date.now()) < 60_000)
  const path = `/api/boards/${made.id}/owners/${byLink.id}`
  assert.equal(await guest.status(path, 'DELETE'), 403)
  assert.equal(await maker.status(path, 'DELETE'), 204)
  assert.equal(await helper.role(made.id), 401)
  assert.equal(await maker.status(path, 'DELETE'), 404)
  assert.equal((await owners()).length, 1)
  // A guest whose link is given the role own later is one too.
  const { id } = made.links.find(({ role }) => role === 'edit')!
  await maker.ask(`/api/boards/${made.id}/links/${id}`, 'PATCH', { role: 'own' })
  assert.equal((await owners()).length, 2)
  await maker.status(`/api/boards/${made.id}/links/${id}`, 'DELETE')
  assert.equal((await owners()).length, 1, 'a link that is gone owns nothing')
})

test('F11: the front board is open to its own machine, and to others by a setting alone', async (t) => {
  const roleOn = async (harness: Harness, headers: Record<string, string> = {}) => {
    const response = await fetch(`${harness.url}/api/boards/main/session`, { headers })
    const { role } = (await response.json()) as { role?: Role }
    return role ?? response.status
  }
  const forwarded = [
    { forwarded: 'for=192.0.2.1' },
    { via: '1.1 proxy' },
    { 'x-forwarded-for': '192.0.2.1' },
    { 'x-forwarded-host': 'board.example' },
  ]
  const closed = await Harness.open({ isOpen: false })
  t.after(() => closed.close())
  assert.equal(await roleOn(closed), 'own')
  assert.equal(await roleOn(closed, { authorization: `Bearer ${'x'.repeat(22)}` }), 'own')
  for (const headers of forwarded)
    assert.equal(await roleOn(closed, headers), 401, JSON.stringify(headers))
  await closed.restart({ publicUrl: 'http://board.example' })
  assert.equal(await roleOn(closed), 401)
  await closed.restart({ isOpen: true })
  for (const headers of [{}, ...forwarded]) assert.equal(await roleOn(closed, headers), 'edit')
})
