import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type ImageRecord, limits, type Snapshot, WIRE_VERSION } from '@wirephoto/board'
import {
  type Board,
  type BoardEvents,
  newPicture as describeFile,
  memoryStore,
  type OpenOptions,
  openBoard,
} from '@wirephoto/client'
import sharp from 'sharp'
import { io } from 'socket.io-client'
import { cleanupAfter } from '../support/cleanup.ts'
import { drawPicture, withUniqueBytes } from '../support/pictures.ts'
import { Proxy } from '../support/proxy.ts'
import { ServerProcess } from '../support/server-process.ts'

/** After this time a condition counts as never met. */
const WAIT_TIMEOUT_MS = 20_000
/** Time for which a file without a thumbnail waits for its preview. */
/** The part with which a file begins. */
const OPENING_BYTES = 4_096
const PREVIEW_WAIT_MS = 2_000

let server: ServerProcess
/** About 1 MB, and the preview that a page makes of it. */
let photo: Buffer<ArrayBuffer>
let small: Buffer
let tiny: Buffer

before(async () => {
  server = await ServerProcess.open({ openBoardCount: 20 })
  photo = Buffer.from(await drawPicture({ width: 1800, height: 1200, quality: 90 }))
  small = await sharp(photo).resize(320, 320, { fit: 'inside' }).webp({ quality: 60 }).toBuffer()
  tiny = await sharp(photo).resize(160, 160, { fit: 'inside' }).webp({ quality: 60 }).toBuffer()
})
after(() => server.close())

/** Opens a new board, with pages and proxies that close when the test ends. */
async function openScope(t: TestContext) {
  const board = await server.newBoard()
  const stack = cleanupAfter(t)
  const page = async (options: Partial<OpenOptions> = {}): Promise<Board> => {
    const opening = openBoard({ url: server.url, board, ...options })
    stack.defer(() => opening.close())
    await waitUntil(opening, () => opening.status.connection === 'live', 'live')
    return opening
  }
  const openProxy = async () => {
    const proxy = stack.adopt(await Proxy.open(server.port), (each) => each.close())
    return Object.assign(proxy, { url: `http://127.0.0.1:${proxy.port}` })
  }
  return { board, page, openProxy }
}

const EVENTS: (keyof BoardEvents)[] = [
  'pictures',
  'status',
  'uploads',
  'arrivals',
  'seen',
  'notice',
]

/** Resolves when the board's state makes `isSo` true. */
function waitUntil(board: Board, isSo: () => boolean, what: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = globalThis.setTimeout(() => reject(new Error(`never: ${what}`)), WAIT_TIMEOUT_MS)
  const look = () => isSo() && resolve()
  const offs = EVENTS.map((event) => board.on(event, look))
  look()
  return promise.finally(() => {
    clearTimeout(timer)
    for (const off of offs) off()
  })
}

const newPicture = (
  bytes: Buffer<ArrayBuffer> = photo,
  preview: Buffer | Promise<Buffer | null> | undefined = small,
) => ({
  file: new Blob([bytes]),
  name: 'harbour.jpg',
  width: 1800,
  height: 1200,
  preview,
})

/** Returns the same picture with unique bytes. */
const uniquePhoto = () => withUniqueBytes(photo)

describe('A1: what is on its way is seen at once', () => {
  test('A5, A6: the preview comes before the file, made again by the server', async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 100_000
    const [anna, ben] = [await page({ url: slow.url }), await page()]
    const [id] = anna.addPictures([newPicture(uniquePhoto())])
    await waitUntil(ben, () => ben.preview(id!) !== null, 'a preview')
    assert.equal(ben.pictures.get(id!)!.blob, null, 'long before the file')
    const bytes = Buffer.from(await ben.preview(id!)!.arrayBuffer())
    const { format, width, height } = await sharp(bytes).metadata()
    assert.deepEqual([format, width, height], ['webp', 320, 213])
    assert.notDeepEqual(bytes, small, 'never passed through (F9)')
    await waitUntil(ben, () => (ben.arrival(id!)?.sent ?? 0) > 0, 'progress')
    slow.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await waitUntil(ben, () => ben.pictures.get(id!)!.blob !== null, 'stored')
    assert.equal(ben.arrival(id!), null)
  })

  test('A57: a preview doesn’t wait for the answer to its picture’s add', async (t) => {
    const { page, openProxy } = await openScope(t)
    const oneWay = await openProxy()
    const [anna, ben] = [await page({ url: oneWay.url }), await page()]
    oneWay.down.stall()
    const [id] = anna.addPictures([newPicture(uniquePhoto())])
    await waitUntil(ben, () => ben.preview(id!) !== null, 'a preview')
    oneWay.down.resume()
    await waitUntil(ben, () => ben.pictures.get(id!)!.blob !== null, 'stored')
  })

  test('A1, A25: a box stands before its preview is made, and then the preview before the file', async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 100_000
    const [anna, ben] = [await page({ url: slow.url }), await page()]
    const { promise: making, resolve } = Promise.withResolvers<Buffer>()
    const [id] = anna.addPictures([newPicture(uniquePhoto(), making)])
    await waitUntil(ben, () => ben.pictures.has(id!), 'a box')
    assert.equal(ben.preview(id!), null)
    resolve(small)
    await waitUntil(ben, () => ben.preview(id!) !== null, 'a preview')
    assert.equal(ben.pictures.get(id!)!.blob, null)
    slow.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await waitUntil(ben, () => ben.pictures.get(id!)!.blob !== null, 'stored')
  })

  test('A51: behind a thumbnail, the file’s first bytes don’t wait for the preview', async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 300_000
    const [anna, ben] = [await page({ url: slow.url }), await page()]
    const { promise: making, resolve } = Promise.withResolvers<Buffer>()
    const long = Buffer.concat([uniquePhoto(), Buffer.alloc(1_200_000)])
    const [id] = anna.addPictures([
      { ...newPicture(long, making), thumbnail: Promise.resolve(tiny) },
    ])
    await waitUntil(ben, () => ben.preview(id!) !== null, 'the thumbnail')
    const before = ben.preview(id!)
    const shownAt = performance.now()
    await waitUntil(ben, () => (ben.arrival(id!)?.sent ?? 0) > OPENING_BYTES, 'progress')
    assert.ok(performance.now() - shownAt < PREVIEW_WAIT_MS, 'the file didn’t wait for the preview')
    resolve(small)
    await waitUntil(ben, () => ben.preview(id!) !== before, 'the preview')
    assert.ok(ben.arrival(id!)!.sent < 600_000, 'long before the file')
    slow.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await waitUntil(ben, () => ben.pictures.get(id!)!.blob !== null, 'stored')
  })

  test('U50: what the SDK describes by its first bytes stands upright before its file', async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 100_000
    const [anna, ben] = [await page({ url: slow.url }), await page()]
    const turned = await sharp(photo).withMetadata({ orientation: 6 }).jpeg().toBuffer()
    const file = new File([Buffer.from(turned)], 'harbour.jpg')
    const [id] = anna.addPictures([await describeFile(file)])
    await waitUntil(ben, () => ben.pictures.has(id!), 'a box')
    const { name, width, height, blob } = ben.pictures.get(id!)!
    assert.deepEqual([name, width, height, blob], ['harbour.jpg', 1200, 1800, null])
    slow.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await waitUntil(ben, () => ben.pictures.get(id!)!.blob !== null, 'stored')
  })

  test('A25: a file doesn’t wait for long, nor for the previews of others', async (t) => {
    const { page } = await openScope(t)
    const [anna, ben] = [await page(), await page()]
    const never = new Promise<null>(() => {})
    const ids = anna.addPictures([
      newPicture(uniquePhoto(), never),
      newPicture(uniquePhoto(), Promise.reject(new Error('no decoder'))),
      newPicture(uniquePhoto(), Promise.resolve(null)),
      newPicture(uniquePhoto()),
    ])
    const stored: string[] = []
    ben.on('pictures', (changed) => {
      for (const id of changed) if (ben.pictures.get(id)?.blob) stored.push(id)
    })
    await waitUntil(ben, () => ids.every((id) => ben.pictures.get(id)?.blob), 'all stored')
    assert.equal(stored.at(-1), ids[0], 'the one whose preview never came')
  })

  test('fifty pictures are announced before the first file', async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    const [anna, ben] = [await page({ url: slow.url }), await page()]
    const release = anna.pauseUploads()
    const ids = anna.addPictures(Array.from({ length: 25 }, () => newPicture(uniquePhoto())))
    ids.push(...anna.addPictures(Array.from({ length: 25 }, () => newPicture(uniquePhoto()))))
    release()
    // Ben's own copy may lag by a tick: the server is asked what is announced at the first byte.
    let announced: Promise<number> | undefined
    ben.on('arrivals', (changed) => {
      if ([...changed].some((id) => ben.arrival(id)?.sent)) announced ??= countPictures(anna.id)
    })
    await waitUntil(ben, () => ids.every((id) => ben.pictures.get(id)?.blob), 'all stored')
    assert.equal(await announced, 50)
  })

  test('A7: a late viewer gets the preview too, also after a restart', async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 60_000
    const anna = await page({ url: slow.url })
    const [id] = anna.addPictures([newPicture(uniquePhoto())])
    const ben = await page()
    await waitUntil(ben, () => ben.preview(id!) !== null, 'a preview')
    const kept = await fetch(`${server.url}/b/${anna.id}/arrivals/${id}/preview`)
    const shown = Buffer.from(await kept.arrayBuffer())
    const saved = () => readFile(join(server.data, 'arrivals/previews')).catch(() => null)
    // A crash loses one that isn't on disk yet (A49).
    const end = performance.now() + WAIT_TIMEOUT_MS
    while (!(await saved())?.includes(shown)) {
      assert.ok(performance.now() < end, 'the preview is saved')
      await setTimeout(20)
    }
    slow.disconnect()
    await server.kill()
    await server.start()
    const carl = await page()
    await waitUntil(carl, () => carl.preview(id!) !== null, 'a preview of before')
    assert.equal(carl.pictures.get(id!)!.blob, null)
  })

  test('A1, A9: a preview that is no picture, or too large, is nothing, and the picture comes all the same', async (t) => {
    const { page } = await openScope(t)
    const [anna, ben] = [await page(), await page()]
    const bomb = await sharp({
      create: { width: 4_000, height: 4_000, channels: 3, background: '#fff' },
    })
      .png({ compressionLevel: 9, palette: true })
      .toBuffer()
    assert.ok(bomb.length <= limits.previewBytes)
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    const previews = [randomBytes(900), svg, bomb, Buffer.alloc(limits.previewBytes + 1)]
    const ids = anna.addPictures(previews.map((preview) => newPicture(uniquePhoto(), preview)))
    await waitUntil(ben, () => ids.every((id) => ben.pictures.get(id)?.blob), 'all stored')
    for (const id of ids) assert.equal(ben.preview(id), null)
  })

  test('A8: a progressive picture without a preview gets one while it comes', async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 300_000
    const [anna, ben] = [await page({ url: slow.url }), await page()]
    const progressive = Buffer.from(
      await sharp(photo).jpeg({ progressive: true, quality: 95 }).toBuffer(),
    )
    const [id] = anna.addPictures([{ ...newPicture(progressive), preview: undefined }])
    await waitUntil(ben, () => ben.preview(id!) !== null, 'a preview')
    assert.equal(ben.pictures.get(id!)!.blob, null)
    slow.up.bytesPerSecond = Number.POSITIVE_INFINITY
  })
})

describe('A1: what a script sends slowly is seen while it comes', () => {
  const put = (url: string, board: string, bytes: Buffer<ArrayBuffer>) =>
    fetch(`${url}/b/${board}/harbour.jpg`, { method: 'PUT', body: bytes })

  test('A8: its box and its share at once, and a preview as soon as there are bytes enough', async (t) => {
    const { board, page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 200_000
    const ben = await page()
    const progressive = Buffer.from(
      await sharp(photo).jpeg({ progressive: true, quality: 95 }).toBuffer(),
    )
    const stored = put(slow.url, board, progressive)
    await waitUntil(ben, () => ben.pictures.size === 1, 'announced')
    const [{ id, width, height, name }] = [...ben.pictures.values()] as [ImageRecord]
    assert.deepEqual([width, height, name], [1800, 1200, 'harbour.jpg'])
    await waitUntil(ben, () => (ben.arrival(id)?.sent ?? 0) > 0, 'its share')
    await waitUntil(ben, () => ben.preview(id) !== null, 'a preview')
    assert.equal(ben.pictures.get(id)!.blob, null)
    slow.up.bytesPerSecond = Number.POSITIVE_INFINITY
    const record = (await (await stored).json()) as ImageRecord
    assert.equal(record.id, id)
    await waitUntil(ben, () => ben.pictures.get(id)!.blob === record.blob, 'stored')
    assert.equal(ben.pictures.size, 1)
  })

  test('R20: broken off or killed, it is gone', async (t) => {
    const { board, page, openProxy } = await openScope(t)
    const ben = await page()
    for (const end of ['drop', 'kill'] as const) {
      const slow = await openProxy()
      slow.up.bytesPerSecond = 100_000
      const sent = put(slow.url, board, uniquePhoto()).catch(() => null)
      await waitUntil(ben, () => ben.pictures.size === 1, 'announced')
      if (end === 'drop') slow.disconnect()
      else {
        await server.kill()
        await server.start()
      }
      await waitUntil(ben, () => ben.pictures.size === 0, `gone after ${end}`)
      slow.disconnect()
      assert.equal(await sent, null)
    }
  })
})

describe('A2: uploads are shared', () => {
  test('A2, F12: everybody sees how far it is, four times a second at most', async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 300_000
    const [anna, ben] = [await page({ url: slow.url }), await page()]
    let news = 0
    const shares: number[] = []
    const start = performance.now()
    ben.on('arrivals', () => {
      news++
      const arrival = ben.arrival(id!)
      if (arrival?.total) shares.push(arrival.sent / arrival.total)
    })
    const [id] = anna.addPictures([newPicture(uniquePhoto())])
    await waitUntil(ben, () => ben.pictures.get(id!)?.blob != null, 'stored')
    const seconds = (performance.now() - start) / 1000
    // One more for the preview.
    assert.ok(news <= seconds * 4 + 3, `${news} in ${seconds} s`)
    assert.ok(shares.length > 3)
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    )
  })

  test('A10: stalled, and going on', async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 200_000
    const [anna, ben] = [await page({ url: slow.url }), await page()]
    const [id] = anna.addPictures([newPicture(uniquePhoto())])
    await waitUntil(ben, () => (ben.arrival(id!)?.sent ?? 0) > 0, 'bytes')
    slow.up.stall()
    await waitUntil(ben, () => ben.arrival(id!)?.state === 'stalled', 'stalled')
    slow.up.resume()
    await waitUntil(ben, () => ben.arrival(id!)?.state === 'arriving', 'arriving')
    slow.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await waitUntil(ben, () => ben.pictures.get(id!)?.blob != null, 'stored')
  })

  test("A11: nobody may report about another's picture", async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 100_000
    const [anna, ben] = [await page({ url: slow.url }), await page()]
    const [id] = anna.addPictures([newPicture(uniquePhoto())])
    await waitUntil(ben, () => (ben.arrival(id!)?.sent ?? 0) > 0, 'bytes')
    const states = new Set<string | undefined>()
    ben.on('arrivals', () => states.add(ben.arrival(id!)?.state))
    const socket = io(server.url, {
      path: '/live',
      transports: ['websocket'],
      auth: { board: ben.id, wire: WIRE_VERSION },
    })
    socket.emit('sending', { [id!]: { state: 'failed' } })
    await new Promise((resolve) => socket.emit('follow', { cursor: 'a.1.b' }, resolve))
    socket.close()
    await waitUntil(ben, () => (ben.arrival(id!)?.sent ?? 0) > 200_000, 'more bytes')
    assert.deepEqual([...states], ['arriving'])
  })

  test('A15, U11: cancelled, it is gone for everybody, and its upload ends with 410', async (t) => {
    const { board, page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 200_000
    const [anna, ben] = [await page({ url: slow.url, token: 'A'.repeat(22) }), await page()]
    const notices: string[] = []
    anna.on('notice', ({ code }) => notices.push(code))
    const [id] = anna.addPictures([newPicture(uniquePhoto())])
    await waitUntil(ben, () => (ben.arrival(id!)?.sent ?? 0) > 0, 'bytes')
    await anna.cancel(id!)
    await waitUntil(ben, () => !ben.pictures.has(id!), 'gone')
    const upload = `${server.url}/api/boards/${board}/uploads/${id}`
    const head = await fetch(upload, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } })
    assert.equal(head.status, 410)
    assert.deepEqual(notices, [])
    assert.equal(anna.pictures.has(id!), false)
  })

  test('A14: deleted while arriving, it settles in the trash, and undo brings it back whole', async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 400_000
    const [anna, ben] = [await page({ url: slow.url }), await page()]
    const bytes = uniquePhoto()
    const [id] = anna.addPictures([newPicture(bytes)])
    await waitUntil(ben, () => (ben.arrival(id!)?.sent ?? 0) > 0, 'bytes')
    anna.remove([id!])
    await waitUntil(ben, () => ben.pictures.get(id!)!.deletedAt !== null, 'trashed')
    slow.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await waitUntil(ben, () => ben.pictures.get(id!)!.blob !== null, 'settled in the trash')
    anna.undo()
    await waitUntil(ben, () => ben.pictures.get(id!)!.deletedAt === null, 'back')
    assert.equal(ben.pictures.get(id!)!.blob, createHash('sha256').update(bytes).digest('hex'))
  })

  test('F3, A11: an upload continues when the server returns, and others see the next try', async (t) => {
    const { page, openProxy } = await openScope(t)
    const slow = await openProxy()
    slow.up.bytesPerSecond = 200_000
    const [anna, ben] = [await page({ url: slow.url, store: memoryStore() }), await page()]
    const [id] = anna.addPictures([newPicture(uniquePhoto())])
    await waitUntil(ben, () => (ben.arrival(id!)?.sent ?? 0) > 0, 'bytes')
    await server.kill()
    await waitUntil(anna, () => anna.uploads.get(id!)?.state === 'retrying', 'retrying')
    await server.start()
    slow.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await waitUntil(ben, () => ben.pictures.get(id!)?.blob != null, 'stored')
  })
})

describe('A3: who has seen it', () => {
  test('A16, A23: each viewer is reported once, to the sender only, by the server’s clock', async (t) => {
    const { page } = await openScope(t)
    const [anna, ben, carl] = [await page(), await page(), await page()]
    ben.setName('Ben')
    const [id] = anna.addPictures([newPicture(uniquePhoto())])
    for (const viewer of [ben, carl]) {
      await waitUntil(viewer, () => viewer.pictures.has(id!), 'the picture')
      viewer.reportSeen([id!])
      viewer.reportSeen([id!])
    }
    await waitUntil(anna, () => anna.seenBy(id!)?.viewers.length === 2, 'seen by both')
    const { viewers, otherCount } = anna.seenBy(id!)!
    assert.equal(otherCount, 2)
    assert.deepEqual(viewers.map(({ name }) => name).sort(), ['', 'Ben'])
    for (const { milliseconds } of viewers)
      assert.ok(milliseconds >= 0 && milliseconds < WAIT_TIMEOUT_MS)
    assert.equal(ben.seenBy(id!), null)
    anna.reportSeen([id!])
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    const [, count] = /wirephoto_seen_seconds_count (\d+)/.exec(metrics)!
    assert.equal(Number(count), 2)
  })
})

/** Returns how many pictures the server has on a board. */
async function countPictures(board: string): Promise<number> {
  const response = await fetch(`${server.url}/api/boards/${board}/snapshot`)
  const { records } = (await response.json()) as Snapshot
  return records.filter(({ kind }) => kind === 'image').length
}
