/**
 * `npm run screenshots` makes the documents' pictures, of boards with landscapes drawn for them.
 * `npm run screenshots -- --all <folder>` makes one of every size, theme and load, for review.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openBoard } from '@wirephoto/client'
import { words } from '@wirephoto/web/words/page'
import type { BrowserContextOptions, Page } from 'playwright-core'
import sharp from 'sharp'
import { launchBrowser } from '../test/support/browser.ts'
import { freePort } from '../test/support/free-port.ts'
import { BoardPage } from '../test/support/page.ts'
import { Proxy } from '../test/support/proxy.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { landscape } from './landscapes.ts'

const { all } = parseArgs({ options: { all: { type: 'string' } } }).values
const IMAGES = all ? resolve(all) : resolve(import.meta.dirname, 'images')
const DESK = { viewport: { width: 1440, height: 900 } }
const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
}
/** One of two windows side by side, the place of the drop in it, and those of the pictures around. */
const HALF = { viewport: { width: 718, height: 720 }, colorScheme: 'light' } as const
const FREE_PLACE = { x: 338, y: 459 }
const PLACES_AROUND = [
  { x: '0', y: '0', w: '360' },
  { x: '0', y: '256', w: '180' },
  { x: '376', y: '0', w: '427' },
]
/** The connection of the sender, and the time after which both windows are photographed. */
const SLOW_BYTES_PER_SECOND = 400_000
const SENDING_MS = 2_000

const TITLE = 'A week in the hills'
/** The longest texts that must find room: a title, a file's name, captions. */
const LONG_TITLE = 'Photographs of the long walk from the harbour up to the pass'
const LONG_NAME = `${'a-name-that-a-camera-would-never-give-to-a-picture-at-all'.slice(0, 56)}.jpg`
const CAPTIONS = [
  'The second morning, seen from the hut: fog in the valley, the ridge that we had crossed the day before behind it, and far to the left, hardly to be made out, the lake where we had left the boat at noon.',
  'صباح هادئ فوق التلال، والضباب ما زال في الوادي',
  '',
]
const WIDTHS_PX = [390, 768, 1440, 2560]
/** Longer than a wall waits for news before its mosaic stands. */
const MOSAIC_AFTER_MS = 25_000
const FULL_BOARD_COUNT = 500
/** Width and height of each picture. */
const PICTURES = [
  [1500, 1000],
  [900, 1200],
  [1600, 900],
  [1200, 1200],
  [1500, 1000],
  [1000, 1500],
  [1600, 1000],
  [1400, 1050],
  [1500, 1000],
  [2000, 900],
  [1200, 900],
  [900, 1200],
] as const

interface FilledBoard {
  readonly id: string
  readonly pictures: number
}

const server = await ServerProcess.open({ openBoardCount: 20 })
const browser = await launchBrowser()
try {
  await mkdir(IMAGES, { recursive: true })
  if (all) await photographAll()
  else await photographForDocuments()
} finally {
  await browser.close()
  await server.close()
}

async function photographForDocuments() {
  const wide = await newBoard(PICTURES.length)
  const narrow = await newBoard(8, twoColumnPlaces())
  const few = await newBoard(3, PLACES_AROUND.values())
  const empty = await newBoard(0)
  for (const colorScheme of ['light', 'dark'] as const) {
    await photograph(wide, { ...DESK, colorScheme }, `board-${colorScheme}`)
    await photograph(narrow, { ...PHONE, colorScheme }, `phone-${colorScheme}`)
    await photograph(empty, { ...DESK, colorScheme }, `empty-board-${colorScheme}`)
    await photograph(empty, { ...PHONE, colorScheme }, `empty-phone-${colorScheme}`)
  }
  await photographTwo(few, 'two-windows')
}

async function photographAll() {
  const boards = {
    empty: await newBoard(0),
    one: await newBoard(1),
    twelve: await newBoard(PICTURES.length),
    hundred: await newBoard(100),
    full: await fullBoard(),
    words: await wordyBoard(),
  }
  const home = await openHome()
  for (const width of WIDTHS_PX) {
    const height = width < 600 ? 844 : Math.round(width * 0.6)
    const size = width < 600 ? PHONE : { viewport: { width, height } }
    for (const name of ['empty', 'one', 'twelve', 'hundred'] as const)
      await photographWall(boards[name], size, `wall-${name}-${width}`)
    for (const colorScheme of ['light', 'dark'] as const) {
      const theme = { ...size, colorScheme }
      await photographPage(
        home.url,
        { ...theme, storageState: home.storageState },
        `home-${width}-${colorScheme}`,
      )
      await photographPage(
        `${server.url}/b/${boards.twelve.id}/add`,
        theme,
        `guest-${width}-${colorScheme}`,
      )
      for (const [name, board] of Object.entries(boards)) {
        const { page, context } = await openBoardPage(board, theme)
        const take = async (what: string) =>
          save(await still(page), `${what}-${width}-${colorScheme}`)
        if (name === 'words') {
          const pictures = page.locator('[data-image]')
          await page.keyboard.press('Control+a')
          await take('selected')
          await page.keyboard.press('Escape')
          await pictures.first().dblclick()
          await page.locator('.lightbox .sharp.ready').waitFor()
          await take('large')
          await page.keyboard.press('Escape')
          await page.locator('.lightbox').waitFor({ state: 'detached' })
          await pictures.nth(1).hover()
        }
        await take(name)
        if (name === 'twelve') {
          await page.getByRole('button', { name: words.share }).click()
          await page.getByRole('dialog').waitFor()
          await take('share')
        }
        await context.close()
      }
    }
  }
  await home.close()
}

/** Opens a server with links, and a visitor's storage that remembers a few of its boards. */
async function openHome() {
  const port = await freePort()
  const url = `http://wire.test:${port}`
  const linked = await ServerProcess.open({
    port,
    args: ['--public-url', url, '--create', 'anyone'],
  })
  const context = await browser.newContext()
  const page = await BoardPage.open(context, url)
  for (const [i, title] of ['Wedding', 'Reference for the hall', TITLE].entries()) {
    const made = await fetch(`${linked.url}/api/boards`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title }),
    })
    const { id, links } = (await made.json()) as {
      id: string
      links: { role: string; url: string }[]
    }
    const own = links.find(({ role }) => role === 'own')!.url
    await send(id, PICTURES[i]!, i + 1, {}, { url: linked.url, token: new URL(own).hash.slice(1) })
    await page.page.goto(own)
    await page.waitForPainted(1, 'stored')
    await page.waitUntil((name) => JSON.stringify(localStorage).includes(name), title)
  }
  const storageState = await context.storageState()
  await context.close()
  return { url, storageState, close: () => linked.close() }
}

async function photographPage(url: string, options: BrowserContextOptions, name: string) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  await page.goto(url)
  await page.getByRole('heading').first().waitFor()
  await save(await still(page), name)
  await context.close()
}

/** Photographs a wall as it opens, and its mosaic. */
async function photographWall(board: FilledBoard, options: BrowserContextOptions, name: string) {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  await page.goto(`${server.url}/b/${board.id}/show`)
  await page.waitForLoadState('networkidle')
  await save(await page.screenshot(), name)
  if (board.pictures === PICTURES.length) {
    await setTimeout(MOSAIC_AFTER_MS)
    await save(await page.screenshot(), name.replace('wall', 'mosaic'))
  }
  await context.close()
}

/** Photographs a page once it has loaded and nothing moves. */
async function still(page: Page): Promise<Buffer> {
  await page.waitForLoadState('networkidle')
  await page.waitForFunction(() =>
    document.getAnimations().every(({ playState }) => playState !== 'running'),
  )
  return page.screenshot()
}

/** Makes a board of hundreds of pictures, which are copies of the same twelve. */
async function fullBoard(): Promise<FilledBoard> {
  const { id } = await newBoard(PICTURES.length)
  const board = openBoard({ url: server.url, board: id, token: server.newOwner(id) })
  while (board.pictures.size < PICTURES.length) await setTimeout(20)
  const first = [...board.pictures.keys()]
  const places = Array.from({ length: FULL_BOARD_COUNT - first.length }, (_, i) => ({
    sourceId: first[i % first.length]!,
    x: (i % 25) * 400,
    y: 2000 + Math.floor(i / 25) * 420,
  }))
  board.copy(places)
  await board.settled()
  await board.close()
  return { id, pictures: FULL_BOARD_COUNT }
}

async function wordyBoard(): Promise<FilledBoard> {
  const { id } = await newBoard(0)
  const board = openBoard({ url: server.url, board: id, token: server.newOwner(id) })
  board.rename(LONG_TITLE)
  await board.settled()
  await board.close()
  for (const [i, caption] of CAPTIONS.entries())
    await send(id, PICTURES[i]!, i + 1, { name: LONG_NAME, caption })
  return { id, pictures: CAPTIONS.length }
}

/** Makes a board with so many pictures, where the server or `places` puts them. */
async function newBoard(pictures: number, places?: Iterator<object>): Promise<FilledBoard> {
  const id = await server.newBoard()
  if (pictures === 0) return { id, pictures }
  const board = openBoard({ url: server.url, board: id, token: server.newOwner(id) })
  board.rename(TITLE)
  await board.settled()
  await board.close()
  for (let i = 0; i < pictures; i++) {
    const size = PICTURES[i % PICTURES.length]!
    await send(id, size, i + 1, { name: `hills-${i + 1}.jpg`, ...places?.next().value })
  }
  return { id, pictures }
}

async function send(
  board: string,
  [width, height]: readonly [number, number],
  seed: number,
  says: Record<string, string>,
  { url, token = '' }: { readonly url: string; readonly token?: string } = server,
): Promise<void> {
  const query = new URLSearchParams(says)
  const response = await fetch(`${url}/api/boards/${board}/images?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg', ...(token && { authorization: `Bearer ${token}` }) },
    body: new Uint8Array(await landscape(width, height, seed)),
  })
  if (response.status !== 201) throw new Error(await response.text())
}

/** Yields places below the shorter of two columns, for a screen that is high and narrow. */
function* twoColumnPlaces(): Generator<Record<string, string>> {
  const ends = [0, 0]
  for (const [width, height] of PICTURES) {
    const column = ends[0]! <= ends[1]! ? 0 : 1
    yield { x: String(column * 196), y: String(ends[column]), w: '180' }
    ends[column]! += (180 * height) / width + 16
  }
}

async function photograph(board: FilledBoard, options: BrowserContextOptions, name: string) {
  const { page, context } = await openBoardPage(board, options)
  // People and zoom come last.
  await page.waitForLoadState('networkidle')
  await save(await page.screenshot(), name)
  await context.close()
}

/** Photographs two windows: one sends a picture on a slow connection, the other shows it. */
async function photographTwo(board: FilledBoard, name: string) {
  const proxy = await Proxy.open(server.port)
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-screenshots-'))
  const file = join(folder, 'this-morning.jpg')
  await sharp(await landscape(4200, 2800, 6))
    .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    .toFile(file)
  const sender = await openBoardPage(board, HALF, { port: proxy.port, name: 'Anna' })
  const watcher = await openBoardPage(board, HALF, { name: 'Ben' })
  proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
  await sender.drop([file], FREE_PLACE)
  await watcher.waitForTiles(board.pictures + 1)
  await setTimeout(SENDING_MS)
  const windows = [await sender.page.screenshot(), await watcher.page.screenshot()]
  const { width, height } = HALF.viewport
  const both = sharp({
    create: { width: 2 * width + 4, height, channels: 3, background: '#86847F' },
  })
    .composite(windows.map((input, i) => ({ input, left: i * (width + 4), top: 0 })))
    .png()
  await save(await both.toBuffer(), name)
  await proxy.close()
  for (const { context } of [sender, watcher]) await context.close()
  await rm(folder, { recursive: true })
}

interface Visit {
  readonly port?: number
  /** Without one the page asks for it when a picture is added. */
  readonly name?: string
}

/** Opens the board in a new context and fits it all into the view. */
async function openBoardPage(
  { id, pictures }: FilledBoard,
  options: BrowserContextOptions,
  { port = server.port, name }: Visit = {},
): Promise<BoardPage> {
  const context = await browser.newContext(options)
  if (name) await context.addInitScript((known) => localStorage.setItem('name', known), name)
  const page = await BoardPage.open(context, `http://localhost:${port}`)
  await page.goto(`/b/${id}`)
  await page.page.keyboard.press('f')
  if (options.isMobile === true) await page.waitUntil(isFeedPainted, pictures)
  // From far away they are drawn on a canvas.
  else if (pictures <= PICTURES.length) await page.waitForPainted(pictures)
  return page
}

async function save(image: Buffer, name: string): Promise<void> {
  await writeFile(join(IMAGES, `${name}.png`), image)
  console.log(join(IMAGES, `${name}.png`))
}

/** Whether a phone's feed shows as many pictures as its screen has room for, of that many. Runs in a page. */
function isFeedPainted(count: number): boolean {
  const images = Array.from(document.querySelectorAll<HTMLImageElement>('.feed img'))
  return images.length >= Math.min(count, 4) && images.every(({ complete }) => complete)
}
