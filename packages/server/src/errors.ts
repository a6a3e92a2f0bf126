import { WireError } from '@wirephoto/board'
import { isDiskFull, isScarcity } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'

/** Returns the error that a client is sent. An unforeseen one is logged, and sent without its details. */
export function toWireError(
  error: unknown,
  log: Pick<FastifyBaseLogger, 'warn' | 'error'>,
): WireError {
  if (error instanceof WireError) {
    // A database that is away is not our fault, but its operator must learn of it.
    if (error.status >= 500 && error.cause) log.warn({ err: error.cause }, error.code)
    return error
  }
  if (isDiskFull(error)) return new WireError('disk-full')
  if (isScarcity(error)) {
    log.warn({ err: error }, 'busy')
    return new WireError('busy')
  }
  log.error({ err: error }, 'unforeseen')
  return new WireError('internal')
}
