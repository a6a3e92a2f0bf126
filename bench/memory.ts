import { setTimeout } from 'node:timers/promises'
import { drawPicture } from '../test/support/pictures.ts'
import { residentBytes } from '../test/support/resident-memory.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { startBaseline } from './support/baseline-process.ts'
import { Deliveries } from './support/deliveries.ts'
import { type Figure, interleave, spread } from './support/figures.ts'
import { ProductSource } from './support/load.ts'
import { snapshotOf } from './support/raw-client.ts'
import { UNBOUNDED } from './support/unbounded.ts'
import { Audience, connectionLimit } from './support/viewer.ts'

const ROUND_COUNT = 5
const IDLE_COUNT = 10_000
/** Viewers that come first, so that what a server needs for any viewers isn't counted. */
const FIRST_COUNT = 500
/** Memory is settled when it hasn't fallen in this time. */
const SETTLED_MS = 10_000
const SETTLE_TIMEOUT_MS = 60_000
const LOOK_INTERVAL_MS = 500

const STALLED_COUNT = 200
const READING_COUNT = 100
/** Bytes of previews that reach those who read. */
const PUSHED_BYTES = 1e9
const PUSHES_PER_S = 25
/**
 * Pushes before a count, so that the process has the memory that any pushes take. A second series fills the kernel's
 * buffers of the stalled viewers. Until then these cost the others as much as any viewer.
 */
const FIRST_PUSH_COUNT = 100

/** S12: the memory of viewers that only look on, and of those that read nothing. */
export async function memory({
  roundCount = ROUND_COUNT,
  idleCount = IDLE_COUNT,
  pushedBytes = PUSHED_BYTES,
} = {}): Promise<Figure[]> {
  const previews = { what: 'previews', open: openPreviews, roundCount, pushedBytes }
  // The stalled ones first: thousands of viewers leave this process slower, and that would count against them.
  const figures = await stalled(previews)
  return [await idle(roundCount, idleCount), ...figures]
}

async function idle(roundCount: number, wanted: number): Promise<Figure> {
  const limit = connectionLimit()
  const count = Math.min(wanted, limit)
  const { product, socketio } = await interleave(roundCount, {
    product: async () => {
      await using server = await openServer()
      return await measureIdle(server, count)
    },
    socketio: async () => {
      const baseline = await startBaseline('bare-socketio', { TICK: '33' })
      try {
        return await measureIdle({ ...baseline, cursor: async () => '' }, count)
      } finally {
        await baseline.close()
      }
    },
  })
  return {
    id: 'S12',
    label: `RSS of an idle viewer, ${count.toLocaleString('en')} viewers`,
    unit: 'KB',
    figure: product,
    baseline: { name: 'bare Socket.IO', value: socketio },
    goal: { max: 1.15 },
    notes: [
      `what each viewer after the first ${FIRST_COUNT} adds to the server's own process, once it is settled`,
      'viewers send the headers that a browser sends, each with a cookie of its own',
      ...(count < wanted
        ? [`${count} viewers and not ${wanted}, since this process may open no more descriptors`]
        : []),
    ],
  }
}

interface BenchServer {
  readonly port: number
  readonly pid: number
  readonly cursor: () => Promise<string>
}

/** Returns the KB of memory that a viewer adds. */
async function measureIdle({ port, pid, cursor }: BenchServer, count: number): Promise<number> {
  const audience = new Audience(port, cursor)
  try {
    await audience.resize(FIRST_COUNT)
    const before = await settledBytes(pid)
    await audience.resize(count)
    const bytes = await settledBytes(pid)
    if (audience.lostCount > 0) throw new Error(`${audience.lostCount} viewers were cut off`)
    const each = (bytes - before) / (count - FIRST_COUNT) / 1_000
    console.log(`  ${each.toFixed(1)} KB a viewer`)
    return each
  } finally {
    await audience.resize(0)
  }
}

/** Resolves to the memory of a process when it no longer falls: after the collector's next rounds. */
async function settledBytes(pid: number): Promise<number> {
  const end = performance.now() + SETTLE_TIMEOUT_MS
  let least = residentBytes(pid)
  let fellAt = performance.now()
  while (performance.now() < end && performance.now() - fellAt < SETTLED_MS) {
    await setTimeout(LOOK_INTERVAL_MS)
    const now = residentBytes(pid)
    if (now >= least) continue
    least = now
    fellAt = performance.now()
  }
  return least
}

/** Pushes to everybody who looks at a board. */
export interface Pusher {
  /** Bytes of one push at a viewer. */
  readonly bytes: number
  readonly perSecond: number
  /** Pushes once. Calls back when it is being sent. */
  push(isSent: () => void): Promise<void>
}

interface StalledOptions {
  /** The pushes, as the table names them. */
  readonly what: string
  readonly open: (port: number) => Promise<Pusher>
  readonly roundCount: number
  readonly pushedBytes: number
}

/** S12: the memory of viewers that read nothing, and what the others see of it. */
export async function stalled({
  what,
  open,
  roundCount,
  pushedBytes,
}: StalledOptions): Promise<Figure[]> {
  const growths: number[] = []
  const lost: number[] = []
  const { without, beside } = await interleave(roundCount, {
    without: async () => (await push(open, pushedBytes, 0)).p99,
    beside: async () => {
      const pushed = await push(open, pushedBytes, STALLED_COUNT)
      growths.push(pushed.growth / STALLED_COUNT / 2 ** 20)
      lost.push(pushed.lostCount)
      return pushed.p99
    },
  })
  const size = `${pushedBytes / 1e9} GB`
  return [
    {
      id: 'S12',
      label: `memory of a stalled viewer, ${STALLED_COUNT} of them during ${size} of ${what}`,
      unit: 'MiB',
      figure: spread(growths),
      baseline: null,
      goal: { max: 1 },
      notes: [
        'the most that the process had meanwhile, beyond what it had with these viewers before',
        `${size} of ${what} reached ${READING_COUNT} others; of the stalled ones ${lost.join(', ')} were gone at the end`,
      ],
    },
    {
      id: 'S12',
      label: `p99 of the ${READING_COUNT} others beside them, ${what}`,
      unit: 'ms',
      figure: beside,
      baseline: { name: 'none stalled', value: without },
      goal: { max: 1.2 },
    },
  ]
}

interface Pushed {
  readonly p99: number
  /** The most memory that was added meanwhile. */
  readonly growth: number
  /** Stalled viewers that the server has cut off. */
  readonly lostCount: number
}

/** Opens a page that announces pictures with their previews. */
async function openPreviews(port: number): Promise<Pusher> {
  const preview = await drawPicture({ width: 320, height: 320, format: 'webp', quality: 80 })
  const source = await ProductSource.open(port, preview)
  const { preview: pushed } = await source.capture(port)
  return {
    bytes: pushed.length,
    perSecond: PUSHES_PER_S,
    push: (isSent) => source.announce(isSent),
  }
}

/** Pushes to viewers, of whom some read nothing. */
async function push(
  open: StalledOptions['open'],
  bytes: number,
  stalledCount: number,
): Promise<Pushed> {
  await using server = await openServer()
  const { port, pid, cursor } = server
  const source = await open(port)
  const reading = new Audience(port, cursor)
  await reading.resize(READING_COUNT)
  await pushPaced(source, reading, FIRST_PUSH_COUNT)
  const stalling = new Audience(port, cursor)
  await stalling.resize(stalledCount)
  const viewersBefore = await openViewers(port)
  const before = residentBytes(pid)
  stalling.stall()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes(pid))
  }, 100)
  await pushPaced(source, reading, FIRST_PUSH_COUNT)
  const deliveries = await pushPaced(
    source,
    reading,
    Math.ceil(bytes / (source.bytes * READING_COUNT)),
  )
  clearInterval(timer)
  const lostCount = viewersBefore - (await openViewers(port))
  if (deliveries.missingCount > 0)
    throw new Error(`${deliveries.missingCount} deliveries are missing`)
  await stalling.resize(0)
  await reading.resize(0)
  console.log(
    `  ${stalledCount} stalled: p99 ${deliveries.p99.toFixed(1)} ms, ${((most - before) / 1e6).toFixed(0)} MB more`,
  )
  return { p99: deliveries.p99, growth: most - before, lostCount }
}

async function pushPaced(source: Pusher, reading: Audience, count: number): Promise<Deliveries> {
  const deliveries = new Deliveries(READING_COUNT)
  reading.watch(deliveries)
  const start = performance.now()
  const sent: Promise<void>[] = []
  for (let i = 0; i < count; i++) {
    const early = start + (i * 1_000) / source.perSecond - performance.now()
    if (early > 0) await setTimeout(early)
    // Changes that come close together share a message, so only previews are counted.
    sent.push(source.push(() => deliveries.sending('preview')))
  }
  await Promise.all(sent)
  await deliveries.whenComplete()
  return deliveries
}

/** Returns how many pages the server says are open. */
async function openViewers(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Number(/^wirephoto_viewers (\d+)/m.exec(text)![1])
}

/** Starts a server that takes as many viewers as it may have descriptors for. */
async function openServer(): Promise<BenchServer & AsyncDisposable> {
  const args = [...UNBOUNDED, '--bound', 'connections=1000000', '--bound', 'frames-per-second=1000']
  const server = await ServerProcess.open({ args })
  const { port, pid } = server
  return {
    port,
    pid,
    cursor: async () => (await snapshotOf(port)).cursor,
    [Symbol.asyncDispose]: () => server.close(),
  }
}
