import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Command, type ImageRecord, type MediaType, uuidv7 } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { pino } from 'pino'
import type { Access } from '../src/access/access.ts'
import type { Audit } from '../src/audit/audit.ts'
import { type Boards, DEFAULT_BOARD_ID, SERVER } from '../src/boards/boards.ts'
import type { Sender } from '../src/boards/sender.ts'
import type { Bounds } from '../src/bounds.ts'
import { compose, type Replacements, type Services } from '../src/compose.ts'
import type { ClassicConfig, OidcConfig } from '../src/config.ts'
import type { Guard } from '../src/http/guard.ts'
import { listen } from '../src/http/listen.ts'
import type { ImagePipeline } from '../src/images/pipeline.ts'
import { CheckedAnswers } from './checked-answers.ts'
import { serverConfig } from './server-config.ts'

interface Options extends Replacements {
  readonly maxUpload?: number
  readonly webRoot?: string
  readonly publicUrl?: string
  readonly allowedOrigins?: readonly string[]
  readonly isOpen?: boolean
  readonly create?: 'anyone' | 'owner'
  readonly classic?: ClassicConfig
  readonly oidc?: OidcConfig | undefined
  readonly log?: FastifyBaseLogger
  readonly bounds?: Partial<Bounds>
  readonly refuse?: readonly MediaType[]
  readonly memory?: number
  readonly webhookTo?: readonly string[]
}

/** A server in the test's own process, its parts within reach. */
export class Harness {
  readonly data: string
  #options: Options
  #stack = new AsyncDisposableStack()
  #services!: Services
  readonly #answers = new CheckedAnswers()

  private constructor(data: string, options: Options) {
    this.data = data
    this.#options = options
  }

  static async open(options: Options = {}): Promise<Harness> {
    const data = await mkdtemp(join(tmpdir(), 'wirephoto-http-'))
    const harness = new Harness(data, options)
    await harness.start()
    return harness
  }

  /** Starts as a new process would, with the data that are there; a loss of theirs is accepted by its code. */
  async start(acceptLoss?: string): Promise<void> {
    const { maxUpload = 5_000_000, webRoot = null, publicUrl = null, isOpen = true } = this.#options
    const { guard, fetcher, clock, use, bounds, refuse, memory } = this.#options
    const { allowedOrigins, classic, create, oidc, webhookTo } = this.#options
    const replacements = { guard, fetcher, clock, use }
    const limited = { maxUpload, bounds, refuse, memory }
    const opened = { allowedOrigins, classic, webRoot, publicUrl, isOpen, create, oidc, webhookTo }
    const settings = { ...limited, ...opened, grace: 0, acceptLoss }
    const config = serverConfig(this.data, settings)
    this.#stack = new AsyncDisposableStack()
    this.#services = await compose(config, this.#options.log ?? this.log, this.#stack, replacements)
    this.#answers.watch(this.#services.app.server)
    await listen(this.#services.app.server, config, this.#stack)
  }

  readonly log = pino({ level: 'silent' })

  /** Draws the tree of all routes. */
  get routes(): string {
    return this.#services.app.printRoutes({ includeHooks: false, commonPrefix: false })
  }

  /** All addresses with their methods. */
  get registered(): [string, string[]][] {
    return [...this.#services.registered].map(([url, methods]) => [url, [...methods]])
  }

  get http(): Server {
    return this.#services.app.server
  }

  get guard(): Guard {
    return this.#services.guard
  }

  get access(): Access {
    return this.#services.access
  }

  get engine(): Engine {
    return this.#services.engine
  }

  get audit(): Audit {
    return this.#services.audit
  }

  get boards(): Boards {
    return this.#services.boards
  }

  get images(): ImagePipeline {
    return this.#services.images
  }

  get port(): number {
    return (this.#services.app.server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://localhost:${this.port}`
  }

  /** Starts again with other settings. */
  async restart(options: Options): Promise<void> {
    await this.stop()
    this.#options = { ...this.#options, ...options }
    await this.start()
  }

  /** Closes everything, and keeps the data. */
  async stop(): Promise<void> {
    await this.#stack.disposeAsync()
  }

  /** Ends the server with its data. Rejects if an answer of it wasn't as the API's document says (H61). */
  async close(): Promise<void> {
    await this.stop()
    await rm(this.data, { recursive: true, force: true })
    assert.deepEqual(this.#answers.faults, [], 'answers that the document lacks')
  }

  /** Adds a record without bytes, as a page does before it uploads. Resolves to its id. */
  async announce(
    name = 'picture.png',
    visitor = 'anna',
    board = DEFAULT_BOARD_ID,
  ): Promise<string> {
    const id = uuidv7(Date.now(), randomBytes(10))
    const add = { kind: 'image.add', id, name, width: 40, height: 30 } as const
    await this.act([add], { visitor, role: 'edit' }, board)
    return id
  }

  /** Gives commands to a board; without a sender, as the server does. */
  async act(
    commands: readonly Command[],
    sender: Sender = SERVER,
    board = DEFAULT_BOARD_ID,
  ): Promise<void> {
    using held = await this.boards.hold(board)
    await held.board.act(commands, sender)
  }

  async record(id: string, board = DEFAULT_BOARD_ID): Promise<ImageRecord | undefined> {
    using held = await this.boards.hold(board)
    return held.board.records.get(id) as ImageRecord | undefined
  }

  async pictures(board = DEFAULT_BOARD_ID): Promise<ImageRecord[]> {
    using held = await this.boards.hold(board)
    return [...held.board.records.values()].filter((record) => record.kind === 'image')
  }

  /** Lists the files of the folder for incoming files. */
  incomingFileNames(): Promise<string[]> {
    return readdir(join(this.data, 'arrivals'))
  }

  async blobs(): Promise<string[]> {
    return Array.fromAsync(this.engine.blobs.list())
  }
}

/** Reads `{code, message}` of an answer that is an error. */
export async function errorOf(response: Response): Promise<{ code: string; message: string }> {
  const { error } = (await response.json()) as { error: { code: string; message: string } }
  return error
}
