import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { words } from '@wirephoto/web/words/page'
import { saveWords } from '@wirephoto/web/words/save'
import { cleanupAfter } from '../support/cleanup.ts'
import { HOSTS, type Host, openFixture } from '../support/e2e-fixture.ts'
import { Gateway, type UpgradeFate } from '../support/gateway.ts'
import type { BoardPage } from '../support/page.ts'

/** Browsers log failed websockets, broken requests, and previews of pictures that are stored meanwhile. */
const NO_WEBSOCKET = /WebSocket connection|net::ERR_|404 \(Not Found\).*\/preview/

const { fixture, samples } = await openFixture()

for (const host of HOSTS)
  describe(`without websockets, at http://${host}`, () => {
    for (const upgrades of ['refuse', 'hang', 'swallow'] as const)
      test(`W25, W26: two pages are one board where a gateway does this to websockets: ${upgrades}`, async (t) => {
        const { gateway, anna, ben } = await openTwo(t, host, upgrades)
        await anna.drop([await samples.file('photos/pic1.jpg')], { x: 400, y: 300 })
        const [first] = await ben.waitForPainted(1, 'stored')
        await ben.drop([await samples.file('photos/pic2.jpg')], { x: 1000, y: 300 })
        await anna.waitForPainted(2, 'stored')
        await ben.waitForPainted(2, 'stored')

        await move(anna, first!.id, 60, 120)
        const here = await anna.tileWithId(first!.id)
        await ben.waitUntil(isAt, [here!.id, here!.x, here!.y])
        await move(ben, first!.id, -40, 30)
        const there = await ben.tileWithId(first!.id)
        await anna.waitUntil(isAt, [there!.id, there!.x, there!.y])

        await anna.page.keyboard.press('Delete')
        await ben.waitForTiles(1)
        await anna.page.keyboard.press('Control+z')
        await ben.waitForTiles(2)
        await rename(ben, 'By Ben')
        await anna.waitUntil((title) => document.title.startsWith(title), 'By Ben')
        gateway.losesAnswer = ({ url }) => url!.includes('/commands')
        await rename(anna, 'By Anna')
        await ben.waitUntil((title) => document.title.startsWith(title), 'By Anna')
        assert.ok(await anna.page.getByText(words.slow).isVisible())

        gateway.upgrades = 'pass'
        await anna.waitForLive()
        await move(ben, first!.id, 30, 10)
        const last = await ben.tileWithId(first!.id)
        await anna.waitUntil(isAt, [last!.id, last!.x, last!.y])
        for (const page of [anna, ben]) await page.waitForPainted(2, 'stored')
      })

    test('W25: the code for it is at hand before the network changes', async (t) => {
      const { gateway, anna, ben } = await openTwo(t, host, 'pass')
      await anna.waitUntil(
        () =>
          performance.getEntriesByType('resource').some(({ name }) => /http-transport-/.test(name)),
        null,
      )
      // From here on the build is gone, as after an upgrade: other parts may be missing.
      anna.allowedErrors = new RegExp(`${NO_WEBSOCKET.source}|404`)
      gateway.answer = ({ url }) => (url!.startsWith('/assets/') ? { status: 404, body: '' } : null)
      gateway.upgrades = 'refuse'
      gateway.cutWebsockets()
      await anna.page.getByText(words.slow).waitFor()
      await rename(ben, 'Still here')
      await anna.waitUntil((title) => document.title.startsWith(title), 'Still here')
    })
  })

test('H40: a page without a websocket is told how far its download is', async (t) => {
  const { anna } = await openTwo(t, 'wire.test', 'refuse')
  const { page } = anna
  await anna.drop([await samples.file('photos/pic1.jpg')], { x: 400, y: 300 })
  await anna.waitForPainted(1, 'stored')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill(saveWords.all)
  const zip = page.waitForEvent('download')
  await page.getByRole('option', { name: saveWords.all }).click()
  await zip
  await anna.waitForToast(saveWords.saved(1))
})

/** Opens a board on two pages: Anna's behind a gateway, and Ben's without one. */
async function openTwo(t: TestContext, host: Host, upgrades: UpgradeFate) {
  const gateway = cleanupAfter(t).adopt(await Gateway.open(fixture.server.port), (each) =>
    each.close(),
  )
  gateway.upgrades = upgrades
  const board = await fixture.newBoard()
  const ben = await fixture.openPage(t, host, board)
  const anna = await fixture.openPage(t, host, board, {
    port: gateway.port,
    allowedErrors: NO_WEBSOCKET,
    ...(upgrades !== 'pass' && { says: words.slow }),
  })
  return { gateway, anna, ben }
}

async function move(page: BoardPage, id: string, dx: number, dy: number): Promise<void> {
  const { x, y, w, h } = (await page.tileWithId(id))!
  const [fromX, fromY] = [x + w / 2, y + h / 2]
  await page.page.mouse.move(fromX, fromY)
  await page.page.mouse.down()
  await page.page.mouse.move(fromX + dx, fromY + dy, { steps: 4 })
  await page.page.mouse.up()
}

async function rename({ page }: BoardPage, title: string): Promise<void> {
  await page.getByTitle(words.rename).click()
  await page.getByLabel(words.boardName).fill(title)
  await page.keyboard.press('Enter')
}

/** Returns whether a picture is at that point of the screen. Runs in the page. */
function isAt([id, x, y]: [string, number, number]): boolean {
  const box = document.querySelector(`[data-image="${id}"]`)?.getBoundingClientRect()
  return box !== undefined && Math.hypot(box.x - x, box.y - y) < 0.01
}
