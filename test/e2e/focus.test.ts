import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { words } from '@wirephoto/web/words/page'
import { HOSTS, openFixture, PHONE } from '../support/e2e-fixture.ts'
import { type BoardPage, middleOf, type Point } from '../support/page.ts'

const { fixture, samples } = await openFixture()

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('G15: after Delete the keyboard is on the next picture, and on the ground after the last', async (t) => {
      const { anna, tiles } = await openThree(t, host)
      const { page } = anna
      await page.mouse.click(60, 700)
      await page.keyboard.press('Tab')
      await waitForFocus(anna, tiles[0]!.id)
      for (const next of [tiles[1]!, tiles[2]!]) {
        await page.keyboard.press('Delete')
        await waitForFocus(anna, next.id)
      }
      await page.keyboard.press('Delete')
      await anna.waitForTiles(0)
      await anna.waitUntil(() => document.activeElement?.classList.contains('stage') === true, null)
      await page.keyboard.press('Control+z')
      await anna.waitForTiles(1)
      assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), 'BODY')
    })

    test('G15: a mouse selects, Delete deletes, and a second Delete takes nothing that nobody chose', async (t) => {
      const { anna, tiles } = await openThree(t, host)
      const { page } = anna
      await page.mouse.click(...middleOf(tiles[0]!))
      await page.keyboard.press('Delete')
      await anna.waitForTiles(2)
      await anna.waitUntil(() => document.activeElement?.classList.contains('stage') === true, null)
      await page.keyboard.press('Delete')
      await anna.nextFrame()
      await anna.waitForTiles(2)
      assert.equal(await outlineOf(anna, '.stage'), 'none')
    })

    test('G15: a menu, a notice and a panel give the focus back', async (t) => {
      const { anna, tiles } = await openThree(t, host)
      const { page } = anna
      const isOnBoard = () => document.activeElement?.closest('.stage') !== null
      await page.mouse.click(...middleOf(tiles[1]!), { button: 'right' })
      await page.getByRole('menuitem', { name: `${words.delete} Del` }).click()
      await anna.waitForTiles(2)
      await anna.waitUntil(isOnBoard, null)
      const undo = anna.page.locator('.toast button', { hasText: words.undo })
      await undo.focus()
      await page.keyboard.press('Enter')
      await anna.waitForTiles(3)
      await undo.waitFor({ state: 'detached' })
      await anna.waitUntil(isOnBoard, null)
      await page.mouse.click(...middleOf(tiles[1]!))
      await page.keyboard.press('Enter')
      await page.locator('[data-large]').waitFor()
      await page.keyboard.press('Delete')
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await anna.waitUntil(isOnBoard, null)
    })

    test('G16: Escape and a marquee frame nothing; the keyboard has its ring', async (t) => {
      const { anna, tiles } = await openThree(t, host)
      const { page } = anna
      await page.mouse.move(60, 250)
      await page.mouse.down()
      await page.mouse.move(tiles[0]!.x + 20, tiles[0]!.y + 20, { steps: 4 })
      await page.mouse.up()
      await page.locator('.tile.selected').first().waitFor()
      await page.keyboard.press('Escape')
      await page.keyboard.press('Escape')
      assert.equal(await outlineOf(anna, '.stage'), 'none')
      await page.keyboard.press('Tab')
      await anna.waitUntil(
        () => document.activeElement?.matches('.tile:focus-visible') === true,
        null,
      )
    })

    test('G17: gestures over bars, panels and the large view leave the page as it is', async (t) => {
      const { anna, tiles } = await openThree(t, host)
      const { page } = anna
      await watchWheel(anna)
      await page.keyboard.down('Control')
      const over = async (at: [number, number]): Promise<void> => {
        await page.mouse.move(...at)
        await page.mouse.wheel(0, -120)
        await anna.waitUntil(() => Object.hasOwn(window, 'lastWheel'), null)
        const isPrevented = await page.evaluate(() => {
          const { lastWheel } = window as unknown as { lastWheel: WheelEvent }
          Reflect.deleteProperty(window, 'lastWheel')
          return lastWheel.defaultPrevented
        })
        assert.ok(isPrevented, String(at))
      }
      const bar = await page.locator('.bar').boundingBox()
      const title = await page.locator('.title').boundingBox()
      await over([bar!.x + 5, bar!.y + 5])
      await over([title!.x + 5, title!.y + 5])
      await page.keyboard.up('Control')
      await page.mouse.dblclick(...middleOf(tiles[0]!))
      await page.locator('[data-large]').waitFor()
      await page.keyboard.down('Control')
      await over([700, 400])
      await page.keyboard.up('Control')
    })

    test('G17: a pinch over a phone’s bar leaves the page as it is', async (t) => {
      const { board } = await openThree(t, host)
      const phone = await fixture.openPage(t, host, board, PHONE)
      await phone.waitForPainted(3, 'stored')
      const session = await phone.context.newCDPSession(phone.page)
      const pinch = async (x: number, y: number): Promise<void> => {
        await session.send('Input.synthesizePinchGesture', {
          x,
          y,
          scaleFactor: 3,
          relativeSpeed: 4_000,
        })
        assert.equal(await phone.page.evaluate(() => visualViewport!.scale), 1)
      }
      const bar = await phone.page.locator('.bar').boundingBox()
      await pinch(bar!.x + bar!.width / 2, bar!.y + bar!.height / 2)
    })

    test('G20: fingers that pinch the large view zoom and turn nothing, and the next tap works', async (t) => {
      const { phone, lowest } = await openThreeOnPhone(t, host)
      const { page } = phone
      const large = page.locator(`[data-large="${lowest.id}"]`)
      const row = (...across: number[]): Point[] => across.map((x) => ({ x, y: 400 }))
      await page.touchscreen.tap(...middleOf(lowest))
      await large.waitFor()
      await moveFingers(phone, row(150, 240), row(20, 370))
      await moveFingers(phone, row(20, 370), row(150, 240))
      for (const to of [20, 370]) await moveFingers(phone, row(100, 290, 195), row(100, 290, to))
      for (let tap = 0; tap < 2; tap++) await page.touchscreen.tap(195, 400)
      await phone.nextFrame()
      assert.equal(await page.evaluate(() => visualViewport!.scale), 1)
      assert.equal(await page.locator('[data-large]').count(), 1)
      assert.ok(await large.isVisible(), 'the same picture is shown')
      await page.touchscreen.tap(195, 60)
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.touchscreen.tap(...middleOf(await phone.tileWithId(lowest.id)))
      await large.waitFor()
    })

    test('G20: a tap after a pinch over the board opens the picture', async (t) => {
      const { phone, lowest } = await openThreeOnPhone(t, host)
      const row = (...across: number[]): Point[] => across.map((x) => ({ x, y: 400 }))
      await moveFingers(phone, row(150, 240), row(140, 250))
      await phone.page.touchscreen.tap(...middleOf(await phone.tileWithId(lowest.id)))
      await phone.page.locator(`[data-large="${lowest.id}"]`).waitFor()
    })
  })

/** Puts fingers down, moves them in some steps, and lifts them. */
async function moveFingers(page: BoardPage, from: Point[], to: Point[]): Promise<void> {
  await page.touch('touchStart', ...from)
  for (let step = 1; step <= 4; step++) {
    const along = (start: number, end: number) => start + ((end - start) * step) / 4
    const at = from.map(({ x, y }, i) => ({ x: along(x, to[i]!.x), y: along(y, to[i]!.y) }))
    await page.touch('touchMove', ...at)
  }
  await page.touch('touchEnd')
}

/** Opens a board with three stored pictures in a row. */
async function openThree(t: Parameters<typeof fixture.openPair>[0], host: (typeof HOSTS)[number]) {
  const { board, anna, ben } = await fixture.openPair(t, host)
  const size = { width: 300, height: 200 }
  const files = await Promise.all(
    [0, 1, 2].map((seed) => samples.draw(`focus-${seed}.jpg`, { ...size, seed })),
  )
  await anna.drop(files, { x: 320, y: 450 })
  const tiles = await anna.waitForPainted(3, 'stored')
  return { board, anna, ben, tiles: tiles.sort((a, b) => a.y - b.y || a.x - b.x) }
}

/** Opens three pictures on a phone. The question for one’s name lies over those at the top. */
async function openThreeOnPhone(
  t: Parameters<typeof fixture.openPair>[0],
  host: (typeof HOSTS)[number],
) {
  const { board } = await openThree(t, host)
  const phone = await fixture.openPage(t, host, board, PHONE)
  const tiles = await phone.waitForPainted(3, 'stored')
  return { phone, lowest: tiles.sort((a, b) => b.y - a.y)[0]! }
}

async function waitForFocus(page: BoardPage, id: string): Promise<void> {
  await page.waitUntil(
    (wanted) => (document.activeElement as HTMLElement | null)?.dataset['image'] === wanted,
    id,
  )
}

const outlineOf = ({ page }: BoardPage, selector: string): Promise<string> =>
  page.evaluate((which) => getComputedStyle(document.querySelector(which)!).outlineStyle, selector)

/** Notes each wheel event after all of the page's listeners. */
async function watchWheel({ page }: BoardPage): Promise<void> {
  await page.evaluate(() => {
    addEventListener('wheel', (event) => Object.assign(window, { lastWheel: event }), {
      passive: false,
    })
  })
}
