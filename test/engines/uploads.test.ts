import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { before, describe, type TestContext, test } from 'node:test'
import { uuidv7 } from '@wirephoto/board'
import { openBoard } from '@wirephoto/client'
import { cleanupAfter } from '../support/cleanup.ts'
import { type Database, databaseProviders } from '../support/databases.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture } from '../support/pictures.ts'
import { Proxy } from '../support/proxy.ts'
import { WireClient } from '../support/wire-client.ts'

for (const place of await databaseProviders())
  describe(`an upload among servers on ${place.name}`, { skip: place.skipReason ?? false }, () => {
    const stack = cleanupAfter()
    let database: Database
    before(async () => {
      database = stack.adopt(await place.open(), (each) => each.close())
    })

    /** Opens two servers on a new database, which close after the test. */
    async function openServers(t: TestContext): Promise<[InProcessServer, InProcessServer]> {
      const engine = await database.newUrl()
      const servers = cleanupAfter(t)
      const open = async () =>
        servers.adopt(await InProcessServer.open({ engine }), (each) => each.close())
      return Promise.all([open(), open()])
    }

    test('U7, U13: it stays on its server, and may begin again on another', async (t) => {
      const [here, there] = await openServers(t)
      const board = await here.newBoard()
      const wireClient = await WireClient.connect(here.url, board)
      t.after(() => wireClient.close())
      const id = uuidv7(Date.now(), randomBytes(10))
      await wireClient.send({ kind: 'image.add', id, width: 40, height: 30, name: 'a.jpg' })

      const bytes = new Uint8Array(await drawPicture({ width: 40, height: 30 }))
      const at = (server: InProcessServer) => `${server.url}/api/boards/${board}/uploads`
      const send = (url: string, method: string, headers = {}, body: BodyInit | null = null) =>
        fetch(url, { method, headers: { 'tus-resumable': '1.0.0', ...headers }, body })
      const begin = (server: InProcessServer) =>
        send(at(server), 'POST', {
          'upload-length': String(bytes.length),
          'upload-metadata': `id ${btoa(id)}`,
        })
      const part = (server: InProcessServer, from: number, to?: number) => {
        const type = 'application/offset+octet-stream'
        const headers = { 'content-type': type, 'upload-offset': String(from) }
        return send(`${at(server)}/${id}`, 'PATCH', headers, bytes.slice(from, to))
      }
      const ask = (server: InProcessServer) => send(`${at(server)}/${id}`, 'HEAD')

      assert.equal((await begin(here)).status, 201)
      assert.equal((await part(here, 0, 20)).status, 204)
      // As behind a load balancer without sticky sessions.
      assert.equal((await part(there, 20)).status, 404)
      assert.equal((await ask(there)).status, 404)
      assert.equal((await ask(here)).headers.get('upload-offset'), '20')

      const again = await begin(there)
      assert.deepEqual([again.status, again.headers.get('upload-offset')], [201, '0'])
      assert.equal((await part(there, 0)).status, 204)
      await wireClient.waitForBatch(({ changes }) =>
        changes.some((one) => 'put' in one && one.put.kind === 'image' && one.put.blob !== null),
      )
      assert.equal((await ask(here)).headers.get('upload-offset'), String(bytes.length))
    })

    test('U13: a page that is led to another server in mid-upload sends it again', async (t) => {
      const [here, there] = await openServers(t)
      const proxy = await Proxy.open(here.port)
      t.after(() => proxy.close())
      proxy.up.bytesPerSecond = 1_000_000
      const board = openBoard({
        url: `http://127.0.0.1:${proxy.port}`,
        board: await here.newBoard(),
      })
      t.after(() => board.close())
      const bytes = await drawPicture({ width: 2400, height: 1600, quality: 95 })
      const file = new Blob([new Uint8Array(bytes)])
      const [id] = board.addPictures([{ file, name: 'p.jpg', width: 2400, height: 1600 }])
      const off = board.on('uploads', () => {
        // The second part is on its way.
        if ((board.uploads.get(id!)?.sent ?? 0) < 1_100_000) return
        off()
        proxy.setTarget(there.port)
        proxy.resetConnections()
        proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
      })
      const { blob } = await board.stored(id!)
      assert.equal(blob, createHash('sha256').update(bytes).digest('hex'))
    })
  })
