import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { before, type TestContext, test } from 'node:test'
import type { ImageRecord, Role, Snapshot } from '@wirephoto/board'
import { connect } from '@wirephoto/client'
import type { BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { cleanupAfter } from '../support/cleanup.ts'
import { drawPicture } from '../support/pictures.ts'
import { ServerProcess } from '../support/server-process.ts'
import { type MadeBoard, Visitor } from '../support/visitor.ts'

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

const linkOf = ({ links }: MadeBoard, role: Role): string =>
  links.find((link) => link.role === role)!.url

const friend = () => `http://friend.test:${elsewhere}`

/** Draws a small picture, another one at each number. */
const draw = async (seed: number) =>
  new Uint8Array(await drawPicture({ width: 320, height: 240, seed }))

/** Puts an element into an empty page of an allowed site, and tells what it asks for. */
async function openElement(
  t: TestContext,
  src: string,
  style = '',
  element: 'wire-board' | 'wire-slot' = 'wire-board',
) {
  const page = await openVictimsPage(t)
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.goto(friend())
  await page.evaluate(
    async ([url, address, css, name]) => {
      const [link, secret] = address!.split('#')
      document.body.innerHTML = `<${name} style="${css}" src="${link}" token="${secret}"></${name}>`
      await import(`${url}/elements.js`)
    },
    [server.url, src, style, element],
  )
  const images = page.locator(`${element} img`)
  /** Waits until so many pictures are painted. */
  const painted = (count: number) =>
    page.waitForFunction((expected) => {
      const { shadowRoot } = document.querySelector('wire-board')!
      const all = [...shadowRoot!.querySelectorAll('img')]
      return all.filter(({ naturalWidth }) => naturalWidth > 0).length === expected
    }, count)
  return { page, asked, images, painted }
}

test('I17: a page of an allowed site imports the client, and sends and follows by a link', async (t) => {
  const made = await new Visitor(server.url).makeBoard()
  const page = await openVictimsPage(t)
  await page.goto(friend())
  const told = await page.evaluate(
    async ([url, link, text]) => {
      const { connect: open } = (await import(`${url}/client.js`)) as {
        connect: typeof connect
      }
      const board = await open(link!)
      const changes = board.changes()
      const bytes = Uint8Array.from(atob(text!), (letter) => letter.charCodeAt(0))
      const stored = await board.add(new Blob([bytes]), { caption: 'from elsewhere' })
      const first = await changes.next()
      await board.close()
      return [stored.width, stored.caption, first.value?.new?.id === stored.id]
    },
    [server.url, linkOf(made, 'add'), Buffer.from(await draw(1)).toString('base64')],
  )
  assert.deepEqual(told, [320, 'from elsewhere', true])
  await page.goto(`http://evil.test:${elsewhere}`)
  const refused = await page.evaluate(
    (url) =>
      import(`${url}/client.js`).then(
        () => 'imported',
        () => 'refused',
      ),
    server.url,
  )
  assert.equal(refused, 'refused')
})

test('I18: the scripts for any page are asked for again, and what they lead to is kept for a year', async () => {
  for (const name of ['client.js', 'elements.js']) {
    const answer = await fetch(`${server.url}/${name}`)
    assert.equal(answer.headers.get('cache-control'), 'no-cache')
    const code = await answer.text()
    const parts = [...code.matchAll(/"\.\/(assets\/[\w-]+\.js)"/g)].map(([, path]) => path!)
    assert.ok(parts.length > 0)
    for (const path of parts) {
      const part = await fetch(`${server.url}/${path}`)
      assert.equal(part.status, 200)
      assert.match(part.headers.get('cache-control')!, /immutable/)
    }
    // As a browser asks; Node would ask for the whole, with "no-cache".
    const headers = {
      'if-none-match': answer.headers.get('etag')!,
      'cache-control': 'max-age=0',
    }
    assert.equal((await fetch(`${server.url}/${name}`, { headers })).status, 304)
  }
})

test('I19, I20: an element on another site shows a board as it changes, by object URLs that go with the view', async (t) => {
  const made = await new Visitor(server.url).makeBoard()
  await using board = await connect(linkOf(made, 'edit'))
  const { id } = await board.add(await draw(1), { x: 0, y: 0, w: 400, caption: 'The harbour' })
  const { page, asked, images, painted } = await openElement(t, linkOf(made, 'view'))
  await painted(1)
  assert.equal(await images.first().getAttribute('alt'), 'The harbour')
  // Far below what the window shows.
  await board.add(await draw(2), { x: 0, y: 4_000, w: 400 })
  await images.nth(1).waitFor({ state: 'attached' })
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
  await page.waitForFunction(() => {
    const all = document.querySelector('wire-board')!.shadowRoot!.querySelectorAll('img')
    return !all[0]!.hasAttribute('src') && all[1]!.naturalWidth > 0
  })
  const secret = linkOf(made, 'view').split('#')[1]!
  assert.deepEqual(
    asked.filter((url) => url.includes(secret)),
    [],
    'no secret stands in an address',
  )
  for (const image of await images.all())
    assert.match((await image.getAttribute('src')) ?? 'blob:', /^blob:/)
  board.remove([id])
  await page.waitForFunction(
    () => document.querySelector('wire-board')!.shadowRoot!.querySelectorAll('img').length === 1,
  )
  assert.equal(await page.getByRole('button').count(), 0, 'who may look only is offered nothing')
})

test('I21: an element of a link that may add takes pictures', async (t) => {
  const made = await new Visitor(server.url).makeBoard()
  const { page, asked, painted } = await openElement(t, linkOf(made, 'add'))
  const button = page.getByRole('button', { name: 'Add pictures' })
  const choosing = page.waitForEvent('filechooser')
  await button.click()
  const chooser = await choosing
  const uploads = () => asked.filter((url) => url.includes('/uploads'))
  assert.deepEqual(uploads(), [])
  await chooser.setFiles([
    { name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(await draw(1)) },
    { name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') },
  ])
  await painted(1)
  await page.getByRole('status').filter({ hasText: 'b.txt' }).waitFor()
  await page.evaluate(() => document.querySelector('wire-board')!.remove())
})

test('I22: an element whose link ends shows nothing more, and says why', async (t) => {
  const owner = new Visitor(server.url)
  const made = await owner.makeBoard()
  await using board = await connect(linkOf(made, 'edit'))
  await board.add(await draw(1))
  const { page, images, painted } = await openElement(t, linkOf(made, 'view'))
  await painted(1)
  const link = made.links.find(({ role }) => role === 'view')!.id
  assert.equal(await owner.refusal(`/api/boards/${made.id}/links/${link}`, 'DELETE'), null)
  await page.getByRole('status').filter({ hasText: 'This link no longer works' }).waitFor()
  assert.equal(await images.count(), 0)
})

test('I25: a slot element shows each frame as it comes, and says when the next is late', async (t) => {
  const made = await new Visitor(server.url).makeBoard()
  const [address, secret] = linkOf(made, 'edit').split('#')
  const send = async (width: number, height: number): Promise<void> => {
    const response = await fetch(`${address}/live/cam`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${secret}` },
      body: new Uint8Array(await drawPicture({ width, height })),
    })
    assert.equal(response.status, 202)
  }
  const [path, view] = linkOf(made, 'view').split('#')
  const { page, asked, images } = await openElement(t, `${path}/live/cam#${view}`, '', 'wire-slot')
  await page.getByRole('status').filter({ hasText: 'Nothing has been sent here yet.' }).waitFor()
  const shown = (width: number) =>
    page.waitForFunction((expected) => {
      const { shadowRoot } = document.querySelector('wire-slot')!
      return shadowRoot!.querySelector('img')?.naturalWidth === expected
    }, width)
  await send(64, 48)
  await shown(64)
  const before = asked.length
  await send(96, 72)
  await shown(96)
  assert.deepEqual(
    asked.slice(before).filter((url) => !url.startsWith('blob:')),
    [],
    'a frame came by the socket',
  )
  assert.match((await images.getAttribute('src')) ?? '', /^blob:/)
  await page
    .getByRole('status')
    .filter({ hasText: /^Last picture: / })
    .waitFor()
  await send(120, 90)
  await shown(120)
  await page.getByRole('status').waitFor({ state: 'detached' })
})
