import type { FastifyBaseLogger } from 'fastify'
import { toWireError } from './errors.ts'

/**
 * Lets a task run that nobody waits for. A promise that rejects without a catch would end the server (E6), so it
 * is the only way here. An error is logged.
 */
export function inBackground(
  task: Promise<unknown>,
  log: Pick<FastifyBaseLogger, 'warn' | 'error'>,
): void {
  task.catch((error: unknown) => {
    toWireError(error, log)
  })
}
