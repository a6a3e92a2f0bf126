import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { type CommandAnswer, uuidv7 } from '@wirephoto/board'
import { drawPicture } from '../test/support/pictures.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { startBaseline } from './support/baseline-process.ts'
import { type Figure, spread } from './support/figures.ts'
import { RawClient, snapshotOf, Tally } from './support/raw-client.ts'

const VIEWER_COUNTS = [1, 10, 100, 1_000]
/** The tutorial way sends V x V messages: for a thousand viewers, a million a picture. */
const TUTORIAL_VIEWER_COUNTS = VIEWER_COUNTS.slice(0, 3)
const ROUND_COUNT = 5
/** A picture comes in parts, as on a slow connection, with the same pauses for every audience. */
const PART_COUNT = 5
const PART_INTERVAL_MS = 400
/** After this time without a message, no more are expected. */
const QUIET_MS = 500

interface Traffic {
  readonly viewers: number
  readonly messages: number
  readonly bytes: number
}

/**
 * S6: what one picture costs on the sockets as the audience grows: changes, preview, progress, and
 * who has seen it.
 */
export async function growth(): Promise<Figure[]> {
  const server = await ServerProcess.open({ openBoardCount: VIEWER_COUNTS.length })
  const tutorial = await startBaseline('tutorial')
  try {
    const picture = await drawPicture({ width: 640, height: 480, quality: 90 })
    const preview = await drawPicture({ width: 320, height: 240, format: 'webp', quality: 60 })
    const traffic: Traffic[] = []
    for (const viewers of VIEWER_COUNTS)
      traffic.push(await productTraffic(server, viewers, { picture, preview }))
    const baseline: Traffic[] = []
    for (const viewers of TUTORIAL_VIEWER_COUNTS)
      baseline.push(await tutorialTraffic(tutorial.port, viewers, picture))
    const at = TUTORIAL_VIEWER_COUNTS.length - 1
    const line = ({ viewers, messages, bytes }: Traffic) =>
      `${viewers} viewers: ${messages.toLocaleString('en')} messages, ${bytes.toLocaleString('en')} bytes`
    const notes = [...traffic.map(line), ...baseline.map((row) => `tutorial way, ${line(row)}`)]
    return [
      {
        id: 'S6',
        label: 'messages for a picture, all in: off the straight line, 1 to 1,000 viewers',
        unit: '%',
        figure: spread([residual(traffic, 'messages')]),
        baseline: null,
        goal: { max: 5 },
      },
      {
        id: 'S6',
        label: 'bytes for a picture, all in: off the straight line, 1 to 1,000 viewers',
        unit: '%',
        figure: spread([residual(traffic, 'bytes')]),
        baseline: null,
        goal: { max: 5 },
        notes,
      },
      {
        id: 'S6',
        label: `messages for a picture at ${TUTORIAL_VIEWER_COUNTS[at]} viewers`,
        unit: '',
        figure: spread([traffic[at]!.messages]),
        baseline: { name: 'tutorial way', value: spread([baseline[at]!.messages]) },
        goal: null,
      },
    ]
  } finally {
    await tutorial.close()
    await server.close()
  }
}

interface Picture {
  readonly picture: Buffer
  readonly preview: Buffer
}

/** Sends some pictures before so many viewers, each of whom sees them; returns the median. */
async function productTraffic(
  server: ServerProcess,
  viewers: number,
  picture: Picture,
): Promise<Traffic> {
  const { port } = server
  const board = await server.newBoard()
  const tally = new Tally()
  const { cursor } = await snapshotOf(port, board)
  const sender = await Sender.connect(port, { tally, board, cursor })
  const rawClients = await RawClient.follow(viewers, port, { tally, board, cursor })
  for (const rawClient of rawClients)
    rawClient.onPreview = (id) => rawClient.emit('seen', { ids: [id] })
  const traffic = await measure(tally, viewers, () => sender.send(picture))
  for (const rawClient of [...rawClients, sender.rawClient]) rawClient.close()
  return traffic
}

/** A sender on a slow connection, whose pictures come in parts. */
class Sender {
  readonly rawClient: RawClient
  readonly #uploads: string
  readonly #headers: Record<string, string>
  readonly #client = uuidv7(Date.now(), randomBytes(10))
  #n = 0

  private constructor(rawClient: RawClient, uploads: string, token: string) {
    this.rawClient = rawClient
    this.#uploads = uploads
    this.#headers = { authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0' }
  }

  static async connect(
    port: number,
    { tally, board, cursor }: { tally: Tally; board: string; cursor: string },
  ): Promise<Sender> {
    const token = randomBytes(16).toString('base64url')
    const rawClient = await RawClient.connect(port, tally, board, token)
    await rawClient.follow(cursor)
    return new Sender(rawClient, `http://127.0.0.1:${port}/api/boards/${board}/uploads`, token)
  }

  /** Resolves when the picture and its variants are complete. */
  async send({ picture, preview }: Picture): Promise<void> {
    const id = uuidv7(Date.now(), randomBytes(10))
    const done = new Promise<void>((resolve) => {
      this.rawClient.onBatch = ({ changes }) => {
        for (const change of changes)
          if ('put' in change && change.put.kind === 'image' && change.put.variants) resolve()
      }
    })
    const add = {
      kind: 'image.add',
      id,
      x: 0,
      y: 0,
      w: 320,
      width: 640,
      height: 480,
      name: 'a.jpg',
    }
    const message = { client: this.#client, n: ++this.#n, commands: [add] }
    const answer = await this.rawClient.request<CommandAnswer>('commands', message, {
      [id]: preview,
    })
    if (answer.refused?.length !== 0) throw new Error(`The server said ${JSON.stringify(answer)}`)
    await this.#request('POST', '', {
      'upload-length': String(picture.length),
      'upload-metadata': `id ${btoa(id)}`,
    })
    const size = Math.ceil(picture.length / PART_COUNT)
    for (let at = 0; at < picture.length; at += size) {
      await setTimeout(PART_INTERVAL_MS)
      const part = picture.subarray(at, at + size)
      const headers = {
        'upload-offset': String(at),
        'content-type': 'application/offset+octet-stream',
      }
      await this.#request('PATCH', `/${id}`, headers, part)
    }
    await done
  }

  async #request(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: Buffer,
  ): Promise<void> {
    const answer = await fetch(this.#uploads + path, {
      method,
      headers: { ...this.#headers, ...headers },
      ...(body && { body: new Uint8Array(body) }),
    })
    if (!answer.ok) throw new Error(`The upload was answered with ${answer.status}`)
  }
}

async function tutorialTraffic(port: number, viewers: number, picture: Buffer): Promise<Traffic> {
  const tally = new Tally()
  const rawClients = await Promise.all(
    Array.from({ length: viewers }, () => RawClient.connect(port, tally)),
  )
  const upload = { name: 'a.jpg', data: picture.toString('base64') }
  const traffic = await measure(tally, viewers, () => rawClients[0]!.request('upload', upload))
  for (const rawClient of rawClients) rawClient.close()
  return traffic
}

async function measure(
  tally: Tally,
  viewers: number,
  send: () => Promise<unknown>,
): Promise<Traffic> {
  const messages: number[] = []
  const bytes: number[] = []
  await waitForQuiet(tally)
  for (let round = 0; round < ROUND_COUNT; round++) {
    const before = { messages: tally.messages, bytes: tally.bytes }
    await send()
    await waitForQuiet(tally)
    messages.push(tally.messages - before.messages)
    bytes.push(tally.bytes - before.bytes)
  }
  return { viewers, messages: spread(messages).median, bytes: spread(bytes).median }
}

async function waitForQuiet(tally: Tally): Promise<void> {
  let before: number
  do {
    before = tally.messages
    await setTimeout(QUIET_MS)
  } while (tally.messages > before)
}

/**
 * Returns how far the worst audience lies from the best straight line, in per cent of its own
 * value. The line may begin above zero: the sender receives messages too.
 */
function residual(traffic: readonly Traffic[], what: 'messages' | 'bytes'): number {
  // Least squares of (a + b v - y) / y, that is of a p + b q - 1.
  const rows = traffic.map((row) => ({ p: 1 / row[what], q: row.viewers / row[what] }))
  const total = (of: (row: { p: number; q: number }) => number) =>
    rows.reduce((all, row) => all + of(row), 0)
  const [pp, pq, qq] = [
    total(({ p }) => p * p),
    total(({ p, q }) => p * q),
    total(({ q }) => q * q),
  ]
  const [p1, q1] = [total(({ p }) => p), total(({ q }) => q)]
  const determinant = pp * qq - pq * pq
  const a = (p1 * qq - q1 * pq) / determinant
  const b = (q1 * pp - p1 * pq) / determinant
  return Math.max(...rows.map(({ p, q }) => Math.abs(a * p + b * q - 1) * 100))
}
