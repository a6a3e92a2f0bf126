import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feedWords } from '@wirephoto/web/words/feed'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { openFixture, PHONE } from '../support/e2e-fixture.ts'
import { type BoardPage, setHidden } from '../support/page.ts'

const { fixture, samples } = await openFixture()
/** Slow enough that some of a drop are on their way while others are stored. */
const SLOW_BYTES_PER_SECOND = 60_000

const draw = (count: number, width = 320): Promise<string[]> =>
  Promise.all(
    Array.from({ length: count }, (_, i) =>
      samples.draw(`new-${width}-${i}.jpg`, { width, height: 240, seed: width + i }),
    ),
  )

test('W68, W69, W70: new pictures of others are greeted, told by the tab, and shown at the edge', async (t) => {
  const board = await fixture.newBoard()
  const anna = await fixture.openPage(t, 'wire.test', board)
  const ben = await fixture.openPage(t, 'wire.test', board)
  await anna.page.keyboard.press('p')
  await anna.page.getByLabel(overlayWords.askName).last().fill('Anna')
  await anna.page.keyboard.press('Enter')
  await ben.page.locator('.avatars .avatar', { hasText: /^A$/ }).waitFor()
  await ben.page.locator('.overlay').waitFor({ state: 'attached' })
  await ben.page.clock.install()
  const [one, ...more] = await draw(4)
  await anna.drop([one!], { x: 500, y: 400 })
  const greeting = ben.page.locator('.greeting')
  await greeting.locator('.name-tab', { hasText: /^Anna$/ }).waitFor()
  // The halo and the name have the colour that Anna has in the list of people.
  const avatar = ben.page.locator('.avatars .avatar:not(.own)')
  const colour = await avatar.evaluate((each) => getComputedStyle(each).backgroundColor)
  const halo = await greeting.evaluate((each) => getComputedStyle(each).outlineColor)
  const name = greeting.locator('.name-tab')
  assert.equal(halo, colour)
  assert.equal(await name.evaluate((each) => getComputedStyle(each).backgroundColor), colour)
  assert.equal(await anna.page.locator('.greeting').count(), 0, 'nobody greets their own')
  await ben.page.clock.runFor(4_000)
  await greeting.waitFor({ state: 'detached' })

  const usual = await ben.page.evaluate(iconOf)
  await setHidden(ben, true)
  await anna.drop(more, { x: 700, y: 300 })
  await ben.waitUntil(() => document.title.startsWith('(3) '), null)
  assert.notEqual(await ben.page.evaluate(iconOf), usual)
  assert.equal(await greeting.count(), 0, 'nobody sees it yet')
  await setHidden(ben, false)
  await greeting.nth(2).waitFor()
  assert.equal(await greeting.locator('.name-tab').count(), 1, 'the first has the name')
  assert.doesNotMatch(await ben.page.title(), /^\(/)
  assert.equal(await ben.page.evaluate(iconOf), usual)

  await ben.page.mouse.move(700, 450)
  await ben.page.mouse.wheel(4_000, 0)
  await ben.waitForTiles(0)
  await anna.drop(await draw(1, 300), { x: 900, y: 500 })
  const chip = ben.page.getByRole('button', { name: overlayWords.newPictures(1) })
  const thumbnail = chip.locator('img')
  await thumbnail.waitFor()
  await ben.waitUntil(
    () => document.querySelector<HTMLImageElement>('.unseen-chip img')?.naturalWidth !== 0,
    null,
  )
  // The picture lies to the left of the view, and so does the arrow's tip.
  const arrow = chip.locator('.icon:not(:empty)')
  assert.equal(await arrow.evaluate((each) => getComputedStyle(each).rotate), '180deg')
  await chip.click()
  await greeting.first().waitFor()
})

test('A3, W68, W70: a phone’s feed greets new pictures once they are in view, and a chip leads up to them', async (t) => {
  const board = await fixture.newBoard()
  for (const file of await draw(14, 360)) await fixture.storePicture(board, file)
  const anna = await fixture.openPage(t, 'wire.test', board)
  const ben = await fixture.openPage(t, 'wire.test', board, { ...PHONE, hasFeed: true })
  const { page } = ben
  await page.locator('.overlay').waitFor({ state: 'attached' })
  await page.clock.install()
  const scrollTo = (top: number): Promise<void> =>
    page.locator('.feed').evaluate((feed, to) => feed.scrollTo(0, to), top)
  const greeting = page.locator('.greeting')
  const tile = page.locator('.feed li', { has: greeting })
  const chip = page.getByRole('button', { name: /\bnew$/ })

  // The board behind the feed has all of them in view, and nobody sees them there.
  await scrollTo(500)
  await anna.drop(await draw(3, 380), { x: 500, y: 400 })
  await chip.filter({ hasText: overlayWords.newPictures(3) }).waitFor()
  await chip.locator('img').waitFor()
  await page.clock.runFor(5_000)
  assert.equal(await greeting.count(), 0, 'nobody sees them yet')
  const seen = anna.page.locator('.picture-info', { hasText: overlayWords.seenBy(1, 1) })
  for (let i = 0; i < 20; i++) await anna.nextFrame()
  assert.equal(await seen.count(), 0, 'and nobody is said to')
  assert.ok(await isOnTop(ben, '.unseen-chip'))
  await chip.tap()
  await tile.nth(2).waitFor()
  await seen.nth(2).waitFor({ state: 'attached' })
  assert.equal(await greeting.locator('.name-tab').count(), 1, 'the first has the name')
  const [halo, picture] = await Promise.all([
    greeting.first().boundingBox(),
    tile.first().boundingBox(),
  ])
  assert.deepEqual(halo, picture, 'the halo stays inside its tile')
  await chip.waitFor({ state: 'detached' })
  await page.clock.runFor(4_000)
  await greeting.first().waitFor({ state: 'detached' })

  await setHidden(ben, true)
  await anna.drop(await draw(1, 390), { x: 700, y: 300 })
  await ben.waitUntil(() => document.title.startsWith('(1) '), null)
  await page.clock.runFor(5_000)
  assert.equal(await greeting.count(), 0, 'the tab is hidden')
  await setHidden(ben, false)
  await tile.waitFor()

  // The board greets none that was seen in the feed.
  await page.clock.runFor(4_000)
  await page.getByRole('button', { name: feedWords.board, exact: true }).tap()
  await page.locator('.feed').waitFor({ state: 'detached' })
  assert.equal(await greeting.count(), 0)
  assert.equal(await chip.count(), 0)
})

test('W71: a drop of many is counted until all are stored', async (t) => {
  const board = await fixture.newBoard()
  const proxy = await fixture.openProxy(t)
  const anna = await fixture.openPage(t, 'wire.test', board, { port: proxy.port })
  await anna.page.locator('.overlay').waitFor({ state: 'attached' })
  proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
  await anna.drop(await draw(6, 340), { x: 500, y: 400 })
  const count = anna.page.locator('.sent-count')
  await count.filter({ hasText: /^[1-5] of 6$/ }).waitFor()
  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
  await anna.waitForPainted(6, 'stored')
  await count.waitFor({ state: 'detached' })
})

test('W71: the feed counts a drop of many too', async (t) => {
  const board = await fixture.newBoard()
  const proxy = await fixture.openProxy(t)
  const phone = await fixture.openPage(t, 'wire.test', board, {
    ...PHONE,
    hasFeed: true,
    port: proxy.port,
  })
  await phone.page.locator('.overlay').waitFor({ state: 'attached' })
  proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
  await phone.page.setInputFiles('#choose-files', await draw(6, 400))
  const count = phone.page.locator('.sent-count')
  await count.filter({ hasText: /^[1-5] of 6$/ }).waitFor()
  assert.ok(await isOnTop(phone, '.sent-count'))
  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
  await count.waitFor({ state: 'detached' })

  // A guest's page has it beside the heading of one's own pictures.
  await phone.goto(`/b/${board}/add`)
  await phone.page.locator('.overlay').waitFor({ state: 'attached' })
  proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
  await phone.page.setInputFiles('#choose-files', await draw(6, 410))
  const heading = phone.page.getByRole('heading', { name: feedWords.ownPictures })
  await heading.filter({ hasText: /[1-5] of 6$/ }).waitFor()
  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
  await heading.filter({ hasText: /12$/ }).waitFor()
})

/** Whether nothing lies over the middle of an element. */
const isOnTop = ({ page }: BoardPage, selector: string): Promise<boolean> =>
  page.locator(selector).evaluate((element: HTMLElement) => {
    element.style.pointerEvents = 'auto'
    const { x, y, width, height } = element.getBoundingClientRect()
    return element.contains(document.elementFromPoint(x + width / 2, y + height / 2))
  })

test('P81: the wire line is 2 px of red with a pale edge, however far away', async (t) => {
  const board = await fixture.newBoard()
  const proxy = await fixture.openProxy(t)
  const anna = await fixture.openPage(t, 'wire.test', board, { port: proxy.port })
  proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
  await anna.drop([await samples.photo()], { x: 500, y: 400 })
  const line = anna.page.locator('.progress-line:not(.stalled) .scan')
  await line.waitFor()
  const percent = anna.page.locator('.zoom .percent')
  for (const key of ['-', '-', '+', '+', '+', '+']) {
    const before = await percent.textContent()
    await anna.page.keyboard.press(key)
    await percent.filter({ hasNotText: before! }).waitFor()
    await anna.page.locator('.world:not(.moving)').waitFor({ state: 'attached' })
    const { height, isRed, shadow } = await line.evaluate(readLine)
    // A border is drawn in whole pixels of the board.
    assert.ok(Math.abs(height - 2) <= 1, `${height} px at ${await percent.textContent()}`)
    assert.ok(isRed)
    assert.match(shadow, /^rgba\(255, 255, 255, 0\.\d+\).* inset$/)
  }
  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
})

/** Returns how a line is drawn on the screen. Runs in a page. */
function readLine(line: Element) {
  const { borderBottomWidth, borderBottomColor, boxShadow } = getComputedStyle(line)
  const zoom = line.getBoundingClientRect().width / (line as HTMLElement).offsetWidth
  const probe = document.body.appendChild(document.createElement('i'))
  probe.style.color = 'var(--red)'
  const isRed = getComputedStyle(probe).color === borderBottomColor
  probe.remove()
  return { height: Number.parseFloat(borderBottomWidth) * zoom, isRed, shadow: boxShadow }
}

/** Returns the address of the tab's icon. Runs in a page. */
const iconOf = (): string | undefined =>
  document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href
