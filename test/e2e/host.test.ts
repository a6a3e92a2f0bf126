import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { hostWords } from '@wirephoto/web/words/host'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { panelWords } from '@wirephoto/web/words/panels'
import type { BrowserContextOptions } from 'playwright-core'
import { DESKTOP_VIEWPORT, openFixture, PHONE } from '../support/e2e-fixture.ts'
import { BoardPage, middleOf } from '../support/page.ts'

const MIDDLE = { x: 600, y: 400 }

const { fixture, samples } = await openFixture({ args: ['--create', 'anyone'] })

test('B115, B116: the owner deletes everything by a guest, who can’t put it back, and takes that back', async (t) => {
  const { host, guest } = await openHosted(t)
  await host.drop([await draw('host.jpg')], MIDDLE)
  await guest.waitForPainted(1, 'stored')
  await guest.drop([await draw('one.jpg'), await draw('two.jpg')], { x: 300, y: 100 })
  await guest.page.getByRole('button', { name: overlayWords.skip }).click()
  const tiles = await host.waitForPainted(3, 'stored')

  // From the list of people.
  await host.page.keyboard.press('p')
  await host.page.getByRole('button', { name: hostWords.deleteAllBy('', 2) }).click()
  await host.waitForTiles(1)
  await guest.waitForTiles(1)
  const told = await guest.waitForToast(overlayWords.deletedByOther.any('', 2))
  assert.equal(await told.getByRole('button', { name: panelWords.putBack }).count(), 0)
  await guest.page.keyboard.press('Shift+T')
  await guest.page.getByText(panelWords.trashEmpty).waitFor()
  await guest.page.keyboard.press('Escape')
  const toast = await host.waitForToast(hostWords.deletedAllBy('', 2))
  await toast.getByRole('button', { name: words.undo }).click()
  await guest.waitForTiles(3)
  await host.page.keyboard.press('Escape')

  // From the menu of one of their pictures, and never of one's own.
  const menuOf = async (label: string): Promise<void> => {
    const tile = tiles.find((each) => each.label.startsWith(label))!
    await host.page.mouse.click(...middleOf(tile), { button: 'right' })
    await host.page.getByRole('menu').waitFor()
  }
  const item = host.page.getByRole('menuitem', { name: hostWords.deleteAllBy('', 2) })
  await menuOf('host.jpg')
  assert.equal(await host.page.getByRole('menuitem', { name: /Delete .* by / }).count(), 0)
  await host.page.keyboard.press('Escape')
  await menuOf('one.jpg')
  await item.click()
  await guest.waitForTiles(1)
  await host.page.keyboard.press('Control+z')
  await guest.waitForTiles(3)
  assert.equal(await guest.page.getByRole('button', { name: /by / }).count(), 0)
})

test('B117: the owner clears the board on a phone, after a question that says how many', async (t) => {
  const { host, guest } = await openHosted(t, PHONE)
  await guest.drop([await draw('a.jpg'), await draw('b.jpg'), await draw('c.jpg')], MIDDLE)
  await host.waitForPainted(3, 'stored')
  const open = async (): Promise<void> => {
    await host.page.getByRole('button', { name: words.more }).tap()
    await host.page.getByRole('menuitem', { name: hostWords.clearBoard }).tap()
    await host.page.getByText(hostWords.askClear(3)).waitFor()
  }
  await open()
  await host.page.getByRole('button', { name: hostWords.keepBoard }).tap()
  await host.page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.equal((await host.tiles()).length, 3)
  await open()
  await host.page.getByRole('button', { name: hostWords.clear(3) }).tap()
  for (const page of [host, guest]) await page.waitForTiles(0)
  const toast = await host.waitForToast(hostWords.cleared(3))
  await toast.getByRole('button', { name: words.undo }).tap()
  for (const page of [host, guest]) await page.waitForTiles(3)
  // By its key too, and from the palette by its name.
  await host.page.keyboard.press('Shift+C')
  await host.page.getByText(hostWords.askClear(3)).waitFor()
  await guest.page.keyboard.press('Shift+C')
  await guest.nextFrame()
  assert.equal(await guest.page.getByRole('dialog').count(), 0)
})

const draw = (name: string): Promise<string> => samples.draw(name, { width: 300, height: 200 })

/** Opens a board of its own: on the page of its owner, and on that of a guest who may add. */
async function openHosted(
  t: TestContext,
  options: BrowserContextOptions = { viewport: DESKTOP_VIEWPORT },
): Promise<{ host: BoardPage; guest: BoardPage }> {
  const response = await fetch(`${fixture.server.url}/api/boards`, { method: 'POST' })
  const { links } = (await response.json()) as { links: { role: string; url: string }[] }
  const open = async (role: string, further: BrowserContextOptions): Promise<BoardPage> => {
    const context = await fixture.browser.newContext({ serviceWorkers: 'block', ...further })
    const page = await BoardPage.open(context, `http://wire.test:${fixture.server.port}`)
    fixture.closeAfter(t, async () => {
      await page.close(t)
      await context.close()
    })
    await page.page.goto(links.find((link) => link.role === role)!.url)
    await page.waitForLive()
    return page
  }
  return {
    host: await open('own', options),
    guest: await open('add', { viewport: DESKTOP_VIEWPORT }),
  }
}
