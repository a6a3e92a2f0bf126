import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { heightOf, picturesOnBoard, type Snapshot } from '@wirephoto/board'
import { words } from '@wirephoto/web/words/page'
import { saveWords } from '@wirephoto/web/words/save'
import sharp, { type Region } from 'sharp'
import { openFixture } from '../support/e2e-fixture.ts'

/** The ground around the pictures of a drawn board. */
const MARGIN_UNITS = 24
/** A picture of 30 MB: the buffers of a connection hold less. */
const NOISE = { width: 4_000, height: 2_500 }
/** Slow enough that a page hears several times of a download of it. */
const SLOW_BYTES_PER_SECOND = 3_000_000

const { fixture, samples } = await openFixture()

test('H21, H35, H36, H37, H42: a board is saved as a zip, a picture and a print, from its menu', async (t) => {
  const { anna, board } = await fixture.openPair(t, 'wire.test')
  const { page } = anna
  const files = await Promise.all(
    ['a.png', 'b.png', 'c.png'].map((name) => samples.draw(name, { width: 300, height: 200 })),
  )
  await anna.drop(files, { x: 400, y: 300 })
  const tiles = await anna.waitForPainted(3, 'stored')
  const api = `${fixture.server.url}/api/boards/${board}`
  const captioned = await fetch(`${api}/images/${tiles[0]!.id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ caption: 'The harbour' }),
  })
  assert.equal(captioned.status, 200)
  await page.getByRole('option', { name: 'The harbour' }).waitFor()
  await page.getByRole('button', { name: words.boardMenu }).click()
  await page.getByRole('menuitem', { name: saveWords.board }).click()
  const dialog = page.getByRole('dialog', { name: saveWords.board })

  const zip = page.waitForEvent('download')
  await dialog.getByRole('button', { name: saveWords.all }).click()
  const saved = await zip
  assert.match(saved.suggestedFilename(), /\.zip$/)
  const bytes = await readFile(await saved.path())
  for (const [i, name] of ['a.png', 'b.png', 'c.png'].entries()) {
    assert.ok(bytes.includes(Buffer.from(name)), name)
    assert.ok(bytes.includes(await readFile(files[i]!)), `${name} is whole`)
  }
  // The server tells this page that all of it has been sent.
  await anna.waitForToast(saveWords.saved(3))
  await dialog.getByRole('button', { name: saveWords.all }).waitFor()

  const png = page.waitForEvent('download')
  await dialog.getByRole('button', { name: saveWords.picture }).click()
  const drawn = await readFile(await (await png).path())
  const { width, format } = await sharp(drawn).metadata()
  assert.equal(format, 'png')
  const { records } = (await (await fetch(`${api}/snapshot`)).json()) as Snapshot
  const pictures = picturesOnBoard({ values: () => records })
  const [left, top] = [
    Math.min(...pictures.map(({ x }) => x)) - MARGIN_UNITS,
    Math.min(...pictures.map(({ y }) => y)) - MARGIN_UNITS,
  ]
  const right = Math.max(...pictures.map(({ x, w }) => x + w)) + MARGIN_UNITS
  const scale = width / (right - left)
  for (const picture of pictures) {
    const { x, y, w, caption } = picture
    // The room below a picture that its caption has.
    const room = { left: x - left, top: y + heightOf(picture) - top + 3, width: w, height: 10 }
    const inPixels = Object.entries(room).map(([side, units]) => [side, Math.round(units * scale)])
    const below = await sharp(drawn)
      .extract(Object.fromEntries(inPixels) as Region)
      .toBuffer()
    // `stats` looks at its input, whatever is cut out of that.
    const [channel] = (await sharp(below).stats()).channels
    assert.equal(channel!.max - channel!.min > 40, caption !== '', caption)
  }

  await page.evaluate(() => {
    window.print = () => {
      const images = [...document.querySelectorAll<HTMLImageElement>('.print-sheet img')]
      const shown = images.filter(({ complete, naturalWidth }) => complete && naturalWidth > 0)
      document.body.dataset['printed'] = String(shown.length)
      document.body.dataset['captions'] = [...document.querySelectorAll('.print-sheet figcaption')]
        .map(({ textContent }) => textContent)
        .join()
      dispatchEvent(new Event('afterprint'))
    }
  })
  await dialog.getByRole('button', { name: saveWords.print }).click()
  await page.locator('body[data-printed="3"][data-captions="The harbour"]').waitFor()
  await page.locator('.print-sheet').waitFor({ state: 'detached' })

  // Several selected pictures come as one zip.
  await page.keyboard.press('Control+a')
  await page.keyboard.press('d')
  const chosen = page.waitForEvent('download')
  assert.match((await chosen).suggestedFilename(), /\.zip$/)
})

for (const count of [3, 41])
  test(`H37, H80: the browser's own Print lays ${count} pictures out on a page where nothing was opened`, async (t) => {
    const board = await fixture.newBoard()
    const file = await samples.draw('a.png', { width: 300, height: 200 })
    for (let i = 0; i < count; i++) {
      const { id } = await fixture.storePicture(board, file)
      if (i > 0) continue
      const body = JSON.stringify({ caption: 'The harbour' })
      const headers = { 'content-type': 'application/json' }
      const address = `${fixture.server.url}/api/boards/${board}/images/${id}`
      assert.equal((await fetch(address, { method: 'PATCH', headers, body })).status, 200)
    }
    const { page } = await fixture.openPage(t, 'wire.test', board)
    await page.locator('.people').waitFor()
    await page.emulateMedia({ media: 'print' })
    // The browser lays out what is there as soon as the event returns.
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
    const sheet = page.locator('.print-sheet')
    const caption = sheet.locator('figcaption')
    assert.equal(await sheet.locator('img').count(), count)
    assert.deepEqual(await caption.allTextContents(), ['The harbour'])
    assert.equal(await page.locator('.bar, .top, .stage').filter({ visible: true }).count(), 0)
    const boxes = await sheet.locator('img').evaluateAll((all) =>
      all.map((image) => {
        const { x, y, width, height } = image.getBoundingClientRect()
        return { x, y, width, height, isThere: (image as HTMLImageElement).complete }
      }),
    )
    assert.ok(boxes.every(({ width, height }) => Math.abs(width / height - 1.5) < 0.1))
    const isInRows = new Set(boxes.map(({ y }) => Math.round(y))).size > 2
    assert.equal(isInRows, count > 40)
    if (count <= 40)
      assert.ok(
        boxes.every(({ isThere }) => isThere),
        'no picture is waited for',
      )
    const under = (await caption.boundingBox())!
    assert.ok(under.height > 6 && boxes.some((box) => isUnder(under, box)))
    await page.evaluate(() => dispatchEvent(new Event('afterprint')))
    await sheet.waitFor({ state: 'detached' })

    // On the printer's own paper.
    const pdf = await page.pdf({ preferCSSPageSize: true, format: 'A4' })
    const [, across] = /MediaBox ?\[0 0 ([\d.]+)/.exec(pdf.toString('latin1')) ?? []
    assert.ok(Math.abs(Number(across) - 595) < 2, across)
  })

test('H38: the button says how far its download is, until all is sent', async (t) => {
  const board = await fixture.newBoard()
  const raw = { ...NOISE, channels: 3 } as const
  const bytes = randomBytes(NOISE.width * NOISE.height * raw.channels)
  const file = await sharp(bytes, { raw }).png({ compressionLevel: 0 }).toBuffer()
  await fixture.storePicture(board, await samples.write('noise.png', file))
  const proxy = await fixture.openProxy(t)
  const anna = await fixture.openPage(t, 'wire.test', board, { port: proxy.port })
  const { page } = anna
  await anna.waitForPainted(1, 'stored')
  await page.getByRole('button', { name: words.boardMenu }).click()
  await page.getByRole('menuitem', { name: saveWords.board }).click()
  const button = page.getByRole('dialog').locator('.one').first()
  await button.getByText(saveWords.all).waitFor()
  proxy.down.bytesPerSecond = SLOW_BYTES_PER_SECOND
  const zip = page.waitForEvent('download')
  await button.click()
  // Some of it has been sent, and some hasn't: the bar in the button ends between its sides.
  const told = new RegExp(`^${saveWords.saving('[1-9][\\d.]* MB', '\\d+ MB')}`)
  await button.filter({ hasText: told }).waitFor()
  const share = Number(await button.evaluate((each) => each.style.getPropertyValue('--share')))
  assert.ok(share > 0 && share < 1, `${share}`)
  assert.equal(await button.getAttribute('aria-disabled'), 'true')
  proxy.down.bytesPerSecond = Number.POSITIVE_INFINITY
  await (await zip).path()
  await anna.waitForToast(saveWords.saved(1))
  await button.getByText(saveWords.all).waitFor()
})

test('H35: the palette finds the ways to save, and an empty board has nothing to save', async (t) => {
  const { anna } = await fixture.openPair(t, 'localhost')
  const { page } = anna
  await page.keyboard.press('Control+k')
  const options = page.getByRole('option')
  await page.getByRole('combobox').fill('save')
  await options.filter({ hasText: saveWords.board }).waitFor()
  assert.equal(await options.filter({ hasText: saveWords.all }).count(), 0)
  await options.filter({ hasText: saveWords.board }).click()
  await page.getByRole('dialog').getByText(saveWords.nothing).waitFor()
  await page.keyboard.press('Escape')
  const file = await samples.draw('a.png', { width: 300, height: 200 })
  await anna.drop([file], { x: 400, y: 300 })
  await anna.waitForPainted(1, 'stored')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('save all')
  const zip = page.waitForEvent('download')
  await options.filter({ hasText: saveWords.all }).click()
  assert.match((await zip).suggestedFilename(), /\.zip$/)
})

/** Whether a caption stands right below a picture, within its width. */
const isUnder = (caption: Rectangle, { x, y, width, height }: Rectangle): boolean =>
  caption.x > x - 1 &&
  caption.x + caption.width < x + width + 1 &&
  Math.abs(caption.y - y - height) < 2

type Rectangle = Readonly<Record<'x' | 'y' | 'width' | 'height', number>>
