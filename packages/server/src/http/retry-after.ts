import type { WireError } from '@wirephoto/board'

/** Time in seconds after which another try may succeed, where nothing tells better. */
const RETRY_AFTER_S = 2

/** Returns the `Retry-After` of an error's answer, in seconds (RFC 9110 section 10.2.3); null for one without. */
export function retryAfterOf({ status, facts }: WireError): string | null {
  if (status !== 429 && status !== 503) return null
  return String(Math.max(1, facts.retryAfterS ?? RETRY_AFTER_S))
}
