import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { errorMessages } from '@wirephoto/board'
import { homeWords } from '@wirephoto/web/words/home'
import { words } from '@wirephoto/web/words/page'
import { openFixture } from '../support/e2e-fixture.ts'
import { type BoardPage, middleOf, PAGE_TIMEOUT_MS, type Tile } from '../support/page.ts'

/** Browsers log failed requests and sockets, whatever the page does. */
const FAILED_REQUESTS = /net::ERR_|WebSocket connection|40[34] \(/

/** A board that nobody has opened. */
const UNVISITED = 'AAAAAAAAAAAAAAAAAAAAAA'
/** The most copies that a browser keeps, and the most records in all of them. */
const KEPT_COPY_COUNT = 20
const KEPT_RECORD_COUNT = 40_000
/** The beginning of what is said of a copy. */
const AS_OF = words.asOf(words.serverGone, '').split(' .')[0]!

const { fixture, samples } = await openFixture()

test('W27: a page says that it is offline only when the browser says so', async (t) => {
  const proxy = await fixture.openProxy(t)
  const anna = await fixture.openPage(t, 'wire.test', await fixture.newBoard(), {
    port: proxy.port,
    allowedErrors: FAILED_REQUESTS,
  })
  proxy.disconnect()
  await anna.page.getByText(words.serverGone).waitFor()
  await anna.context.setOffline(true)
  await anna.page.getByText(words.offline).waitFor()
  await anna.context.setOffline(false)
  await anna.page.getByText(words.serverGone).waitFor()
  proxy.reconnect()
  await anna.waitForLive()
})

test('W28: a page opens without its server, says so, and goes on when that is back', async (t) => {
  const anna = await openWithWorkers(t, await fixture.newBoard())
  await waitForWorker(anna)
  await withoutServer(async () => {
    await anna.page.reload()
    await anna.page.getByText(words.serverGone).waitFor()
  })
  await anna.waitForLive()
  await anna.drop([await samples.file('photos/pic1.jpg')], { x: 400, y: 300 })
  await anna.waitForPainted(1, 'stored')
})

test('W28: a page is never older than the server that answers, and no error is kept', async (t) => {
  const anna = await openKept(t, await fixture.newBoard())
  const { page } = anna
  const isKept = await page.evaluate(async () => {
    for (const name of await caches.keys())
      if (name.startsWith('wirephoto-build-')) {
        const headers = { 'content-type': 'text/html' }
        await (await caches.open(name)).put('/b/main', new Response('<p>An old page', { headers }))
      }
    await fetch('/assets/none.js')
    return (await caches.match('/assets/none.js')) !== undefined
  })
  assert.equal(isKept, false)
  await page.reload()
  await anna.waitForLive()
  await withoutServer(async () => {
    await page.reload()
    await page.getByText('An old page').waitFor()
  })
  await page.reload()
  await anna.waitForLive()
})

test('W28: a page loads from its server where the browser’s caches can’t be read', async (t) => {
  const anna = await openKept(t, await fixture.newBoard())
  const [worker] = anna.context.serviceWorkers()
  const isBroken = await worker!.evaluate(async () => {
    const fail = () => Promise.reject(new DOMException('The disk failed', 'UnknownError'))
    Object.assign(CacheStorage.prototype, { keys: fail, open: fail })
    return caches.keys().then(
      () => false,
      () => true,
    )
  })
  assert.ok(isBroken)
  await anna.page.reload()
  await anna.waitForLive()
})

test('W28: a page that stays open over an upgrade finds the parts of its own build', async (t) => {
  const anna = await openKept(t, await fixture.newBoard())
  const found = await anna.page.evaluate(async () => {
    // The parts of a build that the server doesn't have any more.
    const cache = await caches.open('wirephoto-build-before')
    await cache.put('/assets/old-part.js', new Response('export default 1'))
    return (await fetch('/assets/old-part.js')).text()
  })
  assert.equal(found, 'export default 1')
})

test('W31, W32, W35: a board opens from its copy, and what is done there is sent later', async (t) => {
  const board = await fixture.newBoard()
  const anna = await openKept(t, board)
  const { page } = anna
  const ben = await fixture.openPage(t, 'wire.test', board, { allowedErrors: FAILED_REQUESTS })
  const files = [0, 1, 2].map((n) => samples.draw(`copy-${n}.jpg`, { width: 900, seed: n }))
  await anna.drop(await Promise.all(files), { x: 700, y: 400 })
  const before = await anna.waitForPainted(3, 'stored')
  await waitForCached(anna, 3)
  const [first] = before
  const theirs = await ben.waitForPainted(3, 'stored')
  const moved: Tile[] = []
  await withoutServer(async () => {
    await page.reload()
    await says(anna, words.asOf(words.serverGone, ''))
    const after = await anna.waitForPainted(3)
    assert.deepEqual(after.map(placeOf), before.map(placeOf), 'as it was')

    const [x, y] = middleOf(first!)
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 40, y + 60, { steps: 4 })
    await page.mouse.up()
    await anna.waitUntil(areApart, before)
    await anna.context.setOffline(true)
    await says(anna, words.asOf(words.offline, ''))
    await page.reload()
    moved.push(...(await anna.waitForPainted(3)))
    assert.ok(moved[0]!.x > first!.x + 30, 'the move is kept')
    await anna.context.setOffline(false)
  })
  const recording = await anna.recordTiles()
  await anna.waitForLive()
  await ben.waitForLive()
  await ben.waitUntil(areApart, theirs)
  await anna.waitForToast(words.backOnline(1))
  const { states, landings } = await recording.close()
  assert.equal(landings, 0)
  for (const { id, x } of moved)
    assert.deepEqual(
      states.get(id)!.map((state) => [state.x, state.opacity]),
      [[x, '1']],
      'nothing flickers when the server is back',
    )
})

test('W31, W33: each board has its own copy, and one that has none says so', async (t) => {
  const boards = [await fixture.newBoard(), await fixture.newBoard()]
  const anna = await openKept(t, boards[0]!)
  const { page } = anna
  await anna.drop([await samples.draw('one.jpg', { width: 900, seed: 4 })], { x: 700, y: 400 })
  const [one] = await anna.waitForPainted(1, 'stored')
  await waitForCached(anna, 1)
  await anna.goto(`/b/${boards[1]}`)
  const more = [5, 6].map((seed) => samples.draw(`more-${seed}.jpg`, { width: 900, seed }))
  await anna.drop(await Promise.all(more), { x: 700, y: 400 })
  await anna.waitForPainted(2, 'stored')
  await waitForCached(anna, 2)
  await withoutServer(async () => {
    await anna.goto(`/b/${boards[0]}`, AS_OF)
    const [shown] = await anna.waitForPainted(1)
    assert.equal(shown!.id, one!.id)
    await anna.goto(`/b/${boards[1]}`, AS_OF)
    await anna.waitForPainted(2)
    await anna.goto(`/b/${UNVISITED}`, words.noCopy(words.serverGone))
    assert.equal(await page.getByText(words.emptyTitle).count(), 0, 'nobody knows that it is empty')
  })
  await anna.goto(`/b/${boards[1]}`)
  await anna.waitForPainted(2, 'stored')
  await page.getByRole('button', { name: words.boardMenu }).click()
  await page.getByRole('menuitem', { name: words.boards }).click()
  await page.getByRole('button', { name: homeWords.forget(words.untitled) }).click()
  await anna.waitForToast(homeWords.forgotten(words.untitled))
  await withoutServer(async () => {
    await anna.goto(`/b/${boards[0]}`, words.noCopy(words.serverGone))
    await anna.goto(`/b/${boards[1]}`, AS_OF)
    await anna.waitForPainted(2)
  })
})

test('W34: the copy of a board goes when the server says that there is none', async (t) => {
  const server = await fixture.openServer(t, [], 1)
  const board = await server.newBoard()
  const anna = await openKept(t, board, server.port)
  await anna.drop([await samples.draw('gone.jpg', { width: 900, seed: 7 })], { x: 700, y: 400 })
  await anna.waitForPainted(1, 'stored')
  await waitForCached(anna, 1)
  await server.kill()
  await anna.page.reload()
  await anna.waitForPainted(1)
  await rm(server.data, { recursive: true })
  await server.start()
  await anna.page.getByText(errorMessages['unknown-board']({})).waitFor()
  assert.equal((await anna.tiles()).length, 0)
  await server.kill()
  await anna.page.reload()
  await says(anna, words.noCopy(words.serverGone))
  assert.equal((await anna.tiles()).length, 0)
})

test('W34: a browser keeps 20 copies and 40,000 records, the newest', async (t) => {
  const anna = await fixture.openPage(t, 'wire.test', await fixture.newBoard())
  const { page } = anna
  const readCopies = () => page.evaluate(addCopies, [])
  await anna.drop([await samples.draw('kept.jpg', { width: 900, seed: 8 })], { x: 700, y: 400 })
  await anna.waitForPainted(1, 'stored')
  await waitFor(async () => (await readCopies()).length === 1)
  const [own] = await readCopies()
  const old = Array.from({ length: KEPT_COPY_COUNT + 5 }, (_, n) => ({
    address: `old ${n}`,
    copiedAt: n,
    recordCount: 1,
  }))
  await page.evaluate(addCopies, old)
  await anna.drop([await samples.draw('next.jpg', { width: 900, seed: 9 })], { x: 300, y: 400 })
  await waitFor(async () => (await readCopies()).length === KEPT_COPY_COUNT)
  const newest = old.slice(-KEPT_COPY_COUNT + 1).map(({ address }) => address)
  assert.deepEqual(new Set(await readCopies()), new Set([own, ...newest]))

  const large = Array.from({ length: 3 }, (_, n) => ({
    address: `large ${n}`,
    copiedAt: 1_000 + n,
    recordCount: KEPT_RECORD_COUNT / 2 - 10,
  }))
  await page.evaluate(addCopies, large)
  await page.keyboard.press('Control+a')
  await page.keyboard.press('ArrowRight')
  await waitFor(async () => (await readCopies()).length < KEPT_COPY_COUNT)
  await waitFor(async () => (await readCopies()).length === 3)
  assert.deepEqual(new Set(await readCopies()), new Set([own, 'large 1', 'large 2']))
})

interface ListedCopy {
  readonly address: string
  readonly copiedAt: number
  readonly recordCount: number
}

/** Adds copies to this browser, and returns the addresses of all that it holds. Runs in a page. */
async function addCopies(added: readonly ListedCopy[]): Promise<string[]> {
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const names = (await indexedDB.databases()).map(({ name }) => name)
  if (!names.includes('wirephoto-copies')) return []
  const database = await done(indexedDB.open('wirephoto-copies'))
  const tx = database.transaction(['list', 'snapshots'], 'readwrite')
  const [list, snapshots] = [tx.objectStore('list'), tx.objectStore('snapshots')]
  for (const copy of added) {
    list.put({ ...copy, wire: 1 })
    snapshots.put({ cursor: 'none', records: [] }, copy.address)
  }
  const addresses = await Promise.all([list, snapshots].map((store) => done(store.getAllKeys())))
  database.close()
  return [...new Set(addresses.flat() as string[])]
}

async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(PAGE_TIMEOUT_MS)
  while (!(await isSo())) await setTimeout(50, undefined, { signal })
}

/** Returns whether the first two of these pictures stand otherwise to each other. Runs in a page. */
function areApart([first, second]: readonly Tile[]): boolean {
  const xOf = ({ id }: Tile) =>
    document.querySelector(`[data-image="${id}"]`)!.getBoundingClientRect().x
  return Math.abs(xOf(first!) - xOf(second!) - (first!.x - second!.x)) > 20
}

const placeOf = ({ id, x, y, w, h }: Tile) => ({ id, x, y, w, h })

/** Resolves when the page says this of its connection, with the time of its copy in place of the gap. */
async function says({ page }: BoardPage, sentence: string): Promise<void> {
  const parts = sentence.split(' .')
  const connection = page.locator('.connection', { hasText: parts[0]! })
  await connection.filter({ hasText: parts.at(-1)! }).waitFor()
}

/** Resolves when the browser has fetched that many pictures: a sender's page draws its own files. */
const waitForCached = (page: BoardPage, count: number): Promise<void> =>
  page.waitUntil((n) => {
    const all = performance.getEntriesByType('resource').map(({ name }) => name)
    return all.filter((name) => name.includes('/blob/')).length >= n
  }, count)

/** Does something while the server is dead. */
async function withoutServer(body: () => Promise<void>): Promise<void> {
  await fixture.server.kill()
  try {
    await body()
  } finally {
    await fixture.server.start()
  }
}

/** Opens a board at a name where pages may have a service worker. */
const openWithWorkers = (t: TestContext, board: string, port = fixture.server.port) =>
  fixture.openPage(t, 'localhost', board, {
    port,
    serviceWorkers: 'allow',
    allowedErrors: FAILED_REQUESTS,
  })

const waitForWorker = (page: BoardPage): Promise<void> =>
  page.waitUntil(() => navigator.serviceWorker.controller !== null, null)

/** Opens a board, and resolves when it has a service worker. The page itself would wait before it takes one. */
async function openKept(t: TestContext, board: string, port?: number): Promise<BoardPage> {
  const page = await openWithWorkers(t, board, port)
  await page.page.evaluate(() => navigator.serviceWorker.register('/service-worker.js'))
  await waitForWorker(page)
  return page
}
