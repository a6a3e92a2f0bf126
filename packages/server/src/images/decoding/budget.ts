/** Resources that one job may use (D1). */
export interface Budget {
  /** CPU seconds, not wall-clock: a busy machine must not reject a valid picture. */
  readonly cpuSeconds: number
  /** Resident bytes of the process. */
  readonly memoryBytes: number
}

/** The resource of which a job wanted more than its budget. */
export type Overrun = 'time' | 'memory'

/** Exit statuses of a process whose job is over its budget, should its reply get lost. */
export const OVER_BUDGET_STATUSES: Readonly<Record<Overrun, number>> = { time: 75, memory: 76 }
const BUDGET_CHECK_INTERVAL_MS = 50

/** libvips works on threads of its own, so this thread can end the process while a job runs. */
export function enforce({ cpuSeconds, memoryBytes }: Budget): NodeJS.Timeout {
  const before = process.cpuUsage()
  return setInterval(() => {
    const { user, system } = process.cpuUsage(before)
    if (process.memoryUsage.rss() >= memoryBytes) end('memory')
    else if ((user + system) / 1e6 >= cpuSeconds) end('time')
  }, BUDGET_CHECK_INTERVAL_MS)
}

function end(tooHeavy: Overrun): void {
  process.send!({ tooHeavy }, () => process.exit(OVER_BUDGET_STATUSES[tooHeavy]))
}
