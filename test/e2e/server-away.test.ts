import assert from 'node:assert/strict'
import { test } from 'node:test'
import { words } from '@wirephoto/web/words/page'
import { openFixture } from '../support/e2e-fixture.ts'

/** Browsers log failed requests and sockets, whatever the page does. */
const FAILED_REQUESTS = /net::ERR_|WebSocket connection|404 \(/

const { fixture, samples } = await openFixture()

test('W27: a page says that it is offline only when the browser says so', async (t) => {
  const proxy = await fixture.openProxy(t)
  const anna = await fixture.openPage(t, 'wire.test', await fixture.newBoard(), {
    port: proxy.port,
    allowedErrors: FAILED_REQUESTS,
  })
  proxy.disconnect()
  await anna.page.getByText(words.serverGone).waitFor()
  await anna.context.setOffline(true)
  await anna.page.getByText(words.offline).waitFor()
  await anna.context.setOffline(false)
  await anna.page.getByText(words.serverGone).waitFor()
  proxy.reconnect()
  await anna.waitForLive()
})

test('W28: a page opens without its server, says so, and goes on when that is back', async (t) => {
  const anna = await openKept(t, await fixture.newBoard())
  await withoutServer(async () => {
    await anna.page.reload()
    await anna.page.getByText(words.serverGone).waitFor()
  })
  await anna.waitForLive()
  await anna.drop([await samples.file('photos/pic1.jpg')], { x: 400, y: 300 })
  await anna.waitForPainted(1, 'stored')
})

test('W28: a page is never older than the server that answers, and no error is kept', async (t) => {
  const anna = await openKept(t, await fixture.newBoard())
  const { page } = anna
  const isKept = await page.evaluate(async () => {
    for (const name of await caches.keys())
      if (name.startsWith('wirephoto-build-')) {
        const headers = { 'content-type': 'text/html' }
        await (await caches.open(name)).put('/b/main', new Response('<p>An old page', { headers }))
      }
    await fetch('/assets/none.js')
    return (await caches.match('/assets/none.js')) !== undefined
  })
  assert.equal(isKept, false)
  await page.reload()
  await anna.waitForLive()
  await withoutServer(async () => {
    await page.reload()
    await page.getByText('An old page').waitFor()
  })
  await page.reload()
  await anna.waitForLive()
})

test('W28: a page that stays open over an upgrade finds the parts of its own build', async (t) => {
  const anna = await openKept(t, await fixture.newBoard())
  const found = await anna.page.evaluate(async () => {
    // The parts of a build that the server doesn't have any more.
    const cache = await caches.open('wirephoto-build-before')
    await cache.put('/assets/old-part.js', new Response('export default 1'))
    return (await fetch('/assets/old-part.js')).text()
  })
  assert.equal(found, 'export default 1')
})

/** Does something while the server is dead. */
async function withoutServer(body: () => Promise<void>): Promise<void> {
  await fixture.server.kill()
  try {
    await body()
  } finally {
    await fixture.server.start()
  }
}

/** Opens a board at a name where pages may have a service worker, and waits until it has one. */
async function openKept(t: Parameters<typeof fixture.openPage>[0], board: string) {
  const page = await fixture.openPage(t, 'localhost', board, {
    serviceWorkers: 'allow',
    allowedErrors: FAILED_REQUESTS,
  })
  await page.waitUntil(() => navigator.serviceWorker.controller !== null, null)
  return page
}
