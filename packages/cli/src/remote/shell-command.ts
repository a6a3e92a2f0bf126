import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'

/** Time that processes have to end when they are told to. */
const END_TIMEOUT_MS = 2_000
/** Time between two looks whether they have ended. */
const END_POLL_MS = 20
/** Windows has no process groups: there the shell alone is ended. */
const HAS_GROUPS = process.platform !== 'win32'

/** A shell command with a process group of its own, so that it ends with all that it has started. */
export class ShellCommand {
  /** Resolves when the shell has ended: to its exit code, or null if a signal ended it or it never began. */
  readonly ended: Promise<number | null>
  readonly #child: ChildProcessByStdio<null, Readable, null>
  readonly #onExit = (): void => {
    this.#signal('SIGKILL')
  }

  constructor(line: string) {
    this.#child = spawn(line, {
      shell: true,
      detached: HAS_GROUPS,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { promise, resolve } = Promise.withResolvers<number | null>()
    this.#child.once('error', () => resolve(null))
    this.#child.once('exit', resolve)
    this.ended = promise
    process.once('exit', this.#onExit)
  }

  get stdout(): Readable {
    return this.#child.stdout
  }

  /** Ends what is left of it. Resolves when all has ended, or was killed as it didn't end in time. */
  async end(): Promise<void> {
    this.#signal('SIGTERM')
    const lastAt = performance.now() + END_TIMEOUT_MS
    while (this.#isThere() && performance.now() < lastAt) await setTimeout(END_POLL_MS)
    this.#signal('SIGKILL')
    process.off('exit', this.#onExit)
  }

  #isThere(): boolean {
    return this.#signal(0)
  }

  /** Sends a signal to all that it has started. Returns whether anything was there. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child
    if (pid === undefined) return false
    if (!HAS_GROUPS) return this.#child.kill(signal)
    try {
      return process.kill(-pid, signal)
    } catch {
      return false
    }
  }
}
