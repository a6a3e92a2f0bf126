import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type ImageRecord, limits, type Role } from '@wirephoto/board'
import {
  type AddProgress,
  type Board,
  ClientError,
  type ConnectOptions,
  connect,
  listSlots,
  observePictures,
  type PictureSource,
  Slot,
  WireError,
} from '@wirephoto/client'
import sharp from 'sharp'
import { cleanupAfter } from '../support/cleanup.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture } from '../support/pictures.ts'
import { type MadeBoard, secretOf, Visitor } from '../support/visitor.ts'

/* The client library, as a script in Node uses it. */

const SIZE = { width: 320, height: 240 }

let server: InProcessServer
let owner: Visitor
let made: MadeBoard
let photo: Uint8Array<ArrayBuffer>
let folder: string

before(async () => {
  server = await InProcessServer.open({}, 0)
  owner = new Visitor(server.url)
  made = await owner.makeBoard()
  photo = new Uint8Array(await drawPicture(SIZE))
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-client-'))
  await writeFile(join(folder, 'harbour 1.jpg'), photo)
})
after(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

/** Returns the link of a board that gives this role. */
const linkOf = ({ links }: MadeBoard, role: Role): string =>
  links.find((link) => link.role === role)!.url

/** Connects for one test, by default with the link that may edit. */
async function connected(
  t: TestContext,
  address = linkOf(made, 'edit'),
  options?: ConnectOptions,
): Promise<Board> {
  const board = await connect(address, options)
  cleanupAfter(t).defer(() => board.close())
  return board
}

/** Revokes the link of a board that gives this role. */
async function revoke({ id, links }: MadeBoard, role: Role): Promise<void> {
  const link = links.find((each) => each.role === role)!.id
  assert.equal(await owner.refusal(`/api/boards/${id}/links/${link}`, 'DELETE'), null)
}

/** Draws a picture of some megabytes, which goes in several parts. */
async function drawNoise(): Promise<Uint8Array<ArrayBuffer>> {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  const create = { width: 1200, height: 900, channels: 3, background: '#888', noise } as const
  return new Uint8Array(await sharp({ create }).png({ compressionLevel: 0 }).toBuffer())
}

/** Serves something on a free port, for one test; returns its address. */
async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const elsewhere = createServer(answer).listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  t.after(() => {
    elsewhere.closeAllConnections()
    elsewhere.close()
  })
  return `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
}

/** Rejects in place of a promise that never settles. */
const inTime = <T>(promise: Promise<T>): Promise<T> =>
  Promise.race([
    promise,
    new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('never settled')), 20_000).unref()
    }),
  ])

/** Resolves when something is so of a board's pictures. */
function whenSo(board: Board, isSo: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = () => isSo() && resolve()
  const off = board.on('pictures', look)
  look()
  return inTime(promise).finally(off)
}

describe('connect', { concurrency: true }, () => {
  test('I1: takes a link, or an address and a token, and resolves when the pictures are here', async (t) => {
    const author = await connected(t)
    const { id } = await author.add(photo)
    const byLink = await connected(t, linkOf(made, 'view'))
    assert.equal(byLink.status.role, 'view')
    assert.ok(byLink.pictures.get(id)?.blob)
    const token = secretOf(made, 'add')
    const byToken = await connected(t, `${server.url}/b/${made.id}/`, { token, name: 'Anna' })
    assert.equal(byToken.status.role, 'add')
    assert.equal((await byToken.add(photo)).by, 'Anna')
    const { url: front } = await connected(t, server.url)
    assert.equal(front, server.url)
  })

  test('I2: rejects with the code of the reason, and leaves nothing open', async (t) => {
    const address = `${server.url}/b/${made.id}`
    const silent = await serve(t, () => {})
    const codes: [string, ConnectOptions, string][] = [
      [`${server.url}/b/nowhere`, {}, 'unknown-board'],
      [address, {}, 'link-ended'],
      [address, { token: '0'.repeat(22) }, 'link-ended'],
      ['http://127.0.0.1:9', { patienceMs: 300 }, 'no-answer'],
      [silent, { patienceMs: 300 }, 'no-answer'],
    ]
    for (const [to, options, code] of codes)
      await assert.rejects(inTime(connect(to, options)), (error) => {
        assert.ok(error instanceof WireError || error instanceof ClientError)
        assert.equal(error.code, code)
        assert.match(error.message, /\.$|\?$/)
        return true
      })
    await assert.rejects(connect('no address'), { code: 'ERR_INVALID_URL' })
  })

  test('I3: an abort gives it up with the reason', async (t) => {
    const silent = await serve(t, () => {})
    const reason = new Error('enough')
    const stop = new AbortController()
    const connecting = connect(silent, { signal: stop.signal })
    stop.abort(reason)
    await assert.rejects(inTime(connecting), reason)
    await assert.rejects(connect(silent, { signal: stop.signal }), reason)
  })
})

describe('add', { concurrency: true }, () => {
  test('I4: takes a file, bytes, a path and a URL, and finds name, type and size', async (t) => {
    const board = await connected(t)
    const web = await serve(t, (_request, response) => response.end(photo))
    const path = join(folder, 'harbour 1.jpg')
    const sources: [PictureSource, string][] = [
      [new File([photo], 'a.jpg'), 'a.jpg'],
      [new Blob([photo]), ''],
      [photo, ''],
      [photo.buffer, ''],
      [Buffer.from(photo), ''],
      [path, 'harbour 1.jpg'],
      [pathToFileURL(path), 'harbour 1.jpg'],
      [new URL(`${web}/my%20boat.jpg?large`), 'my boat.jpg'],
      [`${web}/boat.jpg`, 'boat.jpg'],
      [`data:image/jpeg;base64,${Buffer.from(photo).toString('base64')}`, ''],
    ]
    const names = await Promise.all(
      sources.map(async ([source, name], i) => {
        const record = await board.add(source, { x: i * 400, y: 7, caption: 'a boat' })
        const { width, height, type, x, y, caption } = record
        assert.deepEqual(
          { width, height, type, x, y, caption },
          { ...SIZE, type: 'image/jpeg', x: i * 400, y: 7, caption: 'a boat' },
        )
        assert.deepEqual(board.pictures.get(record.id)?.blob, record.blob)
        return [record.name, name] as const
      }),
    )
    for (const [found, name] of names) if (name) assert.equal(found, name)
    assert.equal((await board.add(photo, { name: 'named.jpg' })).name, 'named.jpg')
  })

  test('I5: rejects with a code for what is no picture, and for what is not there', async (t) => {
    const board = await connected(t, linkOf(await owner.makeBoard(), 'edit'))
    const before = board.pictures.size
    const web = await serve(t, (_request, response) => response.writeHead(404).end())
    const refused: [unknown, object][] = [
      [new TextEncoder().encode('no picture at all'), { code: 'not-a-picture' }],
      [new Uint8Array(), { code: 'empty-file' }],
      [join(folder, 'gone.jpg'), { code: 'unreadable' }],
      [folder, { code: 'unreadable' }],
      [`${web}/gone.jpg`, { code: 'unreachable' }],
      ['http://127.0.0.1:9/a.jpg', { code: 'unreachable' }],
      [null, TypeError],
      [42, TypeError],
    ]
    for (const [source, error] of refused)
      await assert.rejects(inTime(board.add(source as PictureSource)), error)
    // Its header is that of a picture, and only the server finds that the rest isn't there.
    await assert.rejects(inTime(board.add(photo.slice(0, 4_000))), { code: 'damaged' })
    assert.equal(board.uploads.size, 0, 'no file is kept')
    assert.equal(board.pictures.size, before)
  })

  test('I6: tells its progress from the first byte to the last', async (t) => {
    const board = await connected(t)
    const long = await drawNoise()
    const told: AddProgress[] = []
    const { id } = await board.add(long, { onProgress: (progress) => told.push(progress) })
    const sent = told.map((progress) => progress.sent)
    assert.ok(told.every((each) => each.id === id && each.total === long.length))
    assert.deepEqual([sent[0], sent.at(-1)], [0, long.length])
    assert.ok(sent.every((bytes, i) => i === 0 || bytes >= sent[i - 1]!))
    assert.equal(sent.filter((bytes) => bytes === long.length).length, 1)
  })

  test('I7: an abort takes the picture back and rejects with the reason', async (t) => {
    const board = await connected(t, linkOf(await owner.makeBoard(), 'edit'))
    const resume = board.pauseUploads()
    const reason = new Error('enough')
    const stop = new AbortController()
    const announced = Promise.withResolvers<string>()
    const adding = board.add(photo, {
      signal: stop.signal,
      onProgress: ({ id }) => announced.resolve(id),
    })
    const id = await announced.promise
    assert.ok(board.pictures.has(id))
    stop.abort(reason)
    await assert.rejects(inTime(adding), reason)
    resume()
    // One that the server didn't know yet goes to the trash.
    await whenSo(board, () => board.pictures.get(id)?.deletedAt !== null)
    assert.equal(board.pictures.get(id)?.blob ?? null, null, 'it is never stored')
    await assert.rejects(board.add(photo, { signal: stop.signal }), reason)
  })
})

describe('changes', { concurrency: true }, () => {
  test('I8: come one after the other, each with the picture before and after it', async (t) => {
    const link = linkOf(await owner.makeBoard(), 'edit')
    const [anna, ben] = [await connected(t, link), await connected(t, link)]
    const changes = ben.changes()
    const next = async () => (await inTime(changes.next())).value!
    const { id } = await anna.add(photo, { x: 1, y: 1 })
    const came = await next()
    assert.equal(came.old, null)
    assert.equal(came.new?.id, id)
    let last = came.new
    while (!last?.blob || !last.variants) {
      const { old, new: now } = await next()
      assert.deepEqual(old, last)
      last = now
    }
    anna.patch(id, { x: 50 })
    const moved = await next()
    assert.deepEqual([moved.old?.x, moved.new?.x], [1, 50])
    anna.remove([id])
    assert.notEqual((await next()).new?.deletedAt, null)
    const waiting = changes.next()
    await changes.return!()
    assert.deepEqual(await inTime(waiting), { done: true, value: undefined })
  })

  test('I9: a slow reader gets the newest state of a picture once', async (t) => {
    const link = linkOf(await owner.makeBoard(), 'edit')
    const [anna, ben] = [await connected(t, link), await connected(t, link)]
    const { id } = await anna.add(photo, { x: 0, y: 0 })
    const changes = ben.changes()
    for (let x = 1; x <= 20; x++) {
      anna.patch(id, { x })
      await anna.settled()
    }
    await whenSo(ben, () => ben.pictures.get(id)?.x === 20)
    let last = null
    let count = 0
    while (last?.x !== 20) {
      const { value } = await inTime(changes.next())
      if (value!.new?.id === id) count++
      last = value!.new
    }
    assert.equal(count, 1)
    assert.equal(last.id, id)
  })
})

test('I10: observable pictures are another array after a change, and the same one until then', async (t) => {
  const board = await connected(t)
  const { id: low } = await board.add(photo, { x: 0, y: 0 })
  const { id: high } = await board.add(photo, { x: 0, y: 0 })
  const observed = observePictures(board)
  const heard: (readonly { id: string }[])[] = []
  const off = observed.subscribe((pictures) => heard.push(pictures))
  assert.equal(heard.at(-1), observed.current)
  assert.equal(observed.current, observed.current)
  const ids = () => observed.current.map(({ id }) => id).filter((id) => id === low || id === high)
  assert.deepEqual(ids(), [low, high])
  board.remove([low])
  assert.deepEqual(ids(), [high], 'none of the trash')
  assert.equal(heard.at(-1), observed.current)
  off()
  const count = heard.length
  board.restore([low])
  assert.equal(heard.length, count)
  assert.deepEqual(ids(), [low, high])
})

test('I11: a refused command rejects who waits until all is settled', async (t) => {
  const { id } = await (await connected(t)).add(photo)
  const viewer = await connected(t, linkOf(made, 'view'))
  viewer.patch(id, { caption: 'x'.repeat(limits.captionLength) })
  await assert.rejects(inTime(viewer.settled()), { code: 'not-allowed' })
  await viewer.settled()
  await assert.rejects(inTime(viewer.add(photo)), { code: 'not-allowed' })
})

test('L46: a slot sends one frame at a time, and of those that come meanwhile the latest', async (t) => {
  const board = await connected(t)
  const slot = new Slot(board, 'loss')
  assert.equal(await slot.push(photo), true)
  const tile = await new Promise<ImageRecord>((resolve) => {
    const look = (): void => {
      for (const picture of board.pictures.values()) if (picture.slot === 'loss') resolve(picture)
    }
    board.on('pictures', look)
    look()
  })
  const frame = new Promise((resolve) => board.on('frame', resolve))
  const pushed = await Promise.all([
    slot.push(photo),
    slot.push(photo),
    slot.push(new Blob([photo])),
  ])
  assert.deepEqual(pushed, [true, false, true])
  assert.equal(((await frame) as { id: string }).id, tile.id)
  const isCode = (code: string) => (error: unknown) =>
    error instanceof WireError && error.code === code
  await assert.rejects(slot.push(new Uint8Array([1, 2, 3])), isCode('not-a-picture'))
  assert.equal(await slot.push(photo), true, 'it goes on after a refusal')
  await board.close()
  await assert.rejects(slot.push(photo), ClientError)
})

test('L89, L90: a script lists live slots, reads their frames, and ends one', async (t) => {
  const board = await connected(t, linkOf(await owner.makeBoard(), 'edit'))
  assert.deepEqual(await listSlots(board), [])
  const slot = new Slot(board, 'loss')
  await assert.rejects(slot.newest(), { code: 'not-found' })
  await slot.push(photo)
  const [listed, ...others] = await listSlots(board)
  assert.deepEqual(others, [])
  const { name, isLate, intervalMs, frameUrl } = listed!
  assert.deepEqual([name, isLate, intervalMs], ['loss', false, null])
  assert.match(frameUrl, /\/slots\/loss$/)
  const [first] = await slot.frames()
  assert.equal(first!.width, SIZE.width)

  const larger = new Uint8Array(await drawPicture({ width: 400, height: 300 }))
  await slot.push(larger)
  const widthOf = async (frame: Blob) => (await sharp(await frame.arrayBuffer()).metadata()).width
  assert.equal(await widthOf(await slot.newest()), 400)
  assert.equal(await widthOf(await slot.frame(first!)), SIZE.width)
  await assert.rejects(slot.frame({ blob: 'f'.repeat(64) }), { code: 'not-found' })
  const aborted = AbortSignal.abort(new Error('given up'))
  await assert.rejects(slot.newest({ signal: aborted }), /given up/)

  const changes = board.changes()
  await slot.end()
  assert.deepEqual(await listSlots(board), [])
  for await (const { new: now } of changes) if (now?.slot === null) break
  assert.equal(board.pictures.get(listed!.id)?.width, 400, 'its last frame stays as a picture')
  await assert.rejects(slot.end(), { code: 'not-found' })
  await board.close()
  for (const late of [listSlots(board), slot.newest(), slot.frames(), slot.end()])
    await assert.rejects(late, { code: 'closed' })
})

test('I12: every promise settles when the board is closed, and when its link is revoked', async (t) => {
  for (const [end, code] of [
    [(board: Board) => board.close(), 'closed'],
    [null, 'link-ended'],
  ] as const) {
    const own = await owner.makeBoard()
    const board = await connected(t, linkOf(own, 'edit'))
    board.pauseUploads()
    const announced = Promise.withResolvers<string>()
    const adding = board.add(photo, { onProgress: ({ id }) => announced.resolve(id) })
    const id = await announced.promise
    const [stored, changes] = [board.stored(id), board.changes()]
    while ((await changes.next()).value?.new?.id !== id);
    const next = changes.next()
    const told = Promise.allSettled([adding, stored])
    if (end) await end(board)
    else await revoke(own, 'edit')
    for (const result of await inTime(told))
      assert.equal(result.status === 'rejected' && result.reason.code, code)
    if (end) assert.deepEqual(await inTime(next), { done: true, value: undefined })
    else await assert.rejects(inTime(next), { code })
    await assert.rejects(inTime(board.add(photo)), { code })
    await assert.rejects(inTime(board.stored(id)), { code })
  }
})
