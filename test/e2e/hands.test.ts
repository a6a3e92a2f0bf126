import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type ImageRecord, picturesOnBoard, type Snapshot } from '@wirephoto/board'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import sharp from 'sharp'
import { BOTH_HOSTS, HOSTS, openFixture, PHONE } from '../support/e2e-fixture.ts'
import { type BoardPage, middleOf } from '../support/page.ts'
import { drawAnimation, drawPicture } from '../support/pictures.ts'

const MIDDLE = { x: 600, y: 400 }
/** The least height of what a finger presses. */
const TARGET_PX = 44
/** The sheets, and the keys that open them. */
const SHEETS = {
  palette: 'Control+k',
  keys: '?',
  settings: ',',
  boards: 'b',
  share: 's',
  trash: 'Shift+T',
  people: 'p',
}

const { fixture, samples } = await openFixture()

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('G1: text from Word goes into a field as text, and onto the board as a picture', async (t) => {
      const { board, anna } = await fixture.openPair(t, host)
      const { page } = anna
      await anna.drop([await samples.draw('one.jpg', { width: 300, height: 200 })], MIDDLE)
      const [tile] = await anna.waitForPainted(1, 'stored')
      const text = 'Row one and row two'
      await writeClipboard(anna, { 'text/plain': text, 'text/html': `<b>${text}</b>` }, 'picture')

      await page.mouse.click(...middleOf(tile!))
      await page.keyboard.press('c')
      const caption = page.getByLabel(overlayWords.captionOf('one.jpg'))
      await caption.fill('')
      await page.keyboard.press('Control+v')
      await anna.waitUntil((value) => document.querySelector('textarea')?.value === value, text)
      await page.keyboard.press('Enter')

      await page
        .getByRole('button', { name: words.frontBoard })
        .or(page.locator('.title .name'))
        .click()
      await page.keyboard.press('Control+v')
      await anna.waitUntil((value) => document.querySelector('input')?.value === value, text)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: text }).waitFor()

      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').waitFor()
      await page.keyboard.press('Control+v')
      await page.locator('.palette .choice', { hasText: text }).waitFor()
      await page.keyboard.press('Escape')
      assert.deepEqual(
        (await recordsOf(board)).map(({ caption }) => caption),
        [text],
      )

      await page.mouse.click(100, 800)
      await page.keyboard.press('Control+v')
      await anna.waitForPainted(2, 'stored')
    })

    test('G2: every shortcut works on a Cyrillic keyboard, undo included', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      await anna.drop([await samples.draw('one.jpg', { width: 300, height: 200 })], MIDDLE)
      const [tile] = await anna.waitForPainted(1, 'stored')
      await ben.waitForPainted(1, 'stored')
      const press = (key: string, code: string, modifiers: Modifiers = {}) =>
        pressKey(anna, { key, code, ...modifiers })

      await press('ф', 'KeyA', { ctrlKey: true })
      await anna.page.locator('.tile.selected').waitFor()
      await anna.page.keyboard.press('ArrowRight')
      await anna.waitUntil(isRightOf, [tile!.id, tile!.x] as const)
      await press('я', 'KeyZ', { ctrlKey: true })
      await anna.waitUntil(isAt, [tile!.id, tile!.x] as const)
      await press('Я', 'KeyZ', { ctrlKey: true, shiftKey: true })
      await anna.waitUntil(isRightOf, [tile!.id, tile!.x] as const)
      await press('р', 'KeyH')
      await anna.page.locator('.stage.hand').waitFor()
      await press('Б', 'Comma', { shiftKey: true })
      await anna.waitUntil(
        ([id, w]) =>
          document.querySelector(`[data-image="${id}"]`)!.getBoundingClientRect().width < w,
        [tile!.id, tile!.w] as const,
      )
      await press('л', 'KeyK', { ctrlKey: true })
      await anna.page.getByRole('dialog', { name: words.palette }).waitFor()
      await press('л', 'KeyK', { ctrlKey: true })
      await anna.page.getByRole('dialog').waitFor({ state: 'detached' })
      await anna.page.keyboard.press('Enter')
      await anna.page.locator('[data-large]').waitFor()
      await anna.page.keyboard.press('Delete')
      for (const page of [anna, ben]) await page.waitForTiles(0)
    })

    test('G3: an Enter that ends a composition keeps, closes and runs nothing', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      await anna.drop([await samples.draw('one.jpg', { width: 300, height: 200 })], MIDDLE)
      const [tile] = await anna.waitForPainted(1, 'stored')
      const { page } = anna
      // Safari sends this one after the composition has ended.
      const lateEnter = { key: 'Enter', code: 'Enter', keyCode: 229 }
      const lateEscape = { key: 'Escape', code: 'Escape', keyCode: 229 }

      await page.locator('.title .name').click()
      await page.getByLabel(words.boardName).waitFor()
      await page.keyboard.insertText('にほん')
      for (const late of [lateEnter, lateEscape]) await pressKey(anna, late)
      assert.equal(await page.getByLabel(words.boardName).inputValue(), 'にほん')
      await page.keyboard.press('Escape')

      await page.mouse.click(...middleOf(tile!))
      await page.keyboard.press('c')
      const caption = page.getByLabel(overlayWords.captionOf('one.jpg'))
      await caption.fill('にほん')
      for (const late of [lateEnter, lateEscape]) await pressKey(anna, late)
      assert.equal(await caption.inputValue(), 'にほん')
      await page.keyboard.press('Escape')

      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').waitFor()
      await page.keyboard.insertText(words.trash)
      await pressKey(anna, lateEnter)
      await page.getByRole('combobox').waitFor()
      await page.keyboard.press('Escape')

      await page.keyboard.press('p')
      const name = page.getByLabel(overlayWords.askName).last()
      await name.fill('にほん')
      for (const late of [lateEnter, lateEscape]) await pressKey(anna, late)
      assert.equal(await name.inputValue(), 'にほん')
      await page.keyboard.press('Enter')
      await ben.page.locator('.people .avatar', { hasText: 'に' }).waitFor()
    })

    test('G4: pictures within a page: data, several, and what stands in for none', async (t) => {
      const { board, anna } = await fixture.openPair(t, host)
      anna.allowedErrors = /status of (403|415|502)/
      const data = (colour: string) => dataUrl(colour)
      const [red, green, blue] = await Promise.all([data('red'), data('green'), data('blue')])
      await anna.drop({ 'text/uri-list': red, 'text/html': `<img src="${red}">` }, MIDDLE)
      await anna.waitForPainted(1, 'stored')
      // A search page: the thumbnail is in the page, the link leads to another one.
      const thumbnail = `<a href="https://search.test/imgres"><img src="${green}"></a>`
      await anna.drop(
        { 'text/uri-list': 'https://search.test/imgres', 'text/html': thumbnail },
        MIDDLE,
      )
      await anna.waitForPainted(2, 'stored')
      const several = `<p><img src="${red}">and<img src="${blue}"><img src="${green}"></p>`
      await anna.drop({ 'text/html': several, 'text/plain': 'and' }, MIDDLE)
      await anna.waitForPainted(5, 'stored')
      // A picture that only its own page can read, behind a link to one that can be had.
      await anna.drop(
        { 'text/html': '<img src="blob:https://a.test/1">', 'text/uri-list': blue },
        MIDDLE,
      )
      await anna.waitForPainted(6, 'stored')
      const svg = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><path d="M0 0h90v60z"/></svg>')}`
      await anna.paste({ 'text/plain': svg })
      await anna.waitForPainted(7, 'stored')
      assert.equal((await recordsOf(board)).length, 7)
    })

    test('G5: what is no picture, or can be had nowhere, is said', async (t) => {
      const { board, anna } = await fixture.openPair(t, host)
      anna.allowedErrors = /status of (403|415|502)/
      await anna.drop({ 'text/html': '<img src="blob:https://a.test/1">' }, MIDDLE)
      await anna.waitForToast(overlayWords.closedPicture)
      await anna.page.getByRole('button', { name: words.close }).click()
      await anna.drop({ 'text/uri-list': 'blob:https://a.test/1' }, MIDDLE)
      await anna.waitForToast(overlayWords.closedPicture)
      await anna.drop({ 'text/plain': 'only words' }, MIDDLE)
      await anna.waitForToast(overlayWords.noPicture)
      await anna.page.getByRole('button', { name: words.close }).last().click()
      await anna.paste({ 'text/plain': 'only words' })
      await anna.waitForToast(overlayWords.noPicture)
      assert.deepEqual(await recordsOf(board), [])
    })
  })

test('P80: on a phone everything to press in menus and sheets is 44 px high', async (t) => {
  const board = await fixture.newBoard()
  const phone = await fixture.openPage(t, 'wire.test', board, PHONE)
  const { page } = phone
  const files = await Promise.all(
    [0, 1].map((seed) => samples.draw(`row-${seed}.jpg`, { width: 300, height: 200, seed })),
  )
  await phone.drop(files, { x: 195, y: 400 })
  const [, last] = await phone.waitForPainted(2, 'stored')
  const low: string[] = []
  const measure = async (view: string): Promise<void> => {
    for (const problem of await page.evaluate(lowTargets, TARGET_PX))
      low.push(`${view}: ${problem}`)
  }
  for (const name of [words.add, words.more, words.boardMenu]) {
    await page.getByRole('button', { name, exact: true }).tap()
    await page.getByRole('menu').waitFor()
    await measure(name)
    await page.touchscreen.tap(195, 10)
    await page.getByRole('menu').waitFor({ state: 'detached' })
  }
  const middle = { x: last!.x + last!.w / 2, y: last!.y + last!.h / 2 }
  await phone.touch('touchStart', middle)
  await page.getByRole('menu').waitFor()
  await phone.touch('touchEnd')
  await measure('menu of a picture')
  await page.getByRole('menuitem', { name: words.delete, exact: true }).tap()
  await phone.waitForTiles(1)
  for (const [view, press] of Object.entries(SHEETS)) {
    await page.keyboard.press(press)
    await page.getByRole('dialog').waitFor()
    // A sheet rises when it opens.
    await phone.waitUntil(
      () => document.getAnimations().every(({ playState }) => playState !== 'running'),
      null,
    )
    await measure(view)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }
  assert.deepEqual(low, [])
})

test('G9, G10: a folder brings its pictures, and one sentence of the rest', async (t) => {
  const { anna } = await fixture.openPair(t, 'wire.test')
  const folder = join(samples.folder, 'Holiday')
  await mkdir(join(folder, '@eaDir', 'one.jpg'), { recursive: true })
  await mkdir(join(folder, 'day two'))
  const picture = await drawPicture({ width: 300, height: 200 })
  const written = {
    'one.jpg': picture,
    'one.xmp': '<x:xmpmeta/>',
    'Thumbs.db': 'thumbs',
    'desktop.ini': '[.ShellClassInfo]',
    '@eaDir/one.jpg/SYNOPHOTO_THUMB_XL.jpg': picture,
    'day two/two.jpg': await drawPicture({ width: 300, height: 200, seed: 2 }),
    'day two/notes.txt': 'Only words',
    'list.pdf': '%PDF-1.7',
    '.DS_Store': 'Bud1',
  }
  for (const [name, content] of Object.entries(written))
    await writeFile(join(folder, name), content)
  await anna.drop([folder], MIDDLE)
  const tiles = await anna.waitForPainted(2, 'stored')
  assert.deepEqual(tiles.map(({ label }) => label).sort(), ['one.jpg', 'two.jpg'])
  await anna.waitForToast(/^2 of 4 files aren't pictures: .*(notes\.txt|list\.pdf)/)
  assert.equal(await anna.page.locator('.toast').count(), 1)
})

for (const host of BOTH_HOSTS)
  test(`G6: copies keep name, caption and animation, several at once, at http://${host}`, async (t) => {
    const [board, other] = [await fixture.newBoard(), await fixture.newBoard()]
    const permissions = host === 'localhost' ? ['clipboard-read', 'clipboard-write'] : []
    const anna = await fixture.openPage(t, host, board, { permissions })
    const { page } = anna
    const files = [
      await samples.write('dance.gif', await drawAnimation()),
      await samples.draw('still.jpg', { width: 320, height: 200 }),
      await samples.draw('seal.png', { width: 200, height: 200 }),
    ]
    await anna.drop(files, MIDDLE)
    const tiles = await anna.waitForPainted(3, 'stored')
    const dance = tiles.find(({ label }) => label === 'dance.gif')
    await page.mouse.click(...middleOf(dance!))
    await page.keyboard.press('c')
    await page.getByLabel(overlayWords.captionOf('dance.gif')).fill('They dance')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Control+a')
    await page.bringToFront()
    await page.keyboard.press('Control+c')
    await anna.waitForToast(
      host === 'localhost' ? overlayWords.picturesCopied(3) : overlayWords.pictureLinksCopied(3),
    )
    await page.mouse.move(900, 700)
    await page.keyboard.press('Control+v')
    await anna.waitForPainted(6, 'stored')
    await page.keyboard.press('Control+v')
    await anna.waitForPainted(9, 'stored')
    const here = await recordsOf(board)
    assert.equal(new Set(here.map(({ x, y }) => `${x},${y}`)).size, 9, 'none hides another')

    const there = await fixture.openPage(t, host, other, { context: anna.context })
    await there.page.bringToFront()
    await there.page.keyboard.press('Control+v')
    await there.waitForPainted(3, 'stored')
    const about = ({ name, caption, animated, w, blob }: ImageRecord) => [
      name,
      caption,
      animated,
      w,
      blob,
    ]
    const sorted = (records: readonly ImageRecord[]) => records.map(about).map(String).sort()
    assert.deepEqual(sorted(await recordsOf(other)), [...new Set(sorted(here))])
    assert.ok(
      sorted(await recordsOf(other)).some((each) => each.startsWith('dance.gif,They dance,true')),
    )
  })

interface Modifiers {
  readonly ctrlKey?: boolean
  readonly shiftKey?: boolean
  readonly altKey?: boolean
}

/** Presses a key as a keyboard of another layout, or an input method, reports it. */
async function pressKey(
  { page }: BoardPage,
  press: Modifiers & { key: string; code: string; keyCode?: number },
): Promise<void> {
  await page.evaluate((init) => {
    const event = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init })
    ;(document.activeElement ?? document.body).dispatchEvent(event)
  }, press)
}

/** Puts texts on the clipboard, with a picture of them, which only a page in a secure context may do. */
async function writeClipboard(
  reader: BoardPage,
  texts: Readonly<Record<string, string>>,
  further?: 'picture',
): Promise<void> {
  const context = await fixture.browser.newContext({
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const writer = await context.newPage()
  await writer.goto(`${fixture.server.url}/healthz`)
  await writer.evaluate(
    async ([data, more]) => {
      const items: Record<string, Blob> = {}
      for (const [type, text] of Object.entries(data)) items[type] = new Blob([text], { type })
      const canvas = new OffscreenCanvas(300, 200)
      canvas.getContext('2d')!.fillRect(0, 0, 200, 100)
      if (more) items['image/png'] = await canvas.convertToBlob({ type: 'image/png' })
      await navigator.clipboard.write([new ClipboardItem(items)])
    },
    [texts, further] as const,
  )
  await context.close()
  await reader.page.bringToFront()
}

/** Returns the pictures that stand on a board, oldest first. */
async function recordsOf(board: string): Promise<ImageRecord[]> {
  const response = await fetch(`${fixture.server.url}/api/boards/${board}/snapshot`)
  const { records } = (await response.json()) as Snapshot
  return picturesOnBoard({ values: () => records }).sort((a, b) => (a.id < b.id ? -1 : 1))
}

async function dataUrl(background: string): Promise<string> {
  const picture = sharp({ create: { width: 120, height: 80, channels: 3, background } })
  return `data:image/png;base64,${(await picture.png().toBuffer()).toString('base64')}`
}

/** Whether a picture stands further right than that. Runs in a page. */
const isRightOf = ([id, x]: readonly [string, number]): boolean =>
  document.querySelector(`[data-image="${id}"]`)!.getBoundingClientRect().x > x + 0.4

/** Whether a picture stands there. Runs in a page. */
const isAt = ([id, x]: readonly [string, number]): boolean =>
  Math.abs(document.querySelector(`[data-image="${id}"]`)!.getBoundingClientRect().x - x) < 0.4

/** Returns what can be pressed in the open menu or sheet and is too low. Runs in a page. */
function lowTargets(least: number): string[] {
  const open = [...document.querySelectorAll('.menu, [role="dialog"], dialog[open]')].at(-1)!
  const targets = [
    ...open.querySelectorAll<HTMLElement>('button, a, input, select, textarea, summary'),
  ]
  return targets.flatMap((target) => {
    // A press on a label reaches its field too.
    const pressed = target.closest('label') ?? target
    const { width, height } = pressed.getBoundingClientRect()
    const isSeen = width > 0 && pressed.checkVisibility({ visibilityProperty: true })
    if (!isSeen || height >= least - 0.5) return []
    const name = target.getAttribute('aria-label') ?? target.textContent?.trim() ?? ''
    return [`${target.localName}.${target.className} "${name}" is ${height} px high`]
  })
}
