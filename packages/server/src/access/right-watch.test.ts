import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { after, before, describe, type TestContext, test } from 'node:test'
import { uuidv7 } from '@wirephoto/board'
import type { Secrets } from '@wirephoto/engine'
import sharp from 'sharp'
import {
  type MadeBoard,
  type OpenSocket,
  Pointers,
  secretOf,
  Visitor,
} from '../../../../test/support/visitor.ts'
import { Harness } from '../../support/http-harness.ts'
import { RightWatch } from './right-watch.ts'

/* Rights that end, or change, while sockets and requests rest on them. */

/** A right that doesn't end ends its test. */
const TIMEOUT_MS = 60_000

let server: Harness
before(async () => {
  server = await Harness.open()
})
after(() => server.close())

const newVisitor = (cookie?: string) => new Visitor(server.url, cookie)

async function follow(t: TestContext, visitor: Visitor, board: string): Promise<OpenSocket> {
  const socket = await visitor.follow(board)
  t.after(() => socket.close())
  return socket
}

/** Makes a board, and a guest who came by its link of this role. */
async function newBoard(role: 'view' | 'add' | 'edit' = 'edit') {
  const [maker, guest] = [newVisitor(), newVisitor()]
  const made = await maker.makeBoard()
  assert.equal(await guest.exchange(made.id, secretOf(made, role)), null)
  return { maker, guest, made, link: linkOf(made, role) }
}

const linkOf = ({ id, links }: MadeBoard, role: string): string =>
  `/api/boards/${id}/links/${links.find((link) => link.role === role)!.id}`

describe('rights that end', { concurrency: true, timeout: TIMEOUT_MS }, () => {
  test('B21: a revoked link ends the open sockets that came by it, and no others', async (t) => {
    const { maker, guest, made, link } = await newBoard()
    const other = newVisitor()
    assert.equal(await other.exchange(made.id, secretOf(made, 'view')), null)
    const open = 'an-open-board'
    await server.engine.boards.create(open)
    const sockets = [
      await follow(t, guest, made.id),
      await follow(t, maker, made.id),
      await follow(t, other, made.id),
      await follow(t, guest, open),
    ] as const
    assert.deepEqual(
      sockets.map(({ role }) => role),
      ['edit', 'own', 'view', 'edit'],
    )
    const revokedAt = performance.now()
    assert.equal(await maker.refusal(link, 'DELETE'), null)
    assert.equal(await sockets[0].ended, 'link-ended')
    t.diagnostic(`closed after ${Math.round(performance.now() - revokedAt)} ms`)
    await assert.rejects(guest.follow(made.id), { code: 'link-ended' })
    assert.deepEqual(
      sockets.map(({ isOpen }) => isOpen),
      [false, true, true, true],
    )
  })

  test('B21: one who leaves, and one whose link is renewed, is ended likewise', async (t) => {
    const { maker, guest, made, link } = await newBoard()
    const second = newVisitor()
    assert.equal(await second.exchange(made.id, secretOf(made, 'view')), null)
    const [first, leaving] = [
      await follow(t, guest, made.id),
      await follow(t, second, made.id),
    ] as const
    const replayed = newVisitor(second.cookie)
    assert.equal(await second.refusal(`/api/boards/${made.id}/session`, 'DELETE'), null)
    assert.equal(await maker.refusal(`${link}/renew`, 'POST'), null)
    assert.equal(await leaving.ended, 'link-ended')
    assert.equal(await first.ended, 'link-ended')
    // Attack: the cookie was copied before.
    assert.equal(await replayed.role(made.id), 'link-needed')
    await assert.rejects(replayed.follow(made.id), { code: 'link-needed' })
    assert.equal(await guest.role(made.id), 'link-ended')
  })

  test('B33: of an exchange and a renewal at once, none leaves a right by the old secret', async () => {
    const { maker, made, link } = await newBoard('add')
    let secret = secretOf(made, 'add')
    for (let round = 0; round < 8; round++) {
      const guest = newVisitor()
      const exchange = () => guest.exchange(made.id, secret)
      const renew = async () =>
        ((await (await maker.ask(`${link}/renew`, 'POST')).json()) as { url: string }).url
      const [outcome, url] =
        round % 2
          ? await Promise.all([exchange(), renew()])
          : (await Promise.all([renew(), exchange()])).toReversed()
      assert.ok(outcome === null || outcome === 'link-ended', `${outcome}`)
      assert.match(await guest.role(made.id), /^link-/)
      assert.equal(await newVisitor().exchange(made.id, secret), 'link-ended')
      secret = url!.split('#')[1]!
      assert.equal(await guest.exchange(made.id, secret), null)
      assert.equal(await guest.role(made.id), 'add')
    }
  })

  test('B23: a role that changed is the socket’s within a second', async (t) => {
    const { maker, guest, made, link } = await newBoard('view')
    const [socket, owner] = [await follow(t, guest, made.id), await follow(t, maker, made.id)]
    assert.equal(socket.role, 'view')
    assert.equal(await maker.refusal(link, 'PATCH', { role: 'add' }), null)
    assert.equal(await socket.ended, null)
    assert.equal((await follow(t, guest, made.id)).role, 'add')
    assert.equal(owner.isOpen, true)
  })

  test('B23: an exchange for more is seen by the open pages of the same browser', async (t) => {
    const { guest, made } = await newBoard('view')
    const socket = await follow(t, guest, made.id)
    assert.equal(await guest.exchange(made.id, secretOf(made, 'edit')), null)
    assert.equal(await socket.ended, null)
    assert.equal((await follow(t, guest, made.id)).role, 'edit')
  })

  test('B24: a passphrase ends the rights of those who have not given it', async (t) => {
    const { maker, guest, made } = await newBoard()
    const [socket, owner] = [await follow(t, guest, made.id), await follow(t, maker, made.id)]
    const rule = `/api/boards/${made.id}/access`
    const told = await maker.ask(rule, 'PATCH', { passphrase: 'open sesame' })
    assert.deepEqual(await told.json(), { hasPassphrase: true, closesAt: null, wallLink: null })
    assert.equal(await socket.ended, 'passphrase-needed')
    assert.equal(owner.isOpen, true)
    assert.equal(await guest.role(made.id), 'passphrase-needed')
    const secret = secretOf(made, 'edit')
    const bearer = await fetch(`${server.url}/api/boards/${made.id}/snapshot`, {
      headers: { authorization: `Bearer ${secret}` },
    })
    assert.equal(bearer.status, 401)
    assert.equal(await guest.exchange(made.id, secret), 'passphrase-needed')
    assert.equal(await guest.exchange(made.id, secret, 'open says me'), 'wrong-passphrase')
    assert.equal(await guest.exchange(made.id, secret, 'open sesame'), null)
    assert.equal(await guest.role(made.id), 'edit')
    // Another passphrase asks again, and none at all doesn't.
    assert.equal(await maker.refusal(rule, 'PATCH', { passphrase: 'another' }), null)
    assert.equal(await guest.role(made.id), 'passphrase-needed')
    assert.equal(await maker.refusal(rule, 'PATCH', { passphrase: null }), null)
    assert.equal(await guest.role(made.id), 'edit')
  })

  test('B25: after its closing day a board is its owners’ alone', async (t) => {
    const { maker, guest, made } = await newBoard()
    const rule = `/api/boards/${made.id}/access`
    const [socket, owner] = [await follow(t, guest, made.id), await follow(t, maker, made.id)]
    assert.equal(await maker.refusal(rule, 'PATCH', { closesAt: Date.now() + 1_200 }), null)
    assert.equal(await socket.ended, 'board-closed')
    assert.equal(await guest.role(made.id), 'board-closed')
    assert.equal(await guest.exchange(made.id, secretOf(made, 'add')), 'board-closed')
    assert.equal(await maker.role(made.id), 'own')
    assert.equal(owner.isOpen, true)
    assert.equal(await maker.refusal(rule, 'PATCH', { closesAt: null }), null)
    assert.equal(await guest.role(made.id), 'edit')
  })

  test('B26: an open board that is closed ends the sockets that came by its address', async (t) => {
    const board = 'once-open'
    await server.engine.boards.create(board)
    const socket = await follow(t, newVisitor(), board)
    await server.access.close(board, { token: 'x', source: 'bearer', isProxied: false })
    assert.equal(await socket.ended, 'link-needed')
  })

  test('B27: a request that is under way is broken off with its right', async (t) => {
    const { maker, guest, made, link } = await newBoard('add')
    const headers = { origin: server.url, cookie: guest.cookie }
    const upload = request(`${server.url}/api/boards/${made.id}/images?name=a.png`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'image/png', expect: '100-continue' },
    })
    t.after(() => upload.destroy())
    const broken = new Promise((resolve) => upload.on('error', resolve))
    upload.flushHeaders()
    await once(upload, 'continue')
    upload.write(Buffer.from('89504e470d0a1a0a', 'hex'))
    assert.equal(await maker.refusal(link, 'DELETE'), null)
    await broken
  })

  test('B27: of an upload whose link is revoked no further part is taken', async () => {
    const { maker, guest, made, link } = await newBoard('add')
    const id = uuidv7(Date.now(), randomBytes(10))
    const add = { kind: 'image.add', id, name: 'a.png', width: 40, height: 30 } as const
    const message = { client: uuidv7(Date.now(), randomBytes(10)), n: 1, commands: [add] }
    assert.equal(await guest.refusal(`/b/${made.id}/commands`, 'POST', message), null)
    const uploads = `/api/boards/${made.id}/uploads`
    const bytes = await sharp({
      create: { width: 40, height: 30, channels: 3, background: '#666' },
    })
      .png()
      .toBuffer()
    const metadata = `id ${Buffer.from(id).toString('base64')}`
    const sized = { 'upload-length': `${bytes.length}`, 'upload-metadata': metadata }
    assert.equal(await tus(guest, 'POST', uploads, sized), 201)
    const part = (offset: number, end: number) =>
      tus(
        guest,
        'PATCH',
        `${uploads}/${id}`,
        { 'upload-offset': `${offset}`, 'content-type': 'application/offset+octet-stream' },
        bytes.subarray(offset, end),
      )
    assert.equal(await part(0, 20), 204)
    assert.equal(await maker.refusal(link, 'DELETE'), null)
    assert.equal(await part(20, bytes.length), 403)
    assert.equal(await tus(guest, 'HEAD', `${uploads}/${id}`), 403)
    assert.equal((await server.record(id, made.id))?.blob, null)
  })
})

/** Asks as a tus client does, and returns the status. */
async function tus(
  { url, cookie }: Visitor,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: Uint8Array,
): Promise<number> {
  const init = { method, headers: { origin: url, cookie, 'tus-resumable': '1.0.0', ...headers } }
  const response = await fetch(url + path, { ...init, ...(body && { body: Buffer.from(body) }) })
  await response.arrayBuffer()
  return response.status
}

test('B22: while the engine doesn’t answer, sockets that came by a link are held back', async (t) => {
  const own = await Harness.open()
  t.after(() => own.close())
  const [maker, guest] = [new Visitor(own.url), new Visitor(own.url)]
  const made = await maker.makeBoard()
  assert.equal(await guest.exchange(made.id, secretOf(made, 'view')), null)
  await own.engine.boards.create('open-board')
  const [viewer, mover, openViewer, openMover] = [
    await follow(t, guest, made.id),
    await follow(t, maker, made.id),
    await follow(t, guest, 'open-board'),
    await follow(t, maker, 'open-board'),
  ] as const
  const [seen, openSeen] = [new Pointers(viewer), new Pointers(openViewer)]
  await seen.follows(mover, 1)
  // Questions are answered late: those from before that count for nothing.
  const secrets = own.engine.secrets as { ended: Secrets['ended'] }
  const ended = secrets.ended
  const answers = Promise.withResolvers<void>()
  t.after(() => answers.resolve())
  secrets.ended = async (hashes) => {
    const found = await ended(hashes)
    await answers.promise
    return found
  }
  const held = await seen.untilHeld(mover)
  await openSeen.follows(openMover, 2)
  // Changes of the server's own are held back too.
  const id = await own.announce('a.png', 'anna', made.id)
  const added = new Promise<void>((resolve) =>
    viewer.socket.on('changes', (text: string) => {
      assert.equal(secrets.ended, ended, 'sent though nobody knows')
      if (text.includes(id)) resolve()
    }),
  )
  await openSeen.follows(openMover, 3)
  assert.equal(seen.hasSeen(held), false)
  secrets.ended = ended
  answers.resolve()
  await added
  await seen.waitFor(held)
  assert.deepEqual([viewer.isOpen, mover.isOpen, openViewer.isOpen], [true, true, true])
})

test('B32: nothing is asked while nothing rests on a right', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  const asked: (readonly string[])[] = []
  const ended = async (hashes: readonly string[]) => {
    asked.push(hashes)
    return []
  }
  const watch = new RightWatch({ ended }, () => {})
  t.after(() => watch.close())
  const again = () => Promise.reject(new Error('not asked for'))
  const add = (...grant: string[]) =>
    watch.add({ right: { role: 'edit', grant }, again, connection: { end() {} } })
  const open = add()
  t.mock.timers.tick(5_000)
  assert.deepEqual(asked, [])
  const [first, second] = [add('a', 'b'), add('b', 'c')]
  t.mock.timers.tick(500)
  assert.deepEqual(asked, [['a', 'b', 'c']])
  first[Symbol.dispose]()
  t.mock.timers.tick(500)
  assert.deepEqual(asked[1], ['b', 'c'])
  second[Symbol.dispose]()
  t.mock.timers.tick(5_000)
  assert.equal(asked.length, 2)
  open[Symbol.dispose]()
})
