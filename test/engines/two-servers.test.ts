import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import {
  type AnyRecord,
  type Batch,
  type ChangesAnswer,
  type Command,
  type Cursor,
  type ImageRecord,
  type Snapshot,
  uuidv7,
} from '@wirephoto/board'
import { type Board, blobUrl, openBoard } from '@wirephoto/client'
import { openEngine } from '@wirephoto/engine'
import { cleanupAfter } from '../support/cleanup.ts'
import { type Database, databaseProviders } from '../support/databases.ts'
import { EFFORT_FACTOR, rounds, SEED } from '../support/effort.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { OpenBoards } from '../support/open-boards.ts'
import { drawPicture, seededRandom } from '../support/pictures.ts'
import { Proxy } from '../support/proxy.ts'
import { ServerProcess } from '../support/server-process.ts'
import {
  assertConverged,
  editRandomly,
  retry,
  SimulatedUser,
  waitForAnswers,
} from '../support/simulated-user.ts'
import { WireClient } from '../support/wire-client.ts'

/** Histories with faults; each has its own kills. */
const HISTORY_COUNT = rounds(1)
const AGREEMENT_TIMEOUT_MS = 60_000

for (const place of await databaseProviders())
  describe(`two servers on ${place.name}`, { skip: place.skipReason ?? false }, () => {
    const stack = cleanupAfter()
    let database: Database
    let url: string
    let boards: OpenBoards
    let a: ServerProcess
    let b: ServerProcess
    /** From b to its database. */
    let wire: Proxy
    before(async () => {
      database = stack.adopt(await place.open(), (each) => each.close())
      url = await database.newUrl()
      const { port } = new URL(url)
      wire = stack.adopt(await Proxy.open(Number(port)), (each) => each.close())
      const ofB = url.replace(`:${port}/`, `:${wire.port}/`)
      // Both start at once, on an empty database.
      const opening = [url, ofB].map((engine) => {
        const server = ServerProcess.open({ args: ['--engine', engine] })
        stack.defer(async () => (await server).close())
        return server
      })
      ;[a, b] = (await Promise.all(opening)) as [ServerProcess, ServerProcess]
      boards = await OpenBoards.make(url, 20)
    })

    const newBoard = async (): Promise<string> => boards.next()

    test('changes on one server appear on the other', async (t) => {
      const id = await newBoard()
      const [here, there] = [a, b].map((server) => openBoard({ url: server.url, board: id }))
      t.after(() => Promise.all([here!.close(), there!.close()]))
      const bytes = await drawPicture({ width: 640, height: 480 })
      const file = new Blob([Uint8Array.from(bytes)])
      const [picture] = here!.addPictures([{ file, name: 'p.jpg', width: 640, height: 480 }])
      const seen = (isSo: (board: Board) => boolean) => waitUntil(there!, () => isSo(there!))
      await seen(({ pictures }) => pictures.has(picture!))
      const stored = await here!.stored(picture!)
      await seen(({ pictures }) => pictures.get(picture!)?.blob === stored.blob)
      const got = await fetch(blobUrl(there!, stored)!)
      const hash = createHash('sha256').update(Buffer.from(await got.arrayBuffer()))
      assert.equal(hash.digest('hex'), stored.blob)
      here!.patch(picture!, { x: 77, caption: 'moved' })
      await seen(({ pictures }) => pictures.get(picture!)?.caption === 'moved')
      here!.remove([picture!])
      await seen(({ pictures }) => (pictures.get(picture!)?.deletedAt ?? null) !== null)
      there!.restore([picture!])
      await waitUntil(here!, () => here!.pictures.get(picture!)?.deletedAt === null)
    })

    test('W21, L7: a reader by requests hears of the other server, and goes on there', async (t) => {
      const board = await newBoard()
      const writer = await WireClient.connect(a.url, board, undefined, boards.nextOwner(board))
      t.after(() => writer.close())
      let { cursor } = await writer.snapshot()
      for (let i = 0; i < 6; i++) {
        const { url: origin } = i % 2 ? a : b
        const address = `${origin}/b/${board}/changes?after=${encodeURIComponent(cursor)}`
        const asking = fetch(address)
        await writer.send({ kind: 'board.patch', set: { title: `Title ${i}` } })
        const { changes } = (await (await asking).json()) as ChangesAnswer
        assert.equal(changes?.from, cursor)
        assert.equal(changes.changes.length, 1)
        cursor = changes.to
      }
    })

    test('a picture stored by one server is served by the other at once', async () => {
      const board = await newBoard()
      const picture = new Uint8Array(await drawPicture({ width: 40, height: 30 }))
      for (let i = 0; i < 30; i++) {
        const [one, other] = i % 2 ? [a, b] : [b, a]
        const images = (origin: string) => `${origin}/api/boards/${board}/images`
        const posted = await fetch(images(one.url), { method: 'POST', body: picture })
        const { id } = (await posted.json()) as { id: string }
        const got = await fetch(`${images(other.url)}/${id}/file`)
        assert.equal(got.status, 200, `picture ${i}`)
        assert.equal((await got.arrayBuffer()).byteLength, picture.length)
      }
    })

    test('E94: the banner says what stays on its server, without the password', () => {
      for (const { output } of [a, b]) {
        assert.match(output, /Who is here, drags what .+, each shows to its own visitors;/)
        assert.match(
          output,
          /Uploads, downloads, answers by an Idempotency-Key, .+ stay on the server/,
        )
        assert.match(output, /The bounds of commands, .+ are its own;/)
        assert.ok(!output.includes(new URL(url).password || '\0'))
      }
    })

    test('F2, L7: a reader goes from server to server without gap or repeat', async (t) => {
      const board = await newBoard()
      const writers = await Promise.all([a, b].map(({ url }) => WireClient.connect(url, board)))
      let writing = true
      t.after(() => {
        writing = false
        for (const writer of writers) writer.close()
      })
      const wrote = Promise.all(
        writers.map(async (writer) => {
          while (writing) await writer.send(add())
        }),
      )
      // They may have begun.
      const before = await writers[0]!.snapshot()
      let cursor: Cursor = before.cursor
      const read: Batch[] = []
      for (let round = 0; round < 12; round++) {
        const reader = await WireClient.connect((round % 2 ? a : b).url, board, cursor)
        // A few batches, however they come.
        await reader.waitForBatch(() => reader.batches.length > round % 5)
        const { to } = reader.batches.at(-1)!
        read.push(...reader.chain(cursor, to))
        cursor = to
        reader.close()
      }
      writing = false
      await wrote
      const { cursor: head, records } = await settled(board)
      const last = await WireClient.connect(a.url, board, cursor)
      if (cursor !== head) await last.waitForCursor(head)
      read.push(...last.chain(cursor, head))
      last.close()
      const ids = read.flatMap(({ changes }) => changes.map((one) => 'put' in one && one.put.id))
      // Each was put once, so each is read once.
      const again = ids.filter((id, at) => ids.indexOf(id) !== at)
      assert.deepEqual(
        again.map((id) => read.filter(({ changes }) => JSON.stringify(changes).includes(`${id}`))),
        [],
      )
      assert.equal(before.records.length + ids.length, records.length)
      assert.ok(ids.length > 12)
    })

    test('C3, C4: bytes that one server stores stay, though another one has purged them', {
      skip: EFFORT_FACTOR > 1 ? false : 'takes some leases: npm run test:long',
      timeout: 240_000,
    }, async (t) => {
      const collecting = await InProcessServer.open({
        engine: url,
        steadyClockMs: 0,
        bounds: { 'purge-grace': 1 },
        garbageCollection: {
          firstDelayMs: 100,
          intervalMs: 500,
          // An upload on a slow machine takes less between its blob and its record.
          blobLeaseMs: 8_000,
          arrivingTimeoutMs: 600_000,
          asideMs: 600_000,
        },
      })
      t.after(() => collecting.close())
      const bytes = new Uint8Array(await drawPicture({ width: 400, height: 300, seed: 4711 }))
      const pair = [await newBoard(), await newBoard()]
      const owners = new Map(pair.map((board) => [board, boards.nextOwner(board)]))
      const engine = await openEngine(url)
      t.after(() => engine.close())
      const purge = async (board: string, id: string) => {
        const client = await WireClient.connect(a.url, board, undefined, owners.get(board))
        await client.send({ kind: 'image.remove', id }, { kind: 'image.purge', id })
        client.close()
      }
      const store = async (server: ServerProcess, board: string) => {
        const images = `${server.url}/api/boards/${board}/images`
        const answer = await fetch(images, { method: 'POST', body: bytes })
        assert.equal(answer.status, 201)
        return (await answer.json()) as ImageRecord
      }
      let last = await store(a, pair[0]!)
      for (let round = 1, end = Date.now() + 20_000; Date.now() < end; round++) {
        const [there, here] = [pair[(round + 1) % 2]!, pair[round % 2]!]
        const [next] = await Promise.all([
          store(round % 3 ? a : b, here),
          purge(there, last.id),
          setTimeout(500 * (round % 4)),
        ])
        const got = await fetch(`${b.url}/b/${here}/blob/${next.blob}/original`)
        assert.equal(got.status, 200, `round ${round}`)
        assert.equal(Buffer.compare(Buffer.from(await got.arrayBuffer()), bytes), 0)
        last = next
      }
      for (const board of pair)
        for (const { id } of await snapshotOf(a.url, board).then(({ records }) => records))
          await purge(board, id)
      for (const end = Date.now() + 120_000; await engine.blobs.has(last.blob!); )
        await setTimeout(200).then(() => assert.ok(Date.now() < end, 'not gone in time'))
    })

    test('F3: a message sent again to the other server takes effect once', async (t) => {
      const board = await newBoard()
      const [here, there] = await Promise.all(
        [a, b].map(({ url }) => WireClient.connect(url, board)),
      )
      t.after(() => [here, there].forEach((wireClient) => wireClient!.close()))
      const client = newId()
      for (let n = 1; n < 40; n += 2) {
        const message = { client, n, commands: [add(), { kind: 'image.remove', id: newId() }] }
        const [one, other] = n % 4 === 1 ? [here!, there!] : [there!, here!]
        // Sometimes both have it at once, as when a paused server wakes up.
        const first = one.sendMessage(message as never)
        if (n % 3) await first
        assert.deepEqual(await other.sendMessage(message as never), await first, `number ${n}`)
      }
      assert.equal((await settled(board)).records.length, 20)
    })

    test('F3: also when the first server dies between its append and its answer', async () => {
      const board = await newBoard()
      const wireClient = await WireClient.connect(b.url, board)
      for (const failpoint of ['board.append', 'board.appended']) {
        const dying = await ServerProcess.open({
          args: ['--engine', url],
          env: { WIREPHOTO_FAILPOINT: failpoint },
        })
        const there = await WireClient.connect(dying.url, board)
        const [client, id] = [newId(), newId()]
        const message = { client, n: 1, commands: [add(id)] }
        there.sendMessage(message).catch(() => {})
        await dying.waitForExit()
        there.close()
        const answer = await wireClient.sendMessage(message)
        assert.deepEqual([answer.n, answer.refused], [1, []])
        const { records } = await settled(board)
        assert.equal(records.filter((record) => record.id === id).length, 1)
        await dying.close()
      }
      wireClient.close()
    })

    test('F3, F4, L6: a paused server that wakes up with an old replica does nothing old', async (t) => {
      const board = await newBoard()
      const [here, there] = await Promise.all(
        [a, b].map(({ url }) => WireClient.connect(url, board)),
      )
      t.after(() => [here, there].forEach((wireClient) => wireClient!.close()))
      const [kept, gone, late] = [newId(), newId(), newId()]
      await here!.send(add(kept), add(gone))
      await there!.waitForBatch(({ changes }) =>
        changes.some((c) => 'put' in c && c.put.id === gone),
      )
      const moved = { client: newId(), n: 1, commands: [patch(kept, 1)] }

      process.kill(a.pid, 'SIGSTOP')
      // Sent to the paused server, then, since it doesn't answer, to the other.
      const asked = here!.sendMessage(moved)
      const trashed = here!.send(patch(gone, 5), { kind: 'image.remove', id: late })
      const answered = await there!.sendMessage(moved)
      await there!.send(patch(kept, 2), { kind: 'image.remove', id: gone }, add(late))
      for (let x = 0; x < 50; x++) await there!.send(patch(late, x))
      process.kill(a.pid, 'SIGCONT')

      assert.deepEqual(await asked, answered)
      assert.deepEqual((await trashed).refused, [], 'the picture that it had not seen is known')
      const { records } = await settled(board)
      const of = (id: string) => records.find((record) => record.id === id) as { x: number }
      assert.equal(of(kept).x, 2, 'the older move was not done again')
      await here!.waitForCursor((await there!.snapshot()).cursor)
    })

    for (let i = 0; i < HISTORY_COUNT; i++)
      test(`F1, F3, F4: a history with faults (SEED=${SEED + i})`, { timeout: 240_000 }, (t) =>
        history(SEED + i, (text) => t.diagnostic(text)),
      )

    /**
     * Runs a history. Users move from server to server, and scripts post pictures. Servers are
     * paused and killed, the database too, and a server's connection to it is cut and slow.
     */
    async function history(seed: number, tell: (text: string) => void): Promise<void> {
      const random = seededRandom(seed)
      const board = await retry(() => newBoard())
      const users = await Promise.all(
        Array.from({ length: 4 }, (_, i) =>
          SimulatedUser.join(board, boards.nextOwner(board), (i % 2 ? a : b).port),
        ),
      )
      const calm = new AbortController()
      const kills = { servers: 0, database: 0 }
      const stored = new Map<string, Buffer>()
      const post = async (nth: number) => {
        for (let n = nth; !calm.signal.aborted; n += 2) {
          const picture = await drawPicture({ width: 40, height: 30, seed: seed * 1000 + n })
          const images = `${(n % 3 ? a : b).url}/api/boards/${board}/images`
          const body = new Uint8Array(picture)
          const id = await fetch(images, { method: 'POST', body })
            .then(async (answer) => answer.status === 201 && (await answer.json()).id)
            .catch(() => null)
          if (id) stored.set(id, picture)
          else await setTimeout(50)
        }
      }
      const faults = async () => {
        while (!calm.signal.aborted) {
          await setTimeout(200 * random())
          const server = random() < 0.5 ? a : b
          const fault = random()
          if (fault < 0.35) {
            await server.kill()
            await server.start()
            kills.servers++
          } else if (fault < 0.6 && database.kill) {
            await database.kill()
            await setTimeout(300 * random())
            await database.start()
            kills.database++
          } else if (fault < 0.7) {
            wire.disconnect()
            await setTimeout(500 * random())
            wire.reconnect()
          } else if (fault < 0.8) {
            wire.down.bytesPerSecond = wire.up.bytesPerSecond = 20_000
            await setTimeout(1_000 * random())
            wire.down.bytesPerSecond = wire.up.bytesPerSecond = Number.POSITIVE_INFINITY
          } else {
            process.kill(server.pid, 'SIGSTOP')
            await setTimeout(800 * random())
            process.kill(server.pid, 'SIGCONT')
          }
        }
      }
      try {
        const trouble = Promise.all([faults(), post(0), post(1)])
        const change = ({ proxy }: SimulatedUser) => {
          proxy.setTarget((random() < 0.5 ? a : b).port)
          proxy.resetConnections()
        }
        const linger = () => setTimeout(200 * random())
        await editRandomly(users, random, [
          change,
          change,
          ...Array.from({ length: 10 }, () => linger),
        ])
        calm.abort()
        await trouble
        for (const { proxy } of users) {
          proxy.reconnect()
          proxy.down.resume()
        }
        // The server that has answered last is ahead of the other for a moment.
        await waitForAnswers(users)
        await settled(board)
        const shown = await assertConverged(board, users, a.url)
        assert.deepEqual(await assertConverged(board, users, b.url), shown)
        const engine = await openEngine(url)
        const { records } = await engine.log.load(board)
        await engine.close()
        assert.deepEqual(byId(records), byId(shown))
        for (const [id, picture] of stored)
          for (const server of [a, b]) {
            const got = await fetch(`${server.url}/api/boards/${board}/images/${id}/file`)
            assert.deepEqual(Buffer.from(await got.arrayBuffer()), picture, id)
          }
        tell(
          `${kills.servers} kills of servers, ${kills.database} of the database, ${stored.size} pictures stored`,
        )
      } finally {
        calm.abort()
        for (const user of users) await user.close()
      }
    }

    /** Returns the snapshot of both servers, when they agree. */
    async function settled(board: string): Promise<Snapshot> {
      for (const patience = Date.now() + AGREEMENT_TIMEOUT_MS; ; await setTimeout(100)) {
        const [here, there] = await Promise.all(
          [a, b].map(({ url }) => snapshotOf(url, board).catch(() => null)),
        )
        if (here && isDeepStrictEqual(here, there)) return here
        if (Date.now() > patience) assert.deepEqual(here, there)
      }
    }
  })

/** Returns a snapshot with its records sorted. */
async function snapshotOf(origin: string, board: string): Promise<Snapshot> {
  const response = await fetch(`${origin}/api/boards/${board}/snapshot`)
  if (!response.ok) throw new Error(await response.text())
  const { records, ...rest } = (await response.json()) as Snapshot
  return { ...rest, records: records.toSorted((one, other) => (one.id < other.id ? -1 : 1)) }
}

const newId = (): string => uuidv7(Date.now(), randomBytes(10))

const add = (id = newId()): Command => ({
  kind: 'image.add',
  id,
  width: 40,
  height: 30,
  name: 'a.jpg',
})

const patch = (id: string, x: number): Command => ({ kind: 'image.patch', id, set: { x } })

const byId = (records: readonly AnyRecord[]) => new Map(records.map((one) => [one.id, one]))

/** Resolves when the condition holds on the page. */
function waitUntil(board: Board, isSo: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = board.on('pictures', () => isSo() && resolve())
  if (isSo()) resolve()
  return promise.finally(off)
}
