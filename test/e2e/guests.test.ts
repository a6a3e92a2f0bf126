import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { errorMessages, type ImageRecord, type Snapshot } from '@wirephoto/board'
import { gateWords } from '@wirephoto/web/words/gate'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { panelWords } from '@wirephoto/web/words/panels'
import { shareWords } from '@wirephoto/web/words/share'
import type { Page } from 'playwright-core'
import { openFixture, PHONE } from '../support/e2e-fixture.ts'
import { linkFor, openGuest, openHost } from '../support/guests.ts'
import { type BoardPage, middleOf } from '../support/page.ts'

const MIDDLE = { x: 600, y: 400 }
const PHONE_MIDDLE = { x: 195, y: 400 }
/** Requests that are refused, as the browser reports them. */
const REFUSED = /status of 40[13]/

const { fixture, samples } = await openFixture({ args: ['--create', 'anyone'] })

test('W39, W46, W49, W50: who comes by the link for adding adds, and changes only their own', async (t) => {
  const host = await openHost(fixture, t)
  await host.drop([await samples.draw('host.jpg', { width: 300, height: 200 })], MIDDLE)
  const [theirs] = await host.waitForPainted(1, 'stored')
  await host.page.keyboard.press('s')
  const sheet = host.page.getByRole('dialog')
  const first = sheet.getByRole('radio', { name: shareWords.roles.add })
  assert.equal(await first.isChecked(), true)
  await host.page.keyboard.press('Escape')
  const link = await linkFor(host.page, 'add')

  const guest = await openGuest(fixture, t, PHONE)
  const referrers: string[] = []
  guest.page.on('request', (request) => {
    referrers.push(request.headers()['referer'] ?? '')
    if (request.method() !== 'POST') referrers.push(request.url())
  })
  const asked: string[] = []
  guest.page.on('response', (response) => {
    if (response.url().endsWith('/session')) asked.push('exchanged')
  })
  guest.page.on('request', (request) => {
    if (request.url().endsWith('/snapshot')) asked.push('board')
  })
  await guest.page.goto(link)
  await guest.waitForLive()
  assert.deepEqual(asked, ['exchanged', 'board'])
  assert.equal(new URL(guest.page.url()).hash, '')
  const secret = new URL(link).hash.slice(1)
  assert.ok(!referrers.some((each) => each.includes(secret)), 'no address names the secret')

  await guest.waitForPainted(1, 'stored')
  await guest.drop([await samples.draw('guest.jpg', { width: 200, height: 200 })], PHONE_MIDDLE)
  await host.waitForPainted(2, 'stored')
  const mine = (await guest.waitForPainted(2, 'stored')).find(({ id }) => id !== theirs!.id)!
  await guest.page.getByRole('button', { name: overlayWords.skip }).tap()

  await select(guest, theirs!.id)
  assert.deepEqual(await offered(guest), [words.openLarge, words.download, words.duplicate])
  assert.equal(await guest.page.locator('.handle').count(), 0)
  await guest.page.keyboard.press('Delete')
  await guest.page.keyboard.press('Escape')
  await select(guest, mine.id)
  assert.ok((await offered(guest)).includes(words.delete))
  await guest.page.locator('.handle').first().waitFor()
  await guest.page.keyboard.press('Delete')
  await host.waitForTiles(1)
  assert.equal((await host.tiles())[0]!.id, theirs!.id)
})

test('W41, W46, W47, W48, G43: who comes by the link for looking is offered no more, until they paste another', async (t) => {
  const made = await makeBoard()
  const viewer = await openGuest(fixture, t)
  await viewer.page.goto(made.link('view'))
  await viewer.waitForLive()
  await viewer.page.getByRole('heading', { name: words.emptyForViewer }).waitFor()
  for (const name of [words.add, words.undo, words.trash])
    assert.equal(await viewer.page.getByRole('button', { name, exact: true }).count(), 0, name)
  await viewer.drop([await samples.draw('no.jpg', { width: 200, height: 200 })], MIDDLE)
  await viewer.waitForToast(words.lookOnly)

  const { x, y } = await made.add(await samples.draw('seen.jpg', { width: 300, height: 200 }))
  const [tile] = await viewer.waitForPainted(1, 'stored')
  await viewer.page.mouse.move(...middleOf(tile!))
  await viewer.page.mouse.down()
  await viewer.page.mouse.move(tile!.x + 40, tile!.y + 90, { steps: 4 })
  await viewer.page.mouse.up()
  const [panned] = await viewer.tiles()
  assert.notEqual(panned!.y, tile!.y, 'a drag pans')
  const [record] = await made.pictures()
  assert.deepEqual({ x: record!.x, y: record!.y }, { x, y }, 'and moves nothing')
  await viewer.page.mouse.dblclick(...middleOf(panned!))
  await viewer.page.locator('.lightbox .about').waitFor()
  await viewer.page.keyboard.press('c')
  const dialog = viewer.page.getByRole('dialog')
  assert.equal(await dialog.getByRole('button', { name: panelWords.addCaption }).count(), 0)
  assert.equal(await dialog.getByRole('textbox').count(), 0)
  await viewer.page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  // A second page knows from its first moment on what one may do.
  await viewer.page.reload()
  const add = viewer.page.getByRole('button', { name: words.add, exact: true })
  assert.equal(await add.count(), 0)
  await viewer.waitForPainted(1, 'stored')
  await viewer.page.evaluate((hash) => location.assign(hash), new URL(made.link('edit')).hash)
  await add.waitFor()
  assert.equal(new URL(viewer.page.url()).hash, '')
})

test('W42, W44, W45: a renewed link ends under a guest, who goes on by the new one', async (t) => {
  const host = await openHost(fixture, t)
  const link = await linkFor(host.page, 'add')
  const guest = await openGuest(fixture, t)
  guest.allowedErrors = REFUSED
  await guest.page.goto(link)
  await guest.waitForLive()
  // The change waits for its answer, and the link ends before that comes.
  await guest.page.route(/\/uploads/, (route) => route.abort())
  guest.allowedErrors = /status of 40[134]|net::ERR_FAILED/
  await guest.drop([await samples.draw('late.jpg', { width: 200, height: 200 })], MIDDLE)
  await host.waitForTiles(1)

  const renewedAt = performance.now()
  const renewed = await renewLink(host.page, 'Add')
  assert.notEqual(renewed, link)
  await guest.page.getByRole('heading', { name: errorMessages['link-ended']({}) }).waitFor()
  const afterMs = performance.now() - renewedAt
  t.diagnostic(`The gate came after ${Math.round(afterMs)} ms`)
  await guest.page.getByText(gateWords.unsent(1)).waitFor()
  assert.equal(await guest.page.locator('.tile').count(), 0)
  assert.equal(await guest.page.title(), words.product)

  await guest.page.unroute(/\/uploads/)
  const field = guest.page.getByRole('textbox', { name: gateWords.code })
  await field.fill('BCDFGH')
  await field.press('Enter')
  await guest.page
    .getByRole('alert')
    .filter({ hasText: errorMessages['wrong-code']({}) })
    .waitFor()
  await field.fill(renewed)
  await field.press('Enter')
  await guest.waitForPainted(1, 'stored')
  await host.waitForPainted(1, 'stored')
})

test('W40: a server that is away is said so, and asked again', async (t) => {
  const made = await makeBoard()
  const guest = await openGuest(fixture, t)
  guest.allowedErrors = /net::ERR_/
  let tries = 0
  await guest.page.route(/\/session$/, (route) => (tries++ < 2 ? route.abort() : route.continue()))
  await guest.page.goto(made.link('add'))
  await guest.page.getByText(gateWords.tryingAgain(words.serverGone)).waitFor()
  // A reload goes on with the link, which the address bar no longer has.
  assert.equal(new URL(guest.page.url()).hash, '')
  await guest.page.reload()
  await guest.page.getByText(gateWords.tryingAgain(words.serverGone)).waitFor()
  await guest.page.evaluate(() => dispatchEvent(new Event('online')))
  await guest.waitForLive()
  assert.equal(tries, 3)
})

test('W42, W43, W53: a stranger is shown one sentence and one field, and passes on the link that they come by', async (t) => {
  const made = await makeBoard()
  await made.setPassphrase('open sesame')
  const guest = await openGuest(fixture, t, PHONE)
  guest.allowedErrors = REFUSED
  await guest.page.goto(made.url)
  await guest.page.getByRole('heading', { name: errorMessages['link-needed']({}) }).waitFor()
  assert.equal(await guest.page.getByRole('textbox').count(), 1)
  await guest.page.getByRole('button', { name: gateWords.open }).tap()
  await guest.page.getByText(gateWords.typeSomething).waitFor()

  const link = made.link('add')
  await guest.page.getByRole('textbox', { name: gateWords.code }).fill(link)
  await guest.page.keyboard.press('Enter')
  const field = guest.page.getByLabel(gateWords.passphrase)
  await field.fill('open barley')
  await field.press('Enter')
  await guest.page.getByText(errorMessages['wrong-passphrase']({})).waitFor()
  await field.fill('open sesame')
  await field.press('Enter')
  await guest.waitForLive()

  await guest.page.keyboard.press('s')
  const shown = guest.page.getByRole('dialog').getByLabel(shareWords.link, { exact: true })
  assert.equal(await shown.inputValue(), link)
  assert.equal(await guest.page.getByText(shareWords.links, { exact: true }).count(), 0)
})

test('P73: an owner makes a link for one site, and is told at the field what is no site', async (t) => {
  const { page } = await openHost(fixture, t)
  const made: unknown[] = []
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/links'))
      made.push(request.postDataJSON())
  })
  await page.keyboard.press('s')
  const dialog = page.getByRole('dialog')
  await dialog.getByText(shareWords.links, { exact: true }).click()
  const site = dialog.getByLabel(shareWords.newLinkSite)
  const make = dialog.getByRole('button', { name: shareWords.make, exact: true })
  for (const wrong of ['site.example', 'https://site.example/page', 'ftp://site.example']) {
    await site.fill(wrong)
    await make.click()
    await dialog.getByRole('alert').getByText(shareWords.noSite).waitFor()
    assert.equal(await site.getAttribute('aria-invalid'), 'true')
  }
  await site.fill('https://Site.example/')
  await make.click()
  const origin = 'https://site.example'
  await dialog.getByText(shareWords.onlyAt(origin)).waitFor()
  await dialog.locator('.links .name').getByText('site.example', { exact: true }).waitFor()
  assert.deepEqual(made, [{ role: 'add', origin }])
  await dialog.getByLabel(shareWords.newLinkRole).selectOption('edit')
  await site.waitFor({ state: 'detached' })
})

/** Makes a board over HTTP, with its links. */
async function makeBoard() {
  const { url: server } = fixture.server
  const response = await fetch(`${server}/api/boards`, { method: 'POST' })
  const { id, url, links } = (await response.json()) as {
    id: string
    url: string
    links: { role: string; url: string }[]
  }
  const link = (role: 'view' | 'add' | 'edit' | 'own'): string =>
    links.find((each) => each.role === role)!.url
  const headers = { authorization: `Bearer ${new URL(link('own')).hash.slice(1)}` }
  return {
    url,
    link,
    async add(path: string): Promise<ImageRecord> {
      const body = new FormData()
      body.append('file', new Blob([await readFile(path)]), 'picture.jpg')
      const address = `${server}/api/boards/${id}/images`
      const added = await fetch(address, { method: 'POST', headers, body })
      return (await added.json()) as ImageRecord
    },
    async setPassphrase(passphrase: string): Promise<void> {
      const response = await fetch(`${server}/api/boards/${id}/access`, {
        method: 'PATCH',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ passphrase }),
      })
      assert.equal(response.status, 200)
    },
    async pictures(): Promise<ImageRecord[]> {
      const snapshot = await fetch(`${server}/api/boards/${id}/snapshot`, { headers })
      return picturesOf((await snapshot.json()) as Snapshot)
    },
  }
}

const picturesOf = ({ records }: Snapshot): ImageRecord[] =>
  records.filter((record) => record.kind === 'image')

/** Renews a link in the share sheet, and returns the new one. */
async function renewLink(page: Page, name: string): Promise<string> {
  const before = await linkFor(page, 'add')
  await page.keyboard.press('s')
  const dialog = page.getByRole('dialog')
  await dialog.getByText(shareWords.links, { exact: true }).click()
  await dialog.getByRole('button', { name: shareWords.renewNamed(name) }).click()
  const field = dialog.getByLabel(shareWords.link, { exact: true })
  await page.waitForFunction(
    ([selector, old]) => document.querySelector<HTMLInputElement>(selector!)?.value !== old,
    ['.share .link', before],
  )
  const renewed = await field.inputValue()
  await page.keyboard.press('Escape')
  return renewed
}

/** Selects one picture by the keyboard. */
async function select({ page }: BoardPage, id: string): Promise<void> {
  await page.keyboard.press('Escape')
  await page.locator(`[data-image="${id}"]`).focus()
  await page.keyboard.press('Space')
  await page.locator('.selection-bar').waitFor()
}

/** Returns the names of the selection's actions. */
async function offered({ page }: BoardPage): Promise<string[]> {
  const buttons = page.locator('.selection-bar button')
  return buttons.evaluateAll((all) => all.map((each) => each.getAttribute('aria-label')!))
}
