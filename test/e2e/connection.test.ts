import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { describe, type TestContext, test } from 'node:test'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import type { Response } from 'playwright-core'
import { HOSTS, type Host, openFixture } from '../support/e2e-fixture.ts'
import type { BoardPage, Point } from '../support/page.ts'
import type { Proxy } from '../support/proxy.ts'

/** Slow enough to be interrupted. */
const SLOW_BYTES_PER_SECOND = 1_000_000
/** Browsers log this while the connection is down, whatever the page does. */
const BROKEN_LINE = /net::ERR_|WebSocket connection/

const { fixture, samples } = await openFixture()
const photo = await samples.photo()
const { size } = await stat(photo)

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('an upload resumes when its page is reloaded', async (t) => {
      const { proxy, anna, ben } = await startSlowUpload(t, host)
      const offset = nextOffset(anna)
      await anna.page.reload()
      const [mine] = await anna.waitForPainted(1)
      assert.notEqual(mine!.state, 'stored', 'its own file is shown again at once')
      assertResumedAt(await offset, proxy)
      await ben.waitForPainted(1, 'stored')
      await anna.waitForPainted(1, 'stored')
      assert.ok(
        proxy.up.passedBytes < size * 1.2,
        `no part is sent twice: ${proxy.up.passedBytes} of ${size}`,
      )
    })

    test('an upload resumes when its page is closed and another is opened later', async (t) => {
      const { board, proxy, anna, ben } = await startSlowUpload(t, host)
      const { context } = anna
      await anna.page.close()
      const offset = nextOffset(anna)
      const later = await fixture.openPage(t, host, board, { port: proxy.port, context })
      assertResumedAt(await offset, proxy)
      await ben.waitForPainted(1, 'stored')
      await later.waitForPainted(1, 'stored')
      assert.ok(
        proxy.up.passedBytes < size * 1.2,
        `no part is sent twice: ${proxy.up.passedBytes} of ${size}`,
      )
    })

    test('a killed server costs neither the upload nor the pages', async (t) => {
      const { board, proxy, anna, ben } = await startSlowUpload(t, host)
      for (const page of [anna, ben]) {
        page.allowedErrors = BROKEN_LINE
        await page.page.evaluate(() => Object.assign(window, { neverReloaded: true }))
      }
      await fixture.server.kill()
      for (const page of [anna, ben]) await page.page.getByText(words.serverGone).waitFor()
      const offset = nextOffset(anna)
      await fixture.server.start()
      assertResumedAt(await offset, proxy)
      await ben.waitForPainted(1, 'stored')
      await anna.waitForPainted(1, 'stored')

      await fixture.server.kill()
      for (const page of [anna, ben]) await page.page.getByText(words.serverGone).waitFor()
      await fixture.server.start()
      const wireClient = await fixture.openWireClient(t, board)
      await wireClient.send({ kind: 'board.patch', set: { title: 'After the second kill' } })
      for (const page of [anna, ben])
        await page.waitUntil(
          () => document.title.startsWith('After the second kill') && 'neverReloaded' in window,
          null,
        )
    })

    test('offline edits are kept, shown, and sent after the reconnection', async (t) => {
      const proxy = await fixture.openProxy(t)
      const board = await fixture.newBoard()
      const wireClient = await fixture.openWireClient(t, board)
      const ben = await fixture.openPage(t, host, board)
      const anna = await fixture.openPage(t, host, board, {
        port: proxy.port,
        allowedErrors: BROKEN_LINE,
      })
      for (const [i, name] of ['pic1.jpg', 'pic2.jpg', 'pic3.jpg'].entries())
        await anna.drop([await samples.file(`photos/${name}`)], { x: 300 + i * 400, y: 300 })
      await anna.waitForPainted(3, 'stored')
      await ben.waitForPainted(3, 'stored')
      const [moved, deleted, other] = (await anna.tiles()).sort((a, b) => a.x - b.x)
      const [movedFrom, otherFrom] = [
        await placeOf(anna, moved!.id),
        await placeOf(anna, other!.id),
      ]

      proxy.disconnect()
      await anna.page.getByText(words.serverGone).waitFor()
      await dragMouse(anna, [300, 300], [450, 600])
      await anna.page.mouse.click(700, 300)
      await anna.page.keyboard.press('Delete')
      await anna.drop([await samples.file('photos/door-knocker.jpg')], { x: 900, y: 600 })
      await anna.waitForTiles(3)
      await waitForWaiting(anna)
      await dragMouse(ben, [1100, 300], [1100, 350])
      await ben.waitUntil(isAt, [other!.id, otherFrom.x, otherFrom.y + 50])
      await wireClient.send({ kind: 'board.patch', set: { title: 'Meanwhile' } })
      assert.deepEqual(await ben.tileWithId(moved!.id), moved, 'nobody else has seen any of it')

      proxy.reconnect()
      await anna.waitForToast('Back online. 3 changes sent.')
      for (const page of [anna, ben]) {
        await page.waitForPainted(3, 'stored')
        await page.waitUntil(isAt, [moved!.id, movedFrom.x + 150, movedFrom.y + 300])
        await page.waitUntil(isAt, [other!.id, otherFrom.x, otherFrom.y + 50])
        assert.equal(await page.tile(deleted!.id).count(), 0)
        await page.waitUntil(() => document.title.startsWith('Meanwhile'), null)
      }
    })

    test('offline edits of a closed page are sent by the next', async (t) => {
      const proxy = await fixture.openProxy(t)
      const board = await fixture.newBoard()
      const ben = await fixture.openPage(t, host, board)
      const anna = await fixture.openPage(t, host, board, {
        port: proxy.port,
        allowedErrors: BROKEN_LINE,
      })
      await anna.drop([await samples.file('photos/pic1.jpg')], { x: 400, y: 300 })
      const [tile] = await ben.waitForPainted(1, 'stored')
      await anna.waitForPainted(1, 'stored')
      const from = await placeOf(anna, tile!.id)

      proxy.disconnect()
      await anna.page.getByText(words.serverGone).waitFor()
      await dragMouse(anna, [400, 300], [600, 500])
      await anna.drop([await samples.file('photos/pic2.jpg')], { x: 1000, y: 300 })
      await anna.waitForPainted(2)
      await waitForWaiting(anna)
      const { context } = anna
      await anna.page.close()
      proxy.reconnect()
      // The page asks for the offset of an upload that has never begun.
      const allowedErrors = /404 \(Not Found\).*\/uploads\//
      const later = await fixture.openPage(t, host, board, {
        port: proxy.port,
        context,
        allowedErrors,
      })
      for (const page of [later, ben]) await page.waitForPainted(2, 'stored')
      await ben.waitUntil(isAt, [tile!.id, from.x + 200, from.y + 200])
    })
  })

/** Resolves when a tile says that it waits. At a small zoom the line is left out of what is drawn. */
async function waitForWaiting({ page }: BoardPage): Promise<void> {
  await page.getByText(overlayWords.waitingForServer).waitFor({ state: 'attached' })
}

async function dragMouse({ page }: BoardPage, from: [number, number], to: [number, number]) {
  await page.mouse.move(...from)
  await page.mouse.down()
  await page.mouse.move(...to, { steps: 4 })
  await page.mouse.up()
}

/** Returns where a picture stands, in board units: a page's view goes where a new picture is. */
const placeOf = (page: BoardPage, id: string): Promise<Point> =>
  page.tile(id).evaluate(({ style }) => ({ x: parseFloat(style.left), y: parseFloat(style.top) }))

/** Returns whether a picture stands there, in board units. Runs in a page. */
function isAt([id, x, y]: [string, number, number]): boolean {
  const tile = document.querySelector<HTMLElement>(`[data-image="${id}"]`)
  if (!tile) return false
  return Math.hypot(parseFloat(tile.style.left) - x, parseFloat(tile.style.top) - y) < 0.01
}

/**
 * Lets Anna drop a picture on a slow connection, with Ben watching; resolves when a part has been
 * sent.
 */
async function startSlowUpload(t: TestContext, host: Host) {
  const proxy = await fixture.openProxy(t)
  const board = await fixture.newBoard()
  const ben = await fixture.openPage(t, host, board)
  const anna = await fixture.openPage(t, host, board, { port: proxy.port })
  proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
  await anna.drop([photo], { x: 500, y: 400 })
  await ben.waitForTiles(1)
  await proxy.up.waitForBytes(size / 3)
  return { board, proxy, anna, ben }
}

/** Resolves to the offset that a page asks for, and from which it sends the rest of a file. */
async function nextOffset({ context }: BoardPage): Promise<number> {
  const isTold = (response: Response) => response.request().method() === 'HEAD' && response.ok()
  const response = await context.waitForEvent('response', isTold)
  return Number(response.headers()['upload-offset'])
}

function assertResumedAt(offset: number, proxy: Proxy): void {
  assert.ok(offset > size / 8, `it goes on from what the server had: ${offset} of ${size}`)
  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
}
