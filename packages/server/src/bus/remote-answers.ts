import type { Elsewhere } from './elsewhere.ts'
import { NODE_REQUESTS_PATH } from './node-requests.ts'

/** The address of answers to requests with a key, for other servers. */
export const ANSWER_PATH = `${NODE_REQUESTS_PATH}answer`
/** Time for the others: whoever sends a request with a key waits for them. */
const FIND_TIMEOUT_MS = 3_000
/** Several times what all kept answers have together by default. */
const ANSWER_BYTES = 64 * 1024 * 1024

/** Finds what another server knows of a request with a key, as JSON. Null if none knows it. */
export function findAnswer(elsewhere: Elsewhere, key: string): Promise<string | null> {
  const path = `${ANSWER_PATH}?${new URLSearchParams({ key })}`
  return elsewhere.find({ path, timeoutMs: FIND_TIMEOUT_MS, maxBytes: ANSWER_BYTES })
}
