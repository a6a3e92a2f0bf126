import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../test/support/browser.ts'
import { BoardPage } from '../test/support/page.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { startBaseline } from './support/baseline-process.ts'
import { type Figure, interleave } from './support/figures.ts'
import { readPaints, recordPaints } from './support/paint-log.ts'
import { drawPhoto } from './support/photo.ts'
import { RawClient, snapshotOf } from './support/raw-client.ts'
import { Shaper } from './support/shaper.ts'
import { similarityTo } from './support/ssim.ts'

const ROUND_COUNT = 5
const PAGE_COUNT = 2
const SOCKET_COUNT = 18
/** The similarity to the original from which a picture counts as recognised. */
const MIN_SSIM_FACTOR = 0.9
/** The time that a page is open before the drop. */
const OPEN_MS = 1_500
const POLL_INTERVAL_MS = 100
const PAINT_TIMEOUT_MS = 60_000

/** S1: from the drop until the last of twenty viewers has a picture that they recognise. */
export async function picture(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-bench-'))
  const server = await ServerProcess.open()
  const tutorial = await startBaseline('tutorial-page')
  const browser = await launchBrowser()
  try {
    const photo = await drawPhoto()
    const file = join(folder, 'photo.jpg')
    await writeFile(file, photo)
    const scene: Scene = { browser, file, likeness: await similarityTo(photo) }
    const times = await interleave(ROUND_COUNT, {
      product: async () => {
        const created = await fetch(`${server.url}/api/boards`, { method: 'POST' })
        const { id } = (await created.json()) as { id: string }
        const { cursor } = await snapshotOf(server.port, id)
        return timeToRecognise(scene, {
          port: server.port,
          path: `/b/${id}`,
          join: async () => {
            const rawClient = await RawClient.connect(server.port, undefined, id)
            await rawClient.follow(cursor)
            return rawClient
          },
        })
      },
      tutorial: () =>
        timeToRecognise(scene, {
          port: tutorial.port,
          path: '/',
          join: () => RawClient.connect(tutorial.port),
        }),
    })
    const size = `${(photo.length / 1e6).toFixed(1)} MB`
    return [
      {
        id: 'S1',
        label: `drop to the last of ${PAGE_COUNT} pages and ${SOCKET_COUNT} sockets, ${size} on 5 Mbit/s`,
        unit: 's',
        figure: times.product,
        baseline: { name: 'tutorial way', value: times.tutorial },
        goal: { max: 1 / 40 },
      },
      {
        id: 'S1',
        label: 'the same by the clock',
        unit: 's',
        figure: times.product,
        baseline: null,
        goal: { max: 0.3 },
        notes: [
          `recognised: SSIM of at least ${MIN_SSIM_FACTOR} against the original, both at 320 px; in pages painted, faded in, a frame later`,
          'the line: 625,000 bytes/s up for all connections of the sender, 20 ms there and back; down, and for viewers, as fast as it goes',
        ],
      },
    ]
  } finally {
    await browser.close()
    await tutorial.close()
    await server.close()
    await rm(folder, { recursive: true })
  }
}

interface Scene {
  readonly browser: Browser
  readonly file: string
  readonly likeness: (picture: Buffer) => Promise<number>
}

interface Contender {
  readonly port: number
  readonly path: string
  /** Joins a viewer without a page. */
  readonly join: () => Promise<RawClient>
}

/** Returns the seconds from the drop until the last viewer has a recognisable picture. */
async function timeToRecognise(
  { browser, file, likeness }: Scene,
  contender: Contender,
): Promise<number> {
  const shaper = await Shaper.open(contender.port)
  const contexts: BrowserContext[] = []
  const rawClients: RawClient[] = []
  const open = async (port: number): Promise<BoardPage> => {
    const context = await browser.newContext()
    contexts.push(context)
    await recordPaints(context)
    const origin = `http://localhost:${port}`
    const opened = await BoardPage.open(context, origin)
    await opened.goto(contender.path)
    return opened
  }
  try {
    const viewers: BoardPage[] = []
    for (let i = 0; i < PAGE_COUNT; i++) viewers.push(await open(contender.port))
    const sender = await open(shaper.port)
    for (let i = 0; i < SOCKET_COUNT; i++) rawClients.push(await contender.join())
    const heard = rawClients.map(
      (each) =>
        new Promise<{ at: number; picture: Buffer }>((resolve) => {
          each.onPreview = (_id, bytes) => resolve({ at: now(), picture: bytes })
        }),
    )
    await setTimeout(OPEN_MS)
    const dropped = now()
    await sender.drop([file], { x: 400, y: 300 })
    const seen = await Promise.all(viewers.map(({ page }) => recognisedAt(page, likeness)))
    const told = await Promise.all(heard)
    for (const each of told)
      if ((await likeness(each.picture)) < MIN_SSIM_FACTOR)
        throw new Error('A preview is nothing like it')
    return (Math.max(...seen, ...told.map(({ at }) => at)) - dropped) / 1000
  } finally {
    for (const each of rawClients) each.close()
    for (const context of contexts) await context.close()
    await shaper.close()
  }
}

/** Returns when the page had painted a recognisable picture. */
async function recognisedAt(page: Page, likeness: Scene['likeness']): Promise<number> {
  const end = now() + PAINT_TIMEOUT_MS
  for (let known = 0; now() < end; await setTimeout(POLL_INTERVAL_MS))
    for (const { at, picture } of await readPaints(page, known)) {
      known++
      if ((await likeness(picture)) >= MIN_SSIM_FACTOR) return at
    }
  throw new Error('A page has painted no recognisable picture')
}

/** Milliseconds since 1970, as pages count them. */
const now = (): number => performance.timeOrigin + performance.now()
