import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findOnPath } from './browser.ts'
import { killWithParent } from './kill-with-parent.ts'

/** Time in which Caddy must start and make its authority, on a slow machine. */
const START_TIMEOUT_MS = 60_000
const GUIDE = resolve(import.meta.dirname, '../../docs/put-it-online.md')

/** A real Caddy with https, by an authority of its own that no device trusts. */
export class Caddy {
  readonly #process: ChildProcess
  readonly #folder: string

  private constructor(program: ChildProcess, folder: string) {
    this.#process = program
    this.#folder = folder
  }

  /** Returns why there is no Caddy here; null when there is one. */
  static async skipReason(): Promise<string | null> {
    return (await findOnPath('caddy')) ? null : 'there is no Caddy here: install caddy'
  }

  /** Starts it with these sites. */
  static async open(sites: string): Promise<Caddy> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-caddy-'))
    const file = join(folder, 'Caddyfile')
    const options = '{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n'
    await writeFile(file, options + sites)
    const flags = ['run', '--config', file, '--adapter', 'caddyfile']
    const program = spawn((await findOnPath('caddy'))!, flags, {
      env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    killWithParent(program, folder, 'KILL')
    await started(program)
    return new Caddy(program, folder)
  }

  /** Reads the certificate of its authority, in PEM. */
  authority(): Promise<string> {
    return readFile(join(this.#folder, 'caddy/pki/authorities/local/root.crt'), 'utf8')
  }

  /** Ends it. Idempotent. */
  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const closed = once(this.#process, 'close')
      this.#process.kill('SIGKILL')
      await closed
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/**
 * Returns a Caddyfile that docs/put-it-online.md tells operators to write, the one with a path if `hasPath`. It is at
 * this address instead of the example's, with the certificate of a network without a public name.
 */
export async function documentedSite(
  address: string,
  serverPort: number,
  hasPath = false,
): Promise<string> {
  const blocks = (await readFile(GUIDE, 'utf8')).matchAll(/```caddy\n([\s\S]+?)```/g)
  const found = Array.from(blocks, ([, lines]) => lines!).find(
    (lines) => lines.includes('@photos') === hasPath,
  )
  if (!found) throw new Error('docs/put-it-online.md has no such lines for Caddy')
  return found
    .replace('board.example {', `${address} {\n\ttls internal`)
    .replaceAll(':8000', `:${serverPort}`)
}

/** Resolves when Caddy says that it serves. */
function started(program: ChildProcess): Promise<void> {
  const { promise, resolve: done, reject } = Promise.withResolvers<void>()
  let output = ''
  const fail = (why: string) => reject(new Error(`Caddy ${why}:\n${output}`))
  const timer = setTimeout(() => {
    program.kill('SIGKILL')
    fail(`did not serve within ${START_TIMEOUT_MS} ms`)
  }, START_TIMEOUT_MS)
  program.stderr!.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (output.includes('serving initial configuration')) done()
  })
  program.once('close', (code) => fail(`ended with code ${code}`))
  return promise.finally(() => clearTimeout(timer))
}
