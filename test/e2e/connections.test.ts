import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBoard } from '@wirephoto/client'
import type { BrowserContext, Page, Request } from 'playwright-core'
import sharp from 'sharp'
import { DESKTOP_VIEWPORT, openFixture } from '../support/e2e-fixture.ts'
import { Gateway } from '../support/gateway.ts'
import { type BoardPage, setHidden } from '../support/page.ts'
import { drawPicture } from '../support/pictures.ts'

/** A browser opens no more connections to one server. */
const CONNECTION_COUNT = 6
/** So slow that the picture is on its way until the test lets it go. */
const CRAWL_BYTES_PER_SECOND = 8_000
const [WIDTH, HEIGHT] = [2400, 1800]

const { fixture, samples } = await openFixture()

test('P10: six tabs and a slow picture leave the browser its connections', async (t) => {
  const proxy = await fixture.openProxy(t)
  const board = await fixture.newBoard()
  const context = await fixture.browser.newContext({ viewport: DESKTOP_VIEWPORT })
  t.after(() => context.close())
  const reads = watchReads(context)
  const pages: BoardPage[] = []
  for (let n = 0; n < CONNECTION_COUNT; n++)
    pages.push(await fixture.openPage(t, 'wire.test', board, { context }))
  const photo = await sharp(await drawPicture({ width: WIDTH, height: HEIGHT }))
    .jpeg({ quality: 90, progressive: true })
    .toBuffer()
  const sender = openBoard({ url: `http://127.0.0.1:${proxy.port}`, board })
  t.after(() => sender.close())
  proxy.up.bytesPerSecond = CRAWL_BYTES_PER_SECOND
  const preview = await sharp(photo).resize(320).webp({ quality: 60 }).toBuffer()
  const size = { width: WIDTH, height: HEIGHT, w: 900, x: 0, y: 0 }
  sender.addPictures([{ file: new Blob([new Uint8Array(photo)]), name: 'p.jpg', preview, ...size }])

  await reads.waitFor({ open: 1, started: 1 })
  for (const page of pages) assert.equal(await statusOf(page), 200)
  const reader = pages.find(({ page }) => page === reads.reader())!
  await setHidden(reader, true)
  // Another one has its turn.
  await reads.waitFor({ open: 1, started: 2 })
  await reader.page.locator('.live').waitFor({ state: 'detached' })
  for (const page of pages) await setHidden(page, true)
  await reads.waitFor({ open: 0, started: 2 })

  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
  for (const page of pages) {
    await setHidden(page, false)
    await page.waitForPainted(1, 'stored')
  }
})

test('U55: while the server stores a picture, the next one is sent', async (t) => {
  const gateway = await Gateway.open(fixture.server.port)
  fixture.closeAfter(t, () => gateway.close())
  const board = await fixture.newBoard()
  const anna = await fixture.openPage(t, 'wire.test', board, { port: gateway.port })
  const third = Promise.withResolvers<void>()
  t.after(() => third.resolve())
  let begun = 0
  gateway.answer = ({ method, url }) => {
    if (method === 'POST' && url!.endsWith('/uploads') && ++begun === 3) third.resolve()
    return null
  }
  gateway.holdsAnswer = ({ url }) => (url!.includes('/uploads') ? third.promise : undefined)
  const files = [1, 2, 3].map((seed) => samples.draw(`${seed}.jpg`, { seed }))
  await anna.drop(await Promise.all(files), { x: 500, y: 400 })
  await anna.waitForPainted(3, 'stored')
})

/** Watches the reads of growing files by all pages of a browser. */
function watchReads(context: BrowserContext) {
  const open = new Set<Request>()
  let started = 0
  const waiting = new Set<() => void>()
  const changed = (): void => {
    for (const look of waiting) look()
  }
  context.on('request', (request) => {
    if (!/\/arrivals\/[^/]+\?page=/.test(request.url())) return
    open.add(request)
    started++
    changed()
  })
  const ended = (request: Request): void => {
    if (open.delete(request)) changed()
  }
  context.on('requestfinished', ended)
  context.on('requestfailed', ended)
  return {
    /** Resolves when so many are open, after at least so many were begun. */
    async waitFor(wanted: { open: number; started: number }): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>()
      const look = (): void => {
        if (open.size === wanted.open && started >= wanted.started) resolve()
      }
      waiting.add(look)
      look()
      await promise
      waiting.delete(look)
    },
    /** The page that has begun the newest open one. */
    reader: (): Page | undefined => [...open].at(-1)?.frame().page(),
  }
}

/** Fetches something from the server, as the page would. */
const statusOf = ({ page }: BoardPage): Promise<number> =>
  page.evaluate(async () => (await fetch('/healthz', { cache: 'no-store' })).status)
