import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { openBoard } from '@wirephoto/client'
import sharp from 'sharp'
import { DESKTOP_VIEWPORT, openFixture, type PageOptions, PHONE } from '../support/e2e-fixture.ts'
import { BoardPage } from '../support/page.ts'
import {
  countPictureBytes,
  smallestSources,
  sumOfBytes,
  waitForSources,
  waitForVariants,
} from '../support/picture-bytes.ts'
import { drawPicture, withUniqueBytes } from '../support/pictures.ts'

/** The bytes that a page may load, over those of the smallest variants with pixels enough. */
const MAX_BYTES_FACTOR = 1.2
const [WIDTH, HEIGHT] = [1500, 1125]
const SCREENS: Record<string, PageOptions> = {
  'a phone of three pixels a point': { ...PHONE, deviceScaleFactor: 3 },
  'a phone of two': { ...PHONE, deviceScaleFactor: 2 },
  'a desktop of one': { viewport: DESKTOP_VIEWPORT, deviceScaleFactor: 1 },
  'a desktop of two': { viewport: DESKTOP_VIEWPORT, deviceScaleFactor: 2 },
}

const { fixture } = await openFixture()
let picture: Buffer
let preview: Buffer

before(async () => {
  picture = await drawPicture({ width: WIDTH, height: HEIGHT })
  preview = await sharp(picture).resize(320).webp({ quality: 60 }).toBuffer()
})

/** Adds pictures to a board as a page does, each with its preview, ten in a row. */
function addPictures(board: string, count: number, w = 320) {
  const sender = openBoard({ url: fixture.server.url, board })
  sender.add(
    Array.from({ length: count }, (_, n) => ({
      file: new Blob([withUniqueBytes(picture)]),
      name: `${n}.jpg`,
      width: WIDTH,
      height: HEIGHT,
      preview,
      x: (n % 10) * 340,
      y: Math.floor(n / 10) * 260,
      w,
    })),
  )
  return sender
}

test('P1: a screen that opens a board loads what it has pixels for, and nothing before', async (t) => {
  const { url } = fixture.server
  const board = await fixture.newBoard()
  const sender = addPictures(board, 60)
  t.after(() => sender.close())
  const records = await waitForVariants(url, board, 60)
  for (const [name, options] of Object.entries(SCREENS)) {
    const context = await fixture.browser.newContext(options)
    const page = await BoardPage.open(context, url)
    const bytes = await countPictureBytes(page.page)
    await page.goto(`/b/${board}`)
    await page.waitForPainted(60, 'stored')
    const sources = await smallestSources(page.page, board, records)
    await waitForSources(page.page, sources)
    const needed = await sumOfBytes(url, sources.values())
    t.diagnostic(`${name}: ${bytes.total} bytes, needed ${needed}`)
    assert.ok(bytes.total <= needed * MAX_BYTES_FACTOR, `${name}: ${bytes.total} of ${needed}`)
    assert.ok(bytes.total >= needed, 'all of it is counted')
    await page.close(t)
    await context.close()
  }
})

test('P2: who looks on while pictures are dropped loads their variants, never the files', async (t) => {
  const { url } = fixture.server
  const board = await fixture.newBoard()
  const lookers = await Promise.all(
    Object.entries(SCREENS).map(async ([name, options]) => {
      const page = await fixture.openPage(t, 'localhost', board, options)
      return { name, page, bytes: await countPictureBytes(page.page) }
    }),
  )
  // They are so large that a preview has too few pixels for most screens.
  const sender = addPictures(board, 20, 2_000)
  t.after(() => sender.close())
  const records = await waitForVariants(url, board, 20)
  for (const { name, page, bytes } of lookers) {
    await page.waitForPainted(20, 'stored')
    await page.waitUntil(() => !document.querySelector('.world.moving'), null)
    const sources = await smallestSources(page.page, board, records)
    await waitForSources(page.page, sources)
    const needed = await sumOfBytes(url, sources.values())
    t.diagnostic(`${name}: ${bytes.total} bytes, needed ${needed}`)
    assert.deepEqual(
      [...bytes.byUrl.keys()].filter((path) => path.endsWith('/original')),
      [],
    )
    assert.ok(bytes.total <= needed * MAX_BYTES_FACTOR, `${name}: ${bytes.total} of ${needed}`)
  }
})

test('P3: what was loaded for a nearer view is let go again, and nothing blinks', async (t) => {
  const { url } = fixture.server
  const board = await fixture.newBoard()
  const sender = addPictures(board, 4)
  t.after(() => sender.close())
  const records = await waitForVariants(url, board, 4)
  const page = await fixture.openPage(t, 'localhost', board)
  await page.waitForPainted(4, 'stored')
  const far = await smallestSources(page.page, board, records)
  await waitForSources(page.page, far)
  await page.page.keyboard.press('+')
  await page.page.keyboard.press('+')
  await page.waitUntil(
    (before) => {
      const [tile] = document.querySelectorAll('[data-image]')
      return tile!.getBoundingClientRect().width > before * 1.9
    },
    (await page.tiles())[0]!.w,
  )
  const near = await smallestSources(page.page, board, records)
  assert.notDeepEqual(near, far)
  await waitForSources(page.page, near)
  await page.page.evaluate(() => {
    const watch = { blanks: 0 }
    Object.assign(window, { watch })
    const look = (): void => {
      for (const tile of document.querySelectorAll('.picture-image')) {
        const isShown = [...tile.querySelectorAll('img')].some(
          (image) => image.naturalWidth > 0 && getComputedStyle(image).opacity === '1',
        )
        if (!isShown) watch.blanks++
      }
      requestAnimationFrame(look)
    }
    look()
  })
  await page.page.keyboard.press('f')
  await waitForSources(page.page, far)
  assert.equal(
    await page.page.evaluate(
      () => (window as unknown as { watch: { blanks: number } }).watch.blanks,
    ),
    0,
  )
})
