import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Duplex, PassThrough, Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib'
import { WireError } from '@wirephoto/board'

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

/** Largest window of a body in zstd: one request could take 128 MB without it (RFC 9659 section 3). */
const ZSTD_WINDOW_BYTES = 8_388_608

/** The codings of a body that are undone (RFC 9110 section 8.4). */
const decoders = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: () =>
    createZstdDecompress({
      params: { [constants.ZSTD_d_windowLogMax]: Math.log2(ZSTD_WINDOW_BYTES) },
    }),
  identity: () => new PassThrough(),
}
export const ACCEPTED_CODINGS = 'gzip, deflate, br, zstd'

/** Returns the coding of the body; null if it comes as it is. */
const codingOf = ({ headers }: IncomingMessage): string | null =>
  headers['content-encoding']?.trim().toLowerCase() || null

/** Returns whether the body comes packed. */
export const isPacked = (request: IncomingMessage): boolean => codingOf(request) !== null

/** Throws `wrong-encoding` if the body is packed: for routes that need its bytes as they come. */
export function assertPlain(request: IncomingMessage): void {
  const coding = codingOf(request)
  if (coding !== null && coding !== 'identity')
    throw new WireError('wrong-encoding', { field: coding })
}

/**
 * Returns the body as it was before it was packed, as a stream: whoever reads it bounds its bytes. Throws
 * `wrong-encoding` for an unknown coding. A body that isn't what its coding says fails as `damaged`.
 */
export function decodedBody(request: IncomingMessage, name: string): Readable {
  const coding = codingOf(request)
  if (coding === null) return openBody(request)
  if (!Object.hasOwn(decoders, coding)) throw new WireError('wrong-encoding', { field: coding })
  return Readable.from(decode(request, decoders[coding as keyof typeof decoders](), name), {
    objectMode: false,
  })
}

async function* decode(
  request: IncomingMessage,
  decoder: Duplex,
  name: string,
): AsyncGenerator<Buffer> {
  request.once('close', () => {
    if (!request.complete) decoder.destroy(new Error('The body breaks off'))
  })
  try {
    // The end of this loop destroys the decoder, and the request stays readable for its answer.
    for await (const chunk of openBody(request).pipe(decoder)) yield chunk as Buffer
  } catch (cause) {
    throw new WireError('damaged', { name }, { cause })
  }
}

/** Returns the declared length of what `decodedBody` yields; null if it isn't known. */
export const plainLength = (request: IncomingMessage): number | null =>
  codingOf(request) === null ? declaredLength(request) : null

/** Reads a body of a few bytes to its end. `assertBytes` throws if they are too many. */
export async function wholeBody(
  chunks: AsyncIterable<Buffer>,
  assertBytes: (count: number) => void,
): Promise<Buffer> {
  const pieces: Buffer[] = []
  let count = 0
  for await (const chunk of chunks) {
    count += chunk.length
    assertBytes(count)
    pieces.push(chunk)
  }
  return Buffer.concat(pieces)
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
