import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { DESKTOP_VIEWPORT, openFixture, PHONE } from '../support/e2e-fixture.ts'
import type { BoardPage, Tile } from '../support/page.ts'

/** Browsers log this while the connection is down, whatever the page does. */
const BROKEN_LINE = /net::ERR_|WebSocket connection/
const PAGE_COUNT = 8

const { fixture, samples } = await openFixture()
const files = await Promise.all(
  Array.from({ length: PAGE_COUNT }, (_, n) =>
    samples.draw(`place-${n}.jpg`, { width: 400 + 20 * n, height: 300, seed: n }),
  ),
)

test('P6: eight people who add at once cover nothing', async (t) => {
  const board = await fixture.newBoard()
  const pages = await Promise.all(files.map(() => fixture.openPage(t, 'wire.test', board)))
  await Promise.all(
    pages.map(async (page, n) => {
      await choose(page, [files[n]!, files[(n + 1) % PAGE_COUNT]!])
    }),
  )
  for (const page of pages) await page.waitForTiles(2 * PAGE_COUNT)
  const [first] = pages
  assertApart(await first!.waitForPainted(2 * PAGE_COUNT, 'stored'))
})

test('P6: pictures that are pasted one after the other lie side by side', async (t) => {
  const page = await fixture.openPage(t, 'wire.test', await fixture.newBoard())
  await page.page.mouse.move(600, 400)
  for (let n = 1; n <= 3; n++) {
    await pasteFile(page, files[n]!)
    await page.waitForTiles(n)
  }
  assertApart(await page.waitForPainted(3, 'stored'))
})

test('P6, P61: pictures that were added offline find room when they are sent, and the view stays', async (t) => {
  const proxy = await fixture.openProxy(t)
  const board = await fixture.newBoard()
  const allowedErrors = BROKEN_LINE
  const there = await fixture.openPage(t, 'wire.test', board)
  const pages = await Promise.all(
    [0, 1].map(() => fixture.openPage(t, 'wire.test', board, { port: proxy.port, allowedErrors })),
  )
  proxy.disconnect()
  for (const page of pages)
    await page.page.locator('.connection', { hasText: 'Live' }).waitFor({ state: 'detached' })
  for (const [n, page] of pages.entries()) {
    await page.drop([files[n]!, files[n + 2]!], { x: 500, y: 400 })
    assertApart(await page.waitForPainted(2))
  }
  await choose(there, files)
  await there.waitForPainted(PAGE_COUNT, 'stored')
  proxy.reconnect()
  const count = PAGE_COUNT + 4
  assertApart(await there.waitForPainted(count, 'stored'))
  for (const { page } of pages) {
    await page.locator('.connection', { hasText: 'Live' }).waitFor()
    await page.getByRole('listbox').locator('[data-image]').first().waitFor()
    // Who dropped has chosen the view: it would be smaller with all pictures in it.
    assert.equal(await page.locator('.zoom .percent').textContent(), words.percent(1))
  }
  for (const page of pages) {
    await page.page.keyboard.press('f')
    assertApart(await page.waitForPainted(count, 'stored'))
    // The view takes a moment to get there.
    await page.page
      .locator('.zoom .percent')
      .filter({ hasNotText: words.percent(1) })
      .waitFor()
  }
})

test('P7: pictures that are dropped at a point stay there, also over others', async (t) => {
  const { anna, ben } = await fixture.openPair(t, 'wire.test')
  const at = { x: 500, y: 400 }
  for (let n = 1; n <= 2; n++) {
    await anna.drop([files[n]!], at)
    await anna.waitForPainted(n, 'stored')
  }
  for (const page of [anna, ben])
    for (const { x, y, w, h } of await page.waitForPainted(2, 'stored')) {
      assert.ok(page === ben || Math.abs(x + w / 2 - at.x) < 2, `${x}, ${w}`)
      assert.ok(page === ben || Math.abs(y + h / 2 - at.y) < 2, `${y}, ${h}`)
    }
})

/** Places as people leave them: one over another, uneven, and far apart. */
const ODD_PLACES = [
  { x: 0, y: 0, w: 320 },
  { x: 41.5, y: 17.25, w: 200 },
  { x: 300, y: 333, w: 93 },
  { x: -1_210, y: 905, w: 480 },
  { x: 1_900, y: -1_100, w: 260 },
]
const SCREENS = {
  desktop: { viewport: DESKTOP_VIEWPORT },
  tablet: { viewport: { width: 768, height: 1_024 } },
  phone: PHONE,
}

test('P78: opening a board moves nothing, and all screens show the same places', async (t) => {
  const board = await fixture.newBoard()
  for (const [n, place] of ODD_PLACES.entries()) await fixture.storePicture(board, files[n]!, place)
  const witness = await fixture.openWireClient(t, board)
  const standing = async () =>
    new Map((await witness.pictures()).map(({ id, x, y, w }) => [id, { x, y, w }]))
  const before = await standing()
  assert.equal(before.size, ODD_PLACES.length)

  for (const [screen, options] of Object.entries(SCREENS)) {
    const count = witness.batches.length
    const page = await fixture.openPage(t, 'wire.test', board, options)
    const tiles = await page.waitForTiles(ODD_PLACES.length)
    const [first] = tiles
    const from = before.get(first!.id)!
    const zoom = first!.w / from.w
    for (const { id, x, y, w } of tiles) {
      const place = before.get(id)!
      const shown = { x: (x - first!.x) / zoom, y: (y - first!.y) / zoom, w: w / zoom }
      const wanted = { x: place.x - from.x, y: place.y - from.y, w: place.w }
      for (const side of ['x', 'y', 'w'] as const)
        assert.ok(
          Math.abs(shown[side] - wanted[side]) * zoom < 1,
          `${screen}: ${side} is ${shown[side]} in place of ${wanted[side]}`,
        )
    }
    // Commands go in their order: one that the opening sends would come before this one.
    await page.page.keyboard.press('Control+a')
    await page.page.keyboard.press('Delete')
    await page.waitForTiles(0)
    await witness.waitForBatch((batch) => witness.batches.indexOf(batch) >= count)
    for (const change of witness.batches[count]!.changes)
      assert.ok('put' in change && change.put.kind === 'image' && change.put.deletedAt !== null)
    await page.page.keyboard.press('Control+z')
    await page.waitForTiles(ODD_PLACES.length)
    while ((await witness.pictures()).some(({ deletedAt }) => deletedAt !== null));
    assert.deepEqual(await standing(), before, screen)
  }
})

test('P79: the view follows pictures that come, until one pans or zooms', async (t) => {
  for (const touch of [
    (page: BoardPage) => page.page.mouse.wheel(120, 0),
    (page: BoardPage) => page.page.keyboard.press('-'),
  ]) {
    const board = await fixture.newBoard()
    const page = await fixture.openPage(t, 'wire.test', board)
    await fixture.storePicture(board, files[0]!, { x: 0, y: 0, w: 320 })
    await page.waitForTiles(1)
    for (const [n, place] of [
      { x: 2_000, y: 0, w: 320 },
      { x: -1_500, y: 1_800, w: 320 },
    ].entries()) {
      await fixture.storePicture(board, files[n + 1]!, place)
      await page.waitUntil(areWhole, n + 2)
    }
    await page.page.mouse.move(DESKTOP_VIEWPORT.width / 2, DESKTOP_VIEWPORT.height / 2)
    const atRest = page.page.locator('.world:not(.moving)')
    await atRest.waitFor({ state: 'attached' })
    const { id, x } = (await page.tiles())[0]!
    await touch(page)
    await page.waitUntil(hasMoved, [id, x] as const)
    const chip = page.page.getByRole('button', { name: overlayWords.newPictures(1) })
    await fixture.storePicture(board, files[3]!, { x: 30_000, y: 0, w: 320 })
    // The chip says that the page knows of it. A flight would bring it into view.
    await chip.waitFor()
    await atRest.waitFor({ state: 'attached' })
    await chip.waitFor()
  }
})

/** Whether a picture stands further left or right on the screen. Runs in a page. */
const hasMoved = ([id, x]: readonly [string, number]): boolean =>
  document.querySelector(`[data-image="${id}"]`)?.getBoundingClientRect().x !== x

/** Whether so many pictures stand on the screen, each of them whole. Runs in a page. */
function areWhole(count: number): boolean {
  const boxes = [...document.querySelectorAll('[data-image]')].map((tile) =>
    tile.getBoundingClientRect(),
  )
  const isInside = boxes.every(
    ({ left, top, right, bottom }) =>
      left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight,
  )
  return boxes.length === count && isInside
}

/** Chooses files as the button's dialog does. */
const choose = ({ page }: BoardPage, paths: string[]): Promise<void> =>
  page.setInputFiles('#choose-files', paths)

/** Pastes a file as a browser reports it to the page. */
async function pasteFile({ page }: BoardPage, path: string): Promise<void> {
  const base64 = (await readFile(path)).toString('base64')
  await page.evaluate((data) => {
    const clipboardData = new DataTransfer()
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0))
    clipboardData.items.add(new File([bytes], 'image.jpg', { type: 'image/jpeg' }))
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))
  }, base64)
}

const overlaps = (a: Tile, b: Tile): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

function assertApart(tiles: readonly Tile[]): void {
  for (const [i, a] of tiles.entries())
    for (const b of tiles.slice(i + 1))
      assert.ok(!overlaps(a, b), `${a.label} and ${b.label} lie on each other`)
}
