import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { activityWords } from '@wirephoto/web/words/activity'
import { homeWords } from '@wirephoto/web/words/home'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { paletteWords } from '@wirephoto/web/words/palette'
import { panelWords } from '@wirephoto/web/words/panels'
import type { Browser } from 'playwright-core'
import { type Host, openFixture, PHONE } from '../support/e2e-fixture.ts'
import type { BoardPage, Tile } from '../support/page.ts'

const PHOTOS = ['photos/pic1.jpg', 'photos/pic2.jpg', 'photos/pic3.jpg']

const { fixture, samples } = await openFixture()

describe('the large view', () => {
  test('a double click opens it, arrows go on in reading order, Escape returns to its tile', async (t) => {
    const { anna, tiles } = await openThree(t, 'wire.test')
    const { page } = anna
    await atCentre(anna, tiles[1]!, (x, y) => page.mouse.dblclick(x, y))
    await waitForLarge(anna, tiles[1]!)
    await page.keyboard.press('ArrowRight')
    await waitForLarge(anna, tiles[2]!)
    await page.keyboard.press('ArrowRight')
    await waitForLarge(anna, tiles[2]!)
    await page.keyboard.press('Home')
    await waitForLarge(anna, tiles[0]!)
    const download = page.waitForEvent('download')
    await page.keyboard.press('d')
    assert.equal((await download).suggestedFilename(), tiles[0]!.label)
    await page.keyboard.press('Escape')
    await waitForClose(anna)
    await waitForFocus(anna, tiles[0]!)
  })

  test('Enter opens the tile with the focus, and its sharp variant is decoded', async (t) => {
    const { anna, tiles } = await openThree(t, 'localhost')
    const { page } = anna
    await page.locator('body').press('Tab')
    await waitForFocus(anna, tiles[0]!)
    const view = await anna.tileWithId(tiles[0]!.id)
    await page.keyboard.press('Enter')
    await waitForLarge(anna, tiles[0]!)
    await anna.waitUntil(() => {
      const sharp = document.querySelector<HTMLImageElement>('.large .sharp.ready')
      const told = document.querySelector('.lightbox .about')?.textContent
      return sharp !== null && sharp.naturalWidth > 0 && told?.includes(' × ') === true
    }, null)
    await page.getByRole('dialog').getByRole('button', { name: words.close }).click()
    await waitForClose(anna)
    await waitForFocus(anna, tiles[0]!)
    assert.deepEqual(await anna.tileWithId(tiles[0]!.id), view, 'the view is as it was')
  })

  test('a late response in another size replaces nothing', async (t) => {
    const { anna, ben } = await fixture.openPair(t, 'localhost')
    const large = await samples.draw('late.jpg', { width: 1500, height: 1000 })
    await anna.drop([large], { x: 300, y: 300 })
    const [tile] = await ben.waitForPainted(1, 'stored')
    await ben.page.locator('.picture.ready:not([src$="/original"])').waitFor()
    const ready = ben.page.locator('.large .sharp.ready[src$="/1280"]')
    // The panel is measured when it is open; until then it has the window's size.
    const late = ben.page.waitForEvent('requestfinished', (request) =>
      request.url().endsWith('/original'),
    )
    await ben.page.route('**/original', async (route) => {
      await ready.waitFor()
      await route.continue()
    })
    await ben.tile(tile!.id).dblclick()
    await late
    await ben.page.unroute('**/original')
    for (let i = 0; i < 10; i++) await ben.nextFrame()
    assert.equal(await ready.count(), 1)
  })

  test('a deleted picture gives way to the next, and the last to the board', async (t) => {
    const { anna, ben, tiles } = await openThree(t, 'wire.test')
    await atCentre(anna, tiles[1]!, (x, y) => anna.page.mouse.dblclick(x, y))
    await waitForLarge(anna, tiles[1]!)
    await removeByMenu(ben, tiles[1]!)
    await waitForLarge(anna, tiles[2]!)
    await anna.waitForToast(panelWords.wasDeleted)
    await anna.page.keyboard.press('Delete')
    await waitForLarge(anna, tiles[0]!)
    await ben.waitForTiles(1)
    await removeByMenu(ben, tiles[0]!)
    await waitForClose(anna)
  })

  test('P17: a notice covers neither the caption nor the buttons, on a phone too', async (t) => {
    const { anna, board, tiles } = await openThree(t, 'wire.test')
    const wireClient = await fixture.openWireClient(t, board)
    const caption = 'A caption that goes on for longer than one line has room. '.repeat(4)
    await wireClient.send({ kind: 'image.patch', id: tiles[0]!.id, set: { caption } })
    const phone = await fixture.openPage(t, 'wire.test', board, PHONE)
    for (const { page } of [anna, phone]) {
      await page.locator(`[data-image="${tiles[0]!.id}"]`).focus()
      await page.keyboard.press('Enter')
      await page.locator('.lightbox .about .caption').waitFor()
      await page.keyboard.press('w')
      const toast = page.locator('.lightbox .toast', { hasText: overlayWords.shownOnScreens })
      await toast.hover()
      const [notice, footer] = await Promise.all([
        toast.boundingBox(),
        page.locator('.lightbox footer').boundingBox(),
      ])
      assert.ok(notice!.y + notice!.height <= footer!.y, `${notice!.y} is above ${footer!.y}`)
      assert.ok(notice!.y >= 0)
    }
  })

  test('on a phone a tap opens it, a swipe goes on, a swipe down closes', async (t) => {
    const { board, tiles } = await openThree(t, 'wire.test')
    const phone = await fixture.openPage(t, 'wire.test', board, PHONE)
    await phone.waitForPainted(3, 'stored')
    await atCentre(phone, tiles[0]!, (x, y) => phone.page.touchscreen.tap(x, y))
    await waitForLarge(phone, tiles[0]!)
    await swipe(phone, [300, 400], [120, 410])
    await waitForLarge(phone, tiles[1]!)
    await swipe(phone, [120, 400], [300, 410])
    await waitForLarge(phone, tiles[0]!)
    await swipe(phone, [200, 300], [205, 520])
    await waitForClose(phone)
  })

  test('G34, G35, G36, G37, G40: wheel, mouse and keys zoom it, to the sharp file and within bounds', async (t) => {
    const { anna, tiles } = await openStored(t, [
      { width: 2400, height: 1600 },
      { width: 300, height: 200 },
    ])
    const { page } = anna
    await atCentre(anna, tiles[0]!, (x, y) => page.mouse.dblclick(x, y))
    await page.locator('.large .sharp.ready[src$="/1280"]').waitFor()
    // It has grown from its tile.
    await anna.waitUntil(
      () => document.querySelector('[data-large]')!.getAnimations().length === 0,
      null,
    )
    const whole = await boxOfLarge(anna)
    const frame = (await page.locator('.lightbox .frame').boundingBox())!

    await page.mouse.move(500, 300)
    for (let turn = 0; turn < 6; turn++) await page.mouse.wheel(0, -120)
    await waitForScale(anna, whole.width * 3)
    const zoomed = await boxOfLarge(anna)
    const under = ({ x, width }: Box, at: number) => (at - x) / width
    assert.ok(Math.abs(under(zoomed, 500) - under(whole, 500)) < 0.01, 'the same is under it')
    // The variant stays until the file is decoded.
    assert.ok((await page.locator('.large .sharp.ready').count()) > 0)
    await page.locator('.large .sharp.ready[src$="/original"]').waitFor()

    await page.mouse.down()
    await page.mouse.move(460, 290, { steps: 4 })
    const dragged = await boxOfLarge(anna)
    assert.ok(Math.abs(dragged.x - zoomed.x + 40) < 1 && Math.abs(dragged.y - zoomed.y + 10) < 1)
    await page.mouse.up()
    // So far that it gets beyond its bounds, however slowly.
    await page.mouse.move(100, 290)
    await page.mouse.down()
    await page.mouse.move(1340, 290, { steps: 4 })
    await page.mouse.up()
    await anna.waitUntil((left) => {
      const { x } = document.querySelector('[data-large]')!.getBoundingClientRect()
      return Math.abs(x - left) < 1
    }, frame.x)
    assert.equal(await page.locator('[data-large]').count(), 1, 'a drag closes nothing')

    await page.keyboard.press('0')
    await page.locator('.frame:not(.zoomed)').waitFor()
    assert.deepEqual(await boxOfLarge(anna), whole)
    await page.mouse.dblclick(700, 400)
    await waitForScale(anna, whole.width * 2)
    await page.mouse.dblclick(700, 400)
    await page.locator('.frame:not(.zoomed)').waitFor()

    await page.emulateMedia({ reducedMotion: 'reduce' })
    const [before, after] = await page.evaluate(() => {
      const large = document.querySelector('[data-large]')!
      const width = () => large.getBoundingClientRect().width
      const first = width()
      large.dispatchEvent(new KeyboardEvent('keydown', { key: '+', bubbles: true }))
      return [first, width()]
    })
    assert.ok(Math.abs(after! - before! * 1.5) < 1, 'without motion it is there at once')
    await page.emulateMedia({ reducedMotion: null })
    const { x } = await boxOfLarge(anna)
    await page.keyboard.press('ArrowRight')
    await anna.waitUntil(
      (left) => document.querySelector('[data-large]')!.getBoundingClientRect().x < left - 5,
      x,
    )
    await waitForLarge(anna, tiles[0]!)
    await page.keyboard.press('PageDown')
    await waitForLarge(anna, tiles[1]!)
    assert.equal(await page.locator('.frame.zoomed').count(), 0)
    const next = await boxOfLarge(anna)
    assert.ok(next.x >= frame.x && next.x + next.width <= frame.x + frame.width)
  })

  test('G41, G42: its caption is edited in place, and shown in one line', async (t) => {
    const { anna, ben, tiles } = await openStored(t, [
      { width: 400, height: 300 },
      { width: 300, height: 200 },
    ])
    const { page } = anna
    await atCentre(anna, tiles[0]!, (x, y) => page.mouse.dblclick(x, y))
    const lightbox = page.locator('.lightbox')
    const field = lightbox.getByRole('textbox')
    await lightbox.getByRole('button', { name: panelWords.addCaption }).click()
    // Letters are text there, and no keys.
    await page.keyboard.type('A dew cd')
    await page.keyboard.press('Enter')
    await ben.page.locator('.tile .visually-hidden', { hasText: 'A dew cd' }).waitFor({
      state: 'attached',
    })
    const caption = lightbox.locator('.caption')
    await caption.filter({ hasText: 'A dew cd' }).waitFor()
    await page.keyboard.press('c')
    await field.fill('called off')
    await page.keyboard.press('Escape')
    await field.waitFor({ state: 'detached' })
    await caption.filter({ hasText: 'A dew cd' }).waitFor()

    await page.keyboard.press('c')
    const long = 'A caption that goes on for longer than one line has room. '.repeat(4).trim()
    await field.fill(long)
    // A press beside the field ends it, and nothing more.
    await page.mouse.click(720, 8)
    await field.waitFor({ state: 'detached' })
    const height = async () => (await caption.boundingBox())!.height
    await page.mouse.move(720, 8)
    await page.getByRole('button', { name: words.close }).focus()
    await lightbox.locator('.lines:not(.whole)').waitFor()
    const cut = await height()
    assert.ok(cut < 30, `one line is ${cut} px high`)
    await caption.hover()
    await lightbox.locator('.lines.whole').waitFor()
    assert.ok((await height()) > cut * 1.5)

    // Who deletes it meanwhile takes it from somebody.
    await page.keyboard.press('c')
    await field.waitFor()
    await removeByMenu(ben, tiles[0]!)
    await lightbox.getByText(overlayWords.deletedByOther.captioned('', 1)).waitFor()
    await waitForLarge(anna, tiles[1]!)
  })

  test('it is pushed to the wall with W', async (t) => {
    const { anna, ben, board, tiles } = await openThree(t, 'wire.test')
    await ben.page.goto(new URL(`/b/${board}/show`, ben.page.url()).href)
    await ben.page.locator('.wall-frame img').first().waitFor()
    await atCentre(anna, tiles[0]!, (x, y) => anna.page.mouse.click(x, y))
    await anna.page.keyboard.press('w')
    await (await anna.waitForToast(overlayWords.shownOnScreens))
      .getByRole('button', { name: words.openWall })
      .waitFor()
    await ben.waitUntil(
      (name) => document.querySelector('.wall-frame img:last-child')?.getAttribute('alt') === name,
      tiles[0]!.label,
    )
  })
})

describe('the trash', () => {
  test('R4, G23, G28, G30: by keyboard alone pictures are restored and marked; others are told and call it off', async (t) => {
    const { anna, ben, tiles } = await openThree(t, 'wire.test')
    const { keyboard } = anna.page
    for (const page of [anna, ben]) await page.page.locator('body').press('Shift+T')
    await ben.page.getByText(panelWords.trashEmpty).waitFor()
    await keyboard.press('Escape')
    await waitForClose(anna)
    await keyboard.press('Control+a')
    await keyboard.press('Delete')
    await waitForTrash(ben, 3)
    await keyboard.press('Shift+T')
    await waitForTrash(anna, 3)

    const first = anna.page.getByRole('checkbox', { name: tiles[0]!.label })
    while (!(await first.evaluate((each) => each === document.activeElement)))
      await keyboard.press('Tab')
    await keyboard.press('Space')
    await pressWithTab(anna, panelWords.putBack)
    for (const page of [anna, ben]) await waitForTrash(page, 2)
    await anna.waitUntil(
      () => document.activeElement?.closest('.trash') !== null && document.hasFocus(),
      null,
    )
    await ben.waitForTiles(1)

    await pressWithTab(anna, panelWords.emptyTrash)
    await anna.page.getByText(panelWords.askForGood(2)).waitFor()
    await keyboard.press('Enter')
    await waitForTrash(anna, 2)
    await pressWithTab(anna, panelWords.emptyTrash)
    await pressWithTab(anna, panelWords.deleteForGood)
    await anna.waitForToast(panelWords.goForGood(2))
    for (const page of [anna, ben]) await waitForMarked(page, 2)
    await anna.page
      .getByRole('button', { name: panelWords.emptyTrash })
      .waitFor({ state: 'detached' })
    await pressWithTab(anna, `${panelWords.keep}: ${tiles[1]!.label}`)
    for (const page of [anna, ben]) await waitForMarked(page, 1)
    await anna.waitUntil(() => document.activeElement?.closest('.trash li') !== null, null)

    const told = await ben.waitForToast(overlayWords.markedByOther('', 2, false))
    await told.getByRole('button', { name: overlayWords.callOff }).click()
    for (const page of [anna, ben]) await waitForMarked(page, 0)
    await waitForTrash(anna, 2)
    await keyboard.press('Escape')
    await waitForClose(anna)
    await anna.waitForTiles(1)
  })

  test('G28, G29: whose picture shall go for good is told so, and who did it takes it back', async (t) => {
    const { anna, ben, tiles } = await dropThree(t)
    await removeByMenu(ben, tiles[0]!)
    await ben.page.keyboard.press('Shift+T')
    await ben.page.getByRole('checkbox', { name: tiles[0]!.label }).check()
    for (let i = 0; i < 2; i++)
      await ben.page.getByRole('button', { name: panelWords.deleteForGood }).click()
    await anna.waitForToast(overlayWords.markedByOther('', 1, true))
    await (await ben.waitForToast(panelWords.goForGood(1)))
      .getByRole('button', { name: words.undo })
      .click()
    await waitForMarked(ben, 0)
    await anna.page.locator('.toast', { hasText: 'for good' }).waitFor({ state: 'detached' })
    await ben.page
      .getByRole('button', { name: `${panelWords.putBack}: ${tiles[0]!.label}` })
      .click()
    await anna.waitForTiles(3)
  })

  test('R14, W77: the retention of the trash is set for everybody, and each picture has its days', async (t) => {
    const { anna, ben } = await openThree(t, 'localhost')
    await anna.page.keyboard.press('Control+a')
    await anna.page.keyboard.press('Delete')
    await ben.waitForTiles(0)
    const told = (page: BoardPage, left: number) =>
      page.page.locator('[data-trashed]', { hasText: panelWords.daysLeft(left) })
    const days = (page: BoardPage) => page.page.getByLabel(panelWords.trashDays)
    for (const page of [anna, ben])
      await page.page.getByRole('button', { name: words.trash }).first().click()
    await told(anna, 30).nth(2).waitFor()
    await days(anna).fill('400')
    await days(anna).press('Tab')
    await ben.waitUntil(
      () => document.querySelector<HTMLInputElement>('.days input')?.value === '365',
      null,
    )
    await days(ben).fill('7')
    await days(ben).press('Enter')
    await anna.waitUntil(
      () => document.querySelector<HTMLInputElement>('.days input')?.value === '7',
      null,
    )
    for (const page of [anna, ben]) await told(page, 7).nth(2).waitFor()
  })

  test('touch restores a deleted picture', async (t) => {
    const { board, anna } = await openThree(t, 'wire.test')
    await anna.page.keyboard.press('Control+a')
    await anna.page.keyboard.press('Delete')
    await anna.waitForTiles(0)
    const phone = await fixture.openPage(t, 'wire.test', board, PHONE)
    await phone.page.getByRole('button', { name: words.more }).tap()
    await phone.page.getByRole('menuitem', { name: words.trash }).tap()
    await waitForTrash(phone, 3)
    await phone.page
      .getByRole('button', { name: /^Put back: / })
      .first()
      .tap()
    await waitForTrash(phone, 2)
    await anna.waitForTiles(1)
  })
})

describe('the activity', () => {
  test('G31, G32: owners see who did what as it comes, and put back what was deleted', async (t) => {
    const { anna, ben, tiles } = await dropThree(t)
    await anna.page.getByRole('button', { name: words.boardMenu }).click()
    await anna.page.getByRole('menuitem', { name: overlayWords.activity }).click()
    const told = (text: RegExp) => anna.page.locator('.activity li', { hasText: text })
    await told(/^.*You added/)
      .first()
      .waitFor()
    await removeByMenu(ben, tiles[0]!)
    const entry = told(/Somebody deleted 1 picture\./)
    await entry.getByText(tiles[0]!.label).waitFor()
    // SHOT desktop
    await entry.getByRole('button', { name: panelWords.putBack }).click()
    await ben.waitForTiles(3)
    await told(/You put back 1 picture\./).waitFor()
    await entry.getByRole('button', { name: activityWords.openLarge(tiles[0]!.label) }).click()
    await waitForLarge(anna, tiles[0]!)
  })

  test('G33: on a phone it is there, and says so when the list can not be had', async (t) => {
    const { board } = await openThree(t, 'wire.test')
    const phone = await fixture.openPage(t, 'wire.test', board, {
      ...PHONE,
      allowedErrors: /Failed to load resource/,
    })
    await phone.page.route('**/audit', (route) => route.abort())
    await phone.page.getByRole('button', { name: words.more }).tap()
    await phone.page.getByRole('menuitem', { name: overlayWords.activity }).tap()
    const panel = phone.page.getByRole('dialog')
    await panel.getByText(words.serverGone).waitFor()
    await phone.page.unroute('**/audit')
    await panel.getByRole('button', { name: activityWords.again }).tap()
    await panel.getByText(/added/).first().waitFor()
    // SHOT phone
    const { width } = PHONE.viewport
    const isWide = await panel.evaluate((each, most) => each.scrollWidth > most, width)
    assert.equal(isWide, false)
  })
})

describe('the visited boards', () => {
  test("lists this browser's boards, the newest first, and removes them", async (t) => {
    const { anna, board } = await openThree(t, 'wire.test')
    const { page } = anna
    await page.locator('h1 button').click()
    await page.keyboard.type('Contact sheets')
    await page.keyboard.press('Enter')
    const other = await fixture.newBoard()
    await anna.goto(`/b/${other}`)
    await page.getByRole('button', { name: words.boardMenu }).click()
    await page.getByRole('menuitem', { name: words.boards }).click()
    const names = () => page.locator('.boards .name').allTextContents()
    const [here, last] = await names()
    assert.deepEqual([here, last], [words.untitled, 'Contact sheets'])
    assert.ok((await names()).includes(words.frontBoard), 'the front board is always there')
    const cover = page.locator('.boards li', { hasText: 'Contact sheets' }).locator('img')
    assert.ok(await cover.evaluate((img: HTMLImageElement) => img.decode().then(() => true)))

    await page.getByRole('button', { name: homeWords.forget('Contact sheets') }).click()
    assert.ok(!(await names()).includes('Contact sheets'))
    const toast = await anna.waitForToast(homeWords.forgotten('Contact sheets'))
    await toast.getByRole('button', { name: words.undo }).click()
    await page.getByRole('link', { name: 'Contact sheets' }).click()
    await page.waitForURL(`**/b/${board}`)
    await anna.waitForLive()
    await anna.waitForPainted(3, 'stored')
  })

  test('without storage the list has the current board', async (t) => {
    const { board } = await openThree(t, 'wire.test')
    const context = await fixture.browser.newContext()
    t.after(() => context.close())
    await context.addInitScript(() => {
      Object.defineProperty(window, 'localStorage', {
        get: () => {
          throw new DOMException('No', 'SecurityError')
        },
      })
    })
    const page = await fixture.openPage(t, 'wire.test', board, { context })
    await page.page.locator('body').press('b')
    await page.page.getByText(panelWords.boardsForgotten).waitFor()
    assert.equal(await page.page.locator('.boards a[aria-current]').count(), 1)
    await page.page.keyboard.press('Escape')
    await page.page.keyboard.press('Shift+L')
    await page.waitUntil(() => document.documentElement.dataset['theme'] === 'dark', null)
  })
})

describe('actions', () => {
  test('the palette finds an action by its name, runs it, and gives the focus back', async (t) => {
    const { anna, ben, tiles } = await openThree(t, 'localhost')
    const { page } = anna
    await page.locator('body').press('Tab')
    await waitForFocus(anna, tiles[0]!)
    await page.keyboard.press('Control+k')
    await page.locator('.palette input').waitFor()
    await page.keyboard.type('nothing like it')
    await page.getByText(panelWords.paletteNothing).waitFor()
    await page.keyboard.press('Control+k')
    await waitForClose(anna)
    await waitForFocus(anna, tiles[0]!)
    await page.keyboard.press('Control+k')
    await page.keyboard.type('dele')
    await page.keyboard.press('Enter')
    await waitForClose(anna)
    await ben.waitForTiles(2)
  })

  test("I51 to I53: the palette goes to a picture, and says what can't be done yet", async (t) => {
    const { anna, tiles } = await openThree(t, 'wire.test')
    const { page } = anna
    await page.locator('.overlay').waitFor({ state: 'attached' })
    await page.mouse.click(1000, 800)
    await page.keyboard.press('Control+k')
    const field = page.getByRole('combobox')
    await field.fill('throw')
    await field.fill('crop')
    await page.getByText(paletteWords.notYet.crop.sentence).waitFor()
    await field.fill('zoom out whole')
    await page.getByRole('option', { name: words.fitAll }).waitFor()
    await field.fill(tiles[2]!.label.slice(0, 4))
    await page.locator('.palette .choice', { hasText: tiles[2]!.label }).click()
    await waitForClose(anna)
    await anna.waitUntil((id) => {
      const tile = document.querySelector(`[data-image="${id}"]`)!
      const { left, top, right, bottom, height } = tile.getBoundingClientRect()
      const isNear = left > 0 && top > 0 && right < innerWidth && height > innerHeight / 3
      return tile.classList.contains('selected') && isNear && bottom < innerHeight
    }, tiles[2]!.id)
  })

  test('I54: the ground has a menu, by the right button and by Shift F10', async (t) => {
    const { anna } = await openThree(t, 'wire.test')
    const { page } = anna
    await page.locator('.overlay').waitFor({ state: 'attached' })
    await page.mouse.click(1000, 800, { button: 'right' })
    const items = page.getByRole('menuitem')
    await items.filter({ hasText: words.selectAll }).click()
    await anna.waitUntil((n) => document.querySelectorAll('.tile.selected').length === n, 3)
    await page.keyboard.press('Escape')
    await page.mouse.click(1000, 800)
    await page.keyboard.press('Shift+F10')
    await items.filter({ hasText: words.choose }).waitFor()
    const labels = await items.locator('span').allInnerTexts()
    for (const label of [words.tidy, words.fitAll, words.share])
      assert.ok(labels.includes(label), `${label} is not in ${labels}`)
    // A page on plain http can't read the clipboard.
    assert.ok(!labels.includes(overlayWords.paste))
    await page.keyboard.press('Escape')
    await page.getByRole('menu').waitFor({ state: 'detached' })
  })

  test('I55: Paste adds what the clipboard has', async (t) => {
    const { anna } = await fixture.openPair(t, 'localhost')
    const { page, context } = anna
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 300, height: 200 })
      canvas.getContext('2d')!.fillRect(20, 20, 100, 100)
      const png = await new Promise<Blob | null>((done) => canvas.toBlob(done))
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': png! })])
    })
    await page.locator('.overlay').waitFor({ state: 'attached' })
    await page.mouse.click(1000, 700, { button: 'right' })
    await page.getByRole('menuitem', { name: overlayWords.paste }).click()
    await anna.waitForPainted(1, 'stored')
  })

  test('I54: a long press on the ground opens its menu', async (t) => {
    const board = await fixture.newBoard()
    const phone = await fixture.openPage(t, 'wire.test', board, PHONE)
    await phone.page.locator('.overlay').waitFor({ state: 'attached' })
    await phone.touch('touchStart', { x: 195, y: 250 })
    await phone.page.getByRole('menuitem', { name: words.choose }).waitFor()
    await phone.touch('touchEnd')
    await phone.page.getByRole('menuitem', { name: words.share }).tap()
    await phone.page.getByRole('dialog').waitFor()
  })

  test('every key of the key sheet is shown by its button or menu too', async (t) => {
    const { anna } = await openThree(t, 'localhost')
    const { page } = anna
    await page.keyboard.press('?')
    const rows = page.locator('.key-sheet dl > div')
    await rows.first().waitFor()
    const sheet = new Map<string, string>()
    for (const text of await rows.allInnerTexts()) {
      const [label, keys] = text.split('\n')
      sheet.set(label!, keys ?? '')
    }
    await page.keyboard.press('Escape')
    await waitForClose(anna)
    await page.keyboard.press('Control+k')
    await page.locator('.palette input').waitFor()
    const palette = await page.locator('.palette .choice').allInnerTexts()
    assert.ok(palette.length > 12)
    for (const text of palette) {
      const [label, key] = text.split('\n')
      if (!key) continue
      assert.ok(sheet.get(label!)?.startsWith(key!), `${label} stands in the sheet with ${key}`)
    }
    assert.equal(await page.locator('.icon:empty').count(), 0, 'every icon has its shape')
  })

  test('a menu that can not be loaded says so, and opens when it can', async (t) => {
    if (!(await fetchesFailedModulesAgain(fixture.browser)))
      return t.skip('needs a browser that fetches a failed module again: apt-get install chromium')
    const context = await fixture.browser.newContext()
    t.after(() => context.close())
    await context.route('**/assets/lazy-*.js', (route) => route.abort())
    const allowedErrors = /ERR_FAILED/
    const anna = await fixture.openPage(t, 'wire.test', await fixture.newBoard(), {
      context,
      allowedErrors,
    })
    const menu = anna.page.getByRole('button', { name: words.boardMenu })
    await menu.click()
    await anna.waitForToast(words.partMissing)
    await anna.page.locator('[aria-haspopup=menu][aria-expanded=false]').waitFor()
    await context.unroute('**/assets/lazy-*.js')
    await menu.click()
    await anna.page.getByRole('menuitem', { name: words.boards }).waitFor()
  })

  test('the theme is kept, applied before the first paint, and shared with other tabs', async (t) => {
    const { anna } = await openThree(t, 'wire.test')
    const { page, context } = anna
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const bar = () => page.locator('meta[name="theme-color"]').first().getAttribute('content')
    const tab = await context.newPage()
    await tab.goto(page.url())
    await page.bringToFront()
    await page.keyboard.press(',')
    await page.getByRole('radio', { name: panelWords.looks.dark }).check()
    assert.equal(await ground(), 'rgb(20, 20, 20)')
    assert.equal(await bar(), '#141414')
    await tab.waitForFunction(() => document.documentElement.dataset['theme'] === 'dark')
    await tab.close()
    await page.route('**/assets/*.js', (route) => route.abort())
    anna.allowedErrors = /ERR_FAILED/
    await page.reload()
    assert.equal(await ground(), 'rgb(20, 20, 20)', 'before any of the page has run')
    await page.unroute('**/assets/*.js')
    await page.reload()
    await anna.waitForLive()
    await page.keyboard.press(',')
    await page.getByRole('radio', { name: panelWords.looks.system }).check()
    assert.equal(await ground(), 'rgb(245, 245, 244)')
  })

  test('a link to a board has a preview picture that we serve', async () => {
    const html = await (await fetch(fixture.server.url)).text()
    const [, address] = /property="og:image" content="([^"]+)"/.exec(html) ?? []
    const { host, pathname } = new URL(address!)
    assert.equal(host, `wire.test:${fixture.server.port}`)
    const image = await fetch(new URL(pathname, fixture.server.url))
    assert.equal(image.status, 200)
    assert.equal(image.headers.get('content-type'), 'image/png')
  })

  test('J9: that the board keeps metadata is said to everybody, now and later', async (t) => {
    const { anna, ben, board } = await fixture.openPair(t, 'localhost')
    const box = (page: BoardPage) => page.page.getByLabel(panelWords.keepMetadata)
    // The code that tells is fetched once the board is live.
    for (const page of [anna, ben])
      await page.page.locator('.overlay').waitFor({ state: 'attached' })
    for (const page of [anna, ben]) await page.page.keyboard.press(',')
    await box(anna).check()
    await ben.waitUntil(
      () => document.querySelector<HTMLInputElement>('.tick input')!.checked,
      null,
    )
    /** Waits until all have read the notice, which passes. */
    const told = (pages: BoardPage[], sentence: string) =>
      Promise.all(pages.map((page) => page.waitForToast(sentence)))
    const begun = told([anna, ben], overlayWords.metadataKeptNow)
    for (const page of [anna, ben]) await page.page.keyboard.press('Escape')
    await begun
    const later = await fixture.openPage(t, 'localhost', board)
    const standing = (page: BoardPage) =>
      page.page.getByRole('button', { name: overlayWords.metadataKept })
    for (const page of [anna, ben, later]) await standing(page).waitFor()
    const cutOff = await standing(later).evaluate((it) => it.scrollWidth > it.clientWidth)
    assert.ok(!cutOff, 'it is read whole')
    await standing(later).click()
    const ended = told([anna, ben, later], overlayWords.metadataScrubbedNow)
    await box(later).uncheck()
    await later.page.keyboard.press('Escape')
    await ended
    for (const page of [anna, ben, later]) await standing(page).waitFor({ state: 'detached' })
  })
})

/** Opens a board with three photos in a row, which a script has stored, for two people. */
async function openThree(t: TestContext, host: Host) {
  const pair = await fixture.openPair(t, host)
  for (const [i, name] of PHOTOS.entries()) {
    const file = await samples.file(name, { seed: i })
    await fixture.storePicture(pair.board, file, { x: i * 300, y: 0, w: 240 })
  }
  for (const page of [pair.anna, pair.ben]) await page.waitForPainted(3, 'stored')
  const tiles = (await pair.anna.tiles()).sort((a, b) => a.x - b.x)
  return { ...pair, tiles }
}

/** Opens a board with three photos in a row, which one of two people has added. */
async function dropThree(t: TestContext) {
  const pair = await fixture.openPair(t, 'wire.test')
  for (const [i, name] of PHOTOS.entries()) {
    await pair.anna.drop([await samples.file(name, { seed: i })], { x: 300 + i * 300, y: 400 })
    await pair.anna.waitForPainted(i + 1, 'stored')
  }
  await pair.ben.waitForPainted(3, 'stored')
  const tiles = (await pair.anna.tiles()).sort((a, b) => a.x - b.x)
  return { ...pair, tiles }
}

/** Opens a board with pictures of these shapes in a row, which a script has stored, for two people. */
async function openStored(t: TestContext, shapes: readonly { width: number; height: number }[]) {
  const pair = await fixture.openPair(t, 'wire.test')
  for (const [seed, shape] of shapes.entries()) {
    const file = await samples.draw(`stored-${seed}.jpg`, { ...shape, seed })
    await fixture.storePicture(pair.board, file, { x: seed * 400, y: 0, w: 300 })
  }
  for (const page of [pair.anna, pair.ben]) await page.waitForPainted(shapes.length, 'stored')
  const tiles = (await pair.anna.tiles()).sort((a, b) => a.x - b.x)
  return { ...pair, tiles }
}

async function atCentre<T>(
  page: BoardPage,
  { id }: Tile,
  run: (x: number, y: number) => Promise<T>,
): Promise<T> {
  const { x, y, w, h } = await page.tileWithId(id)
  return run(x + w / 2, y + h / 2)
}

/** Deletes by the menu. */
async function removeByMenu(page: BoardPage, tile: Tile): Promise<void> {
  await atCentre(page, tile, (x, y) => page.page.mouse.click(x, y))
  await page.page.keyboard.press('Delete')
}

type Box = NonNullable<Awaited<ReturnType<ReturnType<BoardPage['page']['locator']>['boundingBox']>>>

const boxOfLarge = async ({ page }: BoardPage): Promise<Box> =>
  (await page.locator('[data-large]').boundingBox())!

/** Resolves when the large picture has come to a width of at least so many pixels. */
const waitForScale = (page: BoardPage, width: number): Promise<void> =>
  page.waitUntil(
    (least) =>
      document.querySelector('[data-large]')!.getBoundingClientRect().width > least * 0.999,
    width,
  )

const waitForLarge = (page: BoardPage, { id }: Tile): Promise<void> =>
  page.page.locator(`[data-large="${id}"]`).waitFor()

const waitForClose = (page: BoardPage): Promise<void> =>
  page.page.locator('dialog').waitFor({ state: 'detached' })

const waitForFocus = (page: BoardPage, { id }: Tile): Promise<void> =>
  page.waitUntil((id) => (document.activeElement as HTMLElement)?.dataset['image'] === id, id)

const waitForTrash = (page: BoardPage, count: number): Promise<void> =>
  page.waitUntil((n) => document.querySelectorAll('[data-trashed]').length === n, count)

/** Waits until so many pictures in the trash go for good. */
const waitForMarked = (page: BoardPage, count: number): Promise<void> =>
  page.waitUntil((n) => document.querySelectorAll('[data-trashed] .going').length === n, count)

/** Moves the focus to a button by Tab, and presses it with Enter. */
async function pressWithTab({ page }: BoardPage, name: string): Promise<void> {
  const button = page.getByRole('dialog').getByRole('button', { name, exact: true })
  await button.waitFor()
  while (!(await button.evaluate((each) => each === document.activeElement)))
    await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
}

async function swipe(
  page: BoardPage,
  [x, y]: readonly [number, number],
  to: readonly [number, number],
): Promise<void> {
  await page.touch('touchStart', { x, y })
  for (let i = 1; i <= 4; i++)
    await page.touch('touchMove', { x: x + ((to[0] - x) * i) / 4, y: y + ((to[1] - y) * i) / 4 })
  await page.touch('touchEnd')
}

/** Whether an import that failed can succeed later on the same page: some versions of Chromium keep failures. */
async function fetchesFailedModulesAgain(browser: Browser): Promise<boolean> {
  const page = await browser.newPage()
  try {
    await page.route('http://wire.test/**', (route) => {
      if (route.request().url().endsWith('.js')) return route.abort()
      return route.fulfill({ contentType: 'text/html', body: '' })
    })
    await page.goto('http://wire.test/')
    const importModule = (): Promise<boolean> =>
      page.evaluate((path) => import(path).then(Boolean, () => false), '/module.js')
    await importModule()
    await page.unroute('http://wire.test/**')
    await page.route('http://wire.test/module.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: 'export {}' }),
    )
    return await importModule()
  } finally {
    await page.close()
  }
}
