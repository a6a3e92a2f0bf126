import { WireError } from '@wirephoto/board'
import { isDiskFull } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'

/** What is told of an error. One that we didn't foresee is logged, and told without its inside. */
export function toWireError(error: unknown, log: FastifyBaseLogger): WireError {
  if (error instanceof WireError) {
    // A database that is away is no fault of ours, but its operator must hear of it.
    if (error.status >= 500 && error.cause) log.warn({ err: error.cause }, error.code)
    return error
  }
  if (isDiskFull(error)) return new WireError('disk-full')
  log.error({ err: error }, 'unforeseen')
  return new WireError('internal')
}
