import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { before, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { VARIANT_SIDES_PX } from '@wirephoto/board'
import { openBoard } from '@wirephoto/client'
import { variantKey } from '@wirephoto/server'
import sharp from 'sharp'
import { DESKTOP_VIEWPORT, openFixture, type PageOptions, PHONE } from '../support/e2e-fixture.ts'
import { EFFORT_FACTOR } from '../support/effort.ts'
import { BoardPage } from '../support/page.ts'
import {
  countPictureBytes,
  smallestSources,
  sumOfBytes,
  waitForSources,
  waitForVariants,
} from '../support/picture-bytes.ts'
import { drawPicture, withUniqueBytes } from '../support/pictures.ts'

/** The priority of the process that makes variants. */
const VARIANTS_NICE = 10
/** The bytes that a page may load, over those of the smallest variants with pixels enough. */
const MAX_BYTES_FACTOR = 1.2
const [LEAST_SIDE_PX] = VARIANT_SIDES_PX
/** Longer than a view must rest until it is calm. */
const SLOW_FRAME_MS = 1_200
const [WIDTH, HEIGHT] = [1500, 1125]
/** Pictures on a board that is opened: rows of ten, all in view. */
const PICTURE_COUNT = EFFORT_FACTOR > 1 ? 60 : 30
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
  sender.addPictures(
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
  const sender = addPictures(board, PICTURE_COUNT)
  t.after(() => sender.close())
  const records = await waitForVariants(url, board, PICTURE_COUNT)
  for (const [name, options] of Object.entries(SCREENS)) {
    const context = await fixture.newContext(options)
    const page = await BoardPage.open(context, url)
    const bytes = await countPictureBytes(page.page)
    await page.goto(`/b/${board}`)
    await page.waitForPainted(PICTURE_COUNT, 'stored')
    const sources = await smallestSources(page.page, board, records)
    await waitForSources(page.page, sources)
    const needed = await sumOfBytes(url, sources.values())
    t.diagnostic(`${name}: ${bytes.total} bytes, needed ${needed}`)
    assert.ok(bytes.total <= needed * MAX_BYTES_FACTOR, `${name}: ${bytes.total} of ${needed}`)
    assert.ok(bytes.total >= needed, 'all of it is counted')
    assert.deepEqual(page.problems, [])
    await context.close()
  }
})

test('P2: who looks on while pictures are dropped loads their variants, never the files', async (t) => {
  const { url } = fixture.server
  const board = await fixture.newBoard()
  const viewers = await Promise.all(
    Object.entries(SCREENS).map(async ([name, options]) => {
      const page = await fixture.openPage(t, 'localhost', board, options)
      return { name, page, bytes: await countPictureBytes(page.page) }
    }),
  )
  // They are so large that a preview has too few pixels for most screens.
  const sender = addPictures(board, 20, 2_000)
  t.after(() => sender.close())
  const records = await waitForVariants(url, board, 20)
  for (const { name, page, bytes } of viewers) {
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

for (const frames of ['quick', 'slow'] as const)
  test(`P2: a picture that widens the view is loaded for the view that it makes, by ${frames} frames`, async (t) => {
    await expectLoadedForWidenedView(t, frames)
  })

async function expectLoadedForWidenedView(t: TestContext, frames: 'quick' | 'slow'): Promise<void> {
  const { url } = fixture.server
  const board = await fixture.newBoard()
  const page = await fixture.openPage(t, 'localhost', board)
  if (frames === 'slow') await page.page.evaluate(slowFrames, SLOW_FRAME_MS)
  const bytes = await countPictureBytes(page.page)
  // Added and stored in one change, and at the present zoom too large for any variant.
  const sent = await fetch(`${url}/api/boards/${board}/images?name=wide.jpg&x=0&y=0&w=6000`, {
    method: 'POST',
    body: new Uint8Array(withUniqueBytes(picture)),
  })
  assert.equal(sent.status, 201)
  await page.waitForPainted(1, 'stored')
  const records = await waitForVariants(url, board, 1)
  await waitForSources(page.page, await smallestSources(page.page, board, records))
  assert.deepEqual(
    [...bytes.byUrl.keys()].filter((path) => path.endsWith('/original')),
    [],
  )
}

/** Makes a page's frames as rare as on a machine that is far too busy. */
function slowFrames(frameMs: number): void {
  window.requestAnimationFrame = (draw) => window.setTimeout(() => draw(performance.now()), frameMs)
  window.cancelAnimationFrame = clearTimeout
}

test('P2, P4, P5: while variants are long in coming, a file is loaded only where nothing else serves', async (t) => {
  const { url } = fixture.server
  const board = await fixture.newBoard()
  const sender = openBoard({ url, board })
  t.after(() => sender.close())
  const size = { width: WIDTH, height: HEIGHT, y: 0 }
  const add = (fields: { x: number; w: number; preview?: Buffer }): string =>
    sender.addPictures([
      { file: new Blob([withUniqueBytes(picture)]), name: `${fields.x}.jpg`, ...size, ...fields },
    ])[0]!
  for (const x of [-300, -600]) add({ x, w: 200 })
  const [first, second] = (await waitForVariants(url, board, 2)).values()
  // Variants that are lost are made by that process. While it is at some, none are drawn ahead of it.
  await loseVariant(board, first!.blob!)
  const variantMaker = await processOfVariants(fixture.server.pid)
  process.kill(variantMaker, 'SIGSTOP')
  t.after(() => process.kill(variantMaker, 'SIGCONT'))
  await loseVariant(board, second!.blob!)

  const context = await fixture.browser.newContext({ viewport: DESKTOP_VIEWPORT })
  t.after(() => context.close())
  const page = await BoardPage.open(context, url)
  await page.page.clock.install()
  const bytes = await countPictureBytes(page.page)
  // Where all of them have room.
  await page.goto(`/b/${board}#250,75,0.8`)
  await page.waitForPainted(2, 'stored')
  const sufficient = add({ x: 0, w: 200, preview })
  const coarse = add({ x: 300, w: 500, preview })
  const without = add({ x: 900, w: 200 })
  await page.page.locator('[data-image][data-state="stored"]').nth(4).waitFor()
  const files = (): string[] => [...bytes.byUrl.keys()].filter((path) => path.endsWith('/original'))
  const fileOf = (id: string) =>
    page.tile(id).locator('.picture.ready[src$="/original"]').waitFor({ state: 'attached' })
  for (const id of [sufficient, coarse]) await page.tile(id).locator('.preview.ready').waitFor()
  await page.page.clock.fastForward(28_000)
  await page.nextFrame()
  assert.deepEqual(files(), [])
  await page.page.clock.fastForward(3_000)
  await fileOf(without)
  assert.equal(files().length, 1)
  await page.page.clock.fastForward(60_000)
  await fileOf(coarse)
  await page.page.clock.fastForward(600_000)
  await page.nextFrame()
  assert.equal(files().length, 2)
  assert.equal(await page.tile(sufficient).locator('.picture').count(), 0)

  // A person who enlarges a picture asks for it.
  await page.tile(sufficient).dblclick()
  await page.page.locator('.large').waitFor()
  assert.equal(await page.page.locator('.large .sharp').count(), 0)
  await page.page.clock.fastForward(2_500)
  await page.page.locator('.large .sharp.ready[src$="/original"]').waitFor()
  await page.page.keyboard.press('Escape')

  process.kill(variantMaker, 'SIGCONT')
  await waitForVariants(url, board, 5)
  for (const id of [sufficient, coarse, without])
    await page
      .tile(id)
      .locator('.picture.ready[src$="/1280"], .picture.ready[src$="/320"]')
      .waitFor()
  assert.deepEqual(page.problems, [])
})

test('P3: what was loaded for a nearer view is let go again, and nothing blinks', async (t) => {
  const { url } = fixture.server
  const board = await fixture.newBoard()
  const sender = addPictures(board, 4)
  t.after(() => sender.close())
  const records = await waitForVariants(url, board, 4)
  const page = await fixture.openPage(t, 'localhost', `${board}#670,120,1`)
  await page.waitForPainted(4, 'stored')
  const far = await smallestSources(page.page, board, records)
  await waitForSources(page.page, far)
  const { w } = (await page.tiles())[0]!
  await page.page.keyboard.press('+')
  await page.page.keyboard.press('+')
  await page.waitUntil((least) => {
    const [tile] = document.querySelectorAll('[data-image]')
    return tile!.getBoundingClientRect().width > least
  }, w * 1.9)
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
  await page.page.keyboard.press('-')
  await page.page.keyboard.press('-')
  await waitForSources(page.page, far)
  assert.equal(
    await page.page.evaluate(
      () => (window as unknown as { watch: { blanks: number } }).watch.blanks,
    ),
    0,
  )
})

/** Removes a variant from the disk, and asks for it, so that it is made again. */
async function loseVariant(board: string, blob: string): Promise<void> {
  const key = variantKey(blob, LEAST_SIDE_PX)
  await rm(join(fixture.server.data, 'blobs', key.slice(0, 2), key))
  const answer = await fetch(`${fixture.server.url}/b/${board}/blob/${blob}/${LEAST_SIDE_PX}`)
  assert.equal(answer.status, 404)
}

/** Finds the process that makes variants, once it has started: the server's child that yields to all others. */
async function processOfVariants(parent: number): Promise<number> {
  for (let tries = 0; tries < 600; tries++) {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,ni='])
    const rows = stdout.split('\n').map((row) => row.trim().split(/\s+/).map(Number))
    const below = (pid: number): number[] => [
      pid,
      ...rows.filter(([, ppid]) => ppid === pid).flatMap(([child]) => below(child!)),
    ]
    const children = new Set(below(parent))
    const found = rows.find(([pid, , nice]) => children.has(pid!) && nice === VARIANTS_NICE)
    if (found) return found[0]!
    await setTimeout(50)
  }
  throw new Error('no process makes variants')
}
