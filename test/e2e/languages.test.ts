import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { words } from '@wirephoto/web/words/page'
import { panelWords } from '@wirephoto/web/words/panels'
import type { Page } from 'playwright-core'
import { openInspector } from '../support/axe.ts'
import { openFixture, PHONE } from '../support/e2e-fixture.ts'
import { EFFORT_FACTOR } from '../support/effort.ts'
import type { BoardPage } from '../support/page.ts'

const { fixture, samples } = await openFixture()

/** Some sentences of the languages, as the test expects them. */
const LANGUAGES = {
  de: {
    locale: 'de-AT',
    dir: 'ltr',
    live: 'Live',
    empty: 'Bilder hierher ziehen.',
    settings: 'Einstellungen',
    unknownBoard: 'So ein Board gibt es nicht, oder es wurde gelöscht. Bitte den Link prüfen.',
  },
  ar: {
    locale: 'ar-EG',
    dir: 'rtl',
    live: 'مباشر',
    empty: 'أفلت الصور هنا.',
    settings: 'الإعدادات',
    unknownBoard: 'لا توجد لوحة كهذه، أو حُذفت. يُرجى التحقق من الرابط.',
  },
} as const
type Name = keyof typeof LANGUAGES

/** Every panel, and its key. */
const PANELS = { settings: ',', share: 's', keys: '?', palette: 'Control+k', boards: 'b' }

for (const name of ['de', 'ar'] as const)
  describe(`in ${name}`, () => {
    const language = LANGUAGES[name]

    test('I46, I49: a desktop shows every view in it, nothing is cut off, and axe finds nothing', {
      skip: name === 'de' && EFFORT_FACTOR === 1 && 'by npm run test:long',
    }, async (t) => {
      const page = await openIn(t, name, {})
      const { found, look } = openInspector(page.page)
      await page.page.getByRole('heading', { name: language.empty }).waitFor()
      assert.deepEqual(await languageOf(page.page), [language.locale, language.dir])
      await inspect(page.page, 'empty board', look)
      await page.drop([await samples.file('photos/pic1.jpg')], { x: 600, y: 400 })
      const [tile] = await page.waitForPainted(1, 'stored')
      await page.page.locator('.overlay').waitFor({ state: 'attached' })
      await page.page.mouse.click(tile!.x + 20, tile!.y + 20, { button: 'right' })
      await page.page.getByRole('menu').waitFor()
      await inspect(page.page, 'menu', look)
      await page.page.keyboard.press('Escape')
      for (const [view, key] of Object.entries(PANELS)) {
        await page.page.keyboard.press(key)
        await page.page.getByRole('dialog').waitFor()
        await inspect(page.page, view, look)
        await page.page.keyboard.press('Escape')
        await page.page.getByRole('dialog').waitFor({ state: 'detached' })
      }
      await page.page.mouse.dblclick(tile!.x + 20, tile!.y + 20)
      await page.page.getByRole('dialog').waitFor()
      await inspect(page.page, 'large', look)
      assert.deepEqual(found, [])
    })

    test('I49: a phone cuts nothing off', async (t) => {
      const phone = await openIn(t, name, PHONE)
      const { found, look } = openInspector(phone.page)
      await inspect(phone.page, 'empty board', look)
      await phone.drop([await samples.file('photos/pic1.jpg')], { x: 195, y: 400 })
      await phone.waitForPainted(1, 'stored')
      await phone.page.locator('.overlay').waitFor({ state: 'attached' })
      await phone.page.locator('.bar > .phone').last().getByRole('button').tap()
      await phone.page.getByRole('menu').waitFor()
      await inspect(phone.page, 'more', look)
      await phone.page.getByRole('menuitem', { name: language.settings }).tap()
      await phone.page.getByRole('dialog').waitFor()
      await inspect(phone.page, 'settings', look)
      await phone.page.keyboard.press('Escape')
      await phone.page.getByRole('dialog').waitFor({ state: 'detached' })
      await phone.page.locator('.share-button').tap()
      await phone.page.getByRole('dialog').waitFor()
      await inspect(phone.page, 'share', look)
      assert.deepEqual(found, [])
    })

    test('I50: an error of the server is told in it', async (t) => {
      const page = await openIn(t, name, { allowedErrors: /404/ })
      await page.page.goto(page.page.url().replace(/[^/]+$/, 'nosuchboard'))
      await page.page.getByRole('heading', { name: language.unknownBoard }).waitFor()
    })
  })

test('I48: in Arabic the chrome is mirrored, and pictures keep their sides', async (t) => {
  const arabic = await openIn(t, 'ar', {})
  const { page } = arabic
  await arabic.drop([await samples.file('photos/pic1.jpg')], { x: 300, y: 400 })
  const [tile] = await arabic.waitForPainted(1, 'stored')
  const middle = tile!.x + tile!.w / 2
  assert.ok(Math.abs(middle - 300) < 2, `the picture stands where it was dropped, not at ${middle}`)
  const lefts = Object.fromEntries(
    await Promise.all(
      ['.title', '.people', '.zoom', '.corner'].map(async (part) => {
        const box = await page.locator(part).first().boundingBox()
        return [part, box!.x + box!.width / 2 < 720 ? 'left' : 'right']
      }),
    ),
  )
  assert.deepEqual(lefts, {
    '.title': 'right',
    '.people': 'left',
    '.zoom': 'left',
    '.corner': 'right',
  })
  await page.locator('.overlay').waitFor({ state: 'attached' })
  const scale = (icon: string) =>
    page.locator(`.bar [data-icon="${icon}"]`).evaluate((svg) => getComputedStyle(svg).scale)
  assert.deepEqual([await scale('undo'), await scale('plus')], ['-1 1', 'none'])
})

test('I46, I47: English loads no other language, and a choice in the settings is kept', async (t) => {
  const scripts: string[] = []
  const english = await fixture.openPage(t, 'wire.test', await fixture.newBoard(), {
    locale: 'fr-FR',
  })
  const { page } = english
  page.on('request', (request) => scripts.push(new URL(request.url()).pathname))
  await page.reload()
  await english.waitForLive()
  await page.getByRole('heading', { name: words.emptyTitle }).waitFor()
  assert.deepEqual(await languageOf(page), ['en', 'ltr'])
  assert.deepEqual(
    scripts.filter((path) => path.includes('words-')),
    [],
  )
  await page.locator('.overlay').waitFor({ state: 'attached' })
  await page.keyboard.press(',')
  await page.getByRole('radio', { name: panelWords.languages.ar }).click()
  await english.waitForLive(LANGUAGES.ar.live)
  assert.deepEqual(await languageOf(page), ['ar', 'rtl'])
  assert.equal(scripts.filter((path) => /assets\/words-ar-[\w-]+\.js$/.test(path)).length, 1)
  const second = await english.context.newPage()
  await second.goto(page.url())
  await second.getByRole('heading', { name: LANGUAGES.ar.empty }).waitFor()
})

function openIn(t: TestContext, name: Name, options: object): Promise<BoardPage> {
  const { locale, live } = LANGUAGES[name]
  return fixture
    .newBoard()
    .then((board) =>
      fixture.openPage(t, 'wire.test', board, { locale, says: live, bypassCSP: true, ...options }),
    )
}

const languageOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const { lang } = document.documentElement
    return [lang, getComputedStyle(document.documentElement).direction]
  })

async function inspect(page: Page, view: string, look: (view: string) => Promise<void>) {
  await look(view)
  assert.deepEqual(await cutOffIn(page), [], view)
}

/** Returns the texts that don't fit into their element, or stand beyond the screen. */
const cutOffIn = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const found: string[] = []
    const which = 'button, label, legend, h1, h2, h3, a, p, [role="option"] > span'
    for (const element of document.querySelectorAll<HTMLElement>(which)) {
      const { left, right, width, height } = element.getBoundingClientRect()
      const isShown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
      // Names that people gave may be cut, and so are texts for screen readers alone.
      if (!isShown || width < 2 || height < 2 || element.closest('.stage, .visually-hidden'))
        continue
      if (element.closest('.mono, .name, dialog:not(:modal)')) continue
      const isCut =
        getComputedStyle(element).overflowX !== 'visible' &&
        element.scrollWidth > element.clientWidth + 1
      const isBeyond = left < -1 || right > innerWidth + 1
      if (isCut || isBeyond) found.push(`${element.className}: ${element.textContent}`)
    }
    return found
  })
