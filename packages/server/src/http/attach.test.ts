import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import {
  createServer as createHttpsServer,
  get as getByHttps,
  type Server as HttpsServer,
} from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { type Snapshot, WIRE_VERSION } from '@wirephoto/board'
import express from 'express'
import { io, type Socket } from 'socket.io-client'
import { WebSocket, WebSocketServer } from 'ws'
import { makeCertificate } from '../../../../test/support/certificate.ts'
import { blankPng } from '../../support/sample-images.ts'
import { createWirephoto, type Wirephoto } from '../wirephoto.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-attached-'))
})
after(() => rm(folder, { recursive: true, force: true }))

let made = 0
const quiet = () => ({ data: join(folder, String(made++)), log: 'silent', grace: 500 }) as const

/** Servers of others, which end after all tests. */
const servers: (Server | HttpsServer)[] = []
after(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

async function listening(server: Server | HttpsServer): Promise<string> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const answerOf = async (url: string, init?: RequestInit): Promise<string> =>
  (await fetch(url, init)).text()

/** Reads a snapshot once the variants of all its pictures are told. */
async function settledSnapshot(url: string): Promise<string> {
  for (;;) {
    const text = await answerOf(url)
    const { records } = JSON.parse(text) as Snapshot
    if (records.every((record) => record.kind !== 'image' || record.variants !== null)) return text
    await setTimeout(20)
  }
}

/** Opens a page's socket. Resolves to it, or to what refused it. */
async function page(url: string, path: string, board = 'main'): Promise<Socket | string> {
  const auth = { board, wire: WIRE_VERSION }
  const socket = io(url, { path, transports: ['websocket'], auth, reconnection: false })
  const { promise, resolve } = Promise.withResolvers<Socket | string>()
  socket.once('connect', () => resolve(socket))
  socket.once('connect_error', (error: Error) => {
    socket.close()
    resolve(error.message)
  })
  return promise
}

/** Says something to a websocket server of theirs, and resolves to its answer. */
async function echo(url: string): Promise<string> {
  const socket = new WebSocket(url.replace('http', 'ws'))
  await once(socket, 'open')
  socket.send('hello')
  const [answer] = (await once(socket, 'message')) as [Buffer]
  socket.close()
  return String(answer)
}

function echoes(server: Server, path: string): WebSocketServer {
  const sockets = new WebSocketServer({ server, path })
  sockets.on('connection', (socket) => socket.on('message', (said) => socket.send(said)))
  return sockets
}

describe('a part of a server of Node', () => {
  const theirs = createServer((request, response) => response.end(`theirs: ${request.url}`))
  let url: string
  let wirephoto: Wirephoto

  before(async () => {
    echoes(theirs, '/before')
    url = await listening(theirs)
    wirephoto = await createWirephoto({
      ...quiet(),
      server: theirs,
      path: '/photos',
      isOpen: true,
    })
  })
  after(() => wirephoto.close())

  test('I56: only what lies below its path is taken, and all else stays theirs', async () => {
    for (const path of ['/', '/api/boards/main', '/photosynthesis', '/live', '/x/photos/'])
      assert.equal(await answerOf(url + path), `theirs: ${path}`)
    const snapshot = await fetch(`${url}/photos/api/boards/main/snapshot`)
    assert.equal(snapshot.status, 200)
    assert.match(snapshot.headers.get('set-cookie') ?? '', /Path=\/photos; /)
    const front = (await (await fetch(`${url}/photos`)).json()) as { error: { code: string } }
    assert.equal(front.error.code, 'method-not-allowed')
    const sent = { method: 'PUT', body: new Uint8Array(blankPng(8, 6)) }
    const stored = await fetch(`${url}/photos/a.png`, sent)
    assert.equal(stored.status, 201)
    const { fileUrl } = (await stored.json()) as { fileUrl: string }
    assert.ok(fileUrl.startsWith(`${url}/photos/api/boards/main/images/`), fileUrl)
    assert.equal((await fetch(fileUrl)).headers.get('content-type'), 'image/png')
  })

  test('I56: a listener that they add later hears of none of its requests', async () => {
    const heard: (string | undefined)[] = []
    const listener = (request: IncomingMessage) => heard.push(request.url)
    theirs.on('request', listener)
    await answerOf(`${url}/photos/healthz`)
    await answerOf(`${url}/mine`)
    theirs.off('request', listener)
    assert.deepEqual(heard, ['/mine'])
  })

  test('I57: its websockets open beside theirs', async () => {
    const socket = await page(url, '/photos/live')
    assert.ok(typeof socket === 'object', 'it was refused')
    assert.equal(await echo(`${url}/before`), 'hello')
    assert.equal(socket.connected, true)
    socket.close()
  })

  test('I59: a push is on every page, and tells its record with its addresses', async () => {
    const socket = (await page(url, '/photos/live')) as Socket
    const snapshot = await fetch(`${url}/photos/api/boards/main/snapshot`)
    const { cursor } = (await snapshot.json()) as { cursor: string }
    await socket.emitWithAck('follow', { cursor })
    const changed = once(socket as never, 'changes')
    const words = { caption: 'Epoch 12', by: 'Trainer', x: 100, y: -40, w: 320 }
    const options = { ...words, name: 'plots/loss.png' }
    const picture = await wirephoto.push('main', blankPng(30, 20), options)
    const { id, url: address, fileUrl, ...record } = picture
    const known = { ...words, name: 'loss.png', width: 30, height: 20, type: 'image/png' }
    assert.partialDeepStrictEqual(record, known)
    const shown = url.replace('127.0.0.1', 'localhost')
    assert.equal(address, `${shown}/photos/api/boards/main/images/${id}`)
    assert.equal((await fetch(fileUrl)).status, 200)
    const [batch] = (await changed) as [unknown]
    assert.ok(JSON.stringify(batch).includes(id))
    socket.close()
  })

  test('L47: a picture of the program is shown, and kept nowhere', async () => {
    const snapshot = `${url}/photos/api/boards/main/snapshot`
    const records = await settledSnapshot(snapshot)
    const socket = (await page(url, '/photos/live')) as Socket
    const { cursor } = JSON.parse(records) as Snapshot
    await socket.emitWithAck('follow', { cursor })
    const shown = once(socket as never, 'shown')
    assert.equal(await wirephoto.show('main', blankPng(30, 20)), 1)
    const [, bytes] = (await shown) as [string, Buffer]
    assert.ok(bytes.equals(blankPng(30, 20)))
    assert.equal(await answerOf(snapshot), records)
    const refused = (code: string, ...args: Parameters<Wirephoto['show']>) =>
      assert.rejects(wirephoto.show(...args), { name: 'WireError', code })
    await refused('unknown-board', 'nowhere', blankPng(8, 6))
    await refused('not-a-picture', 'main', Buffer.from('ID3\x04\0\0\0\0\0\0 a sound'))
    socket.close()
  })

  test('I59: a stream is pushed as it comes', async () => {
    const stream = new PassThrough()
    const pushed = wirephoto.push('main', stream, { name: 'camera.png' })
    const bytes = blankPng(300, 200)
    stream.write(bytes.subarray(0, 50))
    await setImmediate()
    stream.end(bytes.subarray(50))
    const { width, height } = await pushed
    assert.deepEqual([width, height], [300, 200])
  })

  test('I60: a push that is refused says why by its code, and nothing of it stays', async () => {
    const refused = (code: string, ...args: Parameters<Wirephoto['push']>) =>
      assert.rejects(wirephoto.push(...args), { name: 'WireError', code })
    const snapshot = `${url}/photos/api/boards/main/snapshot`
    const records = await answerOf(snapshot)
    await refused('unknown-board', 'nowhere', blankPng(8, 6))
    await refused('not-a-picture', 'main', Buffer.from('ID3\x04\0\0\0\0\0\0 a sound'))
    await refused('empty-file', 'main', new Uint8Array())
    await refused('bad-request', 'main', blankPng(8, 6), { x: Number.NaN })
    await refused('unknown-field', 'main', blankPng(8, 6), { titel: 'a' } as never)
    const gone = new Error('not any more')
    const stop = new AbortController()
    const endless = wirephoto.push('main', new PassThrough(), { signal: stop.signal })
    stop.abort(gone)
    await assert.rejects(endless, gone)
    const torn = new PassThrough()
    const broken = wirephoto.push('main', torn)
    torn.destroy(new Error('no signal'))
    await assert.rejects(broken, { message: 'no signal' })
    assert.equal(await answerOf(snapshot), records)
  })
})

describe('a part of a server that has no websockets', () => {
  test('I57, I61: its websockets open, later ones of theirs too, and what it closes goes back to them', async () => {
    const theirs = createServer((_request, response) => response.end('theirs'))
    const url = await listening(theirs)
    const options = quiet()
    await using wirephoto = await createWirephoto({
      ...options,
      server: theirs,
      path: '/p',
      isOpen: true,
    })
    const socket = (await page(url, '/p/live')) as Socket
    // Node answers an offer that nobody listens for as a plain request.
    const offer = get(`${url}/mine`, { headers: { connection: 'upgrade', upgrade: 'h2c' } })
    const [answer] = (await once(offer, 'response')) as [IncomingMessage]
    assert.equal(await text(answer), 'theirs')
    echoes(theirs, '/later')
    assert.equal(await echo(`${url}/later`), 'hello')
    assert.equal(socket.connected, true)

    const push = wirephoto.push('main', new PassThrough())
    const refused = assert.rejects(push, { code: 'stopping' })
    const bye = once(socket as never, 'bye')
    await Promise.all([wirephoto.close(), wirephoto.close(), refused, bye])
    await assert.rejects(wirephoto.push('main', blankPng(8, 6)), { code: 'stopping' })
    assert.equal(await answerOf(`${url}/p/healthz`), 'theirs')
    assert.equal(theirs.emit, createServer().emit)
    assert.deepEqual(await readdir(join(options.data, 'arrivals')), [])

    // The folder is free for the next one, which may be a part of the same server.
    await using again = await createWirephoto({ ...options, server: theirs, path: '/again' })
    assert.match(await answerOf(`${url}/again/healthz`), /ok/)
    assert.equal(typeof again.push, 'function')
  })

  test('I63: its websockets are bounded by address', async (t) => {
    const theirs = createServer()
    const url = await listening(theirs)
    const bounds = { 'connections-per-address': 2 }
    await using _wirephoto = await createWirephoto({
      ...quiet(),
      server: theirs,
      isOpen: true,
      bounds,
    })
    for (let i = 0; i < 2; i++) {
      const socket = await page(url, '/live')
      assert.ok(typeof socket === 'object', 'it was refused')
      t.after(() => socket.close())
    }
    assert.equal(await page(url, '/live'), 'websocket error')
  })

  test('I63: nobody owns its front board by being at this machine, and it opens by isOpen alone', async () => {
    const theirs = createServer()
    const url = await listening(theirs)
    await using _wirephoto = await createWirephoto({ ...quiet(), server: theirs })
    const errorAt = async (path: string, init?: RequestInit) =>
      ((await (await fetch(url + path, init)).json()) as { error: { code: string } }).error.code
    assert.equal(await errorAt('/api/boards/main/snapshot'), 'link-needed')
    assert.equal(await errorAt('/api/boards', { method: 'POST' }), 'owner-needed')
    const headers = { host: 'rebound.example' }
    const rebound = get(`${url}/healthz`, { headers })
    const [{ statusCode }] = (await once(rebound, 'response')) as [IncomingMessage]
    assert.equal(statusCode, 421)
  })
})

describe('a part of an app of Express', () => {
  const app = express()
  const theirs = createServer(app)
  let url: string
  let whole: Wirephoto
  let below: Wirephoto

  before(async () => {
    const open = { isOpen: true, webRoot: null }
    whole = await createWirephoto({ ...quiet(), ...open })
    below = await createWirephoto({ ...quiet(), ...open, path: '/photos' })
    app.get('/hello', (_request, response) => void response.send('theirs'))
    app.post('/read', express.text(), (request, response) => {
      assert.throws(() => whole.handle(request, response), TypeError)
      response.send('theirs')
    })
    app.use('/photos', below.handle)
    app.use(whole.handle)
    theirs.on('upgrade', (request, socket, head) => {
      const { url: target = '' } = request
      if (target.startsWith('/photos/live')) below.handleUpgrade(request, socket, head)
      else if (target.startsWith('/live')) whole.handleUpgrade(request, socket, head)
      else socket.destroy()
    })
    url = await listening(theirs)
  })
  after(async () => {
    await whole.close()
    await below.close()
  })

  test('I58: it answers behind their routes, whole and below a path', async () => {
    assert.equal(await answerOf(`${url}/hello`), 'theirs')
    for (const path of ['', '/photos']) {
      const body = new Uint8Array(blankPng(8, 6))
      const stored = await fetch(`${url}${path}/a.png`, { method: 'PUT', body })
      assert.equal(stored.status, 201)
      const { id } = (await stored.json()) as { id: string }
      const file = await fetch(`${url}${path}/api/boards/main/images/${id}/file`)
      assert.equal(file.headers.get('content-type'), 'image/png')
      const socket = await page(url, `${path}/live`)
      assert.ok(typeof socket === 'object', 'it was refused')
      socket.close()
    }
  })

  test('I58: a request whose body somebody has read is refused at once', async () => {
    const sent = { method: 'POST', body: 'text', headers: { 'content-type': 'text/plain' } }
    assert.equal(await answerOf(`${url}/read`, sent), 'theirs')
  })
})

test('I92: a program makes boards and links', async (t) => {
  const wirephoto = await createWirephoto({ ...quiet(), port: 0 })
  t.after(() => wirephoto.close())
  const { id, url, links } = await wirephoto.createBoard({ title: 'Summer fête' })
  assert.equal(url, `${wirephoto.url}/b/${id}`)
  assert.deepEqual(
    links.map(({ role }) => role),
    ['own', 'edit', 'add', 'view'],
  )
  const snapshot = `${wirephoto.url}/api/boards/${id}/snapshot`
  assert.equal((await fetch(snapshot)).status, 401)
  const link = await wirephoto.createLink(id, { role: 'view', label: 'Lobby' })
  const opened = async (address: string) => {
    const [page, secret] = address.split('#')
    assert.equal(page, url)
    return fetch(snapshot, { headers: { authorization: `Bearer ${secret}` } })
  }
  for (const each of [...links, link]) {
    const response = await opened(each.url)
    assert.equal(response.status, 200, each.role)
    assert.match(await response.text(), /Summer fête/)
  }
  await assert.rejects(wirephoto.createBoard({ title: 'a'.repeat(121) }), { code: 'bad-request' })
  await assert.rejects(wirephoto.createLink('nowhere', { role: 'view' }), { code: 'unknown-board' })
})

test('I93: a server by https takes it as one by http does', async (t) => {
  const made = await makeCertificate(folder)
  if (!made) return t.skip('openssl is not on the PATH')
  const [key, ca] = await Promise.all([readFile(made.key), readFile(made.cert)])
  const server = createHttpsServer({ key, cert: ca })
  const port = Number(new URL(await listening(server)).port)
  const publicUrl = `https://localhost:${port}/photos`
  const wirephoto = await createWirephoto({ ...quiet(), server, publicUrl, isOpen: true })
  t.after(() => wirephoto.close())
  const { id } = await wirephoto.push('main', blankPng(40, 30))
  const told = Promise.withResolvers<string>()
  getByHttps(`${publicUrl}/api/boards/main/snapshot`, { ca }, (response) => {
    text(response).then(told.resolve, told.reject)
  }).on('error', told.reject)
  assert.ok((await told.promise).includes(id))
  const socket = io(`https://localhost:${port}`, {
    path: '/photos/live',
    transports: ['websocket'],
    auth: { board: 'main', wire: WIRE_VERSION },
    reconnection: false,
    ca: String(ca),
  })
  t.after(() => socket.close())
  await once(socket as never, 'connect')
})

test('I62: options that do not go together, or can not be served, are refused in a sentence', async () => {
  const server = createServer()
  const wrong = [
    [{ server, port: 0 }, /port or server/],
    [{ server, host: 'localhost' }, /host goes with port/],
    [{ server, classic: { board: 'main', pages: null, port: 0 } }, /classic\.port/],
    [{ path: 'photos' }, /path can't be photos/],
    [{ path: '/api' }, /path can't be \/api/],
    [{ publicUrl: 'ftp://host/' }, /publicUrl can't be/],
    [{ path: '/photos', publicUrl: 'https://host/prints' }, /two paths/],
  ] as const
  for (const [options, message] of wrong)
    await assert.rejects(createWirephoto({ ...quiet(), ...options }), {
      name: 'TypeError',
      message,
    })
})
