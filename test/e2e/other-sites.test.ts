import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { before, type TestContext, test } from 'node:test'
import type { ImageRecord, Snapshot } from '@wirephoto/board'
import type { BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { cleanupAfter } from '../support/cleanup.ts'
import { drawPicture } from '../support/pictures.ts'
import { ServerProcess } from '../support/server-process.ts'

/** Names that all lead to this machine. A browser takes them for other sites. */
const NAMES = ['evil.test', 'friend.test']

const stack = cleanupAfter()
let server: ServerProcess
/** The port of the other sites. */
let elsewhere: number
let picture: ImageRecord
let victim: BrowserContext

before(async () => {
  const sites = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>Elsewhere</title>'),
  ).listen(0, '127.0.0.1')
  stack.defer(() => sites.closeAllConnections())
  stack.defer(() => void sites.close())
  await once(sites, 'listening')
  elsewhere = (sites.address() as AddressInfo).port
  const args = ['--allow-origin', `http://friend.test:${elsewhere}`]
  server = stack.adopt(await ServerProcess.open({ args }), (each) => each.close())
  const body = new Uint8Array(await drawPicture({ width: 64, height: 48 }))
  const sent = await fetch(`${server.url}/p.jpg`, { method: 'PUT', body })
  picture = (await sent.json()) as ImageRecord
  const rules = NAMES.map((name) => `MAP ${name} 127.0.0.1`).join(', ')
  const options = { args: [`--host-resolver-rules=${rules}`] }
  const browser = stack.adopt(await launchBrowser(options), (each) => each.close())
  // A page that is refused could run no script by its policy. The attacker's own page would.
  victim = await browser.newContext({ serviceWorkers: 'block', bypassCSP: true })
  const board = await victim.newPage()
  await board.goto(server.url)
  await board.locator('.connection', { hasText: 'Live' }).waitFor({ state: 'attached' })
  assert.equal((await victim.cookies(server.url)).length, 1)
  await board.close()
})

/** Opens a page in the browser of somebody who has been on the board and keeps its cookie. */
async function openVictimsPage(t: TestContext): Promise<Page> {
  const page = await victim.newPage()
  cleanupAfter(t).defer(() => page.close())
  return page
}

async function stateOf(): Promise<Snapshot> {
  const response = await fetch(`${server.url}/api/boards/main/snapshot`)
  return (await response.json()) as Snapshot
}

/** Tries everything that a page of another site can, and returns what came of each attempt. */
async function attackFrom(page: Page): Promise<Record<string, string>> {
  const board = { url: server.url, id: picture.id, blob: picture.blob! }
  return page.evaluate(async ({ url, id, blob }) => {
    const outcomeOf = (request: Promise<Response>) =>
      request.then(
        ({ type, status }) => (type === 'opaque' ? 'opaque' : String(status)),
        () => 'refused',
      )
    const loaded = (image: HTMLImageElement) =>
      new Promise<string>((resolve) => {
        image.addEventListener('load', () => resolve('loaded'))
        image.addEventListener('error', () => resolve('refused'))
      })
    const opened = (source: EventTarget & { close(): void }) =>
      new Promise<string>((resolve) => {
        source.addEventListener('open', () => resolve('opened'))
        source.addEventListener('error', () => resolve('refused'))
      }).finally(() => source.close())
    const image = (crossOrigin: string | null) => {
      const made = new Image()
      made.crossOrigin = crossOrigin
      const outcome = loaded(made)
      made.src = `${url}/b/main/blob/${blob}/original?${crossOrigin}`
      return outcome
    }
    const method = 'POST'
    // One pixel. Its type makes the request a simple one, which a browser sends without asking.
    const gif = Uint8Array.from(
      atob('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'),
      (letter) => letter.charCodeAt(0),
    )
    const body = new Blob([gif], { type: 'text/plain' })
    const headers = { 'content-type': 'image/gif' }
    const images = `${url}/api/boards/main/images`
    const record = `${url}/api/boards/main/images/${id}`
    const credentials = 'include'
    const results: Record<string, Promise<string>> = {
      'simple post': outcomeOf(fetch(images, { method, body, credentials })),
      'opaque post': outcomeOf(fetch(images, { method, body, credentials, mode: 'no-cors' })),
      'post without credentials': outcomeOf(fetch(images, { method, body })),
      'post with a preflight': outcomeOf(fetch(images, { method, headers, body: gif })),
      delete: outcomeOf(fetch(record, { method: 'DELETE', credentials })),
      read: outcomeOf(fetch(record, { credentials })),
      'read without credentials': outcomeOf(fetch(record)),
      image: image(null),
      'image with credentials': image('use-credentials'),
      'event source': opened(
        new EventSource(`${url}/api/boards/main/changes`, { withCredentials: true }),
      ),
      websocket: opened(
        new WebSocket(`${url.replace('http', 'ws')}/live/?EIO=4&transport=websocket`),
      ),
    }
    const entries = await Promise.all(
      Object.entries(results).map(async ([name, result]) => [name, await result] as const),
    )
    return Object.fromEntries(entries)
  }, board)
}

for (const [what, origin] of [
  ['another site', () => `http://evil.test:${elsewhere}`],
  ['another port of the same host, which gets its cookie', () => `http://localhost:${elsewhere}`],
  ['another name of the same server', () => `http://127.0.0.1:${server.port}/healthz`],
] as const)
  test(`B37, B39, H7: a page of ${what} changes and reads nothing`, async (t) => {
    const before = await stateOf()
    const page = await openVictimsPage(t)
    await page.goto(origin())
    const outcomes = await attackFrom(page)
    assert.equal(Object.keys(outcomes).length, 11)
    for (const [name, outcome] of Object.entries(outcomes)) assert.equal(outcome, 'refused', name)
    assert.deepEqual(await stateOf(), before)
  })

test('B37: forms of another site send nothing', async (t) => {
  const before = await stateOf()
  const page = await openVictimsPage(t)
  for (const enctype of ['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded'])
    for (const path of ['/api/boards', '/api/boards/main/images']) {
      await page.goto(`http://evil.test:${elsewhere}`)
      const answered = page.waitForResponse((response) => response.request().method() === 'POST')
      await page.evaluate(
        ([action, type]) => {
          const form = Object.assign(document.createElement('form'), { action, method: 'post' })
          form.enctype = type!
          form.innerHTML = '<input name="title" value="Stolen">'
          document.body.append(form)
          form.submit()
        },
        [server.url + path, enctype],
      )
      const response = await answered
      await page.waitForURL(server.url + path)
      assert.equal(response.status(), 403, `${enctype} to ${path}`)
      assert.equal(
        (await response.request().allHeaders())['origin'],
        `http://evil.test:${elsewhere}`,
      )
    }
  assert.deepEqual(await stateOf(), before)
})

test('F11: a name that is rebound to the server gets nothing of it', async (t) => {
  const before = await stateOf()
  const page = await openVictimsPage(t)
  const rebound = `http://evil.test:${server.port}`
  const opened = await page.goto(`${rebound}/b/main`)
  assert.equal(opened?.status(), 421)
  // The attacker's own page came from another server before the name led here. To the browser all is one origin.
  const outcomes = await page.evaluate(async () => {
    const statusOf = async (path: string, init?: RequestInit) => (await fetch(path, init)).status
    const socket = new WebSocket(`ws://${location.host}/live/?EIO=4&transport=websocket`)
    return Promise.all([
      statusOf('/api/boards/main/snapshot'),
      statusOf('/api/boards', { method: 'POST' }),
      statusOf('/p.png', { method: 'PUT', body: 'x' }),
      new Promise<number>((resolve) => {
        socket.addEventListener('open', () => resolve(101))
        socket.addEventListener('error', () => resolve(421))
      }),
    ])
  })
  assert.deepEqual(outcomes, [421, 421, 421, 421])
  assert.deepEqual(await stateOf(), before)
})

test('B40: a page that opened the board has no hold of it', async (t) => {
  const page = await openVictimsPage(t)
  await page.goto(`http://evil.test:${elsewhere}`)
  const opening = victim.waitForEvent('page')
  await page.evaluate((url) => {
    Object.assign(window, { board: window.open(url) })
  }, server.url)
  const board = await opening
  cleanupAfter(t).defer(() => board.close())
  await board.locator('.connection', { hasText: 'Live' }).waitFor({ state: 'attached' })
  assert.equal(await board.evaluate(() => window.opener), null)
  await page.waitForFunction(() => (window as unknown as { board: Window }).board.closed)
})

test('B41, B42: a page of an allowed site asks, by a token and never by the cookie', async (t) => {
  const page = await openVictimsPage(t)
  await page.goto(`http://friend.test:${elsewhere}`)
  const token = 't'.repeat(22)
  const made = await page.evaluate(
    async ([url, bearer]) => {
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
      const record = await fetch(`${url}/api/boards/main/images/from-url`, {
        method: 'POST',
        headers,
        body: '{"url":"ftp://nowhere"}',
      })
      const answer = (await record.json()) as { error: { code: string } }
      const withCookie = await fetch(`${url}/api/boards/main`, { credentials: 'include' }).then(
        () => 'read',
        () => 'refused',
      )
      const socket = new WebSocket(`${url!.replace('http', 'ws')}/live/?EIO=4&transport=websocket`)
      const opened = await new Promise((resolve) => {
        socket.addEventListener('open', () => resolve(true))
        socket.addEventListener('error', () => resolve(false))
      })
      socket.close()
      return { status: record.status, code: answer.error.code, withCookie, opened }
    },
    [server.url, token],
  )
  assert.deepEqual(made, { status: 400, code: 'bad-request', withCookie: 'refused', opened: true })
})
