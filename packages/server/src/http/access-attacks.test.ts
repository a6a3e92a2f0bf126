import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { ROLES, type Role, uuidv7, WIRE_VERSION } from '@wirephoto/board'
import { pino } from 'pino'
import sharp from 'sharp'
import { io } from 'socket.io-client'
import { errorOf, Harness } from '../../support/http-harness.ts'

/* The tries of somebody without a right on a closed board, or with a lesser one. */

interface Made {
  readonly id: string
  readonly links: readonly { readonly id: string; readonly role: Role; readonly url: string }[]
}

const log: string[] = []
const stream = new Writable({
  write(chunk: Buffer, _encoding, done) {
    log.push(chunk.toString())
    done()
  },
})

let server: Harness
let board: Made
let png: Buffer
let picture: { id: string; blob: string }

before(async () => {
  server = await Harness.open({ log: pino({ level: 'debug' }, stream) })
  board = await makeBoard()
  png = await sharp({ create: { width: 40, height: 30, channels: 3, background: 'teal' } })
    .png()
    .toBuffer()
  const answer = await ask(`/api/boards/${board.id}/images`, 'own', 'POST', png)
  picture = (await answer.json()) as typeof picture
})
after(() => server.close())

const makeBoard = async (): Promise<Made> => {
  const response = await fetch(`${server.url}/api/boards`, { method: 'POST' })
  return (await response.json()) as Made
}

const secretOf = (role: Role, { links } = board): string =>
  links.find((link) => link.role === role)!.url.split('#')[1]!

/** Asks with the secret of a link of that role, with another token, or with none. */
function ask(
  path: string,
  who: string | null,
  method = 'GET',
  body?: Buffer | object,
  further: Record<string, string> = {},
): Promise<Response> {
  const token = (ROLES as readonly (string | null)[]).includes(who) ? secretOf(who as Role) : who
  const isFile = Buffer.isBuffer(body)
  const sent =
    body === undefined ? {} : { body: isFile ? new Uint8Array(body) : JSON.stringify(body) }
  const headers = {
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': isFile ? 'image/png' : 'application/json' }),
    ...further,
  }
  return fetch(server.url + path, { method, headers, ...sent })
}

const newId = () => uuidv7(Date.now(), randomBytes(10))
const command = (...commands: object[]) => ({ client: newId(), n: 1, commands })

/** Every address of a board that is read, with the verb that each asks for. */
const readDoors = () => [
  `/api/boards/${board.id}`,
  `/api/boards/${board.id}/snapshot`,
  `/api/boards/${board.id}/session`,
  `/api/boards/${board.id}/images/${picture.id}`,
  `/api/boards/${board.id}/images/${picture.id}/file`,
  `/api/boards/${board.id}/images/${picture.id}/file?download`,
  `/b/${board.id}/blob/${picture.blob}/original`,
]

describe('attacks on a closed board', () => {
  test('B10: nobody without a link of the board reads it, also with the address of a stolen blob', async () => {
    const other = await makeBoard()
    for (const path of readDoors()) {
      assert.equal((await ask(path, null)).status, 401, path)
      for (const token of [secretOf('own', other), 'A'.repeat(22), picture.blob, board.id])
        assert.equal((await ask(path, token)).status, 403, path)
      for (const role of ROLES) assert.equal((await ask(path, role)).status, 200, `${role} ${path}`)
    }
    const changes = `/b/${board.id}/changes?wait=0&after=${encodeURIComponent(await cursor())}`
    assert.equal((await ask(changes, null)).status, 401)
    assert.equal((await ask(changes, 'view')).status, 200)
    assert.equal((await ask(`/b/${board.id}/arrivals/${picture.id}`, null)).status, 401)
    assert.equal((await ask(`/b/${board.id}/arrivals/${picture.id}/preview`, null)).status, 401)
  })

  test('B11: a blob is read on boards that have it, whatever links its reader has elsewhere', async () => {
    const other = await makeBoard()
    const stolen = `/b/${other.id}/blob/${picture.blob}/original`
    assert.equal((await ask(stolen, secretOf('own', other))).status, 404)
    assert.equal((await ask(stolen, secretOf('own'))).status, 403)
  })

  test('B12: guessed ids of links change nothing', async () => {
    const { links } = (await (await ask(`/api/boards/${board.id}/links`, 'own')).json()) as {
      links: object[]
    }
    const other = await makeBoard()
    for (const id of ['x', other.links[0]!.id, '..%2F..', '__proto__'])
      for (const [method, way, body] of [
        ['DELETE', '', undefined],
        ['PATCH', '', { label: 'x' }],
        ['POST', '/renew', undefined],
      ] as const) {
        const path = `/api/boards/${board.id}/links/${id}${way}`
        assert.equal((await ask(path, 'own', method, body)).status, 404, `${method} ${path}`)
      }
    const after = await (await ask(`/api/boards/${board.id}/links`, 'own')).json()
    assert.deepEqual(after, { links })
    assert.equal((await ask(`/api/boards/${other.id}/session`, secretOf('own', other))).status, 200)
  })

  test('B13: only the role own reads and changes links', async () => {
    const [{ id }] = board.links as [Made['links'][number]]
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['POST', '', { role: 'own' }],
      ['PATCH', `/${id}`, { role: 'view' }],
      ['POST', `/${id}/renew`, undefined],
      ['DELETE', `/${id}`, undefined],
    ] as const)
      for (const who of ['view', 'add', 'edit', null]) {
        const response = await ask(`/api/boards/${board.id}/links${path}`, who, method, body)
        assert.equal(response.status, who === null ? 401 : 403, `${who} ${method} ${path}`)
      }
  })

  test('B14: who may only see adds nothing, by any door', async () => {
    const announced = `id ${Buffer.from(newId()).toString('base64')}`
    const tus = { 'tus-resumable': '1.0.0', 'upload-length': '9', 'upload-metadata': announced }
    const form = `/api/boards/${board.id}/images`
    for (const [method, path, body, headers] of [
      ['POST', form, png, {}],
      ['PUT', `/b/${board.id}/p.png`, png, {}],
      ['POST', `${form}/from-url`, { url: 'http://192.0.2.1/p.png' }, {}],
      ['POST', `/api/boards/${board.id}/uploads`, undefined, tus],
      ['PATCH', `${form}/${picture.id}`, { x: 1 }, {}],
      ['DELETE', `${form}/${picture.id}`, undefined, {}],
    ] as const) {
      const refused = await ask(path, 'view', method, body, headers)
      assert.equal(refused.status, 403, `${method} ${path}`)
      assert.equal((await errorOf(refused)).code, 'not-allowed')
    }
    const add = { kind: 'image.add', id: newId(), name: 'a.png', width: 4, height: 3 }
    const answer = await ask(`/b/${board.id}/commands`, 'view', 'POST', command(add))
    const { refused } = (await answer.json()) as { refused: { error: { code: string } }[] }
    assert.deepEqual(
      refused.map(({ error }) => error.code),
      ['not-allowed'],
    )
    assert.equal((await server.pictures(board.id)).length, 1)
  })

  test("B15: add changes one's own pictures alone, and only own purges and names the board", async () => {
    const mine = newId()
    const patch = (id: string) => ({ kind: 'image.patch', id, set: { x: 7 } })
    const codes = async (role: Role, ...commands: object[]) => {
      const answer = await ask(`/b/${board.id}/commands`, role, 'POST', command(...commands))
      const { refused } = (await answer.json()) as { refused: { n: number }[] }
      return refused.map(({ n }) => n)
    }
    const add = { kind: 'image.add', id: mine, name: 'a.png', width: 4, height: 3 }
    assert.deepEqual(await codes('add', add, patch(mine), patch(picture.id)), [3])
    const remove = { kind: 'image.remove', id: picture.id }
    const restore = { kind: 'image.restore', id: picture.id }
    const purge = { kind: 'image.purge', id: picture.id }
    const title = { kind: 'board.patch', set: { title: 'Mine' } }
    assert.deepEqual(await codes('add', remove), [1])
    assert.deepEqual(await codes('edit', remove, purge, restore, title), [2, 4])
    assert.deepEqual(await codes('own', title), [])
  })

  test('B16: a socket asks like a request, and tells the role', async () => {
    const connect = async (token?: string): Promise<string> => {
      const socket = io(server.url, {
        path: '/live',
        transports: ['websocket'],
        auth: { board: board.id, wire: WIRE_VERSION },
        extraHeaders: token === undefined ? {} : { authorization: `Bearer ${token}` },
        forceNew: true,
        reconnection: false,
      })
      try {
        await new Promise<void>((resolve, reject) => {
          socket.on('connect', resolve)
          socket.on('connect_error', reject)
        })
        const at = { cursor: await cursor() }
        const { role } = (await socket.emitWithAck('follow', at)) as { role: Role }
        return role
      } catch (error) {
        return (error as { data: { code: string } }).data.code
      } finally {
        socket.close()
      }
    }
    for (const role of ROLES) assert.equal(await connect(secretOf(role)), role)
    assert.equal(await connect(), 'link-needed')
    assert.equal(await connect('A'.repeat(22)), 'link-ended')
  })

  test('B17: a link that gets another role gives it to all who came by it', async () => {
    const other = await makeBoard()
    const { id } = other.links.find(({ role }) => role === 'edit')!
    const path = `/api/boards/${other.id}`
    const given = async () =>
      ((await (await ask(`${path}/session`, secretOf('edit', other))).json()) as { role: Role })
        .role
    assert.equal(await given(), 'edit')
    const own = secretOf('own', other)
    const changed = await ask(`${path}/links/${id}`, own, 'PATCH', { role: 'view', label: 'Hall' })
    assert.equal(((await changed.json()) as { role: Role }).role, 'view')
    assert.equal(await given(), 'view')
    const { links } = (await (await ask(`${path}/links`, own)).json()) as {
      links: { id: string; role: Role; label: string }[]
    }
    const listed = links.find((link) => link.id === id)!
    assert.deepEqual([listed.role, listed.label], ['view', 'Hall'])
  })

  test('B18: a secret stands in the answer that makes it, and in no other, nor in a log', async () => {
    const other = await makeBoard()
    const secrets = ROLES.map((role) => secretOf(role, other))
    const own = secretOf('own', other)
    const path = `/api/boards/${other.id}`
    const answers: string[] = []
    for (const [way, method, body] of [
      ['', 'GET', undefined],
      ['/links', 'GET', undefined],
      ['/session', 'GET', undefined],
      ['/session', 'POST', { secret: secretOf('add', other) }],
      ['/session', 'POST', { secret: 'no secret' }],
      ['/snapshot', 'GET', undefined],
      ['/nothing', 'GET', undefined],
    ] as const)
      for (const token of [own, null]) {
        const answer = await ask(path + way, token, method, body)
        answers.push(JSON.stringify([...answer.headers]), await answer.text())
      }
    const stored = await server.engine.secrets.list(other.id)
    for (const secret of secrets) {
      for (const text of [...answers, ...log, JSON.stringify(stored)])
        assert.ok(!text.includes(secret), text)
    }
    assert.ok(stored.every(({ hash }) => /^[0-9a-f]{64}$/.test(hash)))
  })

  test('B19: many renewals and revocations at once leave no link that was revoked', async () => {
    const other = await makeBoard()
    const own = secretOf('own', other)
    const { id } = other.links.find(({ role }) => role === 'add')!
    const path = `/api/boards/${other.id}/links/${id}`
    await Promise.all([
      ask(`${path}/renew`, own, 'POST'),
      ask(path, own, 'PATCH', { label: 'x' }),
      ask(path, own, 'DELETE'),
      ask(path, own, 'PATCH', { role: 'own' }),
      ask(`${path}/renew`, own, 'POST'),
    ])
    const { links } = (await (await ask(`/api/boards/${other.id}/links`, own)).json()) as {
      links: { id: string }[]
    }
    assert.ok(links.every((link) => link.id !== id))
  })
})

async function cursor(): Promise<string> {
  using held = await server.boards.hold(board.id)
  return held.board.cursor
}

test('B34: one visitor, and one address, exchanges so many links in an hour', async (t) => {
  const own = await Harness.open({
    bounds: { 'exchanges-per-visitor': 2, 'exchanges-per-address': 3 },
  })
  t.after(() => own.close())
  const response = await fetch(`${own.url}/api/boards`, { method: 'POST' })
  const made = (await response.json()) as Made
  const exchange = async (role: Role): Promise<number> => {
    const secret = secretOf(role, made)
    const answer = await fetch(`${own.url}/api/boards/${made.id}/session`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ secret }),
    })
    if (answer.status === 429) assert.ok(Number(answer.headers.get('retry-after')) > 0)
    return answer.status
  }
  const roles: Role[] = ['view', 'view', 'view', 'add', 'add']
  const statuses: number[] = []
  for (const role of roles) statuses.push(await exchange(role))
  assert.deepEqual(statuses, [200, 200, 429, 200, 429])
})
