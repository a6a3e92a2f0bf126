import { setTimeout } from 'node:timers/promises'
import { drawPicture } from '../test/support/pictures.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { cpuSeconds, startBaseline } from './support/baseline-process.ts'
import { keepOffFirstCore, ON_FIRST_CORE } from './support/cores.ts'
import { Deliveries, mean } from './support/deliveries.ts'
import { type Figure, spread } from './support/figures.ts'
import { ProductSource, RelaySource, type Source } from './support/load.ts'
import { snapshotOf } from './support/raw-client.ts'
import { UNBOUNDED } from './support/unbounded.ts'
import { Audience, connectionLimit } from './support/viewer.ts'

const ROUND_COUNT = 5
/** No further round begins after this time. */
const ENOUGH_MS = 150_000
const LATEST_P99_MS = 100
/** The number of viewers with which the first search begins. */
const FIRST_COUNT = 1_000
/** Steps of one search at most. */
const STEP_COUNT = 7
/** A search ends when what is served and what isn't are this close. */
const CLOSE_FACTOR = 1.15
/** Further rounds begin at the last knee, and look so far beside it. */
const BESIDE_FACTOR = 1.2
const STEP_S = 5
/** Each second has two changes, of which one announces a picture whose preview follows. */
const STEP_INTERVAL_MS = 500
/** Changes don't come like clockwork, so that no timer of the server keeps in step with them. */
const JITTER_MS = 100
/** Time after which those who have just come cost no more than others. */
const SETTLE_MS = 1_500

/** A server with its viewers, and somebody who makes the load. */
interface Side {
  readonly name: string
  readonly pid: number
  readonly audience: Audience
  readonly source: Source
  /** Where the last search ended. */
  knee: number
  /** The first step that was too much, of each search. */
  readonly broken: Step[]
  readonly knees: number[]
}

/** The result of a step. */
interface Step {
  readonly viewers: number
  readonly p99: number
  readonly serverShare: number
  readonly generatorShare: number
  /** Mean milliseconds of each stage. */
  readonly stages: Readonly<Record<string, number>>
}

/** S15: the number of viewers at which a server on one core becomes late. */
export async function knee({ roundCount = ROUND_COUNT } = {}): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack()
  stack.use(keepOffFirstCore())
  const limit = connectionLimit()
  const server = await ServerProcess.open({
    args: [...UNBOUNDED, '--bound', 'connections=1000000'],
    wrapper: ON_FIRST_CORE,
  })
  stack.defer(() => server.close())
  const source = await ProductSource.open(server.port, await drawPreview())
  const messages = await source.capture(server.port)
  const relay = await startBaseline('pushes-ws', {}, ON_FIRST_CORE)
  stack.defer(() => relay.close())
  const cursor = async () => (await snapshotOf(server.port)).cursor
  const newSide = (name: string, { port, pid }: { port: number; pid: number }, from: Source) => {
    const audience = new Audience(port, cursor)
    stack.defer(() => audience.resize(0))
    return { name, pid, audience, source: from, knee: 0, broken: [], knees: [] }
  }
  const product = newSide('product', server, source)
  const plain = newSide('plain ws', relay, await RelaySource.open(relay.port, messages))
  const start = performance.now()
  for (let round = 0; round < roundCount && performance.now() - start < ENOUGH_MS; round++)
    for (const side of [product, plain]) {
      await search(side, limit)
      await side.audience.resize(0)
    }
  const isLimited = [product, plain].some(({ broken }) => broken.length === 0)
  return [
    {
      id: 'S15',
      label: 'viewers of one core, 2 changes and 1 preview a second, p99 ≤ 100 ms',
      unit: '',
      figure: spread(product.knees),
      baseline: { name: 'plain ws', value: spread(plain.knees) },
      goal: { min: 0.8 },
      notes: [
        `${product.knees.length} rounds`,
        ...[product, plain].map(describeBreak),
        ...(isLimited ? [`this process may open ${limit} connections, so no more were tried`] : []),
        `changes of ${messages.change.length} and ${messages.announcement.length} bytes, previews of ${messages.preview.length}`,
        'the decoding processes run on the same core as the server; plain ws forwards the preview as it is',
      ],
    },
  ]
}

/** Finds the number of viewers at which the 99th of a hundred deliveries takes 100 ms. */
async function search(side: Side, limit: number): Promise<void> {
  let served: Step | null = null
  let broken: Step | null = null
  let next = side.knee || FIRST_COUNT
  const factor = side.knee ? BESIDE_FACTOR : 2
  for (let i = 0; i < STEP_COUNT; i++) {
    const step = await measureTwice(side, Math.min(Math.round(next), limit))
    if (step.p99 <= LATEST_P99_MS) served = step
    else broken = step
    if (!broken && step.viewers >= limit) break
    if (!broken) next = step.viewers * factor
    else if (!served) next = step.viewers / factor
    else if (broken.viewers / served.viewers < CLOSE_FACTOR) break
    else next = Math.sqrt(served.viewers * broken.viewers)
  }
  if (broken) side.broken.push(broken)
  side.knee = between(served, broken)
  side.knees.push(side.knee)
}

/** Measures a step again that is too late, since one hiccup of the machine makes it so. Returns the better one. */
async function measureTwice(side: Side, viewers: number): Promise<Step> {
  const first = await measure(side, viewers)
  if (first.p99 <= LATEST_P99_MS) return first
  const second = await measure(side, viewers)
  return second.p99 < first.p99 ? second : first
}

/** Returns where a straight line between the two steps passes the limit. */
function between(served: Step | null, broken: Step | null): number {
  if (!served || !broken) return (served ?? broken!).viewers
  const share = (LATEST_P99_MS - served.p99) / (broken.p99 - served.p99)
  return Math.round(served.viewers + share * (broken.viewers - served.viewers))
}

async function measure(side: Side, viewers: number): Promise<Step> {
  const { audience, source, pid } = side
  await audience.resize(viewers)
  await setTimeout(SETTLE_MS)
  const deliveries = new Deliveries(viewers)
  audience.watch(deliveries)
  const answers: number[] = []
  const server = cpuSeconds(pid)
  const generator = process.cpuUsage()
  const start = performance.now()
  const sent: Promise<void>[] = []
  for (let i = 0; i < STEP_S * 2; i++) {
    const due = start + i * STEP_INTERVAL_MS + Math.random() * JITTER_MS
    await setTimeout(Math.max(0, due - performance.now()))
    deliveries.sending('change')
    if (i % 2 === 1) sent.push(source.announce(() => deliveries.sending('preview')))
    else {
      const at = performance.now()
      sent.push(source.change().then(() => void answers.push(performance.now() - at)))
    }
  }
  await Promise.all(sent)
  await deliveries.whenComplete()
  const seconds = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(generator)
  const [changes, previews] = [deliveries.tripsOf('change'), deliveries.tripsOf('preview')]
  const step = {
    viewers,
    p99: deliveries.p99,
    serverShare: (cpuSeconds(pid) - server) / seconds,
    generatorShare: (user + system) / 1e6 / seconds,
    stages: {
      'a change until its answer': mean(answers),
      'a change until the first viewer': mean(changes.map(({ firstMs }) => firstMs)),
      'a change from the first viewer to the last': mean(changes.map(({ spreadMs }) => spreadMs)),
      'a preview until the first viewer': mean(previews.map(({ firstMs }) => firstMs)),
      'a preview from the first viewer to the last': mean(previews.map(({ spreadMs }) => spreadMs)),
    },
  }
  console.log(`  ${side.name}: ${describe(step, deliveries.missingCount)}`)
  return step
}

const describe = ({ viewers, p99, serverShare, generatorShare }: Step, missing = 0): string =>
  `${viewers} viewers, p99 ${p99.toFixed(0)} ms, server ${percent(serverShare)} of a core, generator ${percent(generatorShare)}` +
  (missing > 0 ? `, ${missing} deliveries missing` : '')

function describeBreak({ name, broken }: Side): string {
  const last = broken.at(-1)
  if (!last) return `${name}: did not break`
  const stages = Object.entries(last.stages).toSorted(([, a], [, b]) => b - a)
  const longest = stages.map(([stage, ms]) => `${stage} ${ms.toFixed(0)} ms`).join(', ')
  return `${name} breaks at ${describe(last)}; longest stage first, means: ${longest}`
}

const percent = (share: number): string => `${Math.round(share * 100)} %`

/** Draws a preview of some 10 KB. */
const drawPreview = (): Promise<Buffer> =>
  drawPicture({ width: 232, height: 174, format: 'webp', quality: 80 })
