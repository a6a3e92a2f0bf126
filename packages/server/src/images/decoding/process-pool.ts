import { type ChildProcess, fork } from 'node:child_process'
import { setPriority } from 'node:os'
import { WireError } from '@wirephoto/board'
import type { DecodeReply, DecodeRequest, Jobs } from './decode-process.ts'

/**
 * A process is replaced after these, so that leaks of native libraries stay bounded. The start of one takes as
 * much CPU as a hundred pictures (S8).
 */
const MAX_JOBS_PER_PROCESS = 10_000
/** Time after which an idle process ends. */
const IDLE_TIMEOUT_MS = 60_000
/** Wall-clock time of a job, as a multiple of its CPU time: on a busy machine the wait isn't the picture's. */
const WALL_CLOCK_FACTOR = 15
const LOW_PRIORITY_NICE = 10

/** Reply of a process, or null if it died without one. */
export type PoolReply<J extends keyof Jobs = keyof Jobs> = DecodeReply<J> | null

interface Job {
  readonly request: DecodeRequest
  readonly resolve: (reply: PoolReply) => void
  attempts: number
}

interface Options {
  /** Processes, with one job at a time each. */
  readonly maxProcessCount: number
  /** Jobs that may wait. */
  readonly maxQueueCount: number
  /** Whether the processes give way to others on the machine. */
  readonly isLowPriority?: boolean
}

/** A queue of jobs for child processes, which are started when needed and replaced when they die. */
export class ProcessPool {
  readonly #options: Options
  readonly #queue: Job[] = []
  readonly #processes = new Set<PooledProcess>()
  readonly #idleWaiters = new Set<() => void>()
  #isWarm = false
  #closed = false

  constructor(options: Options) {
    this.#options = options
  }

  /** Keeps at least one process from now on. */
  warm(): void {
    this.#isWarm = true
    if (this.#processes.size === 0) this.#start()
  }

  /** Runs a job; an urgent one before all that wait. Rejects with `busy` if too many wait. */
  run(request: DecodeRequest, isUrgent: boolean): Promise<PoolReply> {
    if (this.#closed) return Promise.reject(new WireError('stopping'))
    if (this.#queue.length >= this.#options.maxQueueCount)
      return Promise.reject(new WireError('busy'))
    return new Promise((resolve) => {
      this.#queue[isUrgent ? 'unshift' : 'push']({ request, resolve, attempts: 0 })
      this.#next()
    })
  }

  /** Resolves when no job waits, or after `timeoutMs`. */
  async whenIdle(timeoutMs: number): Promise<void> {
    if (this.#queue.length === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    this.#idleWaiters.add(resolve)
    await promise
    this.#idleWaiters.delete(resolve)
    clearTimeout(timer)
  }

  /** Kills the processes. Jobs that wait or run resolve to null. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { resolve } of this.#queue.splice(0)) resolve(null)
    await Promise.all(Array.from(this.#processes, (process) => process.end()))
  }

  #next(): void {
    if (this.#queue.length === 0) {
      for (const resolve of this.#idleWaiters) resolve()
      return
    }
    let free = this.#processes.values().find((process) => process.isFree)
    if (!free && this.#processes.size < this.#options.maxProcessCount) free = this.#start()
    if (free) void this.#runOn(free, this.#queue.shift()!)
  }

  #start(): PooledProcess {
    const process = new PooledProcess({
      isLowPriority: this.#options.isLowPriority === true,
      isKept: () => this.#isWarm,
      exited: () => {
        this.#processes.delete(process)
        // A process that failed to start isn't replaced: the next one would fail too.
        if (this.#isWarm && process.isReady && !this.#closed) this.warm()
        this.#next()
      },
    })
    this.#processes.add(process)
    return process
  }

  async #runOn(process: PooledProcess, job: Job): Promise<void> {
    const reply = await process.run(job.request)
    // A process may die through no fault of the picture, so the job runs a second time.
    if (reply === null && job.attempts++ === 0 && !this.#closed) this.#queue.unshift(job)
    else job.resolve(reply)
    this.#next()
  }
}

interface ProcessOptions {
  readonly isLowPriority: boolean
  /** Whether it stays when it is idle. */
  readonly isKept: () => boolean
  readonly exited: () => void
}

/** One child process, with one job at a time. */
class PooledProcess {
  readonly #child: ChildProcess
  readonly #ready = Promise.withResolvers<void>()
  readonly #exited = Promise.withResolvers<void>()
  readonly #isKept: () => boolean
  #resolveJob: ((reply: PoolReply) => void) | null = null
  #isReady = false
  #jobCount = 0
  #isRetired = false
  #idleTimer: NodeJS.Timeout | undefined

  constructor({ isLowPriority, isKept, exited }: ProcessOptions) {
    this.#isKept = isKept
    this.#child = fork(new URL('./decode-process.ts', import.meta.url), {
      // By default V8 lets the young generation grow to 130 MB within a thousand pictures, and is hardly
      // faster for it (S8).
      execArgv: ['--max-old-space-size=128', '--max-semi-space-size=4'],
      // glibc returns less memory to the system when it has many arenas.
      env: { ...process.env, MALLOC_ARENA_MAX: '2' },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    if (isLowPriority) lowerPriority(this.#child)
    const gone = () => {
      this.#child.kill('SIGKILL')
      this.#isRetired = true
      exited()
      this.#settle(null)
      this.#exited.resolve()
    }
    this.#child.once('message', () => {
      this.#isReady = true
      this.#ready.resolve()
      this.#child.on('message', (reply: DecodeReply) => this.#settle(reply))
    })
    this.#child.once('close', gone)
    this.#child.on('error', gone)
  }

  /** Whether it has started. */
  get isReady(): boolean {
    return this.#isReady
  }

  get isFree(): boolean {
    return this.#resolveJob === null && !this.#isRetired
  }

  /** Runs a job. Resolves to null if the process dies, and to `tooHeavy` if it has to be killed. */
  run(request: DecodeRequest): Promise<PoolReply> {
    clearTimeout(this.#idleTimer)
    const { promise, resolve } = Promise.withResolvers<PoolReply>()
    const timedOut = () => {
      this.#settle({ tooHeavy: true })
      this.#child.kill('SIGKILL')
    }
    let timer: NodeJS.Timeout | undefined
    // The start of a process may take long on a busy machine, so the time counts from its end.
    void this.#ready.promise.then(() => {
      timer = setTimeout(timedOut, request.budget.cpuSeconds * WALL_CLOCK_FACTOR * 1000)
    })
    this.#resolveJob = (reply) => {
      clearTimeout(timer)
      resolve(reply)
    }
    // If this fails, the end of the process settles the job.
    this.#child.send(request, () => {})
    return promise
  }

  end(): Promise<void> {
    this.#isRetired = true
    clearTimeout(this.#idleTimer)
    this.#child.kill('SIGKILL')
    return this.#exited.promise
  }

  #settle(reply: PoolReply): void {
    const resolve = this.#resolveJob
    this.#resolveJob = null
    const isTooHeavy = reply !== null && 'tooHeavy' in reply
    if (isTooHeavy || ++this.#jobCount >= MAX_JOBS_PER_PROCESS) void this.end()
    else if (!this.#isRetired && !this.#isKept())
      this.#idleTimer = setTimeout(() => void this.end(), IDLE_TIMEOUT_MS).unref()
    resolve?.(reply)
  }
}

function lowerPriority(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) setPriority(child.pid, LOW_PRIORITY_NICE)
  } catch {
    // It has ended already, or the system has no priorities.
  }
}
