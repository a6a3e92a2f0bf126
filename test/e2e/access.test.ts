import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { words } from '@wirephoto/board'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { Gallery } from '../support/gallery.ts'
import type { BoardPage } from '../support/page.ts'
import { Stand } from '../support/stand.ts'

const { ui } = words
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

let stand: Stand
let gallery: Gallery

before(async () => {
  ;[stand, gallery] = await Promise.all([Stand.open(), Gallery.open()])
})
after(async () => {
  await stand.close()
  await gallery.close()
})

/** Every view, and how one gets there from the board. */
const views: Record<string, (page: Page) => Promise<unknown>> = {
  palette: (page) => page.keyboard.press('Control+k'),
  keys: (page) => page.keyboard.press('?'),
  settings: (page) => page.keyboard.press(','),
  boards: (page) => page.keyboard.press('b'),
  'picture large': (page) => page.locator('[data-image]').first().dblclick(),
  trash: (page) => page.keyboard.press('Shift+T'),
}

for (const colorScheme of ['light', 'dark'] as const)
  test(`axe-core finds nothing in any view, ${colorScheme}`, async (t) => {
    const board = await stand.newBoard()
    const anna = await stand.open(t, 'localhost', board, { colorScheme, bypassCSP: true })
    const { page } = anna
    await page.addScriptTag({ path: AXE })
    const found: string[] = []
    const look = async (view: string): Promise<void> => {
      await still(anna)
      for (const problem of await problemsOf(page)) found.push(`${view}: ${problem}`)
    }

    await look('empty board')
    await page.keyboard.press('Shift+T')
    await page.getByRole('dialog').waitFor()
    await look('empty trash')
    await page.keyboard.press('Escape')
    const files = [await gallery.file('photos/pic1.jpg'), await gallery.file('photos/pic2.jpg')]
    await anna.drop(files, { x: 400, y: 300 })
    const [first] = await anna.painted(2, 'stored')
    await look('board')
    await page.mouse.click(first!.x + 20, first!.y + 20)
    await look('selected')
    await page.getByRole('button', { name: ui.boardMenu }).click()
    await look('menu')
    await page.keyboard.press('Escape')
    await page.mouse.click(first!.x + 20, first!.y + 20)
    await page.keyboard.press('Delete')
    await anna.told(ui.deleted(1))
    await look('notice')
    for (const [view, go] of Object.entries(views)) {
      await go(page)
      await page.getByRole('dialog').waitFor()
      await look(view)
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    assert.deepEqual(found, [])
  })

/** What moves or fades has another contrast. */
const still = (page: BoardPage): Promise<void> =>
  page.until(() => document.getAnimations().every(({ playState }) => playState !== 'running'), null)

async function problemsOf(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() => {
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } }
    return axe.run()
  })
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary}`),
  )
}
