const BACKOFF_FIRST_MS = 400
const BACKOFF_LONGEST_MS = 5_000

/** Returns the milliseconds to wait before the next try: doubled each time, and spread over many clients. */
export const backoff = (failures: number): number =>
  Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures, 10)) *
  (0.5 + Math.random())
