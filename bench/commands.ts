import { drawPicture } from '../test/support/pictures.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { startBaseline } from './support/baseline-process.ts'
import { type Figure, interleave, spread } from './support/figures.ts'
import { postPicture, RawClient, Writer } from './support/raw-client.ts'
import { UNBOUNDED } from './support/unbounded.ts'

export const WRITER_COUNT = 100
/**
 * Commands that a busy writer has unanswered. The client's queue sends the waiting ones in one
 * message.
 */
const UNANSWERED_COUNT = 8
const ROUND_COUNT = 5
const ROUND_S = 5

/** S9: commands that a board takes in a second, each durable before its answer. */
export async function commands(): Promise<Figure[]> {
  const server = await ServerProcess.open({ args: UNBOUNDED })
  const echo = await startBaseline('echo')
  try {
    const id = await postPicture(server.port, await drawPicture({ width: 320, height: 240 }))
    const writers = (await connectWriters(server.port)).map((rawClient) => new Writer(rawClient))
    const product: Send = (writer, x) =>
      writers[writer]!.push({ kind: 'image.patch', id, set: { x } })
    const rawClients = await connectWriters(echo.port)
    const bare: Send = (writer, x) =>
      rawClients[writer]!.request('commands', {
        n: x,
        commands: [{ kind: 'image.patch', id, set: { x } }],
      })

    const perTransaction: number[] = []
    const seq = () => Math.max(...writers.map((writer) => writer.seq))
    const compare = (inFlight: number) =>
      interleave(ROUND_COUNT, {
        product: async () => {
          const before = seq()
          const answered = await load(product, inFlight, ROUND_S)
          perTransaction.push(answered / (seq() - before))
          return answered / ROUND_S
        },
        echo: async () => (await load(bare, inFlight, ROUND_S)) / ROUND_S,
      })
    const [one, many] = [await compare(1), await compare(UNANSWERED_COUNT)]
    const unit = 'per s'
    return [
      {
        id: 'S9',
        label: `commands of ${WRITER_COUNT} writers, ${UNANSWERED_COUNT} under way each`,
        unit,
        figure: many.product,
        baseline: { name: 'Socket.IO echo', value: many.echo },
        goal: { min: 0.9 },
      },
      {
        id: 'S9',
        label: `commands of ${WRITER_COUNT} writers, each waiting for its answer`,
        unit,
        figure: one.product,
        baseline: { name: 'Socket.IO echo', value: one.echo },
        goal: { min: 0.6 },
      },
      {
        id: 'S9',
        label: 'commands a transaction',
        unit: '',
        figure: spread(perTransaction),
        baseline: null,
        goal: { min: 30 },
      },
    ]
  } finally {
    await echo.close()
    await server.close()
  }
}

type Send = (writer: number, x: number) => Promise<unknown>

export const connectWriters = (port: number): Promise<RawClient[]> =>
  Promise.all(Array.from({ length: WRITER_COUNT }, () => RawClient.connect(port)))

/**
 * Returns how many commands were answered in the time. Each writer sends the next when one is
 * answered.
 */
export async function load(send: Send, inFlight: number, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000
  let answered = 0
  const write = async (writer: number) => {
    while (performance.now() < end) {
      await send(writer, answered)
      answered++
    }
  }
  await Promise.all(
    Array.from({ length: WRITER_COUNT * inFlight }, (_, i) => write(i % WRITER_COUNT)),
  )
  return answered
}
