import { setTimeout } from 'node:timers/promises'
import { WireError } from '@wirephoto/board'
import { EngineError, systemErrorCode } from '@wirephoto/engine'

/** The absence that is waited for: a database that restarts or fails over takes seconds. */
const MAX_AWAY_MS = 30_000
const RETRY_INTERVAL_MS = 500

/** How the end of a server is seen by who reads from its socket. Its next start makes the socket again. */
const SOCKET_ENDED = /^(?:ECONNRESET|ECONNREFUSED|EPIPE|ERR_STREAM_PREMATURE_CLOSE)$/

interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  /** Called once, when the wait begins. */
  readonly onAway?: (() => void) | undefined
  /** For tests. */
  readonly maxAwayMs?: number
}

/**
 * Does something that can be repeated, again and again while a database or a server is away. Rejects with the last
 * failure after 30 s, and with every other failure at once.
 */
export async function retryWhileAway<T>(
  work: () => Promise<T>,
  { signal, onAway, maxAwayMs = MAX_AWAY_MS }: WaitOptions = {},
): Promise<T> {
  let awaySince: number | null = null
  for (;;) {
    const beganAt = performance.now()
    try {
      return await work()
    } catch (error) {
      if (!isAway(error)) throw error
      if (awaySince === null) onAway?.()
      awaySince ??= beganAt
      if (performance.now() - awaySince > maxAwayMs) throw error
    }
    await setTimeout(RETRY_INTERVAL_MS, null, { signal })
  }
}

/** Two mistakes in a URL: a name that no database, or no machine, has. */
const MISTAKEN = /^(?:3D000|ENOTFOUND)$/
const AWAY_CODES: ReadonlySet<string> = new Set(['away', 'busy', 'stopping'])

function isAway(error: unknown): boolean {
  if (error instanceof WireError) return AWAY_CODES.has(error.code)
  if (error instanceof EngineError)
    return error.code === 'unreachable' && !MISTAKEN.test(systemErrorCode(error.cause) ?? '')
  const { syscall } = error as { readonly syscall?: string }
  return syscall === 'connect' || SOCKET_ENDED.test(systemErrorCode(error) ?? '')
}
