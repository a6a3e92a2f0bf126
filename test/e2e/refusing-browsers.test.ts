import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { overlayWords } from '@wirephoto/web/words/overlay'
import sharp from 'sharp'
import { launchBrowserWithProfile } from '../support/browser.ts'
import { cleanupAfter } from '../support/cleanup.ts'
import { openFixture } from '../support/e2e-fixture.ts'
import { Firefox } from '../support/firefox.ts'
import { BoardPage } from '../support/page.ts'
import { WebDriverPage } from '../support/webdriver-page.ts'

/** Browsers log this while the connection is down, whatever the page does. */
const BROKEN_LINE = /net::ERR_|WebSocket connection/

const { fixture, samples } = await openFixture()

/** Opens a page in a Chromium that blocks all site data, as its settings offer. */
async function openBlockedPage(t: TestContext, origin: string): Promise<BoardPage> {
  const stack = cleanupAfter(t)
  const context = await launchBrowserWithProfile({
    profile: { default_content_setting_values: { cookies: 2 } },
  })
  stack.defer(() => context.close())
  return BoardPage.open(context, origin)
}

/** Makes every place for site data throw at a touch, as in a sandbox. Runs in a page before its scripts. */
function refuseSiteData(): void {
  const refuse = () => {
    throw new DOMException('The operation is insecure.', 'SecurityError')
  }
  const places: [object, string][] = [
    [window, 'localStorage'],
    [window, 'sessionStorage'],
    [window, 'indexedDB'],
    [window, 'caches'],
    [window, 'cookieStore'],
    [Navigator.prototype, 'serviceWorker'],
    [Navigator.prototype, 'storage'],
    [Navigator.prototype, 'locks'],
    [Document.prototype, 'cookie'],
  ]
  for (const [owner, name] of places)
    Object.defineProperty(owner, name, { get: refuse, configurable: true })
  Object.defineProperty(window, 'BroadcastChannel', { value: refuse })
}

declare global {
  interface Window {
    failedReadCount: number
  }
}

/** Ends each transaction that reads, as a damaged disk does. Runs in a page before its scripts. */
function failReads(): void {
  window.failedReadCount = 0
  for (const name of ['get', 'getAll'] as const)
    for (const { prototype } of [IDBObjectStore, IDBIndex]) {
      const read = prototype[name] as (...query: unknown[]) => IDBRequest
      Object.defineProperty(prototype, name, {
        value(this: IDBObjectStore | IDBIndex, ...query: unknown[]) {
          const request = read.apply(this, query)
          const store = this instanceof IDBIndex ? this.objectStore : this
          store.transaction.abort()
          window.failedReadCount++
          return request
        },
      })
    }
}

/** Drops a picture on a page, and sees it stored there, at somebody else's and on a wall. */
async function assertWorks(t: TestContext, anna: BoardPage, board: string): Promise<void> {
  const ben = await fixture.openPage(t, 'localhost', board)
  const wall = await anna.context.newPage()
  const problems: string[] = []
  wall.on('pageerror', (error) => problems.push(String(error)))
  await wall.goto(`${new URL(anna.page.url()).origin}/b/${board}/show`)
  await wall.locator('.wall-empty').waitFor()
  await anna.page.bringToFront()
  await anna.drop([await samples.file('photos/pic1.jpg')], { x: 500, y: 400 })
  for (const page of [anna, ben]) await page.waitForPainted(1, 'stored')
  await wall.locator('.wall img').last().waitFor()
  assert.deepEqual(problems, [])
  await anna.page.reload()
  await anna.waitForPainted(1, 'stored')
}

describe('a browser that keeps no site data', () => {
  test('U27: page, wall and upload work in a Chromium that blocks it', async (t) => {
    const board = await fixture.newBoard()
    const anna = await openBlockedPage(t, fixture.server.url)
    t.after(() => anna.close(t))
    await anna.goto(`/b/${board}`)
    const isBlocked = await anna.page.evaluate(() => {
      try {
        return !localStorage
      } catch {
        return true
      }
    })
    assert.ok(isBlocked, 'the browser throws at a look')
    await assertWorks(t, anna, board)
  })

  test('U27: page, wall and upload work where every look at it throws', async (t) => {
    const board = await fixture.newBoard()
    const context = await fixture.browser.newContext()
    await context.addInitScript(refuseSiteData)
    const anna = await fixture.openPage(t, 'localhost', board, { context })
    await assertWorks(t, anna, board)
    await context.close()
  })

  test('U27, U28: the page says what is lost with it, and leaving it asks', async (t) => {
    const board = await fixture.newBoard()
    const proxy = await fixture.openProxy(t)
    const context = await fixture.browser.newContext()
    await context.addInitScript(refuseSiteData)
    const options = { context, port: proxy.port, allowedErrors: BROKEN_LINE }
    const anna = await fixture.openPage(t, 'localhost', board, options)
    await anna.drop([await samples.file('photos/pic1.jpg')], { x: 500, y: 400 })
    await anna.waitForPainted(1, 'stored')
    await anna.page.locator('.overlay').waitFor({ state: 'attached' })
    proxy.disconnect()
    await anna.page.locator('.connection.trouble').waitFor()
    await anna.drop([await samples.file('photos/pic2.jpg')], { x: 1000, y: 400 })
    await anna.waitForToast(overlayWords.notKept)
    const asked = anna.page.waitForEvent('dialog')
    void anna.page.reload().catch(() => {})
    assert.equal((await asked).type(), 'beforeunload')
    await anna.waitForTiles(2)
    anna.problems.length = 0
    proxy.reconnect()
    await anna.waitForPainted(2, 'stored')
    await context.close()
  })

  test('E36: a database that fails in each read costs nothing else', async (t) => {
    const board = await fixture.newBoard()
    const context = await fixture.browser.newContext()
    await context.addInitScript(failReads)
    const anna = await fixture.openPage(t, 'localhost', board, { context })
    await assertWorks(t, anna, board)
    assert.ok(await anna.page.evaluate(() => window.failedReadCount > 0))
    await context.close()
  })

  test('U28: leaving asks nothing where the browser keeps what is unsent', async (t) => {
    const board = await fixture.newBoard()
    const proxy = await fixture.openProxy(t)
    const options = { port: proxy.port, allowedErrors: /net::ERR_|WebSocket|404 .*\/uploads\// }
    const anna = await fixture.openPage(t, 'localhost', board, options)
    proxy.disconnect()
    await anna.page.locator('.connection.trouble').waitFor()
    await anna.drop([await samples.file('photos/pic2.jpg')], { x: 1000, y: 400 })
    await anna.waitForTiles(1)
    await anna.page.waitForFunction(isFileKept)
    proxy.reconnect()
    await anna.page.reload()
    await anna.waitForPainted(1, 'stored')
  })
})

/** Returns whether the browser's database has a file. Runs in a page. */
async function isFileKept(): Promise<boolean> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('wirephoto')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('no database'))
  })
  const count = await new Promise<number>((resolve) => {
    const request = db.transaction('files').objectStore('files').count()
    request.onsuccess = () => resolve(request.result)
  })
  db.close()
  return count > 0
}

describe('Firefox that keeps no site data', async () => {
  const skip = (await Firefox.skipReason()) ?? false

  test('U27: page and upload work', { skip, timeout: 90_000 }, async (t) => {
    const stack = cleanupAfter(t)
    const preferences = { 'network.cookie.cookieBehavior': 2 }
    const firefox = stack.adopt(await Firefox.open(preferences), (it) => it.close())
    const board = await fixture.newBoard()
    const ben = await fixture.openPage(t, 'localhost', board)
    const anna = new WebDriverPage(firefox, fixture.server.url)
    stack.defer(() => anna.close(t, BROKEN_LINE))
    await anna.goto(`/b/${board}`)
    await anna.drop(await samples.draw('a.jpg', { width: 800, height: 600 }), [400, 300])
    await anna.waitForPainted(1, 'stored')
    await ben.waitForPainted(1, 'stored')
    await anna.goto(`/b/${board}`)
    await anna.waitForPainted(1, 'stored')
  })
})

/** Halves of a picture in the middle of each: the means of their red, green and blue. */
type Halves = readonly (readonly number[])[]

/** Reads a painted image's halves. Runs in a page. */
function readHalves(selector: string): Halves {
  const image = document.querySelector<HTMLImageElement>(selector)!
  const canvas = Object.assign(document.createElement('canvas'), { width: 40, height: 30 })
  const context = canvas.getContext('2d')!
  context.drawImage(image, 0, 0, 40, 30)
  return [4, 26].map((x) => {
    const { data } = context.getImageData(x, 5, 10, 20)
    const sums = [0, 0, 0]
    for (let i = 0; i < data.length; i++) if (i % 4 < 3) sums[i % 4]! += data[i]!
    return sums.map((sum) => (sum * 4) / data.length)
  })
}

describe('Firefox that resists fingerprinting', async () => {
  const skip = (await Firefox.skipReason()) ?? false

  test('H20: others see the picture as the server draws it, never noise', {
    skip,
    timeout: 90_000,
  }, async (t) => {
    const stack = cleanupAfter(t)
    const preferences = { 'privacy.resistFingerprinting': true }
    const firefox = stack.adopt(await Firefox.open(preferences), (it) => it.close())
    const board = await fixture.newBoard()
    const proxy = await fixture.openProxy(t)
    const ben = await fixture.openPage(t, 'localhost', board)
    const wireClient = await fixture.openWireClient(t, board)
    const anna = new WebDriverPage(firefox, `http://localhost:${proxy.port}`)
    stack.defer(() => anna.close(t, BROKEN_LINE))
    await anna.goto(`/b/${board}`)
    const isNoise = await anna.evaluate(() => {
      const context = document.createElement('canvas').getContext('2d')!
      context.fillStyle = '#c81e1e'
      context.fillRect(0, 0, 8, 8)
      context.fillStyle = '#1e3cc8'
      context.fillRect(8, 0, 8, 8)
      const [red, green] = context.getImageData(2, 2, 1, 1).data
      return red !== 200 || green !== 30
    }, null)
    assert.ok(isNoise, 'the browser gives noise back')
    const red = await sharp({
      create: { width: 800, height: 1200, channels: 3, background: '#c81e1e' },
    })
      .png()
      .toBuffer()
    const file = await samples.write(
      'halves.png',
      await sharp({ create: { width: 1600, height: 1200, channels: 3, background: '#1e3cc8' } })
        .composite([{ input: red, left: 0, top: 0 }])
        .png()
        .toBuffer(),
    )
    await anna.drop(file, [400, 300])
    await ben.waitForPainted(1, 'stored')
    const announced = wireClient.batches
      .flatMap(({ changes }) => changes)
      .flatMap((change) => ('put' in change && change.put.kind === 'image' ? [change.put] : []))
    assert.equal(announced[0]?.thumbhash, null, 'no blur is sent with it')
    const [left, right] = await ben.page.evaluate(readHalves, '[data-image] .picture')
    assert.ok(left![0]! > 180 && left![2]! < 60, `red: ${left!.join()}`)
    assert.ok(right![0]! < 60 && right![2]! > 180, `blue: ${right!.join()}`)
  })
})
