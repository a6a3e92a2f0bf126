import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { uuidv7, WireError } from '@wirephoto/board'
import type { Secrets } from '@wirephoto/engine'
import sharp from 'sharp'
import { type MadeBoard, secretOf, Visitor } from '../../../../test/support/visitor.ts'
import { Harness } from '../../support/http-harness.ts'
import { RightWatch } from '../access/right-watch.ts'
import { Fetcher } from '../images/remote-fetch.ts'
import { RightfulRequest } from './rightful-request.ts'

/* Requests that are under way when nobody knows whether their right stands, or when it ends. */

/** Time in which a loaded machine passes on what nothing holds back. */
const QUIET_MS = 400
/** Longer than a right takes to end, on a slow machine. */
const PATIENCE_MS = 10_000
const BEAT_MS = 20
const PIECE = 'x'.repeat(1_000)

const newId = () => uuidv7(Date.now(), randomBytes(10))

test('B144: a request that is held back neither sends nor reads, and loses nothing', async (t) => {
  const arrived = Promise.withResolvers<[IncomingMessage, ServerResponse]>()
  const server = createServer((incoming, response) => arrived.resolve([incoming, response]))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = request({ port, method: 'POST' })
  t.after(() => client.destroy())
  client.write('begin')
  const [incoming, response] = await arrived.promise
  let read = ''
  incoming.setEncoding('latin1').on('data', (text: string) => {
    read += text
  })
  response.write('begin')
  const [answer] = (await once(client, 'response')) as [IncomingMessage]
  let got = ''
  answer.setEncoding('latin1').on('data', (text: string) => {
    got += text
  })
  while (got === '' || read === '') await setTimeout(BEAT_MS)

  const held = new RightfulRequest(incoming)
  held.hold()
  held.hold()
  // More than the buffers on the way take, in pieces and with an end.
  const pieces = 40
  for (let i = 0; i < pieces; i++) {
    response.write(PIECE)
    client.write(PIECE)
  }
  response.end('end')
  client.end('end')
  await setTimeout(QUIET_MS)
  assert.deepEqual([got, read], ['begin', 'begin'])
  held.release()
  await Promise.all([once(answer, 'end'), incoming.complete || once(incoming, 'end')])
  const whole = `begin${PIECE.repeat(pieces)}end`
  assert.equal(got, whole)
  assert.equal(read, whole)
  held.release()
})

test('B144: a request that is held back for five seconds more is broken off', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  const watch = new RightWatch({ ended: () => new Promise(() => {}) }, () => {})
  t.after(() => watch.close())
  const seen: string[] = []
  const connection = {
    hold: () => seen.push('held'),
    release: () => seen.push('released'),
    end: (error: WireError | null) => seen.push(error?.code ?? 'ended'),
  }
  const again = () => Promise.reject(new WireError('away'))
  watch.add({ right: { role: 'view', grant: ['x'] }, again, connection })
  t.mock.timers.tick(1_100)
  assert.deepEqual(seen, ['held'])
  t.mock.timers.tick(5_000)
  assert.deepEqual(seen, ['held', 'away'])
})

describe('requests under way', { concurrency: true }, () => {
  let server: Harness
  let origin: ReturnType<typeof createServer>
  /** Answers what the server fetches. */
  let serveOrigin: (response: ServerResponse) => void = () => {}
  let png: Buffer

  before(async () => {
    png = await sharp({ create: { width: 400, height: 300, channels: 3, background: 'teal' } })
      .png({ compressionLevel: 0 })
      .toBuffer()
    origin = createServer((_request, response) => serveOrigin(response))
    origin.listen(0, '127.0.0.1')
    await once(origin, 'listening')
    const fetcher = new Fetcher({ maxUpload: 5_000_000, mayReach: () => true })
    server = await Harness.open({ fetcher })
  })
  after(async () => {
    origin.closeAllConnections()
    origin.close()
    await server.close()
  })

  /** Makes a board, and a guest who came by its link of this role. */
  async function newBoard(role: 'view' | 'add', at = server) {
    const [maker, guest] = [new Visitor(at.url), new Visitor(at.url)]
    const made = await maker.makeBoard()
    assert.equal(await guest.exchange(made.id, secretOf(made, role)), null)
    const { id } = made.links.find((link) => link.role === role)!
    const revoke = () => maker.refusal(`/api/boards/${made.id}/links/${id}`, 'DELETE')
    return { maker, guest, made, revoke }
  }

  /** Announces a picture and begins its upload. Returns the request that brings its bytes, which the test writes. */
  async function beginUpload(t: TestContext, sender: Visitor, { id: board }: MadeBoard) {
    const id = newId()
    const add = { kind: 'image.add', id, name: 'a.png', width: 400, height: 300 } as const
    const message = { client: newId(), n: 1, commands: [add] }
    assert.equal(await sender.refusal(`/b/${board}/commands`, 'POST', message), null)
    const uploads = `${sender.url}/api/boards/${board}/uploads`
    const known = { origin: sender.url, cookie: sender.cookie, 'tus-resumable': '1.0.0' }
    const begun = await fetch(uploads, {
      method: 'POST',
      headers: {
        ...known,
        'upload-length': `${png.length}`,
        'upload-metadata': `id ${btoa(id)}`,
      },
    })
    assert.equal(begun.status, 201)
    const part = request(`${uploads}/${id}`, {
      method: 'PATCH',
      headers: {
        ...known,
        'upload-offset': '0',
        'content-type': 'application/offset+octet-stream',
        'content-length': png.length,
      },
    })
    t.after(() => part.destroy())
    const ended = new Promise<number | 'broken'>((resolve) => {
      part.on('response', ({ statusCode = 0 }) => resolve(statusCode))
      part.on('error', () => resolve('broken'))
    })
    return { id, part, ended }
  }

  /** Resolves to what it does, or to `goes on` if nothing ends it. */
  const within = <T>(ending: Promise<T>): Promise<T | 'goes on'> =>
    Promise.race([ending, setTimeout(PATIENCE_MS, 'goes on' as const, { ref: false })])

  test('B144: an upload by a link waits while the engine doesn’t answer, and goes on', async (t) => {
    const own = await Harness.open()
    t.after(() => own.close())
    const { guest, made } = await newBoard('add', own)
    const { id, part, ended } = await beginUpload(t, guest, made)
    const offset = () => own.images.incomingFiles.get(made.id, id)?.offset ?? 0
    let sent = 0
    const arrives = async () => {
      part.write(png.subarray(sent, ++sent))
      const until = performance.now() + QUIET_MS
      while (offset() < sent && performance.now() < until) await setTimeout(BEAT_MS)
      return offset() === sent
    }
    part.write(png.subarray(0, (sent = 1_000)))
    while (!(await arrives())) assert.ok(sent < 1_050, 'nothing arrives')
    const secrets = own.engine.secrets as { ended: Secrets['ended'] }
    const known = secrets.ended
    const answers = Promise.withResolvers<void>()
    t.after(() => answers.resolve())
    secrets.ended = async (hashes) => {
      await answers.promise
      return known(hashes)
    }
    while (await arrives()) {
      assert.ok(sent < 1_200, 'all goes on')
      await setTimeout(BEAT_MS)
    }
    const held = offset()
    part.end(png.subarray(sent))
    await setTimeout(QUIET_MS)
    assert.equal(offset(), held, 'nothing is taken')
    secrets.ended = known
    answers.resolve()
    assert.equal(await within(ended), 204)
    assert.notEqual((await own.record(id, made.id))?.blob, null)
  })

  test('B27: a picture that the server fetches for a guest isn’t added once their link is revoked', async (t) => {
    const { guest, made, revoke } = await newBoard('add')
    const asked = Promise.withResolvers<ServerResponse>()
    serveOrigin = (response) => asked.resolve(response)
    const { port } = origin.address() as AddressInfo
    const path = `/api/boards/${made.id}/images/from-url`
    const fetched = guest.refusal(path, 'POST', { url: `http://127.0.0.1:${port}/a.png` }).then(
      (code) => code ?? 'added',
      () => 'broken',
    )
    const response = await asked.promise
    t.after(() => response.destroy())
    const dropped = once(response, 'close').then(() => 'dropped')
    response.writeHead(200, { 'content-length': png.length }).write(png.subarray(0, 1_000))
    assert.equal(await revoke(), null)
    assert.equal(await within(fetched), 'broken')
    assert.equal(await within(dropped), 'dropped')
    // The picture is withdrawn after the connection has gone.
    const isWithdrawn = async () => assert.deepEqual(await server.pictures(made.id), [])
    await t.waitFor(isWithdrawn, { timeout: PATIENCE_MS })
  })

  test('B27: a request that waits for changes, and a reader of a growing file, end with the right', async (t) => {
    const { maker, guest, made, revoke } = await newBoard('view')
    const { id, part } = await beginUpload(t, maker, made)
    part.write(png.subarray(0, 40_000))
    const headers = { cookie: guest.cookie }
    const arriving = `${server.url}/b/${made.id}/arrivals/${id}`
    const growing = await fetch(arriving, { headers })
    assert.equal(growing.status, 200)
    const reader = growing.body!.getReader()
    assert.ok((await reader.read()).value!.length > 0)
    const readOn = (async () => {
      try {
        while (!(await reader.read()).done);
        return 'whole'
      } catch {
        return 'broken'
      }
    })()
    const snapshot = await fetch(`${server.url}/api/boards/${made.id}/snapshot`, { headers })
    const { cursor } = (await snapshot.json()) as { cursor: string }
    const changes = `${server.url}/b/${made.id}/changes?after=${encodeURIComponent(cursor)}`
    const held = fetch(changes, { headers }).then(
      ({ status }) => status,
      () => 'broken',
    )
    // Bytes go on coming, so that the reader doesn't end for want of them.
    let sent = 40_000
    const beat = setInterval(() => part.write(png.subarray(sent, (sent += 100))), 200)
    t.after(() => clearInterval(beat))
    assert.equal(await revoke(), null)
    assert.equal(await within(readOn), 'broken')
    // On a busy machine it comes after the right has ended.
    assert.ok(['broken', 403].includes(await within(held)))
    // Attack: the addresses that the guest has learned.
    for (const path of [arriving, `${arriving}/preview`, changes])
      assert.equal((await fetch(path, { headers })).status, 403, path)
  })
})
