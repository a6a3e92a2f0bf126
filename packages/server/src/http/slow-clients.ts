import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { WireError } from '@wirephoto/board'
import { hasUnreadBody } from './body.ts'
import { answerAndClose } from './connections.ts'

/** Time between two looks at the requests under way. */
const LOOK_INTERVAL_MS = 5_000
/** A reader is slow who takes less than this, time and again. A browser on a 50 kbit/s line may read six files at once. */
const SLOW_READER_BYTES_PER_S = 2_000
/** Time for which a reader must be slow to count as such. */
const SLOW_AFTER_MS = 10_000
/** Time in which an answer must bring its least: the system passes bytes on in lumps of a hundred kilobytes. */
const ANSWER_WINDOW_MS = 300_000
/** The same for a body. An upload's own rule comes before it, and keeps the bytes that came (N4). */
const BODY_WINDOW_MS = 75_000
const MINUTE_MS = 60_000

interface SlowClientsOptions {
  /** Slow readers of all addresses together. */
  readonly max: number
  readonly maxPerAddress: number
  /** The least that an answer takes in a minute while its reader lets it wait. */
  readonly answerBytesPerMinute: number
  /** The least that a body brings in a minute. */
  readonly bodyBytesPerMinute: number
  /** Finds the address that a request comes from. */
  readonly addressOf: (request: IncomingMessage) => string
  /** A monotonic clock. For tests. */
  readonly now?: () => number
}

/** A request under way, and what its client has taken and sent as of the last look. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly socket: Socket
  readonly address: string
  takenBytes: number
  progressedAt: number
  lookedAt: number
  /** Since when its reader is slow; null if it isn't. */
  slowSince: number | null
  answer: Window | null
  body: Window | null
}

interface Window {
  readonly since: number
  readonly bytes: number
}

/**
 * The requests under way whose client is slow: bodies that come in drops, and answers that nobody takes. Each has a
 * least rate. An address has so many slow readers; the one that took nothing for longest gives way.
 */
export class SlowClients {
  readonly #options: SlowClientsOptions
  readonly #now: () => number
  readonly #exchanges = new Set<Exchange>()
  readonly #timer: NodeJS.Timeout

  constructor(options: SlowClientsOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#timer = setInterval(() => this.look(), LOOK_INTERVAL_MS).unref()
  }

  /** Watches a request until it is answered. */
  watch(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const now = this.#now()
    const exchange: Exchange = {
      request,
      response,
      socket,
      address: this.#options.addressOf(request),
      takenBytes: takenBytes(socket),
      progressedAt: now,
      lookedAt: now,
      slowSince: null,
      answer: null,
      body: null,
    }
    this.#exchanges.add(exchange)
    response.once('close', () => this.#exchanges.delete(exchange))
  }

  /** Ends the requests that are too slow, and the slow readers that are too many. */
  look(): void {
    const now = this.#now()
    const slow: Exchange[] = []
    for (const exchange of this.#exchanges) {
      this.#observe(exchange, now)
      if (this.#isBodyTooSlow(exchange, now)) breakOff(exchange)
      else if (this.#isAnswerTooSlow(exchange, now)) exchange.socket.destroy()
      else if (exchange.slowSince !== null && now - exchange.slowSince >= SLOW_AFTER_MS)
        slow.push(exchange)
    }
    this.#makeRoom(slow)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Notes what the reader has taken since the last look. */
  #observe(exchange: Exchange, now: number): void {
    const { socket } = exchange
    const taken = takenBytes(socket)
    const more = taken - exchange.takenBytes
    const leastBytes = (SLOW_READER_BYTES_PER_S * (now - exchange.lookedAt)) / 1_000
    exchange.takenBytes = taken
    exchange.lookedAt = now
    if (more > 0) exchange.progressedAt = now
    if (socket.writableLength === 0 || more >= leastBytes) exchange.slowSince = null
    else exchange.slowSince ??= now
  }

  #isAnswerTooSlow(exchange: Exchange, now: number): boolean {
    const { takenBytes: bytes, slowSince, answer } = exchange
    // A fast reader begins with a new window when it turns slow.
    if (slowSince === null) exchange.answer = null
    else if (answer === null || now - answer.since >= ANSWER_WINDOW_MS) {
      exchange.answer = { since: now, bytes }
      const least = (this.#options.answerBytesPerMinute * ANSWER_WINDOW_MS) / MINUTE_MS
      return answer !== null && bytes - answer.bytes < least
    }
    return false
  }

  #isBodyTooSlow(exchange: Exchange, now: number): boolean {
    const { request, socket, body } = exchange
    const bytes = socket.bytesRead
    // Bytes that lie here wait for the server.
    const isAwaited = request.readableFlowing !== null && request.readableLength === 0
    if (!hasUnreadBody(request) || !isAwaited) exchange.body = null
    else if (body === null || now - body.since >= BODY_WINDOW_MS) {
      exchange.body = { since: now, bytes }
      const least = (this.#options.bodyBytesPerMinute * BODY_WINDOW_MS) / MINUTE_MS
      return body !== null && bytes - body.bytes < least
    }
    return false
  }

  /** Cuts off the slow readers of the fullest address, those without progress for longest, until the rest keep to the bounds. */
  #makeRoom(slow: readonly Exchange[]): void {
    const { max, maxPerAddress } = this.#options
    const byAddress = Map.groupBy(
      slow.toSorted((a, b) => b.progressedAt - a.progressedAt),
      ({ address }) => address,
    )
    let count = slow.length
    for (const readers of [...byAddress.values()].sort((a, b) => b.length - a.length)) {
      const share = count > max ? Math.min(maxPerAddress, max / byAddress.size) : maxPerAddress
      for (; readers.length > share; count--) readers.pop()!.socket.destroy()
    }
  }
}

/** Tells the sender of a body that comes in drops, if it can still be told, and closes its connection. */
function breakOff({ response, socket }: Exchange): void {
  if (response.headersSent) socket.destroy()
  else answerAndClose(socket, new WireError('busy'))
}

/**
 * Returns the bytes that have left for the reader. A long write leaves bit by bit, and only the socket's handle knows how
 * far it is: a private part of Node, which `slow-clients.test.ts` checks.
 */
export function takenBytes(socket: Socket): number {
  const { _handle: handle } = socket as unknown as PrivateSocket
  return handle ? handle.bytesWritten - handle.writeQueueSize : socket.bytesWritten
}

interface PrivateSocket {
  readonly _handle: { readonly bytesWritten: number; readonly writeQueueSize: number } | null
}
