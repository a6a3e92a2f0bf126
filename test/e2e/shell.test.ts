import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { errorMessages } from '@wirephoto/board'
import { apiWords } from '@wirephoto/web/words/api'
import { words } from '@wirephoto/web/words/page'
import { HOSTS, type Host, openFixture, PHONE } from '../support/e2e-fixture.ts'
import type { BoardPage, Tile } from '../support/page.ts'

const SHARP_PHONE = { ...PHONE, deviceScaleFactor: 2 }

const { fixture, samples } = await openFixture()

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('a new board is separate from the front board', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      for (const page of [anna, ben]) await page.goto('/')
      assert.equal(
        await ben.page.getByRole('heading', { level: 1 }).textContent(),
        words.frontBoard,
      )
      const front = (await ben.tiles()).length

      await anna.page.getByRole('button', { name: words.boardMenu }).click()
      await anna.page.getByRole('menuitem', { name: words.newBoard }).click()
      await anna.page.waitForURL(/\/b\/[\w-]{22}$/)
      await anna.waitForLive()
      await anna.drop([await samples.file('photos/pic1.jpg')], { x: 600, y: 400 })
      await anna.waitForPainted(1, 'stored')
      assert.equal((await ben.tiles()).length, front)

      await anna.page.getByRole('button', { name: words.boardMenu }).click()
      await anna.page.getByRole('menuitem', { name: words.toFrontBoard }).click()
      await anna.page.waitForURL(/:\d+\/$/)
      await anna.waitForLive()
      await anna.drop([await samples.file('photos/pic2.jpg')], { x: 600, y: 400 })
      await ben.waitForTiles(front + 1)
    })

    test('H64: the page about the API lists what the server takes, and tries it', async (t) => {
      const board = await fixture.newBoard()
      const { page, problems } = await fixture.openPage(t, host, board)
      // Somebody may type before the list is there.
      const typed = Promise.withResolvers<void>()
      await page.route('**/api/openapi.json', async (route) => {
        await typed.promise
        await route.continue()
      })
      await page.goto(new URL('/api', page.url()).href)
      await page.getByRole('heading', { level: 1, name: apiWords.title }).waitFor()
      await page.getByLabel(apiWords.find).fill('/snapshot')
      typed.resolve()
      const operation = page.locator('details.operation:visible')
      await operation.first().waitFor()
      assert.equal(await operation.count(), 1)
      await operation.locator('summary').click()
      await operation.getByLabel('board').fill(board)
      await operation.getByRole('button', { name: apiWords.try }).click()
      await operation.getByText('"cursor"').waitFor()
      await page.getByLabel(apiWords.find).fill('nothing like it')
      await page.getByText(apiWords.nothingFound).waitFor()
      assert.deepEqual(problems, [])
    })

    test('the title is edited live', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      const titleOf = (page: BoardPage) => page.page.getByRole('heading', { level: 1 })
      assert.equal(await titleOf(ben).textContent(), words.untitled)
      await titleOf(anna).getByRole('button').click()
      await anna.page.keyboard.type('Hafen, am Morgen danach')
      await anna.page.keyboard.press('Enter')
      for (const page of [anna, ben]) {
        await titleOf(page).getByText('Hafen, am Morgen danach', { exact: true }).waitFor()
        assert.equal(await page.page.title(), `Hafen, am Morgen danach · ${words.product}`)
      }
      await titleOf(ben).getByRole('button').click()
      await ben.page.keyboard.type('Something else')
      await ben.page.keyboard.press('Escape')
      await titleOf(ben).getByText('Hafen, am Morgen danach', { exact: true }).waitFor()
    })

    test('the page of an unknown board says so, and leads to the front board', async (t) => {
      const { anna } = await fixture.openPair(t, host)
      anna.allowedErrors = /404 \(/
      await anna.page.goto(new URL('/b/nobody-has-made-this', anna.page.url()).href)
      await anna.page.getByText(errorMessages['unknown-board']({})).waitFor()
      await anna.page.getByRole('link', { name: words.toFrontBoard }).click()
      await anna.page.waitForURL(/:\d+\/$/)
      await anna.waitForLive()
    })

    test('H8: a wrong address says so in our look, and leads to the front board', async (t) => {
      const { anna } = await fixture.openPair(t, host)
      anna.allowedErrors = /404 \(/
      const { page } = anna
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
      for (const path of ['/nowhere', '/api/boards/main/images/nobody/file']) {
        const response = await page.goto(new URL(path, page.url()).href)
        assert.equal(response!.status(), 404)
        const code = path === '/nowhere' ? 'not-found' : 'unknown-picture'
        await page.getByRole('heading', { name: errorMessages[code]({}) }).waitFor()
        const style = () => getComputedStyle(document.body).backgroundColor
        assert.equal(await page.evaluate(style), ground)
      }
      await page.getByRole('link', { name: words.toFrontBoard }).click()
      await page.waitForURL(/:\d+\/$/)
      await anna.waitForLive()
    })

    test('a board says that it is empty only while it is', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      const empty = (page: BoardPage) => page.page.getByText(words.emptyTitle)
      for (const page of [anna, ben]) await empty(page).waitFor()
      await anna.drop([await samples.file('photos/pic3.jpg')], { x: 600, y: 400 })
      for (const page of [anna, ben]) await empty(page).waitFor({ state: 'detached' })
      await ben.waitForPainted(1, 'stored')
      await ben.page.mouse.click(600, 400)
      await ben.page.keyboard.press('Delete')
      for (const page of [anna, ben]) await empty(page).waitFor()
    })

    test('wheel, buttons and keys move the view', async (t) => {
      const { anna } = await fixture.openPair(t, host)
      const { page } = anna
      const files = [await samples.file('photos/pic1.jpg'), await samples.file('photos/pic2.jpg')]
      await anna.drop(files, { x: 500, y: 300 })
      const [a] = await anna.waitForPainted(2, 'stored')
      assert.ok(a)
      const at = (x: number, y: number, w = a.w) => waitForPlace(anna, a.id, { x, y, w })

      await page.mouse.move(700, 450)
      await page.mouse.wheel(40, 60)
      await at(a.x - 40, a.y - 60)
      await page.mouse.wheel(-40, -60)
      await at(a.x, a.y)

      await page.mouse.move(500, 300)
      await page.keyboard.down('Space')
      await page.mouse.down()
      await page.mouse.move(700, 450, { steps: 4 })
      await page.mouse.up()
      await page.keyboard.up('Space')
      await at(a.x + 200, a.y + 150)
      await page.mouse.wheel(200, 150)
      await at(a.x, a.y)

      await page.keyboard.down('Control')
      await page.mouse.wheel(0, -60)
      await page.keyboard.up('Control')
      const zoomed = await waitUntilStill(anna, a.id)
      const zoom = zoomed.w / a.w
      assert.ok(zoom > 1.05)
      await at(700 + (a.x - 700) * zoom, 450 + (a.y - 450) * zoom, zoomed.w)
      await page.getByRole('button', { name: words.percent(zoom) }).click()
      await waitForPlace(anna, a.id, { w: a.w })

      await page.getByRole('button', { name: words.zoomIn }).click()
      await waitForPlace(anna, a.id, { w: a.w * Math.SQRT2 })
      await page.getByRole('button', { name: words.zoomOut }).click()
      await waitForPlace(anna, a.id, { w: a.w })
      await page.keyboard.press('+')
      await waitForPlace(anna, a.id, { w: a.w * Math.SQRT2 })
      await page.keyboard.press('+')
      await waitForPlace(anna, a.id, { w: a.w * 2 })

      await page.getByRole('button', { name: words.fit, exact: true }).click()
      // Few pictures are enlarged as far as their pixels go.
      await anna.waitUntil((id) => {
        const { left, right } = document
          .querySelector(`[data-image="${id}"]`)!
          .getBoundingClientRect()
        return Math.abs((left + right) / 2 - 720) < 1
      }, a.id)
    })

    test('the keyboard alone chooses, moves and deletes pictures', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      const { keyboard } = anna.page
      const files = [await samples.file('photos/pic1.jpg'), await samples.file('photos/pic2.jpg')]
      await anna.drop(files, { x: 400, y: 300 })
      const [one, two] = (await ben.waitForPainted(2, 'stored')).sort((a, b) => a.y - b.y)
      assert.ok(one && two)
      await anna.page.locator('body').press('Tab')
      while (!(await isFocused(anna, one))) await keyboard.press('Tab')
      await keyboard.press('ArrowDown')
      assert.ok(await isFocused(anna, two), 'an arrow goes to the next picture')
      await keyboard.press('Space')
      await keyboard.press('Shift+ArrowDown')
      await keyboard.press('ArrowRight')
      await waitForPlace(ben, two.id, { x: two.x + 1, y: two.y + 10 })
      await keyboard.press('Delete')
      await ben.waitForTiles(1)
      await keyboard.press('Control+z')
      await keyboard.press('Control+z')
      await waitForPlace(ben, two.id, { x: two.x, y: two.y })
      await keyboard.press('Control+a')
      await keyboard.press('Backspace')
      await ben.waitForTiles(0)
    })

    test('Escape during a drag puts the picture back, for everybody', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      await anna.drop([await samples.file('photos/pic1.jpg')], { x: 400, y: 300 })
      const [tile] = await ben.waitForPainted(1, 'stored')
      await anna.page.mouse.move(400, 300)
      await anna.page.mouse.down()
      await anna.page.mouse.move(600, 500, { steps: 5 })
      await waitForPlace(ben, tile!.id, { x: tile!.x + 200, y: tile!.y + 200 })
      await anna.page.keyboard.press('Escape')
      await anna.page.mouse.up()
      for (const page of [anna, ben]) await waitForPlace(page, tile!.id, { x: tile!.x, y: tile!.y })
    })

    test('on a phone fingers pan, pinch, select and drag', async (t) => {
      const { phone, ben, tile } = await openPhone(t, host)
      const { x, y, w, h } = tile
      const middle = { x: x + w / 2, y: y + h / 2 }

      await swipe(phone, { x: 100, y: 700 }, { x: 160, y: 640 })
      await waitForPlace(phone, tile.id, { x: x + 60, y: y - 60, w })
      await swipe(phone, { x: 160, y: 640 }, { x: 100, y: 700 })
      await waitForPlace(phone, tile.id, { x, y, w })

      await phone.touch('touchStart', { x: 150, y: 400 }, { x: 250, y: 400 })
      for (let i = 1; i <= 5; i++)
        await phone.touch('touchMove', { x: 150 - i * 10, y: 400 }, { x: 250 + i * 10, y: 400 })
      await phone.touch('touchEnd')
      await waitForPlace(phone, tile.id, { w: w * 2 })
      await phone.page.getByRole('button', { name: words.fit }).tap()
      await waitForPlace(phone, tile.id, { x, y, w })

      await swipe(phone, middle, { x: middle.x + 40, y: middle.y + 40 })
      await waitForPlace(phone, tile.id, { x: x + 40, y: y + 40 })
      const before = await ben.tileWithId(tile.id)
      await longPress(phone, { x: middle.x + 40, y: middle.y + 40 })
      await phone.page.locator('[data-image][aria-selected="true"]').waitFor()
      const from = { x: middle.x + 40, y: middle.y + 40 }
      await swipe(phone, from, { x: from.x - 30, y: from.y + 50 })
      const zoom = w / before.w
      await waitForPlace(ben, tile.id, { x: before.x - 30 / zoom, y: before.y + 50 / zoom }, 1)
    })

    test('on a phone Add asks for the source, and a long press opens the menu', async (t) => {
      const { phone, ben, tile } = await openPhone(t, host)
      const { page } = phone
      await page.getByRole('button', { name: words.add, exact: true }).tap()
      await page.getByRole('menuitem', { name: words.takePhoto }).waitFor()
      const chooser = page.waitForEvent('filechooser')
      await page.getByRole('menuitem', { name: words.choose }).tap()
      await (await chooser).setFiles([await samples.file('photos/pic2.jpg')])
      await ben.waitForPainted(2, 'stored')
      await phone.waitForPainted(2, 'stored')

      const { x, y, w, h } = await phone.tileWithId(tile.id)
      await phone.touch('touchStart', { x: x + w / 2, y: y + h / 2 })
      await page.getByRole('menuitem', { name: words.delete, exact: true }).waitFor()
      await phone.touch('touchEnd')
      await page.getByRole('menuitem', { name: words.delete, exact: true }).tap()
      await ben.waitForTiles(1)
      await (await phone.waitForToast(words.deleted(1)))
        .getByRole('button', { name: words.undo })
        .tap()
      await ben.waitForPainted(2, 'stored')
    })
  })

/** Opens a board with one picture for a phone, and for Ben at his desk. */
async function openPhone(t: TestContext, host: Host) {
  const board = await fixture.newBoard()
  const ben = await fixture.openPage(t, host, board)
  const phone = await fixture.openPage(t, host, board, SHARP_PHONE)
  await ben.drop([await samples.file('photos/pic1.jpg')], { x: 600, y: 400 })
  const [tile] = await phone.waitForPainted(1, 'stored')
  await ben.waitForPainted(1, 'stored')
  const still = await waitUntilStill(phone, tile!.id)
  return { ben, phone, tile: still }
}

/**
 * Returns the tile when it has not moved for a few frames: the camera has arrived at the first
 * view.
 */
async function waitUntilStill(page: BoardPage, id: string): Promise<Tile> {
  for (let before = await page.tileWithId(id); ; ) {
    for (let i = 0; i < 4; i++) await page.nextFrame()
    const now = await page.tileWithId(id)
    if (now.x === before.x && now.y === before.y && now.w === before.w) return now
    before = now
  }
}

async function swipe(page: BoardPage, from: { x: number; y: number }, to: typeof from) {
  await page.touch('touchStart', from)
  for (let i = 1; i <= 5; i++) {
    const [x, y] = [from.x + ((to.x - from.x) * i) / 5, from.y + ((to.y - from.y) * i) / 5]
    await page.touch('touchMove', { x, y })
    await page.nextFrame()
  }
  await page.touch('touchEnd')
}

/** Selects a picture, and closes the menu that this opens. */
async function longPress(page: BoardPage, at: { x: number; y: number }) {
  await page.touch('touchStart', at)
  await page.page.getByRole('menu').waitFor()
  await page.touch('touchEnd')
  await page.page.keyboard.press('Escape')
}

/** Resolves when a picture is at that place on the screen, to `off` pixels. */
async function waitForPlace(
  page: BoardPage,
  id: string,
  to: { x?: number; y?: number; w?: number },
  off = 0.2,
): Promise<void> {
  await page.waitUntil(
    ([id, to, off]) => {
      const box = document.querySelector(`[data-image="${id}"]`)?.getBoundingClientRect()
      const now = box && { x: box.x, y: box.y, w: box.width }
      const is = (key: 'x' | 'y' | 'w') =>
        to[key] === undefined || Math.abs(now![key] - to[key]) < off
      return now !== undefined && is('x') && is('y') && is('w')
    },
    [id, to, off] as const,
  )
}

const isFocused = ({ page }: BoardPage, { id }: Tile): Promise<boolean> =>
  page.evaluate((id) => (document.activeElement as HTMLElement).dataset['image'] === id, id)
