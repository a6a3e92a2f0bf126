import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { errorMessages } from '@wirephoto/board'
import { feedWords } from '@wirephoto/web/words/feed'
import { hostWords } from '@wirephoto/web/words/host'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { launchBrowserIn, missesWholeBrowser } from '../support/browser.ts'
import { DESKTOP_VIEWPORT, openFixture, PHONE } from '../support/e2e-fixture.ts'
import { FAILED_REQUESTS, GuestPages, linkOf, ownRow } from '../support/guest-pages.ts'
import { BoardPage } from '../support/page.ts'
import { Visitor } from '../support/visitor.ts'

/* A guest's page where it may have a service worker: without its server, closed, and installed. */

const INSTALLABLE = { serviceWorkers: 'allow', allowedErrors: FAILED_REQUESTS } as const

const { fixture, samples } = await openFixture()
const pages = new GuestPages(fixture, samples)

test('T30, T32: a guest’s page opens without its server, and what is added there is sent when the browser is online, without a page', async (t) => {
  const { made, guest } = await pages.openGuest(t, INSTALLABLE)
  const { page } = guest
  await takeWorker(guest)
  await fixture.server.kill()
  await page.goto(`${fixture.server.url}/b/${made.id}/add`)
  await page.locator('.connection.trouble').waitFor()
  await page.locator('.overlay').waitFor({ state: 'attached' })
  await pages.add(guest, 'offline.jpg')
  await ownRow(guest, 'offline.jpg', overlayWords.waitingForServer).waitFor()
  await waitUntilKept(guest)
  await page.goto('about:blank')
  await fixture.server.start()

  await synchronize(guest)
  const host = await pages.open(t, made, 'own', { viewport: DESKTOP_VIEWPORT })
  await host.waitForPainted(1, 'stored')
  await guest.goto(`/b/${made.id}/add`)
  await ownRow(guest, 'offline.jpg', feedWords.onBoard).waitFor()
  assert.equal((await host.tiles()).length, 1, 'once')
})

test('T32: what the server refuses of it is told by the next page', async (t) => {
  const { made, guest } = await pages.openGuest(t, INSTALLABLE)
  const { page } = guest
  await takeWorker(guest)
  await fixture.server.kill()
  await page.locator('.connection.trouble').waitFor()
  await pages.add(guest, 'refused.jpg')
  await waitUntilKept(guest)
  await page.goto('about:blank')
  await fixture.server.start()
  const host = await pages.open(t, made, 'own', { viewport: DESKTOP_VIEWPORT })
  await host.page.keyboard.press('Shift+P')
  await host.waitForToast(hostWords.addingIs.paused)

  await synchronize(guest)
  await guest.goto(`/b/${made.id}/add`)
  await ownRow(guest, 'refused.jpg', overlayWords.notSent).waitFor()
  await host.page.keyboard.press('Shift+P')
  await ownRow(guest, 'refused.jpg', feedWords.onBoard).waitFor()
  await host.waitForPainted(1, 'stored')
})

test('T28, T33: the page is installable, and what was added without the server is sent once when the browser is opened again', async (t) => {
  const missing = await missesWholeBrowser()
  if (missing) return t.skip(missing)
  const made = await new Visitor(fixture.server.url).makeBoard()
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-profile-'))
  fixture.closeAfter(t, () => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  const { port } = fixture.server
  const openPage = async () => {
    const context = await launchBrowserIn(folder, PHONE)
    fixture.closeAfter(t, () => context.close())
    const guest = await BoardPage.open(context, `http://localhost:${port}`)
    guest.allowedErrors = FAILED_REQUESTS
    return guest
  }
  const guest = await openPage()
  const { page, context } = guest
  const { pathname, hash } = new URL(linkOf(made, 'add'))
  await guest.goto(pathname + hash)
  await page.locator('.overlay').waitFor({ state: 'attached' })
  await takeWorker(guest)
  const cdp = await context.newCDPSession(page)
  const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors')
  assert.deepEqual(installabilityErrors, [])
  const { url, errors } = await cdp.send('Page.getAppManifest')
  assert.deepEqual([new URL(url).pathname, errors], ['/manifest.webmanifest', []])

  await fixture.server.kill()
  await page.locator('.connection.trouble').waitFor()
  await pages.add(guest, 'later.jpg')
  await waitUntilKept(guest)
  await page.reload()
  await ownRow(guest, 'later.jpg', overlayWords.waitingForServer).waitFor()
  await context.close()
  await fixture.server.start()

  const again = await openPage()
  await again.goto(`/b/${made.id}/add`)
  await ownRow(again, 'later.jpg', feedWords.onBoard).waitFor()
  await again.page.reload()
  await ownRow(again, 'later.jpg', feedWords.onBoard).waitFor()
  const host = await pages.open(t, made, 'own', { viewport: DESKTOP_VIEWPORT })
  await host.waitForPainted(1, 'stored')
  assert.equal((await host.tiles()).length, 1, 'once')
})

test('T31, T34: pictures that a phone shares land on the board used last, and wait where adding is paused', async (t) => {
  const { made, guest } = await pages.openGuest(t, INSTALLABLE)
  const { page } = guest
  await takeWorker(guest)
  await guest.waitUntil(
    async () =>
      (await caches.match('/last-board', { cacheName: 'wirephoto-shared' })) !== undefined,
    null,
  )
  await share(guest, await pages.draw('shared.jpg', 7))
  await page.waitForURL(`**/b/${made.id}/add`)
  await ownRow(guest, 'shared.jpg', feedWords.onBoard).waitFor()

  const host = await pages.open(t, made, 'own', { viewport: DESKTOP_VIEWPORT })
  await host.page.keyboard.press('Shift+P')
  await host.waitForToast(hostWords.addingIs.paused)
  await page.locator('.notice').waitFor()
  await share(guest, await pages.draw('waits.jpg', 8))
  await guest.waitForToast(errorMessages['adding-paused']({}))
  await host.page.keyboard.press('Shift+P')
  await ownRow(guest, 'waits.jpg', feedWords.onBoard).waitFor()
  await host.waitForPainted(2, 'stored')
  await page.reload()
  await guest.waitForLive()
  assert.equal((await host.tiles()).length, 2, 'once')
})

/** Resolves when the page has its service worker. It would wait before it takes one. */
async function takeWorker(page: BoardPage): Promise<void> {
  await page.page.evaluate(() => navigator.serviceWorker.register('/service-worker.js'))
  await page.waitUntil(() => navigator.serviceWorker.controller !== null, null)
}

/** Has the browser tell its worker that it is online again, as Background Sync does. */
async function synchronize({ page, context }: BoardPage): Promise<void> {
  const origin = fixture.server.url
  const cdp = await context.newCDPSession(page)
  const registered = Promise.withResolvers<string>()
  cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    const found = registrations.find(({ scopeURL }) => scopeURL === `${origin}/`)
    if (found) registered.resolve(found.registrationId)
  })
  await cdp.send('ServiceWorker.enable')
  const registrationId = await registered.promise
  const event = { origin, registrationId, tag: 'send', lastChance: true }
  await cdp.send('ServiceWorker.dispatchSyncEvent', event)
}

/** Resolves when the browser keeps what was added, and leaving the page asks nothing. */
async function waitUntilKept(page: BoardPage): Promise<void> {
  await page.waitUntil(hasKept, 'files')
  await page.waitUntil(hasKept, 'commands')
  await page.waitUntil(() => dispatchEvent(new Event('beforeunload', { cancelable: true })), null)
}

/** Returns whether the browser keeps something of this kind for a later page. Runs in a page. */
async function hasKept(kind: string): Promise<boolean> {
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const database = await done(indexedDB.open('wirephoto'))
  const count = await done(database.transaction(kind).objectStore(kind).count())
  database.close()
  return count > 0
}

/** Sends a file as the system does when somebody shares it with the installed page. */
async function share({ page }: BoardPage, path: string): Promise<void> {
  await page.evaluate(() => {
    const form = document.createElement('form')
    Object.assign(form, { action: '/share', method: 'post', enctype: 'multipart/form-data' })
    const input = document.createElement('input')
    Object.assign(input, { type: 'file', name: 'pictures', id: 'shared-file' })
    form.append(input)
    document.body.append(form)
  })
  await page.setInputFiles('#shared-file', path)
  await page.evaluate(() => document.querySelector('#shared-file')!.closest('form')!.submit())
}
