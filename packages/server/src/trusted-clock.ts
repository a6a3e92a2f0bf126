import type { FastifyBaseLogger } from 'fastify'

/** The time for which a clock must run without a step before a deadline has passed by it. */
const STEADY_MS = 600_000
/** A wall clock that moves this far from the monotonic one was set. */
const MAX_STEP_MS = 5_000
/** The time for which a clock that is far from the newest stored time must stand before it is believed. */
const GAP_STANDS_MS = 3_600_000
const MAX_AHEAD_MS = 24 * 3_600_000
/** Servers of one database agree on the time within minutes. */
const MAX_BEHIND_MS = 60_000
/** How often the two clocks are compared. */
const SAMPLE_INTERVAL_MS = 10_000

/** The reason why a clock isn't trusted. */
type Doubt = 'started' | 'stepped' | 'behind' | 'ahead'

interface Options {
  /** The newest time that the folder or the database holds, in milliseconds since 1970; 0 for none. */
  readonly newest?: number
  readonly log?: Pick<FastifyBaseLogger, 'warn'>
  /** For tests. Default: ten minutes. */
  readonly steadyMs?: number | undefined
  /** The wall clock. For tests. */
  readonly wallNow?: () => number
  /** A clock that is never set. For tests. */
  readonly monotonicNow?: () => number
}

/**
 * The clock by which things end: the trash, command queues, leases, abandoned uploads.
 *
 * Wall clocks are set, by people and by machines. So a deadline has passed only when the wall clock has said so
 * for ten minutes without a step. It must stand near the newest time that is stored, or elsewhere for an hour.
 */
export class TrustedClock {
  readonly #wallNow: () => number
  readonly #monotonicNow: () => number
  readonly #steadyMs: number
  readonly #log: Pick<FastifyBaseLogger, 'warn'> | undefined
  readonly #timer: NodeJS.Timeout
  /** The newest time that was stored, or told by this clock while it was trusted. */
  #newest: number
  /** The monotonic time at which `#newest` held. */
  #newestAt: number
  /** The wall clock minus the monotonic one, as of the last sample. */
  #offset: number
  /** The monotonic time since which there was no step. */
  #steadySince: number
  #hasStepped = false
  /** The monotonic time since which the clock is far from `#newest`; null while it is near. */
  #gapSince: number | null = null
  #told: Doubt | null = null

  constructor(options: Options = {}) {
    const { newest = 0, log, steadyMs = STEADY_MS } = options
    const { wallNow = Date.now, monotonicNow = () => performance.now() } = options
    this.#wallNow = wallNow
    this.#monotonicNow = monotonicNow
    this.#steadyMs = steadyMs
    this.#log = log
    const monotonic = monotonicNow()
    this.#newest = newest || wallNow()
    this.#newestAt = monotonic
    this.#offset = wallNow() - monotonic
    this.#steadySince = monotonic
    this.#timer = setInterval(() => this.#sample(), SAMPLE_INTERVAL_MS).unref()
    this.#sample()
  }

  /**
   * The time to write into records, in milliseconds since 1970. It doesn't follow a wall clock that falls behind
   * what is stored, since what is written then would end too early.
   */
  now(): number {
    this.#sample()
    return Math.floor(Math.max(this.#wallNow(), this.#expected()))
  }

  /**
   * Returns the time before which everything is older than `ageMs` beyond doubt; null while the clock isn't
   * trusted, so that nothing ends.
   */
  expiredBefore(ageMs: number): number | null {
    return this.doubt() === null ? this.#wallNow() - this.#steadyMs - ageMs : null
  }

  /** Returns the time before which `expiredBefore` may have ended something, here or in an earlier process. */
  mayHaveExpiredBefore(ageMs: number): number {
    this.#sample()
    return this.#expected() - ageMs
  }

  /** Returns why the clock isn't trusted; null if it is. */
  doubt(): Doubt | null {
    this.#sample()
    if (this.#gapSince !== null) return this.#isBehind() ? 'behind' : 'ahead'
    if (this.#monotonicNow() - this.#steadySince >= this.#steadyMs) return null
    return this.#hasStepped ? 'stepped' : 'started'
  }

  /** Says in a sentence what is wrong with the clock. Null if nothing is, and in its first minutes. */
  problem(): string | null {
    const doubt = this.doubt()
    return doubt === null || doubt === 'started' ? null : SENTENCES[doubt]
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Compares the wall clock with the monotonic one, and with the newest time. Logs each cause once. */
  #sample(): void {
    const monotonic = this.#monotonicNow()
    const offset = this.#wallNow() - monotonic
    if (Math.abs(offset - this.#offset) > MAX_STEP_MS) {
      this.#steadySince = monotonic
      this.#hasStepped = true
      this.#gapSince = null
      this.#tell('stepped')
    }
    this.#offset = offset
    if (this.#isBehind() || this.#isAhead()) {
      this.#gapSince ??= monotonic
      if (monotonic - this.#gapSince < GAP_STANDS_MS) {
        this.#tell(this.#isBehind() ? 'behind' : 'ahead')
        return
      }
    }
    this.#gapSince = null
    if (monotonic - this.#steadySince < this.#steadyMs) return
    this.#hasStepped = false
    this.#told = null
    this.#newest = this.#wallNow()
    this.#newestAt = monotonic
  }

  /** The newest time, as it goes on by the monotonic clock. */
  #expected(): number {
    return this.#newest + this.#monotonicNow() - this.#newestAt
  }

  #isBehind(): boolean {
    return this.#wallNow() < this.#expected() - MAX_BEHIND_MS
  }

  #isAhead(): boolean {
    return this.#wallNow() > this.#expected() + MAX_AHEAD_MS
  }

  #tell(doubt: Exclude<Doubt, 'started'>): void {
    if (this.#told === doubt || (this.#told !== null && doubt === 'stepped')) return
    this.#told = doubt
    this.#log?.warn({ clock: doubt }, SENTENCES[doubt])
  }
}

const SENTENCES: Record<Exclude<Doubt, 'started'>, string> = {
  stepped:
    "This machine's clock was set. Nothing is removed for its age until it has run for ten minutes.",
  behind:
    "This machine's clock is behind the newest change that is stored. Set it right; nothing is removed for its age until then, or for an hour.",
  ahead:
    "This machine's clock is more than a day ahead of the newest change that is stored. If that is wrong, set it; nothing is removed for its age for an hour.",
}
