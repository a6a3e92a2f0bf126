import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { killWithParent } from './kill-with-parent.ts'

const PROGRAMS = ['redis-server', 'valkey-server']

/** Returns the program of a Redis or a Valkey; null if this machine has neither. */
export async function findRedis(): Promise<string | null> {
  for (const program of PROGRAMS) {
    const found = await promisify(execFile)(program, ['--version']).catch(() => null)
    if (found) return program
  }
  return null
}

/** The reason to skip when there is none. */
export const NO_REDIS = 'there is no Redis: Debian has the package redis-server'

/** A real Redis on a free port of this machine. */
export class Redis {
  readonly port: number
  readonly #program: string
  readonly #folder: string
  #child!: ChildProcess

  private constructor(program: string, port: number, folder: string) {
    this.#program = program
    this.port = port
    this.#folder = folder
  }

  /** Opens it; resolves when it takes connections. */
  static async open(program: string): Promise<Redis> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-redis-'))
    const redis = new Redis(program, await freePort(), folder)
    await redis.start()
    return redis
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it, or starts it again on the same port. */
  async start(): Promise<void> {
    const flags = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '']
    const child = spawn(this.#program, [...flags, '--dir', this.#folder], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.#child = child
    killWithParent(child, this.#folder, 'KILL')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (/ready to accept connections/i.test(output)) resolve()
    })
    child.once('close', () => reject(new Error(`Redis ended:\n${output}`)))
    await promise
  }

  /** Pauses or resumes it: connections stay open, and nothing answers. */
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
