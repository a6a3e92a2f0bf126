import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, openSync, readSync } from 'node:fs'
import { setPriority } from 'node:os'
import type { MediaType } from '@wirephoto/board'
import { type Death, deathOf } from './death.ts'
import type { DecodeReply, DecodeRequest, TimedReply } from './decode-process.ts'

/**
 * A process is replaced after these, so that leaks of native libraries stay bounded. The start of one takes as
 * much CPU as a hundred pictures (S8).
 */
const MAX_JOBS_PER_PROCESS = 10_000
/** Time after which an idle process ends. */
const IDLE_TIMEOUT_MS = 60_000
/** Time in which a process must start, on any machine that still works. */
const START_TIMEOUT_MS = 60_000
/** Wall-clock time of a job, as a multiple of its CPU time: on a busy machine the wait isn't the picture's. */
const WALL_CLOCK_FACTOR = 15
/** CPU time in such a span below which a process stands still, and doesn't merely wait for the CPU. */
const STANDSTILL_FACTOR = 1 / 200
/** Clock ticks of Linux in `/proc`; the value is part of its interface. */
const TICKS_PER_SECOND = 100

/** The end of a job: what its process replied, or how it died. */
export type Outcome = DecodeReply | Death

interface Options {
  /** How far the process gives way to others on the machine; 0 not at all, 19 to all. */
  readonly nice: number
  readonly refusedTypes: readonly MediaType[]
  /** Whether it stays when it is idle. */
  readonly isKept: () => boolean
  readonly exited: () => void
}

/** One child process, with one job at a time. Whatever happens to it, each job gets an outcome. */
export class PooledProcess {
  readonly #child: ChildProcess | null
  readonly #exited = Promise.withResolvers<void>()
  #jobStart: { readonly cpuSeconds: number | null; readonly at: number } | null = null
  #lastJobSeconds = 0
  /** The process's CPU time at the end of its last job; null before, and where the system doesn't tell. */
  #cpuSeconds: number | null = null
  readonly #options: Options
  #resolveJob: ((outcome: Outcome) => void) | null = null
  #startJobTimer: (() => void) | null = null
  #isReady = false
  #isGone = false
  #isRetired = false
  #jobCount = 0
  #startTimer: NodeJS.Timeout | undefined
  #idleTimer: NodeJS.Timeout | undefined

  constructor(options: Options) {
    this.#options = options
    const started = forkChild(options.refusedTypes)
    if (started instanceof Error) {
      this.#child = null
      process.nextTick(() => this.#gone({ reason: started.message, fileFault: null }))
      return
    }
    this.#child = started
    lowerPriority(started, options.nice)
    this.#startTimer = setTimeout(
      () => this.#killed({ reason: 'does not start', fileFault: null }),
      START_TIMEOUT_MS,
    )
    started.once('message', () => this.#started(started))
    started.once('close', (status, signal) =>
      this.#gone(
        this.#isReady
          ? deathOf(status, signal)
          : { reason: `${signal ?? status}`, fileFault: null },
      ),
    )
    // The system refused to start it, or to pass a message.
    started.on('error', ({ message }) => this.#killed({ reason: message, fileFault: null }))
  }

  /** Whether it has started. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** How far it gives way to others on the machine. */
  get nice(): number {
    return this.#options.nice
  }

  get isFree(): boolean {
    return this.#resolveJob === null && !this.#isRetired
  }

  /** CPU time of its last job, in seconds; the time on the clock where the system doesn't tell. */
  get lastJobSeconds(): number {
    return this.#lastJobSeconds
  }

  /** Whether it has had no job yet: nothing that happens to it is an earlier picture's doing. */
  get isFresh(): boolean {
    return this.#jobCount === 0
  }

  /** Runs a job once its memory is granted. Resolves to a death if the process ends first, and to `tooHeavy` if it has to be killed. */
  run(request: DecodeRequest, granted: Promise<void>): Promise<Outcome> {
    clearTimeout(this.#idleTimer)
    this.#jobCount++
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    let timer: NodeJS.Timeout | undefined
    const settle = (outcome: Outcome) => {
      clearTimeout(timer)
      resolve(outcome)
    }
    this.#resolveJob = settle
    // The start of a process may take long on a busy machine, so the time counts from its end.
    const startTimer = () => {
      const { cpuSeconds } = request.budget
      // It is idle between two jobs.
      const before = this.#cpuSeconds ?? cpuSecondsOf(this.#child)
      this.#jobStart = { cpuSeconds: before, at: performance.now() }
      const limitMs = cpuSeconds * WALL_CLOCK_FACTOR * 1000
      const check = (seconds: number) => {
        const used = (cpuSecondsOf(this.#child) ?? before ?? 0) - (before ?? 0)
        if (before === null || used >= cpuSeconds) return this.#killed({ tooHeavy: 'time' })
        if (used - seconds < (limitMs / 1000) * STANDSTILL_FACTOR)
          return this.#killed({ reason: 'stands still', fileFault: null })
        timer = setTimeout(() => check(used), limitMs)
      }
      timer = setTimeout(() => check(0), limitMs)
    }
    granted.then(
      () => {
        // It may have died meanwhile.
        if (this.#resolveJob !== settle) return
        this.#startJobTimer = startTimer
        if (this.#isReady) startTimer()
        this.#send(request)
      },
      () => {},
    )
    return promise
  }

  /** Ends the process at once; resolves when it has ended. */
  end(): Promise<void> {
    this.retire()
    return this.#exited.promise
  }

  #started(child: ChildProcess): void {
    clearTimeout(this.#startTimer)
    this.#isReady = true
    this.#startJobTimer?.()
    child.on('message', ({ cpuSeconds, ...reply }: TimedReply) => this.#settle(reply, cpuSeconds))
  }

  /** Passes a job on. If that fails, the end of the process settles the job. */
  #send(request: DecodeRequest): void {
    const failed = ({ message }: Error) => this.#killed({ reason: message, fileFault: null })
    try {
      // A child that the system refused to start has no channel, and tells of it in a moment.
      if (this.#child?.connected) this.#child.send(request, (error) => error && failed(error))
      else if (this.#isReady) failed(new Error('its channel is closed'))
    } catch (error) {
      failed(error as Error)
    }
  }

  /** Kills the process, and settles its job. */
  #killed(outcome: Outcome): void {
    this.#isRetired = true
    this.#child?.kill('SIGKILL')
    if ('fileFault' in outcome) this.#gone(outcome)
    else this.#settle(outcome)
  }

  #gone(death: Death): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#isRetired = true
    clearTimeout(this.#startTimer)
    this.#options.exited()
    this.#settle(death)
    this.#exited.resolve()
  }

  #settle(outcome: Outcome, cpuSeconds = cpuSecondsOf(this.#child)): void {
    const resolve = this.#resolveJob
    this.#resolveJob = null
    this.#measureJob(cpuSeconds)
    this.#startJobTimer = null
    if ('tooHeavy' in outcome || this.#jobCount >= MAX_JOBS_PER_PROCESS) this.retire()
    else this.stay()
    resolve?.(outcome)
  }

  /** Has the idle process stay for a while, and end then. */
  stay(): void {
    clearTimeout(this.#idleTimer)
    if (this.#isRetired || this.#options.isKept()) return
    this.#idleTimer = setTimeout(() => this.retire(), IDLE_TIMEOUT_MS).unref()
  }

  #measureJob(now: number | null): void {
    const start = this.#jobStart
    this.#jobStart = null
    if (!start) return
    this.#cpuSeconds = now
    this.#lastJobSeconds =
      now === null || start.cpuSeconds === null
        ? (performance.now() - start.at) / 1000
        : now - start.cpuSeconds
  }

  /** Ends the process, which is free. */
  retire(): void {
    this.#isRetired = true
    clearTimeout(this.#idleTimer)
    this.#child?.kill('SIGKILL')
  }
}

/** Starts a process. Where there is no memory for one, the system's error is thrown or returned. */
function forkChild(refusedTypes: readonly MediaType[]): ChildProcess | Error {
  try {
    return fork(new URL(import.meta.resolve('#decode-process')), refusedTypes, {
      // By default V8 lets the young generation grow to 130 MB within a thousand pictures, and is hardly
      // faster for it (S8).
      execArgv: ['--max-old-space-size=128', '--max-semi-space-size=4'],
      // glibc returns less memory to the system when it has many arenas.
      env: { ...process.env, MALLOC_ARENA_MAX: '2' },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
  } catch (error) {
    return error as Error
  }
}

/** Makes a process give way. Its threads, which start later, do so too. */
function lowerPriority(child: ChildProcess, nice: number): void {
  try {
    if (child.pid !== undefined) setPriority(child.pid, nice)
  } catch {
    // It has ended already, or the system has no priorities.
  }
}

/** Returns the CPU time of a process since its start; null where the system doesn't tell. */
function cpuSecondsOf(child: ChildProcess | null): number | null {
  try {
    const fd = openSync(`/proc/${child?.pid}/stat`, 'r')
    try {
      const length = readSync(fd, STAT_LINE, 0, STAT_LINE.length, 0)
      const line = STAT_LINE.toString('latin1', 0, length)
      const [user, system] = line
        .slice(line.lastIndexOf(')') + 2)
        .split(' ', 13)
        .slice(11)
      return (Number(user) + Number(system)) / TICKS_PER_SECOND
    } finally {
      closeSync(fd)
    }
  } catch {
    return null
  }
}

/** A file whose size nobody knows would be read into 8 KB of new memory each time. */
const STAT_LINE = Buffer.alloc(1_024)
