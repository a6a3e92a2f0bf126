import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'

/** Bytes and milliseconds that a refused body is still read, so that its sender gets to the answer. */
const DRAIN = { bytes: 16_777_216, time: 5_000 }

/** Requests that wait for `100 Continue` before they send their body (RFC 9110 section 10.1.1). */
const waiting = new WeakMap<IncomingMessage, ServerResponse>()

export function expectContinue(request: IncomingMessage, response: ServerResponse): void {
  waiting.set(request, response)
}

/** The body, asked for now that it is wanted. */
export function openBody(request: IncomingMessage): IncomingMessage {
  waiting.get(request)?.writeContinue()
  waiting.delete(request)
  return request
}

/** Bytes that the sender declares; null when it doesn't. */
export function declaredLength(request: IncomingMessage): number | null {
  const text = request.headers['content-length']
  return text === undefined ? null : Number(text)
}

/** Whether a body was sent that nobody has read to its end. */
export function hasUnreadBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers
  return !request.complete && (coding !== undefined || Number(length ?? 0) > 0)
}

/**
 * An answer to a request whose body isn't wanted: the answer at once, then a bounded part of the
 * body, then the end, upon which the server closes the connection. Closed without that, many
 * senders would never see the answer (RFC 9112 section 9.6).
 */
export async function* lastWords(answer: string, request: IncomingMessage): AsyncGenerator<string> {
  yield answer
  // Who waits for `100 Continue` has sent nothing.
  if (!waiting.has(request)) await Promise.race([drain(request), setTimeout(DRAIN.time)])
}

function drain(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let left = DRAIN.bytes
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left > 0) return
      request.pause()
      resolve()
    })
    request.once('end', resolve)
    request.once('close', resolve)
    request.once('error', () => resolve())
    request.resume()
  })
}
