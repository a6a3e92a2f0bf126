import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { gateWords } from '@wirephoto/web/words/gate'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { ownerWords } from '@wirephoto/web/words/owners'
import { words } from '@wirephoto/web/words/page'
import { panelWords } from '@wirephoto/web/words/panels'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { cleanupAfter } from '../support/cleanup.ts'
import { DESKTOP_VIEWPORT, openFixture, PHONE } from '../support/e2e-fixture.ts'
import { freePort } from '../support/free-port.ts'
import { IdentityProvider } from '../support/identity-provider.ts'
import { BoardPage } from '../support/page.ts'
import { ServerProcess } from '../support/server-process.ts'

/* Who owns a server signs in and out, and people leave boards, in a browser. */

const MIDDLE = { x: 600, y: 400 }
/** Requests that are refused, as the browser reports them. */
const REFUSED = /status of 40[13]/
/** The same, and pages of the provider. */
const SIGNING_IN = /status of 40[13]|^request to http:\/\/127\.0\.0\.1:/

const stack = cleanupAfter()
const port = await freePort()
const provider = await IdentityProvider.open(
  { anna: { email: 'anna@example.com', email_verified: true }, ben: {} },
  `http://wire.test:${port}/api/owner/callback`,
)
stack.defer(() => provider.stop())
const { clientId, clientSecret, issuer } = provider
/** A server that others reach, so that it is closed to strangers. */
const closed = await ServerProcess.open({
  port,
  args: `--public-url http://wire.test:${port} --oidc ${issuer} --oidc-owner anna@example.com`.split(
    ' ',
  ),
  env: { WIREPHOTO_OIDC_CLIENT_ID: clientId, WIREPHOTO_OIDC_CLIENT_SECRET: clientSecret },
})
stack.defer(() => closed.close())
const { fixture, samples } = await openFixture({ args: ['--create', 'anyone'] })

test('B125, B132, B134: the owner signs in at the gate, ends another browser, and signs out', async (t) => {
  const anna = await openBrowser(t, port)
  anna.allowedErrors = SIGNING_IN
  provider.next = 'anna'
  await anna.page.goto('/')
  const signIn = anna.page.getByRole('link', { name: gateWords.signIn })
  await signIn.focus()
  await anna.page.keyboard.press('Enter')
  await anna.waitForLive()
  assert.equal(new URL(anna.page.url()).pathname, '/')

  const phone = await openBrowser(t, port, PHONE)
  phone.allowedErrors = SIGNING_IN
  await phone.page.goto('/')
  await phone.page.getByRole('link', { name: gateWords.signIn }).tap()
  await phone.waitForLive()
  await anna.page.keyboard.press('b')
  const boards = anna.page.getByRole('dialog', { name: words.boards })
  await boards.getByRole('button', { name: panelWords.serverBoards }).click()
  await boards.getByText(ownerWords.ofServer).click()
  await boards.getByText(ownerWords.thisOne).waitFor()
  await boards.getByRole('button', { name: /^End / }).click()
  await phone.page.getByRole('link', { name: gateWords.signIn }).waitFor()
  await anna.page.keyboard.press('Escape')

  const settings = await openSettings(anna.page)
  await settings.getByRole('button', { name: ownerWords.signOut }).click()
  await signIn.waitFor()
  await anna.page.reload()
  await signIn.waitFor()
})

test('B127: somebody who is not listed reads why, and finds back', async (t) => {
  const ben = await openBrowser(t, port)
  ben.allowedErrors = SIGNING_IN
  provider.next = 'ben'
  await ben.page.goto('/')
  await ben.page.getByRole('link', { name: gateWords.signIn }).click()
  await ben.page.getByRole('heading', { name: /You signed in as ben, who isn't listed/ }).waitFor()
  await ben.page.getByRole('link').first().click()
  await ben.page.getByRole('link', { name: gateWords.signIn }).waitFor()
})

test('B125: where nobody signs in, nothing offers it', async (t) => {
  const { link } = await makeBoard()
  const guest = await openBrowser(t, fixture.server.port)
  guest.allowedErrors = REFUSED
  const asked = guest.page.waitForResponse((response) => response.url().endsWith('/api/owner'))
  await guest.page.goto(new URL(link('add')).pathname)
  await asked
  await guest.page.getByLabel(gateWords.code).waitFor()
  assert.equal(await guest.page.getByRole('link', { name: gateWords.signIn }).count(), 0)
})

test('B133: somebody leaves a board, and their browser forgets it', async (t) => {
  const { id, link } = await makeBoard()
  const guest = await openBrowser(t, fixture.server.port, PHONE)
  guest.allowedErrors = REFUSED
  await guest.page.goto(link('edit'))
  await guest.waitForLive()
  await guest.page.getByRole('button', { name: words.more }).tap()
  await guest.page.getByRole('menuitem', { name: words.settings }).tap()
  const settings = guest.page.getByRole('dialog', { name: words.settings })
  await settings.getByRole('button', { name: ownerWords.leave }).tap()
  await settings.getByRole('button', { name: ownerWords.stay }).tap()
  await settings.getByRole('button', { name: ownerWords.leave }).tap()
  await settings.getByText(ownerWords.askLeave).waitFor()
  await settings.getByRole('button', { name: ownerWords.leave }).tap()
  await guest.page.waitForURL((url) => url.pathname === '/')
  const kept = await guest.page.evaluate(() => JSON.stringify(localStorage))
  assert.ok(!kept.includes(id), kept)
  await guest.page.goto(`/b/${id}`)
  await guest.page.getByLabel(gateWords.code).waitFor()
})

test('B137: the link to a view opens a closed board, at that view', async (t) => {
  const host = await fixture.openPage(t, 'wire.test', await fixture.newBoard())
  const before = host.page.url()
  await host.page.keyboard.press('n')
  await host.page.waitForURL((url) => url.href !== before)
  await host.waitForLive()
  await host.drop([await samples.draw('a.jpg', { width: 300, height: 200 })], MIDDLE)
  const [tile] = await host.waitForPainted(1, 'stored')
  await host.page.mouse.move(300, 300)
  await host.page.mouse.wheel(80, 40)
  await host.page.waitForFunction(
    ([id, x]) => document.querySelector(`[data-image="${id}"]`)!.getBoundingClientRect().x !== x,
    [tile!.id, tile!.x] as const,
  )
  const address = await copyView(host.page)
  assert.match(address, /#[\w-]{22}#-?\d+,-?\d+,[\d.]+$/)
  const guest = await openBrowser(t, fixture.server.port)
  await guest.page.goto(address)
  await guest.waitForLive()
  const [shown] = await guest.waitForPainted(1, 'stored')
  const [there] = await host.tiles()
  assert.ok(Math.abs(shown!.x - there!.x) <= 1 && Math.abs(shown!.y - there!.y) <= 1)
  assert.equal(new URL(guest.page.url()).hash, '')

  await guest.page.evaluate(() => localStorage.clear())
  const bare = await copyView(guest.page)
  await guest.waitForToast(overlayWords.viewCopiedWithoutLink)
  assert.match(bare, /\/b\/[\w-]+#-?\d+,-?\d+,[\d.]+$/)
})

/** Copies the link to the view. A plain-http page has no clipboard API, so the command that stands in is watched. */
async function copyView(page: Page): Promise<string> {
  await page.bringToFront()
  // The action comes with it.
  await page.locator('.overlay').waitFor({ state: 'attached' })
  const copied = page.evaluate(
    () =>
      new Promise<string>((resolve, reject) => {
        setTimeout(() => reject(new Error('Nothing was copied')), 20_000)
        document.addEventListener(
          'copy',
          () => resolve((document.activeElement as HTMLTextAreaElement).value),
          {
            once: true,
          },
        )
      }),
  )
  await page.keyboard.press('Shift+V')
  return copied
}

async function openSettings(page: Page) {
  await page.keyboard.press(',')
  return page.getByRole('dialog', { name: words.settings })
}

/** Makes a board over HTTP, with its links. */
async function makeBoard() {
  const response = await fetch(`${fixture.server.url}/api/boards`, { method: 'POST' })
  const { id, links } = (await response.json()) as {
    id: string
    links: { role: string; url: string }[]
  }
  return { id, link: (role: string): string => links.find((each) => each.role === role)!.url }
}

/** Opens a browser that has been on no board. It closes with the test. */
async function openBrowser(
  t: TestContext,
  at: number,
  options: BrowserContextOptions = { viewport: DESKTOP_VIEWPORT },
): Promise<BoardPage> {
  const baseURL = `http://wire.test:${at}`
  const context = await fixture.browser.newContext({
    serviceWorkers: 'block',
    baseURL,
    ...options,
  })
  const opened = await BoardPage.open(context, baseURL)
  fixture.closeAfter(t, async () => {
    await opened.close(t)
    await context.close()
  })
  return opened
}
