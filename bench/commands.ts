import { drawPicture } from '../test/support/pictures.ts'
import { ServerProcess } from '../test/support/server.ts'
import { type Figure, interleave, spread } from './support/figures.ts'
import { startBaseline } from './support/process.ts'
import { Line, postPicture, Writer } from './support/wire.ts'

const WRITERS = 100
const ROUNDS = 5
const SECONDS = 5

/** S9: how many commands a second a board takes, each durable before its answer. */
export async function commands(): Promise<Figure[]> {
  const server = await ServerProcess.open()
  const echo = await startBaseline('echo')
  try {
    const id = await postPicture(server.port, await drawPicture({ width: 320, height: 240 }))
    const product = new Load(await writersAt(server.port), id)
    const bare = new Load(await writersAt(echo.port), id)
    const perTransaction: number[] = []
    const rates = await interleave(ROUNDS, {
      product: async () => {
        const before = product.seq
        const answered = await product.run()
        perTransaction.push(answered / (product.seq - before))
        return answered / SECONDS
      },
      echo: async () => (await bare.run()) / SECONDS,
    })
    return [
      {
        id: 'S9',
        what: `commands of ${WRITERS} writers, durable before the answer`,
        unit: 'per s',
        figure: rates.product,
        baseline: { name: 'Socket.IO echo', value: rates.echo },
        goal: { min: 0.6 },
      },
      {
        id: 'S9',
        what: 'commands a transaction',
        unit: '',
        figure: spread(perTransaction),
        baseline: null,
        goal: { min: 20 },
      },
    ]
  } finally {
    await echo.close()
    await server.close()
  }
}

async function writersAt(port: number): Promise<Writer[]> {
  const lines = await Promise.all(Array.from({ length: WRITERS }, () => Line.connect(port)))
  return lines.map((line) => new Writer(line))
}

/** Writers that each patch a picture again as soon as their last patch is answered. */
class Load {
  readonly #writers: readonly Writer[]
  readonly #id: string
  #x = 0

  constructor(writers: readonly Writer[], id: string) {
    this.#writers = writers
    this.#id = id
  }

  /** The last batch that an answer named. */
  get seq(): number {
    return Math.max(...this.#writers.map((writer) => writer.seq))
  }

  /** Commands answered in the time. */
  async run(): Promise<number> {
    const end = performance.now() + SECONDS * 1000
    let answered = 0
    const write = async (writer: Writer) => {
      while (performance.now() < end) {
        await writer.push({ kind: 'image.patch', id: this.#id, set: { x: ++this.#x } })
        answered++
      }
    }
    await Promise.all(this.#writers.map(write))
    return answered
  }
}
