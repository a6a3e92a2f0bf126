import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { HOSTS, openFixture } from '../support/e2e-fixture.ts'
import type { BoardPage } from '../support/page.ts'

const ui = { ...words, ...overlayWords }

const { fixture, samples } = await openFixture()

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('W37: the name is asked once, after the first picture; without one a visitor is a Guest', async (t) => {
      const board = await fixture.newBoard()
      const anna = await fixture.openPage(t, host, board)
      await anna.page.getByRole('button', { name: ui.here(1) }).waitFor()
      const form = (page: BoardPage) => page.page.getByRole('form', { name: ui.askName })
      const ben = await fixture.openPage(t, host, board)
      await ben.page.getByRole('button', { name: ui.here(2) }).waitFor()
      for (const page of [anna, ben]) {
        assert.equal(await form(page).count(), 0, 'nobody is asked who only looks')
        await page.drop([await samples.file('photos/pic1.jpg')], { x: 500, y: 400 })
        await form(page).waitFor()
      }
      // A page that goes while it sends leaves errors in its console.
      for (const page of [anna, ben]) await page.waitForPainted(2, 'stored')
      await anna.page.getByRole('textbox', { name: ui.askName }).fill('Анна')
      await anna.page.keyboard.press('Enter')
      await form(anna).waitFor({ state: 'detached' })
      await form(ben).getByRole('button', { name: ui.skip }).click()
      await form(ben).waitFor({ state: 'detached' })

      await ben.page.getByRole('button', { name: ui.here(2) }).click()
      await ben.page.getByRole('listitem').filter({ hasText: 'Анна' }).waitFor()
      const seen = await ben.page.getByRole('listitem').locator('.avatar').evaluate(avatarOf)
      const own = await anna.page.locator('.avatar.own').evaluate(avatarOf)
      assert.deepEqual(seen, own, 'the same initial and colour on both')
      assert.equal(seen[0], 'А')
      await anna.page.getByRole('button', { name: ui.here(2) }).click()
      await anna.page.getByRole('listitem').filter({ hasText: ui.guest }).waitFor()

      for (const page of [anna, ben]) {
        await page.page.reload()
        await page.waitForLive()
      }
      await ben.page.getByRole('button', { name: ui.here(2) }).waitFor()
      await ben.page.locator('.avatars .avatar:not(.own)', { hasText: 'А' }).waitFor()
      for (const page of [anna, ben]) assert.equal(await form(page).count(), 0, 'never again')
      await anna.page.close()
      await ben.page.getByRole('button', { name: ui.here(1) }).waitFor()
    })

    test('a name given in one tab is taken by the others of its browser', async (t) => {
      const board = await fixture.newBoard()
      const anna = await fixture.openPage(t, host, board)
      const tab = await anna.page.context().newPage()
      await tab.goto(anna.page.url())
      const ben = await fixture.openPage(t, host, board)
      await anna.drop([await samples.file('photos/pic1.jpg')], { x: 500, y: 400 })
      await anna.waitForPainted(1, 'stored')
      await anna.page.getByRole('form', { name: ui.askName }).waitFor()
      await tab.keyboard.press('p')
      await tab.getByRole('textbox', { name: ui.askName }).fill('Анна')
      await tab.keyboard.press('Enter')
      await anna.page.locator('.avatar.own', { hasText: 'А' }).waitFor()
      await anna.page.getByRole('form', { name: ui.askName }).waitFor({ state: 'detached' })
      await anna.page.close()
      await ben.page.locator('.avatars .avatar:not(.own)', { hasText: 'А' }).waitFor()
    })

    test("others' pointers and selections are seen, with their names", async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      await anna.drop([await samples.file('photos/pic1.jpg')], { x: 500, y: 400 })
      await ben.waitForPainted(1, 'stored')
      const [mine] = await anna.waitForPainted(1, 'stored')
      const [theirs] = await ben.tiles()
      await anna.page.mouse.move(mine!.x + 30, mine!.y + 20)
      await anna.page.mouse.move(mine!.x + 40, mine!.y + 20)
      await ben.waitUntil(
        ([x, y]) => {
          const box = document.querySelector('.remote-cursor')?.getBoundingClientRect()
          return box !== undefined && Math.hypot(box.x - x, box.y - y) < 2
        },
        [theirs!.x + 40, theirs!.y + 20] as const,
      )
      assert.equal(await ben.page.locator('.remote-cursor .name-tab').textContent(), ui.guest)

      await anna.page.mouse.click(mine!.x + 40, mine!.y + 20)
      const outline = ben.page.locator(`[data-remote-selection="${mine!.id}"]`)
      await outline.waitFor()
      assert.equal(await outline.textContent(), ui.guest)
      await anna.page.keyboard.press('Shift+ArrowRight')
      await ben.waitUntil(
        ([id, x]) => {
          const [a, b] = ['data-image', 'data-remote-selection'].map((is) =>
            document.querySelector(`[${is}="${id}"]`)!.getBoundingClientRect(),
          )
          return a!.x > x + 5 && Math.abs(a!.x - b!.x) < 0.6 && Math.abs(a!.width - b!.width) < 0.6
        },
        [theirs!.id, theirs!.x] as const,
      )
      await anna.page.keyboard.press('Escape')
      await outline.waitFor({ state: 'detached' })
      await anna.page.mouse.move(100, 30)
      await ben.page.locator('.remote-cursor').waitFor({ state: 'detached' })
    })

    test('W12: a newcomer sees a resting pointer', async (t) => {
      const board = await fixture.newBoard()
      const anna = await fixture.openPage(t, host, board)
      await anna.page.mouse.move(400, 300)
      const ben = await fixture.openPage(t, host, board)
      await ben.page.locator('.remote-cursor').waitFor()
    })

    test('new pictures beyond an edge are shown there; a click flies to them, Escape back', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      await anna.drop([await samples.file('photos/pic1.jpg')], { x: 500, y: 400 })
      await anna.waitForPainted(1, 'stored')
      const [first] = await ben.waitForPainted(1, 'stored')
      await ben.page.mouse.move(700, 450)
      await ben.page.mouse.wheel(4000, 0)
      await ben.waitForTiles(0)
      assert.equal(await ben.page.locator('.unseen-chip').count(), 0, 'what was seen is not new')

      await anna.drop([await samples.file('photos/pic2.jpg')], { x: 800, y: 300 })
      const chip = ben.page.getByRole('button', { name: ui.newPictures(1) })
      await chip.waitFor()
      assert.match((await chip.getAttribute('class')) ?? '', /left/)
      await chip.click()
      await ben.waitForPainted(2, 'stored')
      await chip.waitFor({ state: 'detached' })
      await ben.page.keyboard.press('Escape')
      await ben.waitForTiles(0)
      await ben.page.keyboard.press('f')
      await ben.waitForPainted(2, 'stored')
      assert.ok(first)
    })

    test("F4: undoing one's own move leaves the other's caption", async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      await anna.drop([await samples.file('photos/pic1.jpg')], { x: 500, y: 400 })
      await ben.waitForPainted(1, 'stored')
      const [tile] = await anna.waitForPainted(1, 'stored')
      const theirs = await ben.tileWithId(tile!.id)
      const x = (page: BoardPage, to: number) =>
        page.waitUntil(
          ([id, to]) =>
            Math.abs(
              document.querySelector(`[data-image="${id}"]`)!.getBoundingClientRect().x - to,
            ) < 0.6,
          [tile!.id, to] as const,
        )
      await anna.page.mouse.click(tile!.x + 40, tile!.y + 40)
      await anna.page.keyboard.press('Shift+ArrowRight')
      await x(ben, theirs.x + 10)
      await ben.page.mouse.click(theirs.x + 50, theirs.y + 40)
      await ben.page.keyboard.press('c')
      await ben.page.locator('.caption-field').fill('Mine')
      await ben.page.keyboard.press('Enter')
      await anna.page.getByRole('option', { name: 'Mine' }).waitFor()
      await anna.page.keyboard.press('Control+z')
      await x(anna, tile!.x)
      await x(ben, theirs.x)
      for (const page of [anna, ben]) assert.equal((await page.tileWithId(tile!.id)).label, 'Mine')
    })
  })

const avatarOf = (avatar: Element): [string | null, string] => [
  avatar.textContent,
  getComputedStyle(avatar).backgroundColor,
]
