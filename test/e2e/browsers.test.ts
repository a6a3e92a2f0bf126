import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connect, Slot } from '@wirephoto/client'
import { words } from '@wirephoto/web/words/page'
import { cleanupAfter } from '../support/cleanup.ts'
import { openFixture } from '../support/e2e-fixture.ts'
import { EFFORT_FACTOR } from '../support/effort.ts'
import { Firefox } from '../support/firefox.ts'
import type { BoardPage } from '../support/page.ts'
import { drawPicture } from '../support/pictures.ts'
import { secretOf, Visitor } from '../support/visitor.ts'
import { type BrowserWindow, WebDriverPage } from '../support/webdriver-page.ts'
import { WebKit } from '../support/webkit.ts'

/**
 * Two names of this machine. As on a LAN, no browser takes plain http at the second for a secure
 * context.
 */
const HOSTS = ['localhost', '[::ffff:7f00:1]'] as const
/** `npm test` opens each browser at one of them, `npm run test:long` at both. */
const hostsOf = (host: (typeof HOSTS)[number]) => (EFFORT_FACTOR > 1 ? HOSTS : [host])
const BROWSERS = [
  { name: 'Firefox', Browser: Firefox, hosts: hostsOf('[::ffff:7f00:1]') },
  { name: 'WebKit', Browser: WebKit, hosts: hostsOf('localhost') },
] as const
/** Browsers log this while the connection is down, whatever the page does. */
const BROKEN_LINE = /net::ERR_|WebSocket connection|can’t establish a connection|was interrupted/

/** WebDriver's name of the key (section 15.4.2). */
const ESCAPE = '\uE00C'
/** On which the file of a photo takes its time. */
const SLOW_BYTES_PER_SECOND = 60_000

/** Pages of another origin, at any path, with these elements. */
let elements = ''
const otherSite = createServer((_request, response) =>
  response
    .setHeader('content-type', 'text/html')
    .end(`<!doctype html><title>Elsewhere</title>${elements}`),
).listen(0, '127.0.0.1')
await once(otherSite, 'listening')
const elsewhere = `http://127.0.0.1:${(otherSite.address() as AddressInfo).port}`
cleanupAfter().defer(() => {
  otherSite.close()
  otherSite.closeAllConnections()
})

const { fixture, samples } = await openFixture({
  args: ['--public-url', `http://${HOSTS[1]}`, '--allow-origin', elsewhere],
})

for (const { name, Browser, hosts } of BROWSERS)
  describe(`Anna has ${name}, Ben Chromium`, async () => {
    const skip = (await Browser.skipReason()) ?? false
    let window: BrowserWindow

    before(async () => {
      if (!skip) window = await Browser.open()
    })
    after(() => window?.close())

    for (const host of hosts)
      test(`each sees what the other drops and moves, also after a break, at http://${host}`, {
        skip,
      }, async (t) => {
        const proxy = await fixture.openProxy(t)
        const board = await fixture.newBoard()
        const ben = await fixture.openPage(t, 'localhost', board, { allowedErrors: BROKEN_LINE })
        const anna = new WebDriverPage(window, `http://${host}:${proxy.port}`)
        t.after(() => anna.close(t, BROKEN_LINE))
        await anna.goto(`/b/${board}`)
        const isSecure = await anna.evaluate(() => isSecureContext, null)
        assert.equal(isSecure, host === 'localhost')
        const photo = (nth: number) =>
          samples.draw(`${nth}.jpg`, { width: 800, height: 600, seed: nth })

        // The page's own preview comes before the file.
        proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
        await anna.drop(await photo(1), [400, 300])
        await ben.page.locator('.preview.ready').waitFor()
        proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
        await ben.waitForPainted(1, 'stored')
        await anna.chooseFile('#choose-files', await photo(2))
        await ben.waitForPainted(2, 'stored')
        await ben.drop([await photo(3)], { x: 1000, y: 600 })
        const [first, second, third] = (await anna.waitForPainted(3, 'stored')).map(({ id }) => id)
        await ben.waitForPainted(3, 'stored')
        await assertSeesMove(ben, anna, first!, third!)
        await assertSeesMove(anna, ben, second!, third!)

        proxy.disconnect()
        await anna.waitForText('.connection', words.serverGone)
        const later = await movePicture(ben, first!, third!)
        await ben.drop([await photo(4)], { x: 300, y: 700 })
        await ben.waitForPainted(4, 'stored')
        const kept = await movePicture(anna, second!, third!)
        await anna.drop(await photo(5), [900, 200])
        await anna.waitForPainted(4)
        proxy.reconnect()
        for (const page of [anna, ben]) {
          await page.waitForPainted(5, 'stored')
          await page.waitUntil(isAtPlace, later)
          await page.waitUntil(isAtPlace, kept)
        }

        await fixture.server.kill()
        await anna.waitForText('.connection', words.serverGone)
        await fixture.server.start()
        await ben.waitForLive()
        await assertSeesMove(anna, ben, first!, third!)

        await anna.goto(`/b/${board}`)
        await anna.waitForPainted(5, 'stored')
        await assertSeesMove(ben, anna, second!, third!)
      })

    test('a panel is as high as its content', { skip }, async (t) => {
      const anna = new WebDriverPage(window, fixture.server.url)
      t.after(() => anna.close(t, BROKEN_LINE))
      await anna.goto('/')
      for (const [key, title] of [
        [',', words.settings],
        ['?', words.keySheet],
      ] as const) {
        await anna.press(key)
        await anna.waitForText('.panel[open] h2', title)
        await anna.waitUntil(isPanelInView, null)
        await anna.press(ESCAPE)
        await anna.waitUntil(() => !document.querySelector('.panel'), null)
      }
    })

    test('I91: the elements show a board and a slot on a page of another origin', {
      skip,
    }, async (t) => {
      const { url } = fixture.server
      const made = await new Visitor(url).makeBoard()
      const src = `${url}/b/${made.id}`
      await using board = await connect(src, { token: secretOf(made, 'edit') })
      const draw = async (width: number) =>
        new Uint8Array(await drawPicture({ width, height: width }))
      await board.add(await draw(64), { x: 0, y: 0, w: 200 })
      const loss = new Slot(board, 'loss')
      await loss.push(await draw(96))

      const token = secretOf(made, 'view')
      elements = `
        <script type="module" src="${url}/elements.js"></script>
        <wire-board style="width: 240px" src="${src}" token="${token}"></wire-board>
        <wire-slot style="width: 240px" src="${src}/live/loss" token="${token}"></wire-slot>`
      const anna = new WebDriverPage(window, elsewhere)
      t.after(() => anna.close(t, BROKEN_LINE))
      await window.goto(elsewhere)
      const shows = (element: string, widths: readonly number[]) =>
        anna.waitUntil(areShown, { element, widths })
      await shows('wire-board', [64, 96])
      await shows('wire-slot', [96])
      await loss.push(await draw(80))
      await shows('wire-slot', [80])
      await shows('wire-board', [64, 80])
      // All of them stand in view: others aren't loaded.
      await board.add(await draw(48), { x: 0, y: 220, w: 200 })
      await shows('wire-board', [48, 64, 80])
      await anna.evaluate(() => document.body.replaceChildren(), null)
    })
  })

/** Returns whether an element shows pictures of these widths in pixels and no other. Runs in a page. */
function areShown(arg: { element: string; widths: readonly number[] }): boolean {
  const images = document.querySelector(arg.element)?.shadowRoot?.querySelectorAll('img') ?? []
  const shown = [...images].map((image) => (image.complete ? image.naturalWidth : 0))
  return `${shown.sort((a, b) => a - b)}` === `${arg.widths}`
}

/** Returns whether all of the panel is visible without scrolling. Runs in a page. */
function isPanelInView(): boolean {
  const body = document.querySelector('.panel .body')!
  return body.scrollHeight <= body.clientHeight + 1
}

type Page = BoardPage | WebDriverPage

/**
 * A picture's place relative to another, in that one's widths and heights: the same on every page.
 */
interface Place {
  readonly id: string
  readonly from: string
  readonly x: number
  readonly y: number
}

async function assertSeesMove(seer: Page, mover: Page, id: string, from: string): Promise<void> {
  await seer.waitUntil(isAtPlace, await movePicture(mover, id, from))
}

/** Drags a picture a little with the mouse; resolves to its new place. */
async function movePicture(page: Page, id: string, from: string): Promise<Place> {
  const tiles = new Map((await page.tiles()).map((tile) => [tile.id, tile]))
  const [tile, other] = [tiles.get(id)!, tiles.get(from)!]
  const [dx, dy] = [-30, 50]
  const [x, y] = [tile.x + tile.w / 2, tile.y + tile.h / 2]
  if (page instanceof WebDriverPage) await page.drag([x, y], [x + dx, y + dy])
  else {
    await page.page.mouse.move(x, y)
    await page.page.mouse.down()
    await page.page.mouse.move(x + dx, y + dy, { steps: 4 })
    await page.page.mouse.up()
  }
  const place = {
    id,
    from,
    x: (tile.x + dx - other.x) / other.w,
    y: (tile.y + dy - other.y) / other.h,
  }
  await page.waitUntil(isAtPlace, place)
  return place
}

/** Returns whether the picture is there. Runs in a page. */
function isAtPlace({ id, from, x, y }: Place): boolean {
  const box = (each: string) =>
    document.querySelector(`[data-image="${each}"]`)?.getBoundingClientRect()
  const [one, other] = [box(id), box(from)]
  if (!one || !other) return false
  // To about a pixel: dragging rounds to the board's unit.
  return (
    Math.abs(one.x - other.x - x * other.width) < 1.5 &&
    Math.abs(one.y - other.y - y * other.height) < 1.5
  )
}
