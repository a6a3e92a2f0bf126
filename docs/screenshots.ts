/** `npm run screenshots`: the pictures of the documents, of boards with landscapes drawn for them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openBoard } from '@wirephoto/client'
import type { BrowserContextOptions } from 'playwright-core'
import sharp from 'sharp'
import { launchBrowser } from '../test/support/browser.ts'
import { BoardPage } from '../test/support/page.ts'
import { Proxy } from '../test/support/proxy.ts'
import { ServerProcess } from '../test/support/server.ts'
import { landscape } from './landscapes.ts'

const IMAGES = resolve(import.meta.dirname, 'images')
const DESK = { viewport: { width: 1440, height: 900 } }
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
/** One of two windows side by side, and where a picture is dropped in it. */
const HALF = { viewport: { width: 718, height: 720 }, colorScheme: 'light' } as const
const MIDDLE = { x: 320, y: 520 }
/** Bytes a second of the line that it is sent on, and the milliseconds after which it is photographed. */
const SLOW = 5_000_000
const SENDING = 2_000

const TITLE = 'A week in the hills'
/** Width and height of what stands on the board. */
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

interface Filled {
  readonly id: string
  readonly pictures: number
}

const server = await ServerProcess.open()
const browser = await launchBrowser()
try {
  await mkdir(IMAGES, { recursive: true })
  const wide = await newBoard(PICTURES.length)
  const narrow = await newBoard(8, inTwoColumns())
  const few = await newBoard(3)
  const empty = await newBoard(0)
  for (const colorScheme of ['light', 'dark'] as const) {
    await photograph(wide, { ...DESK, colorScheme }, `board-${colorScheme}`)
    await photograph(narrow, { ...PHONE, colorScheme }, `phone-${colorScheme}`)
    await photograph(empty, { ...DESK, colorScheme }, `empty-board-${colorScheme}`)
    await photograph(empty, { ...PHONE, colorScheme }, `empty-phone-${colorScheme}`)
  }
  await photographTwo(few, 'two-windows')
} finally {
  await browser.close()
  await server.close()
}

/** A board with so many pictures, where the server or `places` puts them. */
async function newBoard(pictures: number, places?: Iterator<object>): Promise<Filled> {
  const created = await fetch(`${server.url}/api/boards`, { method: 'POST' })
  const { id } = (await created.json()) as { id: string }
  if (pictures === 0) return { id, pictures }
  const board = openBoard({ url: server.url, board: id })
  board.rename(TITLE)
  await board.settled()
  await board.close()
  for (const [i, [width, height]] of PICTURES.slice(0, pictures).entries()) {
    const query = new URLSearchParams({ name: `hills-${i + 1}.jpg`, ...places?.next().value })
    const response = await fetch(`${server.url}/api/boards/${id}/images?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: new Uint8Array(await landscape(width, height, i + 1)),
    })
    if (response.status !== 201) throw new Error(await response.text())
  }
  return { id, pictures }
}

/** Each picture below the shorter of two columns, for a screen that is high and narrow. */
function* inTwoColumns(): Generator<Record<string, string>> {
  const ends = [0, 0]
  for (const [width, height] of PICTURES) {
    const column = ends[0]! <= ends[1]! ? 0 : 1
    yield { x: String(column * 196), y: String(ends[column]), w: '180' }
    ends[column]! += (180 * height) / width + 16
  }
}

async function photograph(board: Filled, options: BrowserContextOptions, name: string) {
  const { page, context } = await look(board, options)
  await save(await page.screenshot(), name)
  await context.close()
}

/** Two windows: a picture that one of them is sending down a slow line stands in the other. */
async function photographTwo(board: Filled, name: string) {
  const line = await Proxy.open(server.port)
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-screenshots-'))
  const file = join(folder, 'this-morning.png')
  await sharp(await landscape(4200, 2800, 6))
    .png({ compressionLevel: 0 })
    .toFile(file)
  const sender = await look(board, HALF, line.port)
  const watcher = await look(board, HALF)
  line.up.rate = SLOW
  await sender.drop([file], MIDDLE)
  await watcher.standing(board.pictures + 1)
  await setTimeout(SENDING)
  const windows = [await sender.page.screenshot(), await watcher.page.screenshot()]
  const { width, height } = HALF.viewport
  const both = sharp({
    create: { width: 2 * width + 4, height, channels: 3, background: '#827D73' },
  })
    .composite(windows.map((input, i) => ({ input, left: i * (width + 4), top: 0 })))
    .png()
  await save(await both.toBuffer(), name)
  await line.close()
  for (const { context } of [sender, watcher]) await context.close()
  await rm(folder, { recursive: true })
}

/** The whole board as somebody sees it who has just come. */
async function look(
  { id, pictures }: Filled,
  options: BrowserContextOptions,
  port = server.port,
): Promise<BoardPage> {
  const context = await browser.newContext(options)
  const page = await BoardPage.open(context, `http://localhost:${port}`)
  await page.go(`/b/${id}`)
  await page.page.keyboard.press('f')
  await page.painted(pictures)
  return page
}

async function save(image: Buffer, name: string): Promise<void> {
  await writeFile(join(IMAGES, `${name}.png`), image)
  console.log(`docs/images/${name}.png`)
}
