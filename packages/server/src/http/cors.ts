import type { IncomingMessage } from 'node:http'
import { AREA_HEADER, NOTICES_HEADER } from '@wirephoto/board'
import type { FastifyReply } from 'fastify'

/*
 * Cross-origin requests of the sites that the operator allows (the Fetch standard, section 3.3). They come without
 * credentials: nothing here says `Access-Control-Allow-Credentials`, so a browser sends no cookie for such a page.
 */

/** Headers of answers that scripts read. */
const EXPOSED_HEADERS = [
  'Accept-Ranges',
  'Allow',
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'Location',
  'Retry-After',
  'Server-Timing',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Resumable',
  'Tus-Version',
  'Upload-Complete',
  'Upload-Draft-Interop-Version',
  'Upload-Length',
  'Upload-Limit',
  'Upload-Metadata',
  'Upload-Offset',
  AREA_HEADER,
  NOTICES_HEADER,
].join(', ')
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
/** A browser asks again after this time. Chromium keeps an answer for two hours at most. */
const PREFLIGHT_AGE_S = 600
/** A list of header names. */
const HEADER_NAMES = /^[\w-]+(?:\s*,\s*[\w-]+)*$/

/** Returns the headers of every answer to a page of an allowed origin, errors too. */
export const headersFor = (origin: string): Record<string, string> => ({
  'access-control-allow-origin': origin,
  'access-control-expose-headers': EXPOSED_HEADERS,
})

/** Returns whether a browser asks if it may send another request. */
export const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' && headers['access-control-request-method'] !== undefined

/** Returns the headers of the answer to that: every method, and the headers that the page means to send. */
export function preflightHeaders({ headers }: IncomingMessage): Record<string, string> {
  const asked = String(headers['access-control-request-headers'] ?? '')
  return {
    'access-control-allow-methods': METHODS,
    'access-control-max-age': String(PREFLIGHT_AGE_S),
    ...(HEADER_NAMES.test(asked) && { 'access-control-allow-headers': asked }),
  }
}

/** Tells caches that the answer depends on this header of the request too. */
export function addVary(reply: FastifyReply, name: string): void {
  const known = reply.getHeader('vary')
  reply.header('vary', known === undefined ? name : `${String(known)}, ${name}`)
}
