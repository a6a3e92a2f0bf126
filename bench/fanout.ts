import { setTimeout } from 'node:timers/promises'
import { type Snapshot, seqOf } from '@wirephoto/board'
import { drawPicture } from '../test/support/pictures.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { type Baseline, cpuSeconds, startBaseline } from './support/baseline-process.ts'
import { type Figure, interleave } from './support/figures.ts'
import { postPicture, RawClient, snapshotOf, Tally, Writer } from './support/raw-client.ts'

const VIEWER_COUNT = 1_000
const WRITER_COUNT = 20
const ROUND_COUNT = 5
/** CPU seconds of the server that make a round. */
const ROUND_CPU_S = 5
/** The product's tick, so that the baseline batches in the same way. */
const TICK_MS = '33'

/** S4: the cost of bringing a change to everybody. */
export async function fanout(): Promise<Figure[]> {
  const server = await ServerProcess.open()
  const baselines: Baseline[] = []
  const start = async (name: string, tick: string) => {
    const baseline = await startBaseline(name, { TICK: tick })
    baselines.push(baseline)
    await (await RawClient.connect(baseline.port)).request('seed', snapshot)
    return Audience.gather(baseline, snapshot)
  }
  const picture = await drawPicture({ width: 320, height: 240 })
  for (let i = 0; i < WRITER_COUNT; i++) await postPicture(server.port, picture)
  const snapshot = await snapshotOf(server.port)
  try {
    const product = await Audience.gather(server, snapshot)
    const batching = await start('plain-ws', TICK_MS)
    const socketio = await start('bare-socketio', TICK_MS)
    const each = await start('plain-ws', '0')
    const a = await interleave(ROUND_COUNT, {
      product: () => product.cpuPerMillion(() => product.oneByOne()),
      plain: () => batching.cpuPerMillion(() => batching.oneByOne()),
      socketio: () => socketio.cpuPerMillion(() => socketio.oneByOne()),
    })
    const b = await interleave(ROUND_COUNT, {
      product: () => product.cpuPerMillion(() => product.together()),
      plain: () => each.cpuPerMillion(() => each.together()),
    })
    const unit = 'CPU-s per million'
    return [
      {
        id: 'S4a',
        label: `one change a tick, ${VIEWER_COUNT} viewers`,
        unit,
        figure: a.product,
        baseline: { name: 'plain ws', value: a.plain },
        goal: { max: 1.1 },
      },
      {
        id: 'S4a',
        label: 'the same beside Socket.IO',
        unit,
        figure: a.product,
        baseline: { name: 'bare Socket.IO', value: a.socketio },
        goal: null,
      },
      {
        id: 'S4b',
        label: `${WRITER_COUNT} writers, 100 changes/s, ${VIEWER_COUNT} viewers`,
        unit,
        figure: b.product,
        baseline: { name: 'plain ws, a message each', value: b.plain },
        goal: { max: 0.4 },
      },
    ]
  } finally {
    for (const baseline of baselines) await baseline.close()
    await server.close()
  }
}

/** A server with its viewers and writers. */
class Audience {
  readonly #pid: number
  readonly #ids: readonly string[]
  readonly #viewers: readonly RawClient[]
  readonly #writers: readonly Writer[]
  readonly #tally: Tally
  /** The last batch that the first viewer has. */
  #seq = 0
  #x = 0

  private constructor(
    pid: number,
    ids: string[],
    viewers: RawClient[],
    writers: RawClient[],
    tally: Tally,
  ) {
    this.#pid = pid
    this.#ids = ids
    this.#viewers = viewers
    this.#writers = writers.map((rawClient) => new Writer(rawClient))
    this.#tally = tally
    viewers[0]!.onBatch = ({ to }) => {
      this.#seq = seqOf(to)
    }
  }

  static async gather(
    { port, pid }: { port: number; pid: number },
    snapshot: Snapshot,
  ): Promise<Audience> {
    const tally = new Tally()
    const writers = await Promise.all(
      Array.from({ length: WRITER_COUNT }, () => RawClient.connect(port)),
    )
    const viewers = await RawClient.follow(VIEWER_COUNT, port, { tally, cursor: snapshot.cursor })
    const ids = snapshot.records.filter(({ kind }) => kind === 'image').map(({ id }) => id)
    return new Audience(pid, ids, viewers, writers, tally)
  }

  /**
   * Returns the server's CPU seconds for a million delivered changes. `work` resolves to the number
   * that it made.
   */
  async cpuPerMillion(work: () => Promise<number>): Promise<number> {
    const before = cpuSeconds(this.#pid)
    let changes = 0
    while (cpuSeconds(this.#pid) - before < ROUND_CPU_S) changes += await work()
    return (cpuSeconds(this.#pid) - before) / ((changes * VIEWER_COUNT) / 1e6)
  }

  /** Makes one change after the other, each delivered to everybody before the next. */
  async oneByOne(): Promise<number> {
    for (let i = 0; i < 20; i++) {
      const delivered = this.#tally.waitForBatches(this.#tally.batches + VIEWER_COUNT)
      await this.#push(0)
      await delivered
    }
    return 20
  }

  /**
   * Makes 100 changes a second for two seconds, by all writers in turn; resolves when all are
   * delivered.
   */
  async together(): Promise<number> {
    const start = performance.now()
    const answered: Promise<void>[] = []
    for (let i = 0; i < 200; i++) {
      const early = start + i * 10 - performance.now()
      if (early > 0) await setTimeout(early)
      answered.push(this.#push(i % WRITER_COUNT))
    }
    await Promise.all(answered)
    await this.#delivered()
    return 200
  }

  #push(writer: number): Promise<void> {
    const id = this.#ids[writer]!
    return this.#writers[writer]!.push({ kind: 'image.patch', id, set: { x: ++this.#x, y: 0 } })
  }

  /**
   * Resolves when the first viewer has the writers' last batch, and everybody has as many batches.
   */
  async #delivered(): Promise<void> {
    const [first] = this.#viewers
    const seq = Math.max(...this.#writers.map((writer) => writer.seq))
    while (this.#seq < seq) await this.#tally.waitForBatches(this.#tally.batches + 1)
    await this.#tally.waitForBatches(first!.batches * VIEWER_COUNT)
  }
}
