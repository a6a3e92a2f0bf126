import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import { type Board, openBoard, showFile } from '@wirephoto/client'
import { wallWords } from '@wirephoto/web/words/wall'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { BOTH_HOSTS, openFixture, PHONE } from '../support/e2e-fixture.ts'
import { EFFORT_FACTOR } from '../support/effort.ts'
import { PAGE_TIMEOUT_MS } from '../support/page.ts'
import { drawPicture, withUniqueBytes } from '../support/pictures.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { secretOf, Visitor } from '../support/visitor.ts'

const { fixture } = await openFixture()

/** One picture for all tests: each copy gets bytes of its own. */
const JPEG = await drawPicture({ width: 900, height: 600 })
/** How far the page's clock goes at a time, so that what is decoded meanwhile comes on. */
const CLOCK_STEP_MS = 500

interface WallOptions extends BrowserContextOptions {
  readonly host?: string
  readonly server?: ServerProcess
  readonly port?: number
  /** The search part of its address. */
  readonly search?: string
  /** Runs in the page before its own code. */
  readonly init?: () => void
}

/** Opens a wall whose clock the test can put forward, and a client of its board. */
async function openWall(
  t: TestContext,
  {
    host = 'wire.test',
    server = fixture.server,
    port = server.port,
    search = '',
    init,
    ...options
  }: WallOptions = {},
): Promise<{ board: string; client: Board; wall: Page; problems: string[] }> {
  const board = await server.newBoard()
  const token = server.newOwner(board)
  const client = openBoard({ url: server.url, board, token })
  t.after(() => client.close())
  const context = await fixture.browser.newContext({
    viewport: { width: 1440, height: 900 },
    serviceWorkers: 'block',
    ...options,
  })
  t.after(() => context.close())
  context.setDefaultTimeout(PAGE_TIMEOUT_MS)
  if (init) await context.addInitScript(init)
  const wall = await context.newPage()
  const problems: string[] = []
  wall.on('pageerror', (error) => problems.push(String(error)))
  wall.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  await wall.clock.install()
  await wall.goto(`http://${host}:${port}/b/${board}/show${search}`)
  await wall.getByText(wallWords.empty).waitFor()
  return { board, client, wall, problems }
}

/** Adds pictures, one after the other, and resolves when all are stored. */
async function add(client: Board, captions: readonly string[]): Promise<ImageRecord[]> {
  const records: ImageRecord[] = []
  for (const caption of captions) {
    const file = new Blob([withUniqueBytes(JPEG)])
    const [id] = client.addPictures([{ file, name: 'p.jpg', caption, width: 900, height: 600 }])
    records.push(await client.stored(id!))
  }
  return records
}

/** Opens the wall of a board with a title and twelve pictures, which stands at localhost, when its mosaic is there. */
async function openMosaic(t: TestContext, title: string, options: WallOptions = {}) {
  const opened = await openWall(t, { host: 'localhost', ...options })
  opened.client.rename(title)
  await add(opened.client, numbered(12))
  await passUntil(opened.wall, hasTiles, 12)
  return opened
}

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `No. ${i + 1}`)

/** Puts the page's clock forward until the function, run in the page, returns true. */
async function passUntil<A>(page: Page, isSo: (arg: A) => boolean, arg: A): Promise<void> {
  const end = performance.now() + PAGE_TIMEOUT_MS
  while (!(await page.evaluate(isSo as (arg: unknown) => boolean, arg))) {
    assert.ok(performance.now() < end, `never so: ${isSo} of ${JSON.stringify(arg)}`)
    await page.clock.runFor(CLOCK_STEP_MS)
  }
}

/** Whether the picture with this caption stands, and no other. Runs in a page. */
const stands = (caption: string): boolean => {
  const images = [...document.querySelectorAll<HTMLImageElement>('.wall-frame img')]
  return images.length === 1 && images[0]!.alt === caption
}

/** Whether the mosaic has this many tiles with a picture each. Runs in a page. */
const hasTiles = (count: number): boolean => {
  const tiles = [...document.querySelectorAll('.wall-mosaic li')]
  return tiles.length === count && tiles.every((tile) => tile.querySelector('img') !== null)
}

for (const host of BOTH_HOSTS)
  test(`W54, W57, W58: at http://${host} a wall shows the newest picture, and whatever is pushed`, async (t) => {
    const { client, wall, problems } = await openWall(t, { host })
    const [first] = await add(client, ['The harbour'])
    await passUntil(wall, stands, 'The harbour')
    await wall.getByText('The harbour').waitFor()
    await add(client, ['The bridge'])
    await passUntil(wall, stands, 'The bridge')

    client.show(first!.id)
    await wall.getByAltText('The harbour').waitFor()
    client.show('00000000-0000-7000-8000-000000000000')
    client.remove([first!.id])
    await wall.getByAltText('The harbour').waitFor({ state: 'detached' })
    await wall.getByAltText('The bridge').waitFor()
    assert.deepEqual(problems, [])
  })

test('W54: of ten pictures at once each stands more than three seconds, and none is left out', async (t) => {
  const { client, wall, problems } = await openWall(t, { init: recordStanding })
  await add(client, numbered(10))
  await passUntil(wall, stands, 'No. 10')
  const stood = await wall.evaluate(() => window.stood)
  assert.deepEqual(
    stood.map(({ alt }) => alt),
    numbered(10),
  )
  for (const [i, { alt, at }] of stood.slice(0, -1).entries()) {
    const ms = stood[i + 1]!.at - at
    assert.ok(ms >= 6_000, `${alt}: ${ms} ms`)
  }
  assert.deepEqual(problems, [])
})

test('W76: a portrait stands whole on a blur of itself, with its caption and its author, fades in and zooms', async (t) => {
  const { client, wall, problems } = await openWall(t, { init: recordAnimations })
  client.setName('Anna')
  await add(client, ['The harbour'])
  await passUntil(wall, stands, 'The harbour')
  await wall.locator('.wall-caption', { hasText: /^The harbour$/ }).waitFor()
  await wall.locator('.wall-author', { hasText: /^Anna$/ }).waitFor()
  await wall.evaluate(() => {
    window.animated = { names: [], mostSlides: 0 }
  })
  const file = new Blob([new Uint8Array(await drawPicture({ width: 600, height: 900 }))])
  client.addPictures([{ file, name: 'p.jpg', caption: 'The tower', width: 600, height: 900 }])
  await passUntil(wall, stands, 'The tower')
  const { width, height } = (await wall.locator('.wall-print').boundingBox())!
  assert.ok(height <= 900 && height > 600, `${height} px high`)
  assert.ok(Math.abs(width / height - 600 / 900) < 0.01, `${width} by ${height} px`)
  assert.deepEqual(await wall.evaluate(readBackdrop), { isWhole: true, isDrawn: true })
  await wall.waitForFunction(() => window.animated.names.length === 2)
  const animated = await wall.evaluate(() => window.animated)
  // It fades in while the one before is still there.
  assert.deepEqual(animated, { names: ['wall-in', 'wall-zoom'], mostSlides: 2 })
  assert.deepEqual(problems, [])
})

test('L50, W54: a wall shows a picture that is not kept for 20 s, and none of its own goes by meanwhile', async (t) => {
  const { client, wall, problems } = await openWall(t)
  await add(client, ['Before'])
  await passUntil(wall, stands, 'Before')
  assert.equal(await showFile(client, new Uint8Array(JPEG)), 2)
  const shown = wall.locator('.wall-shown:not(.over) > img')
  await shown.waitFor()
  await add(client, numbered(2))
  await wall.clock.runFor(15_000)
  await shown.waitFor()
  assert.equal(await wall.getByRole('img', { name: 'No. 1' }).count(), 0)
  await wall.clock.runFor(6_000)
  await wall.locator('.wall-shown.over').waitFor({ state: 'attached' })
  for (const caption of numbered(2)) await passUntil(wall, stands, caption)
  assert.deepEqual(problems, [])
})

test('W60, W61, W63: the mosaic stands whole beside the way to the board, also as the screen is turned', async (t) => {
  const { client, wall, problems } = await openMosaic(t, 'Anna & Ben')
  for (const viewport of [{ width: 1440, height: 900 }, PHONE.viewport]) {
    await wall.setViewportSize(viewport)
    await wall.waitForFunction(areTilesInside)
    const code = (await wall.locator('.wall-code').boundingBox())!
    const wanted = Math.max(viewport.width / 10, 112)
    assert.ok(Math.abs(code.width - wanted) < 1, `the code is ${code.width} px wide`)
  }
  await wall.getByText(wallWords.scanToAdd).waitFor()
  await wall.getByText('Anna & Ben').waitFor()
  // This page is at localhost, which is of no use to others.
  const address = wallWords.codeFor(`http://wire.test:${fixture.server.port}/b/`)
  await wall.getByRole('img', { name: address }).waitFor()

  const before = await wall.evaluate(tileNames)
  await passUntil(wall, haveTwoChanged, before)

  const [last] = await add(client, ['And one more'])
  await passUntil(wall, stands, 'And one more')
  client.remove([last!.id])
  await wall.getByAltText('And one more').waitFor({ state: 'detached' })
  assert.deepEqual(problems, [])
})

test('W61: of more pictures than tiles, one comes on every four seconds, in place of one', async (t) => {
  const { client, wall, problems } = await openWall(t, {
    viewport: { width: 400, height: 300 },
    init: recordTileChanges,
  })
  await add(client, numbered(8))
  await passUntil(wall, stands, 'No. 8')
  await passUntil(wall, () => document.querySelectorAll('.wall-mosaic li img').length >= 4, null)
  // No time passes but what the test lets pass.
  await wall.clock.pauseAt((await wall.evaluate(() => Date.now())) + CLOCK_STEP_MS)
  await wall.evaluate(() => {
    window.tileChanges.length = 1
  })
  for (let ms = 0; ms < 40_000; ms += CLOCK_STEP_MS) await wall.clock.runFor(CLOCK_STEP_MS)
  // A picture may be drawn after the clock has gone on.
  await wall.waitForFunction(() => window.tileChanges.length > 9)
  // The mosaic itself may be among the first two.
  const changes = (await wall.evaluate(() => window.tileChanges)).slice(2)
  assert.ok(changes.length >= 8 && changes.length <= 10, `${changes.length} changes`)
  for (const [i, { names }] of changes.slice(1).entries()) {
    const before = changes[i]!
    const others = names.filter((name, tile) => name !== before.names[tile])
    assert.equal(others.length, 1, JSON.stringify(changes))
    assert.ok(!before.names.includes(others[0]!), JSON.stringify(changes))
  }
  assert.deepEqual(problems, [])
})

test('W63: an empty wall shows the way to the board, and asks for the first picture', async (t) => {
  const { board, client, wall } = await openWall(t)
  const address = `http://wire.test:${fixture.server.port}/b/${board}`
  await wall.getByRole('img', { name: wallWords.codeFor(address) }).waitFor()
  await wall.getByText(wallWords.scanToBegin).waitFor()
  await wall.getByText(address.slice('http://'.length), { exact: true }).waitFor()
  await add(client, ['The first'])
  await wall.getByText(wallWords.scanToAdd).waitFor()
  assert.equal(await wall.getByText(wallWords.scanToBegin).count(), 0)
})

test('L45, L87: a wall keeps the last frame of a slot that went silent, and says when it came', async (t) => {
  const board = await fixture.newBoard()
  const frame = (seed: number) => drawPicture({ width: 300, height: 200, seed })
  const slot = `${fixture.server.url}/api/boards/${board}/slots/loss`
  const push = async (seed: number): Promise<void> => {
    const body = new Uint8Array(await frame(seed))
    assert.equal((await fetch(slot, { method: 'PUT', body })).status, 202)
  }
  const context = await fixture.browser.newContext()
  t.after(() => context.close())
  context.setDefaultTimeout(PAGE_TIMEOUT_MS)
  const wall = await context.newPage()
  await wall.clock.install()
  await wall.goto(`${fixture.server.url}/b/${board}/show?slots=loss`)
  await wall.getByText(wallWords.noFrame('loss')).waitFor()
  await push(1)
  const image = wall.locator('.wall-slot img')
  await image.waitFor()
  await push(2)
  await wall.clock.runFor(60_000)
  const late = wall.locator('.wall-slot figcaption.late')
  await late.getByText(/^last frame \d\d:\d\d/).waitFor()
  const { width } = (await image.boundingBox())!
  assert.ok(width > 100, `the last frame is ${width} px wide`)
  const colour = (element: Element) => getComputedStyle(element).color
  assert.notEqual(
    await late.locator('.wall-slot-age').evaluate(colour),
    await wall.locator('.wall').evaluate(colour),
  )
  await push(3)
  await wall.locator('.wall-slot figcaption:not(.late)').waitFor()
})

test('W63: where there is no way to the board to show, its title is one line below the pictures', async (t) => {
  const server = await fixture.openServer(t, [], 1)
  const title = 'Sixty characters, as a title may have them on a board now'
  const { wall } = await openMosaic(t, title, { server })
  for (const viewport of [{ width: 1440, height: 900 }, PHONE.viewport]) {
    await wall.setViewportSize(viewport)
    await wall.waitForFunction(areTilesInside)
    const line = (await wall.locator('h1').boundingBox())!
    const pictures = (await wall.locator('.wall-mosaic').boundingBox())!
    assert.ok(line.y >= pictures.y + pictures.height, 'below')
    assert.ok(line.height < viewport.height * 0.04, `${line.height} px high`)
    assert.ok(pictures.width > viewport.width * 0.9, `${pictures.width} px for the pictures`)
  }
})

test('W65: a wall releases the preview of each picture that it no longer shows', async (t) => {
  const { client, wall } = await openWall(t, { host: 'localhost', init: recordObjectUrls })
  const resume = client.pauseUploads()
  const ids: string[] = []
  for (const seed of [3, 4, 5]) {
    const [file, preview] = await Promise.all([
      drawPicture({ width: 900, height: 600, seed }),
      drawPicture({ width: 90, height: 60, seed, format: 'webp' }),
    ])
    const caption = `Picture ${seed}`
    const blob = new Blob([new Uint8Array(file)])
    ids.push(
      ...client.addPictures([
        { file: blob, name: 'p.jpg', caption, preview, width: 900, height: 600 },
      ]),
    )
    await passUntil(wall, stands, caption)
  }
  const source = await wall.locator('.wall-frame img').getAttribute('src')
  assert.match(source!, /^blob:/, 'its preview, before its file')
  await passUntil(wall, hasTiles, 3)
  await wall.locator('.wall-mosaic img[src^="blob:"]').nth(2).waitFor()

  resume()
  await Promise.all(ids.map((id) => client.stored(id)))
  await passUntil(
    wall,
    (count) => {
      const images = [...document.querySelectorAll<HTMLImageElement>('.wall-mosaic img')]
      return images.length === count && images.every((image) => !image.src.startsWith('blob:'))
    },
    3,
  )
  const { made, kept } = await wall.evaluate(() => window.objectUrls)
  assert.ok(made.length >= 3, `${made.length} made`)
  assert.deepEqual(kept, [])
})

test('W56: what comes while a wall is cut off, hidden or reloading is shown afterwards', async (t) => {
  const proxy = await fixture.openProxy(t)
  const { client, wall } = await openWall(t, { port: proxy.port })
  await add(client, ['Before'])
  await passUntil(wall, stands, 'Before')
  proxy.disconnect()
  await wall.getByText(wallWords.reconnecting).waitFor()
  const [, gone] = await add(client, ['Cut off 1', 'Thought better of', 'Cut off 2'])
  client.remove([gone!.id])
  await client.settled()
  proxy.reconnect()
  await passUntil(wall, stands, 'Cut off 1')

  await wall.evaluate(setHidden, true)
  await wall.clock.runFor(60_000)
  assert.ok(await wall.evaluate(stands, 'Cut off 1'), 'no time passes for a page that nobody sees')
  await wall.evaluate(setHidden, false)

  await add(client, ['Waits 1', 'Waits 2'])
  await wall.waitForFunction(() => document.querySelector('.wall-frame img'))
  await wall.reload()
  for (const caption of ['Cut off 2', 'Waits 1', 'Waits 2']) await passUntil(wall, stands, caption)
})

test('W62, W66: a slideshow goes by the address, the panel and the keys; nothing moves where motion is reduced', async (t) => {
  const { client, wall, problems } = await openWall(t, {
    search: '?slides=oldest&pace=5',
    reducedMotion: 'reduce',
    init: recordAnimations,
  })
  await add(client, numbered(3))
  for (const n of [1, 2, 3, 1, 2, 3]) await passUntil(wall, stands, `No. ${n}`)
  assert.deepEqual(await wall.evaluate(() => window.animated.names), [])
  const panel = wall.getByRole('form', { name: wallWords.settings })
  await panel.waitFor({ state: 'hidden' })
  await wall.mouse.move(700, 300)
  await panel.getByLabel(wallWords.orders.newest).check()
  for (const n of [2, 1, 3, 2]) await passUntil(wall, stands, `No. ${n}`)
  for (const key of ['s', '+']) await wall.keyboard.press(key)
  assert.equal(new URL(wall.url()).search, '?slides=oldest')
  await wall.keyboard.press('+')
  assert.equal(new URL(wall.url()).search, '?slides=oldest&pace=15')
  for (const key of ['s', 's']) await wall.keyboard.press(key)
  assert.equal(new URL(wall.url()).search, '')
  await passUntil(wall, hasTiles, 3)
  await wall.clock.runFor(25_000)
  await panel.waitFor({ state: 'hidden' })
  assert.deepEqual(problems, [])
})

test('W64: a wall whose right ends shows no picture any more, and says why', async (t) => {
  const maker = new Visitor(fixture.server.url)
  const made = await maker.makeBoard()
  const client = openBoard({
    url: fixture.server.url,
    board: made.id,
    token: secretOf(made, 'add'),
  })
  t.after(() => client.close())
  const context = await fixture.browser.newContext()
  t.after(() => context.close())
  const wall = await context.newPage()
  await wall.goto(`${fixture.server.url}/b/${made.id}/show#${secretOf(made, 'view')}`)
  await wall.getByText(wallWords.empty).waitFor()
  await add(client, ['Private'])
  await wall.getByAltText('Private').waitFor()
  const { id } = made.links.find(({ role }) => role === 'view')!
  assert.equal(await maker.refusal(`/api/boards/${made.id}/links/${id}`, 'DELETE'), null)
  await wall.getByAltText('Private').waitFor({ state: 'detached' })
  await wall.locator('.wall-empty').waitFor()
})

test('W67: a wall keeps the screen on, and asks again whenever it is seen again', async (t) => {
  const { wall } = await openWall(t, { host: 'localhost', init: recordWakeLocks })
  assert.equal(await wall.evaluate(() => window.locks.length), 1)
  await wall.evaluate(setHidden, true)
  await wall.evaluate(setHidden, false)
  await wall.waitForFunction(() => window.locks.length === 2)
  // The system may end it at any time, as its battery is low.
  await wall.evaluate(() => {
    window.locks.at(-1)!.released = true
  })
  await passUntil(wall, () => window.locks.length === 3, null)
})

test('E38: a wall whose code was not to be had loads itself again', async (t) => {
  const board = await fixture.newBoard()
  const context = await fixture.browser.newContext()
  t.after(() => context.close())
  const wall = await context.newPage()
  await wall.clock.install()
  const code = '**/assets/wall-*.js'
  await wall.route(code, (route) => route.abort())
  const failed = wall.waitForEvent('requestfailed')
  await wall.goto(`${fixture.server.url}/b/${board}/show`)
  assert.match((await failed).url(), /wall/)
  await wall.unroute(code)
  const isLoading = wall.waitForRequest((request) => request.url().endsWith('/show'))
  while (!(await Promise.race([isLoading, wall.clock.runFor(5_000)])));
  await wall.getByText(wallWords.empty).waitFor()
})

const isLong = EFFORT_FACTOR > 1
test('W65: over 500 pictures the memory of a wall stays flat', {
  skip: !isLong && 'npm run test:long',
}, async (t) => {
  const { client, wall } = await openWall(t)
  const cdp = await wall.context().newCDPSession(wall)
  const measure = async () => {
    await cdp.send('HeapProfiler.collectGarbage')
    const { usedSize } = await cdp.send('Runtime.getHeapUsage')
    const { nodes } = await cdp.send('Memory.getDOMCounters')
    return { usedSize, nodes }
  }
  const names = numbered(500)
  // Ten at a time, so that each wait ends on a busy machine too. The page's clock goes on while pictures are added.
  const passTo = async (from: number, to: number) => {
    for (let nth = from + 10; nth <= to; nth += 10) await passUntil(wall, hasComeTo, nth)
  }
  await add(client, names.slice(0, 100))
  await passTo(0, 100)
  const before = await measure()
  await add(client, names.slice(100))
  await passTo(100, 500)
  const after = await measure()
  t.diagnostic(JSON.stringify({ before, after }))
  // The records of 400 further pictures have about 1 KB each.
  assert.ok(after.usedSize - before.usedSize < 1_500_000, JSON.stringify({ before, after }))
  assert.ok(after.nodes - before.nodes < 100)
})

/** Whether one picture stands, the nth of the numbered ones or a later one. Runs in a page. */
function hasComeTo(nth: number): boolean {
  const images = [...document.querySelectorAll<HTMLImageElement>('.wall-frame img')]
  return images.length === 1 && Number(images[0]!.alt.slice('No. '.length)) >= nth
}

/** Whether no tile lies beyond the screen, or on the way to the board. Runs in a page. */
function areTilesInside(): boolean {
  const side = document.querySelector('.wall-side')!.getBoundingClientRect()
  return [...document.querySelectorAll('.wall-mosaic li')].every((tile) => {
    const { left, top, right, bottom } = tile.getBoundingClientRect()
    const isInside = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight
    return isInside && right > left && (right <= side.left || bottom <= side.top)
  })
}

/** Returns the names of the tiles' pictures. Runs in a page. */
function tileNames(): string[] {
  const tiles = [...document.querySelectorAll('.wall-mosaic li')]
  return tiles.map((tile) => [...tile.querySelectorAll('img')].at(-1)?.alt ?? '')
}

/** Whether other pictures stand on two of the tiles, and none fades. Runs in a page. */
function haveTwoChanged(before: readonly string[]): boolean {
  const tiles = [...document.querySelectorAll('.wall-mosaic li')].map((tile) => [
    ...tile.querySelectorAll('img'),
  ])
  const changed = tiles.filter(([image], i) => image?.alt !== before[i])
  return tiles.every(({ length }) => length === 1) && changed.length === 2
}

/** Hides or shows the page, as a browser does with a tab that another one covers. Runs in a page. */
function setHidden(isHidden: boolean): void {
  const value = isHidden ? 'hidden' : 'visible'
  Object.defineProperty(document, 'visibilityState', { value, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
}

declare global {
  interface Window {
    objectUrls: { made: string[]; kept: string[] }
    /** The pictures that came on, each with the time by the page's clock. */
    stood: { alt: string; at: number }[]
    locks: { released: boolean }[]
    /** The animations that have begun on slides, and how many of these there were at most at once. */
    animated: { names: string[]; mostSlides: number }
    /** The names on the tiles at first and at each change, with the time by the page's clock. */
    tileChanges: { names: string[]; at: number }[]
  }
}

/** Records the animations that begin on slides. */
function recordAnimations(): void {
  window.animated = { names: [], mostSlides: 0 }
  addEventListener('animationstart', ({ animationName, target }) => {
    if (target instanceof Element && target.closest('.wall-slide'))
      window.animated.names.push(animationName)
  })
  new MutationObserver(() => {
    const slideCount = document.querySelectorAll('.wall-slide').length
    window.animated.mostSlides = Math.max(window.animated.mostSlides, slideCount)
  }).observe(document, { childList: true, subtree: true })
}

/** Records which names the tiles have, and when these change. */
function recordTileChanges(): void {
  window.tileChanges = []
  new MutationObserver(() => {
    const names = [...document.querySelectorAll('.wall-mosaic li')].map(
      (tile) => [...tile.querySelectorAll('img')].at(-1)?.alt ?? '',
    )
    if (String(names) === String(window.tileChanges.at(-1)?.names)) return
    window.tileChanges.push({ names, at: performance.now() })
  }).observe(document, { childList: true, subtree: true, attributes: true })
}

/** Returns whether the blur behind a picture covers the screen, and has several colours. Runs in a page. */
function readBackdrop(): { isWhole: boolean; isDrawn: boolean } {
  const canvas = document.querySelector<HTMLCanvasElement>('.wall-backdrop canvas')!
  const { left, top, right, bottom } = canvas.getBoundingClientRect()
  const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
  const isWhole = left <= 0 && top <= 0 && right >= innerWidth && bottom >= innerHeight
  return { isWhole, isDrawn: new Set(new Uint32Array(data.buffer)).size > 16 }
}

/** Records which picture came on the wall, and when. */
function recordStanding(): void {
  window.stood = []
  new MutationObserver(() => {
    const alt = [...document.querySelectorAll<HTMLImageElement>('.wall-frame img')].at(-1)?.alt
    if (alt && window.stood.at(-1)?.alt !== alt) window.stood.push({ alt, at: performance.now() })
  }).observe(document, { childList: true, subtree: true, attributes: true })
}

/** Records the wake locks that the page takes. */
function recordWakeLocks(): void {
  window.locks = []
  const request = () => {
    const lock = { released: false, release: () => Promise.resolve() }
    window.locks.push(lock)
    return Promise.resolve(lock)
  }
  Object.defineProperty(navigator, 'wakeLock', { value: { request }, configurable: true })
}

/** Records the object URLs that the page makes, and those that it hasn't released. */
function recordObjectUrls(): void {
  const urls = { made: [] as string[], kept: [] as string[] }
  window.objectUrls = urls
  const { createObjectURL, revokeObjectURL } = URL
  URL.createObjectURL = (blob) => {
    const url = createObjectURL(blob)
    urls.made.push(url)
    urls.kept.push(url)
    return url
  }
  URL.revokeObjectURL = (url) => {
    urls.kept = urls.kept.filter((other) => other !== url)
    revokeObjectURL(url)
  }
}
