import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { access, constants, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Connection, r } from 'rethinkdb-ts'
import { freePort } from './free-port.ts'
import { killWithParent } from './kill-with-parent.ts'

/**
 * The server for tests, `rethinkdb://user:password@host:port`. They drop every database that they
 * make on it.
 */
const TEST_URL = process.env['RETHINKDB_URL'] || null

/** Why there are no tests with RethinkDB; null when there are. */
export const NO_RETHINKDB = TEST_URL
  ? null
  : 'RETHINKDB_URL is not set, and no registry has the server: docs/engines.md says how to build one'

/** A server on which tests may make databases. */
export class Rethinkdb {
  readonly #url: URL
  readonly #databases: string[] = []

  constructor(url = TEST_URL!) {
    this.#url = new URL(url)
  }

  get port(): number {
    return Number(this.#url.port || 28_015)
  }

  /** Returns the URL of a database that doesn't exist yet; `close` drops it. */
  newDatabase(options = ''): string {
    const database = `wirephoto_test_${randomBytes(6).toString('hex')}`
    this.#databases.push(database)
    return this.url(database, options)
  }

  url(database: string, options = '', user?: string, password?: string): string {
    const url = new URL(this.#url)
    url.pathname = `/${database}`
    url.search = options
    if (user !== undefined) url.username = user
    if (password !== undefined) url.password = password
    return url.href
  }

  async connect(): Promise<Connection> {
    const { hostname, username, password } = this.#url
    return r.connect({
      server: { host: hostname, port: this.port },
      user: decodeURIComponent(username) || 'admin',
      password: decodeURIComponent(password),
      silent: true,
    })
  }

  /** Runs a query on a new connection. */
  async query<T>(query: { run(connection: Connection): Promise<unknown> }): Promise<T> {
    const connection = await this.connect()
    try {
      return (await query.run(connection)) as T
    } finally {
      await connection.close()
    }
  }

  async openPinger(): Promise<{ ask(): Promise<void>; close(): Promise<void> }> {
    const connection = await this.connect()
    return {
      ask: async () => void (await r.expr(1).run(connection)),
      close: () => connection.close(),
    }
  }

  /** Drops the databases that tests have made. */
  async close(): Promise<void> {
    const connection = await this.connect()
    const there = await r.dbList().run(connection)
    for (const database of this.#databases)
      if (there.includes(database)) await r.dbDrop(database).run(connection)
    await connection.close()
  }
}

/** Returns the path of the program, for tests that kill it; null when the PATH has none. */
export async function findRethinkdbProgram(): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const program = join(folder, 'rethinkdb')
    const isThere = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return program
  }
  return null
}

export const NO_RETHINKDB_PROGRAM = 'the program rethinkdb is not on the PATH'

/** A RethinkDB process of one test, on free ports of this machine, alone or in a cluster. */
export class RethinkdbProcess {
  readonly port: number
  readonly name = `s${randomBytes(4).toString('hex')}`
  readonly #clusterPort: number
  readonly #program: string
  readonly #folder: string
  readonly #args: readonly string[]
  #child!: ChildProcess
  /** Its output since the last start. */
  output = ''

  private constructor(
    program: string,
    folder: string,
    ports: readonly [driver: number, cluster: number],
    args: readonly string[],
  ) {
    this.#program = program
    this.#folder = folder
    ;[this.port, this.#clusterPort] = ports
    this.#args = args
  }

  /** Opens it; resolves when it takes connections. */
  static async open(
    program: string,
    args: readonly string[] = [],
    join_?: RethinkdbProcess,
  ): Promise<RethinkdbProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-rethinkdb-'))
    const ports = [await freePort(), await freePort()] as const
    const joining = join_ ? ['--join', `127.0.0.1:${join_.#clusterPort}`] : []
    const server = new RethinkdbProcess(program, folder, ports, [...args, ...joining])
    await server.start()
    return server
  }

  get url(): string {
    return `rethinkdb://127.0.0.1:${this.port}`
  }

  /** Starts it, or starts it again on the same ports and data. */
  async start(): Promise<void> {
    const flags = {
      directory: join(this.#folder, 'data'),
      'server-name': this.name,
      'driver-port': this.port,
      'cluster-port': this.#clusterPort,
      bind: '127.0.0.1',
      // In megabytes.
      'cache-size': 100,
    }
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)])
    args.push('--no-http-admin', '--no-update-check', ...this.#args)
    const child = spawn(this.#program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.output = ''
    killWithParent(child, this.#folder, 'KILL')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const listen = (chunk: Buffer) => {
      this.output += chunk.toString()
      if (this.output.includes('Server ready')) resolve()
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('close', () => reject(new Error(`RethinkDB ended:\n${this.output}`)))
    await promise
  }

  /** Pauses or resumes it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Kills it with kill -9. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await closed
  }

  async close(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** Three processes that know each other, for databases with `replicas=3`. */
export class RethinkdbCluster {
  readonly processes: readonly RethinkdbProcess[]

  private constructor(processes: readonly RethinkdbProcess[]) {
    this.processes = processes
  }

  static async open(program: string): Promise<RethinkdbCluster> {
    const first = await RethinkdbProcess.open(program)
    const others = await Promise.all([1, 2].map(() => RethinkdbProcess.open(program, [], first)))
    return new RethinkdbCluster([first, ...others])
  }

  /** Returns the URL of a new database by one process. */
  newDatabase(): string {
    return new Rethinkdb(this.processes[0]!.url).newDatabase('replicas=3')
  }

  /** Returns the same URL by another process, or by all of them. */
  at(url: string, processes: readonly RethinkdbProcess[] = this.processes): string {
    const [first] = this.processes
    return url.replace(
      new URL(first!.url).host,
      processes.map((each) => new URL(each.url).host).join(),
    )
  }

  async close(): Promise<void> {
    for (const process of this.processes) await process.close()
  }
}

/** Opens a server that answers the first message of every connection with these words. */
export async function fixedReplyServer(words: string): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end(words))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as { port: number }).port, close: () => void server.close() }
}
