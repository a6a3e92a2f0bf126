import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { errorMessages, type Role } from '@wirephoto/board'
import { feedWords } from '@wirephoto/web/words/feed'
import { hostWords } from '@wirephoto/web/words/host'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import sharp from 'sharp'
import { openInspector } from '../support/axe.ts'
import { DESKTOP_VIEWPORT, openFixture, type PageOptions, PHONE } from '../support/e2e-fixture.ts'
import { Gateway } from '../support/gateway.ts'
import { BoardPage } from '../support/page.ts'
import { type MadeBoard, Visitor } from '../support/visitor.ts'

/* A guest's own page: on a phone, with and without its server, and what the installed page does more. */

/** Browsers log failed requests and sockets, whatever the page does. */
const FAILED_REQUESTS = /net::ERR_|WebSocket connection|40[34] \(/
const GUEST = { ...PHONE, hasFeed: true } as const

/** Where pages may have a service worker. */
const INSTALLABLE = { ...GUEST, serviceWorkers: 'allow', allowedErrors: FAILED_REQUESTS } as const

const { fixture, samples } = await openFixture()
const draw = (name: string, seed = 1) => samples.draw(name, { width: 400, height: 300, seed })

test('T21, T22, T23, T24, T26: an add link opens a guest’s page on a phone, whose pictures they see arrive and remove', async (t) => {
  const { made, guest } = await openGuest(t, { bypassCSP: true })
  const { page } = guest
  const { found, look } = openInspector(page)
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.waitForURL(`**/b/${made.id}/add`)
  await page.getByRole('heading', { name: feedWords.addYours }).waitFor()
  const host = await open(t, made, 'own', { viewport: DESKTOP_VIEWPORT })
  await add(guest, 'one.jpg', 'two.jpg')
  await row(guest, 'one.jpg', feedWords.onBoard).waitFor()
  await row(guest, 'two.jpg', feedWords.onBoard).waitFor()
  await host.waitForPainted(2, 'stored')
  await page.locator('.feed > ul [data-image]').nth(1).waitFor()
  const targets = await page.locator('.own button, .bar button:visible').evaluateAll((all) =>
    all.map((each) => {
      const { width, height } = each.getBoundingClientRect()
      return Math.min(width, height)
    }),
  )
  assert.ok(targets.length >= 5 && Math.min(...targets) >= 44, `${targets}`)
  await page.getByRole('form', { name: overlayWords.askName }).waitFor()
  assert.deepEqual(await coversOf(guest), [])
  await look('one picture')
  assert.deepEqual(found, [])

  await page.getByRole('button', { name: feedWords.remove('one.jpg') }).tap()
  await host.waitForTiles(1)
  await row(guest, 'one.jpg').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: words.undo }).tap()
  await host.waitForTiles(2)
  await row(guest, 'one.jpg', feedWords.onBoard).waitFor()

  // To the board by one press, and the choice stays.
  await page.getByRole('button', { name: feedWords.board, exact: true }).tap()
  await page.waitForURL(`**/b/${made.id}`)
  await page.goto('about:blank')
  await page.goto(linkOf(made, 'add'))
  await guest.waitForPainted(2, 'stored')
  assert.equal(await page.locator('.feed').count(), 0)
  await page.getByRole('button', { name: feedWords.yours, exact: true }).tap()
  await row(guest, 'two.jpg', feedWords.onBoard).waitFor()
})

test('T21: an add link opens the board on a desktop, and the guest’s page where somebody asks for it', async (t) => {
  const { made, guest } = await openGuest(t, { viewport: DESKTOP_VIEWPORT })
  await guest.page.locator('.overlay').waitFor({ state: 'attached' })
  assert.equal(new URL(guest.page.url()).pathname, `/b/${made.id}`)
  assert.equal(await guest.page.locator('.feed, .feed-switch').count(), 0)
  await guest.goto(`/b/${made.id}/add`)
  await guest.page.getByRole('heading', { name: feedWords.addYours }).waitFor()
  const viewer = await open(t, made, 'view', { viewport: DESKTOP_VIEWPORT })
  await viewer.goto(`/b/${made.id}/add`)
  await viewer.page.getByText(words.lookOnly).waitFor()
  assert.equal(await viewer.page.getByRole('button', { name: words.add, exact: true }).count(), 0)
})

test('T23, T25, B149: pictures wait for the host, and what was refused while adding is paused outlives its page', async (t) => {
  const proxy = await fixture.openProxy(t)
  const { made, guest } = await openGuest(t, { port: proxy.port })
  const host = await open(t, made, 'own', { viewport: DESKTOP_VIEWPORT })
  guest.allowedErrors = FAILED_REQUESTS
  const { page } = guest
  await host.page.keyboard.press('Shift+Q')
  await page.getByText(hostWords.waitForHostHint).first().waitFor()
  await add(guest, 'held.jpg')
  await row(guest, 'held.jpg', feedWords.waitsForHost).waitFor()
  await host.page.keyboard.press('Shift+Q')
  await host.waitForToast(hostWords.addingIs.open)

  proxy.disconnect()
  await page.locator('.connection.trouble').waitFor()
  await add(guest, 'later.jpg')
  await row(guest, 'later.jpg', overlayWords.waitingForServer).waitFor()
  await host.page.keyboard.press('Shift+P')
  await host.waitForToast(hostWords.addingIs.paused)
  proxy.reconnect()
  await row(guest, 'later.jpg', overlayWords.notSent).waitFor()
  await page.locator('.notice', { hasText: errorMessages['adding-paused']({}) }).waitFor()
  assert.equal(await page.getByRole('button', { name: words.add, exact: true }).count(), 0)
  await page.getByRole('button', { name: feedWords.retry('later.jpg') }).waitFor()
  await page.reload()
  await row(guest, 'later.jpg', overlayWords.notSent).waitFor()
  await host.page.keyboard.press('Shift+P')
  await row(guest, 'later.jpg', feedWords.onBoard).waitFor()
  await host.waitForPainted(1, 'stored')
})

test('T26, T27: a guest’s page works where no websocket passes', async (t) => {
  const gateway = await Gateway.open(fixture.server.port)
  fixture.closeAfter(t, () => gateway.close())
  gateway.upgrades = 'refuse'
  const { made, guest } = await openGuest(t, {
    port: gateway.port,
    allowedErrors: FAILED_REQUESTS,
    says: words.slow,
  })
  await guest.page.waitForURL(`**/b/${made.id}/add`)
  await add(guest, 'slow.jpg')
  await row(guest, 'slow.jpg', feedWords.onBoard).waitFor()
  await guest.page.getByRole('form', { name: overlayWords.askName }).waitFor()
  assert.deepEqual(await coversOf(guest), [])
  await guest.page.getByRole('button', { name: feedWords.remove('slow.jpg') }).tap()
  await row(guest, 'slow.jpg').waitFor({ state: 'detached' })
})

test('T28, T29: the manifest holds at its own path, names no board, and its icons are what it says', async (t) => {
  const { guest } = await openGuest(t)
  const address = await guest.page.locator('link[rel=manifest]').evaluate((link) => {
    return (link as HTMLLinkElement).href
  })
  assert.equal(new URL(address).pathname, '/manifest.webmanifest')
  const from = new URL('/manifest.webmanifest', fixture.server.url)
  const response = await fetch(from)
  assert.match(response.headers.get('content-type') ?? '', /manifest\+json/)
  const manifest = (await response.json()) as {
    readonly start_url: string
    readonly scope: string
    readonly share_target: { readonly action: string }
    readonly icons: readonly { readonly src: string; readonly sizes: string; purpose?: string }[]
  }
  const { start_url, scope, share_target, icons } = manifest
  for (const each of [start_url, scope, share_target.action]) assert.match(each, /^\.\//)
  assert.ok(icons.some(({ purpose }) => purpose === 'maskable'))
  for (const { src, sizes, purpose } of icons) {
    const bytes = Buffer.from(await (await fetch(new URL(src, from))).arrayBuffer())
    const { width, height } = await sharp(bytes).metadata()
    if (sizes !== 'any') assert.equal(`${width}x${height}`, sizes, src)
    const { isOpaque } = await sharp(bytes).stats()
    assert.equal(isOpaque, purpose === 'maskable', src)
  }
})

test('T30, T32: a guest’s page opens without its server, and what is added there is sent when the browser is online, without a page', async (t) => {
  const { made, guest } = await openGuest(t, INSTALLABLE)
  const { page, context } = guest
  await takeWorker(guest)
  await fixture.server.kill()
  await page.goto(`${fixture.server.url}/b/${made.id}/add`)
  await page.locator('.connection.trouble').waitFor()
  await page.locator('.overlay').waitFor({ state: 'attached' })
  await add(guest, 'offline.jpg')
  await row(guest, 'offline.jpg', overlayWords.waitingForServer).waitFor()
  await guest.waitUntil(hasKept, 'files')
  await guest.waitUntil(hasKept, 'commands')
  await page.goto('about:blank')
  await fixture.server.start()

  const cdp = await context.newCDPSession(page)
  const registered = Promise.withResolvers<string>()
  cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
    const found = registrations.find(({ scopeURL }) => scopeURL === `${fixture.server.url}/`)
    if (found) registered.resolve(found.registrationId)
  })
  await cdp.send('ServiceWorker.enable')
  await cdp.send('ServiceWorker.dispatchSyncEvent', {
    origin: fixture.server.url,
    registrationId: await registered.promise,
    tag: 'send',
    lastChance: true,
  })
  const host = await open(t, made, 'own', { viewport: DESKTOP_VIEWPORT })
  await host.waitForPainted(1, 'stored')
  await guest.goto(`/b/${made.id}/add`)
  await row(guest, 'offline.jpg', feedWords.onBoard).waitFor()
  assert.equal((await host.tiles()).length, 1, 'once')
})

test('T33: what was added without the server is sent when the page is opened again', async (t) => {
  const { made, guest } = await openGuest(t, INSTALLABLE)
  const { page } = guest
  await takeWorker(guest)
  await fixture.server.kill()
  await page.locator('.connection.trouble').waitFor()
  await add(guest, 'later.jpg')
  await guest.waitUntil(hasKept, 'files')
  await guest.waitUntil(hasKept, 'commands')
  await page.goto('about:blank')
  await fixture.server.start()
  await guest.goto(`/b/${made.id}/add`)
  await row(guest, 'later.jpg', feedWords.onBoard).waitFor()
})

test('T31, T34: pictures that a phone shares land on the board used last, and wait where adding is paused', async (t) => {
  const { made, guest } = await openGuest(t, INSTALLABLE)
  const { page } = guest
  await takeWorker(guest)
  await guest.waitUntil(
    async () =>
      (await caches.match('/last-board', { cacheName: 'wirephoto-shared' })) !== undefined,
    null,
  )
  await share(guest, await draw('shared.jpg', 7))
  await page.waitForURL(`**/b/${made.id}/add`)
  await row(guest, 'shared.jpg', feedWords.onBoard).waitFor()

  const host = await open(t, made, 'own', { viewport: DESKTOP_VIEWPORT })
  await host.page.keyboard.press('Shift+P')
  await host.waitForToast(hostWords.addingIs.paused)
  await page.locator('.notice').waitFor()
  await share(guest, await draw('waits.jpg', 8))
  await guest.waitForToast(errorMessages['adding-paused']({}))
  await host.page.keyboard.press('Shift+P')
  await row(guest, 'waits.jpg', feedWords.onBoard).waitFor()
  await host.waitForPainted(2, 'stored')
  await page.reload()
  await guest.waitForLive()
  assert.equal((await host.tiles()).length, 2, 'once')
})

const linkOf = ({ links }: MadeBoard, role: Role): string =>
  links.find((each) => each.role === role)!.url

/** Makes a board, and opens its add link: on a phone unless told otherwise. */
async function openGuest(
  t: TestContext,
  options: PageOptions = GUEST,
): Promise<{ made: MadeBoard; guest: BoardPage }> {
  const made = await new Visitor(fixture.server.url).makeBoard()
  return { made, guest: await open(t, made, 'add', { ...GUEST, ...options }) }
}

async function open(
  t: TestContext,
  made: MadeBoard,
  role: Role,
  { port = fixture.server.port, says, allowedErrors, ...further }: PageOptions,
): Promise<BoardPage> {
  const context = await fixture.newContext({ hasTouch: true, ...further })
  const name = further.serviceWorkers === 'allow' ? 'localhost' : 'wire.test'
  const page = await BoardPage.open(context, `http://${name}:${port}`)
  if (allowedErrors) page.allowedErrors = allowedErrors
  fixture.closeAfter(t, async () => {
    await page.close(t)
    await context.close()
  })
  const { pathname, hash } = new URL(linkOf(made, role))
  await page.goto(pathname + hash, says)
  await page.page.locator('.overlay').waitFor({ state: 'attached' })
  return page
}

async function add({ page }: BoardPage, ...names: string[]): Promise<void> {
  await page.setInputFiles(
    '#choose-files',
    await Promise.all(names.map((name, i) => draw(name, i))),
  )
}

/** Returns the row of one of a guest's own pictures, while it says this. */
const row = ({ page }: BoardPage, name: string, says = '') =>
  page.locator('[data-own]', { hasText: name }).filter({ hasText: says })

/** Resolves when the page has its service worker. It would wait before it takes one. */
async function takeWorker(page: BoardPage): Promise<void> {
  await page.page.evaluate(() => navigator.serviceWorker.register('/service-worker.js'))
  await page.waitUntil(() => navigator.serviceWorker.controller !== null, null)
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

/** Returns what lies over a guest's page: parts that stand at the screen's edges, and what a finger can't reach. */
function coversOf({ page }: BoardPage): Promise<string[]> {
  return page.evaluate(async () => {
    // The page follows the size of what stands in the next frame.
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame)
    const own = document.querySelector('.feed.guest')!
    const { left, top, right, bottom } = own.getBoundingClientRect()
    const standing = document.querySelectorAll(
      '.title, .people > *, .feed-switch, .add, .corner > *',
    )
    const over = [...standing].filter((each) => {
      const box = each.getBoundingClientRect()
      const isSeen = box.width > 0 && box.height > 0
      return isSeen && box.left < right && box.right > left && box.top < bottom && box.bottom > top
    })
    const hidden = [...own.querySelectorAll('button:enabled')].filter((each) => {
      each.scrollIntoView({ block: 'nearest' })
      const box = each.getBoundingClientRect()
      return !each.contains(
        document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2),
      )
    })
    return [...over, ...hidden].map(({ outerHTML }) => outerHTML.slice(0, 80))
  })
}
