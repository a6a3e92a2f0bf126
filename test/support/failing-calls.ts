import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface FailingCallsOptions {
  /** Names of system calls, divided by commas. */
  readonly calls: string
  /** The name of the error with which they fail, such as `EIO`. */
  readonly error: string
  /** The calls of each thread that fail, as strace writes them: `1`, `2+3`, `1+`. Default: all. */
  readonly when?: string
  /** Only calls on this file fail. */
  readonly path?: string
}

/** Has system calls of a running process, of its threads and its new children fail, until it is disposed. */
export class FailingCalls implements AsyncDisposable {
  readonly #strace: ChildProcess
  /** Calls that have failed so far. */
  count = 0

  private constructor(strace: ChildProcess) {
    this.#strace = strace
  }

  /** Resolves when calls of the process fail. */
  static async begin(pid: number, options: FailingCallsOptions): Promise<FailingCalls> {
    const { calls, error, when = '1+', path } = options
    const inject = `inject=${calls}:error=${error}:when=${when}`
    const where = path === undefined ? [] : ['-P', path]
    const strace = spawn('strace', ['-f', '-p', String(pid), ...where, '-e', inject], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const failing = new FailingCalls(strace)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let said = ''
    strace.stderr!.setEncoding('latin1').on('data', (text: string) => {
      failing.count += text.split('(INJECTED)').length - 1
      if (said.length < 10_000) said += text
      if (said.includes(' attached')) resolve()
    })
    strace.once('close', () => reject(new Error(`strace ended: ${said}`)))
    await promise
    return failing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#strace.exitCode !== null || this.#strace.signalCode !== null) return
    const closed = once(this.#strace, 'close')
    this.#strace.kill('SIGINT')
    await closed
  }
}
