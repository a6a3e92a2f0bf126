import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type ImageRecord, uuidv7 } from '@wirephoto/board'
import { drawPicture } from '../../../../test/support/pictures.ts'
import { secretOf, Visitor } from '../../../../test/support/visitor.ts'
import { Harness } from '../../support/http-harness.ts'

/* Addresses and cookies that somebody learned or copied while they had a right, tried without one, and elsewhere. */

const newId = () => uuidv7(Date.now(), randomBytes(10))

const TIMEOUT_MS = 60_000
const BEAT_MS = 20
/** Longer than a right takes to end. */
const ENDED_MS = 1_300

let server: Harness
before(async () => {
  server = await Harness.open()
})
after(() => server.close())

/** Makes a board, and a guest who came by its link of this role. */
async function newBoard(at = server, came: 'view' | 'add' = 'view') {
  const [maker, guest] = [new Visitor(at.url), new Visitor(at.url)]
  const made = await maker.makeBoard()
  assert.equal(await guest.exchange(made.id, secretOf(made, came)), null)
  const { id } = made.links.find(({ role }) => role === came)!
  const revoke = () => maker.refusal(`/api/boards/${made.id}/links/${id}`, 'DELETE')
  return { maker, guest, made, revoke }
}

/** Adds a picture, and waits for its variants. */
async function addPicture(board: string, secret: string): Promise<ImageRecord> {
  const body = new Uint8Array(await drawPicture({ width: 800, height: 600 }))
  const headers = { authorization: `Bearer ${secret}` }
  const put = await fetch(`${server.url}/b/${board}/p.jpg`, { method: 'PUT', body, headers })
  assert.equal(put.status, 201)
  const { id } = (await put.json()) as ImageRecord
  for (const end = performance.now() + TIMEOUT_MS; ; await setTimeout(BEAT_MS)) {
    const record = (await server.record(id, board))!
    if (record.variants?.length) return record
    assert.ok(performance.now() < end, 'no variants')
  }
}

describe('addresses that somebody has learned', () => {
  test('B10, B11, B6: of a file and its variants nothing is read without a right, elsewhere, or after its end', async () => {
    const { guest, made, revoke } = await newBoard()
    const record = await addPicture(made.id, secretOf(made, 'own'))
    const { maker: stranger, made: theirs } = await newBoard()
    assert.ok(record.variants!.length >= 2)
    const files = (board: string) => [
      `/b/${board}/blob/${record.blob}/original`,
      ...record.variants!.map((side) => `/b/${board}/blob/${record.blob}/${side}`),
      `/api/boards/${board}/images/${record.id}/file`,
      `/api/boards/${board}/images/${record.id}/file?download`,
    ]
    const statusOf = async (path: string, who: Visitor | null, headers = {}) => {
      const cookie = who ? { cookie: who.cookie } : {}
      const response = await fetch(server.url + path, { headers: { ...cookie, ...headers } })
      const { byteLength } = await response.arrayBuffer()
      return response.status === 200 && byteLength === 0 ? 'empty' : response.status
    }
    const etag = { 'if-none-match': `"${record.blob}"` }
    const range = { range: 'bytes=0-3' }
    for (const path of files(made.id)) {
      assert.equal(await statusOf(path, guest), 200, path)
      for (const headers of [{}, etag, range]) {
        assert.equal(await statusOf(path, null, headers), 401, path)
        assert.equal(await statusOf(path, stranger, headers), 401, path)
      }
    }
    // On a board of one's own.
    for (const path of files(theirs.id))
      for (const headers of [{}, etag, range])
        assert.equal(await statusOf(path, stranger, headers), 404, path)
    assert.equal(await revoke(), null)
    for (const path of files(made.id))
      for (const headers of [{}, etag, range])
        assert.equal(await statusOf(path, guest, headers), 403, path)
  })

  test('B71: the id of another board’s picture is unknown to whatever one asks on one’s own', async () => {
    const { made } = await newBoard()
    const { id } = await addPicture(made.id, secretOf(made, 'own'))
    const { maker, made: own } = await newBoard()
    const at = `/api/boards/${own.id}/images/${id}`
    for (const [method, path, body] of [
      ['GET', at, undefined],
      ['GET', `${at}/file`, undefined],
      ['PATCH', at, { x: 1 }],
      ['DELETE', at, undefined],
      ['GET', `/b/${own.id}/arrivals/${id}`, undefined],
      ['GET', `/b/${own.id}/arrivals/${id}/preview`, undefined],
    ] as const)
      assert.equal(await maker.refusal(path, method, body), 'unknown-picture', `${method} ${path}`)
    const commands = [
      { kind: 'image.copy', id: newId(), sourceId: id, x: 0, y: 0 },
      { kind: 'image.remove', id },
      { kind: 'image.restore', id },
      { kind: 'image.purge', id },
      { kind: 'image.keep', id },
    ]
    for (const command of commands) {
      const message = { client: newId(), n: 1, commands: [command] }
      const answer = await (await maker.ask(`/b/${own.id}/commands`, 'POST', message)).json()
      const { refused } = answer as { refused: { error: { code: string } }[] }
      const codes = refused.map(({ error }) => error.code)
      assert.deepEqual(codes, ['unknown-picture'], command.kind)
    }
    assert.equal((await server.record(id, made.id))!.deletedAt, null)
    assert.deepEqual(await server.pictures(own.id), [])
  })
})

describe('cookies that somebody has copied', () => {
  test('B71, B45, Z4: a cookie is worth nothing on another board, installation or path', async (t) => {
    const { maker, guest, made } = await newBoard()
    const { made: other } = await newBoard()
    assert.equal(await guest.role(made.id), 'view')
    assert.equal(await new Visitor(server.url, guest.cookie).role(other.id), 'link-needed')

    const elsewhere = await Harness.open({
      publicUrl: 'http://localhost/photos',
      create: 'anyone',
    })
    t.after(() => elsewhere.close())
    const there = await newBoard(elsewhere)
    const { cookie } = there.guest
    assert.equal(await there.guest.role(there.made.id), 'view')
    const [nameThere] = cookie.split('=')
    const [nameHere, token] = maker.cookie.split('=')
    assert.notEqual(nameThere, nameHere)
    assert.match(nameThere!, /photos/)
    // As it is, and under the other's name.
    for (const copied of [maker.cookie, `${nameThere}=${token}`]) {
      assert.equal(
        await new Visitor(elsewhere.url, copied).role(there.made.id),
        'link-needed',
        copied,
      )
      assert.equal(await new Visitor(elsewhere.url, copied).refusal('/api/boards'), 'owner-needed')
    }
    assert.equal(await new Visitor(server.url, cookie).role(made.id), 'link-needed')
    const renamed = `${nameHere}=${cookie.split('=')[1]}`
    assert.equal(await new Visitor(server.url, renamed).role(made.id), 'link-needed')
  })

  test('B4: the secret of a link is no cookie, and a cookie no bearer', async () => {
    const { maker, made } = await newBoard()
    const [name, token] = maker.cookie.split('=')
    const asCookie = new Visitor(server.url, `${name}=${secretOf(made, 'own')}`)
    assert.equal(await asCookie.role(made.id), 'link-needed')
    const headers = { authorization: `Bearer ${token}` }
    const refused = await fetch(`${server.url}/api/boards/${made.id}/snapshot`, { headers })
    assert.equal(refused.status, 403)
  })
})

describe('a right that ends while its board is being loaded', () => {
  /** Ends the right between the first look at it and the moment at which the board is there. */
  async function slowly(t: TestContext, role: 'view' | 'add' = 'view') {
    const { guest, made, revoke } = await newBoard(server, role)
    const loaded = Promise.withResolvers<void>()
    const { boards } = server
    const hold = boards.hold.bind(boards)
    let isFirst = true
    t.mock.method(boards, 'hold', async (id: string) => {
      if (id === made.id && isFirst) {
        isFirst = false
        assert.equal(await revoke(), null)
        await setTimeout(ENDED_MS)
        loaded.resolve()
      }
      return hold(id)
    })
    return { guest, made, loaded: loaded.promise }
  }

  test('F11: no request is answered by it', async (t) => {
    const { guest, made } = await slowly(t)
    const asked = fetch(`${server.url}/api/boards/${made.id}/snapshot`, {
      headers: { cookie: guest.cookie },
    })
    assert.notEqual(
      await asked.then(
        ({ status }) => status,
        () => 'broken',
      ),
      200,
    )
  })

  test('F11: no command takes effect by it', async (t) => {
    const { guest, made, loaded } = await slowly(t, 'add')
    const add = { kind: 'image.add', id: newId(), name: 'a.png', width: 4, height: 3 }
    const message = { client: newId(), n: 1, commands: [add] }
    await guest.refusal(`/b/${made.id}/commands`, 'POST', message).catch(() => {})
    await loaded
    // A board takes commands in their order.
    const later = await server.announce('later.png', 'anna', made.id)
    assert.deepEqual(
      (await server.pictures(made.id)).map(({ id }) => id),
      [later],
    )
  })

  test('F11: no socket is let in by it', async (t) => {
    const { guest, made } = await slowly(t)
    await assert.rejects(guest.follow(made.id), { code: 'link-ended' })
  })
})

test('H5: no name, caption or author makes a header, whatever is in it', async () => {
  const { made } = await newBoard()
  const at = `${server.url}/api/boards/${made.id}`
  const headers = { authorization: `Bearer ${secretOf(made, 'own')}` }
  const picture = new Uint8Array(await drawPicture({ width: 40, height: 30 }))
  const evil = 'a\r\nX-Injected: 1\r\n\r\n<script>"; filename=b.html\u2028\u0085\u0000\u{1f4a9}'
  const odd = new URLSearchParams({ name: `${evil}.jpg`, caption: evil, by: evil.slice(0, 20) })
  const added = await fetch(`${at}/images?${odd}`, { method: 'POST', headers, body: picture })
  assert.equal(added.status, 201)
  const { id } = (await added.json()) as ImageRecord
  const part = `--x\r\nContent-Disposition: form-data; name="file"; filename="a%0d%0aX-Injected: 1.jpg"; filename*=UTF-8''${encodeURIComponent(evil)}\r\n\r\n`
  const form = Buffer.concat([
    Buffer.from(part),
    Buffer.from(picture),
    Buffer.from('\r\n--x--\r\n'),
  ])
  const byForm = await fetch(`${at}/images`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'multipart/form-data; boundary=x' },
    body: form,
  })
  assert.equal(byForm.status, 201)
  const { id: second } = (await byForm.json()) as ImageRecord
  for (const each of [id, second])
    for (const way of ['/file?download', '/file', '']) {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
      get(`${at}/images/${each}${way}`, { headers }, resolve).on('error', reject)
      const answer = await promise
      answer.resume()
      assert.equal(answer.statusCode, 200)
      const names = answer.rawHeaders
        .filter((_, i) => i % 2 === 0)
        .map((name) => name.toLowerCase())
      assert.ok(!names.includes('x-injected'), names.join())
      const disposition = answer.headers['content-disposition']
      if (way !== '')
        assert.match(
          disposition!,
          /^(?:attachment|inline); filename="(?:[^"\\\r\n]|\\.)*"(?:; filename\*=UTF-8''[\w%.!~*'()-]*)?$/,
        )
    }
})
