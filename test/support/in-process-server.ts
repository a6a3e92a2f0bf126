import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createWirephoto, type RunningServer, type WirephotoOptions } from '@wirephoto/server'
import { OpenBoards } from './open-boards.ts'

/** More than the tests of one file need. In a shared database each takes longer. */
const OPEN_BOARDS_COUNT = 32
const SHARED_OPEN_BOARDS_COUNT = 4

/** A server in this process. It keeps its free port, and removes its data on close. */
export class InProcessServer {
  readonly data: string
  #config: Partial<WirephotoOptions>
  #running!: RunningServer
  #boards!: OpenBoards

  private constructor(data: string, config: Partial<WirephotoOptions>) {
    this.data = data
    this.#config = config
  }

  /** Opens it, with so many open boards for `newBoard`. Default: more than the tests of one file need. */
  static async open(
    config: Partial<WirephotoOptions> = {},
    openBoardCount?: number,
  ): Promise<InProcessServer> {
    const server = new InProcessServer(await mkdtemp(join(tmpdir(), 'wirephoto-server-')), config)
    const { engineUrl } = server
    const usual = engineUrl.startsWith('sqlite:') ? OPEN_BOARDS_COUNT : SHARED_OPEN_BOARDS_COUNT
    server.#boards = await OpenBoards.make(engineUrl, openBoardCount ?? usual)
    await server.start()
    return server
  }

  get port(): number {
    return this.#running.port
  }

  get url(): string {
    return this.#running.url
  }

  get engineUrl(): string {
    return this.#config.engine ?? `sqlite:${this.data}`
  }

  /** Starts it, or starts it again on the same port and data. */
  async start(): Promise<void> {
    this.#running = await createWirephoto({
      port: this.#running?.port ?? 0,
      host: '127.0.0.1',
      publicUrl: null,
      data: this.data,
      engine: this.engineUrl,
      maxUpload: 20_000_000,
      webRoot: null,
      isOpen: true,
      log: 'silent',
      grace: 1_000,
      ...this.#config,
    })
  }

  /** Stops it, and starts it with further settings on the same port and data. */
  async restart(config: Partial<WirephotoOptions>): Promise<void> {
    await this.stop()
    this.#config = { ...this.#config, ...config }
    await this.start()
  }

  async stop(): Promise<void> {
    await this.#running.close()
  }

  /** Returns an open board, for one test. */
  async newBoard(): Promise<string> {
    return this.#boards.next()
  }

  hasOpenBoard(board: string): boolean {
    return this.#boards.has(board)
  }

  /** Returns the bearer token of somebody who owns an open board, another one at each call. */
  newOwner(board: string): string {
    return this.#boards.nextOwner(board)
  }

  async close(): Promise<void> {
    await this.stop()
    await rm(this.data, { recursive: true, force: true })
  }
}
