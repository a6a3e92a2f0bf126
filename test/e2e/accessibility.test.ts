import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import type { Page } from 'playwright-core'
import { openInspector } from '../support/axe.ts'
import { openFixture, PHONE } from '../support/e2e-fixture.ts'
import { drawPicture } from '../support/pictures.ts'

/** Brings a preview at once, and no file while a test lasts. */
const SLOW_BYTES_PER_SECOND = 60_000

const { fixture, samples } = await openFixture()

/** Every view, and the way to it from the board. */
const views: Record<string, (page: Page) => Promise<unknown>> = {
  palette: (page) => page.keyboard.press('Control+k'),
  keys: (page) => page.keyboard.press('?'),
  settings: (page) => page.keyboard.press(','),
  boards: (page) => page.keyboard.press('b'),
  share: (page) => page.keyboard.press('s'),
  'picture large': (page) => page.locator('[data-image]').first().dblclick(),
  trash: (page) => page.keyboard.press('Shift+T'),
  save: (page) => page.keyboard.press('Shift+S'),
  people: (page) => page.keyboard.press('p'),
}

const INSPECTED = { bypassCSP: true }

test('axe-core finds nothing in any view', async (t) => {
  const board = await fixture.newBoard()
  const anna = await fixture.openPage(t, 'localhost', board, INSPECTED)
  const { page } = anna
  const { found, look } = openInspector(page)
  await look('empty board')
  await page.keyboard.press('Shift+T')
  await page.getByRole('dialog').waitFor()
  await look('empty trash')
  await page.keyboard.press('Escape')
  const files = [await samples.file('photos/pic1.jpg'), await samples.file('photos/pic2.jpg')]
  await anna.drop(files, { x: 400, y: 300 })
  const [first] = await anna.waitForPainted(2, 'stored')
  await look('board')
  await page.mouse.click(first!.x + 20, first!.y + 20)
  await look('selected')
  await page.getByRole('button', { name: words.boardMenu }).click()
  await look('menu')
  await page.keyboard.press('Escape')
  await page.mouse.click(first!.x + 20, first!.y + 20)
  await page.keyboard.press('Delete')
  await anna.waitForToast(words.deleted(1))
  await look('notice')
  for (const [view, go] of Object.entries(views)) {
    await go(page)
    await page.getByRole('dialog').waitFor()
    await look(view)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }
  assert.deepEqual(found, [])
})

test('axe-core finds nothing at pictures on their way, and none that failed', async (t) => {
  const board = await fixture.newBoard()
  const proxy = await fixture.openProxy(t)
  const allowedErrors = /net::ERR_/
  const anna = await fixture.openPage(t, 'localhost', board, {
    ...INSPECTED,
    allowedErrors,
    port: proxy.port,
  })
  const ben = await fixture.openPage(t, 'localhost', board, INSPECTED)
  const photo = await samples.photo()
  const changed = await samples.write('changed.jpg', await readFile(photo))
  proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
  await anna.drop([photo], { x: 400, y: 300 })
  await ben.page.locator('.preview.ready').waitFor()
  const pages = [openInspector(anna.page), openInspector(ben.page)]
  for (const { look } of pages) await look('arriving')
  await anna.page.locator('[data-state="stalled"], [data-state="arriving"]').first().click()
  await pages[0]!.look('arriving, selected')
  await anna.drop([changed], { x: 900, y: 600 })
  await ben.page.locator('.preview.ready').nth(1).waitFor()
  // The file changes under the browser, which then stops reading it.
  await writeFile(changed, 'something else')
  await anna.page.locator('.failure').getByRole('button', { name: overlayWords.remove }).waitFor()
  for (const { look } of pages) await look('failed')
  assert.deepEqual(
    pages.flatMap(({ found }) => found),
    [],
  )
  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
})

test('axe-core finds nothing on a phone', async (t) => {
  const board = await fixture.newBoard()
  const phone = await fixture.openPage(t, 'wire.test', board, { ...INSPECTED, ...PHONE })
  const { page } = phone
  const { found, look } = openInspector(page)
  await look('empty board')
  await phone.drop([await samples.file('photos/pic1.jpg')], { x: 195, y: 400 })
  const [tile] = await phone.waitForPainted(1, 'stored')
  await look('board')
  for (const name of [words.add, words.more]) {
    await page.getByRole('button', { name, exact: true }).tap()
    await page.getByRole('menu').waitFor()
    await look(name)
    await page.touchscreen.tap(195, 20)
    await page.getByRole('menu').waitFor({ state: 'detached' })
  }
  const middle = { x: tile!.x + tile!.w / 2, y: tile!.y + tile!.h / 2 }
  await page.touchscreen.tap(middle.x, middle.y)
  await page.getByRole('dialog').waitFor()
  await look('picture large')
  await page.getByRole('button', { name: words.close }).tap()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await phone.touch('touchStart', middle)
  await page.getByRole('menu').waitFor()
  await phone.touch('touchEnd')
  await look('menu of a picture')
  await page.getByRole('menuitem', { name: words.delete, exact: true }).tap()
  await phone.waitForToast(words.deleted(1))
  await look('notice')
  assert.deepEqual(found, [])
})

test("axe-core finds nothing in a phone's feed", async (t) => {
  const board = await fixture.newBoard()
  const options = { ...INSPECTED, ...PHONE, hasFeed: true }
  const { page } = await fixture.openPage(t, 'wire.test', board, options)
  const { found, look } = openInspector(page)
  await page.getByText(words.emptyTitleOnPhone).waitFor()
  await look('empty feed')
  for (const name of ['photos/pic1.jpg', 'photos/pic2.jpg'])
    await fixture.storePicture(board, await samples.file(name))
  await page.locator('.feed img.sharp').nth(1).waitFor()
  await look('feed')
  assert.deepEqual(found, [])
})

test('axe-core finds nothing at greetings, chips and the filmstrip', async (t) => {
  const board = await fixture.newBoard()
  const { page } = await fixture.openPage(t, 'localhost', board, INSPECTED)
  await page.locator('.overlay').waitFor({ state: 'attached' })
  // A greeting ends after four seconds by the page's clock, which goes on as slowly as axe-core needs it to.
  await page.clock.install()
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1_000)
  const { found, look } = openInspector(page)
  const file = await samples.file('photos/pic1.jpg')
  await fixture.storePicture(board, file, { x: 0, y: 0 })
  await page.locator('.greeting .name-tab').waitFor()
  const looked = look('greeting').then(() => true)
  while (!(await Promise.race([looked, page.clock.runFor(1)])));
  assert.ok(await page.locator('.greeting .name-tab').isVisible())
  await page.clock.resume()
  await endGreetings(page)
  await page.keyboard.press('+')
  await fixture.storePicture(board, file, { x: 9_000, y: 0 })
  await page.getByRole('button', { name: overlayWords.newPictures(1) }).waitFor()
  await look('chip')

  const slot = `${fixture.server.url}/api/boards/${board}/slots/loss`
  const body = new Uint8Array(await drawPicture({ width: 300, height: 200 }))
  assert.equal((await fetch(slot, { method: 'PUT', body })).status, 202)
  await page.keyboard.press('f')
  await page.locator('[data-image]', { hasText: 'loss' }).click({ button: 'right' })
  await page.getByRole('menuitem', { name: overlayWords.filmstrip }).click()
  await page.locator('.filmstrip .frame img').waitFor()
  await endGreetings(page)
  await look('filmstrip')
  assert.deepEqual(found, [])
})

/** Lets the page's clock go on until no picture is greeted: a halo that fades has another contrast. */
async function endGreetings(page: Page): Promise<void> {
  await page.clock.runFor(4_000)
  await page.locator('.greeting').first().waitFor({ state: 'detached' })
}
