import type { Problem } from './types.ts'

const BACKOFF_FIRST_MS = 400
const BACKOFF_LONGEST_MS = 5_000
/** The longest wait that a server may ask for. */
const RETRY_AFTER_MAX_S = 60

/** Returns the milliseconds to wait before the next try: doubled each time, and spread over many clients. */
export const backoff = (failures: number): number =>
  Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures, 10)) *
  (0.5 + Math.random())

/** Returns the milliseconds to wait after a refusal: no less than the server has asked for. */
export const backoffAfter = (why: Problem | null, failures: number): number =>
  Math.min(why?.retryAfterS ?? 0, RETRY_AFTER_MAX_S) * 1_000 + backoff(failures)
