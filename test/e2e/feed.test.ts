import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feedWords } from '@wirephoto/web/words/feed'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { openFixture, PHONE } from '../support/e2e-fixture.ts'

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

test('P38, P39: a phone shows a feed, newest on top, that leads to the large view and to the board', async (t) => {
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
