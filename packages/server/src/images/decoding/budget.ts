/** Resources that one job may use (D1). */
export interface Budget {
  /** CPU seconds, not wall-clock: a busy machine must not reject a valid picture. */
  readonly cpuSeconds: number
  /** Resident bytes of the process. */
  readonly memoryBytes: number
}

/** Exit status of a process whose job is over its budget, should its reply get lost. */
export const OVER_BUDGET_STATUS = 75
const BUDGET_CHECK_INTERVAL_MS = 50

/** libvips works on threads of its own, so this thread can end the process while a job runs. */
export function enforce({ cpuSeconds, memoryBytes }: Budget): NodeJS.Timeout {
  const before = process.cpuUsage()
  return setInterval(() => {
    const { user, system } = process.cpuUsage(before)
    const isWithin = (user + system) / 1e6 < cpuSeconds && process.memoryUsage.rss() < memoryBytes
    if (!isWithin) process.send!({ tooHeavy: true }, () => process.exit(OVER_BUDGET_STATUS))
  }, BUDGET_CHECK_INTERVAL_MS)
}
