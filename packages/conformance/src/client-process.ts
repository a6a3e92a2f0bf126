import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { inTime } from './in-time.ts'

/** The end of a command of a client. */
export interface Ended {
  /** Null if a signal ended it. */
  readonly code: number | null
  readonly lines: readonly unknown[]
  readonly errors: string
}

/** One run of a client's command, whose output is a JSON value a line. */
export class ClientProcess implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: unknown[] = []
  /** The start of a line whose end hasn't come. */
  #rest = ''
  #errors = ''
  readonly #listeners = new Set<() => void>()
  readonly #closed: Promise<unknown>

  constructor(command: readonly string[], args: readonly string[], token: string) {
    const [program = '', ...given] = command
    const env = { ...process.env, WIREPHOTO_TOKEN: token }
    this.#child = spawn(program, [...given, ...args], { env })
    this.#closed = once(this.#child, 'close')
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.#onText(text))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
  }

  /** The output so far. */
  get lines(): readonly unknown[] {
    return this.#lines
  }

  /** Resolves with what `look` finds in the output. */
  async until<T>(look: (lines: readonly unknown[]) => T | undefined, what: string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const check = (): void => {
      const found = look(this.#lines)
      if (found !== undefined) resolve(found)
    }
    const fail = (): void => reject(new Error(`It ended before ${what}. ${this.#errors}`))
    this.#listeners.add(check)
    this.#closed.then(fail, fail)
    try {
      check()
      return await inTime(promise, what)
    } finally {
      this.#listeners.delete(check)
    }
  }

  interrupt(): void {
    this.#child.kill('SIGINT')
  }

  /** Resolves when it has ended. */
  async ended(): Promise<Ended> {
    await inTime(this.#closed, 'the command to end')
    return { code: this.#child.exitCode, lines: this.#lines, errors: this.#errors }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      this.#child.kill('SIGKILL')
    await this.#closed.catch(() => {
      // It never started, which its check has told.
    })
  }

  #onText(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) this.#lines.push(JSON.parse(line) as unknown)
    for (const listener of this.#listeners) listener()
  }
}
