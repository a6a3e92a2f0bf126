import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'

/** A refused body is still read, so that its sender gets to the answer. */
const DRAINED_BODY_BYTES = 16_777_216
const DRAIN_TIMEOUT_MS = 5_000

/** Requests that wait for `100 Continue` before they send their body (RFC 9110 section 10.1.1). */
const waiting = new WeakMap<IncomingMessage, ServerResponse>()

/** Keeps a request waiting until its body is opened. */
export function expectContinue(request: IncomingMessage, response: ServerResponse): void {
  waiting.set(request, response)
}

/** Returns the body, and asks a sender for it who waits for `100 Continue`. */
export function openBody(request: IncomingMessage): IncomingMessage {
  waiting.get(request)?.writeContinue()
  waiting.delete(request)
  return request
}

/** Returns the body's declared length in bytes; null without one. */
export function declaredLength(request: IncomingMessage): number | null {
  const text = request.headers['content-length']
  return text === undefined ? null : Number(text)
}

/** Returns whether the request has a body that nobody has read to its end. */
export function hasUnreadBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers
  return !request.complete && (coding !== undefined || Number(length ?? 0) > 0)
}

/**
 * Yields the answer to a request whose body isn't wanted, then reads a bounded part of the body before the
 * end. Many senders would never see the answer if the connection closed at once (RFC 9112 section 9.6).
 */
export async function* answerBeforeDrain(
  answer: string,
  request: IncomingMessage,
): AsyncGenerator<string> {
  yield answer
  // A sender who waits for `100 Continue` has sent nothing.
  if (!waiting.has(request)) await Promise.race([drain(request), setTimeout(DRAIN_TIMEOUT_MS)])
}

function drain(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let left = DRAINED_BODY_BYTES
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
