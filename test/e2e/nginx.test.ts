import assert from 'node:assert/strict'
import { openAsBlob } from 'node:fs'
import { stat } from 'node:fs/promises'
import { describe, type TestContext, test } from 'node:test'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { openFixture } from '../support/e2e-fixture.ts'
import { documentedLocation, Nginx } from '../support/nginx.ts'

/**
 * Browsers log nginx's own answers, and that the server has no part of a file yet. A proxy that refuses a body may
 * close the connection while that is still sent.
 */
const ANSWERED_BETWEEN =
  /413 \(Request Entity Too Large\)|404 \(Not Found\).*\/uploads\/|ERR_CONNECTION_RESET.*\/uploads\//

const { fixture, samples } = await openFixture()
const skip = (await Nginx.skipReason()) ?? false

/** Opens nginx before the fixture's server, for one test. It closes after the pages that are opened later. */
async function openNginx(t: TestContext, location: string): Promise<Nginx> {
  const nginx = await Nginx.open(location)
  fixture.closeAfter(t, () => nginx.close())
  return nginx
}

/** Returns the lines of docs/put-it-online.md without those that somebody has left out, and with further ones. */
async function location(change: { without?: RegExp; further?: string } = {}): Promise<string> {
  const lines = (await documentedLocation(fixture.server.port)).split('\n')
  const kept = change.without ? lines.filter((line) => !change.without!.test(line)) : lines
  return kept.join('\n').replace('{', `{ ${change.further ?? ''}`)
}

describe('behind nginx', { skip }, () => {
  test('U25, Z8: with the lines of put-it-online.md, a page, a wall and an upload work', async (t) => {
    const { port } = await openNginx(t, await location())
    const board = await fixture.newBoard()
    const anna = await fixture.openPage(t, 'wire.test', board, { port })
    const ben = await fixture.openPage(t, 'wire.test', board, { port })
    const wall = await ben.context.newPage()
    await wall.goto(`http://wire.test:${port}/b/${board}/show`)
    await wall.locator('.wall-empty').waitFor()
    await anna.drop([await samples.photo()], { x: 500, y: 400 })
    for (const page of [anna, ben]) await page.waitForPainted(1, 'stored')
    await wall.locator('.wall img').last().waitFor()
    const url = `http://localhost:${port}/api/boards/${board}/images`
    const sent = await fetch(url, { method: 'POST', body: await openAsBlob(await samples.photo()) })
    assert.equal(sent.status, 201, await sent.text())
  })

  test("U25, U26: with nginx's own limit of 1 MB, an upload goes on in small parts", async (t) => {
    const { port } = await openNginx(t, await location({ without: /client_max|buffering/ }))
    const board = await fixture.newBoard()
    const allowedErrors = ANSWERED_BETWEEN
    const anna = await fixture.openPage(t, 'wire.test', board, { port, allowedErrors })
    const ben = await fixture.openPage(t, 'wire.test', board, { port })
    const refused: number[] = []
    anna.page.on('response', (response) => {
      if (response.status() === 413) refused.push(response.status())
    })
    await anna.drop([await samples.photo()], { x: 500, y: 400 })
    await anna.waitForToast(overlayWords.obstacles['small-requests'])
    for (const page of [anna, ben]) await page.waitForPainted(1, 'stored')
    assert.ok(refused.length <= 1, 'it costs one part')
  })

  test('U25, U26: with a limit below one part, small and large pictures arrive', async (t) => {
    const limit = { without: /client_max|buffering/, further: 'client_max_body_size 100k;' }
    const { port } = await openNginx(t, await location(limit))
    const board = await fixture.newBoard()
    const allowedErrors = ANSWERED_BETWEEN
    const anna = await fixture.openPage(t, 'wire.test', board, { port, allowedErrors })
    const small = await samples.draw('small.jpg', { width: 1600, height: 1200, quality: 95 })
    const { size } = await stat(small)
    assert.ok(size > 102_400 && size < 1_000_000, `${size} bytes, more than the limit`)
    await anna.drop([small], { x: 300, y: 300 })
    await anna.waitForPainted(1, 'stored')
    const refused: number[] = []
    anna.page.on('response', (response) => {
      if (response.status() === 413) refused.push(response.status())
    })
    await anna.drop([await samples.photo()], { x: 900, y: 500 })
    await anna.waitForPainted(2, 'stored')
    assert.deepEqual(refused, [], 'the page remembers what gets through')
  })

  test('U25: an nginx that waits too short a time costs no picture', async (t) => {
    // The last part is answered when the picture is stored, which takes longer than that.
    const hasty = { without: /read_timeout/, further: 'proxy_read_timeout 50ms;' }
    const upload = `location ~ /uploads { ${(await location(hasty)).replace(/^[^{]*{/, '')}`
    const { port } = await openNginx(t, `${await location()}\n${upload}`)
    const board = await fixture.newBoard()
    const allowedErrors = /50[24] |404 \(Not Found\).*\/uploads\/|409 \(Conflict\)/
    const anna = await fixture.openPage(t, 'wire.test', board, { port, allowedErrors })
    const timeouts: number[] = []
    anna.page.on('response', (response) => {
      if (response.status() === 504) timeouts.push(response.status())
    })
    await anna.drop([await samples.photo()], { x: 500, y: 400 })
    await anna.waitForPainted(1, 'stored')
    assert.ok(timeouts.length > 0)
  })

  test('W25: without the lines for websockets two pages are one board all the same', async (t) => {
    const { port } = await openNginx(t, await location({ without: /Upgrade|Connection/ }))
    const board = await fixture.newBoard()
    const allowedErrors = /WebSocket connection|net::ERR_|404 \(Not Found\).*\/preview/
    const options = { port, allowedErrors, says: words.slow }
    const anna = await fixture.openPage(t, 'wire.test', board, options)
    const ben = await fixture.openPage(t, 'wire.test', board, options)
    await anna.drop([await samples.photo()], { x: 500, y: 400 })
    for (const page of [anna, ben]) await page.waitForPainted(1, 'stored')
    await anna.page.keyboard.press('Control+a')
    await anna.page.keyboard.press('Delete')
    await ben.waitForTiles(0)
  })
})
