import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { uuidv7 } from '@wirephoto/board'
import { feedWords } from '@wirephoto/web/words/feed'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { openFixture, PHONE } from '../support/e2e-fixture.ts'
import type { BoardPage, Point } from '../support/page.ts'

const SHAPES = [
  [400, 300],
  [300, 400],
  [480, 270],
  [300, 300],
  [200, 440],
] as const

const { fixture, samples } = await openFixture()
const files = await Promise.all(
  SHAPES.map(([width, height], seed) => samples.draw(`feed-${seed}.jpg`, { width, height, seed })),
)

test('P38, P39, P40: a phone shows a feed, newest on top, that leads to the large view and to the board', async (t) => {
  const board = await fixture.newBoard()
  const phone = await fixture.openPage(t, 'wire.test', board, { ...PHONE, hasFeed: true })
  const { page } = phone
  await page.getByText(words.emptyTitleOnPhone).waitFor()
  const tiles = page.locator('.feed [data-image]')
  for (const [n, file] of files.entries()) {
    await page.setInputFiles('#choose-files', [file])
    await tiles.nth(n).waitFor()
    await page.locator('.feed [data-image]:not([data-state=stored])').waitFor({ state: 'detached' })
  }
  await phone.waitUntil((count) => {
    const shown = document.querySelectorAll('.feed img.sharp')
    return (
      [...shown].filter((image) => (image as HTMLImageElement).naturalWidth > 0).length === count
    )
  }, files.length)
  const boxes = await tiles.evaluateAll((all) =>
    all.map((tile) => {
      const { x, y, width, height } = tile.getBoundingClientRect()
      const name = tile.querySelector('button')!.getAttribute('aria-label')!
      return { x, y, w: width, h: height, name }
    }),
  )
  const inOrder = boxes.toSorted((a, b) => a.y - b.y || a.x - b.x)
  assert.deepEqual(
    inOrder.map(({ name }) => name),
    files.map((_, n) => `feed-${n}.jpg`).reverse(),
  )
  const rows = [...Map.groupBy(inOrder, ({ y }) => Math.round(y)).values()]
  for (const row of rows.slice(1)) {
    assert.ok(row.length === 2 || row.length === 3)
    assert.ok(Math.abs(row[0]!.x) < 1)
    assert.ok(Math.abs(row.at(-1)!.x + row.at(-1)!.w - PHONE.viewport.width) < 1)
  }

  // The question for a name leaves the switch free.
  const [asked, views] = await Promise.all([
    page.getByRole('form', { name: overlayWords.askName }).boundingBox(),
    page.getByRole('navigation', { name: feedWords.views }).boundingBox(),
  ])
  assert.ok(asked!.y >= views!.y + views!.height, `${asked!.y} is below ${views!.y}`)
  await page.getByRole('button', { name: overlayWords.skip }).tap()
  // Large, and from there to the next older one.
  await page.getByRole('button', { name: 'feed-4.jpg' }).tap()
  await page.locator('.large[aria-label="feed-4.jpg"]').waitFor()
  await page.getByRole('button', { name: 'Next picture' }).tap()
  await page.locator('.large[aria-label="feed-3.jpg"]').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('.lightbox').waitFor({ state: 'detached' })
  await phone.waitUntil(
    () => document.activeElement?.getAttribute('aria-label') === 'feed-3.jpg',
    null,
  )

  // The board is there too, and stays chosen.
  await page.getByRole('button', { name: feedWords.board, exact: true }).tap()
  await page.locator('.feed').waitFor({ state: 'detached' })
  assert.equal(await page.locator('main[inert]').count(), 0)
  await page.reload()
  await phone.waitForLive()
  await phone.waitForPainted(files.length, 'stored')
  assert.equal(await page.locator('.feed').count(), 0)
  await page.getByRole('button', { name: feedWords.pictures, exact: true }).tap()
  await tiles.first().waitFor()
})

test('G34, G37, G38, G39, G41, G42: fingers zoom the large view, bring the neighbour in, and pull it down', async (t) => {
  const board = await fixture.newBoard()
  for (const file of files) await fixture.storePicture(board, file)
  const phone = await fixture.openPage(t, 'wire.test', board, { ...PHONE, hasFeed: true })
  const { page } = phone
  await page
    .locator('.feed [data-image]')
    .nth(files.length - 1)
    .waitFor()
  const tiles = await page.locator('.feed [data-image]').evaluateAll((all) =>
    all
      .map((tile) => ({ id: tile.getAttribute('data-image')!, at: tile.getBoundingClientRect() }))
      .sort((a, b) => a.at.y - b.at.y || a.at.x - b.at.x)
      .map(({ id }) => id),
  )
  const large = (nth: number) => page.locator(`[data-large="${tiles[nth]}"]`)
  await page.locator(`.feed [data-image="${tiles[1]}"]`).tap()
  await large(1).waitFor()
  await page.locator('.large .sharp.ready').waitFor()
  // It has grown from its tile.
  await phone.waitUntil(
    () => document.querySelector('[data-large]')!.getAnimations().length === 0,
    null,
  )
  const box = async () => (await page.locator('[data-large]').boundingBox())!
  const whole = await box()

  // The neighbour comes in beside it. A finger that goes back has changed its mind.
  await touchAlong(phone, 'start', [300, 180])
  const [shown, beside] = [await box(), (await page.locator('.large.beside').boundingBox())!]
  assert.ok(Math.abs(shown.x - whole.x + 120) < 1, 'it follows the finger')
  assert.ok(beside.x > shown.x + shown.width && beside.x < PHONE.viewport.width)
  await touchAlong(phone, 'end', [180, 290])
  await page.locator('.large.beside').waitFor({ state: 'detached' })
  await large(1).waitFor()
  await touchAlong(phone, 'whole', [300, 120])
  await large(2).waitFor()
  await touchAlong(phone, 'whole', [100, 300])
  await large(1).waitFor()
  await touchAlong(phone, 'whole', [100, 300])
  await large(0).waitFor()
  await page.locator('.large.beside').waitFor({ state: 'detached' })
  const first = await box()
  // There is none before the first one: it lags behind.
  await touchAlong(phone, 'start', [100, 300])
  const { x } = await box()
  assert.ok(x > first.x + 20 && x < first.x + 100, `${x - first.x} of 200 px`)
  await touchAlong(phone, 'end', [300, 310])
  await phone.waitUntil(
    (left) => document.querySelector('[data-large]')!.getBoundingClientRect().x === left,
    first.x,
  )
  await large(0).waitFor()

  // Pulled down a little, it follows, and the ground fades. Pulled back, it stays.
  const opacity = () =>
    page.locator('.lightbox footer').evaluate((it) => Number(getComputedStyle(it).opacity))
  await touchAlong(phone, 'start', [300, 450], 'down')
  const pulled = await box()
  assert.ok(pulled.y + pulled.height / 2 > first.y + first.height / 2 + 140)
  assert.ok((await opacity()) < 0.8)
  await touchAlong(phone, 'end', [450, 330], 'down')
  await phone.waitUntil(
    () => getComputedStyle(document.querySelector('.lightbox footer')!).opacity === '1',
    null,
  )
  await large(0).waitFor()

  // Two taps zoom, a finger pans, and at the edge the next one comes, whole. Where motion is reduced, a
  // picture doesn't glide on, whose way would depend on the finger's speed.
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await Promise.all([phone.tap({ x: 195, y: 400 }), phone.tap({ x: 195, y: 400 })])
  const isAsWide = (width: number) =>
    Math.abs(document.querySelector('[data-large]')!.getBoundingClientRect().width - width) < 1
  await phone.waitUntil(isAsWide, first.width * 2)
  const zoomed = await box()
  await touchAlong(phone, 'start', [200, 240])
  assert.ok(Math.abs((await box()).x - zoomed.x - 40) < 1)
  await touchAlong(phone, 'end', [240, 250])
  await large(0).waitFor()
  await touchAlong(phone, 'whole', [380, 20])
  await phone.waitUntil((right) => {
    const box = document.querySelector('[data-large]')!.getBoundingClientRect()
    return Math.abs(box.right - right) < 0.5
  }, PHONE.viewport.width)
  await touchAlong(phone, 'whole', [380, 20])
  await large(1).waitFor()
  await phone.waitUntil(isAsWide, whole.width)
  await page.emulateMedia({ reducedMotion: null })

  // Names and captions have one line each; a tap shows them whole.
  const caption = 'A caption that goes on for longer than a phone has room. '.repeat(2)
  const wireClient = await fixture.openWireClient(t, board)
  await wireClient.send({ kind: 'image.patch', id: tiles[1]!, set: { caption } })
  const lines = page.locator('.lightbox .lines')
  await lines.locator('.caption').waitFor()
  const height = async () => (await lines.boundingBox())!.height
  assert.ok((await height()) <= 44)
  await lines.locator('.caption').tap()
  await page.locator('.lines.whole').waitFor()
  assert.ok((await height()) > 60)
  // A tap beside them puts them away, and nothing more. One on them edits, clear of the keys that come up.
  await page.touchscreen.tap(195, 20)
  await page.locator('.lines:not(.whole)').waitFor()
  await lines.locator('.caption').tap()
  await page.locator('.lines.whole').waitFor()
  await lines.locator('.caption').tap()
  const field = page.locator('.lightbox').getByRole('textbox')
  await field.fill('Shorter')
  const { y, height: tall } = (await field.boundingBox())!
  assert.ok(y >= 0 && y + tall < PHONE.viewport.height / 3)
  await page.keyboard.press('Enter')
  await lines.locator('.caption', { hasText: 'Shorter' }).waitFor()
})

/** Moves a finger from one place to another in some steps, and puts it down before or lifts it after that. */
async function touchAlong(
  page: BoardPage,
  part: 'start' | 'end' | 'whole',
  [from, to]: readonly [number, number],
  way: 'across' | 'down' = 'across',
): Promise<void> {
  const at = (along: number): Point =>
    way === 'across' ? { x: along, y: 400 } : { x: 195, y: along }
  if (part !== 'end') await page.touch('touchStart', at(from))
  for (let step = 1; step <= 4; step++)
    await page.touch('touchMove', at(from + ((to - from) * step) / 4))
  if (part !== 'start') await page.touch('touchEnd')
}

test('P63: a picture of which nothing is at hand yet is an empty box, and no broken image', async (t) => {
  const board = await fixture.newBoard()
  const phone = await fixture.openPage(t, 'wire.test', board, { ...PHONE, hasFeed: true })
  const id = uuidv7(Date.now(), randomBytes(10))
  const add = { kind: 'image.add', id, width: 400, height: 300, name: 'on-its-way.jpg' }
  const response = await fetch(`${fixture.server.url}/b/${board}/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client: uuidv7(Date.now(), randomBytes(10)), n: 1, commands: [add] }),
  })
  assert.equal(response.status, 200)
  await phone.page.locator('.feed [data-state=arriving], .feed [data-state=stalled]').waitFor()
  assert.equal(await phone.page.locator('.feed li img:not([src])').count(), 0)
})
