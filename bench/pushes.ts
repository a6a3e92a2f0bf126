import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { type Command, type CommandAnswer, limits, uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { drawPicture } from '../test/support/pictures.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { type Baseline, cpuSeconds, startBaseline } from './support/baseline-process.ts'
import { type Figure, type Spread, spread } from './support/figures.ts'
import { RawClient, snapshotOf, Tally } from './support/raw-client.ts'
import { UNBOUNDED } from './support/unbounded.ts'

const VIEWER_COUNT = 100
const ROUND_COUNT = 5
/** CPU seconds of the product's server that make a round. The baselines push as often, and as far apart. */
const ROUND_CPU_S = 5
/** Pushes to one viewer for each to many: they tell what a push costs before it is fanned out. */
const SINGLE_VIEWER_FACTOR = 1 / 4
/** Pushes that nobody counts, so that no round pays for a cold process. */
const WARM_UP_PUSH_COUNT = 100

/** A kind of push, and how it is sent. */
interface Pushed {
  /** Further flags of the product's server. */
  readonly args: readonly string[]
  readonly roundCount: number
  readonly work: Work
  /** How the product is sent it. */
  readonly newSend: () => Send
  /** How a baseline is sent the same. */
  readonly relayOf: (product: Side) => Promise<() => Send>
  readonly baselines: readonly string[]
}

/** Pushes to the product and to baselines, in turns, and makes figures of it. */
export async function comparePushes(
  { args, roundCount, work, newSend, relayOf, baselines }: Pushed,
  figuresOf: (product: Side, others: readonly Side[]) => Figure[],
): Promise<Figure[]> {
  const opened: Baseline[] = []
  const keep = (server: Baseline, newBoard: NewBoard): BenchServer => {
    opened.push(server)
    return { port: server.port, pid: server.pid, newBoard }
  }
  const startOurs = async () => {
    const server = await ServerProcess.open({
      args: [...UNBOUNDED, ...args],
      // One for each round, and for what goes before. A board holds 20,000 pictures.
      openBoardCount: roundCount + 2,
    })
    return keep(server, () => openBoardOf(server))
  }
  const startOther = async (name: string) => keep(await startBaseline(name), anyBoard)
  try {
    const product = await Side.open(startOurs, newSend)
    const again = await relayOf(product)
    const others: Side[] = []
    for (const name of baselines) others.push(await Side.open(() => startOther(name), again))
    for (let round = 0; round < roundCount; round++) {
      const load = await product.run(work)
      const same = { pushes: load.pushes, pace: load.milliseconds / load.pushes }
      for (const other of others) await other.run(same)
    }
    return figuresOf(product, others)
  } finally {
    for (const server of opened) await server.close()
  }
}

/** S3 and S5: the cost of bringing a picture's bytes to everybody. */
export async function pushes(): Promise<Figure[]> {
  const sent = await Promise.all(
    Array.from({ length: limits.previewsPerMessage }, (_, i) => drawPreview(i + 1)),
  )
  let previews: Readonly<Record<string, Buffer>> = {}
  const pushed: Pushed = {
    args: [],
    roundCount: ROUND_COUNT,
    work: { cpu: ROUND_CPU_S, pace: 0 },
    newSend: () => announce(sent),
    relayOf: async (product) => {
      const message = await product.captureMessage()
      previews = message.previews
      return () => relay(message.text, message.previews)
    },
    baselines: ['pushes-ws', 'pushes-socketio'],
  }
  return await comparePushes(pushed, (product, others) => {
    const [plain, bare] = others as [Side, Side]
    const bytes = Object.values(previews)
    const picturesBytes = sum(bytes.map(({ length }) => length))
    const size = `${Math.round(picturesBytes / bytes.length / 1000)} KB`
    const asText = bytes.map((each) => JSON.stringify(['preview', '', each.toString('base64')]))
    const unit = 'CPU-s per GB'
    return [
      {
        id: 'S3a',
        label: `fan-out of pushes of ${size}, ${VIEWER_COUNT} viewers`,
        unit,
        figure: product.fanout,
        baseline: { name: 'plain ws', value: plain.fanout },
        goal: { max: 1 },
      },
      {
        id: 'S3a',
        label: 'the same beside Socket.IO',
        unit,
        figure: product.fanout,
        baseline: { name: 'bare Socket.IO', value: bare.fanout },
        goal: null,
      },
      {
        id: 'S3b',
        label: 'the whole way of a preview beside passing it on',
        unit,
        figure: product.whole,
        baseline: { name: 'plain ws', value: plain.whole },
        goal: { max: 1.2 },
        notes: [
          `fan-out is what ${VIEWER_COUNT} viewers cost more than one; the whole way has the command, the log and the kept preview too`,
          `previews are at most ${limits.previewBytes / 1024} KB; live frames are larger (bench/slots.ts)`,
          "CPU of the server's own process; previews are encoded again in a child, which is not counted",
          'baselines push as often and as far apart as the product: bytes in an endless stream cost less each',
        ],
      },
      {
        id: 'S5',
        label: `bytes on the wire for a byte of a pushed picture of ${size}`,
        unit: '',
        figure: spread(product.loads.map(({ many }) => many.frameRatio)),
        baseline: null,
        goal: { max: 1.01 },
        notes: [
          `as base64 it would be ${(sum(asText.map(({ length }) => length)) / picturesBytes).toFixed(3)}`,
          `with all else that the line brought (changes, progress): ${spread(product.loads.map(({ many }) => many.wireRatio)).median.toFixed(3)}`,
        ],
      },
    ]
  })
}

/** Returns a board without pictures, and where its viewers begin. */
type NewBoard = () => Promise<{ readonly id: string; readonly cursor: string }>

interface BenchServer {
  readonly port: number
  readonly pid: number
  readonly newBoard: NewBoard
}

/** The baselines know of no boards. */
const anyBoard: NewBoard = async () => ({ id: 'main', cursor: '' })

/** Takes an open board of the product. */
const openBoardOf = async (server: ServerProcess): ReturnType<NewBoard> => {
  const id = await server.newBoard()
  return { id, cursor: (await snapshotOf(server.port, id)).cursor }
}

/** A board of a server. */
interface BoardAt {
  readonly port: number
  readonly board: string
}

/** Sends some previews, or a frame; resolves to their number when the server has answered. */
export type Send = (rawClient: RawClient, at: BoardAt) => Promise<number>

/**
 * How much to push: until the server has used so much CPU, or so often. `pace` is in milliseconds.
 */
type Work = { readonly pace: number } & ({ readonly cpu: number } | { readonly pushes: number })

interface Load {
  readonly pushes: number
  readonly milliseconds: number
  /** CPU seconds of the server. */
  readonly cpu: number
  /** Bytes of pictures, at all receivers together. */
  readonly bytes: number
  /** Bytes of the frames with pictures, and all bytes received, for each byte of a picture. */
  readonly frameRatio: number
  readonly wireRatio: number
}

/** One side of the comparison: a server with many viewers, and one with a single viewer. */
export class Side {
  readonly #many: BenchServer
  readonly #one: BenchServer
  readonly #newSend: () => Send
  readonly loads: { many: Load; one: Load }[] = []

  private constructor(many: BenchServer, one: BenchServer, newSend: () => Send) {
    this.#many = many
    this.#one = one
    this.#newSend = newSend
  }

  static async open(start: () => Promise<BenchServer>, newSend: () => Send): Promise<Side> {
    const side = new Side(await start(), await start(), newSend)
    const warmUp = { pushes: WARM_UP_PUSH_COUNT, pace: 0 }
    await side.#before(side.#many, VIEWER_COUNT, (audience) => audience.load(warmUp))
    await side.#before(side.#one, 1, (audience) => audience.load(warmUp))
    return side
  }

  async run({ pace, ...work }: Work): Promise<Load> {
    const many = await this.#before(this.#many, VIEWER_COUNT, (audience) =>
      audience.load({ pace, ...work }),
    )
    const pushes = Math.ceil(many.pushes * SINGLE_VIEWER_FACTOR)
    const one = await this.#before(this.#one, 1, (audience) => audience.load({ pace, pushes }))
    this.loads.push({ many, one })
    return many
  }

  /** Returns what viewers get for one message of the sender. */
  captureMessage(): ReturnType<Audience['captureMessage']> {
    return this.#before(this.#one, 1, (audience) => audience.captureMessage())
  }

  /** Does something before viewers of its own, who leave again. */
  async #before<T>(
    server: BenchServer,
    viewerCount: number,
    act: (audience: Audience) => Promise<T>,
  ): Promise<T> {
    const audience = await Audience.gather(viewerCount, server, this.#newSend())
    try {
      return await act(audience)
    } finally {
      audience.close()
    }
  }

  /** CPU seconds of the server for 10^9 bytes of pictures delivered. */
  get whole(): Spread {
    return spread(this.loads.map(({ many }) => many.cpu / (many.bytes / 1e9)))
  }

  /** The same for further viewers alone, without the cost of a push for a single one. */
  get fanout(): Spread {
    const each = ({ cpu, bytes, pushes }: Load) => ({ cpu: cpu / pushes, bytes: bytes / pushes })
    return spread(
      this.loads.map((loads) => {
        const [many, one] = [each(loads.many), each(loads.one)]
        return (many.cpu - one.cpu) / ((many.bytes - one.bytes) / 1e9)
      }),
    )
  }
}

/** A server with its viewers, and one more who sends. */
class Audience {
  readonly #pid: number
  readonly #viewers: readonly RawClient[]
  readonly #sender: RawClient
  readonly #tally: Tally
  readonly #send: Send
  readonly #at: BoardAt

  private constructor(
    pid: number,
    at: BoardAt,
    viewers: RawClient[],
    sender: RawClient,
    tally: Tally,
    send: Send,
  ) {
    this.#pid = pid
    this.#at = at
    this.#viewers = viewers
    this.#sender = sender
    this.#tally = tally
    this.#send = send
  }

  static async gather(count: number, place: BenchServer, send: Send): Promise<Audience> {
    const { port, pid, newBoard } = place
    const { id: board, cursor } = await newBoard()
    const tally = new Tally()
    const viewers = await RawClient.follow(count, port, { tally, board, cursor })
    const sender = await RawClient.connect(port, new Tally(), board)
    return new Audience(pid, { port, board }, viewers, sender, tally, send)
  }

  close(): void {
    for (const rawClient of [...this.#viewers, this.#sender]) rawClient.close()
  }

  async load(work: Work): Promise<Load> {
    const start = performance.now()
    const before = { cpu: cpuSeconds(this.#pid), bytes: this.#tally.previewBytes }
    let pushes = 0
    const cpu = () => cpuSeconds(this.#pid) - before.cpu
    while ('cpu' in work ? cpu() < work.cpu : pushes < work.pushes) {
      pushes += await this.#push()
      const early = start + pushes * work.pace - performance.now()
      if (early > 0) await setTimeout(early)
    }
    const milliseconds = performance.now() - start
    const { previewFrameBytes, previewBytes } = this.#tally
    return {
      pushes,
      milliseconds,
      cpu: cpu(),
      bytes: previewBytes - before.bytes,
      frameRatio: previewFrameBytes / previewBytes,
      wireRatio: sum(this.#viewers.map(({ receivedBytes }) => receivedBytes)) / previewBytes,
    }
  }

  /**
   * Returns what viewers get for one message of the sender: the text of its changes, and the
   * previews by id.
   */
  async captureMessage(): Promise<{ text: string; previews: Record<string, Buffer> }> {
    const [viewer] = this.#viewers
    const previews: Record<string, Buffer> = {}
    let text = ''
    viewer!.onBatch = (batch) => {
      text = JSON.stringify(batch)
    }
    viewer!.onPreview = (id, bytes) => {
      previews[id] = bytes
    }
    await this.#push()
    viewer!.onBatch = viewer!.onPreview = null
    return { text, previews }
  }

  /** Resolves to the number of pushes, when everybody has them. */
  async #push(): Promise<number> {
    const before = this.#tally.previewCount
    const pushes = await this.#send(this.#sender, this.#at)
    await this.#tally.waitForPreviews(before + pushes * this.#viewers.length)
    return pushes
  }
}

/** Adds pictures with their previews, as a page does it. */
function announce(previews: readonly Buffer[]): Send {
  const newId = () => uuidv7(Date.now(), randomBytes(10))
  const client = newId()
  let n = 1
  return async (rawClient) => {
    const bytes = Object.fromEntries(previews.map((preview) => [newId(), preview]))
    const place = { x: 0, y: 0, w: 320, width: 4000, height: 4000 }
    const commands = Object.keys(bytes).map(
      (id): Command => ({ kind: 'image.add', id, name: 'IMG_0001.jpg', ...place }),
    )
    const answer = await rawClient.request<CommandAnswer>('commands', { client, n, commands })
    if (answer.refused?.length !== 0) throw new Error(`The server said ${JSON.stringify(answer)}`)
    n += commands.length
    await rawClient.sendPreviews(bytes)
    return commands.length
  }
}

/**
 * Pushes through a baseline, which forwards what it receives. One preview goes at a time, since the
 * product sends each when it is made. The changes of all go with the first.
 */
export function relay(text: string, previews: Readonly<Record<string, Buffer>>): Send {
  const all = Object.entries(previews)
  let next = 0
  return async (rawClient) => {
    const [id, bytes] = all[next]!
    await rawClient.request('commands', next === 0 ? { text } : {}, { [id]: bytes })
    next = (next + 1) % all.length
    return 1
  }
}

const sum = (all: readonly number[]): number => all.reduce((total, each) => total + each, 0)

/**
 * Draws a preview with so much detail that it takes nearly all the bytes that a preview may have.
 */
async function drawPreview(seed: number): Promise<Buffer> {
  const contrast = 1.6
  const soft = await drawPicture({ width: 320, height: 320, seed, format: 'png' })
  return sharp(soft)
    .linear(contrast, 128 * (1 - contrast))
    .webp({ quality: 60 })
    .toBuffer()
}
