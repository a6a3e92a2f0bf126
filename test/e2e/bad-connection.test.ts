import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { memoryStore, openBoard } from '@wirephoto/client'
import { words } from '@wirephoto/web/words/page'
import { launchBrowser, missesWholeBrowser } from '../support/browser.ts'
import { DESKTOP_VIEWPORT, openFixture } from '../support/e2e-fixture.ts'
import { EFFORT_FACTOR } from '../support/effort.ts'
import { FreezableBrowser } from '../support/freezable-browser.ts'
import { BoardPage } from '../support/page.ts'
import { waitForProgress } from '../support/progress-line.ts'
import type { Proxy } from '../support/proxy.ts'

/** A frozen page's websocket, and requests that broke off. */
const LOST_CONNECTIONS = /WebSocket connection|net::ERR_/
/** After this time an upload counts as hanging. */
const UPLOAD_TIMEOUT_MS = 60_000
/** Bytes that may reach the server twice. */
const TWICE_FACTOR = 0.01

const { fixture, samples } = await openFixture()
const file = await samples.draw('slow.jpg', { width: 2400, height: 1800, quality: 93 })
const photo = await readFile(file)
const picture = {
  file: new Blob([new Uint8Array(photo)]),
  name: 'slow.jpg',
  width: 2400,
  height: 1800,
}

test('U57: an upload whose connection is dead goes on over another one, from what the server has', {
  timeout: UPLOAD_TIMEOUT_MS,
}, async (t) => {
  const proxy = await openSlow(t)
  const board = openBoard({
    url: `http://127.0.0.1:${proxy.port}`,
    board: await fixture.newBoard(),
  })
  fixture.closeAfter(t, () => board.close())
  const [id] = board.addPictures([picture])
  await proxy.up.waitForBytes(photo.length / 3)
  assert.equal(proxy.abandonUploads(), 1)
  proxy.resetConnections()
  await board.stored(id!)
  assertSentOnce(t, proxy)
})

test('U62: a page sends no more of a file that another page has taken over', {
  timeout: UPLOAD_TIMEOUT_MS,
}, async (t) => {
  const proxy = await openSlow(t)
  // The first part takes long enough for the page to ask again before the next one.
  proxy.up.bytesPerSecond /= 2
  let isOurs = true
  const board = openBoard({
    url: `http://127.0.0.1:${proxy.port}`,
    board: await fixture.newBoard(),
    store: Object.assign(memoryStore(), { claim: () => Promise.resolve(isOurs) }),
  })
  fixture.closeAfter(t, () => board.close())
  const [id] = board.addPictures([picture])
  await proxy.up.waitForBytes(photo.length / 10)
  isOurs = false
  const { promise: isWaiting, resolve } = Promise.withResolvers<void>()
  const unlisten = board.on('uploads', () => {
    if (board.uploads.get(id!)?.state === 'waiting') resolve()
  })
  await Promise.race([isWaiting, board.stored(id!)])
  unlisten()
  assert.ok(proxy.uploads.total < photo.length, `${proxy.uploads.total} of ${photo.length} sent`)
  isOurs = true
  await board.stored(id!)
  assertSentOnce(t, proxy)
})

test('U60: the screen stays on while a picture is being sent, and no longer', {
  skip: await missesWholeBrowser(),
}, async (t) => {
  const proxy = await openSlow(t)
  const browser = await launchBrowser({ which: 'whole' })
  fixture.closeAfter(t, () => browser.close())
  // Only a secure context has screen wake locks.
  const anna = await fixture.openPage(t, 'localhost', await fixture.newBoard(), {
    port: proxy.port,
    context: await browser.newContext({ viewport: DESKTOP_VIEWPORT }),
  })
  const { page } = anna
  await page.evaluate(() => {
    const locks: WakeLockSentinel[] = []
    const { request } = WakeLock.prototype
    WakeLock.prototype.request = async function (this: WakeLock, type) {
      const lock = await request.call(this, type)
      locks.push(lock)
      return lock
    }
    Object.assign(window, { locks })
  })
  const hasLocks = (released: string) =>
    anna.waitUntil(
      (wanted) =>
        (window as unknown as { locks: WakeLockSentinel[] }).locks
          .map(({ released: isReleased }) => isReleased)
          .join() === wanted,
      released,
    )
  await anna.drop([file], { x: 400, y: 300 })
  await hasLocks('false')
  await show(anna, 'hidden')
  await hasLocks('true')
  await show(anna, 'visible')
  await hasLocks('true,false')
  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
  await anna.waitForPainted(1, 'stored')
  await hasLocks('true,true')
})

test('A10: a sender whose connection is gone still sees how far a picture is', async (t) => {
  const proxy = await openSlow(t)
  const anna = await fixture.openPage(t, 'wire.test', await fixture.newBoard(), {
    port: proxy.port,
    allowedErrors: LOST_CONNECTIONS,
  })
  await anna.drop([file], { x: 400, y: 300 })
  await waitForProgress(anna, 0.2)
  proxy.disconnect()
  await anna.page.getByText(words.serverGone).waitFor()
  const line = anna.page.locator('.progress-line')
  const sent = await line.evaluate((element) =>
    Number((element as HTMLElement).style.getPropertyValue('--sent')),
  )
  assert.ok(sent > 0.2, `${sent} of it`)
  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
  proxy.reconnect()
  await anna.waitForPainted(1, 'stored')
})

test('U61: a page that sleeps while its phone changes networks goes on when it wakes; others are told the truth', {
  skip: EFFORT_FACTOR === 1 && 'takes 15 s: npm run test:long',
}, async (t) => {
  const proxy = await openSlow(t)
  const browser = await FreezableBrowser.open()
  fixture.closeAfter(t, () => browser.close())
  const board = await fixture.newBoard()
  const ben = await fixture.openPage(t, 'wire.test', board)
  const anna = await BoardPage.open(browser.context, `http://localhost:${proxy.port}`)
  anna.allowedErrors = LOST_CONNECTIONS
  fixture.closeAfter(t, () => anna.close(t))
  await anna.goto(`/b/${board}`)
  await anna.drop([file], { x: 400, y: 300 })
  await proxy.up.waitForBytes(photo.length / 3)
  // The browser goes on with a request while its page is frozen.
  proxy.up.stall()
  const wake = await browser.freeze(anna.page)
  assert.equal(proxy.abandonUploads(), 1)
  proxy.up.resume()
  const bytesAsleep = proxy.uploads.total
  await stateOf(ben, 'stalled')
  assert.equal(proxy.uploads.total, bytesAsleep)
  await wake()
  await stateOf(ben, 'arriving')
  await ben.waitForPainted(1, 'stored')
  await anna.waitForPainted(1, 'stored')
  assertSentOnce(t, proxy)
})

/** Opens a connection that takes a second for the photo. */
async function openSlow(t: TestContext): Promise<Proxy> {
  const proxy = await fixture.openProxy(t)
  proxy.up.bytesPerSecond = photo.length
  return proxy
}

function assertSentOnce(t: TestContext, { uploads }: Proxy): void {
  const twice = uploads.total - photo.length
  t.diagnostic(`${twice} of ${photo.length} bytes twice`)
  assert.ok(twice >= 0 && twice <= photo.length * TWICE_FACTOR, `${twice} bytes twice`)
}

const stateOf = (page: BoardPage, state: string) =>
  page.page.locator(`[data-image][data-state="${state}"]`).waitFor()

/** Tells the page that it is hidden or shown: Playwright's pages are always visible. */
async function show({ page }: BoardPage, state: DocumentVisibilityState): Promise<void> {
  await page.evaluate((visibilityState) => {
    Object.defineProperty(document, 'visibilityState', {
      configurable: true,
      get: () => visibilityState,
    })
    document.dispatchEvent(new Event('visibilitychange'))
  }, state)
}
