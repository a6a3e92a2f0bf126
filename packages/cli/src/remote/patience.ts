import { setTimeout } from 'node:timers/promises'
import { WireError } from '@wirephoto/board'
import { isPassing } from './ask.ts'

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000
/** The longest time for which a server's `Retry-After` is heeded in one go. */
const RETRY_AFTER_MAX_MS = 60_000

interface Patience {
  readonly signal: AbortSignal
  /** How long a server may be away or busy. */
  readonly patienceMs: number
  /** Called before each pause. */
  readonly onWait?: (why: unknown) => void
}

/**
 * Tries again while the server is away or busy. Rejects with another error at once, and with the last one in the end. A
 * try says by `goesOn` that the server is there, and then it may be away as long again.
 */
export async function persist<T>(
  attempt: (goesOn: () => void) => Promise<T>,
  patience: Patience,
): Promise<T> {
  const { signal, patienceMs, onWait } = patience
  let endsAt: number | null = null
  let pauseMs = FIRST_PAUSE_MS
  const goesOn = (): void => {
    endsAt = null
    pauseMs = FIRST_PAUSE_MS
  }
  for (;;)
    try {
      return await attempt(goesOn)
    } catch (error) {
      signal.throwIfAborted()
      const asked = error instanceof WireError ? (error.facts.retryAfterS ?? 0) * 1_000 : 0
      const waitMs = Math.max(pauseMs, Math.min(asked, RETRY_AFTER_MAX_MS))
      endsAt ??= performance.now() + patienceMs
      if (!isPassing(error) || performance.now() + waitMs > endsAt) throw error
      onWait?.(error)
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
      await setTimeout(waitMs, undefined, { signal })
    }
}
