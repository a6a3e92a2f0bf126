import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  Answer,
  Arrivals,
  ChangesAnswer,
  type CommandAnswer,
  type Cursor,
  cursor,
  ErrorBody,
  type Presence,
  PresenceUpdate,
  parseOrThrow,
  parseOrUndefined,
  WIRE_VERSION,
} from '@wirephoto/board'
import { BoardUnderTest, CommandQueue, newId } from './board-under-test.ts'
import { PATIENCE_MS } from './in-time.ts'
import type { Reader } from './reader.ts'
import { Refused } from './refused.ts'
import { type Check, Skipped } from './run-checks.ts'
import { pngOf, widthOfPng } from './sample-pictures.ts'
import type { ServerContext } from './server-context.ts'

/** A WebP of 16 by 12 pixels. */
const PREVIEW = Uint8Array.from(
  Buffer.from(
    '5249464632000000574542505650382026000000b001009d012a10000c00' +
      '04006825a00274ba0005d40000fece82fa146ca2629fb762edd04000',
    'hex',
  ),
)
/** A cursor that no board has. */
const FOREIGN_CURSOR = cursor('conformance', 1, 'conformance')
const NOBODY: Presence = { name: '', cursor: null, selection: [], drag: null }

/** The checks of a server, in the order of PROTOCOL.md. */
export const serverChecks: readonly Check<ServerContext>[] = [
  {
    name: 'the snapshot has the shape of the protocol, and one may edit',
    run: async (context) => {
      await context.board.snapshot()
      const { answer } = await context.follow()
      assert.ok(
        ['edit', 'own'].includes(answer.role),
        `The checks need the role edit, and the token has ${answer.role}.`,
      )
      assert.ok(Math.abs(answer.now - Date.now()) < 3_600_000, 'The clocks differ by an hour.')
    },
  },
  {
    name: 'an error is {error: {code, message}}',
    run: async ({ board }) => {
      const response = await board.fetch(`${board.api}/images/${newId()}`)
      assert.equal(response.status, 404)
      assert.equal(parseOrThrow(ErrorBody, await response.json()).error.code, 'unknown-picture')
    },
  },
  {
    name: 'a socket of another wire version is refused with old-page',
    run: async (context) => {
      const { url, hello } = context.board
      const old = { url, hello: { ...hello, wire: WIRE_VERSION - 1 } }
      await assert.rejects(context.open(old), isRefused('old-page'))
    },
  },
  {
    name: 'a socket that says nothing of a board is refused with bad-request',
    run: async (context) => {
      const { url } = context.board
      await assert.rejects(context.open({ url, hello: {} }), isRefused('bad-request'))
    },
  },
  {
    name: 'follow answers resumed, and gives the roster and all arrivals',
    run: async (context) => {
      const { socket } = await context.follow()
      await socket.event('roster')
      await socket.event('arrivals')
    },
  },
  {
    name: 'follow from a foreign cursor answers resumed: false, and may be asked again',
    run: async (context) => {
      const socket = await context.open()
      const first = await socket.ask('follow', { cursor: FOREIGN_CURSOR })
      assert.equal((first as { resumed: boolean }).resumed, false)
      const { cursor } = await context.board.snapshot()
      const second = await socket.ask('follow', { cursor })
      assert.equal((second as { resumed: boolean }).resumed, true)
    },
  },
  {
    name: 'a question that is not understood is answered bad-request, or unknown-field',
    run: async (context) => {
      const socket = await context.open()
      assert.equal(codeOf(await socket.ask('follow', { cursor: 7 })), 'bad-request')
      const message = new CommandQueue().message(context.add(context.newPicture()))
      assert.equal(codeOf(await socket.ask('commands', { ...message, extra: 1 })), 'unknown-field')
    },
  },
  {
    name: 'an event that is not understood does nothing, and the socket goes on',
    run: async (context) => {
      const { socket } = await context.follow()
      socket.tell('presence', 'nonsense')
      socket.tell('of-another-protocol', {})
      const { cursor } = await context.board.snapshot()
      await socket.ask('follow', { cursor })
      assert.ok(socket.isOpen)
    },
  },
  {
    name: 'a command is answered, and reaches every reader as a change of the whole record',
    run: async (context) => {
      const [sender, other] = [await context.follow(), await context.follow()]
      const id = context.newPicture()
      const answer = await context.send(sender.socket, context.add(id, 'loss.png'))
      parseOrThrow(Answer, answer)
      assert.deepEqual(answer.refused, [])
      const picture = await other.picture(id)
      assert.equal(picture.name, 'loss.png')
      assert.equal(picture.blob, null)
      assert.deepEqual(await sender.picture(id), picture)
    },
  },
  {
    name: 'a patch changes the fields that it names, and no others',
    run: async (context) => {
      const reader = await context.follow()
      const id = await context.store()
      const before = await reader.picture(id, ({ blob }) => blob !== null)
      const set = { caption: 'Loss', x: -40 }
      await context.send(reader.socket, { kind: 'image.patch', id, set })
      const after = await reader.picture(id, ({ caption }) => caption === 'Loss')
      // The variants of its file may have come meanwhile.
      assert.deepEqual({ ...after, variants: null }, { ...before, ...set, variants: null })
    },
  },
  {
    name: 'a removed picture is in the trash, and can be restored',
    run: async (context) => {
      const reader = await context.follow()
      const id = await context.store()
      await context.send(reader.socket, { kind: 'image.remove', id })
      await reader.picture(id, ({ deletedAt }) => deletedAt !== null)
      await context.send(reader.socket, { kind: 'image.restore', id })
      await reader.picture(id, ({ deletedAt }) => deletedAt === null)
    },
  },
  {
    name: 'a message that is sent again is answered as before, and takes effect once',
    run: async (context) => {
      const { socket } = await context.follow()
      const [id, copy] = [await context.store(), context.newPicture()]
      const message = new CommandQueue().message({
        kind: 'image.copy',
        id: copy,
        sourceId: id,
        x: 0,
        y: 0,
      })
      const first = await socket.ask('commands', message)
      await context.send(socket, { kind: 'image.remove', id: copy })
      const again = await context.open()
      assert.deepEqual(await again.ask('commands', message), first)
      const picture = await context.board.picture(copy)
      assert.ok(picture?.deletedAt, 'The copy is back, so it was made twice.')
    },
  },
  {
    name: 'a command that is refused takes its number, and the others of its message hold',
    run: async (context) => {
      const reader = await context.follow()
      const id = context.newPicture()
      const queue = new CommandQueue()
      const wrong = { kind: 'image.patch', id: newId(), set: { caption: 'None' } } as const
      const answer = (await reader.socket.ask(
        'commands',
        queue.message(wrong, context.add(id)),
      )) as CommandAnswer
      assert.equal(answer.n, 2)
      assert.deepEqual(
        answer.refused.map(({ n, error }) => [n, error.code]),
        [[1, 'unknown-picture']],
      )
      await reader.picture(id)
    },
  },
  {
    name: 'a number beyond the next one is refused with gap and the number that is expected',
    run: async (context) => {
      const socket = await context.open()
      const message = new CommandQueue().message(context.add(context.newPicture()))
      const answer = await socket.ask('commands', { ...message, n: 5 })
      const { error } = parseOrThrow(ErrorBody, answer)
      assert.equal(error.code, 'gap')
      assert.equal(error.expected, 1)
    },
  },
  {
    name: 'a reader that comes back with its cursor gets the newest state of all that changed, once',
    run: async (context) => {
      const first = await context.follow()
      const id = await context.store()
      await first.picture(id)
      const { place } = first
      first.close()
      for (const caption of ['one', 'two', 'three'])
        await context.board.submit({ kind: 'image.patch', id, set: { caption } })
      const again = await context.follow(place)
      await again.picture(id, ({ caption }) => caption === 'three')
      const told = again.batches.flatMap(({ changes }) => changes)
      const captions = told.flatMap((change) =>
        'put' in change && change.put.id === id && change.put.kind === 'image'
          ? [change.put.caption]
          : [],
      )
      assert.deepEqual(new Set(captions), new Set(['three']))
      assert.equal(again.batches[0]?.from, place.cursor)
    },
  },
  {
    name: 'all readers end equal, and equal to a new snapshot',
    run: async (context) => {
      const readers = [await context.follow(), await context.follow()]
      const ids = [await context.store(), await context.store(18), context.newPicture()]
      const [one, two, three] = ids as [string, string, string]
      await context.board.submit(
        { kind: 'image.patch', id: one, set: { x: 7 } },
        { kind: 'image.remove', id: two },
        context.add(three),
        { kind: 'image.patch', id: three, set: { caption: 'Last' } },
      )
      for (const reader of readers) await reader.picture(three, ({ caption }) => caption === 'Last')
      const { records } = await snapshotOf(context.board, readers)
      const expected = new Map(records.map((record) => [record.id, record]))
      for (const reader of readers) assert.deepEqual(new Map(reader.records), expected)
    },
  },
  {
    name: 'a PUT adds a picture once, and its file comes back',
    run: async (context) => {
      const { board } = context
      const id = context.newPicture()
      const file = pngOf(20, 12)
      const put = () => board.put(id, file, { 'if-none-match': '*' }, '?caption=Once')
      const first = await put()
      assert.equal(first.status, 201)
      const { blob, width, fileUrl } = (await first.json()) as Record<string, unknown>
      assert.equal(width, 20)
      assert.equal((await put()).status, 200)
      const response = await board.fetch(`${board.api}/images/${id}/file`)
      const bytes = Buffer.from(await response.arrayBuffer())
      assert.equal(createHash('sha256').update(bytes).digest('hex'), blob)
      assert.equal(response.headers.get('etag'), `"${blob}"`)
      assert.equal(typeof fileUrl, 'string')
    },
  },
  {
    name: 'a PUT of other bytes needs the ETag, and then takes the place of the file',
    run: async (context) => {
      const { board } = context
      const reader = await context.follow()
      const id = await context.store(22)
      const { blob } = await reader.picture(id, (picture) => picture.blob !== null)
      const file = pngOf(24, 12)
      const without = await board.put(id, file)
      assert.deepEqual([without.status, without.headers.get('etag')], [409, `"${blob}"`])
      assert.equal((await board.put(id, file, { 'if-match': '"other"' })).status, 412)
      assert.equal((await board.put(id, file, { 'if-match': `"${blob}"` })).status, 200)
      await reader.picture(id, ({ width }) => width === 24)
    },
  },
  {
    name: 'a file that is no picture is refused with a code, and nothing of it stays',
    run: async ({ board }) => {
      const id = newId()
      const response = await board.put(id, Buffer.from('no picture, but a sentence'))
      assert.equal(response.status, 415)
      parseOrThrow(ErrorBody, await response.json())
      assert.equal(await board.picture(id), undefined)
    },
  },
  {
    name: 'a preview goes to every reader as bytes, after the change',
    run: async (context) => {
      const [sender, other] = [await context.follow(), await context.follow()]
      const id = context.newPicture()
      await context.send(sender.socket, context.add(id))
      assert.deepEqual(await sender.socket.ask('previews', { [id]: PREVIEW }), {})
      const { bytes = new Uint8Array() } = await other.socket.event(
        'preview',
        ({ body }) => body === id,
      )
      assert.equal(Buffer.from(bytes.subarray(8, 12)).toString('latin1'), 'WEBP')
      const { events } = other.socket
      const changed = events.findIndex(
        ({ name, body }) => name === 'changes' && JSON.stringify(body).includes(id),
      )
      assert.ok(changed < events.findIndex(({ name }) => name === 'preview'))
    },
  },
  {
    name: 'presence reaches others under its session, and ends as null',
    run: async (context) => {
      const [here, other] = [await context.follow(), await context.follow()]
      const { session } = here.answer
      const at = { x: 3, y: 4 }
      here.socket.tell('presence', { ...NOBODY, name: 'Anna', cursor: at })
      const stateIn = (body: unknown) => parseOrUndefined(PresenceUpdate, body)?.[session]
      const { body } = await other.socket.event('presence', (event) => !!stateIn(event.body))
      assert.equal(stateIn(body)?.name, 'Anna')
      assert.deepEqual(stateIn(body)?.cursor, at)
      here.close()
      await other.socket.event('presence', (event) => stateIn(event.body) === null)
    },
  },
  {
    name: 'people counts the visitors',
    run: async (context) => {
      const { socket } = await context.follow()
      const { body } = await socket.event('people')
      assert.ok((body as { count: number }).count >= 1)
    },
  },
  {
    name: 'show reaches every reader',
    run: async (context) => {
      const [sender, other] = [await context.follow(), await context.follow()]
      const id = await context.store()
      await sender.picture(id)
      sender.socket.tell('show', { id })
      await other.socket.event('show', ({ body }) => (body as { id: string }).id === id)
    },
  },
  {
    name: 'seen by somebody else reaches the sender of a picture',
    run: async (context) => {
      const { board } = context
      const stranger = new BoardUnderTest(board.page)
      const other = await context.follow(undefined, stranger).catch((error: unknown) => {
        if (error instanceof Refused)
          throw new Skipped('The board opens by links, and one token is one visitor.')
        throw error
      })
      const sender = await context.follow()
      const id = context.newPicture()
      await context.send(sender.socket, context.add(id))
      await other.picture(id)
      other.socket.tell('seen', { ids: [id] })
      await sender.socket.event('seen', ({ body }) => id in (body as object))
    },
  },
  {
    name: 'frames of a live slot reach every reader as bytes, and the last one is stored',
    run: async (context) => {
      const { board } = context
      const reader = await context.follow()
      const slot = `conformance-${Date.now()}`
      let tile = ''
      for (const width of [30, 31, 32]) {
        const response = await board.fetch(`${board.page}/live/${slot}`, {
          method: 'PUT',
          body: new Blob([new Uint8Array(pngOf(width, 12))]),
        })
        assert.equal(response.status, 202)
        ;({ id: tile } = (await response.json()) as { id: string })
        context.remove(tile)
        // The first one makes the tile, and comes as a change.
        if (width === 30) await reader.picture(tile, ({ blob }) => blob !== null)
        else
          await reader.socket.event(
            'frame',
            ({ body, bytes }) => body === tile && !!bytes && widthOfPng(bytes) === width,
          )
      }
      const stored = await reader.picture(tile, ({ width }) => width === 32)
      assert.equal(stored.slot, slot)
    },
  },
  {
    name: 'live slots are listed, their frames are read, and one ends as a plain picture',
    run: async (context) => {
      const { board } = context
      const reader = await context.follow()
      const slot = `conformance-${Date.now()}`
      const own = `${board.api}/slots/${slot}`
      const file = pngOf(33, 12)
      const body = new Blob([new Uint8Array(file)])
      const pushed = await board.fetch(own, { method: 'PUT', body })
      const { id } = (await pushed.json()) as { id: string }
      context.remove(id)
      const listed = await board.slots()
      assert.equal(listed.find(({ name }) => name === slot)?.id, id)

      const newest = await board.fetch(own)
      const bytes = Buffer.from(await newest.arrayBuffer())
      assert.equal(widthOfPng(bytes), 33)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      assert.equal(newest.headers.get('etag'), `"${sha256}"`)
      const stored = await board.fetch(`${own}/frames`)
      const { frames } = (await stored.json()) as { frames: { blob: string; width: number }[] }
      assert.deepEqual(
        frames.map(({ width }) => width),
        [33],
      )
      const frame = await board.fetch(`${own}/frames/${frames[0]!.blob}`)
      assert.equal(widthOfPng(Buffer.from(await frame.arrayBuffer())), 33)

      assert.equal((await board.fetch(own, { method: 'DELETE' })).status, 204)
      await reader.picture(id, (picture) => picture.slot === null)
      const gone = await board.fetch(own)
      assert.equal(parseOrThrow(ErrorBody, await gone.json()).error.code, 'not-found')
      assert.ok(!(await board.slots()).some(({ name }) => name === slot))
    },
  },
  {
    name: 'a picture that is shown reaches every reader as bytes, and is kept nowhere',
    run: async (context) => {
      const { board } = context
      const { socket } = await context.follow()
      const response = await board.fetch(`${board.page}/show`, {
        method: 'POST',
        body: new Blob([new Uint8Array(pngOf(35, 12))]),
      })
      assert.equal(response.status, 202)
      assert.ok(((await response.json()) as { viewers: number }).viewers >= 1)
      const { bytes } = await socket.event('shown')
      assert.equal(widthOfPng(bytes!), 35)
    },
  },
  {
    name: 'changes by plain requests begin at the cursor, and come as soon as there are some',
    run: async (context) => {
      const { board } = context
      const { cursor: after } = await board.snapshot()
      const ask = async (from: Cursor, rest = ''): Promise<ChangesAnswer> => {
        const query = `after=${from}&wire=${WIRE_VERSION}${rest}`
        const response = await board.fetch(`${board.page}/changes?${query}`)
        return parseOrThrow(ChangesAnswer, await response.json()) as ChangesAnswer
      }
      const now = await ask(after, '&wait=0')
      assert.equal(now.changes?.from, after)
      parseOrThrow(Arrivals, now.arrivals)
      const id = context.newPicture()
      let at: Cursor = now.changes.to
      const held = ask(at)
      await board.submit(context.add(id))
      // Changes of earlier pictures may come between.
      for (let answer = await held; ; answer = await ask(at)) {
        assert.equal(answer.changes?.from, at)
        const { to, changes } = answer.changes
        if (changes.some((change) => 'put' in change && change.put.id === id)) break
        at = to
      }
    },
  },
  {
    name: 'changes by plain requests are null for a foreign cursor',
    run: async ({ board }) => {
      const response = await board.fetch(`${board.page}/changes?after=${FOREIGN_CURSOR}&wait=0`)
      assert.equal(((await response.json()) as ChangesAnswer).changes, null)
    },
  },
  {
    name: 'commands by plain requests have the numbers of those by the socket',
    run: async (context) => {
      const socket = await context.open()
      const queue = new CommandQueue()
      const [one, two] = [context.newPicture(), context.newPicture()]
      await socket.ask('commands', queue.message(context.add(one)))
      const message = queue.message(context.add(two))
      const answer = await context.board.post(message)
      assert.equal(parseOrThrow(Answer, answer).n, 2)
      assert.deepEqual(await socket.ask('commands', message), answer)
    },
  },
  {
    name: 'a reader of another wire version is answered old-page by plain requests too',
    run: async ({ board }) => {
      const { cursor: after } = await board.snapshot()
      const old = `wait=0&wire=${WIRE_VERSION - 1}`
      const response = await board.fetch(`${board.page}/changes?after=${after}&${old}`)
      assert.equal(response.status, 426)
      assert.equal(codeOf(await response.json()), 'old-page')
    },
  },
  {
    name: 'the server pings as often as it says, and the socket lives on its answers',
    run: async (context) => {
      const { socket } = await context.follow()
      await socket.until(() => (socket.pingCount > 0 ? true : undefined), 'a ping')
      assert.ok(socket.isOpen)
    },
  },
]

/** Takes snapshots until one stands where all readers do: changes of earlier pictures may come between. */
async function snapshotOf(
  board: BoardUnderTest,
  readers: readonly Reader[],
): Promise<Awaited<ReturnType<BoardUnderTest['snapshot']>>> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
    const snapshot = await board.snapshot()
    if (readers.every(({ place }) => place.cursor === snapshot.cursor)) return snapshot
  }
  throw new Error('The readers and the snapshot never stand at one cursor.')
}

const isRefused = (code: string) => (error: unknown) =>
  error instanceof Refused && error.code === code

const codeOf = (answer: unknown): string | undefined =>
  parseOrUndefined(ErrorBody, answer)?.error.code
