import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../packages/cli/bin/wirephoto.js', import.meta.url))

/** The output of a command, and its exit code: null if a signal ended it. */
interface Ended {
  readonly out: string
  readonly err: string
  readonly code: number | null
}

/** A `wirephoto` command that runs. */
export class RunningCommand {
  readonly child: ChildProcess
  out = ''
  err = ''
  readonly #closed: Promise<unknown>

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('WIREPHOTO_'))
    this.child = spawn(process.execPath, [BIN, ...args], {
      env: { ...Object.fromEntries(own), ...env },
    })
    this.#closed = once(this.child, 'close')
    this.child.stdout!.on('data', (chunk: Buffer) => {
      this.out += chunk.toString()
    })
    this.child.stderr!.on('data', (chunk: Buffer) => {
      this.err += chunk.toString()
    })
  }

  /** Resolves when it has printed such a text. */
  async prints(stream: 'out' | 'err', text: RegExp): Promise<void> {
    const source = stream === 'out' ? this.child.stdout! : this.child.stderr!
    while (!text.test(this[stream])) {
      const ended = await Promise.race([once(source, 'data'), this.#closed.then(() => null)])
      if (ended === null && !text.test(this[stream]))
        throw new Error(`It ended without ${text}:\n${this.out}${this.err}`)
    }
  }

  async end(): Promise<Ended> {
    await this.#closed
    return { out: this.out, err: this.err, code: this.child.exitCode }
  }
}

/** Runs `wirephoto` to its end. */
export async function runCommand(
  args: readonly string[],
  {
    env,
    input = '',
  }: { readonly env?: NodeJS.ProcessEnv; readonly input?: string | Uint8Array } = {},
): Promise<Ended> {
  const running = new RunningCommand(args, env)
  // It may end before it has read all.
  running.child.stdin!.on('error', () => {})
  running.child.stdin!.end(input)
  return await running.end()
}
