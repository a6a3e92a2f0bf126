import { WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'

/** Disks that take no more: full, over quota, file too large for them. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** What is told of an error. One that we didn't foresee is logged, and told without its inside. */
export function toWireError(error: unknown, log: FastifyBaseLogger): WireError {
  if (error instanceof WireError) {
    // A database that is away is no fault of ours, but its operator must hear of it.
    if (error.status >= 500 && error.cause) log.warn({ err: error.cause }, error.code)
    return error
  }
  const { code } = (error ?? {}) as { code?: unknown }
  if (typeof code === 'string' && FULL.has(code)) return new WireError('disk-full')
  log.error({ err: error }, 'unforeseen')
  return new WireError('internal')
}
