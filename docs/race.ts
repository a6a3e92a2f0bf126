/**
 * `npm run race` drops one photo on two pages with a slow connection, the tutorial way's and Wirephoto's. It records
 * what a viewer sees of each. They run one after the other, since people's devices don't share a CPU; the film shows
 * them side by side.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import sharp from 'sharp'
import { startBaseline } from '../bench/support/baseline-process.ts'
import { drawPhoto } from '../bench/support/photo.ts'
import { Shaper } from '../bench/support/shaper.ts'
import { launchBrowser } from '../test/support/browser.ts'
import { BoardPage } from '../test/support/page.ts'
import { ServerProcess } from '../test/support/server-process.ts'

const FILE = resolve(import.meta.dirname, 'images/race.webp')
/** The limit of a README's first picture. */
const MAX_FILE_BYTES = 1_500_000
const PANE = { width: 480, height: 420 }
const HEAD_PX = 56
const JPEG = { format: 'jpeg', quality: 92 } as const
/** The frames that a page draws for each that is filmed. */
const SHOWN_FRAMES_COUNT = 3
/** The length of a frame while much happens, and later. */
const FINE_FRAMES_MS = { until: 2_000, step: 50 }
const FRAME_MS = 250
const END_MS = 3_000
/** The time that pages are open before the drop. */
const OPEN_MS = 2_000
const MIDDLE = { x: 240, y: 200 }

/** Selectors of the images that a viewer sees of the photo, and of the one that shows it once it is stored. */
interface Shown {
  readonly title: string
  readonly any: string
  readonly stored: string
}

/** A viewer's screen at one moment, as JPEG. */
interface Frame {
  readonly at: number
  readonly image: Buffer
}

interface Lane {
  readonly title: string
  readonly frames: readonly Frame[]
  /** Milliseconds from the drop until the viewer saw something. */
  readonly first: number
  /** The same until it had a pixel for each of the screen's. */
  readonly sharp: number
  /** The same until it showed the stored photo. */
  readonly stored: number
}

const folder = await mkdtemp(join(tmpdir(), 'wirephoto-race-'))
const server = await ServerProcess.open()
const tutorial = await startBaseline('tutorial-page')
const browser = await launchBrowser()
try {
  const photo = await drawPhoto()
  const file = join(folder, 'photo.jpg')
  await writeFile(file, photo)
  const lanes = [
    await runLane(browser, tutorial.port, file, {
      title: 'The tutorial way',
      any: 'img',
      stored: 'img',
    }),
    await runLane(browser, server.port, file, {
      title: 'Wirephoto',
      any: ':is(.preview, .picture).ready',
      stored: '[data-state="stored"] .picture.ready',
    }),
  ]
  await film(lanes)
  for (const { title, first, sharp, stored } of lanes)
    console.log(
      `${title}: seen after ${seconds(first)}, sharp after ${seconds(sharp)}, stored after ${seconds(stored)}`,
    )
  console.log(`a photo of ${(photo.length / 1e6).toFixed(1)} MB, 5 Mbit/s up; ${FILE}`)
} finally {
  await browser.close()
  await tutorial.close()
  await server.close()
  await rm(folder, { recursive: true })
}

/** Opens a sender on a slow connection and a viewer, drops the file, and films until the viewer sees it stored. */
async function runLane(
  from: Browser,
  port: number,
  file: string,
  { title, any, stored }: Shown,
): Promise<Lane> {
  const shaper = await Shaper.open(port)
  const contexts: BrowserContext[] = []
  const open = async (at: number): Promise<BoardPage> => {
    const context = await from.newContext({ viewport: PANE, colorScheme: 'light' })
    contexts.push(context)
    const opened = await BoardPage.open(context, `http://localhost:${at}`)
    await opened.goto('/')
    return opened
  }
  const viewer = await open(port)
  const sender = await open(shaper.port)
  await viewer.page.waitForTimeout(OPEN_MS)
  // Visitors who aren't alone are asked for a name.
  for (const { page } of [viewer, sender]) {
    const skip = page.getByRole('button', { name: 'Skip', exact: true })
    if (await skip.isVisible()) await skip.click()
  }
  const { page } = viewer
  page.setDefaultTimeout(60_000)
  const frames = await filmPage(page)
  const dropped = now()
  await sender.drop([file], MIDDLE)
  const shown = async (images: string, isSharp = false) => {
    const found = await page.waitForFunction(
      ([selector, mustSuffice]) =>
        [...document.querySelectorAll<HTMLImageElement>(selector)].find((each) => {
          const { complete, naturalWidth } = each
          const isShown = complete && naturalWidth > 0 && getComputedStyle(each).opacity === '1'
          return isShown && (!mustSuffice || naturalWidth >= each.getBoundingClientRect().width)
        }),
      [images, isSharp] as const,
      { polling: 'raf' },
    )
    // A browser that has all bytes of a large photo shows it once it has decoded them.
    await found.evaluate(async (each) => {
      await each?.decode()
      await new Promise(requestAnimationFrame)
    })
    return now() - dropped
  }
  const times = {
    first: await shown(any),
    sharp: await shown(any, true),
    stored: await shown(stored),
  }
  // A large photo is painted some time after it was decoded.
  frames.push(await photograph(page))
  for (const context of contexts) await context.close()
  await shaper.close()
  const moved = frames.map(({ at, image }) => ({ at: at - dropped, image }))
  return { title, frames: moved, ...times }
}

/**
 * Returns a list to which frames of a page are added for as long as it is open. The browser makes one where the page
 * has changed: screenshots at intervals would take the CPU from both lanes.
 */
async function filmPage(page: Page): Promise<Frame[]> {
  const frames = [await photograph(page)]
  const cdp = await page.context().newCDPSession(page)
  cdp.on('Page.screencastFrame', ({ data, sessionId }) => {
    frames.push({ at: now(), image: Buffer.from(data, 'base64') })
    // The next frame comes once this one is taken; none does from a page that closes.
    cdp.send('Page.screencastFrameAck', { sessionId }).catch(() => {})
  })
  await cdp.send('Page.startScreencast', {
    ...JPEG,
    everyNthFrame: SHOWN_FRAMES_COUNT,
  })
  return frames
}

/** Returns what a page shows once it has painted all of it. */
async function photograph(page: Page): Promise<Frame> {
  const { format: type, quality } = JPEG
  const image = await page.screenshot({ type, quality })
  return { at: now(), image }
}

/** Writes both lanes side by side, in real time. */
async function film(lanes: readonly Lane[]): Promise<void> {
  const end = Math.ceil(Math.max(...lanes.map(({ frames }) => frames.at(-1)!.at)))
  const moments: number[] = []
  for (let at = 0; at < end; at += stepAt(at)) moments.push(at)
  moments.push(end)
  const frames = await Promise.all(moments.map((at) => drawFrame(lanes, at)))
  const delay = moments.map((at, i) => (moments[i + 1] ?? at + END_MS) - at)
  await mkdir(resolve(FILE, '..'), { recursive: true })
  for (const quality of [80, 65, 50, 35]) {
    const webp = await sharp(frames, { join: { animated: true } })
      .webp({ quality, delay, loop: 0, effort: 4 })
      .toBuffer()
    if (webp.length > MAX_FILE_BYTES) continue
    await writeFile(FILE, webp)
    return
  }
  throw new Error('The race takes too many bytes')
}

async function drawFrame(lanes: readonly Lane[], at: number): Promise<Buffer> {
  const width = PANE.width * lanes.length + (lanes.length - 1) * 2
  const height = PANE.height + HEAD_PX
  const panes = lanes.map(({ frames }, i) => ({
    input: (frames.findLast((frame) => frame.at <= at) ?? frames[0]!).image,
    left: i * (PANE.width + 2),
    top: HEAD_PX,
  }))
  const heads = lanes.map(({ title, first, sharp }, i) => {
    const x = i * (PANE.width + 2)
    const seen = at >= first ? `seen after ${seconds(first)}` : seconds(at)
    const told = at >= sharp ? `seen ${seconds(first)}, sharp ${seconds(sharp)}` : seen
    return `<text x="${x + 16}" y="35" font-weight="bold">${title}</text>
<text x="${x + PANE.width - 16}" y="35" text-anchor="end" fill="${at >= first ? '#0b7a75' : '#5b5a57'}">${told}</text>`
  })
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEAD_PX}" font-family="sans-serif" font-size="20">
<rect width="100%" height="100%" fill="#f5f5f4"/>${heads.join('')}</svg>`
  return sharp({ create: { width, height, channels: 3, background: '#1a1a19' } })
    .composite([{ input: Buffer.from(head), left: 0, top: 0 }, ...panes])
    .png()
    .toBuffer()
}

/** Returns the length of a frame at a moment after the drop. */
function stepAt(at: number): number {
  return at < FINE_FRAMES_MS.until ? FINE_FRAMES_MS.step : FRAME_MS
}

/** Formats to a tenth of a second. */
function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

function now(): number {
  return performance.now()
}
