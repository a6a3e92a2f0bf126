import { findElsewhere } from './find-elsewhere.ts'
import type { NodeClient } from './node-client.ts'
import { NODE_REQUESTS_PATH } from './node-requests.ts'

/** The address of answers to requests with a key, for other servers. */
export const ANSWER_PATH = `${NODE_REQUESTS_PATH}answer`
/** Time for the others: whoever sends a request with a key waits for them. */
const FIND_TIMEOUT_MS = 1_000
/** More than any answer that is kept. */
const ANSWER_BYTES = 1024 * 1024

/** Finds what another server knows of a request with a key, as JSON. Null if none knows it. */
export async function findAnswerElsewhere(client: NodeClient, key: string): Promise<string | null> {
  const path = `${ANSWER_PATH}?${new URLSearchParams({ key })}`
  const found = await findElsewhere(client, {
    path,
    timeoutMs: FIND_TIMEOUT_MS,
    maxBytes: ANSWER_BYTES,
  })
  return found?.toString() ?? null
}
