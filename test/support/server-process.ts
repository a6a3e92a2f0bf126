import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { OpenBoards } from './open-boards.ts'

const CLI_PATH = resolve(import.meta.dirname, '../../packages/cli/bin/wirephoto.js')
/** Time in which a server must print its banner, on a slow machine. */
const START_TIMEOUT_MS = 30_000

export interface ServeOptions {
  /** The data folder; if absent a temporary one, which `close` removes. */
  data?: string
  /** Further flags. */
  args?: readonly string[]
  env?: NodeJS.ProcessEnv
  /** Flags of Node itself. */
  execArgv?: readonly string[]
  /** A program that starts it, with arguments: a limit, a tracer. */
  wrapper?: readonly string[]
  /** Another program that serves, with the same flags. */
  main?: string
  /** Any free port, if absent. */
  port?: number
  /** The boards that `newBoard` gives. Default: none. */
  openBoardCount?: number
}

/** The real `wirephoto serve` as a process of its own, on a free port. */
export class ServerProcess {
  readonly data: string
  readonly #options: ServeOptions
  readonly #temporary: boolean
  #child!: ChildProcess
  #boards: OpenBoards | null = null
  /** 0 until the first start, unless a port was asked for; the same at later starts. */
  port: number
  /** Its output, both streams. */
  output = ''

  private constructor(options: ServeOptions, data: string) {
    this.#options = options
    this.#temporary = options.data === undefined
    this.data = data
    this.port = options.port ?? 0
  }

  /** Opens it; resolves when it listens. */
  static async open(options: ServeOptions = {}): Promise<ServerProcess> {
    const data = options.data ?? (await mkdtemp(join(tmpdir(), 'wirephoto-data-')))
    const server = new ServerProcess(options, data)
    const { openBoardCount = 0 } = options
    if (openBoardCount > 0) server.#boards = await OpenBoards.make(server.engineUrl, openBoardCount)
    await server.start()
    return server
  }

  /** Where its boards live. */
  get engineUrl(): string {
    const { args = [] } = this.#options
    const flag = args.indexOf('--engine')
    return flag < 0 ? `sqlite:${this.data}` : args[flag + 1]!
  }

  /** Returns an open board, for one test. */
  async newBoard(): Promise<string> {
    return this.#openBoards.next()
  }

  /** Returns the bearer token of somebody who owns an open board, another one at each call. */
  newOwner(board: string): string {
    return this.#openBoards.nextOwner(board)
  }

  hasOpenBoard(board: string): boolean {
    return this.#boards?.has(board) ?? false
  }

  get #openBoards(): OpenBoards {
    if (!this.#boards) throw new Error('The server was opened without openBoardCount')
    return this.#boards
  }

  get url(): string {
    return `http://localhost:${this.port}`
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Starts it, or starts it again on the same port and data. */
  async start(further: NodeJS.ProcessEnv = {}): Promise<void> {
    const { execArgv = [], args = [], env, main = CLI_PATH, wrapper = [] } = this.#options
    const flags = ['serve', '--port', String(this.port), '--data', this.data, ...args]
    const [program, ...rest] = [...wrapper, process.execPath, ...execArgv, main, ...flags]
    this.#child = spawn(program!, rest, {
      env: { ...process.env, ...env, ...further },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.output = ''
    this.port = await this.#waitForBanner()
  }

  /** Resolves to the port that the banner names. */
  #waitForBanner(): Promise<number> {
    const child = this.#child
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const fail = (why: string) => reject(new Error(`The server ${why}:\n${this.output}`))
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`said nothing for ${START_TIMEOUT_MS} ms`)
    }, START_TIMEOUT_MS)
    const listen = (chunk: Buffer) => {
      this.output += chunk.toString()
      const port = /http:\/\/[\w.[\]-]+:(\d+)/.exec(this.output)?.[1]
      if (port !== undefined) resolve(Number(port))
    }
    child.stdout!.on('data', listen)
    child.stderr!.on('data', listen)
    child.once('close', (code) => fail(`ended with code ${code}`))
    return promise.finally(() => clearTimeout(timer))
  }

  /** Ends it; resolves to its exit code, or null when a signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const closed = once(this.#child, 'close')
      this.#child.kill(signal)
      await closed
    }
    return this.#child.exitCode
  }

  /** Pauses or resumes it: connections stay open, and nothing answers. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Resolves when it has ended, whatever the cause. */
  async waitForExit(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await once(this.#child, 'close')
  }

  /** Kills it with kill -9. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL')
  }

  async close(): Promise<void> {
    await this.stop()
    // The decoding processes of a dead server end a moment later, and may write until then.
    if (this.#temporary) await rm(this.data, { recursive: true, force: true, maxRetries: 10 })
  }
}
