import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { describe, type TestContext, test } from 'node:test'
import { limits } from '@wirephoto/board'
import { type Board, openBoard } from '@wirephoto/client'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import sharp from 'sharp'
import { HOSTS, type Host, openFixture, type PageOptions, PHONE } from '../support/e2e-fixture.ts'
import type { BoardPage, Tile } from '../support/page.ts'
import { drawPicture } from '../support/pictures.ts'
import {
  capturePreviews,
  designTokenColour,
  lineMatchesLabel,
  readProgressLine,
  shownProgress,
  waitForProgress,
  watchForBlanks,
} from '../support/progress-line.ts'
import type { Proxy } from '../support/proxy.ts'

/** One brings a preview at once and a file in its time; the other brings next to nothing. */
const SLOW_BYTES_PER_SECOND = 1_000_000
const CRAWL_BYTES_PER_SECOND = 20_000
const MIDDLE = { x: 500, y: 400 }
/** Browsers log this when a request fails, whatever the page does. */
const BROKEN_LINE = /net::ERR_|WebSocket connection/

const { fixture, samples } = await openFixture()
const photo = await samples.photo()
const { size } = await stat(photo)

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('A1: a picture appears whole at once; at 30 % the progress line is there, for everybody', async (t) => {
      const { proxy, anna, ben } = await openApart(t, host)
      const watch = await watchForBlanks(ben)
      proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
      await anna.drop([photo], MIDDLE)
      await ben.page.locator('.preview.ready').waitFor()
      assert.ok(proxy.up.passedBytes < size / 3, `${proxy.up.passedBytes} of ${size}`)

      await proxy.up.waitForBytes(size * 0.3)
      proxy.up.bytesPerSecond = CRAWL_BYTES_PER_SECOND
      for (const page of [anna, ben]) {
        await page.waitUntil(lineMatchesLabel, null)
        const { line: drawn, pale, style } = await readProgressLine(page)
        assert.ok(drawn > 0.1 && drawn < 0.5, `the line at ${drawn}`)
        assert.ok(Math.abs(pale - drawn) < 0.02, 'below it the colours are pale')
        assert.equal(style, 'solid')
      }
      await anna.page.getByText(overlayWords.seenBy(1, 1)).waitFor()

      proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
      await ben.waitForPainted(1, 'stored')
      await anna.waitForPainted(1, 'stored')
      for (const page of [anna, ben])
        await page.page.locator('.progress-line').first().waitFor({ state: 'detached' })
      assert.deepEqual(await watch.close(), { blanks: 0 })
      await anna.page
        .locator('.picture-info.on-hover', { hasText: overlayWords.seenBy(1, 1) })
        .waitFor({
          state: 'hidden',
        })
    })
  })

describe('on its way', () => {
  const host = 'wire.test'

  test('A1, A25: fifty dropped pictures stand at once, and no file goes before its preview', async (t) => {
    const { proxy, anna, ben } = await openApart(t, host)
    const files = await drawMany(50)
    const previews = capturePreviews(anna)
    const first = anna.page.waitForRequest((request) => request.url().includes('/uploads'))
    proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
    await anna.drop(files, { x: 200, y: 100 })
    const begun = await first
    assert.ok(previews.length > 0, begun.url())
    await ben.waitForTiles(50)
    await anna.page.keyboard.press('f')
    await ben.page.keyboard.press('f')
    await ben.waitUntil(
      () => document.querySelectorAll(':is(.preview, .picture).ready').length >= 50,
      null,
    )
    proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await ben.waitForPainted(50, 'stored')
    await anna.waitForPainted(50, 'stored')
  })

  test('A43: while many pictures are announced, no preview of theirs is made', async (t) => {
    const { proxy, anna, ben } = await openApart(t, host)
    await anna.page.evaluate(() => {
      const tasks: number[] = []
      Object.assign(window, { tasks })
      const { postMessage } = Worker.prototype
      Worker.prototype.postMessage = function (this: Worker, message: unknown) {
        tasks.push(performance.now())
        postMessage.call(this, message)
      } as typeof postMessage
      // On a slow machine they would begin before all of this is looked at.
      const { setTimeout } = window
      window.setTimeout = ((run: () => void, ms?: number) =>
        ms === 2_000 ? 0 : setTimeout(run, ms)) as typeof window.setTimeout
    })
    const files = await drawMany(50)
    const tasks = () =>
      anna.page.evaluate(() => (window as unknown as { tasks: number[] }).tasks.length)
    proxy.up.stall()
    await anna.drop([...files, ...files, ...files], { x: 200, y: 100 })
    await anna.waitForTiles(150)
    // The code that makes previews is there by now, and has had its turn.
    await anna.page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    )
    assert.equal(await tasks(), 0)
    proxy.up.resume()
    await ben.waitForTiles(150)
    await ben.waitUntil(() => document.querySelector('.preview.ready') !== null, null)
    assert.ok((await tasks()) > 0)
  })

  test('A1: a preview is small whatever the picture, and upright; where WebP fails, JPEG', async (t) => {
    const { anna, ben } = await openApart(t, host)
    const noise = sharp(randomBytes(800 * 600 * 4), {
      raw: { width: 800, height: 600, channels: 4 },
    })
    const files = [
      await samples.write('noise.png', await noise.png().toBuffer()),
      await samples.write('turned.jpg', await drawRotated()),
    ]
    for (const type of ['webp', 'jpeg'] as const) {
      if (type === 'jpeg') await behaveLikeSafari(anna)
      const previews = capturePreviews(anna)
      await anna.drop(files, MIDDLE)
      for (const page of [anna, ben]) await page.waitForPainted(2, 'stored')
      // WebP keeps all of a transparent picture, so a preview of noise would be too large.
      const types = previews.map((preview) => preview.type)
      assert.deepEqual(types.sort(), ['jpeg', type])
      const shapes = await Promise.all(
        previews.map(async ({ bytes }) => {
          assert.ok(bytes.length <= limits.previewBytes, `${bytes.length} bytes`)
          const { width, height } = await sharp(bytes).metadata()
          return `${width} x ${height}`
        }),
      )
      assert.deepEqual(shapes.sort(), ['240 x 320', '320 x 240'])
      await anna.page.keyboard.press('Control+a')
      await anna.page.keyboard.press('Delete')
      for (const page of [anna, ben]) await page.waitForTiles(0)
    }
  })

  test('A10: a stalled picture names its sender, and its progress line is amber and dashed', async (t) => {
    const { board, proxy, ben } = await openNamed(t, host)
    proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
    const id = await waitForAdd(board)
    await proxy.up.waitForBytes(size * 0.4)
    proxy.up.stall()
    await ben.page.getByText(overlayWords.waitingForConnection('Anna')).waitFor()
    assert.equal((await ben.tileWithId(id)).state, 'stalled')
    const { style, colour, line: at } = await readProgressLine(ben)
    assert.equal(style, 'dashed')
    assert.equal(colour, await designTokenColour(ben, '--amber'))
    proxy.up.bytesPerSecond = CRAWL_BYTES_PER_SECOND
    proxy.up.resume()
    await ben.page.locator('[data-state="arriving"]').waitFor()
    assert.equal((await readProgressLine(ben)).colour, await designTokenColour(ben, '--red'))
    assert.ok((await readProgressLine(ben)).line >= at, 'and goes on from there')
    proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await ben.waitForPainted(1, 'stored')
  })

  test('A10: its sender sees that the connection is the cause', async (t) => {
    const { proxy, anna } = await openApart(t, host)
    proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
    await anna.drop([photo], MIDDLE)
    await proxy.up.waitForBytes(size * 0.4)
    proxy.up.stall()
    await anna.page.getByText(overlayWords.waitingForConnection(null)).waitFor()
    assert.equal((await readProgressLine(anna)).style, 'dashed')
    proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
    proxy.up.resume()
    await anna.waitForPainted(1, 'stored')
  })

  test('A11: a try that failed is counted down to the next, for everybody', async (t) => {
    const { anna, ben } = await openApart(t, host)
    // The page asks for the file first, which isn't there yet.
    anna.allowedErrors = /net::ERR_|404 \(/
    await anna.page.route('**/uploads**', (route) => route.abort())
    await anna.drop([photo], MIDDLE)
    const again = /Trying again( in \d+ s)?/
    await anna.page.locator('[data-state="retrying"]', { hasText: again }).waitFor()
    await ben.page.locator('[data-state="retrying"]', { hasText: /s · Guest/ }).waitFor()
    await anna.page.unroute('**/uploads**')
    await ben.waitForPainted(1, 'stored')
  })

  test('F1: it goes on after the server has started again', async (t) => {
    const { proxy, anna, ben } = await openApart(t, host)
    for (const page of [anna, ben]) page.allowedErrors = BROKEN_LINE
    proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
    await anna.drop([photo], MIDDLE)
    await proxy.up.waitForBytes(size * 0.6)
    await fixture.server.kill()
    for (const page of [anna, ben]) {
      await page.page.getByText(words.serverGone).waitFor()
      assert.equal((await page.tiles()).length, 1)
    }
    await fixture.server.start()
    proxy.up.bytesPerSecond = CRAWL_BYTES_PER_SECOND
    for (const page of [anna, ben]) await page.waitForLive()
    await ben.page.locator('[data-state="arriving"] .preview.ready').waitFor()
    assert.ok((await shownProgress(ben)) > 0.1, 'from where it was')
    proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await ben.waitForPainted(1, 'stored')
    await anna.waitForPainted(1, 'stored')
  })

  test('a picture that can not be sent stays with its sender, and disappears for others', async (t) => {
    const { proxy, anna, ben } = await openApart(t, host)
    anna.allowedErrors = BROKEN_LINE
    const path = await samples.write('changed.jpg', await readFile(photo))
    proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
    await anna.drop([path], MIDDLE)
    await ben.page.locator('.preview.ready').waitFor()
    // The file changes under the browser, which then stops reading it.
    await writeFile(path, 'something else')
    const failed = anna.page.locator('[data-image][data-state="failed"]')
    await failed.waitFor()
    await anna.page.getByText(overlayWords.notSent, { exact: true }).waitFor()
    await ben.waitForTiles(0)
    await anna.waitUntil((opacity) => {
      const image = [...document.querySelectorAll('[data-image] img')].at(-1)!
      return getComputedStyle(image).opacity === opacity
    }, '0.45')
    // Another try would read the same changed file.
    assert.equal(await anna.page.getByRole('button', { name: words.retry }).count(), 0)
    await anna.page.getByRole('button', { name: overlayWords.remove }).click()
    await anna.waitForTiles(0)
  })

  test('A14: deleted and undone on its way it is whole', async (t) => {
    const { board, proxy, anna, ben } = await openApart(t, host)
    const carla = openBoard({ url: fixture.server.url, board })
    t.after(() => carla.close())
    proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
    await anna.drop([photo], MIDDLE)
    await ben.page.locator('.preview.ready').waitFor()
    const [{ id }] = (await anna.tiles()) as [Tile]
    await anna.page.mouse.click(MIDDLE.x, MIDDLE.y)
    await anna.page.keyboard.press('Delete')
    for (const page of [anna, ben]) await page.waitForTiles(0)
    await proxy.up.waitForBytes(proxy.up.passedBytes + 300_000)
    await (await anna.waitForToast(words.deleted(1)))
      .getByRole('button', { name: words.undo })
      .click()
    await ben.page.locator('[data-state="arriving"] .preview.ready').waitFor()
    // Its upload went on.
    await waitForProgress(ben, 0.1)
    await anna.page.mouse.click(MIDDLE.x, MIDDLE.y)
    await anna.page.keyboard.press('Delete')
    proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await carla.stored(id)
    for (const page of [anna, ben]) await page.waitForTiles(0)
    await anna.page.keyboard.press('Control+z')
    for (const page of [anna, ben]) await page.waitForPainted(1, 'stored')
  })

  test('A15: cancelled by mouse, key or touch it is gone for good', async (t) => {
    const { board, proxy, anna, ben } = await openApart(t, host)
    const phone = await fixture.openPage(t, host, board, { port: proxy.port, ...PHONE })
    const begun = async (page: BoardPage) => {
      proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
      await page.drop([photo], { x: 190, y: 400 })
      await ben.page.locator('.preview.ready').waitFor()
      const [tile] = await page.tiles()
      await proxy.up.waitForBytes(proxy.up.passedBytes + 200_000)
      return { ...tile!, at: { x: tile!.x + tile!.w / 2, y: tile!.y + tile!.h / 2 } }
    }
    const isGone = async (id: string) => {
      for (const page of [anna, ben, phone]) await page.waitForTiles(0)
      const headers = { 'tus-resumable': '1.0.0' }
      const address = `${fixture.server.url}/api/boards/${board}/uploads/${id}`
      assert.equal((await fetch(address, { method: 'HEAD', headers })).status, 410)
    }

    const first = await begun(anna)
    await anna.page.mouse.click(first.at.x, first.at.y)
    await anna.page.getByRole('button', { name: words.cancelSending(1) }).click()
    await anna.waitForToast(words.cancelled(1))
    await isGone(first.id)

    const second = await begun(anna)
    await anna.page.mouse.click(second.at.x, second.at.y)
    await anna.page.keyboard.press('Shift+Delete')
    await isGone(second.id)
    await anna.page.keyboard.press('Control+z')
    await isGone(second.id)

    const third = await begun(phone)
    await phone.touch('touchStart', third.at)
    const cancel = phone.page.getByRole('menuitem', { name: words.cancelSending(1) })
    await cancel.waitFor()
    await phone.touch('touchEnd')
    await cancel.tap()
    await isGone(third.id)
  })

  test('A2, A7: a late viewer sees it too, with its progress', async (t) => {
    const { board, proxy, anna, ben } = await openApart(t, host)
    proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
    await anna.drop([photo], MIDDLE)
    await proxy.up.waitForBytes(size * 0.5)
    proxy.up.bytesPerSecond = CRAWL_BYTES_PER_SECOND
    for (const options of [{}, PHONE]) {
      const late = await fixture.openPage(t, host, board, options)
      await late.page.locator('[data-state="arriving"] .preview.ready').waitFor()
      const [here, there] = [await shownProgress(late), await shownProgress(ben)]
      assert.ok(Math.abs(here - there) < 0.03, `${here}, ${there}`)
    }
    proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await ben.waitForPainted(1, 'stored')
  })

  test('with reduced motion the progress line moves in steps of 10 %', async (t) => {
    const { proxy, anna, ben } = await openApart(t, host, { reducedMotion: 'reduce' })
    proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
    await anna.drop([photo], MIDDLE)
    await proxy.up.waitForBytes(size * 0.35)
    proxy.up.bytesPerSecond = CRAWL_BYTES_PER_SECOND
    const drawn = (await readProgressLine(ben)).line * 10
    assert.ok(Math.abs(drawn - Math.round(drawn)) < 0.05, `${drawn} steps`)
    proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
    await ben.waitForPainted(1, 'stored')
  })
})

interface Apart {
  board: string
  proxy: Proxy
  anna: BoardPage
  ben: BoardPage
}

/** Opens a new board for Anna, on her own proxy, and Ben. */
async function openApart(t: TestContext, host: Host, options: PageOptions = {}): Promise<Apart> {
  const proxy = await fixture.openProxy(t)
  const board = await fixture.newBoard()
  const anna = await fixture.openPage(t, host, board, { ...options, port: proxy.port })
  const ben = await fixture.openPage(t, host, board, options)
  return { board, proxy, anna, ben }
}

/** Adds Anna, by script with her name and on her own proxy, and Ben. */
async function openNamed(t: TestContext, host: Host) {
  const proxy = await fixture.openProxy(t)
  const id = await fixture.newBoard()
  const ben = await fixture.openPage(t, host, id)
  const board = openBoard({ url: `http://127.0.0.1:${proxy.port}`, board: id })
  t.after(() => board.close())
  board.setName('Anna')
  return { board, proxy, ben }
}

async function waitForAdd(board: Board): Promise<string> {
  const bytes = await readFile(photo)
  const { width, height } = (await sharp(bytes).metadata()).autoOrient
  const small = sharp(bytes).autoOrient().resize(320, 320, { fit: 'inside' })
  const preview = await small.webp().toBuffer()
  const [id] = board.addPictures([
    { file: new Blob([bytes]), name: 'phone.jpg', width, height, preview, x: 0, y: 0 },
  ])
  return id!
}

/** Draws a photograph that its camera held upright: 600 x 800 as it is seen. */
async function drawRotated(): Promise<Buffer> {
  const picture = await drawPicture({ width: 800, height: 600 })
  return sharp(picture).withMetadata({ orientation: 6 }).jpeg().toBuffer()
}

/**
 * Makes a page behave like Safari: it draws on the main thread alone, and answers PNG when asked
 * for WebP.
 */
async function behaveLikeSafari({ page }: BoardPage): Promise<void> {
  await page.addInitScript(() => {
    Reflect.deleteProperty(window, 'OffscreenCanvas')
    const { toBlob } = HTMLCanvasElement.prototype
    HTMLCanvasElement.prototype.toBlob = function (callback, type, quality) {
      toBlob.call(this, callback, type === 'image/webp' ? 'image/png' : type, quality)
    }
  })
  await page.reload()
  await page.locator('.connection', { hasText: 'Live' }).waitFor({ state: 'attached' })
}

let drawn: Promise<string[]> | undefined

/** Draws small pictures, each with unique bytes. */
function drawMany(count: number): Promise<string[]> {
  drawn ??= Promise.all(
    Array.from({ length: count }, (_, seed) =>
      samples.draw(`many-${seed}.jpg`, { width: 640, height: 480, seed }),
    ),
  )
  return drawn
}
