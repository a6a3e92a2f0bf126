import { openBoard } from '@wirephoto/client'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { launchBrowser } from '../test/support/browser.ts'
import { DESKTOP_VIEWPORT, PHONE } from '../test/support/e2e-fixture.ts'
import {
  countPictureBytes,
  type PictureBytes,
  smallestSources,
  sumOfBytes,
  waitForSources,
  waitForVariants,
} from '../test/support/picture-bytes.ts'
import { drawPicture, withUniqueBytes } from '../test/support/pictures.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { type Figure, spread } from './support/figures.ts'

const OPENED_COUNT = 60
const DROPPED_COUNT = 20
/** 5 megapixels, about 2 MB. */
const [WIDTH_PX, HEIGHT_PX] = [2_600, 1_950]
const MAX_BYTES_FACTOR = 1.2
/** After this time a page counts as never done. */
const PAGE_TIMEOUT_MS = 120_000

const screens = {
  'phone, 3x': { ...PHONE, deviceScaleFactor: 3 },
  'phone, 2x': { ...PHONE, deviceScaleFactor: 2 },
  'desktop, 1x': { viewport: DESKTOP_VIEWPORT, deviceScaleFactor: 1 },
  'desktop, 2x': { viewport: DESKTOP_VIEWPORT, deviceScaleFactor: 2 },
}

/** S19: the bytes of pictures that a screen loads, over those that it has pixels for. */
export async function screensBench(): Promise<Figure[]> {
  const server = await ServerProcess.open({ openBoardCount: 2 })
  const browser = await launchBrowser()
  try {
    const photo = await drawPicture({ width: WIDTH_PX, height: HEIGHT_PX, quality: 90 })
    const preview = await sharp(photo).resize(320).webp({ quality: 60 }).toBuffer()
    const sender = new Sender(server.url, photo, preview)
    return [
      ...(await opening(server, browser, sender)),
      ...(await looking(server, browser, sender)),
    ]
  } finally {
    await browser.close()
    await server.close()
  }
}

/** Adds pictures without places, each with its preview, as a page does. */
class Sender {
  readonly #url: string
  readonly #photo: Buffer
  readonly #preview: Buffer

  constructor(url: string, photo: Buffer, preview: Buffer) {
    this.#url = url
    this.#photo = photo
    this.#preview = preview
  }

  /** Resolves to the pictures' records when all have their variants. */
  async add(board: string, count: number) {
    const opened = openBoard({ url: this.#url, board })
    const size = { width: WIDTH_PX, height: HEIGHT_PX, preview: this.#preview }
    opened.addPictures(
      Array.from({ length: count }, (_, n) => ({
        file: new Blob([withUniqueBytes(this.#photo)]),
        name: `${n}.jpg`,
        ...size,
      })),
    )
    try {
      return await waitForVariants(this.#url, board, count)
    } finally {
      await opened.close()
    }
  }
}

async function opening(server: ServerProcess, browser: Browser, sender: Sender): Promise<Figure[]> {
  const board = await server.newBoard()
  const records = await sender.add(board, OPENED_COUNT)
  const figures: Figure[] = []
  for (const [name, options] of Object.entries(screens)) {
    const context = await browser.newContext(options)
    const { page, bytes } = await openPage(await context.newPage(), server, board)
    const label = `Bytes to open ${OPENED_COUNT} pictures, ${name}`
    figures.push(await measure(label, { page, bytes, server, board, records }))
    await context.close()
  }
  return figures
}

async function looking(server: ServerProcess, browser: Browser, sender: Sender): Promise<Figure[]> {
  const board = await server.newBoard()
  const viewers = await Promise.all(
    Object.entries(screens).map(async ([name, options]) => {
      const context = await browser.newContext(options)
      return { name, ...(await openPage(await context.newPage(), server, board)) }
    }),
  )
  const records = await sender.add(board, DROPPED_COUNT)
  const figures: Figure[] = []
  for (const { name, page, bytes } of viewers) {
    const label = `Bytes to look on while ${DROPPED_COUNT} are dropped, ${name}`
    figures.push(await measure(label, { page, bytes, server, board, records }))
  }
  return figures
}

interface Measured {
  readonly page: Page
  readonly bytes: PictureBytes
  readonly server: ServerProcess
  readonly board: string
  readonly records: Parameters<typeof smallestSources>[2]
}

async function measure(
  label: string,
  { page, bytes, server, board, records }: Measured,
): Promise<Figure> {
  await page.waitForFunction(
    (count) =>
      document.querySelectorAll('[data-image]').length === count &&
      !document.querySelector('.world.moving'),
    records.size,
    { polling: 'raf' },
  )
  const sources = await smallestSources(page, board, records)
  await waitForSources(page, sources)
  const needed = await sumOfBytes(server.url, sources.values())
  return {
    id: 'S19',
    label,
    unit: 'KB',
    figure: spread([bytes.total / 1000]),
    baseline: { name: 'smallest sources with pixels enough', value: spread([needed / 1000]) },
    goal: { max: MAX_BYTES_FACTOR },
    notes: [`${label}: previews pushed beside it ${Math.round(bytes.pushed / 1000)} KB`],
  }
}

async function openPage(page: Page, server: ServerProcess, board: string) {
  page.setDefaultTimeout(PAGE_TIMEOUT_MS)
  const bytes = await countPictureBytes(page)
  await page.goto(`${server.url}/b/${board}`)
  await page.locator('.connection', { hasText: 'Live' }).waitFor({ state: 'attached' })
  return { page, bytes }
}
