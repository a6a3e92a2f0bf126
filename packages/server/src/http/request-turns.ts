import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** One connection: whether a request of it is being answered, and the requests behind that one. */
interface Connection {
  isBusy: boolean
  readonly waiting: Turn[]
}

interface Turn {
  readonly response: ServerResponse
  readonly serve: () => void
}

/**
 * Serves the requests of each connection one at a time, in their order. A client that pipelines and takes
 * no answer costs one request, and as many unopened ones as its connection had sent in one read.
 */
export class RequestTurns {
  readonly #maxWaiting: number
  readonly #connections = new WeakMap<Socket, Connection>()
  /** The connections with requests that wait. */
  readonly #crowded = new Map<Socket, Connection>()
  #waitingCount = 0

  /** `maxWaiting` bounds the requests that wait behind others, on all connections together. */
  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting
  }

  /** Calls `serve` when the requests before this one on its connection are answered. */
  take({ socket }: IncomingMessage, response: ServerResponse, serve: () => void): void {
    const connection = this.#connectionOf(socket)
    if (!connection.isBusy) return this.#start(socket, connection, { response, serve })
    connection.waiting.push({ response, serve })
    this.#crowded.set(socket, connection)
    // Bytes that are not read yet stay with their sender.
    socket.pause()
    if (++this.#waitingCount > this.#maxWaiting) this.#dropLargest()
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
    this.#waitingCount--
    if (connection.waiting.length === 0) {
      this.#crowded.delete(socket)
      socket.resume()
    }
    this.#start(socket, connection, turn)
  }

  #forget(socket: Socket, connection: Connection): void {
    this.#waitingCount -= connection.waiting.length
    connection.waiting.length = 0
    this.#crowded.delete(socket)
  }

  /** Closes the connection with the most requests that wait. Its client may send them again (RFC 9112 section 9.3.2). */
  #dropLargest(): void {
    const [first, ...rest] = this.#crowded
    if (!first) return
    const [socket, connection] = rest.reduce(
      (most, each) => (each[1].waiting.length > most[1].waiting.length ? each : most),
      first,
    )
    this.#forget(socket, connection)
    socket.destroy()
  }
}
