import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import type { MetricsAddress } from '../config.ts'
import { inBackground } from '../in-background.ts'
import type { Metrics } from '../metrics.ts'
import { surviveAcceptErrors } from './accept-errors.ts'
import { listen } from './listen.ts'

/** A few programs collect the measurements; more connections are closed at once. */
const CONNECTIONS_COUNT = 50

/**
 * Serves the measurements at an address of their own, and nothing else there. Defers its end onto `stack`; resolves to
 * the port.
 */
export async function serveMetrics(
  metrics: Metrics,
  address: MetricsAddress,
  log: FastifyBaseLogger,
  stack: AsyncDisposableStack,
): Promise<number> {
  const server = createServer((request, response) =>
    inBackground(answer(metrics, request, response), log),
  )
  server.maxConnections = CONNECTIONS_COUNT
  surviveAcceptErrors(server, log)
  // The stack is emptied from its top: first no more connections are taken.
  stack.defer(() => server.closeAllConnections())
  return listen(server, address, stack)
}

async function answer(
  metrics: Metrics,
  { method, url }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('x-content-type-options', 'nosniff')
  if (url !== '/metrics') return end(response, 404)
  if (method !== 'GET' && method !== 'HEAD')
    return end(response.setHeader('allow', 'GET, HEAD'), 405)
  const text = await metrics.read().catch(() => null)
  if (text === null) return end(response, 500)
  response.setHeader('content-type', metrics.registry.contentType)
  end(response, 200, text)
}

function end(response: ServerResponse, status: number, text = ''): void {
  response.statusCode = status
  response.end(text)
}
