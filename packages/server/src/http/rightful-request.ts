import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { WireError } from '@wirephoto/board'
import type { RightHolder } from '../access/right-watch.ts'

/**
 * A request that somebody's right allows. It is held back while nobody knows whether the right stands, and broken off
 * when it has ended.
 */
export class RightfulRequest implements RightHolder, Disposable {
  readonly #socket: Socket
  readonly #ended = new AbortController()
  #letGo: (() => void) | null = null

  constructor({ socket }: IncomingMessage) {
    this.#socket = socket
  }

  /** Aborted with the reason when the right has ended: what the request asked for must not be done any more. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  hold(): void {
    this.#letGo ??= holdBack(this.#socket)
  }

  release(): void {
    this.#letGo?.()
    this.#letGo = null
  }

  end(error: WireError | null): void {
    this.#ended.abort(error ?? new WireError('not-allowed'))
    // Its body may have been read, so that the request itself no longer has the connection.
    this.#socket.destroy()
  }

  /** Lets the connection go on: the request is over, or is answered with an error. */
  [Symbol.dispose](): void {
    this.release()
  }
}

/** Keeps a connection from sending and reading. Returns how to let it go on. */
function holdBack(socket: Socket): () => void {
  const wire = Socket.prototype
  let send = (): void => {}
  // One write waits here. Those behind it wait in the socket, whose writers hear that it is full.
  const held: Pick<Socket, '_write' | '_writev'> = {
    _write: (...args) => {
      send = () => wire._write.apply(socket, args)
    },
    _writev: (...args) => {
      send = () => wire._writev!.apply(socket, args)
    },
  }
  Object.assign(socket, held)
  let isRead = !socket.isPaused()
  // Node resumes a connection for each body that is read.
  const pause = (): void => {
    isRead = true
    socket.pause()
  }
  socket.on('resume', pause)
  socket.pause()
  return () => {
    socket.off('resume', pause)
    for (const method of Object.keys(held)) Reflect.deleteProperty(socket, method)
    if (socket.destroyed) return
    send()
    if (isRead) socket.resume()
  }
}
