import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { before, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { uuidv7 } from '@wirephoto/board'
import { openBoard } from '@wirephoto/client'
import { cleanupAfter } from '../support/cleanup.ts'
import { freePort } from '../support/free-port.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture } from '../support/pictures.ts'
import { findPostgres, NO_POSTGRES, Postgres } from '../support/postgres.ts'
import { Proxy } from '../support/proxy.ts'
import { WireClient } from '../support/wire-client.ts'

/* Uploads that lie on one server of an engine, and whose requests come to another one. */

const PAUSE_MS = 20
/** Time between two signs of life: a server is dead after a second. */
const BEAT_MS = 100
const PART = { 'content-type': 'application/offset+octet-stream' }
const [programs] = await findPostgres()

describe('an upload whose requests come to another server', {
  skip: programs ? false : NO_POSTGRES,
}, () => {
  const stack = cleanupAfter()
  let here: InProcessServer
  let there: InProcessServer
  let bytes: Buffer
  before(async () => {
    const postgres = stack.adopt(await Postgres.open(programs!), (each) => each.close())
    const engine = await postgres.newDatabase()
    const open = async (count: number, trustProxy: string[]) => {
      const port = await freePort()
      const nodeUrl = `http://127.0.0.1:${port}`
      const config = { engine, port, nodeUrl, nodeBeatMs: BEAT_MS, trustProxy }
      const server = await InProcessServer.open(config, count)
      return stack.adopt(server, (each) => each.close())
    }
    here = await open(12, [])
    there = await open(0, ['127.0.0.1'])
    bytes = await drawPicture({ width: 800, height: 600 })
  })

  /** Announces a picture and begins its upload on one server. */
  const begin = async (t: TestContext) => {
    const board = await here.newBoard()
    const wireClient = await WireClient.connect(here.url, board)
    t.after(() => wireClient.close())
    const id = uuidv7(Date.now(), randomBytes(10))
    await wireClient.send({ kind: 'image.add', id, width: 800, height: 600, name: 'a.jpg' })
    const collection = `/api/boards/${board}/uploads`
    const ask = (
      server: InProcessServer,
      method: string,
      { path = `${collection}/${id}`, headers = {}, body = null as BodyInit | null } = {},
    ) =>
      fetch(server.url + path, {
        method,
        headers: { 'tus-resumable': '1.0.0', ...headers },
        body,
      })
    const send = (server: InProcessServer, at: number, to?: number, path?: string) =>
      ask(server, 'PATCH', {
        ...(path && { path }),
        headers: { ...PART, 'upload-offset': String(at) },
        body: new Uint8Array(bytes.subarray(at, to)),
      })
    const begun = await ask(here, 'POST', {
      path: collection,
      headers: {
        'upload-length': String(bytes.length),
        'upload-metadata': `id ${btoa(id)}`,
      },
    })
    assert.equal(begun.status, 201)
    const path = begun.headers.get('location')!
    return { board, id, wireClient, ask, send, path, plain: `${collection}/${id}` }
  }

  test('E90: an address names its server, and any other one passes its requests on', async (t) => {
    const { ask, send, path, plain } = await begin(t)
    assert.match(path, /\?server=[0-9a-f]{16}$/)
    for (const [at, address] of [
      [0, path],
      [10_000, plain],
    ] as const) {
      const part = await send(there, at, at + 10_000, address)
      assert.deepEqual([part.status, part.headers.get('upload-offset')], [204, `${at + 10_000}`])
      for (const server of [here, there]) {
        const state = await ask(server, 'HEAD', { path: address })
        assert.deepEqual(
          ['upload-offset', 'upload-length', 'cache-control'].map((name) =>
            state.headers.get(name),
          ),
          [`${at + 10_000}`, `${bytes.length}`, 'no-store'],
        )
      }
    }
    const wrong = await send(there, 5, 10, path)
    assert.deepEqual([wrong.status, wrong.headers.get('upload-offset')], [409, '20000'])
    const answer = (await wrong.json()) as { error: { code: string } }
    assert.equal(answer.error.code, 'wrong-offset')
    const last = await send(there, 20_000, undefined, path)
    assert.deepEqual([last.status, last.headers.get('upload-offset')], [204, `${bytes.length}`])
    assert.match(last.headers.get('server-timing') ?? '', /body;dur=/)
    // It is stored, so every server knows by itself.
    const state = await ask(there, 'HEAD', { path })
    assert.equal(state.headers.get('upload-offset'), `${bytes.length}`)
  })

  test("E90: so do the requests in the IETF's way, and one that ends an upload", async (t) => {
    const { ask, path } = await begin(t)
    const ietf = {
      'upload-draft-interop-version': '6',
      'content-type': 'application/partial-upload',
    }
    const part = await ask(there, 'PATCH', {
      path,
      headers: { ...ietf, 'upload-offset': '0', 'upload-complete': '?0' },
      body: new Uint8Array(bytes.subarray(0, 7_000)),
    })
    assert.deepEqual([part.status, part.headers.get('upload-complete')], [204, '?0'])
    assert.equal((await ask(there, 'DELETE', { path })).status, 204)
    assert.equal((await ask(here, 'HEAD', { path })).status, 410)
  })

  test('E92: its bytes come as they are sent, and a sender who breaks off is heard', async (t) => {
    const { id, wireClient, ask, path } = await begin(t)
    const part = request(there.url + path, {
      method: 'PATCH',
      headers: {
        ...PART,
        'tus-resumable': '1.0.0',
        'upload-offset': '0',
        'content-length': String(bytes.length),
      },
    })
    part.on('error', () => {})
    part.write(bytes.subarray(0, 30_000))
    while ((wireClient.arrivals.get(id)?.sent ?? 0) < 30_000) await setTimeout(PAUSE_MS)
    part.destroy()
    const state = await ask(there, 'HEAD', { path })
    assert.equal(state.headers.get('upload-offset'), '30000')
  })

  test('E93: it is for its own sender alone, whichever server they ask', async (t) => {
    const { ask, path, plain } = await begin(t)
    for (const address of [path, plain]) {
      const stranger = await ask(there, 'DELETE', {
        path: address,
        headers: { 'x-forwarded-for': '192.0.2.8' },
      })
      assert.equal(stranger.status, 403)
    }
    // Nobody names another client without the servers' key.
    const forged = await ask(here, 'HEAD', {
      path,
      headers: {
        'wirephoto-node-sender': '192.0.2.8 http',
        'wirephoto-node': `${'0'.repeat(16)}.${'1'.repeat(16)}.${Date.now()}.${'a'.repeat(22)}.${'b'.repeat(43)}`,
      },
    })
    assert.equal(forged.status, 200)
    assert.equal((await ask(there, 'HEAD', { path })).status, 200)
    const { status } = await fetch(`${here.url}/node/upload?board=x&id=y`)
    assert.equal(status, 404)
  })

  test('E91, U7: it waits for a server that starts again, and begins again when that is dead', async (t) => {
    const { ask, send, path, plain } = await begin(t)
    assert.equal((await send(there, 0, 10_000, path)).status, 204)
    await here.stop()
    for (const address of [path, plain]) {
      const away = await ask(there, 'HEAD', { path: address })
      assert.deepEqual([away.status, Number(away.headers.get('retry-after')) > 0], [503, true])
    }
    const refused = await send(there, 10_000, undefined, path)
    const { error } = (await refused.json()) as { error: { code: string } }
    assert.deepEqual([refused.status, error.code], [503, 'server-away'])
    await here.start()
    const back = await ask(there, 'HEAD', { path })
    assert.equal(back.headers.get('upload-offset'), '10000')
    await here.stop()
    const stateOf = async (address: string) => (await ask(there, 'HEAD', { path: address })).status
    while ((await stateOf(path)) === 503) await setTimeout(PAUSE_MS)
    assert.deepEqual([await stateOf(path), await stateOf(plain)], [410, 404])
    await here.start()
  })

  for (const [what, isDead] of [
    ['goes on when its server is back', false],
    ['begins again by itself when its server is dead', true],
  ] as const)
    test(`E91: an upload of the SDK ${what}`, async (t) => {
      const proxy = await Proxy.open(here.port)
      t.after(() => proxy.close())
      proxy.up.bytesPerSecond = 1_000_000
      const name = await here.newBoard()
      const board = openBoard({ url: `http://127.0.0.1:${proxy.port}`, board: name })
      t.after(() => board.close())
      const large = await drawPicture({ width: 2400, height: 1600, quality: 95 })
      const file = new Blob([new Uint8Array(large)])
      const [id] = board.addPictures([{ file, name: 'p.jpg', width: 2400, height: 1600 }])
      const begun = Promise.withResolvers<void>()
      board.on('uploads', () => {
        // The second part is on its way.
        if ((board.uploads.get(id!)?.sent ?? 0) >= 1_000_000) begun.resolve()
      })
      await begun.promise
      // As behind a load balancer that sends it elsewhere.
      proxy.setTarget(there.port)
      await here.stop()
      proxy.resetConnections()
      proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
      if (!isDead) {
        while (board.uploads.get(id!)?.state !== 'retrying') await setTimeout(PAUSE_MS)
        await here.start()
      }
      const { blob } = await board.stored(id!)
      assert.equal(blob, createHash('sha256').update(large).digest('hex'))
      if (isDead) await here.start()
      // The first part was taken once.
      else assert.ok(proxy.uploads.total < large.length + 900_000, String(proxy.uploads.total))
    })
})
