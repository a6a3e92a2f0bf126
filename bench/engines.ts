import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { launchBrowser } from '../test/support/browser.ts'
import { type Database, databaseProviders } from '../test/support/databases.ts'
import { BoardPage } from '../test/support/page.ts'
import { drawPicture } from '../test/support/pictures.ts'
import { findRedis, NO_REDIS, Redis } from '../test/support/redis.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { connectWriters, load, WRITER_COUNT } from './commands.ts'
import { ingestOn } from './ingest.ts'
import { type Baseline, startBaseline } from './support/baseline-process.ts'
import { type Figure, interleave, type Spread, spread } from './support/figures.ts'
import { postPicture, RawClient, snapshotOf, Tally, Writer } from './support/raw-client.ts'

const ROUND_COUNT = 3
const ROUND_S = 4
/** Commands a round that go through both servers, one by one. */
const COMMAND_COUNT = 200
/** Previews a round, until a page has painted them. */
const PAINT_COUNT = 50
/** Longer than a tick: changes in a stream share broadcasts, and would wait for those (W8). */
const COMMAND_INTERVAL_MS = 50

/** S8 and S9 on each engine that this machine has; E1 and E2, the ways from one server to the other. */
export async function engines(): Promise<Figure[]> {
  const echo = await startBaseline('echo')
  const figures: Figure[] = []
  try {
    figures.push(...(await onEngine('sqlite', [], echo)))
    for (const place of await databaseProviders()) {
      if (place.skipReason !== null) {
        console.log(`  ${place.name}: left out, ${place.skipReason}`)
        continue
      }
      console.log(`  ${place.name} …`)
      const database = await place.open()
      try {
        const url = await database.newUrl()
        figures.push(...(await onEngine(place.name, ['--engine', url], echo)))
        figures.push(...(await across(place.name, url, database)))
        figures.push(...(await previewsAcross(place.name, await database.newUrl())))
      } finally {
        await database.close()
      }
    }
    return figures
  } finally {
    await echo.close()
  }
}

async function onEngine(name: string, args: readonly string[], echo: Baseline): Promise<Figure[]> {
  const server = await ServerProcess.open({ args, openBoardCount: ROUND_COUNT })
  try {
    const id = await postPicture(server.port, await drawPicture({ width: 320, height: 240 }))
    const writers = (await connectWriters(server.port)).map((rawClient) => new Writer(rawClient))
    const rawClients = await connectWriters(echo.port)
    const patch = (x: number) => ({ kind: 'image.patch', id, set: { x } }) as const
    const commands = await interleave(ROUND_COUNT, {
      product: async () => (await load((i, x) => writers[i]!.push(patch(x)), 8, ROUND_S)) / ROUND_S,
      echo: async () =>
        (await load(
          (i, x) => rawClients[i]!.request('commands', { n: x, commands: [patch(x)] }),
          8,
          ROUND_S,
        )) / ROUND_S,
    })
    const ingest = await ingestOn(server, ROUND_COUNT, ROUND_S)
    return [
      { ...ingest, label: `${name}: ${ingest.label}` },
      {
        id: 'S9',
        label: `${name}: commands of ${WRITER_COUNT} writers, 8 under way each`,
        unit: 'per s',
        figure: commands.product,
        baseline: { name: 'Socket.IO echo', value: commands.echo },
        goal: null,
      },
    ]
  } finally {
    await server.close()
  }
}

/** E1: from a command on one server to its change on the other, one at a time. */
async function across(name: string, url: string, database: Database): Promise<Figure[]> {
  const args = ['--engine', url]
  const [a, b] = await Promise.all([ServerProcess.open({ args }), ServerProcess.open({ args })])
  const bare = await database.openPinger(url)
  try {
    const id = await postPicture(a.port, await drawPicture({ width: 320, height: 240 }))
    const writer = new Writer(await RawClient.connect(a.port))
    await writer.push({ kind: 'image.patch', id, set: { x: -1 } })
    const { cursor } = await snapshotOf(b.port)
    const [rawClient] = await RawClient.follow(1, b.port, { tally: new Tally(), cursor })
    const product = async (x: number) => {
      const heard = new Promise<void>((resolve) => {
        rawClient!.onBatch = ({ changes }) => {
          const [change] = changes
          if (change && 'put' in change && change.put.kind === 'image' && change.put.x === x)
            resolve()
        }
      })
      await writer.push({ kind: 'image.patch', id, set: { x } })
      await heard
    }
    const times = { product: [] as number[][], bare: [] as number[][] }
    for (let round = 0; round < ROUND_COUNT; round++) {
      times.product.push(await timed((x) => product(round * COMMAND_COUNT + x)))
      times.bare.push(await timed(() => bare.ask()))
    }
    return ([50, 99] as const).map((percent) => ({
      id: 'E1',
      label: `${name}: command on one server to change on the other, p${percent}`,
      unit: 'ms',
      figure: percentiles(times.product, percent),
      baseline: { name: "the database's round trip", value: percentiles(times.bare, percent) },
      goal: null,
    }))
  } finally {
    await bare.close()
    await Promise.all([a.close(), b.close()])
  }
}

/**
 * E2: from a preview that is sent to one server, until a viewer of the other has it, over Redis, one at a time. Then
 * until a page there has painted it.
 */
async function previewsAcross(name: string, url: string): Promise<Figure[]> {
  const program = await findRedis()
  if (program === null) {
    console.log(`  E2: left out, ${NO_REDIS}`)
    return []
  }
  const redis = await Redis.open(program)
  const args = ['--engine', url, '--bus', redis.url]
  const [a, b] = await Promise.all([ServerProcess.open({ args }), ServerProcess.open({ args })])
  const bare = await createClient({ url: redis.url }).connect()
  const browser = await launchBrowser()
  try {
    await postPicture(a.port, await drawPicture({ width: 320, height: 240 }))
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
    const watcher = await BoardPage.open(context, b.url)
    await watcher.goto('/')
    await watcher.waitForPainted(1)
    const sender = await RawClient.connect(a.port)
    const writer = new Writer(sender)
    const { cursor } = await snapshotOf(b.port)
    const [viewer] = await RawClient.follow(1, b.port, { tally: new Tally(), cursor })
    const bytes = await sharp(await drawPicture({ width: 320, height: 240 }))
      .webp()
      .toBuffer()
    let id = ''
    const announce = async (): Promise<void> => {
      id = newId()
      const added = new Promise<void>((resolve) => {
        viewer!.onBatch = ({ changes }) => {
          if (changes.some((change) => 'put' in change && change.put.id === id)) resolve()
        }
      })
      await writer.push({ kind: 'image.add', id, name: 'p.jpg', width: 320, height: 240 })
      await added
    }
    const product = async (): Promise<void> => {
      const shown = new Promise<void>((resolve) => {
        viewer!.onPreview = (of) => of === id && resolve()
      })
      await sender.sendPreviews({ [id]: bytes })
      await shown
    }
    // The paint's own time counts, and not the look for it.
    const paint = async (): Promise<number> => {
      await announce()
      await watcher.waitForTiles(2)
      const painted = watcher.page.evaluate(paintedAt, id)
      await watcher.nextFrame()
      const start = performance.timeOrigin + performance.now()
      await sender.sendPreviews({ [id]: bytes })
      const end = await painted
      await writer.push({ kind: 'image.remove', id })
      await watcher.waitForTiles(1)
      return end - start
    }
    const times = {
      product: [] as number[][],
      painted: [] as number[][],
      bare: [] as number[][],
    }
    for (let round = 0; round < ROUND_COUNT; round++) {
      const painted: number[] = []
      for (let n = 0; n < PAINT_COUNT; n++) painted.push(await paint())
      times.painted.push(painted)
      times.bare.push(await timed(async () => void (await bare.ping())))
    }
    await context.close()
    for (let round = 0; round < ROUND_COUNT; round++)
      times.product.push(await timed(product, announce))
    const baseline = (percent: number) => {
      return { name: "Redis' round trip", value: percentiles(times.bare, percent) }
    }
    return ([50, 99] as const).flatMap((percent) => [
      {
        id: 'E2',
        label: `${name} with Redis: preview on one server to a viewer of the other, p${percent}`,
        unit: 'ms',
        figure: percentiles(times.product, percent),
        baseline: baseline(percent),
        goal: null,
        notes: ['the preview is decoded and encoded again on the way'],
      },
      {
        id: 'E2',
        label: `${name} with Redis: the same to a page that has painted it, p${percent}`,
        unit: 'ms',
        figure: percentiles(times.painted, percent),
        baseline: baseline(percent),
        goal: null,
      },
    ])
  } finally {
    await browser.close()
    bare.destroy()
    await Promise.all([a.close(), b.close()])
    await redis.close()
  }
}

/** Resolves to when the page has painted a picture's preview: milliseconds since 1970. Runs in the page. */
function paintedAt(id: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const look = (): void => {
    const image = document.querySelector<HTMLImageElement>(`[data-image="${id}"] img.preview.ready`)
    if (!image?.complete) requestAnimationFrame(look)
    // When the frame after the next begins, the next one has been painted.
    else
      requestAnimationFrame(() =>
        requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now())),
      )
  }
  look()
  return promise
}

const newId = (): string => uuidv7(Date.now(), randomBytes(10))

async function timed(
  act: (x: number) => Promise<void>,
  prepare: () => Promise<void> = async () => {},
): Promise<number[]> {
  const times: number[] = []
  for (let x = 0; x < COMMAND_COUNT; x++) {
    await prepare()
    await setTimeout(COMMAND_INTERVAL_MS)
    const start = performance.now()
    await act(x)
    times.push(performance.now() - start)
  }
  return times
}

const percentiles = (rounds: readonly number[][], percent: number): Spread =>
  spread(
    rounds.map(
      (times) => times.toSorted((a, b) => a - b)[Math.floor((times.length * percent) / 100)]!,
    ),
  )
