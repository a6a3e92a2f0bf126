import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { errorMessages } from '@wirephoto/board'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import type { BrowserContext, Page, Route, WebSocketRoute } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { cleanupAfter } from '../support/cleanup.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { BoardPage, PAGE_TIMEOUT_MS } from '../support/page.ts'
import { SampleFiles } from '../support/sample-files.ts'
import { BUILT_PAGE, makeSecondBuild } from '../support/second-build.ts'

/** Browsers log this while the server restarts, and for a file that it doesn't have any more. */
const UPGRADE_ERRORS =
  /net::ERR_|WebSocket connection|404 \(Not Found\).*(?:assets|uploads)\/|Refused to apply style/
const LATER_PARTS = [
  'upload-attempt',
  'preview',
  'panels',
  'lazy',
  'take',
  'make-preview',
  'thumbhash',
  'header-size',
]

const stack = cleanupAfter()
const samples = stack.adopt(await SampleFiles.open(), (each) => each.close())
const browser = stack.adopt(await launchBrowser(), (each) => each.close())
const second = stack.adopt(await makeSecondBuild(), (each) => each.close())

interface Opened {
  readonly server: InProcessServer
  readonly context: BrowserContext
  readonly board: string
  readonly anna: BoardPage
}

/** Opens a board on a page of the first build. `prepare` may change what the page gets. */
async function open(
  t: TestContext,
  prepare: (context: BrowserContext) => Promise<unknown> = async () => {},
): Promise<Opened> {
  const own = cleanupAfter(t)
  const server = own.adopt(await InProcessServer.open({ webRoot: BUILT_PAGE }), (it) => it.close())
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    // A worker would keep the files of the build before, as on https pages.
    serviceWorkers: 'block',
  })
  await prepare(context)
  const anna = await BoardPage.open(context, server.url)
  anna.allowedErrors = UPGRADE_ERRORS
  own.defer(async () => {
    await anna.close(t)
    await context.close()
  })
  const board = await server.newBoard()
  await anna.goto(`/b/${board}`)
  return { server, context, board, anna }
}

const upgrade = (server: InProcessServer) => server.restart({ webRoot: second.folder })

/** Resolves when the page has all that it fetches late. */
const waitForLaterParts = ({ page }: BoardPage) =>
  page.waitForFunction((parts) => {
    const names = performance.getEntriesByType('resource').map(({ name }) => name)
    return parts.every((part) => names.some((name) => name.includes(`/assets/${part}-`)))
  }, LATER_PARTS)

const isSecondBuild = () =>
  document.querySelector<HTMLScriptElement>('script[type=module]')?.src.includes('second-')

const waitForSecondBuild = (page: Page) =>
  page.waitForFunction(isSecondBuild, null, { timeout: PAGE_TIMEOUT_MS })

/** Says that the page is hidden, as behind another tab. Runs in a page. */
function hide(): void {
  Object.defineProperty(document, 'visibilityState', { value: 'hidden' })
  document.dispatchEvent(new Event('visibilitychange'))
}

/** Has pages speak an older version of the wire, whose number stands beside the board's id. */
const asOldPage = async (route: Route): Promise<void> => {
  const response = await route.fetch()
  const script = await response.text()
  const old = script.replace(/(auth:\{board:\w+,wire:)\w+/, '$1 1')
  assert.notEqual(old, script)
  await route.fulfill({ response, body: old })
}

describe('an upgrade of the server under open pages', () => {
  test('H14, U29, W30: a page of the build before says so, and still takes a drop', async (t) => {
    const { server, anna } = await open(t)
    await waitForLaterParts(anna)
    await upgrade(server)
    const toast = await anna.waitForToast(overlayWords.newVersion)
    await anna.drop([await samples.file('photos/pic1.jpg')], { x: 500, y: 400 })
    await anna.waitForPainted(1, 'stored')
    await anna.page.keyboard.press('?')
    await anna.page.locator('.panel[open]').waitFor()
    await anna.page.keyboard.press('Escape')
    await anna.page.locator('.panel').waitFor({ state: 'detached' })
    await toast.getByRole('button', { name: words.reload }).click()
    await waitForSecondBuild(anna.page)
    await anna.waitForPainted(1, 'stored')
  })

  test('H15: a hidden page and a wall reload by themselves, with nothing lost', async (t) => {
    const { server, context, board, anna } = await open(t)
    const wall = await context.newPage()
    await wall.goto(`${server.url}/b/${board}/show`)
    await wall.locator('.wall-empty').waitFor()
    await waitForLaterParts(anna)
    await anna.page.evaluate(hide)
    await upgrade(server)
    await Promise.all([waitForSecondBuild(anna.page), waitForSecondBuild(wall)])
    await anna.waitForLive()
  })

  test('H15: a page with an open panel or steps to undo does not reload by itself', async (t) => {
    const { server, anna } = await open(t)
    await waitForLaterParts(anna)
    await anna.page.keyboard.press('?')
    await anna.page.locator('.panel[open]').waitFor()
    await anna.page.evaluate(hide)
    await upgrade(server)
    await anna.waitForLive()
    // The page looks every two seconds, by the page's own clock.
    await anna.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 5_000)))
    assert.equal(await anna.page.evaluate(isSecondBuild), false)
    await anna.page.keyboard.press('Escape')
    await waitForSecondBuild(anna.page)
  })

  test('H16: a part that the server has no more is told as such, and Reload mends it', async (t) => {
    let isGone = true
    const { anna } = await open(t, (context) =>
      context.route(/assets\/(?:panels|upload-attempt)-/, (route) =>
        isGone ? route.fulfill({ status: 404, body: 'Not Found' }) : route.continue(),
      ),
    )
    await anna.page.locator('.overlay').waitFor({ state: 'attached' })
    await anna.page.keyboard.press('?')
    const toast = await anna.waitForToast(words.partMissing)
    await anna.drop([await samples.file('photos/pic1.jpg')], { x: 500, y: 400 })
    await anna.waitForTiles(1)
    await anna.page.getByText(overlayWords.retrying(0)).waitFor()
    isGone = false
    await toast.getByRole('button', { name: words.reload }).click()
    await anna.waitForPainted(1, 'stored')
  })

  test('H15: a wall of an older wire version reloads by itself, and a page says so', async (t) => {
    const isOld = { now: false }
    const { server, context, board, anna } = await open(t, (made) =>
      made.route(/assets\/index-.*\.js/, (route) =>
        isOld.now ? asOldPage(route) : route.continue(),
      ),
    )
    isOld.now = true
    const wall = await context.newPage()
    await wall.goto(`${server.url}/b/${board}/show`)
    const page = await BoardPage.open(context, server.url)
    page.allowedErrors = UPGRADE_ERRORS
    await page.page.goto(`${server.url}/b/${board}`)
    await page.waitForToast(errorMessages['old-page']({}))
    await wall.locator('.wall-status').waitFor()
    isOld.now = false
    await upgrade(server)
    await waitForSecondBuild(wall)
    await anna.waitForLive()
    await page.page.close()
  })

  test('H15: a hidden page whose wire version is too old by now reloads by itself', async (t) => {
    const isOld = { now: false }
    const { server, context, anna } = await open(t, (made) =>
      made.routeWebSocket(/\/live/, (socket) => {
        if (isOld.now) refuseAsOld(socket)
        else socket.connectToServer()
      }),
    )
    context.on('request', (request) => {
      if (request.url().includes('/second-index-')) isOld.now = false
    })
    await waitForLaterParts(anna)
    await anna.page.evaluate(hide)
    isOld.now = true
    await upgrade(server)
    await waitForSecondBuild(anna.page)
    await anna.waitForLive()
  })
})

/** Refuses a socket as a server of a later wire version does, in the words of Socket.IO. */
function refuseAsOld(socket: WebSocketRoute): void {
  const data = { code: 'old-page', message: errorMessages['old-page']({}) }
  socket.onMessage((text) => {
    if (String(text).startsWith('40')) socket.send(`44${JSON.stringify({ message: '', data })}`)
  })
  socket.send('0{"sid":"a","upgrades":[],"pingInterval":10000,"pingTimeout":10000,"maxPayload":1}')
}
