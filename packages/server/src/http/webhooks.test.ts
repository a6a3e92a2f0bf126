import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ImageRecord } from '@wirephoto/board'
import { pino } from 'pino'
import sharp from 'sharp'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { Fetcher } from '../images/remote-fetch.ts'
import { TrustedClock } from '../trusted-clock.ts'
import { Webhooks } from '../webhooks/webhooks.ts'

const PATIENCE_MS = 20_000

interface Told {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}
interface Event {
  readonly id: string
  readonly type: string
  readonly board: string
  readonly picture: { readonly id: string; readonly name: string; readonly fileUrl: string }
  readonly slot?: { readonly name: string; readonly lastFrameAt: number }
}

/** Time by which the server's clock is ahead. */
let aheadMs = 0
let clock: TrustedClock
let server: Harness
let target: Awaited<ReturnType<typeof openTarget>>
let png: Buffer<ArrayBuffer>
before(async () => {
  target = await openTarget()
  clock = new TrustedClock({ wallNow: () => Date.now() + aheadMs })
  server = await Harness.open({ webhookTo: [`127.0.0.1:${target.port}`], clock })
  const drawn = sharp({ create: { width: 40, height: 30, channels: 3, background: '#336699' } })
  png = Buffer.from(await drawn.png().toBuffer())
})
after(async () => {
  await server.close()
  target.close()
})

/** A server that keeps what it is told. */
async function openTarget(
  answer: (response: ServerResponse) => void = (response) => {
    response.writeHead(204).end()
  },
) {
  const told: Told[] = []
  const http = createServer((request, response) => {
    void text(request).then((body) => {
      told.push({ headers: request.headers, body })
      answer(response)
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/hook`,
    told,
    async until(count: number): Promise<void> {
      for (const end = Date.now() + PATIENCE_MS; told.length < count; await setTimeout(10))
        assert.ok(Date.now() < end, `${told.length} of ${count} events`)
    },
    close: () => {
      http.closeAllConnections()
      http.close()
    },
  }
}

/** Makes a board, and returns how to ask of it as its owner. */
async function newBoard() {
  const made = await fetch(`${server.url}/api/boards`, { method: 'POST' })
  const { id, links } = (await made.json()) as {
    id: string
    links: { url: string; role: string }[]
  }
  const authorization = `Bearer ${links.find(({ role }) => role === 'own')!.url.split('#')[1]}`
  const ask = (method: string, path: string, json?: object) =>
    fetch(`${server.url}/api/boards/${id}${path}`, {
      method,
      headers: { authorization, ...(json && { 'content-type': 'application/json' }) },
      ...(json && { body: JSON.stringify(json) }),
    })
  const put = async (name: string): Promise<ImageRecord> => {
    const headers = { authorization }
    const at = `${server.url}/b/${id}/${name}`
    const response = await fetch(at, { method: 'PUT', headers, body: png })
    return (await response.json()) as ImageRecord
  }
  const push = async (slot: string): Promise<void> => {
    const at = `${server.url}/b/${id}/live/${slot}`
    const response = await fetch(at, { method: 'PUT', headers: { authorization }, body: png })
    assert.equal(response.status, 202)
  }
  return { id, ask, put, push }
}

test('H76, H77: an address is told, and signed, what is stored and removed', async () => {
  const board = await newBoard()
  const made = await board.ask('POST', '/webhooks', { url: target.url })
  assert.equal(made.status, 201)
  const { id, key, ...rest } = (await made.json()) as Record<'id' | 'key' | 'url', string>
  assert.equal(rest.url, target.url)
  const listed = (await (await board.ask('GET', '/webhooks')).json()) as { webhooks: object[] }
  assert.deepEqual(listed.webhooks, [{ id, ...rest }], 'its key is told once')

  const picture = await board.put('harbour.png')
  await board.ask('PATCH', `/images/${picture.id}`, { caption: 'Harbour', x: 4 })
  await board.ask('DELETE', `/images/${picture.id}`)
  await target.until(2)
  const events = target.told.map(({ body }) => JSON.parse(body) as Event)
  assert.deepEqual(
    events.map(({ type, picture: { id: each } }) => [type, each]),
    [
      ['stored', picture.id],
      ['removed', picture.id],
    ],
  )
  const [first] = events
  assert.deepEqual([first!.board, first!.picture.name], [board.id, 'harbour.png'])
  assert.equal(
    first!.picture.fileUrl,
    `${server.url}/api/boards/${board.id}/images/${picture.id}/file`,
  )
  for (const { headers, body } of target.told) {
    const [, time, hash] = /^t=(\d+),v1=([\da-f]{64})$/.exec(
      String(headers['wirephoto-signature']),
    )!
    assert.equal(hash, createHmac('sha256', key).update(`${time}.${body}`).digest('hex'))
  }

  assert.equal((await board.ask('DELETE', `/webhooks/${id}`)).status, 204)
  assert.equal((await errorOf(await board.ask('DELETE', `/webhooks/${id}`))).code, 'not-found')
  await board.put('untold.png')
  await setTimeout(200)
  assert.equal(target.told.length, 2)
})

test('H76, H79: a board has ten of them, and none leads into the own network', async () => {
  const board = await newBoard()
  for (const url of [
    'http://127.0.0.1/',
    `http://127.0.0.1:${target.port + 1}/`,
    'http://10.0.0.1/',
    'http://[::1]/',
    'http://localhost/',
  ])
    assert.equal(
      (await errorOf(await board.ask('POST', '/webhooks', { url }))).code,
      'foreign-address',
      url,
    )
  for (const url of ['ftp://a.example/', 'hook', ''])
    assert.equal(
      (await errorOf(await board.ask('POST', '/webhooks', { url }))).code,
      'bad-request',
      url,
    )
  const tries = []
  for (let i = 0; i < 11; i++)
    tries.push((await board.ask('POST', '/webhooks', { url: `${target.url}/${i}` })).status)
  assert.deepEqual(tries, [...Array.from({ length: 10 }, () => 201), 429])
})

test('L81, L82: an address is told of a slot that is late, and of its next frame, signed', async () => {
  const board = await newBoard()
  const before = target.told.length
  const made = await board.ask('POST', '/webhooks', { url: target.url })
  const { key } = (await made.json()) as { key: string }
  const events = () =>
    target.told.slice(before).flatMap(({ body }) => {
      const event = JSON.parse(body) as Event
      return event.type === 'stored' ? [] : [event]
    })
  for (const slot of ['once', 'cam', 'cam']) await board.push(slot)
  aheadMs += 120_000
  await target.until(before + 3)
  await board.push('cam')
  await board.push('once')
  await target.until(before + 4)
  const [late, live, ...rest] = events()
  assert.deepEqual(rest, [], 'of a single frame nothing is told')
  assert.deepEqual([late!.type, live!.type], ['slot.late', 'slot.live'])
  for (const { slot, picture, board: id } of [late!, live!]) {
    assert.deepEqual([id, slot!.name, picture.name], [board.id, 'cam', 'cam'])
    assert.ok(slot!.lastFrameAt < clock.now() - 110_000, 'the frame before')
  }
  const { headers, body } = target.told.at(-1)!
  const [, time, hash] = /^t=(\d+),v1=(.+)$/.exec(String(headers['wirephoto-signature']))!
  assert.equal(hash, createHmac('sha256', key).update(`${time}.${body}`).digest('hex'))

  aheadMs += 600_000
  await target.until(before + 6)
  const names = events()
    .slice(2)
    .map(({ type, slot }) => `${type} ${slot!.name}`)
  assert.deepEqual(names.toSorted(), ['slot.late cam', 'slot.late once'])
  await board.ask('DELETE', '/slots/cam')
  await board.ask('DELETE', '/slots/once')
  aheadMs += 120_000
  await board.put('last.png')
  await target.until(before + 7)
  assert.equal((JSON.parse(target.told.at(-1)!.body) as Event).picture.name, 'last.png')
})

test('H78: what an address does not take is sent again, in order, and then given up', async (t) => {
  let refusals = 2
  const busy = await openTarget((response) => {
    response.writeHead(refusals-- > 0 ? 503 : 200).end()
  })
  const dead = await openTarget((response) => {
    response.writeHead(302, { location: busy.url }).end()
  })
  t.after(() => {
    busy.close()
    dead.close()
  })
  const lines: string[] = []
  const webhooks = new Webhooks({
    secrets: server.engine.secrets,
    poster: new Fetcher({ maxUpload: 1, trusted: ['127.0.0.1'] }),
    now: () => Date.now(),
    addressesOf: (_board, id) => ({ url: id, fileUrl: id }),
    log: pino({}, { write: (line: string) => void lines.push(line) }),
    retryDelaysMs: [1, 1, 1],
  })
  webhooks.follow(server.boards)
  const board = await newBoard()
  await webhooks.make(board.id, busy.url)
  await webhooks.make(board.id, dead.url)
  for (const name of ['1.png', '2.png']) await board.put(name)
  await busy.until(4)
  const names = busy.told.map(({ body }) => (JSON.parse(body) as Event).picture.name)
  assert.deepEqual(names, ['1.png', '1.png', '1.png', '2.png'])
  const ids = busy.told.map(({ body }) => (JSON.parse(body) as Event).id)
  assert.equal(new Set(ids).size, 2, 'an event keeps its id')
  await dead.until(8)
  for (const end = Date.now() + PATIENCE_MS; lines.length < 2; await setTimeout(10))
    assert.ok(Date.now() < end)
  assert.equal(dead.told.length, 8)
  assert.match(lines[0]!, /it was given up/)
  webhooks.close()
})
