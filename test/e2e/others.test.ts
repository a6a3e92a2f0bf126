import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { panelWords } from '@wirephoto/web/words/panels'
import { wallWords } from '@wirephoto/web/words/wall'
import sharp from 'sharp'
import { HOSTS, openFixture } from '../support/e2e-fixture.ts'
import { type BoardPage, middleOf, type Tile } from '../support/page.ts'

const { fixture, samples } = await openFixture()
const { deletedByOther } = overlayWords
const MIDDLE = { x: 720, y: 400 }

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('G14: who deleted what one has selected is told, and it can be put back', async (t) => {
      const { anna, ben, tiles } = await openTwo(t, host)
      await nameThem(ben, 'Ben')
      await anna.page.keyboard.press('Control+a')
      await ben.page.mouse.click(...middleOf(tiles[0]!))
      await anna.page.locator(`[data-remote-selection="${tiles[0]!.id}"]`).waitFor()
      await ben.page.keyboard.press('Delete')
      const toast = await anna.waitForToast(deletedByOther.selected('Ben', 1))
      await toast.getByRole('button', { name: panelWords.putBack }).click()
      await ben.waitForTiles(2)
      // One's own deletions are no news.
      await anna.page.keyboard.press('Control+a')
      await anna.page.keyboard.press('Delete')
      await anna.waitForToast(words.deleted(2))
      assert.equal(await anna.page.locator('.toast', { hasText: 'you had selected' }).count(), 0)
    })

    test('G21: what others delete is told to everybody, in one sentence, and can be put back', async (t) => {
      const { anna, ben, tiles } = await openTwo(t, host)
      await nameThem(ben, 'Ben')
      for (const [i, tile] of tiles.entries()) {
        await ben.page.mouse.click(...middleOf(tile))
        await ben.page.keyboard.press('Delete')
        await anna.waitForToast(deletedByOther.any('Ben', i + 1))
      }
      const toasts = anna.page.locator('.toast', { hasText: 'deleted' })
      assert.equal(await toasts.count(), 1)
      await toasts.getByRole('button', { name: panelWords.putBack }).click()
      await ben.waitForTiles(2)
    })

    test('G14: what is deleted in hand, under a caption, or behind one’s back is told', async (t) => {
      const { board, anna, ben, tiles } = await openTwo(t, host)
      const [one, two] = tiles as [Tile, Tile]
      const { mouse, keyboard } = anna.page
      const remove = ({ id }: Tile) =>
        fetch(`${fixture.server.url}/api/boards/${board}/images/${id}`, { method: 'DELETE' })
      await mouse.move(...middleOf(one))
      await mouse.down()
      await mouse.move(one.x + 40, one.y + 180, { steps: 4 })
      await remove(one)
      await anna.waitForToast(deletedByOther.moved('', 1))
      await mouse.up()
      await mouse.click(...middleOf(two))
      await keyboard.press('c')
      await anna.page.getByLabel(overlayWords.captionOf('others-1.jpg')).fill('Almost')
      await remove(two)
      await anna.waitForToast(deletedByOther.captioned('', 1))
      await ben.waitForTiles(0)
    })

    test('L44, L45: a live slot shows its frames on every page, how old the last one is, and that it is late', async (t) => {
      const { board, anna, ben } = await fixture.openPair(t, host)
      const push = async (red: number): Promise<void> => {
        const url = `${fixture.server.url}/b/${board}/live/loss`
        const body = Buffer.from(await plate(red).png().toBuffer())
        const response = await fetch(url, { method: 'PUT', body })
        assert.equal(response.status, 202, await response.text())
      }
      await push(20)
      for (const { page } of [anna, ben])
        await page.locator('.frame-age', { hasText: /^live · \d+\.\d s$/ }).waitFor()
      for (const red of [120, 220]) {
        await push(red)
        for (const { page } of [anna, ben]) await page.waitForFunction(showsRed, frameOf(red))
      }
      const age = anna.page.locator('.frame-age.late', { hasText: /^last frame \d\d:\d\d$/ })
      await age.waitFor()
      await push(60)
      await anna.page.waitForFunction(showsRed, frameOf(60))
      await anna.page.locator('.frame-age:not(.late)').waitFor()
    })

    test('L49, L50: a picture that is shown stands in a card on the page, and whole on the wall', async (t) => {
      const { board, anna } = await fixture.openPair(t, host)
      const wall = await anna.context.newPage()
      await wall.goto(`http://${host}:${fixture.server.port}/b/${board}/show`)
      await wall.locator('.wall-empty').waitFor()
      await anna.page.locator('.overlay').waitFor({ state: 'attached' })
      const card = anna.page.locator('.shown-card')
      assert.equal(await card.isVisible(), false)
      for (const red of [80, 200]) {
        const body = Buffer.from(await plate(red).png().toBuffer())
        const url = `${fixture.server.url}/b/${board}/show`
        assert.equal((await fetch(url, { method: 'POST', body })).status, 202)
        await anna.page.waitForFunction(showsRed, { where: '.shown-file > img', red })
        await wall.waitForFunction(showsRed, { where: '.wall-shown > img', red })
      }
      await card.getByText(overlayWords.shownToAll).waitFor()
      assert.equal(await wall.locator('.wall-empty').count(), 0)
      await card.getByRole('button', { name: words.close }).click()
      await card.waitFor({ state: 'hidden' })
      await anna.waitForTiles(0)
    })

    test('G14: what was deleted while one was offline and had changed it is told', async (t) => {
      const { board, tiles } = await openTwo(t, host)
      const proxy = await fixture.openProxy(t)
      const carl = await fixture.openPage(t, host, board, {
        port: proxy.port,
        allowedErrors: /ERR_|WebSocket/,
      })
      await carl.waitForPainted(2, 'stored')
      // The code that tells of others is fetched once the board is live.
      await carl.page.locator('.overlay').waitFor({ state: 'attached' })
      proxy.disconnect()
      await carl.page.locator('.connection.trouble').waitFor()
      // Waits until the view rests.
      await carl.tile(tiles[0]!.id).click()
      await carl.page.keyboard.press('ArrowRight')
      await carl.page.keyboard.press('Escape')
      await fetch(`${fixture.server.url}/api/boards/${board}/images/${tiles[0]!.id}`, {
        method: 'DELETE',
      })
      proxy.reconnect()
      await carl.waitForToast(deletedByOther.changed('', 1))
      await carl.waitForTiles(1)
    })

    test('W37, W38, R27: the name is asked after the first picture, and stays when its owner leaves', async (t) => {
      const board = await fixture.newBoard()
      const ben = await fixture.openPage(t, host, board)
      const anna = await fixture.openPage(t, host, board)
      const asked = anna.page.getByRole('form', { name: overlayWords.askName })
      await anna.page.locator('.people .avatar').nth(1).waitFor()
      assert.equal(await asked.count(), 0, 'nobody is asked who only looks')
      await anna.drop([await samples.draw('mine.jpg', { width: 300, height: 200 })], MIDDLE)
      for (const page of [anna, ben]) await page.waitForPainted(1, 'stored')
      await asked.getByLabel(overlayWords.askName).fill('Anna')
      await anna.page.keyboard.press('Enter')
      await asked.waitFor({ state: 'detached' })
      const picture = ben.page.getByRole('option', { name: /mine\.jpg.*Anna, \d\d:\d\d/ })
      await picture.waitFor()
      await anna.page.close()
      await ben.page.getByRole('button', { name: overlayWords.here(1) }).waitFor()
      await picture.locator('.author-initial', { hasText: /^A$/ }).waitFor()
      await ben.page.keyboard.press('-')
      for (let i = 0; i < 3; i++) await ben.page.keyboard.press('-')
      await picture.locator('.author-initial').waitFor({ state: 'hidden' })
      assert.equal(await ben.page.getByRole('form', { name: overlayWords.askName }).count(), 0)
    })

    test('H69, H74: a file that takes the place of another is on both screens, and is undone', async (t) => {
      const { board, anna, ben, tiles } = await openTwo(t, host)
      const [{ id }] = tiles as [Tile, Tile]
      const file = await samples.draw('replaced.jpg', { width: 300, height: 200, seed: 9 })
      const address = `${fixture.server.url}/api/boards/${board}/images/${id}`
      const blobOf = async (): Promise<string> =>
        ((await (await fetch(address)).json()) as { blob: string }).blob
      const first = await blobOf()
      const headers = { 'if-match': `"${first}"` }
      const put = await fetch(address, { method: 'PUT', body: await readFile(file), headers })
      assert.equal(put.status, 200)
      const second = await blobOf()
      assert.notEqual(second, first)
      // Anna had her own file before her.
      for (const page of [anna, ben]) await page.waitUntil(shows, [id, second] as const)
      await ben.page.locator('.overlay').waitFor({ state: 'attached' })
      await ben.page.mouse.click(...middleOf(tiles[0]!), { button: 'right' })
      await ben.page.getByRole('menuitem', { name: overlayWords.earlierFile }).click()
      for (const page of [anna, ben]) await page.waitUntil(shows, [id, first] as const)
      await ben.page.keyboard.press('Control+z')
      for (const page of [anna, ben]) await page.waitUntil(shows, [id, second] as const)
    })

    test('G13: undo says what others changed since, and leaves it', async (t) => {
      const { anna, ben, tiles } = await openTwo(t, host)
      const [one] = tiles as [Tile, Tile]
      await anna.page.mouse.click(...middleOf(one))
      await anna.page.keyboard.press('Shift+ArrowRight')
      await ben.waitUntil(isRightOf, [one.id, one.x + 5] as const)
      await ben.page.mouse.click(...middleOf(one))
      for (let i = 0; i < 3; i++) await ben.page.keyboard.press('Shift+ArrowRight')
      await anna.waitUntil(isRightOf, [one.id, one.x + 35] as const)
      await anna.page.keyboard.press('Control+z')
      await anna.waitForToast(overlayWords.overtaken(1))
      const { x } = await anna.tileWithId(one.id)
      assert.ok(x > one.x + 35, 'it stays where ben has put it')
    })
  })

/** Opens a board with two stored pictures, for two people. */
async function openTwo(t: Parameters<typeof fixture.openPair>[0], host: (typeof HOSTS)[number]) {
  const { board, anna, ben } = await fixture.openPair(t, host)
  const size = { width: 300, height: 200 }
  const files = await Promise.all(
    [0, 1].map((seed) => samples.draw(`others-${seed}.jpg`, { ...size, seed })),
  )
  await anna.drop(files, { x: 400, y: 400 })
  await ben.waitForPainted(2, 'stored')
  const tiles = await anna.waitForPainted(2, 'stored')
  tiles.sort((a, b) => (a.label < b.label ? -1 : 1))
  return { board, anna, ben, tiles }
}

test('L84, L85, L86, L88: the stored frames of a slot are scrubbed and played, by one and by all, and the wall is slots', async (t) => {
  const host = HOSTS[0]!
  const { board, anna } = await fixture.openPair(t, host)
  const { page } = anna
  const slots = `${fixture.server.url}/api/boards/${board}/slots/loss`
  /** Sends a frame, and waits until so many are stored. */
  const push = async (red: number, count: number): Promise<void> => {
    const body = Buffer.from(await plate(red).png().toBuffer())
    const response = await fetch(slots, { method: 'PUT', body })
    assert.equal(response.status, 202, await response.text())
    for (let stored = 0; stored < count; await setTimeout(50)) {
      const { frames } = (await (await fetch(`${slots}/frames`)).json()) as { frames: object[] }
      stored = frames.length
    }
  }
  const wall = await anna.context.newPage()
  await wall.goto(`http://${host}:${fixture.server.port}/b/${board}/show`)
  await page.locator('.overlay').waitFor({ state: 'attached' })
  for (const [i, red] of [20, 120, 220].entries()) await push(red, i + 1)
  const [tile] = await anna.waitForTiles(1)
  await page.mouse.click(...middleOf(tile!), { button: 'right' })
  await page.getByRole('menuitem', { name: overlayWords.filmstrip }).click()
  const dialog = page.getByRole('dialog', { name: panelWords.filmstripOf('loss') })
  const stands = async (red: number, nth: number, count = 3): Promise<void> => {
    await page.waitForFunction(showsRed, { where: '.filmstrip .frame img', red })
    await dialog.getByText(panelWords.position(nth, count)).waitFor()
  }
  await stands(220, 3)
  await page.keyboard.press('Home')
  await stands(20, 1)
  assert.match((await dialog.locator('time').textContent())!, /^\d\d:\d\d:\d\d$/)
  await page.keyboard.press('ArrowRight')
  await stands(120, 2)
  await page.keyboard.press('Space')
  await stands(220, 3)
  await dialog.getByRole('button', { name: panelWords.play }).waitFor()

  const all = dialog.getByRole('button', { name: panelWords.showEverybody })
  await all.click()
  const onWall = (red: number) =>
    wall.waitForFunction(showsRed, { where: '.wall-shown:not(.over) > img', red })
  await onWall(220)
  await dialog.getByRole('slider', { name: panelWords.frame }).fill('0')
  await stands(20, 1)
  await onWall(20)
  await all.click()
  await wall.locator('.wall-shown.over').waitFor({ state: 'attached' })
  await page.keyboard.press('End')
  await all.click()
  await onWall(220)
  await push(60, 4)
  await stands(60, 4, 4)
  await onWall(60)
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await wall.locator('.wall-shown.over').waitFor({ state: 'attached' })
  assert.equal(await page.locator('.shown-card').isVisible(), false)

  const slotOnWall = (n: number, red: number) =>
    wall.waitForFunction(showsRed, { where: `.wall-slots > :nth-child(${n}) img`, red })
  await wall.goto(`http://${host}:${fixture.server.port}/b/${board}/show?slots=loss`)
  await slotOnWall(1, 60)
  await push(180, 5)
  await slotOnWall(1, 180)
  await wall.locator('figcaption', { hasText: /live · \d+\.\d s$/ }).waitFor()
  await wall.mouse.move(300, 300)
  await wall.getByRole('checkbox', { name: 'loss' }).uncheck()
  await wall.locator('.wall-slide').waitFor()
  await wall.goto(`http://${host}:${fixture.server.port}/b/${board}/show?slots=loss,cam`)
  await wall.getByText(wallWords.noFrame('cam')).waitFor()
  const body = Buffer.from(await plate(100).png().toBuffer())
  await fetch(slots.replace(/loss$/, 'cam'), { method: 'PUT', body })
  await slotOnWall(2, 100)
  await slotOnWall(1, 180)
  assert.equal(await wall.locator('.wall-slide, .wall-mosaic').count(), 0)
})

async function nameThem({ page }: BoardPage, name: string): Promise<void> {
  await page.keyboard.press('p')
  await page.getByLabel(overlayWords.askName).last().fill(name)
  await page.keyboard.press('Enter')
}

/** Whether a picture shows this file, and nothing over it. Runs in a page. */
const shows = ([id, blob]: readonly [string, string]): boolean => {
  const images = document.querySelectorAll<HTMLImageElement>(`[data-image="${id}"] img.picture`)
  return [...images].at(-1)?.src.includes(blob) === true
}

/** Whether a picture stands further right than that. Runs in a page. */
const isRightOf = ([id, x]: readonly [string, number]): boolean =>
  document.querySelector(`[data-image="${id}"]`)!.getBoundingClientRect().x > x

/** Whether a picture on a page has this much red. */
function showsRed({ where, red }: { where: string; red: number }): boolean {
  const image = document.querySelector<HTMLImageElement>(where)
  if (!image?.complete) return false
  const context = new OffscreenCanvas(1, 1).getContext('2d')!
  context.drawImage(image, 0, 0)
  return Math.abs(context.getImageData(0, 0, 1, 1).data[0]! - red) < 8
}

const frameOf = (red: number) => ({ where: '.live-frames > img', red })

/** Draws a plain picture. */
function plate(red: number) {
  const background = { r: red, g: 40, b: 90 }
  return sharp({ create: { width: 240, height: 180, channels: 3, background } })
}
