import type { TestContext } from 'node:test'
import { shareWords } from '@wirephoto/web/words/share'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { DESKTOP_VIEWPORT, type E2eFixture } from './e2e-fixture.ts'
import { BoardPage } from './page.ts'

/* People on a board that opens by links: who has made it, and who comes. */

/** Opens a page whose visitor has just made a board by the page's own key. */
export async function openHost(fixture: E2eFixture, t: TestContext): Promise<BoardPage> {
  const host = await fixture.openPage(t, 'wire.test', await fixture.newBoard())
  await makeBoardOn(host)
  return host
}

/** Makes another board by the page's own key, and goes there. */
async function makeBoardOn(host: BoardPage): Promise<void> {
  const before = host.page.url()
  await host.page.keyboard.press('n')
  await host.page.waitForURL((url) => url.href !== before)
  await host.waitForLive()
}

/** Opens a browser that has been on no board. It closes with the test. */
export async function openGuest(
  fixture: E2eFixture,
  t: TestContext,
  options: BrowserContextOptions = { viewport: DESKTOP_VIEWPORT },
): Promise<BoardPage> {
  const context = await fixture.newContext(options)
  const guest = await BoardPage.open(context, `http://wire.test:${fixture.server.port}`)
  fixture.closeAfter(t, async () => {
    await guest.close(t)
    await context.close()
  })
  return guest
}

/** Reads a link from the share sheet. */
export async function linkFor(page: Page, role: 'view' | 'add' | 'edit'): Promise<string> {
  await page.keyboard.press('s')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: shareWords.roles[role] }).check()
  const link = await dialog.getByLabel(shareWords.link, { exact: true }).inputValue()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  return link
}
