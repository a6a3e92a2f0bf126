import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  type AuditPage,
  type Command,
  type CommandAnswer,
  type Decided,
  type HeldPicture,
  heldLogOf,
  type ImageRecord,
  type Snapshot,
  uuidv7,
} from '@wirephoto/board'
import { drawPicture } from '../../../../test/support/pictures.ts'
import { type MadeBoard, secretOf, Visitor } from '../../../../test/support/visitor.ts'
import { Harness } from '../../support/http-harness.ts'
import { openSocket } from '../../support/open-socket.ts'
import { Fetcher } from '../images/remote-fetch.ts'

/* Pictures that wait for a moderator: every door by which they come, who reaches them, and both decisions. */

const TIMEOUT_MS = 30_000
const TUS = { 'tus-resumable': '1.0.0' }

let server: Harness
let png: Uint8Array<ArrayBuffer>
let elsewhere: ReturnType<typeof createServer>
before(async () => {
  png = new Uint8Array(await drawPicture({ width: 400, height: 300, format: 'png' }))
  elsewhere = createServer((_request, response) => {
    response.setHeader('content-type', 'image/png')
    response.end(png)
  })
  elsewhere.listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  const { port } = elsewhere.address() as AddressInfo
  const mayReach = (address: string, at: number) => address === '127.0.0.1' && at === port
  server = await Harness.open({ fetcher: new Fetcher({ maxUpload: 5_000_000, mayReach }) })
})
after(async () => {
  elsewhere.closeAllConnections()
  elsewhere.close()
  await server.close()
})

const newId = (): string => uuidv7(Date.now(), randomBytes(10))
const addOf = (id: string, by = 'Gus'): Command => ({
  kind: 'image.add',
  id,
  name: 'harbour.png',
  width: 400,
  height: 300,
  caption: 'At noon',
  by,
})

/** Somebody with a queue of commands. */
class Guest extends Visitor {
  readonly client = newId()
  n = 1

  async send(board: string, ...commands: Command[]): Promise<CommandAnswer> {
    const message = { client: this.client, n: this.n, commands }
    this.n += commands.length
    return (await (await this.ask(`/b/${board}/commands`, 'POST', message)).json()) as CommandAnswer
  }

  /** Sends bytes. */
  bytes(
    path: string,
    method: string,
    body: RequestInit['body'] & {},
    headers = {},
  ): Promise<Response> {
    const { url: origin, cookie } = this
    const init = { method, body, headers: { origin, cookie, ...headers }, duplex: 'half' } as const
    return fetch(this.url + path, init)
  }

  /** Adds a picture and sends its file, as a page does. */
  async add(board: string, id = newId(), body = png, by = 'Gus'): Promise<string> {
    const { refused } = await this.send(board, addOf(id, by))
    assert.deepEqual(refused, [])
    assert.equal(await this.upload(board, id, body), 201)
    return id
  }

  async upload(board: string, id: string, body = png): Promise<number> {
    const sent = await this.bytes(`/api/boards/${board}/uploads`, 'POST', body, {
      ...TUS,
      'upload-length': `${body.length}`,
      'upload-metadata': `id ${btoa(id)}`,
      'content-type': 'application/offset+octet-stream',
    })
    await sent.arrayBuffer()
    return sent.status
  }

  async held(board: string): Promise<HeldPicture[]> {
    const answer = await this.ask(`/api/boards/${board}/held`)
    assert.equal(answer.status, 200)
    return ((await answer.json()) as { pictures: HeldPicture[] }).pictures
  }

  async status(path: string): Promise<number> {
    const response = await this.ask(path)
    await response.arrayBuffer()
    return response.status
  }

  async board(id: string): Promise<ImageRecord[]> {
    const answer = await this.ask(`/api/boards/${id}/snapshot`)
    const { records } = (await answer.json()) as Snapshot
    return records.filter((record) => record.kind === 'image')
  }
}

/** Makes a board whose guests' pictures are taken in this way, its owner, and two guests. */
async function newBoard(adding: 'open' | 'held' | 'paused' = 'held') {
  const [owner, guest, other] = [1, 2, 3].map(() => new Guest(server.url)) as [Guest, Guest, Guest]
  const made: MadeBoard = await owner.makeBoard()
  for (const each of [guest, other])
    assert.equal(await each.exchange(made.id, secretOf(made, 'add')), null)
  const { refused } = await owner.send(made.id, { kind: 'board.patch', set: { adding } })
  assert.deepEqual(refused, [])
  return { owner, guest, other, made, board: made.id }
}

const idsOf = (pictures: readonly { id: string }[]): string[] => pictures.map(({ id }) => id)

/** Resolves when something is so. */
async function whenSo(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + TIMEOUT_MS; !(await isSo()); await setTimeout(50))
    assert.ok(Date.now() < end, what)
}

describe('pictures that wait', { concurrency: true }, () => {
  test('B100, B101: what guests add is refused by every door of a paused board, and editors go on', async () => {
    const { owner, guest, made, board } = await newBoard('open')
    const [mine] = idsOf([{ id: await guest.add(board) }])
    const begun = newId()
    assert.deepEqual((await guest.send(board, addOf(begun))).refused, [])
    await owner.send(board, { kind: 'board.patch', set: { adding: 'paused' } })
    const codeOf = async (response: Response) =>
      ((await response.json()) as { error: { code: string } }).error.code
    const { refused } = await guest.send(board, addOf(newId()), {
      kind: 'image.copy',
      id: newId(),
      sourceId: mine!,
      x: 0,
      y: 0,
    })
    assert.deepEqual(
      refused.map(({ error }) => error.code),
      ['adding-paused', 'adding-paused'],
    )
    const form = new FormData()
    form.set('file', new Blob([png]), 'a.png')
    const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/a.png`
    for (const response of [
      await guest.bytes(`/api/boards/${board}/images?name=a.png`, 'POST', png),
      await guest.bytes(`/b/${board}/a.png`, 'PUT', png),
      await guest.bytes(`/api/boards/${board}/images`, 'POST', form),
      await guest.ask(`/api/boards/${board}/images/from-url`, 'POST', { url }),
    ])
      assert.deepEqual([response.status, await codeOf(response)], [403, 'adding-paused'])
    // A picture that was announced before goes on, and so do those who may edit.
    assert.equal(await guest.upload(board, begun), 201)
    const editor = new Guest(server.url)
    assert.equal(await editor.exchange(board, secretOf(made, 'edit')), null)
    await editor.add(board)
    await owner.add(board)
    assert.equal((await owner.board(board)).length, 4)
    assert.deepEqual(
      (await guest.send(board, { kind: 'board.patch', set: { adding: 'open' } })).refused.map(
        ({ error }) => error.code,
      ),
      ['not-allowed'],
    )
  })

  test('B102, B103, B104: what guests add by any door waits, and nothing of it is on the board', async (t) => {
    const { owner, guest, made, board } = await newBoard()
    const watcher = await openSocket(server.url, board, { headers: headersOf(owner) })
    assert.ok(typeof watcher !== 'string')
    t.after(() => watcher.close())
    const told: string[] = []
    watcher.onAny((event: string, body: unknown) => told.push(`${event} ${String(body)}`))
    const { cursor } = (await (await owner.ask(`/api/boards/${board}/snapshot`)).json()) as Snapshot
    await watcher.emitWithAck('follow', { cursor })

    const bySocket = newId()
    const socket = await openSocket(server.url, board, { headers: headersOf(guest) })
    assert.ok(typeof socket !== 'string')
    t.after(() => socket.close())
    const message = { client: newId(), n: 1, commands: [addOf(bySocket)] }
    const answer = (await socket.emitWithAck('commands', message)) as CommandAnswer
    assert.deepEqual([answer.n, answer.refused, answer.held], [1, [], [bySocket]])
    const preview = await drawPicture({ width: 40, height: 30 })
    assert.deepEqual(await socket.emitWithAck('previews', { [bySocket]: preview }), {})
    socket.emit('sending', { [bySocket]: { state: 'retrying', wait: 1_000 } })
    assert.deepEqual(
      (await guest.held(board)).map(({ id, state }) => [id, state]),
      [[bySocket, 'arriving']],
    )
    const previewPath = `/b/${board}/arrivals/${bySocket}/preview`
    await whenSo(async () => (await guest.status(previewPath)) === 200, 'its preview is there')
    assert.equal(await guest.upload(board, bySocket), 201)

    const byRequest = await guest.add(board)
    const form = new FormData()
    form.set('file', new Blob([png]), 'a.png')
    form.append('file', new Blob([png]), 'b.png')
    const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/a.png`
    const stored: string[] = [bySocket, byRequest]
    for (const response of [
      await guest.bytes(`/api/boards/${board}/images?name=a.png`, 'POST', png),
      await guest.bytes(`/b/${board}/a.png`, 'PUT', png),
      await guest.bytes(`/api/boards/${board}/images`, 'POST', form),
      await guest.ask(`/api/boards/${board}/images/from-url`, 'POST', { url }),
      await fetch(`${server.url}/b/${board}/c.png`, {
        method: 'PUT',
        body: png,
        headers: { authorization: `Bearer ${secretOf(made, 'add')}` },
      }),
    ]) {
      assert.equal(response.status, 202)
      const body = (await response.json()) as {
        held: boolean
        id: string
        images?: { id: string }[]
      }
      assert.equal(body.held, true)
      stored.push(...(body.images ? idsOf(body.images) : [body.id]))
    }
    // One that is announced as it comes.
    const slow = await guest.bytes(
      `/b/${board}/slow.png`,
      'PUT',
      new ReadableStream({
        async start(controller) {
          controller.enqueue(png.subarray(0, 2_000))
          await whenSo(
            async () => (await guest.held(board)).some(({ state }) => state === 'arriving'),
            'it is announced',
          )
          controller.enqueue(png.subarray(2_000))
          controller.close()
        },
      }),
    )
    assert.equal(slow.status, 202)
    stored.push(((await slow.json()) as { id: string }).id)

    const waiting = await owner.held(board)
    assert.deepEqual(idsOf(waiting).toSorted(), stored.toSorted())
    assert.ok(waiting.every(({ state, blob }) => state === 'waiting' && blob !== null))
    assert.deepEqual(await owner.board(board), [])
    // A command that has its effect on the board, behind one whose effect waits.
    const [another] = [await owner.add(board)]
    const mixed = await guest.send(
      board,
      addOf(newId()),
      { kind: 'image.patch', id: another!, set: { x: 1 } },
      { kind: 'image.patch', id: byRequest, set: { caption: 'At night' } },
    )
    assert.deepEqual(
      mixed.refused.map(({ n, error }) => [n, error.code]),
      [[3, 'not-allowed']],
    )
    assert.ok(mixed.held?.includes(byRequest))
    const after = await guest.held(board)
    assert.equal(after.find(({ id }) => id === byRequest)?.caption, 'At night')
    const heard = told.join('\n')
    for (const id of stored) assert.ok(!heard.includes(id), 'nobody hears of it')
    assert.ok(heard.includes(another!))
    const changes = await owner.ask(`/b/${board}/changes?wait=0&after=${cursor}`)
    const text = await changes.text()
    for (const id of stored) assert.ok(!text.includes(id))
    const audit = await (await owner.ask(`/api/boards/${board}/audit`)).text()
    for (const id of stored) assert.ok(!audit.includes(id))
    const { boards } = (await (await owner.ask('/api/boards')).json()) as {
      boards?: { id: string }[]
    }
    assert.ok(!boards?.some(({ id }) => id.startsWith(board) && id !== board))
  })

  test('B102, B115: on a held board guests copy nothing, and put back what they removed alone', async () => {
    const { owner, guest, board } = await newBoard('open')
    const [mine, removed] = [await guest.add(board), await guest.add(board)]
    await owner.send(board, { kind: 'board.patch', set: { adding: 'held' } })
    await owner.send(board, { kind: 'image.remove', id: removed })
    const { refused } = await guest.send(
      board,
      { kind: 'image.copy', id: newId(), sourceId: mine, x: 0, y: 0 },
      { kind: 'image.restore', id: removed },
      { kind: 'image.remove', id: mine },
      { kind: 'image.restore', id: mine },
    )
    assert.deepEqual(
      refused.map(({ n, error }) => [n - 2, error.code]),
      [
        [1, 'not-allowed'],
        [2, 'not-allowed'],
      ],
    )
    assert.deepEqual(
      (await owner.board(board)).filter(({ deletedAt }) => deletedAt === null).map(({ id }) => id),
      [mine],
    )
  })

  test('B105, B106: its sender and those who own the board reach it, and nobody else', async () => {
    const { owner, guest, other, made, board } = await newBoard()
    const id = await guest.add(board)
    const arriving = newId()
    await guest.send(board, addOf(arriving))
    const log = heldLogOf(board)
    await whenSo(
      async () => (await owner.held(board))[0]!.variants?.length === 2,
      'its variants are there',
    )
    const [picture] = await guest.held(board)
    const { blob } = picture!
    const paths = [
      `/api/boards/${board}/images/${id}`,
      `/api/boards/${board}/images/${id}/file`,
      `/b/${board}/blob/${blob}/original`,
      `/b/${board}/blob/${blob}/64`,
      `/b/${board}/blob/${blob}/320`,
    ]
    const ofLog = [
      `/api/boards/${log}/snapshot`,
      `/api/boards/${log}/images/${id}`,
      `/b/${log}/blob/${blob}/original`,
      `/b/${log}/blob/${blob}/320`,
    ]
    const [editor, viewer] = [new Guest(server.url), new Guest(server.url)]
    assert.equal(await editor.exchange(board, secretOf(made, 'edit')), null)
    assert.equal(await viewer.exchange(board, secretOf(made, 'view')), null)
    for (const path of paths) {
      assert.equal(await guest.status(path), 200, path)
      assert.equal(await owner.status(path), 200, path)
      for (const each of [other, editor, viewer]) assert.equal(await each.status(path), 404, path)
      assert.equal(await new Guest(server.url).status(path), 401)
    }
    for (const path of ofLog) {
      assert.equal(await owner.status(path), 200, path)
      for (const each of [guest, other, editor, viewer])
        assert.equal(await each.status(path), 403, path)
      assert.equal(await new Guest(server.url).status(path), 401)
    }
    for (const each of [other, editor]) {
      assert.deepEqual(await each.held(board), [])
      assert.equal(await each.upload(board, arriving), 404)
      const { refused } = await each.send(
        board,
        { kind: 'image.patch', id, set: { caption: 'Mine' } },
        { kind: 'image.remove', id },
      )
      assert.deepEqual(
        refused.map(({ error }) => error.code),
        ['unknown-picture', 'unknown-picture'],
      )
      assert.equal(
        await each.refusal(`/api/boards/${board}/images/${id}`, 'DELETE'),
        'unknown-picture',
      )
      assert.equal(
        await each.refusal(`/api/boards/${board}/held/${id}/approve`, 'POST'),
        'not-allowed',
      )
    }
    assert.equal(await viewer.refusal(`/api/boards/${board}/held`), 'not-allowed')
    // The log is followed by those who own the board, who change nothing there by its own name.
    for (const each of [guest, editor])
      assert.equal(await openSocket(server.url, log, { headers: headersOf(each) }), 'not-allowed')
    const { refused } = await owner.send(
      log,
      { kind: 'image.remove', id },
      { kind: 'board.patch', set: { title: 'x' } },
    )
    assert.deepEqual(
      refused.map(({ error }) => error.code),
      ['not-allowed', 'not-allowed'],
    )
    for (const [path, method] of [
      [`/api/boards/${log}`, 'DELETE'],
      [`/api/boards/${log}/links`, 'GET'],
      [`/api/boards/${log}/audit`, 'GET'],
      [`/api/boards/${log}/held`, 'GET'],
      [`/api/boards/${log}/session`, 'GET'],
      [`/api/boards/${log}/images`, 'POST'],
    ] as const)
      assert.equal(await owner.refusal(path, method), 'unknown-board', path)
    assert.equal(await guest.refusal(`/api/boards/${board}/images/${id}`, 'DELETE'), null)
    assert.deepEqual(idsOf(await guest.held(board)), [arriving])
  })

  test('B106: a link that is revoked ends the socket that follows what waits', async (t) => {
    const { owner, guest, made, board } = await newBoard()
    await guest.add(board)
    const second = new Guest(server.url)
    assert.equal(await second.exchange(board, secretOf(made, 'own')), null)
    const socket = await second.follow(heldLogOf(board))
    t.after(() => socket.close())
    assert.equal(socket.role, 'view')
    const link = made.links.find(({ role }) => role === 'own')!
    assert.equal(await owner.refusal(`/api/boards/${board}/links/${link.id}`, 'DELETE'), null)
    assert.equal(await socket.ended, 'link-ended')
  })

  test('B107, B109, B112, B113: an approved picture comes onto the board as it is, and its sender is told', async (t) => {
    const { owner, guest, board } = await newBoard()
    const standing = await owner.add(board, newId(), png, 'Olga')
    const id = await guest.add(board)
    await whenSo(
      async () => (await guest.held(board))[0]!.variants?.length === 2,
      'its variants are there',
    )
    const [waiting] = await guest.held(board)
    const socket = await openSocket(server.url, board, { headers: headersOf(guest) })
    assert.ok(typeof socket !== 'string')
    t.after(() => socket.close())
    const told = new Promise((resolve) => socket.on('held', resolve))
    const { cursor } = (await (await owner.ask(`/api/boards/${board}/snapshot`)).json()) as Snapshot
    await socket.emitWithAck('follow', { cursor })
    const came = new Promise<string>((resolve) => socket.on('changes', resolve))
    assert.equal(await owner.refusal(`/api/boards/${board}/held/${id}/approve`, 'POST'), null)
    assert.ok((await came).includes(id))
    assert.equal(await told, JSON.stringify({ [id]: 'approved' }))
    const pictures = await owner.board(board)
    assert.deepEqual(idsOf(pictures).toSorted(), [standing, id].toSorted())
    const approved = pictures.find((each) => each.id === id)!
    const { x, y, w: _w, z, storedAt, ...kept } = approved
    const { x: _x, y: _y, w: _width, z: _z, storedAt: before, state: _, ...was } = waiting!
    assert.partialDeepStrictEqual(was, kept)
    assert.ok(storedAt! >= before!)
    const beside = pictures.find((each) => each.id === standing)!
    assert.ok(x !== beside.x || y !== beside.y, 'it covers nothing')
    assert.ok(z > beside.z)
    assert.deepEqual(await guest.held(board), [])
    const viewer = await owner.status(`/b/${board}/blob/${approved.blob}/original`)
    assert.equal(viewer, 200)
    // Again is no error, as after a lost answer.
    assert.equal(await owner.refusal(`/api/boards/${board}/held/${id}/approve`, 'POST'), null)
    assert.equal((await owner.board(board)).length, 2)
    const { entries } = (await (await owner.ask(`/api/boards/${board}/audit`)).json()) as AuditPage
    const acts = entries.map(({ act, name, pictures: told }) => [act, name, told[0]?.id])
    assert.deepEqual(acts[0], ['approve', 'Olga', id])
    assert.ok(acts.some(([act, name, about]) => act === 'add' && name === 'Gus' && about === id))
  })

  test('B110, B111: refused bytes go, but for a picture that the board has too', async () => {
    const { owner, guest, board } = await newBoard()
    const unique = new Uint8Array(await drawPicture({ width: 90, height: 70, format: 'png' }))
    const shared = await guest.add(board)
    const own = await owner.add(board)
    const alone = await guest.add(board, newId(), unique)
    const arriving = newId()
    await guest.send(board, addOf(arriving))
    const [first, second] = await guest.held(board)
    assert.deepEqual([first!.id, second!.id], [shared, alone])
    const approve = (ids: readonly string[]) => decide(owner, board, 'approve', ids)
    const none = await approve([arriving, newId()])
    assert.deepEqual(none.done, [])
    assert.deepEqual(
      none.failed.map(({ error }) => error.code),
      ['not-found', 'unknown-picture'],
    )
    const refused = await decide(owner, board, 'refuse', [shared, alone, arriving, own])
    assert.deepEqual(refused.done, [shared, alone, arriving])
    assert.deepEqual(idsOf(refused.failed), [own])
    assert.deepEqual(await guest.held(board), [])
    assert.equal(await guest.upload(board, arriving), 404)
    await whenSo(async () => !(await server.blobs()).includes(second!.blob!), 'its file is gone')
    assert.ok((await server.blobs()).includes(first!.blob!))
    assert.equal(await owner.status(`/b/${board}/blob/${first!.blob}/original`), 200)
    assert.equal(
      await owner.refusal(`/api/boards/${board}/held/approve`, 'POST', { ids: [] }),
      'bad-request',
    )
  })

  test('B114: a message that is sent again takes effect once, on the board and beside it', async () => {
    const { owner, guest, board } = await newBoard()
    const standing = await guest.add(board)
    assert.equal(await owner.refusal(`/api/boards/${board}/held/${standing}/approve`, 'POST'), null)
    const id = newId()
    const n = guest.n
    const commands: Command[] = [
      { kind: 'image.patch', id: standing, set: { caption: 'One' } },
      addOf(id),
      { kind: 'image.patch', id, set: { caption: 'Two' } },
    ]
    const first = await guest.send(board, ...commands)
    await guest.send(board, { kind: 'image.patch', id, set: { caption: 'Three' } })
    guest.n = n
    const second = await guest.send(board, ...commands)
    assert.deepEqual([first.refused, second.refused], [[], []])
    assert.deepEqual(
      (await guest.held(board)).map((each) => [each.id, each.caption]),
      [[id, 'Three']],
    )
    assert.deepEqual(
      (await owner.board(board)).map((each) => [each.id, each.caption]),
      [[standing, 'One']],
    )
    // A message with a gap before it takes effect in neither.
    const lost = newId()
    guest.n = n + 50
    const answer = (await guest.send(board, addOf(lost))) as unknown as { error: { code: string } }
    assert.equal(answer.error.code, 'gap')
    assert.ok(!idsOf(await guest.held(board)).includes(lost))
  })

  test('B106: what waits goes with its board', async () => {
    const { owner, guest, board } = await newBoard()
    const unique = new Uint8Array(await drawPicture({ width: 80, height: 64, format: 'png' }))
    await guest.add(board, newId(), unique)
    const [{ blob }] = (await guest.held(board)) as [HeldPicture]
    assert.equal(await owner.refusal(`/api/boards/${board}`, 'DELETE'), null)
    assert.equal(await server.engine.boards.has(heldLogOf(board)), false)
    await whenSo(async () => !(await server.blobs()).includes(blob!), 'its file is gone')
  })
})

const headersOf = ({ url: origin, cookie }: Visitor): Record<string, string> => ({ origin, cookie })

async function decide(
  owner: Guest,
  board: string,
  decision: 'approve' | 'refuse',
  ids: readonly string[],
): Promise<Decided> {
  const answer = await owner.ask(`/api/boards/${board}/held/${decision}`, 'POST', { ids })
  assert.equal(answer.status, 200)
  return (await answer.json()) as Decided
}
