import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import {
  type Board,
  type HeldBoard,
  memoryStore,
  type OpenOptions,
  openBoard,
  openHeldBoard,
  type WaitingOutcome,
} from '@wirephoto/client'
import { cleanupAfter } from '../support/cleanup.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture } from '../support/pictures.ts'
import { secretOf, Visitor } from '../support/visitor.ts'

/* Pictures that wait for a moderator, as the SDK tells their sender and those who own the board. */

const WAIT_TIMEOUT_MS = 20_000

let server: InProcessServer
let photo: Blob
before(async () => {
  server = await InProcessServer.open({}, 0)
  photo = new Blob([new Uint8Array(await drawPicture({ width: 320, height: 240 }))])
})
after(() => server.close())

const newPhoto = () => ({ file: photo, name: 'harbour.jpg', width: 320, height: 240 })

/** Makes a held board, with pages of its owner and of a guest. */
async function opened(t: TestContext, options: Partial<OpenOptions> = {}) {
  const made = await new Visitor(server.url).makeBoard()
  const stack = cleanupAfter(t)
  const [ownerToken, guestToken] = [secretOf(made, 'own'), secretOf(made, 'add')]
  const page = (token: string, more: Partial<OpenOptions> = {}): Board =>
    stack.adopt(openBoard({ url: server.url, board: made.id, token, ...more }), (board) =>
      board.close(),
    )
  const owner = page(ownerToken)
  owner.set({ adding: 'held' })
  await owner.settled()
  const queue = stack.adopt(
    openHeldBoard({ url: server.url, board: made.id, token: ownerToken }),
    (each) => each.close(),
  )
  const guest = page(guestToken, options)
  return { owner, guest, queue, reopen: () => page(guestToken, options) }
}

/** Resolves when something is so, after one of these events. */
async function whenSo(
  listen: (look: () => void) => (() => void)[],
  isSo: () => boolean,
  what: string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => reject(new Error(`never: ${what}`)), WAIT_TIMEOUT_MS)
  const look = () => isSo() && resolve()
  const offs = listen(look)
  look()
  try {
    await promise
  } finally {
    clearTimeout(timer)
    for (const off of offs) off()
  }
}

const onBoard = (board: Board, isSo: () => boolean, what: string) =>
  whenSo((look) => [board.on('pictures', look), board.on('waiting', look)], isSo, what)
const onQueue = (queue: HeldBoard, isSo: () => boolean, what: string) =>
  whenSo((look) => [queue.on('pictures', look), queue.on('status', look)], isSo, what)

test('B104, B107, B113: a guest’s picture is listed as waiting, and comes onto every screen when it is approved', async (t) => {
  const { owner, guest, queue } = await opened(t)
  const outcomes: [string, WaitingOutcome][] = []
  guest.on('waiting', (told) => outcomes.push(...told))
  const [first, second] = guest.addPictures([newPhoto(), newPhoto()])
  const stored = await guest.stored(first!)
  assert.ok(stored.blob)
  await guest.stored(second!)
  assert.equal(guest.pictures.size, 0, 'its own guess is gone')
  assert.equal(guest.uploads.size, 0)
  assert.deepEqual(new Set(guest.waiting.keys()), new Set([first, second]))
  assert.equal(owner.pictures.size, 0)
  await onQueue(queue, () => queue.pictures.length === 2, 'the moderator has both')
  assert.equal(queue.status.role, 'view')

  const startedAt = performance.now()
  await queue.approve([first!])
  await onBoard(owner, () => owner.pictures.has(first!), 'it is on the owner’s screen')
  await onBoard(guest, () => guest.pictures.has(first!), 'it is on its sender’s screen')
  t.diagnostic(`on both screens after ${Math.round(performance.now() - startedAt)} ms`)
  await queue.refuse([second!])
  await onBoard(guest, () => guest.waiting.size === 0, 'none waits')
  await onQueue(queue, () => queue.pictures.length === 0, 'the queue is empty')
  const last = new Map(outcomes)
  assert.deepEqual([last.get(first!), last.get(second!)], ['approved', 'refused'])
  assert.deepEqual([...owner.pictures.keys()], [first])
  await assert.rejects(guest.stored(second!), { code: 'unknown-picture' })
  await assert.rejects(queue.approve([second!]), { code: 'unknown-picture' })
})

test('B105: a guest’s page that opens again goes on with the file of a picture that waits', async (t) => {
  const { guest, queue, reopen } = await opened(t, { store: memoryStore() })
  guest.pauseUploads()
  const [id] = guest.addPictures([newPhoto()])
  await guest.settled()
  await guest.close()
  const again = reopen()
  const { blob } = await again.stored(id!)
  assert.ok(blob)
  await onQueue(queue, () => queue.pictures.length === 1, 'the moderator has it')
  assert.deepEqual(
    [...again.waiting.values()].map(({ state }) => state),
    ['waiting'],
  )
  again.remove([id!])
  await onBoard(again, () => again.waiting.size === 0, 'it is taken back')
  await onQueue(queue, () => queue.pictures.length === 0, 'the moderator has it no longer')
})

test('B149: the file of a picture that was refused while adding was paused outlives its page', async (t) => {
  const { owner, guest, reopen } = await opened(t, { store: memoryStore() })
  owner.set({ adding: 'paused' })
  await owner.settled()
  const [id] = guest.addPictures([newPhoto()])
  await assert.rejects(guest.stored(id!), { code: 'adding-paused' })
  await guest.close()
  const again = reopen()
  const isShown = () => again.uploads.get(id!)?.error?.code === 'adding-paused'
  await whenSo((look) => [again.on('uploads', look)], isShown, 'the next page has it')
  await assert.rejects(again.stored(id!), { code: 'adding-paused' })
  owner.set({ adding: 'open' })
  await owner.settled()
  again.retry(id!)
  assert.ok((await again.stored(id!)).blob)
  assert.ok(owner.pictures.has(id!))
})

test('B149: what was added without a connection isn’t lost where the next page may not add', async (t) => {
  const store = memoryStore()
  const { owner, guest, reopen } = await opened(t, { store })
  await guest.close()
  owner.set({ adding: 'paused' })
  await owner.settled()
  // Nothing listens there.
  const away = openBoard({ url: 'http://127.0.0.1:9', board: guest.id, store })
  const [id] = away.addPictures([newPhoto()])
  await away.close()
  for (const page of [reopen(), reopen()]) {
    await assert.rejects(page.stored(id!), { code: 'adding-paused' })
    await page.close()
  }
  owner.set({ adding: 'open' })
  await owner.settled()
  const last = reopen()
  await assert.rejects(last.stored(id!), { code: 'adding-paused' })
  last.retry(id!)
  assert.ok((await last.stored(id!)).blob)
})

test('B106: nobody but those who own the board opens what waits', async (t) => {
  const { guest } = await opened(t)
  const made = await new Visitor(server.url).makeBoard()
  const queue = openHeldBoard({ url: server.url, board: made.id, token: secretOf(made, 'edit') })
  t.after(() => queue.close())
  await onQueue(queue, () => queue.status.refused !== null, 'it is refused')
  assert.equal(queue.status.refused?.code, 'not-allowed')
  assert.equal(guest.status.refused, null)
})
