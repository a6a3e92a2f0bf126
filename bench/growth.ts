import { setTimeout } from 'node:timers/promises'
import { drawPicture } from '../test/support/pictures.ts'
import { ServerProcess } from '../test/support/server.ts'
import { type Figure, spread } from './support/figures.ts'
import { startBaseline } from './support/process.ts'
import { Line, postPicture, snapshotOf, Tally } from './support/wire.ts'

const AUDIENCES = [1, 10, 100, 1_000]
/** The tutorial way sends V x V: a thousand viewers would be a million messages of a picture. */
const TUTORIAL = AUDIENCES.slice(0, 3)
const ROUNDS = 5
/** Milliseconds without a message after which nothing more is expected. */
const QUIET = 500

interface Heard {
  readonly viewers: number
  readonly messages: number
  readonly bytes: number
}

/** S6: what one picture costs on the sockets as the audience grows. */
export async function growth(): Promise<Figure[]> {
  const server = await ServerProcess.open()
  const tutorial = await startBaseline('tutorial')
  try {
    const picture = await drawPicture({ width: 640, height: 480, quality: 90 })
    const heard: Heard[] = []
    for (const viewers of AUDIENCES) heard.push(await product(server.port, viewers, picture))
    const baseline: Heard[] = []
    for (const viewers of TUTORIAL)
      baseline.push(await tutorialWay(tutorial.port, viewers, picture))
    const at = TUTORIAL.length - 1
    const line = ({ viewers, messages, bytes }: Heard) =>
      `${viewers} viewers: ${messages.toLocaleString('en')} messages, ${bytes.toLocaleString('en')} bytes`
    const notes = [...heard.map(line), ...baseline.map((row) => `tutorial way, ${line(row)}`)]
    return [
      {
        id: 'S6',
        what: 'messages for a picture: off the straight line, 1 to 1,000 viewers',
        unit: '%',
        figure: spread([residual(heard, 'messages')]),
        baseline: null,
        goal: { max: 5 },
      },
      {
        id: 'S6',
        what: 'bytes for a picture: off the straight line, 1 to 1,000 viewers',
        unit: '%',
        figure: spread([residual(heard, 'bytes')]),
        baseline: null,
        goal: { max: 5 },
        notes,
      },
      {
        id: 'S6',
        what: `messages for a picture at ${TUTORIAL[at]} viewers`,
        unit: '',
        figure: spread([heard[at]!.messages]),
        baseline: { name: 'tutorial way', value: spread([baseline[at]!.messages]) },
        goal: null,
      },
    ]
  } finally {
    await tutorial.close()
    await server.close()
  }
}

/** The median of some pictures, posted before so many viewers. */
async function product(port: number, viewers: number, picture: Buffer): Promise<Heard> {
  const created = await fetch(`http://127.0.0.1:${port}/api/boards`, { method: 'POST' })
  const { id: board } = (await created.json()) as { id: string }
  const tally = new Tally()
  const { cursor } = await snapshotOf(port, board)
  const lines = await Line.follow(viewers, port, { tally, board, cursor })
  const heard = await listen(tally, viewers, () => postPicture(port, picture, board))
  for (const line of lines) line.close()
  return heard
}

async function tutorialWay(port: number, viewers: number, picture: Buffer): Promise<Heard> {
  const tally = new Tally()
  const lines = await Promise.all(Array.from({ length: viewers }, () => Line.connect(port, tally)))
  const upload = { name: 'a.jpg', data: picture.toString('base64') }
  const heard = await listen(tally, viewers, () => lines[0]!.ask('upload', upload))
  for (const line of lines) line.close()
  return heard
}

async function listen(tally: Tally, viewers: number, send: () => Promise<unknown>): Promise<Heard> {
  const messages: number[] = []
  const bytes: number[] = []
  await quiet(tally)
  for (let round = 0; round < ROUNDS; round++) {
    const before = { messages: tally.messages, bytes: tally.bytes }
    await send()
    await quiet(tally)
    messages.push(tally.messages - before.messages)
    bytes.push(tally.bytes - before.bytes)
  }
  return { viewers, messages: spread(messages).median, bytes: spread(bytes).median }
}

async function quiet(tally: Tally): Promise<void> {
  let before: number
  do {
    before = tally.messages
    await setTimeout(QUIET)
  } while (tally.messages > before)
}

/** How far the worst point lies from the line through the origin and the largest audience, in per cent. */
function residual(heard: readonly Heard[], what: 'messages' | 'bytes'): number {
  const largest = heard.at(-1)!
  const slope = largest[what] / largest.viewers
  return Math.max(...heard.map((row) => Math.abs(row[what] / (slope * row.viewers) - 1) * 100))
}
