import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { memoryStore, type Obstacle, openBoard } from '@wirephoto/client'
import { cleanupAfter } from '../support/cleanup.ts'
import { Gateway, type GatewayAnswer } from '../support/gateway.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture } from '../support/pictures.ts'

const html = (title: string) => `<!doctype html><title>${title}</title><h1>${title}</h1>`

/** Answers that proxies, gateways and captive portals give in a server's place. */
const ANSWERS: Readonly<Record<string, GatewayAnswer>> = {
  'a login page': { status: 200, body: html('Log in to this network') },
  'JSON that is not ours': {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"message":"ok"}',
  },
  'JSON that looks like ours': {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"cursor":"e.1.s","records":[null],"changes":5,"seq":1}',
  },
  'a redirection to a login page': { status: 302, headers: { location: '/login' }, body: '' },
  'a refusal of nginx': { status: 403, body: html('403 Forbidden') },
  'a page that is not there': { status: 404, body: html('404 Not Found') },
  'a page that is gone': { status: 410, body: html('410 Gone') },
  'a type that is not taken': { status: 415, body: html('415 Unsupported Media Type') },
  'a refusal in JSON': {
    status: 403,
    headers: { 'content-type': 'application/json' },
    body: '{"error":{"code":403,"message":"Forbidden"}}',
  },
  'our code under another status': { status: 400, body: '{"error":{"code":"video","message":""}}' },
  'a bad gateway': { status: 502, body: html('502 Bad Gateway') },
  'a service that is away': {
    status: 503,
    headers: { 'retry-after': 'Wed, 21 Oct 2037 07:28:00 GMT' },
    body: html('503 Service Unavailable'),
  },
  'a gateway that waited in vain': { status: 504, body: '' },
}
const TIMEOUT = { timeout: 60_000 }

let server: InProcessServer
let photo: Blob

before(async () => {
  server = await InProcessServer.open()
  const bytes = await drawPicture({ width: 1800, height: 1400, quality: 95 })
  photo = new Blob([new Uint8Array(bytes)])
})
after(() => server.close())

async function open(t: TestContext) {
  const stack = cleanupAfter(t)
  const gateway = stack.adopt(await Gateway.open(server.port), (each) => each.close())
  const id = await server.newBoard()
  const openPage = () =>
    stack.adopt(openBoard({ url: gateway.url, board: id, store: memoryStore() }), (board) =>
      board.close(),
    )
  return { gateway, openPage }
}

const picture = () => ({ file: photo, name: 'a.jpg', width: 1800, height: 1400 })

describe('an answer from between', { concurrency: 8 }, () => {
  for (const [name, answer] of Object.entries(ANSWERS))
    test(`U25: ${name} ends no upload`, TIMEOUT, async (t) => {
      const { gateway, openPage } = await open(t)
      const board = openPage()
      const obstacles: Obstacle[] = []
      const notices: string[] = []
      board.on('obstacle', (obstacle) => obstacles.push(obstacle))
      board.on('notice', ({ code }) => notices.push(code))
      let left = 4
      gateway.answer = ({ url = '' }) => (/uploads|login/.test(url) && left-- > 0 ? answer : null)
      const [id] = board.addPictures([picture()])
      const record = await board.stored(id!)
      assert.equal(record.bytes, photo.size)
      assert.ok(gateway.answered.length >= 4, gateway.answered.join())
      assert.deepEqual(notices, [])
      assert.deepEqual(obstacles, ['between'])
    })

  for (const [name, answer] of Object.entries(ANSWERS))
    test(`W29: ${name} refuses no board`, TIMEOUT, async (t) => {
      const { gateway, openPage } = await open(t)
      let left = 2
      gateway.answer = ({ url = '' }) => (/snapshot|login/.test(url) && left-- > 0 ? answer : null)
      const board = openPage()
      await new Promise<void>((resolve) => {
        const look = () => {
          if (board.status.loaded && board.status.connection === 'live') resolve()
        }
        board.on('status', look)
        look()
      })
      assert.equal(board.status.refused, null)
      assert.ok(gateway.answered.length >= 2, gateway.answered.join())
    })

  test(
    'U26: parts become as small as something between demands, and stay so',
    TIMEOUT,
    async (t) => {
      const { gateway, openPage } = await open(t)
      const board = openPage()
      const obstacles: Obstacle[] = []
      board.on('obstacle', (obstacle) => obstacles.push(obstacle))
      gateway.answer = ({ headers }) =>
        Number(headers['content-length'] ?? 0) > 50_000
          ? { status: 413, body: html('413 Request Entity Too Large') }
          : null
      assert.ok(photo.size > 100_000)
      const [first] = board.addPictures([picture()])
      assert.equal((await board.stored(first!)).bytes, photo.size)
      const tooLarge = gateway.answered.length
      assert.ok(tooLarge > 0)
      const [second] = board.addPictures([picture()])
      assert.equal((await board.stored(second!)).bytes, photo.size)
      assert.equal(gateway.answered.length, tooLarge)
      assert.deepEqual(obstacles, ['small-requests'])
    },
  )

  test(
    'U31: parts become smaller where larger ones break off without an answer',
    TIMEOUT,
    async (t) => {
      const { gateway, openPage } = await open(t)
      const board = openPage()
      gateway.answer = ({ headers }) =>
        Number(headers['content-length'] ?? 0) > 100_000 ? 'reset' : null
      const [id] = board.addPictures([picture()])
      assert.equal((await board.stored(id!)).bytes, photo.size)
    },
  )

  test(
    'U25: tries of an upload become rarer while something between answers',
    TIMEOUT,
    async (t) => {
      const { gateway, openPage } = await open(t)
      const board = openPage()
      const at: number[] = []
      gateway.answer = ({ url = '', method }) => {
        if (!url.includes('uploads') || at.length >= 5) return null
        if (method === 'POST') at.push(performance.now())
        return { status: 502, body: html('502 Bad Gateway') }
      }
      const [id] = board.addPictures([picture()])
      await board.stored(id!)
      const pauses = at.slice(1).map((time, i) => time - at[i]!)
      assert.ok(pauses.at(-1)! > 1_500, pauses.join())
    },
  )

  test(
    'U25: a picture that is given up is trashed if something between answers',
    TIMEOUT,
    async (t) => {
      const { gateway, openPage } = await open(t)
      const board = openPage()
      gateway.answer = ({ url = '' }) =>
        url.includes('uploads') ? { status: 200, body: html('Log in') } : null
      const [id] = board.addPictures([picture()])
      await board.settled()
      await board.cancel(id!)
      await board.settled()
      assert.notEqual(board.pictures.get(id!)?.deletedAt, null)
    },
  )
})
