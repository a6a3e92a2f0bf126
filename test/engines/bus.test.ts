import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Command, type CommandAnswer, uuidv7 } from '@wirephoto/board'
import type { WirephotoOptions } from '@wirephoto/server'
import sharp from 'sharp'
import { BoardWatcher } from '../support/board-watcher.ts'
import { cleanupAfter } from '../support/cleanup.ts'
import { freePort } from '../support/free-port.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { OpenBoards } from '../support/open-boards.ts'
import { drawPicture } from '../support/pictures.ts'
import { findPostgres, NO_POSTGRES, Postgres } from '../support/postgres.ts'
import { findRedis, NO_REDIS, Redis } from '../support/redis.ts'
import { ServerProcess } from '../support/server-process.ts'
import { TusUpload } from '../support/tus-upload.ts'
import { secretOf, Visitor } from '../support/visitor.ts'

/* Two servers of one engine, and all that crosses between them beside changes. */

const PAUSE_MS = 50
/** More than lies between a reader and a server on one machine. */
const LARGE_FILE_BYTES = 16_000_000
/** The things that stay on their server without a bus. */
const CARRIED = [
  'people',
  'progress',
  'seen-by',
  'frames',
  'newest-frames',
  'shows',
  'notices',
  'picture-rates',
  'wrong-tries',
]
/** Those that stay without `--node-url`. */
const ASKED = ['growing-files', 'large-previews', 'uploads', 'downloads', 'idempotency-keys']
/** Those that stay in any case. */
const OWN = ['rates']
/** Pictures that a link, and a stranger, may add in a minute: more than the other tests add on a board. */
const PICTURES_PER_MINUTE_COUNT = 5
/** The wrong tries that an address has. */
const WRONG_TRIES_COUNT = 10
const [programs] = await findPostgres()
const redisProgram = await findRedis()

for (const kind of ['links', 'redis'] as const)
  describe(`what crosses by ${kind}`, {
    skip: programs ? kind === 'redis' && !redisProgram && NO_REDIS : NO_POSTGRES,
  }, () => {
    const stack = cleanupAfter()
    let postgres: Postgres
    let redis: Redis | null = null
    let boards: OpenBoards
    let a: ServerProcess
    let b: ServerProcess
    before(async () => {
      postgres = stack.adopt(await Postgres.open(programs!), (each) => each.close())
      const engine = await postgres.newDatabase()
      if (kind === 'redis')
        redis = stack.adopt(await Redis.open(redisProgram!), (each) => each.close())
      boards = await OpenBoards.make(engine, 24)
      const open = async () => {
        const port = await freePort()
        const carrier = redis ? ['--bus', redis.url] : ['--node-url', `http://127.0.0.1:${port}`]
        const bounds = ['link', 'stranger'].flatMap((who) => [
          '--bound',
          `pictures-per-${who}-minute=${PICTURES_PER_MINUTE_COUNT}`,
        ])
        const args = ['--engine', engine, ...carrier, ...bounds]
        const server = await ServerProcess.open({ port, args })
        return stack.adopt(server, (each) => each.close())
      }
      ;[a, b] = await Promise.all([open(), open()])
      await untilReady(a)
      await untilReady(b)
    })

    const pair = async (t: TestContext) => {
      const board = boards.next()
      const tokens = [boards.nextOwner(board), boards.nextOwner(board)] as const
      const here = await BoardWatcher.open(a.url, board, tokens[0])
      const there = await BoardWatcher.open(b.url, board, tokens[1])
      t.after(() => {
        here.close()
        there.close()
      })
      const headers = { authorization: `Bearer ${tokens[0]}` }
      return { board, here, there, headers }
    }
    /** Announces a picture on one server, and waits until the other one knows it. */
    const announce = async ({ here, there }: Record<'here' | 'there', BoardWatcher>) => {
      const id = newId()
      await here.send({ kind: 'image.add', id, name: 'p.jpg', width: 640, height: 480 })
      await there.next('changes', (body) => JSON.stringify(body).includes(id))
      return id
    }

    test('E50: who is where, and what they drag, is seen by those on the other server', async (t) => {
      const both = await pair(t)
      const { board, here, there } = both
      const id = await announce(both)
      const drag = { [id]: { x: 50, y: 60 } }
      here.emit('presence', { name: 'Ann', cursor: { x: 3, y: 4 }, selection: [id], drag })
      const update = await there.next('presence', (body) => JSON.stringify(body).includes('Ann'))
      const [state] = Object.values(update) as { drag: object; visitor: string }[]
      assert.deepEqual(state!.drag, drag)
      assert.equal(state!.visitor, here.visitor)
      await there.next('people', ({ count }) => count === 2)
      // One who comes later is told at once.
      const late = await BoardWatcher.open(b.url, board)
      t.after(() => late.close())
      assert.match(JSON.stringify(await late.next('roster')), /Ann/)
      late.close()
      there.forget()
      here.close()
      await there.next('presence', (body) => Object.values(body).includes(null))
      await there.next('people', ({ count }) => count === 1)
    })

    test('E51: a picture on its way shows its progress and its preview on the other server', async (t) => {
      const both = await pair(t)
      const { board, here, there, headers } = both
      const id = await announce(both)
      await here.sendPreview(id, await drawPicture({ width: 320, height: 240, format: 'webp' }))
      const preview = await there.next('preview', (body) => body['id'] === id)
      assert.equal((preview['bytes'] as Buffer).toString('latin1', 8, 12), 'WEBP')
      const file = await drawPicture({ width: 640, height: 480 })
      const upload = await TusUpload.begin(a.url, board, id, file, headers)
      await upload.send(10_000)
      const isSent = (count: number) => (body: Record<string, unknown>) =>
        (body[id] as { sent: number } | undefined)?.sent === count
      const arriving = await there.next('arrivals', isSent(10_000))
      const { total, state, preview: hasPreview } = arriving[id] as Record<string, unknown>
      assert.deepEqual([total, state, hasPreview], [file.length, 'arriving', true])
      // One who comes later finds the preview by its address.
      const kept = await fetch(`${b.url}/b/${board}/arrivals/${id}/preview`, { headers })
      assert.equal(kept.status, 200)
      assert.equal(
        Buffer.compare(Buffer.from(await kept.arrayBuffer()), preview['bytes'] as Buffer),
        0,
      )
      await upload.send()
      await there.next('arrivals', (body) => body[id] === null)
    })

    test('E52: a sender is told who has seen a picture on the other server', async (t) => {
      const both = await pair(t)
      const { here, there } = both
      const id = await announce(both)
      there.emit('seen', { ids: [id] })
      const seen = (await here.next('seen'))[id] as { viewers: { visitor: string }[] }
      assert.deepEqual(
        seen.viewers.map(({ visitor }) => visitor),
        [there.visitor],
      )
    })

    test('E53: frames of a live slot, and what is shown and not kept, come to the other server', async (t) => {
      const { board, here, there, headers } = await pair(t)
      await here.next('people', ({ count }) => count === 2)
      const [first, second] = await Promise.all(
        [1, 2].map((seed) => drawPicture({ width: 64, height: 48, seed })),
      )
      const slot = `${a.url}/b/${board}/live/door`
      const put = (body: Buffer) =>
        fetch(slot, { method: 'PUT', headers, body: new Uint8Array(body) })
      const { id } = (await (await put(first!)).json()) as { id: string }
      await there.next('changes', (body) => JSON.stringify(body).includes(id))
      await (await put(second!)).arrayBuffer()
      const frame = await there.next('frame', (body) => body['id'] === id)
      assert.equal(Buffer.compare(frame['bytes'] as Buffer, second!), 0)
      const address = `${a.url}/b/${board}/show`
      const body = new Uint8Array(first!)
      const shown = await fetch(address, { method: 'POST', headers, body })
      // The pages of both servers.
      assert.deepEqual(await shown.json(), { viewers: 2 })
      const file = await there.next('shown')
      assert.equal(Buffer.compare(file['bytes'] as Buffer, first!), 0)
    })

    test('E127: the newest frame by its address is the newest of all servers', async (t) => {
      const { board, there, headers } = await pair(t)
      const frames = await Promise.all(
        [1, 2, 3, 4].map((seed) => drawPicture({ width: 160, height: 120, seed })),
      )
      const put = async ({ url }: ServerProcess, frame: Buffer): Promise<string> => {
        const body = new Uint8Array(frame)
        const answer = await fetch(`${url}/b/${board}/live/gate`, { method: 'PUT', headers, body })
        return ((await answer.json()) as { id: string }).id
      }
      const newestOf = async ({ url }: ServerProcess): Promise<Buffer> => {
        const answer = await fetch(`${url}/api/boards/${board}/slots/gate`, { headers })
        return Buffer.from(await answer.arrayBuffer())
      }
      const id = await put(a, frames[0]!)
      await there.next('changes', (body) => JSON.stringify(body).includes(id))
      // Each comes before the one before it is stored.
      for (const frame of frames.slice(1, 3)) {
        await put(a, frame)
        await there.next('frame', ({ bytes }) => frame.equals(bytes as Buffer))
        assert.ok(frame.equals(await newestOf(b)))
      }
      await put(b, frames[3]!)
      assert.ok(frames[3]!.equals(await newestOf(b)))
    })

    test('E54: a picture that is shown to everybody is shown on the other server', async (t) => {
      const both = await pair(t)
      const id = await announce(both)
      both.here.emit('show', { id })
      assert.deepEqual(await both.there.next('show'), { id })
    })

    test('E55: a link that ends on one server ends the sockets of the other at once', async (t) => {
      const { a: owner, b: other } = { a: new Visitor(a.url), b: new Visitor(b.url) }
      const made = await owner.makeBoard()
      assert.equal(await other.exchange(made.id, secretOf(made, 'edit')), null)
      const socket = await other.follow(made.id)
      t.after(() => socket.close())
      const link = made.links.find(({ role }) => role === 'edit')!
      assert.equal(await owner.refusal(`/api/boards/${made.id}/links/${link.id}`, 'DELETE'), null)
      assert.equal(await socket.ended, 'link-ended')
    })

    test('E121: a sender is told on one server what was decided on the other about a picture that waits', async (t) => {
      const { a: owner, b: sender } = { a: new Visitor(a.url), b: new Visitor(b.url) }
      const made = await owner.makeBoard()
      assert.equal(await sender.exchange(made.id, secretOf(made, 'add')), null)
      const send = async (visitor: Visitor, command: Command) => {
        const message = { client: newId(), n: 1, commands: [command] }
        const answer = await visitor.ask(`/b/${made.id}/commands`, 'POST', message)
        const { refused } = (await answer.json()) as CommandAnswer
        assert.deepEqual(refused, [])
      }
      await send(owner, { kind: 'board.patch', set: { adding: 'held' } })
      const socket = await sender.follow(made.id)
      t.after(() => socket.close())
      const told = once(socket.socket as never, 'held')
      const id = newId()
      await send(sender, { kind: 'image.add', id, name: 'p.jpg', width: 640, height: 480 })
      const path = `/api/boards/${made.id}/held/${id}/refuse`
      assert.equal(await owner.refusal(path, 'POST'), null)
      assert.deepEqual(await told, [JSON.stringify({ [id]: 'refused' })])
    })

    for (const who of ['a link', 'a stranger'] as const)
      test(`E125: pictures of ${who} at one server count at the other`, async (t) => {
        const { board, here: owner, there, headers: ownHeaders } = await pair(t)
        const isByLink = who === 'a link'
        const here = isByLink ? owner : await BoardWatcher.open(a.url, board)
        t.after(() => here.close())
        const file = await drawPicture({ width: 64, height: 48 })
        const post = (headers: Record<string, string>) =>
          fetch(`${b.url}/api/boards/${board}/images`, {
            method: 'POST',
            headers,
            body: new Uint8Array(file),
          })
        let id = ''
        for (let i = 0; i < PICTURES_PER_MINUTE_COUNT; i++) id = await announce({ here, there })
        await untilHeard({ here, there }, id)
        const refused = await post(isByLink ? ownHeaders : {})
        assert.equal(refused.status, 429)
        const { error } = (await refused.json()) as { error: { code: string } }
        assert.equal(error.code, 'too-fast')
        assert.ok(Number(refused.headers.get('retry-after')) >= 1)
        // Those of another link have a minute of their own.
        const other = await post({ authorization: `Bearer ${boards.nextOwner(board)}` })
        assert.equal(other.status, 201)
      })

    test('E126: wrong codes at one server count at the other', async (t) => {
      const both = await pair(t)
      const id = await announce(both)
      const guess = ({ url }: ServerProcess) =>
        new Visitor(url).refusal('/api/join', 'POST', { code: 'BCDFGH' })
      for (let i = 0; i < WRONG_TRIES_COUNT; i++) assert.equal(await guess(a), 'wrong-code')
      await untilHeard(both, id)
      assert.equal(await guess(b), 'too-many')
    })

    if (kind === 'links') {
      /** Begins an upload on one server, and returns how the other one gives it while it grows. */
      const grow = async (t: TestContext, file: Buffer, sent: number) => {
        const both = await pair(t)
        const { board, there, headers } = both
        const id = await announce(both)
        const upload = await TusUpload.begin(a.url, board, id, file, headers)
        await upload.send(sent)
        await there.next(
          'arrivals',
          (body) => (body[id] as { live: boolean } | null)?.live ?? false,
        )
        const address = `${b.url}/b/${board}/arrivals/${id}`
        const read = (page: string) => fetch(`${address}?page=${page}`, { headers })
        return { board, id, upload, read, there, headers }
      }

      test('E65: a file that grows on one server is read from the other as it comes, once for all', async (t) => {
        const file = await drawProgressive()
        const { board, id, upload, read } = await grow(t, file, 10_000)
        const readers = await Promise.all(['1', '2', '3'].map(read))
        for (const { status, headers } of readers)
          assert.deepEqual([status, headers.get('content-type')], [200, 'image/jpeg'])
        assert.equal((await readdir(join(b.data, 'growing'))).length, 1)
        const bodies = readers.map((reader) => reader.arrayBuffer())
        await upload.send()
        for (const body of await Promise.all(bodies))
          assert.equal(Buffer.compare(Buffer.from(body), file), 0)
        // For servers alone: they prove that they are.
        const address = `${a.url}/node/growing?board=${board}&id=${id}`
        assert.equal((await fetch(address)).status, 404)
        while ((await readdir(join(b.data, 'growing'))).length > 0) await setTimeout(PAUSE_MS)
      })

      test('E116: a large preview on one server is served by the other, which fetches it once', async (t) => {
        const file = await drawProgressive()
        const { board, id, upload, there, headers } = await grow(t, file, 10_000)
        const drawn = await drawPicture({ width: 1_400, height: 1_000 })
        const body = new Uint8Array(await sharp(drawn).webp({ quality: 30 }).toBuffer())
        const address = `/b/${board}/arrivals/${id}/preview/large`
        // The sender's request may come to any server.
        const put = await fetch(b.url + address, { method: 'PUT', headers, body })
        assert.equal(put.status, 204)
        await there.next(
          'arrivals',
          (news) => (news[id] as { large: boolean } | null)?.large ?? false,
        )
        const read = async ({ url }: ServerProcess) => {
          const answer = await fetch(url + address, { headers })
          return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) }
        }
        const [here, remote] = [await read(a), await read(b)]
        assert.deepEqual([here.status, remote.status], [200, 200])
        const { format, width } = await sharp(remote.bytes).metadata()
        assert.deepEqual([format, width], ['webp', 1_280])
        assert.ok(here.bytes.equals(remote.bytes))
        // For servers alone: they prove that they are.
        const direct = `${a.url}/node/large-preview?board=${board}&id=${id}`
        assert.equal((await fetch(direct)).status, 404)
        // It is in the memory of the other server, which needs the first one no more.
        a.signal('SIGSTOP')
        t.after(() => a.signal('SIGCONT'))
        assert.ok(here.bytes.equals((await read(b)).bytes))
        a.signal('SIGCONT')
        await upload.send()
        await there.next('arrivals', (news) => news[id] === null)
        assert.equal((await read(b)).status, 200, 'to who has just heard of it')
      })

      test('E128: a download goes on at the other server, though the board has gone on', async (t) => {
        const { board, headers } = await pair(t)
        const put = async (seed: number): Promise<string> => {
          const body = new Uint8Array(await drawPicture({ width: 160, height: 120, seed }))
          const answer = await fetch(`${a.url}/b/${board}/${seed}.jpg`, {
            method: 'PUT',
            headers,
            body,
          })
          return ((await answer.json()) as { id: string }).id
        }
        const ids = [await put(1), await put(2)]
        const planned = await fetch(`${a.url}/api/boards/${board}/archives`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify({ ids }),
        })
        const { path, bytes } = (await planned.json()) as { path: string; bytes: number }
        await put(3)
        const read = async ({ url }: ServerProcess, range: string) => {
          const answer = await fetch(url + path, { headers: { ...headers, range } })
          assert.equal(answer.status, 206)
          return {
            etag: answer.headers.get('etag'),
            body: Buffer.from(await answer.arrayBuffer()).toString('base64'),
          }
        }
        // As programs that download do: several parts at once.
        const parts = await Promise.all([0, 1, 2, 3].map(() => read(b, 'bytes=1000-')))
        for (const part of parts) assert.deepEqual(part, await read(a, 'bytes=1000-'))
        // For servers alone: they prove that they are.
        const query = path.slice(path.indexOf('?') + 1)
        const direct = `${a.url}/node/archive-plan?board=${board}&${query}`
        assert.equal((await fetch(direct)).status, 404)
        // The other server has the plan, and needs the first one no more.
        a.signal('SIGSTOP')
        t.after(() => a.signal('SIGCONT'))
        const { body } = await read(b, 'bytes=0-')
        assert.equal(Buffer.from(body, 'base64').length, bytes)
      })

      test('E129: a request with a key that one server has answered is answered so by the other', async (t) => {
        // The one before has paused a server.
        await untilReady(b)
        const { board, here, headers } = await pair(t)
        const post = ({ url }: ServerProcess, body: BodyInit, key: string) =>
          fetch(`${url}/api/boards/${board}/images?name=${key}.jpg`, {
            method: 'POST',
            headers: { ...headers, 'content-type': 'image/jpeg', 'idempotency-key': key },
            body,
            ...(body instanceof ReadableStream && { duplex: 'half' }),
          } as RequestInit)
        const picture = new Uint8Array(await drawPicture({ width: 160, height: 120, seed: 7 }))
        const first = await post(a, picture, 'once')
        assert.equal(first.status, 201)
        const { id } = (await first.json()) as { id: string }
        const again = await post(b, picture, 'once')
        assert.equal(((await again.json()) as { id: string }).id, id)
        const other = new Uint8Array(await drawPicture({ width: 160, height: 120, seed: 8 }))
        assert.equal((await post(b, other, 'once')).status, 422)
        // One that is under way is nobody else's to begin.
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
        const slow = post(a, readable, 'slow')
        const writer = writable.getWriter()
        await writer.write(picture.subarray(0, -1))
        await here.next('changes', (body) => JSON.stringify(body).includes('slow.jpg'))
        const meanwhile = await post(b, picture, 'slow')
        const { error } = (await meanwhile.json()) as { error: { code: string } }
        assert.equal(error.code, 'busy')
        await writer.write(picture.subarray(-1))
        await writer.close()
        assert.equal((await slow).status, 201)
        // For servers alone: they prove that they are.
        assert.equal((await fetch(`${a.url}/node/answer?key=once`)).status, 404)
      })

      test('E87: one who reads slowly there holds up nobody else', async (t) => {
        const picture = await drawProgressive()
        const file = Buffer.concat([picture, Buffer.alloc(LARGE_FILE_BYTES)])
        const { upload, read } = await grow(t, file, 10_000)
        const [slow, fast] = await Promise.all(['1', '2'].map(read))
        // The last byte is kept back, as all of this is no picture.
        const sent = upload.send(file.length - 10_001)
        let received = 0
        for await (const chunk of fast!.body!) {
          received += chunk.length
          if (received === file.length - 1) break
        }
        await sent
        await upload.cancel()
        await slow!.body!.cancel()
      })

      test('E88: its readers are cut off when its server dies', async (t) => {
        const file = await drawProgressive()
        const { read } = await grow(t, file, 10_000)
        const reader = await read('1')
        const cutOff = assert.rejects(reader.arrayBuffer())
        await a.kill()
        await cutOff
        await a.start()
        await untilReady(b)
      })
    }

    test('E56, E94: the banner and /readyz say what carries what crosses', async () => {
      const { bus, stays } = await readyzOf(a)
      assert.equal(bus, kind)
      assert.deepEqual(stays, kind === 'redis' ? [...ASKED, ...OWN] : OWN)
      const { output } = a
      const uploadsStay = /Uploads, downloads, answers by an Idempotency-Key, .+ stay on the server/
      assert.equal(uploadsStay.test(output), kind === 'redis')
      assert.match(output, /The bounds of commands, .+ are its own;/)
      assert.match(output, kind === 'redis' ? /crosses by redis:/ : /crosses by their own/)
    })

    if (kind === 'redis')
      test('E94: /readyz names all that stays, as docs/engines.md says it', async (t) => {
        // Their addresses stay in an engine for a while.
        const engine = await postgres.newDatabase()
        const staysOf = async (config: Partial<WirephotoOptions>) => {
          const server = await InProcessServer.open({ engine, ...config }, 0)
          t.after(() => server.close())
          return (await readyzOf(server)).stays
        }
        const [bus, nodeUrl] = [redis!.url, 'http://127.0.0.1:1']
        const told = [await staysOf({}), await staysOf({ bus }), await staysOf({ nodeUrl })]
        assert.deepEqual(told, [[...CARRIED, ...ASKED, ...OWN], [...ASKED, ...OWN], OWN])
        assert.deepEqual(await staysOf({ bus, nodeUrl }), OWN)
        const text = await readFile(join(import.meta.dirname, '../../docs/engines.md'), 'utf8')
        const rows = Array.from(
          text.matchAll(/^\| `([\w-]+)` \| [^|]+ \| (\w+) \| (\w+) \| (\w+) \|$/gm),
        )
        const written = [2, 3, 4].map((column) =>
          rows.flatMap((row) => (row[column] === 'stays' ? row[1] : [])),
        )
        assert.deepEqual(written, told)
      })

    test('E57: a server that is killed takes its people with it, and comes back by itself', async (t) => {
      const both = await pair(t)
      const { board, here, there } = both
      here.emit('presence', { name: 'Ann', cursor: null, selection: [], drag: null })
      await there.next('presence', (body) => JSON.stringify(body).includes('Ann'))
      there.forget()
      await a.kill()
      await there.next('presence', (body) => Object.values(body).includes(null))
      // Its own people go on meanwhile.
      await there.send({ kind: 'board.patch', set: { title: 'Alone' } })
      await a.start()
      await untilReady(b)
      const again = await BoardWatcher.open(a.url, board)
      t.after(() => again.close())
      there.forget()
      again.emit('presence', { name: 'Bob', cursor: null, selection: [], drag: null })
      await there.next('presence', (body) => JSON.stringify(body).includes('Bob'))
    })

    if (kind === 'redis')
      test('E108: a server that is not reached at its --node-url is named, and one that is is not', async (t) => {
        const nodeUrls: string[] = []
        const open = async (nodeUrl: string, port: number) => {
          nodeUrls.push(nodeUrl)
          const config = { engine: a.engineUrl, bus: redis!.url, nodeUrl, port, nodeBeatMs: 100 }
          const server = await InProcessServer.open(config, 0)
          t.after(() => server.close())
          return server
        }
        const [port, wrong, other] = [await freePort(), await freePort(), await freePort()]
        const good = await open(`http://127.0.0.1:${port}`, port)
        const bad = await open(`http://127.0.0.1:${wrong}`, other)
        const readyz = async ({ url }: InProcessServer) => {
          const answer = await fetch(`${url}/readyz`)
          assert.equal(answer.status, 200)
          return ((await answer.json()) as { faults: { code: string; message: string }[] }).faults
        }
        while ((await readyz(good)).length === 0) await setTimeout(PAUSE_MS)
        const [fault, ...others] = await readyz(good)
        assert.deepEqual([fault!.code, others], ['server-away', []])
        assert.match(fault!.message, new RegExp(`^The server ${nodeUrls[1]} isn't reached`))
        assert.deepEqual(await readyz(bad), [])
      })

    if (kind === 'redis')
      for (const fault of ['killed', 'paused'] as const)
        test(`E58, E122: pages go on while the bus is ${fault}, which /readyz names, and all crosses after`, async (t) => {
          const both = await pair(t)
          const { here, there } = both
          if (fault === 'killed') await redis!.kill()
          else redis!.signal('SIGSTOP')
          const id = await announce(both)
          await untilFault(a, 'bus-away')
          assert.equal((await fetch(`${a.url}/readyz`)).status, 200)
          const measured = await (await fetch(`${a.url}/metrics`)).text()
          assert.match(measured, /^wirephoto_not_ready\{reason="bus-away"\} 1$/m)
          if (fault === 'killed') await redis!.start()
          else redis!.signal('SIGCONT')
          await untilReady(a)
          await untilReady(b)
          // A message may be lost, and the next one isn't.
          const repeat = setInterval(() => here.emit('show', { id }), 500)
          t.after(() => clearInterval(repeat))
          await there.next('show')
        })
  })

/** Waits until the other server has what this one has told: messages come in order. */
async function untilHeard(
  { here, there }: Record<'here' | 'there', BoardWatcher>,
  id: string,
): Promise<void> {
  here.emit('show', { id })
  await there.next('show', (body) => body['id'] === id)
}

/** Draws a JPEG that pages show while it comes. */
const drawProgressive = async (): Promise<Buffer> =>
  sharp(await drawPicture({ width: 640, height: 480 }))
    .jpeg({ progressive: true })
    .toBuffer()
const newId = () => uuidv7(Date.now(), randomBytes(10))

const readyzOf = async ({ url }: Pick<ServerProcess, 'url'>) =>
  (await (await fetch(`${url}/readyz`)).json()) as { bus: string; stays: string[] }

async function faultsOf({ url }: ServerProcess): Promise<string[]> {
  const { faults } = (await (await fetch(`${url}/readyz`)).json()) as { faults: { code: string }[] }
  return faults.map(({ code }) => code)
}

async function untilReady(server: ServerProcess): Promise<void> {
  while ((await faultsOf(server)).length > 0) await setTimeout(PAUSE_MS)
}

async function untilFault(server: ServerProcess, code: string): Promise<void> {
  while (!(await faultsOf(server)).includes(code)) await setTimeout(PAUSE_MS)
}
