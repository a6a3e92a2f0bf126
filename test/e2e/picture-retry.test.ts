import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { BrowserContext } from 'playwright-core'
import { DESKTOP_VIEWPORT, openFixture } from '../support/e2e-fixture.ts'

const { fixture, samples } = await openFixture()

/** Browsers log each failed answer. */
const BAD_GATEWAY = /502 \(Bad Gateway\).*\/blob\//

/** Answers the first requests for each picture file as a proxy does whose server is away. */
async function failFirst(context: BrowserContext, count: number): Promise<Map<string, number>> {
  const asked = new Map<string, number>()
  await context.route(/\/blob\//, async (route) => {
    const url = route.request().url()
    const times = (asked.get(url) ?? 0) + 1
    asked.set(url, times)
    if (times <= count) await route.fulfill({ status: 502, body: '<h1>502 Bad Gateway</h1>' })
    else await route.continue()
  })
  return asked
}

/** Makes a board with a stored picture, and a context whose first requests for it fail. */
async function open(t: TestContext, failures: number) {
  const board = await fixture.newBoard()
  const ben = await fixture.openPage(t, 'wire.test', board)
  await ben.drop([await samples.file('photos/pic1.jpg')], { x: 500, y: 400 })
  const [tile] = await ben.waitForPainted(1, 'stored')
  const context = await fixture.browser.newContext({ viewport: DESKTOP_VIEWPORT })
  t.after(() => context.close())
  const asked = await failFirst(context, failures)
  const openPage = () =>
    fixture.openPage(t, 'wire.test', board, { context, allowedErrors: BAD_GATEWAY })
  return { board, context, asked, openPage, id: tile!.id }
}

describe('a picture whose first answers fail', () => {
  test('H19: a tile and the large view become sharp', async (t) => {
    const { asked, openPage, id } = await open(t, 2)
    const anna = await openPage()
    await anna.waitForPainted(1, 'stored')
    await anna.tile(id).dblclick()
    await anna.page.locator('.large .sharp.ready').waitFor()
    assert.ok(Math.max(...asked.values()) >= 3)
  })

  test('H19: it is asked for at once when somebody is back at the page', async (t) => {
    // By its pauses alone the picture would come after a minute.
    const { openPage, asked } = await open(t, 6)
    const anna = await openPage()
    await anna.page.evaluate(() => setInterval(() => dispatchEvent(new Event('focus')), 50))
    await anna.waitForPainted(1, 'stored')
    assert.ok(Math.max(...asked.values()) >= 7)
  })

  test('H19: a wall shows it, and the trash its thumbnail', async (t) => {
    const { board, context, openPage, id } = await open(t, 1)
    const wall = await context.newPage()
    await wall.goto(`http://wire.test:${fixture.server.port}/b/${board}/show`)
    await wall.locator('.wall-frame img').waitFor()
    await context.unroute(/\/blob\//)
    const asked = await failFirst(context, 1)
    const anna = await openPage()
    await anna.waitForPainted(1, 'stored')
    await anna.tile(id).click()
    await anna.page.keyboard.press('Delete')
    asked.clear()
    await anna.page.keyboard.press('Shift+T')
    const thumbnail = anna.page.locator(`[data-trashed="${id}"] img`)
    await thumbnail.waitFor({ state: 'attached' })
    await anna.page.waitForFunction((trashed) => {
      const image = document.querySelector<HTMLImageElement>(`[data-trashed="${trashed}"] img`)
      return image?.complete && image.naturalWidth > 0
    }, id)
  })
})
