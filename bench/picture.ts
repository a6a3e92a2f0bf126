import { createHash } from 'node:crypto'
import { link, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchBrowser } from '../test/support/browser.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import {
  AUDIENCE_LABEL,
  Audience,
  type Contender,
  type Heard,
  newBoard,
  now,
} from './support/audience.ts'
import { startBaseline } from './support/baseline-process.ts'
import { type Figure, interleave, type Spread, spread } from './support/figures.ts'
import { readBoxes, readPaints, recordBoxes, recordPaints } from './support/paint-log.ts'
import { drawPhoto } from './support/photo.ts'
import { RawClient } from './support/raw-client.ts'
import { similarityTo } from './support/ssim.ts'

const ROUND_COUNT = 5
/** Many photos take longer, and their figure is coarser. */
const MANY_ROUND_COUNT = 3
const MANY_COUNT = 200
/** 12 megapixels, about 4 MB. */
const MANY_SIDES_PX = [4_256, 2_832] as const
const [SMALL_SIDE_PX, SIDE_PX] = [160, 320]
/** The similarity to the original from which a picture counts as recognised. */
const MIN_SSIM_FACTOR = 0.9
const ROUND_TRIP_S = 0.02
/** The time that a page is open before the drop. */
const OPEN_MS = 1_500
const POLL_INTERVAL_MS = 100
const SEEN_TIMEOUT_MS = 60_000
const DROPPED_AT = { x: 400, y: 300 }

/** S1: from the drop until the last of twenty viewers has a picture's box, and then the picture. */
export async function picture(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-bench-'))
  const server = await ServerProcess.open({ openBoardCount: ROUND_COUNT + MANY_ROUND_COUNT })
  const tutorial = await startBaseline('tutorial-page')
  const browser = await launchBrowser()
  try {
    const [photo, smaller] = [await drawPhoto(), await drawPhoto(4, MANY_SIDES_PX)]
    const file = join(folder, 'photo.jpg')
    await writeFile(file, photo)
    const scene: Scene = {
      browser,
      file,
      isRecognised: {
        small: await recogniser(photo, SMALL_SIDE_PX),
        full: await recogniser(photo, SIDE_PX),
      },
    }
    const rounds: Times[] = []
    const { product, tutorial: baseline } = await interleave(ROUND_COUNT, {
      product: async () => {
        const times = await dropOne(scene, await newBoard(server))
        rounds.push(times)
        return times.full
      },
      tutorial: () => tutorialTime(scene, tutorial.port),
    })
    const many = await interleave(MANY_ROUND_COUNT, {
      product: async () =>
        dropMany(browser, await writeMany(smaller, folder), await newBoard(server)),
    })
    const size = `${(photo.length / 1e6).toFixed(1)} MB`
    const smallerSize = `${(smaller.length / 1e6).toFixed(1)} MB`
    const of = (part: keyof Times): Spread => spread(rounds.map((times) => times[part]))
    const absolute = { unit: 's', baseline: null }
    return [
      {
        ...absolute,
        id: 'S1a',
        label: `drop to the box at the last of ${AUDIENCE_LABEL}, ${size} on 5 Mbit/s`,
        figure: of('box'),
        goal: { max: ROUND_TRIP_S + 0.06 },
      },
      {
        ...absolute,
        id: 'S1b',
        label: `the same to a recognisable picture of ${SMALL_SIDE_PX} px`,
        figure: of('small'),
        goal: { max: ROUND_TRIP_S + 0.12 },
      },
      {
        id: 'S1c',
        label: `the same to one of ${SIDE_PX} px`,
        unit: 's',
        figure: product,
        baseline: { name: 'tutorial way', value: baseline },
        goal: { max: 0.018 },
      },
      {
        ...absolute,
        id: 'S1c',
        label: 'the same by the clock',
        figure: product,
        goal: { max: 0.25 },
      },
      {
        ...absolute,
        id: 'S1d',
        label: `drop of ${MANY_COUNT} photos of ${smallerSize} to the last box everywhere`,
        figure: many.product,
        goal: { max: 0.5 },
      },
      {
        ...absolute,
        id: 'S1e',
        label: "drop to the picture on the sender's own page",
        figure: of('own'),
        goal: { max: 0.1 },
      },
      {
        ...absolute,
        id: 'S1e',
        unit: 'frames',
        label: 'in which its box was blank there',
        figure: of('blankFrames'),
        goal: { max: 0 },
        notes: [
          `recognised: SSIM of at least ${MIN_SSIM_FACTOR} against the original, both at the same size; in pages painted, faded in, a frame later`,
          'the photo holds the thumbnail of 160 x 120 that cameras write',
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

type Recogniser = (picture: Buffer) => Promise<boolean>

interface Scene {
  readonly browser: Browser
  readonly file: string
  readonly isRecognised: { readonly small: Recogniser; readonly full: Recogniser }
}

/** Seconds from the drop, and the frames with a blank box on the sender's page. */
interface Times {
  readonly box: number
  readonly small: number
  readonly full: number
  readonly own: number
  readonly blankFrames: number
}

/** Returns a function that tells whether a picture is like the original. Twenty viewers get the same bytes. */
async function recogniser(original: Buffer, sidePx: number): Promise<Recogniser> {
  const likeness = await similarityTo(original, sidePx)
  const known = new Map<string, Promise<boolean>>()
  return (picture) => {
    const hash = createHash('sha1').update(picture).digest('hex')
    const judged = known.get(hash) ?? likeness(picture).then((factor) => factor >= MIN_SSIM_FACTOR)
    known.set(hash, judged)
    return judged
  }
}

async function recordAll(context: BrowserContext): Promise<void> {
  await recordBoxes(context, { withBlanks: true })
  await recordPaints(context)
}

/** Drops one photo, and returns when the last viewer had what. */
async function dropOne({ browser, file, isRecognised }: Scene, board: Contender): Promise<Times> {
  const audience = await Audience.open(browser, board, recordAll)
  try {
    const { sender, pages, heard } = audience
    await setTimeout(OPEN_MS)
    const dropped = now()
    await sender.drop([file], DROPPED_AT)
    const lastOf = async (recognised: Recogniser): Promise<number> =>
      Math.max(
        ...(await Promise.all([
          ...pages.map(({ page }) => recognisedAt(paintsOf(page), recognised)),
          ...heard.map(({ previews }) => recognisedAt(() => previews, recognised)),
        ])),
      )
    const full = await lastOf(isRecognised.full)
    const small = await lastOf(isRecognised.small)
    const own = await recognisedAt(paintsOf(sender.page), isRecognised.small)
    const box = await lastBox(pages, heard, 1)
    const { blankFrames } = await readBoxes(sender.page)
    const since = (at: number): number => (at - dropped) / 1000
    return {
      box: since(box),
      small: since(small),
      full: since(full),
      own: since(own),
      blankFrames,
    }
  } finally {
    await audience.close()
  }
}

/** Does the same on the tutorial's page; returns the seconds to a recognisable picture. */
async function tutorialTime({ browser, file, isRecognised }: Scene, port: number): Promise<number> {
  const join = (): Promise<RawClient> => RawClient.connect(port)
  const audience = await Audience.open(browser, { port, path: '/', join }, recordPaints)
  try {
    const { sender, pages, heard } = audience
    await setTimeout(OPEN_MS)
    const dropped = now()
    await sender.drop([file], DROPPED_AT)
    const seen = await Promise.all([
      ...pages.map(({ page }) => recognisedAt(paintsOf(page), isRecognised.full)),
      ...heard.map(({ previews }) => recognisedAt(() => previews, isRecognised.full)),
    ])
    return (Math.max(...seen) - dropped) / 1000
  } finally {
    await audience.close()
  }
}

/** Writes the files of one round. They have the same bytes, as only their boxes count. */
async function writeMany(photo: Buffer, folder: string): Promise<string[]> {
  const round = await mkdtemp(join(folder, 'many-'))
  const files = Array.from({ length: MANY_COUNT }, (_, i) => join(round, `photo-${i}.jpg`))
  await writeFile(files[0]!, photo)
  for (const file of files.slice(1)) await link(files[0]!, file)
  return files
}

/** Drops many photos at once; returns the seconds until every viewer has every box. */
async function dropMany(browser: Browser, files: string[], board: Contender): Promise<number> {
  const audience = await Audience.open(browser, board, (context) =>
    recordBoxes(context, { withBlanks: false }),
  )
  try {
    await setTimeout(OPEN_MS)
    const dropped = now()
    await audience.sender.drop(files, DROPPED_AT)
    return ((await lastBox(audience.pages, audience.heard, files.length)) - dropped) / 1000
  } finally {
    await audience.close()
  }
}

/** Returns when the last viewer had that many boxes. */
async function lastBox(
  pages: Audience['pages'],
  heard: readonly Heard[],
  count: number,
): Promise<number> {
  const end = now() + SEEN_TIMEOUT_MS
  for (; now() < end; await setTimeout(POLL_INTERVAL_MS)) {
    const painted = await Promise.all(pages.map(async ({ page }) => (await readBoxes(page)).times))
    const told = heard.map(({ boxes }) => {
      const first = new Map(boxes.toReversed().map(({ id, at }) => [id, at]))
      return [...first.values()]
    })
    const all = [...painted, ...told]
    if (all.every((times) => times.length >= count)) return Math.max(...all.flat())
  }
  throw new Error(`A viewer hasn't got ${count} boxes`)
}

interface Seen {
  readonly at: number
  readonly picture: Buffer
}

/** Returns a reader of what a page has painted so far. */
function paintsOf(page: Page): () => Promise<readonly Seen[]> {
  const all: Seen[] = []
  return async () => {
    all.push(...(await readPaints(page, all.length)))
    return all
  }
}

/** Returns when a viewer had its first recognisable picture. */
async function recognisedAt(
  seen: () => readonly Seen[] | Promise<readonly Seen[]>,
  isRecognised: Recogniser,
): Promise<number> {
  const end = now() + SEEN_TIMEOUT_MS
  for (let known = 0; now() < end; await setTimeout(POLL_INTERVAL_MS)) {
    const all = await seen()
    for (; known < all.length; known++)
      if (await isRecognised(all[known]!.picture)) return all[known]!.at
  }
  throw new Error('A viewer has got no recognisable picture')
}
