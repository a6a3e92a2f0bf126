import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { uuidv7, WIRE_VERSION } from '@wirephoto/board'
import { io } from 'socket.io-client'
import { errorOf, Harness } from '../../support/http-harness.ts'
import type { Bounds } from '../bounds.ts'

/* The rates of changes and of new boards, by visitor and by address. */

type Answer = { error?: { code: string } }

async function open(t: TestContext, bounds: Partial<Bounds>) {
  const server = await Harness.open({ bounds })
  t.after(() => server.close())
  return {
    server,
    /** Sends so many requests at once; resolves to their answers. */
    post: (path: string, count: number, token: string, body: () => object): Promise<Response[]> =>
      Promise.all(
        Array.from({ length: count }, () =>
          fetch(`${server.url}${path}`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
            body: JSON.stringify(body()),
          }),
        ),
      ),
  }
}

const token = () => randomBytes(16).toString('base64url')
const newId = () => uuidv7(Date.now(), randomBytes(10))
const message = () => ({
  client: newId(),
  n: 1,
  commands: [{ kind: 'image.remove', id: newId() }],
})
const countOf = (answers: readonly Response[], status: number) =>
  answers.filter((answer) => answer.status === status).length

test('Y24: commands by HTTP and by socket share one rate, which is a visitor’s', async (t) => {
  const { server, post } = await open(t, { 'commands-per-visitor': 10 })
  const visitor = token()
  const answers = await post('/b/main/commands', 60, visitor, message)
  const refused = answers.find(({ status }) => status === 429)!
  assert.ok(refused)
  assert.ok(countOf(answers, 200) >= 20)
  assert.ok(Number(refused.headers.get('retry-after')) >= 1)
  assert.equal((await errorOf(refused)).code, 'too-many')

  const socket = io(server.url, {
    path: '/live',
    transports: ['websocket'],
    auth: { board: 'main', wire: WIRE_VERSION },
    extraHeaders: { authorization: `Bearer ${visitor}` },
    forceNew: true,
  })
  t.after(() => socket.close())
  const sent = await Promise.all(
    Array.from({ length: 60 }, () => socket.emitWithAck('commands', message()) as Promise<Answer>),
  )
  assert.ok(sent.some(({ error }) => error?.code === 'too-many'))
  const [other] = await post('/b/main/commands', 1, token(), message)
  assert.equal(other?.status, 200)
})

test('Y24: the other requests that change something count too', async (t) => {
  const { server, post } = await open(t, { 'commands-per-visitor': 1 })
  const visitor = token()
  await post('/b/main/commands', 2, visitor, message)
  const headers = { authorization: `Bearer ${visitor}`, 'content-type': 'application/json' }
  const ask = (method: string, path: string) =>
    Promise.all(Array.from({ length: 5 }, () => fetch(`${server.url}${path}`, { method, headers })))
  for (const [method, path] of [
    ['DELETE', `/api/boards/main/images/${newId()}`],
    ['PATCH', `/api/boards/main/images/${newId()}`],
    ['PUT', '/b/main/a.png'],
    ['POST', '/api/boards/main/images'],
    ['POST', '/api/boards/main/images/from-url'],
  ] as const)
    assert.ok(countOf(await ask(method, path), 429) > 0, `${method} ${path}`)
  assert.equal(countOf(await ask('GET', '/api/boards/main/snapshot'), 200), 5)
})

test('Y24: visitors who are one address share its rate', async (t) => {
  const { post } = await open(t, { 'commands-per-address': 10 })
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => post('/b/main/commands', 1, token(), message)),
  )
  const taken = countOf(answers.flat(), 200)
  assert.ok(taken >= 20 && taken < 60, `${taken}`)
})

test('Y25, E24: a visitor and an address make so many boards in an hour, and hear when the next may be', async (t) => {
  const { server, post } = await open(t, { 'boards-per-visitor': 3, 'boards-per-address': 5 })
  const before = (await server.engine.boards.list()).length
  assert.equal(countOf(await post('/api/boards', 10, token(), () => ({})), 201), 3)
  const [last] = (await post('/api/boards', 10, token(), () => ({}))).toReversed()
  assert.equal((await server.engine.boards.list()).length, before + 5)
  assert.equal(last?.status, 429)
  // A third of an hour, or the rest of it.
  const waitS = Number(last?.headers.get('retry-after'))
  assert.ok(waitS > 600 && waitS <= 1_200, `${waitS}`)
})
