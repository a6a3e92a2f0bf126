import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBoard } from '@wirephoto/client'
import { wallWords } from '@wirephoto/web/words/wall'
import type { Page } from 'playwright-core'
import { BOTH_HOSTS, openFixture } from '../support/e2e-fixture.ts'
import { drawPicture } from '../support/pictures.ts'

const { fixture } = await openFixture()

/** Resolves when the wall shows this blob at full opacity. */
const waitForShown = (page: Page, blob: string | null): Promise<unknown> =>
  page.waitForFunction(
    (hash) =>
      document.querySelector('.wall-frame img:last-child')?.getAttribute('src')?.includes(hash!),
    blob,
  )

for (const host of BOTH_HOSTS)
  test(`at http://${host} a wall shows the newest picture, and whatever is pushed`, async (t) => {
    const board = await fixture.newBoard()
    const page = openBoard({ url: fixture.server.url, board })
    t.after(() => page.close())
    const context = await fixture.browser.newContext({ viewport: { width: 1440, height: 900 } })
    t.after(() => context.close())
    const wall = await context.newPage()
    const problems: string[] = []
    wall.on('pageerror', (error) => problems.push(String(error)))
    wall.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await wall.goto(`http://${host}:${fixture.server.port}/b/${board}/show`)
    await wall.getByText(wallWords.empty).waitFor()

    const add = async (caption: string, seed: number) => {
      const file = new Blob([new Uint8Array(await drawPicture({ width: 900, height: 600, seed }))])
      const [id] = page.add([{ file, name: 'p.jpg', caption, width: 900, height: 600 }])
      return page.stored(id!)
    }
    const first = await add('The harbour', 1)
    await waitForShown(wall, first.blob)
    await wall.getByText('The harbour').waitFor()
    const second = await add('The bridge', 2)
    await waitForShown(wall, second.blob)

    page.show(first.id)
    await waitForShown(wall, first.blob)
    page.show('00000000-0000-7000-8000-000000000000')
    page.remove([first.id])
    await waitForShown(wall, second.blob)
    assert.deepEqual(problems, [])
  })

test('a wall releases the preview of each picture that it no longer shows', async (t) => {
  const board = await fixture.newBoard()
  const page = openBoard({ url: fixture.server.url, board })
  t.after(() => page.close())
  const context = await fixture.browser.newContext({ viewport: { width: 1440, height: 900 } })
  t.after(() => context.close())
  await context.addInitScript(recordObjectUrls)
  const wall = await context.newPage()
  await wall.clock.install()
  await wall.goto(`http://localhost:${fixture.server.port}/b/${board}/show`)
  await wall.getByText(wallWords.empty).waitFor()

  const resume = page.pauseUploads()
  const ids: string[] = []
  for (const seed of [3, 4, 5]) {
    const [file, preview] = await Promise.all([
      drawPicture({ width: 900, height: 600, seed }),
      drawPicture({ width: 90, height: 60, seed, format: 'webp' }),
    ])
    const caption = `Picture ${seed}`
    const blob = new Blob([new Uint8Array(file)])
    ids.push(
      ...page.add([{ file: blob, name: 'p.jpg', caption, preview, width: 900, height: 600 }]),
    )
    await wall.getByAltText(caption).last().waitFor()
  }
  assert.match(
    (await shownPicture(wall).getAttribute('src'))!,
    /^blob:/,
    'its preview, before its file',
  )
  await wall.clock.runFor(21_000)
  await wall.locator('.wall-mosaic img[src^="blob:"]').nth(2).waitFor()

  resume()
  await Promise.all(ids.map((id) => page.stored(id)))
  await wall.waitForFunction(
    () => document.querySelectorAll('.wall-mosaic img:not([src^="blob:"])').length === 3,
  )
  const { made, kept } = await wall.evaluate(() => window.objectUrls)
  assert.ok(made.length >= 3, `${made.length} made`)
  assert.deepEqual(kept, [])
})

test('E38: a wall whose code was not to be had loads itself again', async (t) => {
  const board = await fixture.newBoard()
  const context = await fixture.browser.newContext()
  t.after(() => context.close())
  const wall = await context.newPage()
  await wall.clock.install()
  const code = '**/assets/wall-*.js'
  await wall.route(code, (route) => route.abort())
  const failed = wall.waitForEvent('requestfailed')
  await wall.goto(`${fixture.server.url}/b/${board}/show`)
  assert.match((await failed).url(), /wall/)
  await wall.unroute(code)
  const isLoading = wall.waitForRequest((request) => request.url().endsWith('/show'))
  while (!(await Promise.race([isLoading, wall.clock.runFor(5_000)])));
  await wall.getByText(wallWords.empty).waitFor()
})

/** Returns the picture that the wall shows at full opacity. */
const shownPicture = (page: Page) => page.locator('.wall-frame img:last-child')

declare global {
  interface Window {
    objectUrls: { made: string[]; kept: string[] }
  }
}

/** Records the object URLs that the page makes, and those that it hasn't released. */
function recordObjectUrls(): void {
  const urls = { made: [] as string[], kept: [] as string[] }
  window.objectUrls = urls
  const { createObjectURL, revokeObjectURL } = URL
  URL.createObjectURL = (blob) => {
    const url = createObjectURL(blob)
    urls.made.push(url)
    urls.kept.push(url)
    return url
  }
  URL.revokeObjectURL = (url) => {
    urls.kept = urls.kept.filter((other) => other !== url)
    revokeObjectURL(url)
  }
}
