import { createServer, type IncomingMessage, type Server } from 'node:http'
import { expectContinue } from './body.ts'

/** An upload may take hours, but not stand still for long. */
const CONNECTION_IDLE_TIMEOUT_MS = 120_000
const HEADERS_TIMEOUT_MS = 30_000

/** Makes a server without a time limit for whole requests, since uploads are long. Silence ends a connection. */
export function createHttpServer(handle: Parameters<typeof createServer>[1] & {}): Server {
  const server = createServer(
    { requestTimeout: 0, headersTimeout: HEADERS_TIMEOUT_MS, shouldUpgradeCallback: isWebSocket },
    (request, response) => {
      overrideMethod(request)
      handle(request, response)
    },
  )
  server.timeout = CONNECTION_IDLE_TIMEOUT_MS
  server.on('checkContinue', (request, response) => {
    expectContinue(request, response)
    server.emit('request', request, response)
  })
  return server
}

/**
 * Takes an upload's method from a header, for senders that have no PATCH (tus): "If the
 * X-HTTP-Method-Override header is present, the Server MUST interpret its value as the request's method".
 */
function overrideMethod(request: IncomingMessage): void {
  const method = request.headers['x-http-method-override']
  if (request.method !== 'POST' || !/\/uploads\//.test(request.url ?? '')) return
  if (method === 'PATCH' || method === 'DELETE' || method === 'HEAD') request.method = method
}

/** Returns whether to upgrade. Offers of HTTP/2 are ignored (RFC 9110 section 7.8). */
const isWebSocket = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket'
