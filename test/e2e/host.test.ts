import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { type TestContext, test } from 'node:test'
import { errorMessages } from '@wirephoto/board'
import { hostWords } from '@wirephoto/web/words/host'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { panelWords } from '@wirephoto/web/words/panels'
import type { AxeResults } from 'axe-core'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { openFixture, PHONE } from '../support/e2e-fixture.ts'
import { BoardPage, middleOf } from '../support/page.ts'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
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
  const { host, guest } = await openHosted(t, { host: PHONE })
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

test('B118, B120: while adding is paused guests are told so, and what they drop is refused', async (t) => {
  const { host, guest } = await openHosted(t)
  const add = guest.page.getByRole('button', { name: words.add, exact: true })
  await host.page.keyboard.press('Shift+P')
  await host.waitForToast(hostWords.addingIs.paused)
  await guest.page.getByText(hostWords.isPaused, { exact: true }).waitFor()
  assert.equal(await add.count(), 0)
  await guest.drop([await draw('no.jpg')], MIDDLE)
  await guest.waitForToast(errorMessages['adding-paused']({}))
  await host.drop([await draw('yes.jpg')], MIDDLE)
  await guest.waitForPainted(1, 'stored')
  await host.page.keyboard.press(',')
  await host.page.getByRole('radio', { name: hostWords.adding.open }).check()
  await add.waitFor()
})

test('B119: what a guest added without a connection goes on when adding is open again', async (t) => {
  const proxy = await fixture.openProxy(t)
  const { host, guest } = await openHosted(t, { guest: { at: proxy.port } })
  guest.allowedErrors = /ERR_|WebSocket/
  proxy.disconnect()
  await guest.page.locator('.connection.trouble').waitFor()
  await guest.drop([await draw('later.jpg')], MIDDLE)
  const [tile] = await guest.waitForTiles(1)
  await host.page.keyboard.press('Shift+P')
  await host.waitForToast(hostWords.addingIs.paused)
  proxy.reconnect()
  await guest.page.getByRole('button', { name: words.retry }).waitFor()
  assert.equal((await host.tiles()).length, 0)
  await host.page.keyboard.press('Shift+P')
  const [stored] = await host.waitForPainted(1, 'stored')
  assert.equal(stored!.id, tile!.id)
})

test('B121, B122, B123, B124: the owner decides by keys about what waits, and each guest sees theirs', async (t) => {
  const { host, guest } = await openHosted(t)
  const { keyboard } = host.page
  await keyboard.press('Shift+Q')
  await host.waitForToast(hostWords.addingIs.held)
  const names = ['one.jpg', 'two.jpg', 'three.jpg', 'four.jpg']
  await guest.drop(await Promise.all(names.map(draw)), MIDDLE)
  await guest.page.getByRole('button', { name: overlayWords.skip }).click()
  await guest.page.getByRole('region', { name: hostWords.waitForHost(4) }).waitFor()
  await guest.waitUntil(
    (waits) =>
      [...document.querySelectorAll('[data-waiting]')].every((each) =>
        each.textContent!.includes(waits),
      ),
    hostWords.waits,
  )
  for (const page of [host, guest]) assert.equal((await page.tiles()).length, 0)

  await host.page.getByRole('button', { name: hostWords.waitForYou(4) }).click()
  const waitForShown = (name: string) =>
    host.page.getByRole('dialog').getByRole('img', { name, exact: true }).waitFor()
  await waitForShown('one.jpg')
  await keyboard.press('Enter')
  await waitForShown('two.jpg')
  const approvedAt = performance.now()
  await guest.waitForPainted(1, 'stored')
  t.diagnostic(
    `It was on the guest's screen after ${Math.round(performance.now() - approvedAt)} ms`,
  )
  await keyboard.press('r')
  await waitForShown('three.jpg')
  await host.waitForToast(hostWords.refusedOne(''))
  await keyboard.press('Control+z')
  await waitForShown('two.jpg')
  await keyboard.press('ArrowRight')
  await waitForShown('three.jpg')
  await keyboard.press('ArrowLeft')
  await waitForShown('two.jpg')
  await keyboard.press('Backspace')
  await waitForShown('three.jpg')
  await host.page.getByRole('button', { name: hostWords.approveAll(2) }).click()
  await host.page.getByText(hostWords.askApproveAll(2)).waitFor()
  await host.page.getByRole('button', { name: hostWords.approveAll(2) }).click()
  await host.page.getByText(hostWords.noneWaits).waitFor()
  await guest.waitForPainted(3, 'stored')
  // A page that goes has the refusal sent at once.
  await guest.page.getByRole('region', { name: hostWords.waitForHost(1) }).waitFor()
  await host.page.reload()
  await guest.waitForToast(hostWords.notTaken(1))
  await guest.page.locator('.waiting-tray').waitFor({ state: 'detached' })
  await host.waitForPainted(3, 'stored')
})

test('B122, B124: on a phone a swipe decides, a guest takes one back, and axe-core finds nothing', async (t) => {
  const { host, guest } = await openHosted(t, {
    host: { ...PHONE, bypassCSP: true },
    guest: { bypassCSP: true },
  })
  const found: string[] = []
  const look = async (view: string, { page }: BoardPage): Promise<void> => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      found.push(...(await problemsIn(page, `${view}, ${colorScheme}`)))
    }
  }
  await host.page.keyboard.press(',')
  await host.page.getByRole('radio', { name: hostWords.adding.held }).check()
  await look('settings', host)
  await host.page.keyboard.press('Escape')
  await host.page.keyboard.press('q')
  await host.page.getByText(hostWords.noneWaits).waitFor()
  await look('none waits', host)
  await host.page.keyboard.press('Escape')
  await guest.drop([await draw('a.jpg'), await draw('b.jpg'), await draw('c.jpg')], MIDDLE)
  await guest.page.getByRole('button', { name: overlayWords.skip }).click()
  await guest.page
    .getByRole('button', { name: `${hostWords.takeBack}: c.jpg` })
    .and(guest.page.locator('li:has-text("waits") *'))
    .click()
  await look('the guest’s tray', guest)
  await host.page.getByRole('button', { name: hostWords.waitForYou(2) }).tap()
  const shown = host.page.getByRole('dialog').getByRole('img')
  await shown.and(host.page.locator('[aria-label="a.jpg"]')).waitFor()
  await look('a picture waits', host)
  await swipe(host, [120, 300], [300, 310])
  await guest.waitForPainted(1, 'stored')
  await shown.and(host.page.locator('[aria-label="b.jpg"]')).waitFor()
  await swipe(host, [300, 300], [120, 310])
  await host.page.getByText(hostWords.noneWaits).waitFor()
  const toast = await host.waitForToast(hostWords.refusedOne(''))
  await toast.getByRole('button', { name: words.undo }).tap()
  await shown.and(host.page.locator('[aria-label="b.jpg"]')).waitFor()
  assert.deepEqual(found, [])
})

const draw = (name: string): Promise<string> => samples.draw(name, { width: 300, height: 200 })

interface PageOptions extends BrowserContextOptions {
  /** A proxy's port, in place of the server's. */
  readonly at?: number
}

interface HostedOptions {
  readonly host?: PageOptions
  readonly guest?: PageOptions
}

/** Opens a board of its own: on the page of its owner, and on that of a guest who may add. */
async function openHosted(
  t: TestContext,
  options: HostedOptions = {},
): Promise<{ host: BoardPage; guest: BoardPage }> {
  const response = await fetch(`${fixture.server.url}/api/boards`, { method: 'POST' })
  const { links } = (await response.json()) as { links: { role: string; url: string }[] }
  const { port } = fixture.server
  const open = async (role: string, { at = port, ...further }: PageOptions): Promise<BoardPage> => {
    const context = await fixture.newContext(further)
    const page = await BoardPage.open(context, `http://wire.test:${at}`)
    fixture.closeAfter(t, async () => {
      await page.close(t)
      await context.close()
    })
    const { url } = links.find((link) => link.role === role)!
    await page.page.goto(url.replace(`:${port}`, `:${at}`))
    await page.waitForLive()
    // Some actions come with it.
    await page.page.locator('.overlay').waitFor({ state: 'attached' })
    return page
  }
  return {
    host: await open('own', options.host ?? {}),
    guest: await open('add', options.guest ?? {}),
  }
}

async function swipe(page: BoardPage, [x, y]: number[], [toX, toY]: number[]): Promise<void> {
  await page.touch('touchStart', { x: x!, y: y! })
  for (const share of [0.3, 0.6, 1])
    await page.touch('touchMove', { x: x! + (toX! - x!) * share, y: y! + (toY! - y!) * share })
  await page.touch('touchEnd')
}

/** Returns the problems that axe-core finds on a page, once nothing moves there. */
async function problemsIn(page: Page, view: string): Promise<string[]> {
  await page.waitForFunction(() =>
    document.getAnimations().every(({ playState }) => playState !== 'running'),
  )
  if (!(await page.evaluate(() => 'axe' in window))) await page.addScriptTag({ path: AXE })
  const { violations } = await page.evaluate(() => {
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } }
    return axe.run()
  })
  return violations.map(({ id, nodes }) => `${view}: ${id} at ${nodes[0]!.target.join(' ')}`)
}
