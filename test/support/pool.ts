import { cpus } from 'node:os'

/** How often a pool looks whether cores are idle. */
const LOOK_INTERVAL_MS = 1_000
/** The share of all cores that must have been idle since the last look: half of one on a small machine. */
const MIN_IDLE_FACTOR = 0.25

interface PoolOptions {
  /** How many run at a time, however busy the machine is. */
  readonly least: number
  /** How many run at a time while cores are idle. */
  readonly most: number
  /** Returns the share of all cores that has been idle since the last call. */
  readonly readIdle?: () => number
}

/** Runs a function on each item, in order, on some at a time: on one more after each second in which cores were idle. */
export function runPool<T>(
  items: readonly T[],
  run: (item: T) => Promise<void>,
  { least, most, readIdle = idleReader() }: PoolOptions,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const waiting = [...items]
  let runningCount = 0
  const startNext = (): void => {
    const [item] = waiting.splice(0, 1) as [T]
    runningCount++
    run(item).then(() => {
      runningCount--
      fill()
    }, reject)
  }
  const fill = (): void => {
    while (waiting.length > 0 && runningCount < least) startNext()
    if (runningCount === 0) resolve()
  }
  const timer = setInterval(() => {
    const isIdle = readIdle() >= MIN_IDLE_FACTOR
    if (isIdle && waiting.length > 0 && runningCount < most) startNext()
  }, LOOK_INTERVAL_MS)
  fill()
  return promise.finally(() => clearInterval(timer))
}

function idleReader(): () => number {
  let before = readTimes()
  return () => {
    const now = readTimes()
    const share = (now.idleMs - before.idleMs) / (now.allMs - before.allMs)
    before = now
    return share
  }
}

/** Returns the idle time of all cores together since the machine's start, and the time that passed on all of them. */
function readTimes(): { idleMs: number; allMs: number } {
  const cores = cpus()
  const idleMs = cores.reduce((sum, { times }) => sum + times.idle, 0)
  return { idleMs, allMs: performance.now() * cores.length }
}
