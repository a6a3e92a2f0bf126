import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { uuidv7 } from '@wirephoto/board'
import { cleanupAfter } from '../support/cleanup.ts'
import { type DatabaseProvider, databaseProviders } from '../support/databases.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture } from '../support/pictures.ts'
import { Proxy } from '../support/proxy.ts'
import { type OpenSocket, Pointers, secretOf, Visitor } from '../support/visitor.ts'

/* Rights that end on one server, while sockets of another rest on them. */

const newId = () => uuidv7(Date.now(), randomBytes(10))
/** Time between two tries to see another server's changes. */
const PAUSE_MS = 200
const TRIES_COUNT = 20

for (const provider of await databaseProviders())
  describe(`rights on two servers of ${provider.name}`, {
    skip: provider.skipReason ?? false,
  }, () => {
    test('B21: a link that is revoked on one server ends the sockets of the other', async (t) => {
      const { a, b } = await openServers(t, provider)
      const { maker, guest, made } = await newBoard(a.url)
      const [socket, owner] = [
        await follow(t, b.url, made.id, guest),
        await follow(t, b.url, made.id, maker),
      ]
      const path = `/api/boards/${made.id}/links`
      const link = made.links.find(({ role }) => role === 'edit')!
      // The role first: no link ends by that.
      assert.equal(await maker.refusal(`${path}/${link.id}`, 'PATCH', { role: 'add' }), null)
      assert.equal(await socket.ended, null)
      const again = await follow(t, b.url, made.id, guest)
      assert.equal(again.role, 'add')
      assert.equal(await maker.refusal(`${path}/${link.id}`, 'DELETE'), null)
      assert.equal(await again.ended, 'link-ended')
      assert.equal(owner.isOpen, true)
      // A code that one server shows is the other's too.
      const wallLink = made.links.find(({ role }) => role === 'add')!.id
      const rule = `/api/boards/${made.id}/access`
      assert.equal(await maker.refusal(rule, 'PATCH', { wallLink }), null)
      const codeAt = async (url: string) => {
        for (let tries = 0; ; tries++) {
          const told = await new Visitor(url, maker.cookie).ask(`/api/boards/${made.id}/join-code`)
          if (told.ok) return ((await told.json()) as { code: string }).code
          // A server's look-up counts for half a second.
          assert.ok(tries < TRIES_COUNT, `${told.status}`)
          await setTimeout(PAUSE_MS)
        }
      }
      const [code, other] = await Promise.all([a, b].map(({ url }) => codeAt(url)))
      assert.equal(code, other)
      assert.equal(await new Visitor(b.url).refusal('/api/join', 'POST', { code }), null)
    })

    test('B102, B107, B110: what waits on one server is decided on the other', async (t) => {
      const { a, b } = await openServers(t, provider)
      const { maker, guest, made } = await newBoard(a.url, 'add')
      const set = { adding: 'held' }
      const message = (command: object) => ({ client: newId(), n: 1, commands: [command] })
      const commands = `/b/${made.id}/commands`
      assert.equal(
        await maker.refusal(commands, 'POST', message({ kind: 'board.patch', set })),
        null,
      )
      const body = new Uint8Array(await drawPicture({ width: 40, height: 30 }))
      const ids: string[] = []
      for (const { url } of [b, b]) {
        const headers = { origin: url, cookie: guest.cookie }
        const put = await fetch(`${url}/b/${made.id}/p.jpg`, { method: 'PUT', body, headers })
        assert.equal(put.status, 202)
        ids.push(((await put.json()) as { id: string }).id)
      }
      const [first, second] = ids as [string, string]
      const held = `/api/boards/${made.id}/held`
      assert.equal(await maker.refusal(`${held}/${first}/approve`, 'POST'), null)
      assert.equal(await maker.refusal(`${held}/${second}/refuse`, 'POST'), null)
      const elsewhere = new Visitor(b.url, guest.cookie)
      assert.deepEqual(await (await elsewhere.ask(held)).json(), { pictures: [] })
      const picture = await elsewhere.ask(`/api/boards/${made.id}/images/${first}`)
      assert.equal(((await picture.json()) as { blob: string | null }).blob !== null, true)
      assert.equal(
        await elsewhere.refusal(`/api/boards/${made.id}/images/${second}`),
        'unknown-picture',
      )
      const other = new Visitor(b.url, maker.cookie)
      assert.equal(await other.refusal(`${held}/${first}/approve`, 'POST'), null)
    })

    test('B22: while the database doesn’t answer, sockets that came by a link are held back', async (t) => {
      const { a, b, wire } = await openServers(t, provider)
      const { maker, guest, made } = await newBoard(a.url)
      const open = await a.newBoard()
      const nobody = new Visitor(b.url)
      const [viewer, mover] = [
        await follow(t, b.url, made.id, guest),
        await follow(t, b.url, made.id, maker),
      ]
      const [openViewer, openMover] = [
        await follow(t, b.url, open, nobody),
        await follow(t, b.url, open, nobody),
      ]
      const [seen, openSeen] = [new Pointers(viewer), new Pointers(openViewer)]
      await seen.follows(mover, 1)
      await openSeen.follows(openMover, 1)

      wire.down.stall()
      const x = await seen.untilHeld(mover)
      await openSeen.follows(openMover, 2)
      const id = newId()
      const add = { kind: 'image.add', id, name: 'a.png', width: 40, height: 30 } as const
      const message = { client: newId(), n: 1, commands: [add] }
      assert.equal(await maker.refusal(`/b/${made.id}/commands`, 'POST', message), null)
      await openSeen.follows(openMover, 3)
      assert.ok(!seen.hasSeen(x))

      const added = new Promise<void>((resolve) =>
        viewer.socket.on('changes', (text: string) => {
          if (text.includes(id)) resolve()
        }),
      )
      wire.down.resume()
      await added
      await seen.waitFor(x)
      assert.deepEqual([viewer.isOpen, mover.isOpen, openViewer.isOpen], [true, true, true])
    })
  })

/** Opens two servers on one database; `wire` is the second one's way to it. */
async function openServers(t: TestContext, provider: DatabaseProvider) {
  const stack = cleanupAfter(t)
  const database = stack.adopt(await provider.open(), (each) => each.close())
  const url = await database.newUrl()
  const { port } = new URL(url)
  const wire = stack.adopt(await Proxy.open(Number(port)), (each) => each.close())
  const ofB = url.replace(`:${port}/`, `:${wire.port}/`)
  const open = async (engine: string) =>
    stack.adopt(await InProcessServer.open({ engine }), (each) => each.close())
  const a = await open(url)
  const b = await open(ofB)
  // A server without its database takes half a minute to close.
  stack.defer(() => wire.down.resume())
  return { a, b, wire }
}

/** Makes a board, and a guest who came by its link of this role. */
async function newBoard(url: string, role: 'add' | 'edit' = 'edit') {
  const [maker, guest] = [new Visitor(url), new Visitor(url)]
  const made = await maker.makeBoard()
  assert.equal(await guest.exchange(made.id, secretOf(made, role)), null)
  return { maker, guest, made }
}

async function follow(
  t: TestContext,
  url: string,
  board: string,
  { cookie }: Visitor,
): Promise<OpenSocket> {
  const socket = await new Visitor(url, cookie).follow(board)
  t.after(() => socket.close())
  return socket
}
