import { type RefusedTypes, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import { FairQueue, type Turn } from '../../fairness/fair-queue.ts'
import { OWN_PARTY, type Party } from '../../fairness/party.ts'
import type { RecentUse, Share } from '../../fairness/recent-use.ts'
import type { DecodeReply, DecodeRequest, Jobs } from './decode-process.ts'
import type { MemoryShares } from './memory-shares.ts'
import { type Outcome, PooledProcess } from './pooled-process.ts'
import { isLasting } from './system-failure.ts'

/** Processes that a job may lose through this machine's doing before it is given up for now. */
const MAX_ATTEMPT_COUNT = 4
/** Time before a job that lost its process runs again; four times as long after each further loss. */
const RETRY_DELAY_MS = 100
const RETRY_DELAY_FACTOR = 4
/** Crashes, each in a process that had no other job, after which the file is to blame. */
const MAX_CRASH_COUNT = 2
/** CPU time that a turn is charged until its end tells: about a photo's. */
const ESTIMATE_S = 0.05
/** CPU time of a job that others should not have to wait for. */
const SLOW_JOB_S = 0.25
/** Time, and addresses, for which it is remembered how slow an address's jobs are. */
const COST_TTL_MS = 600_000
const KEPT_COSTS_COUNT = 1_000
/** A job is charged at its end, so an address that has sent a few photos is never before one that just came. */
const SHARE: Share = { littleSeconds: 0.5, presenceMs: 10_000 }
/** How far the processes of an address give way that has used more than its share: to everybody. */
const OVER_SHARE_NICE = 19

/**
 * Reply to a job. It is `unavailable` if this machine had no process for it, and another try may help. It is null
 * if the pool was closed.
 */
export type PoolReply<J extends keyof Jobs = keyof Jobs> =
  | DecodeReply<J>
  | { readonly unavailable: true }
  | null

interface Job {
  readonly party: Party
  readonly request: DecodeRequest
  readonly resolve: (reply: PoolReply) => void
  readonly reject: (error: WireError) => void
  /** Processes that it lost through this machine's doing. */
  attempts: number
  /** Processes that it ended itself, as their first job. */
  crashes: number
  /** Whether it needs a process without an earlier job. */
  needsFresh: boolean
}

interface Options {
  /** Processes, with one job at a time each. */
  readonly maxProcessCount: number
  /** Jobs that may wait. */
  readonly maxQueueCount: number
  /** How far the processes give way to others on the machine. */
  readonly nice: number
  /** The CPU time that addresses have used, by jobs of all pools and otherwise. */
  readonly use: RecentUse
  readonly log?: Pick<FastifyBaseLogger, 'warn'> | undefined
  /** The memory that the jobs of all pools share. */
  readonly memory: MemoryShares
  /** The kinds whose decoders no process loads. */
  readonly refusedTypes?: RefusedTypes
}

/**
 * A queue of jobs for child processes, which are started when needed and replaced when they die. Parties take
 * turns by the CPU time that they have used (N5).
 */
export class ProcessPool {
  readonly #options: Options
  readonly #queue: FairQueue<Job>
  /** CPU seconds of an address's jobs, the latest ones weighing most. */
  readonly #costs = new LRUCache<string, number>({ max: KEPT_COSTS_COUNT, ttl: COST_TTL_MS })
  /** Jobs that lost their process and run again in a moment, with their timers. */
  readonly #paused = new Map<Job, NodeJS.Timeout>()
  readonly #processes = new Set<PooledProcess>()
  readonly #idleWaiters = new Set<() => void>()
  /** Processes in a row that didn't start. */
  #failedStarts = 0
  #isWarm = false
  #closed = false

  constructor(options: Options) {
    this.#options = options
    this.#queue = new FairQueue({ maxCount: options.maxQueueCount, estimate: ESTIMATE_S })
  }

  /** Keeps at least one process from now on. */
  warm(): void {
    this.#isWarm = true
    if (this.#countOf(this.#options.nice) === 0) this.#start(this.#options.nice)
  }

  /** Has a process at hand for a while, as a job comes soon: a start takes longer than most jobs. */
  expectJob(): void {
    // A machine that starts none isn't asked again by each byte that arrives.
    if (this.#closed || this.#failedStarts > 0) return
    const { nice } = this.#options
    if (this.#countOf(nice) === 0) this.#start(nice).stay()
    else for (const process of this.#processes) if (process.isFree) process.stay()
  }

  /** Whether no job waits or runs. */
  get isIdle(): boolean {
    return this.#queue.size === 0 && this.#processes.values().every(({ isFree }) => isFree)
  }

  /**
   * Runs a job; an urgent one before the others of its visitor. Rejects with `busy` if too many wait, and the party
   * has most of them.
   */
  run(request: DecodeRequest, isUrgent: boolean, party = OWN_PARTY): Promise<PoolReply> {
    if (this.#closed) return Promise.reject(new WireError('stopping'))
    return new Promise((resolve, reject) => {
      const job = {
        party,
        request,
        resolve,
        reject,
        attempts: 0,
        crashes: 0,
        needsFresh: false,
      }
      this.#options.use.add(party.address, 0)
      this.#queue.push(party, job, isUrgent)?.reject(new WireError('busy'))
      this.#next()
    })
  }

  /** Resolves when no job waits, or after `timeoutMs`. */
  async whenIdle(timeoutMs: number): Promise<void> {
    if (this.#queue.size === 0) return
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
    for (const [job, timer] of this.#paused) {
      clearTimeout(timer)
      job.resolve(null)
    }
    this.#paused.clear()
    for (const { resolve } of this.#queue.clear()) resolve(null)
    await Promise.all(Array.from(this.#processes, (process) => process.end()))
  }

  #next(): void {
    for (let job = this.#queue.peek(this.#mayRun); job; job = this.#queue.peek(this.#mayRun)) {
      const process = this.#processFor(job)
      const turn = process && this.#queue.shift(this.#mayRun)
      if (!turn) return
      this.#runOn(process, turn)
    }
    if (this.#queue.size === 0) for (const resolve of this.#idleWaiters) resolve()
  }

  /** An address whose jobs are slow leaves a process to others, if there were others lately. */
  readonly #mayRun = (address: string, running: number): boolean => {
    const { maxProcessCount } = this.#options
    if (!this.#hasPlace(this.#niceFor(address))) return false
    if (maxProcessCount === 1 || running < maxProcessCount - 1) return true
    if ((this.#costs.get(address) ?? 0) < SLOW_JOB_S) return true
    this.#costs.purgeStale()
    return this.#costs.size === 1
  }

  /** Processes of addresses over their share give way to those of the others (N8). */
  #niceFor(address: string): number {
    return this.#options.use.isOverShare(address, SHARE) ? OVER_SHARE_NICE : this.#options.nice
  }

  #hasPlace(nice: number): boolean {
    if (this.#countOf(nice) < this.#options.maxProcessCount) return true
    return this.#processes.values().some((process) => process.isFree && process.nice === nice)
  }

  #countOf(nice: number): number {
    let count = 0
    for (const process of this.#processes) if (process.nice === nice) count++
    return count
  }

  /** Returns a process that may take the job now, or undefined. */
  #processFor({ needsFresh, party }: Job): PooledProcess | undefined {
    const nice = this.#niceFor(party.address)
    const free = [...this.#processes].filter((process) => process.isFree && process.nice === nice)
    const found = free.find((process) => process.isFresh || !needsFresh)
    if (found) return found
    if (this.#countOf(nice) < this.#options.maxProcessCount) return this.#start(nice)
    // A used one makes room for a fresh one; its end calls for the next job.
    free[0]?.retire()
    return undefined
  }

  #start(nice: number): PooledProcess {
    const process = new PooledProcess({
      nice,
      refusedTypes: [...(this.#options.refusedTypes ?? [])],
      isKept: () => this.#isWarm && nice === this.#options.nice,
      exited: () => this.#exited(process),
    })
    this.#processes.add(process)
    return process
  }

  #exited(process: PooledProcess): void {
    this.#processes.delete(process)
    this.#failedStarts = process.isReady ? 0 : this.#failedStarts + 1
    // A process that failed to start isn't replaced: the next one would fail too.
    if (this.#isWarm && process.isReady && !this.#closed) this.warm()
    // Those who wait learn of it at once, rather than each after tries of its own.
    if (this.#processes.size === 0 && this.#failedStarts >= MAX_ATTEMPT_COUNT)
      for (const { resolve } of this.#queue.clear()) resolve({ unavailable: true })
    this.#next()
  }

  #runOn(process: PooledProcess, turn: Turn<Job>): void {
    const { item: job } = turn
    const { isFresh } = process
    const share = this.#options.memory.take(job.request.budget.memoryBytes)
    process.run(job.request, share.granted).then(
      (outcome) => {
        share.release()
        this.#finish(job, outcome, isFresh)
        this.#charge(turn, process.lastJobSeconds)
        this.#next()
      },
      () => {
        share.release()
        turn.end(0)
        job.resolve({ unavailable: true })
      },
    )
  }

  #charge({ party: { address }, end }: Turn<Job>, seconds: number): void {
    end(seconds)
    this.#options.use.add(address, seconds)
    this.#costs.set(address, ((this.#costs.get(address) ?? seconds) + seconds) / 2)
  }

  /** Answers a job whose outcome is certain, and runs others again. */
  #finish(job: Job, outcome: Outcome, isFresh: boolean): void {
    const { resolve } = job
    if (!('fileFault' in outcome) && !('failed' in outcome)) return resolve(outcome)
    if (this.#closed) return resolve(null)
    if ('failed' in outcome) {
      this.#log(outcome.failed)
      return isLasting(outcome.failed) ? resolve(outcome) : this.#retry(job)
    }
    const { reason, fileFault } = outcome
    this.#log(reason)
    if (!fileFault) return this.#retry(job)
    // An earlier picture may have broken the process, so a file counts as faulty only after fresh ones.
    if (isFresh && ++job.crashes >= MAX_CRASH_COUNT) return resolve(fileFault)
    job.needsFresh = true
    this.#queue.unshift(job.party, job)
  }

  /** Runs a job again in a moment, or gives it up for now. */
  #retry(job: Job): void {
    if (++job.attempts >= MAX_ATTEMPT_COUNT) return job.resolve({ unavailable: true })
    const delay = RETRY_DELAY_MS * RETRY_DELAY_FACTOR ** (job.attempts - 1)
    const timer = setTimeout(() => {
      this.#paused.delete(job)
      this.#queue.unshift(job.party, job)
      this.#next()
    }, delay)
    this.#paused.set(job, timer)
  }

  #log(reason: string): void {
    this.#options.log?.warn(`a decoding process failed: ${reason}`)
  }
}
