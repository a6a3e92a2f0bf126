import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { get } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AnyRecord,
  applyChanges,
  type ChangesAnswer,
  ChangesAnswer as ChangesAnswerSchema,
  type Command,
  type CommandAnswer,
  type Snapshot,
  uuidv7,
  WIRE_VERSION,
} from '@wirephoto/board'
import { fastify } from 'fastify'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { DownloadProgress } from '../archive/download-progress.ts'
import { SERVER } from '../boards/boards.ts'
import { HeldRequests } from '../live/held-requests.ts'
import { HeldCommands } from '../moderation/held-commands.ts'
import { HeldLogs } from '../moderation/held-logs.ts'
import { changesRoutes } from './changes.ts'

const newId = () => uuidv7(Date.now(), randomBytes(10))
const token = () => randomBytes(16).toString('base64url')
const title = (text: string): Command => ({ kind: 'board.patch', set: { title: text } })

describe('changes over HTTP', () => {
  let server: Harness
  let board: string
  let address: string
  before(async () => {
    server = await Harness.open()
  })
  after(() => server.close())

  const newBoard = async () => {
    board = await server.boards.create()
    address = `${server.url}/b/${board}`
    const { cursor } = await snapshot()
    return cursor
  }
  const snapshot = async () =>
    (await (await fetch(`${server.url}/api/boards/${board}/snapshot`)).json()) as Snapshot
  const ask = (cursor: string, query = '', init: RequestInit = {}) =>
    fetch(`${address}/changes?after=${encodeURIComponent(cursor)}${query}`, init)
  const changes = async (cursor: string, query = ''): Promise<ChangesAnswer> => {
    const response = await ask(cursor, query)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    const answer = (await response.json()) as ChangesAnswer
    assert.ok(ChangesAnswerSchema.safeParse(answer).success)
    return answer
  }
  const send = (message: unknown, init: RequestInit = {}) =>
    fetch(`${address}/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
      ...init,
    })

  test('F2, W21: what has changed since a cursor is answered at once, coalesced', async () => {
    const start = await newBoard()
    const none = await changes(start, '&wait=0')
    assert.deepEqual(none.changes, { from: start, to: start, changes: [] })
    await server.act([title('One')], SERVER, board)
    await server.act([title('Two')], SERVER, board)
    const { changes: batch, now, visitor } = await changes(start)
    assert.equal(batch?.from, start)
    assert.equal(batch.changes.length, 1)
    assert.equal(batch.to, (await snapshot()).cursor)
    assert.ok(Math.abs(now - Date.now()) < 60_000)
    assert.match(visitor, /^[\w-]{21}~$/)
  })

  test('W21: a request without news is held until there is some', async () => {
    const start = await newBoard()
    const holding = changes(start)
    const waited = await Promise.race([holding, sleep(300, 'held')])
    assert.equal(waited, 'held')
    await server.act([title('Three')], SERVER, board)
    const { changes: batch } = await holding
    assert.equal(batch?.from, start)
    assert.equal(batch.changes.length, 1)
  })

  test('F4: a reader that only polls ends with the same records as the board', async () => {
    let cursor = await newBoard()
    const records = new Map<string, AnyRecord>()
    const writing = (async () => {
      for (let i = 0; i < 40; i++) {
        await server.announce(`${i}.png`, 'anna', board)
        if (i % 4 === 0) await sleep(1)
      }
      await server.act([title('End')], SERVER, board)
    })()
    const isOver = () => {
      const settings = records.get('board')
      return settings?.kind === 'board' && settings.title === 'End'
    }
    while (!isOver()) {
      const { changes: batch } = await changes(cursor)
      assert.equal(batch?.from, cursor)
      applyChanges(records, batch.changes)
      cursor = batch.to
    }
    await writing
    const end = await snapshot()
    assert.equal(cursor, end.cursor)
    assert.deepEqual(
      [...records.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
      [...end.records].sort((a, b) => (a.id < b.id ? -1 : 1)),
    )
  })

  test('L8, W22: a cursor that cannot be read from is answered with null: the reader takes the snapshot', async () => {
    await newBoard()
    for (const foreign of ['elsewhere.0.stamp', `${(await snapshot()).cursor}x`])
      assert.equal((await changes(foreign)).changes, null, foreign)
    assert.equal((await ask('')).status, 400)
    assert.equal((await fetch(`${address}/changes`)).status, 400)
  })

  test('F3, Q3, W23: commands by POST are answered as on the socket, and a resent message takes effect once', async () => {
    const start = await newBoard()
    const id = newId()
    const commands = [{ kind: 'image.add', id, width: 40, height: 30, name: 'a.jpg' }]
    const message = { client: newId(), n: 1, commands }
    const first = (await (await send(message)).json()) as CommandAnswer
    const again = (await (await send(message)).json()) as CommandAnswer
    assert.deepEqual(again, first)
    assert.deepEqual([first.n, first.refused], [1, []])
    const { changes: batch } = await changes(start)
    assert.equal(batch?.changes.length, 1)
    const gap = await send({ ...message, n: 7 })
    assert.equal(gap.status, 409)
    const { error } = (await gap.json()) as { error: { code: string; expected: number } }
    assert.deepEqual([error.code, error.expected], ['gap', 2])
    const refused = (await (
      await send({ client: newId(), n: 1, commands })
    ).json()) as CommandAnswer
    assert.equal(refused.refused[0]?.error.code, 'conflict')
    assert.equal((await send({ client: newId(), n: 1, commands: [] })).status, 400)
  })

  test('Q1: a message as large as the socket takes is taken', async () => {
    await newBoard()
    const commands = Array.from({ length: 100 }, () => ({
      kind: 'image.add',
      id: newId(),
      width: 40,
      height: 30,
      name: 'a.jpg',
      caption: 'c'.repeat(2_000),
    }))
    const answer = await send({ client: newId(), n: 1, commands })
    assert.equal(((await answer.json()) as CommandAnswer).n, 100)
  })

  test('F11, W21: other sites, other names, unknown boards and older pages get nothing', async () => {
    const start = await newBoard()
    const foreign = { headers: { origin: 'https://elsewhere.example' } }
    for (const [answer, code] of [
      [await ask(start, '&wait=0', foreign), 'foreign-origin'],
      [
        await send({}, { headers: { ...foreign.headers, 'content-type': 'application/json' } }),
        'foreign-origin',
      ],
      [await fetch(`${server.url}/b/nowhere/changes?after=${start}`), 'unknown-board'],
      [await ask(start, `&wire=${WIRE_VERSION - 1}`), 'old-page'],
      [await fetch(`${address}/commands?wire=1`, { method: 'POST' }), 'old-page'],
    ] as const)
      assert.equal((await errorOf(answer)).code, code)
    const rebound = new Promise<number | undefined>((resolve) =>
      get(
        `${address}/changes?after=${start}`,
        { headers: { host: 'elsewhere.example' } },
        (response) => resolve(response.statusCode),
      ),
    )
    assert.equal(await rebound, 421)
  })

  test('F7, W24: one visitor holds so many requests, and a reader that goes makes room', async () => {
    const start = await newBoard()
    const headers = { authorization: `Bearer ${token()}` }
    const controllers = Array.from({ length: 24 }, () => new AbortController())
    const held = controllers.map(({ signal }) => ask(start, '', { headers, signal }))
    for (const each of held) each.catch(() => {})
    await untilStatus(() => ask(start, '', { headers, signal: AbortSignal.timeout(200) }), 429)
    assert.equal((await ask(start, '&wait=0', { headers })).status, 200, 'asking goes on')
    assert.equal((await ask(start, '&wait=0')).status, 200, 'so do others')
    for (const controller of controllers) controller.abort()
    const again = ask(start, '', { headers })
    await server.act([title('Room')], SERVER, board)
    // The server learns a moment later that the connections are closed.
    let answer = await again
    while (answer.status === 429) answer = await ask(start, '', { headers })
    assert.equal(answer.status, 200)
  })

  test('F7, X15: one connection holds one request, and one address a quarter of what a server does', async () => {
    const start = await newBoard()
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    const path = `/b/${board}/changes?after=${encodeURIComponent(start)}`
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`.repeat(3))
    let answers = ''
    socket.on('data', (bytes) => (answers += bytes.toString()))
    const statuses = () => [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
    await sleep(300)
    assert.deepEqual(statuses(), [])
    // The two behind the first are asked when that is answered, and find the news (Y1).
    for (let i = 0; statuses().length < 3; i++) {
      await server.act([title(`News ${i}`)], SERVER, board)
      await sleep(20)
    }
    socket.destroy()
    assert.deepEqual(statuses(), ['200', '200', '200'])

    const requests = new HeldRequests()
    const hold = (visitor: string, from: string) =>
      requests.hold({ visitor, address: from, connection: {} })
    const held = Array.from({ length: 1_000 }, (_, i) => hold(`${i}`, '192.0.2.1'))
    assert.throws(() => hold('more', '192.0.2.1'), { code: 'too-many' })
    hold('other', '192.0.2.2')
    held[0]![Symbol.dispose]()
    hold('more', '192.0.2.1')
  })

  test('Y31: who follows by requests is here between two of them, as a hidden page is', async () => {
    const requests = new HeldRequests()
    const app = fastify()
    const { boards, images } = server
    const { guard } = server
    await app.register(changesRoutes, {
      boards,
      guard,
      uploadProgress: images.uploadProgress,
      downloadProgress: new DownloadProgress(() => {}),
      heldRequests: requests,
      heldCommands: new HeldCommands(new HeldLogs(boards), images.replacedFiles),
      readPageBuild: async () => null,
    })
    const start = await newBoard()
    const path = `/b/${board}/changes?wait=0&after=${encodeURIComponent(start)}`
    const answer = await app.inject({ url: path, headers: { host: 'localhost' } })
    assert.equal(answer.statusCode, 200)
    assert.ok(requests.isHere(answer.json<{ visitor: string }>().visitor))
    assert.ok(!requests.isHere('somebody else'))
  })

  test('W20, W24: a server that stops answers what it holds', async () => {
    const start = await newBoard()
    const holding = ask(start)
    await untilHeld(holding)
    const stopped = server.stop()
    const answer = await holding
    assert.equal(answer.status, 503)
    assert.ok(answer.headers.get('retry-after'))
    assert.equal((await errorOf(answer)).code, 'stopping')
    await stopped
    await server.start()
  })

  test('W21: while a file comes, the reader hears how much of it is there', async () => {
    const start = await newBoard()
    const id = await server.announce('slow.png', 'anna', board)
    const { changes: batch } = await changes(start)
    server.images.uploadProgress.setBytes(board, id, 10, 100)
    const news = await changes(batch!.to)
    assert.equal(news.arrivals[id]?.sent, 10)
    assert.deepEqual(news.changes?.changes, [])
  })
})

/** Resolves when the request has been sent and isn't answered. */
async function untilHeld(holding: Promise<Response>): Promise<void> {
  assert.equal(await Promise.race([holding, sleep(300, 'held')]), 'held')
}

/** Asks until the answer has a status. An answer that is held is given up. */
async function untilStatus(ask: () => Promise<Response>, status: number): Promise<void> {
  for (;;) {
    const answer = await ask().catch(() => null)
    if (answer?.status === status) return
  }
}
