import { setTimeout as sleep } from 'node:timers/promises'

/** How often a doorbell polls all watched boards, for appends that no notification has announced. */
export const POLL_INTERVAL_MS = 3_000
/** The delay before a subscription is opened again. It doubles with each failure, up to the maximum. */
const MIN_RETRY_DELAY_MS = 100
const MAX_RETRY_DELAY_MS = 5_000

/** A subscription to the notifications of a database. */
export interface Subscription<S> {
  /** Opens the subscription again. */
  open(): Promise<S>
  /** Handles its notifications. Resolves when it has ended, or rejects when it has failed. */
  serve(subscription: S): Promise<void>
  /** Ends the listening. The caller closes what is open. */
  readonly signal: AbortSignal
}

/**
 * Serves a subscription, and each one that replaces it, until the signal aborts. Never rejects.
 *
 * @remarks A subscription that ends is opened again at once. One that fails is opened again after a delay.
 * @param first The subscription that is open already.
 */
export async function keepListening<S>(
  first: S,
  { open, serve, signal }: Subscription<S>,
): Promise<void> {
  let current: S | null = first
  let delay = MIN_RETRY_DELAY_MS
  while (!signal.aborted)
    try {
      current ??= await open()
      delay = MIN_RETRY_DELAY_MS
      await serve(current)
      current = null
    } catch {
      current = null
      await sleep(delay, null, { signal }).catch(() => {})
      delay = Math.min(delay * 2, MAX_RETRY_DELAY_MS)
    }
}
