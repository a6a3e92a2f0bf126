import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { blobUrl, openBoard } from '@wirephoto/client'
import { words } from '@wirephoto/web/words/page'
import { wallWords } from '@wirephoto/web/words/wall'
import { cleanupAfter } from '../support/cleanup.ts'
import { OPEN_TO_ALL, openFixture } from '../support/e2e-fixture.ts'
import { freePort } from '../support/free-port.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { documentedLocation, Nginx } from '../support/nginx.ts'
import type { BoardPage } from '../support/page.ts'
import { drawPicture } from '../support/pictures.ts'

/** Browsers log failed requests and sockets, whatever the page does. */
const FAILED_REQUESTS = /net::ERR_|WebSocket connection|40[34] \(|50[234] \(/

/** The port of nginx. */
const port = await freePort()
const publicUrl = (path: string) => `http://wire.test:${port}${path}`
const { fixture, samples } = await openFixture({
  args: ['--public-url', publicUrl('/photos'), '--trust-proxy', '127.0.0.1'],
})
const skip = (await Nginx.skipReason()) ?? false

/** Returns the lines of docs/put-it-online.md for a server under a path. */
const location = async (path: string, serverPort: number): Promise<string> =>
  (await documentedLocation(serverPort)).replace('location / {', `location ${path}/ {`)

/** Opens another server of the host, and nginx before both: it keeps the one's path and removes the other's. */
async function openHost(t: TestContext): Promise<Nginx> {
  const args = ['--public-url', publicUrl('/prints'), '--trust-proxy', '127.0.0.1', ...OPEN_TO_ALL]
  const other = await fixture.openServer(t, args)
  const prints = await location('/prints', other.port)
  const removed = prints.replace(/(proxy_pass [^;]+);/, '$1/;')
  assert.notEqual(prints, removed)
  const lines = `${await location('/photos', fixture.server.port)}\n${removed}`
  const nginx = await Nginx.open(lines, port)
  fixture.closeAfter(t, () => nginx.close())
  return nginx
}

/** Everything that a page's origin keeps in the browser, by name. */
const keptNames = ({ page }: BoardPage) =>
  page.evaluate(async () => ({
    caches: (await caches.keys()).map((name) => name.replace(/[\da-f]{16}/, '…')),
    databases: (await indexedDB.databases()).map(({ name }) => name ?? ''),
    keys: Object.keys(localStorage),
    scopes: (await navigator.serviceWorker.getRegistrations()).map(
      ({ scope }) => new URL(scope).pathname,
    ),
  }))

describe('under a path behind nginx', { skip }, () => {
  test('Z2 to Z6: two servers of one host work whole, and neither touches what the other keeps', async (t) => {
    const nginx = await openHost(t)
    const options = { port, serviceWorkers: 'allow', allowedErrors: FAILED_REQUESTS } as const
    const anna = await fixture.openPage(t, 'localhost', 'main', { ...options, path: '/photos' })
    const { context } = anna
    const other = await fixture.openPage(t, 'localhost', 'main', {
      ...options,
      context,
      path: '/prints',
    })
    const ben = await fixture.openPage(t, 'wire.test', 'main', {
      port,
      path: '/photos',
      allowedErrors: FAILED_REQUESTS,
    })
    await other.page.bringToFront()
    await other.drop([await samples.draw('print.jpg', { width: 900, seed: 1 })], { x: 500, y: 400 })
    await other.waitForPainted(1, 'stored')
    await anna.page.bringToFront()
    const files = [1, 2].map((seed) => samples.draw(`photo-${seed}.jpg`, { width: 900, seed }))
    await anna.drop(await Promise.all(files), { x: 500, y: 400 })
    for (const page of [anna, ben]) await page.waitForPainted(2, 'stored')
    const wall = await ben.context.newPage()
    await wall.goto(publicUrl('/photos/b/main/show'))
    await wall.locator('.wall img').last().waitFor()
    const code = wallWords.codeFor(publicUrl('/photos/'))
    await wall.getByRole('img', { name: code }).waitFor()
    await ben.page.reload()
    await ben.waitForLive()
    await ben.waitForPainted(2, 'stored')

    for (const page of [anna, other])
      await page.waitUntil(() => navigator.serviceWorker.controller !== null, null)
    await anna.waitUntil(async () => (await indexedDB.databases()).length === 4, null)
    const kept = await keptNames(anna)
    assert.deepEqual(kept.caches.toSorted(), [
      'wirephoto-build /photos/ …',
      'wirephoto-build /prints/ …',
      'wirephoto-shared /photos/',
      'wirephoto-shared /prints/',
    ])
    assert.deepEqual(kept.databases.toSorted(), [
      'wirephoto /photos',
      'wirephoto /prints',
      'wirephoto-copies /photos',
      'wirephoto-copies /prints',
    ])
    assert.ok(kept.keys.includes('boards/photos') && kept.keys.includes('boards/prints'))
    assert.deepEqual(
      kept.keys.filter((key) => !/\/(?:photos|prints)$/.test(key)),
      [],
    )
    assert.deepEqual(kept.scopes.toSorted(), ['/photos/', '/prints/'])
    const cookies = await context.cookies()
    const named = cookies.map(({ name, path }) => `${name.replace(/_[\da-f]{8}$/, '')} ${path}`)
    assert.deepEqual(named.toSorted(), [
      'wirephoto_visitor%2Fphotos /photos',
      'wirephoto_visitor%2Fprints /prints',
    ])

    await nginx.close()
    for (const [page, count] of [
      [anna, 2],
      [other, 1],
    ] as const) {
      await page.page.bringToFront()
      await page.page.reload()
      await page.page.getByText(words.asOf(words.serverGone, '').split(' .')[0]!).waitFor()
      assert.equal((await page.tiles()).length, count)
    }
  })
})

test('Z7: the SDK connects to a URL with a path, and sends a picture', async (t) => {
  const stack = cleanupAfter(t)
  const config = { publicUrl: 'http://host.example/photos' }
  const server = stack.adopt(await InProcessServer.open(config), (each) => each.close())
  const url = `http://localhost:${server.port}/photos/`
  const board = stack.adopt(openBoard({ url, board: 'main' }), (each) => each.close())
  const file = new Blob([new Uint8Array(await drawPicture({ width: 320, height: 240 }))])
  const [id] = board.addPictures([{ file, name: 'p.png', width: 320, height: 240 }])
  const { blob } = await board.stored(id!)
  assert.equal(board.status.slow, false, 'by websocket')
  const shown = blobUrl(board, board.pictures.get(id!)!)!
  assert.equal(shown, `http://localhost:${server.port}/photos/b/main/blob/${blob}/original`)
  assert.equal((await fetch(shown)).status, 200)
})

test("Z5: a page that is opened beside the path, as at the server's own port, goes there", async (t) => {
  const origin = `http://wire.test:${fixture.server.port}`
  const { page } = await fixture.openPage(t, 'wire.test', 'main', { path: '/photos' })
  for (const [opened, path] of [
    ['/', '/photos/'],
    ['/photos', '/photos/'],
    ['/b/main?x=1', '/photos/b/main?x=1'],
    ['/b/main/show', '/photos/b/main/show'],
  ] as const) {
    await page.goto(origin + opened, { waitUntil: 'commit' })
    await page.waitForURL(origin + path)
  }
})
