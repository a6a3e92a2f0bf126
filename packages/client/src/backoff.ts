/** Milliseconds. */
const FIRST = 400
const LONGEST = 5_000

/** How long to wait before the next try: doubling, and spread so that not everybody comes at once. */
export const backoff = (failures: number): number =>
  Math.min(LONGEST, FIRST * 2 ** Math.min(failures, 10)) * (0.5 + Math.random())
