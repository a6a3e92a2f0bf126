import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { WIRE_VERSION, WireError } from '@wirephoto/board'
import { io } from 'socket.io-client'
import { serverConfig } from '../support/server-config.ts'
import { Access } from './access/access.ts'
import { Boards } from './boards/boards.ts'
import { Decoder } from './images/decoding/decoder.ts'
import { IncomingFiles } from './images/uploads/incoming-files.ts'
import { createWirephoto } from './wirephoto.ts'

let data: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'wirephoto-server-'))
})
afterEach(() => rm(data, { recursive: true, force: true }))

test('what fails to close keeps nothing else open: the engine and its lock are free again', async (t) => {
  for (const owner of [IncomingFiles, Decoder, Boards]) {
    const server = await createWirephoto(serverConfig(data))
    const { mock } = t.mock.method(owner.prototype, 'close', () =>
      Promise.reject(new Error('the disk is gone')),
    )
    await assert.rejects(server.close(), /the disk is gone/, owner.name)
    mock.restore()
    await assert.rejects(fetch(server.url), owner.name)
    // SQLite and the folder are locked for one server, so this one starts only if both are free.
    const next = await createWirephoto(serverConfig(data))
    await next.close()
  }
})

test('closing twice is closing once', async () => {
  const server = await createWirephoto(serverConfig(data))
  await Promise.all([server.close(), server.close()])
})

test('a request that ends while the server closes is answered with its URL', async (t) => {
  const server = await createWirephoto(serverConfig(data, { grace: 5_000 }))
  const created = Promise.withResolvers<string>()
  const { mock } = t.mock.method(Boards.prototype, 'create', () => created.promise)
  t.mock.method(Access.prototype, 'close', async () => [])
  const answer = fetch(`${server.url}/api/boards`, { method: 'POST' })
  while (mock.callCount() === 0) await setTimeout(5)
  const closed = server.close()
  while (await fetch(server.url, { method: 'HEAD' }).catch(() => null)) await setTimeout(5)
  created.resolve('new')
  const response = await answer
  assert.equal(response.status, 201)
  const { url } = (await response.json()) as { url: string }
  assert.equal(url, `${server.url}/b/new`)
  await closed
})

test('W20: a server that stops says so to each socket before it closes it', async (t) => {
  const server = await createWirephoto(serverConfig(data))
  const socket = io(server.url, {
    path: '/live',
    transports: ['websocket'],
    auth: { board: 'main', wire: WIRE_VERSION },
    reconnection: false,
  })
  t.after(() => socket.close())
  await once(socket as never, 'connect')
  const bye = once(socket as never, 'bye')
  const closed = server.close()
  const [text] = (await bye) as [string]
  assert.deepEqual(JSON.parse(text), { error: new WireError('stopping').toJSON() })
  await closed
})

test('a server that can not listen closes what it has opened', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const { port } = other.address() as { port: number }
  await assert.rejects(createWirephoto(serverConfig(data, { port })), { code: 'EADDRINUSE' })
  await (await createWirephoto(serverConfig(data))).close()
})

test('J8: measurements can be closed, or have an address of their own with nothing else', async (t) => {
  const open = async (metrics?: 'off' | { host: string; port: number }) => {
    const server = await createWirephoto(serverConfig(data, { metrics }))
    t.after(() => server.close())
    const status = async (at: string) => (await fetch(at)).status
    return { server, besideBoards: await status(`${server.url}/metrics`), status }
  }
  const beside = await open()
  assert.equal(beside.besideBoards, 200)
  await beside.server.close()

  const off = await open('off')
  assert.deepEqual([off.besideBoards, off.server.metricsPort], [404, null])
  await off.server.close()

  const { server, besideBoards, status } = await open({ host: '127.0.0.1', port: 0 })
  assert.equal(besideBoards, 404)
  const own = `http://127.0.0.1:${server.metricsPort}`
  assert.match(await (await fetch(`${own}/metrics`)).text(), /^wirephoto_viewers 0$/m)
  for (const path of ['/', '/b/main', '/api/boards/main', '/metrics/', '/healthz'])
    assert.equal(await status(own + path), 404, path)
  assert.equal((await fetch(`${own}/metrics`, { method: 'POST' })).status, 405)
  await server.close()
  await assert.rejects(fetch(`${own}/metrics`))
})
