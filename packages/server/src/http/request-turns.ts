import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** One connection: whether a request of it is being answered, and the requests behind that one. */
interface Connection {
  isBusy: boolean
  readonly waiting: Turn[]
}

interface Turn {
  readonly response: ServerResponse
  /** Its share of the requests that may wait: one, and one more for each few kilobytes of its headers. */
  readonly weight: number
  readonly serve: () => void
}

/** Bytes of an address and headers that count as one more request. */
const WEIGHED_HEADERS_BYTES = 2_000

interface RequestTurnsOptions {
  /** Requests that may wait behind others, on all connections together. */
  readonly maxWaiting: number
  /** Requests that may wait on one connection. */
  readonly maxPerConnection: number
}

/**
 * Serves the requests of each connection one at a time, in their order. A client that pipelines and takes
 * no answer costs one request, and as many unopened ones as its connection had sent in one read.
 */
export class RequestTurns {
  readonly #maxWaiting: number
  readonly #maxPerConnection: number
  readonly #connections = new WeakMap<Socket, Connection>()
  /** The connections with requests that wait. */
  readonly #crowded = new Map<Socket, Connection>()
  #waitingCount = 0

  constructor({ maxWaiting, maxPerConnection }: RequestTurnsOptions) {
    this.#maxWaiting = maxWaiting
    this.#maxPerConnection = maxPerConnection
  }

  /** Calls `serve` when the requests before this one on its connection are answered. */
  take(request: IncomingMessage, response: ServerResponse, serve: () => void): void {
    const { socket } = request
    // The requests of a connection that was closed for their number still come out of its last read.
    if (socket.destroyed) return
    const connection = this.#connectionOf(socket)
    const turn = { response, weight: weightOf(request), serve }
    if (!connection.isBusy) return this.#start(socket, connection, turn)
    connection.waiting.push(turn)
    this.#crowded.set(socket, connection)
    // Bytes that are not read yet stay with their sender.
    socket.pause()
    this.#waitingCount += turn.weight
    if (connection.waiting.length > this.#maxPerConnection) this.#drop(socket, connection)
    else if (this.#waitingCount > this.#maxWaiting) this.#dropLargest()
  }

  #connectionOf(socket: Socket): Connection {
    const known = this.#connections.get(socket)
    if (known) return known
    const connection: Connection = { isBusy: false, waiting: [] }
    this.#connections.set(socket, connection)
    // Node resumes a connection for each body that is read.
    socket.on('resume', () => {
      if (connection.waiting.length > 0) socket.pause()
    })
    socket.once('close', () => this.#forget(socket, connection))
    return connection
  }

  #start(socket: Socket, connection: Connection, { response, serve }: Turn): void {
    connection.isBusy = true
    response.once('close', () => {
      // Other connections have their turns in between.
      if (connection.waiting.length > 0) setImmediate(() => this.#next(socket, connection))
      else connection.isBusy = false
    })
    serve()
  }

  #next(socket: Socket, connection: Connection): void {
    const turn = connection.waiting.shift()
    if (!turn) {
      connection.isBusy = false
      return
    }
    this.#waitingCount -= turn.weight
    if (connection.waiting.length === 0) {
      this.#crowded.delete(socket)
      socket.resume()
    }
    this.#start(socket, connection, turn)
  }

  #forget(socket: Socket, connection: Connection): void {
    this.#waitingCount -= weightOfAll(connection)
    connection.waiting.length = 0
    this.#crowded.delete(socket)
  }

  /** Closes a connection. Its client may send the requests that wait again (RFC 9112 section 9.3.2). */
  #drop(socket: Socket, connection: Connection): void {
    this.#forget(socket, connection)
    socket.destroy()
  }

  /** Closes the connection whose requests weigh most. */
  #dropLargest(): void {
    const [first, ...rest] = this.#crowded
    if (!first) return
    const [socket, connection] = rest.reduce(
      (most, each) => (each[1].waiting.length > most[1].waiting.length ? each : most),
      first,
    )
    this.#drop(socket, connection)
  }
}

function weightOf({ url = '', rawHeaders }: IncomingMessage): number {
  const length = rawHeaders.reduce((sum, text) => sum + text.length, url.length)
  return 1 + Math.floor(length / WEIGHED_HEADERS_BYTES)
}

const weightOfAll = ({ waiting }: Connection): number =>
  waiting.reduce((sum, { weight }) => sum + weight, 0)
