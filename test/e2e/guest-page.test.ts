import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorMessages } from '@wirephoto/board'
import { feedWords } from '@wirephoto/web/words/feed'
import { hostWords } from '@wirephoto/web/words/host'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import sharp from 'sharp'
import { openInspector } from '../support/axe.ts'
import { DESKTOP_VIEWPORT, openFixture } from '../support/e2e-fixture.ts'
import { Gateway } from '../support/gateway.ts'
import { FAILED_REQUESTS, GuestPages, linkOf, ownRow } from '../support/guest-pages.ts'
import type { BoardPage } from '../support/page.ts'

/* A guest's own page on a phone, and the manifest that lets it be installed. */

const { fixture, samples } = await openFixture()
const pages = new GuestPages(fixture, samples)

test('T21, T22, T23, T24, T26: an add link opens a guest’s page on a phone, whose pictures they see arrive and remove', async (t) => {
  const { made, guest } = await pages.openGuest(t, { bypassCSP: true })
  const { page } = guest
  const { found, look } = openInspector(page)
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.waitForURL(`**/b/${made.id}/add`)
  await page.getByRole('heading', { name: feedWords.addYours }).waitFor()
  const host = await pages.open(t, made, 'own', { viewport: DESKTOP_VIEWPORT })
  await pages.add(guest, 'one.jpg', 'two.jpg')
  await ownRow(guest, 'one.jpg', feedWords.onBoard).waitFor()
  await ownRow(guest, 'two.jpg', feedWords.onBoard).waitFor()
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
  await ownRow(guest, 'one.jpg').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: words.undo }).tap()
  await host.waitForTiles(2)
  await ownRow(guest, 'one.jpg', feedWords.onBoard).waitFor()

  // To the board by one press, and the choice stays.
  await page.getByRole('button', { name: feedWords.board, exact: true }).tap()
  await page.waitForURL(`**/b/${made.id}`)
  await page.goto('about:blank')
  await page.goto(linkOf(made, 'add'))
  await guest.waitForPainted(2, 'stored')
  assert.equal(await page.locator('.feed').count(), 0)
  await page.getByRole('button', { name: feedWords.yours, exact: true }).tap()
  await ownRow(guest, 'two.jpg', feedWords.onBoard).waitFor()
})

test('T21: an add link opens the board on a desktop, and the guest’s page where somebody asks for it', async (t) => {
  const { made, guest } = await pages.openGuest(t, { viewport: DESKTOP_VIEWPORT })
  await guest.page.locator('.overlay').waitFor({ state: 'attached' })
  assert.equal(new URL(guest.page.url()).pathname, `/b/${made.id}`)
  assert.equal(await guest.page.locator('.feed, .feed-switch').count(), 0)
  await guest.goto(`/b/${made.id}/add`)
  await guest.page.getByRole('heading', { name: feedWords.addYours }).waitFor()
  const viewer = await pages.open(t, made, 'view', { viewport: DESKTOP_VIEWPORT })
  await viewer.goto(`/b/${made.id}/add`)
  await viewer.page.getByText(words.lookOnly).waitFor()
  assert.equal(await viewer.page.getByRole('button', { name: words.add, exact: true }).count(), 0)
})

test('T23, T25, B149: pictures wait for the host, and what was refused while adding is paused outlives its page', async (t) => {
  const proxy = await fixture.openProxy(t)
  const { made, guest } = await pages.openGuest(t, { port: proxy.port })
  const host = await pages.open(t, made, 'own', { viewport: DESKTOP_VIEWPORT })
  guest.allowedErrors = FAILED_REQUESTS
  const { page } = guest
  await host.page.keyboard.press('Shift+Q')
  await page.getByText(hostWords.waitForHostHint).first().waitFor()
  await pages.add(guest, 'held.jpg')
  await ownRow(guest, 'held.jpg', feedWords.waitsForHost).waitFor()
  await host.page.keyboard.press('Shift+Q')
  await host.waitForToast(hostWords.addingIs.open)

  proxy.disconnect()
  await page.locator('.connection.trouble').waitFor()
  await pages.add(guest, 'later.jpg')
  await ownRow(guest, 'later.jpg', overlayWords.waitingForServer).waitFor()
  await host.page.keyboard.press('Shift+P')
  await host.waitForToast(hostWords.addingIs.paused)
  proxy.reconnect()
  await ownRow(guest, 'later.jpg', overlayWords.notSent).waitFor()
  await page.locator('.notice', { hasText: errorMessages['adding-paused']({}) }).waitFor()
  assert.equal(await page.getByRole('button', { name: words.add, exact: true }).count(), 0)
  await page.getByRole('button', { name: feedWords.retry('later.jpg') }).waitFor()
  await page.reload()
  await ownRow(guest, 'later.jpg', overlayWords.notSent).waitFor()
  await host.page.keyboard.press('Shift+P')
  await ownRow(guest, 'later.jpg', feedWords.onBoard).waitFor()
  await host.waitForPainted(1, 'stored')
})

test('T26, T27: a guest’s page works where no websocket passes', async (t) => {
  const gateway = await Gateway.open(fixture.server.port)
  fixture.closeAfter(t, () => gateway.close())
  gateway.upgrades = 'refuse'
  const { made, guest } = await pages.openGuest(t, {
    port: gateway.port,
    allowedErrors: FAILED_REQUESTS,
    says: words.slow,
  })
  await guest.page.waitForURL(`**/b/${made.id}/add`)
  await pages.add(guest, 'slow.jpg')
  await ownRow(guest, 'slow.jpg', feedWords.onBoard).waitFor()
  await guest.page.getByRole('form', { name: overlayWords.askName }).waitFor()
  assert.deepEqual(await coversOf(guest), [])
  await guest.page.getByRole('button', { name: feedWords.remove('slow.jpg') }).tap()
  await ownRow(guest, 'slow.jpg').waitFor({ state: 'detached' })
})

test('T28, T29: the manifest holds at its own path, names no board, and its icons are what it says', async () => {
  const page = await (await fetch(fixture.server.url)).text()
  const [, address] = /<link rel="manifest" href="([^"]+)"/.exec(page)!
  const from = new URL(address!, fixture.server.url)
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
