import type { Server } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'

/**
 * Keeps a listening server alive that can't accept a connection, and closes those that are idle, so that the next one
 * finds a descriptor. An 'error' event that nobody hears would end the process (E6).
 */
export function surviveAcceptErrors(server: Server, log: Pick<FastifyBaseLogger, 'error'>): void {
  server.on('error', (error) => {
    // The caller of `listen` hears of its own errors.
    if (!server.listening) return
    server.closeIdleConnections()
    log.error({ err: error }, 'a connection was not accepted')
  })
}
