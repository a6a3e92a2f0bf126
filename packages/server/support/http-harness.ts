import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ImageRecord, uuidv7 } from '@wirephoto/board'
import { type Engine, openEngine } from '@wirephoto/engine'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { Boards, DEFAULT_BOARD_ID } from '../src/boards/boards.ts'
import { createApp } from '../src/http/app.ts'
import { createGuard } from '../src/http/guard.ts'
import { type ImagePipeline, openImagePipeline } from '../src/images/pipeline.ts'
import { Fetcher } from '../src/images/remote-fetch.ts'
import { Metrics } from '../src/metrics.ts'

interface Config {
  readonly maxUpload?: number
  readonly webRoot?: string
  readonly fetcher?: Fetcher
}

/** The server's HTTP side in the test's own process, its parts within reach. */
export class Harness {
  readonly data: string
  readonly #config: Config
  engine!: Engine
  boards!: Boards
  images!: ImagePipeline
  url = ''
  readonly log = pino({ level: 'silent' })
  #app!: FastifyInstance

  private constructor(data: string, config: Config) {
    this.data = data
    this.#config = config
  }

  static async open(config: Config = {}): Promise<Harness> {
    const data = await mkdtemp(join(tmpdir(), 'wirephoto-http-'))
    const harness = new Harness(data, config)
    await harness.start()
    return harness
  }

  /** As a new process would find the data. */
  async start(): Promise<void> {
    const { maxUpload = 5_000_000, webRoot = null } = this.#config
    this.engine = await openEngine(`sqlite:${this.data}`)
    this.boards = await Boards.open(this.engine)
    const { engine, boards, log } = this
    this.images = await openImagePipeline({ data: this.data, engine, boards, maxUpload, log })
    const guard = createGuard({ host: '127.0.0.1', publicUrl: null })
    const { incomingFiles, intake, directUpload } = this.images
    const metrics = new Metrics()
    const fetcher = this.#config.fetcher ?? new Fetcher({ maxUpload })
    const parts = {
      engine,
      boards,
      incomingFiles,
      intake,
      directUpload,
      fetcher,
      metrics,
      guard,
      log,
      maxUpload,
      webRoot,
    }
    this.#app = await createApp({ ...parts, url: () => this.url })
    await this.#app.ready()
    this.#app.server.listen(0, '127.0.0.1')
    await once(this.#app.server, 'listening')
    this.url = `http://localhost:${this.port}`
  }

  get port(): number {
    return (this.#app.server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#app.server.close()
    this.#app.server.closeAllConnections()
    await this.images.close()
    await this.#app.close()
    await this.boards.close()
    await this.engine.close()
  }

  async close(): Promise<void> {
    await this.stop()
    await rm(this.data, { recursive: true, force: true })
  }

  /** What a page does before it uploads: the record, without bytes. Resolves to its id. */
  async announce(
    name = 'picture.png',
    visitor = 'anna',
    board = DEFAULT_BOARD_ID,
  ): Promise<string> {
    const id = uuidv7(Date.now(), randomBytes(10))
    const add = { kind: 'image.add', id, name, width: 40, height: 30 } as const
    await this.boards.with(board, (live) => live.act([add], { visitor, role: 'edit' }))
    return id
  }

  record(id: string, board = DEFAULT_BOARD_ID): Promise<ImageRecord | undefined> {
    return this.boards.with(board, ({ records }) => records.get(id) as ImageRecord | undefined)
  }

  pictures(board = DEFAULT_BOARD_ID): Promise<ImageRecord[]> {
    return this.boards.with(board, ({ records }) =>
      [...records.values()].filter((record) => record.kind === 'image'),
    )
  }

  /** Files on their way in. */
  incomingFileNames(): Promise<string[]> {
    return readdir(join(this.data, 'arrivals'))
  }

  async blobs(): Promise<string[]> {
    return Array.fromAsync(this.engine.blobs.list())
  }
}

/** `{code, message}` of an answer that is an error. */
export async function errorOf(response: Response): Promise<{ code: string; message: string }> {
  const { error } = (await response.json()) as { error: { code: string; message: string } }
  return error
}
