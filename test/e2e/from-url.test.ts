import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { errorMessages, type ImageRecord, type Snapshot, tooFast } from '@wirephoto/board'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { panelWords } from '@wirephoto/web/words/panels'
import { BOTH_HOSTS, openFixture } from '../support/e2e-fixture.ts'
import type { DragData } from '../support/page.ts'
import { drawPicture } from '../support/pictures.ts'

const MIDDLE = { x: 500, y: 400 }

const near = resolve(import.meta.dirname, '../support/serve-with-local-fetch.ts')
const { fixture } = await openFixture({ main: near })
/** Another site with pictures. */
let elsewhere: Server
let site: string

before(async () => {
  const photo = await drawPicture({ width: 640, height: 480 })
  elsewhere = createServer((request, response) => {
    if (request.url?.endsWith('.jpg')) response.end(photo)
    else response.end('<!doctype html><title>No picture</title>')
  }).listen(0, '127.0.0.1')
  await once(elsewhere, 'listening')
  site = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
})
after(() => {
  elsewhere.close()
})

/** Returns the source addresses of a board's pictures, oldest first. */
async function sourcesOf(board: string): Promise<(string | null)[]> {
  const response = await fetch(`${fixture.server.url}/api/boards/${board}/snapshot`)
  const { records } = (await response.json()) as Snapshot
  const pictures = records.filter((record): record is ImageRecord => record.kind === 'image')
  return pictures.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ source }) => source)
}

for (const host of BOTH_HOSTS)
  describe(`at http://${host}`, () => {
    test('X1: a dropped or pasted address becomes its picture, for everybody', async (t) => {
      const { board, anna, ben } = await fixture.openPair(t, host)
      const ways: [url: string, bring: (url: string) => Promise<void>][] = [
        // A picture of another page within a link, and a link to a picture.
        ['/a.jpg', (url) => anna.drop(dragDataOf(url), MIDDLE)],
        ['/b.jpg', (url) => anna.drop({ 'text/uri-list': `# a comment\r\n${url}\r\n` }, MIDDLE)],
        ['/c.jpg', (url) => anna.drop({ 'text/plain': url }, MIDDLE)],
        ['/d.jpg', (url) => anna.paste({ 'text/plain': ` ${url}\n` })],
        ['/e.jpg', (url) => anna.paste({ 'text/html': `<p><img src="${url}" alt=""></p>` })],
      ]
      for (const [i, [path, bring]] of ways.entries()) {
        await bring(site + path)
        await ben.waitForPainted(i + 1, 'stored')
        const [first] = await anna.waitForPainted(i + 1, 'stored')
        if (i > 0) continue
        assert.equal(first!.label, 'a.jpg')
        assert.ok(Math.abs(first!.x - MIDDLE.x) < 2 && Math.abs(first!.y - MIDDLE.y) < 2)
      }
      assert.deepEqual(
        await sourcesOf(board),
        ways.map(([path]) => site + path),
      )

      const topmost = (await ben.tiles()).at(-1)!
      await ben.tile(topmost.id).dblclick()
      const link = ben.page.getByRole('link', { name: panelWords.from(new URL(site).host) })
      const told = ['href', 'target', 'rel'].map((name) => link.getAttribute(name))
      assert.deepEqual(await Promise.all(told), [
        `${site}/e.jpg`,
        '_blank',
        'noopener noreferrer nofollow',
      ])
    })

    test('X2, X3: a failed fetch is reported in words', async (t) => {
      const { board, anna } = await fixture.openPair(t, host)
      anna.allowedErrors = /status of (403|415|502)/
      await anna.dragOver(dragDataOf(`${site}/a.html`), MIDDLE)
      await anna.page.getByText(words.letGo(1)).waitFor()
      await anna.drop(dragDataOf(`${site}/a.html`), MIDDLE)
      await anna.waitForToast('a.html is a web page. Open it and add the picture from there.')
      await anna.paste({ 'text/plain': 'http://[::1]/a.jpg' })
      await anna.waitForToast(errorMessages['foreign-address']({}))
      await anna.paste({ 'text/plain': 'http://127.0.0.1:1/a.jpg' })
      await anna.waitForToast(errorMessages.unreachable({}))
      // Words are no address. Those that are pasted into a name stay there.
      await anna.paste({ 'text/plain': `Look at ${site}/a.jpg` })
      await anna.drop({ 'text/plain': 'nothing in particular' }, MIDDLE)
      assert.deepEqual(await sourcesOf(board), [])
    })
  })

/** Returns the data of a picture within a link, as a browser drags it. */
const dragDataOf = (url: string): DragData => ({
  'text/uri-list': `${site}/page.html`,
  'text/html': `<a href="${site}/page.html"><img src="${url}" width="10"></a>`,
})

test('Y57: an address that comes too fast is asked for again when it may be', async (t) => {
  const page = await fixture.openPage(t, 'wire.test', await fixture.newBoard(), {
    allowedErrors: /status of 429/,
  })
  const pace = { isByLink: false, goesOn: false, retryAfterS: 1 }
  const error = tooFast({ unit: 'pictures', limit: 3 }, pace)
  await page.page.route(
    '**/images/from-url',
    (route) =>
      route.fulfill({
        status: error.status,
        headers: { 'retry-after': String(pace.retryAfterS) },
        json: { error: error.toJSON() },
      }),
    { times: 1 },
  )
  await page.drop(dragDataOf(`${site}/a.jpg`), MIDDLE)
  await page.waitForToast(overlayWords.goesOn(pace.retryAfterS))
  await page.waitForPainted(1, 'stored')
})
