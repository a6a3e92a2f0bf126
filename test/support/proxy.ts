import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { UploadBytes, type UploadConnection } from './upload-bytes.ts'

/** Small pieces keep a slow connection evenly slow. */
const CHUNK_BYTES = 8 * 1024

/** A TCP proxy to a server on this machine; it can disconnect, stall and slow down. */
export class Proxy {
  /** The port to connect to, in place of the server's. */
  readonly port: number
  /** From the browser to the server. */
  readonly up = new Direction()
  /** From the server to the browser. */
  readonly down = new Direction()
  readonly #server: Server
  /** Bytes of uploads' bodies that have reached the server. */
  readonly uploads = new UploadBytes()
  readonly #sockets = new Set<Socket>()
  readonly #connections = new Map<Socket, { far: Socket; carried: UploadConnection }>()
  /** Connections that nobody ends and that pass nothing any more. */
  readonly #dead = new WeakSet<Socket>()
  #target: number
  #isDown = false

  private constructor(server: Server, target: number) {
    this.#server = server
    this.#target = target
    this.port = (server.address() as { port: number }).port
    server.on('connection', (socket) => this.#forward(socket))
  }

  static async open(target: number): Promise<Proxy> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Proxy(server, target)
  }

  /** Forwards new connections to another port. */
  setTarget(target: number): void {
    this.#target = target
  }

  /** Resets every connection, and each new one until `reconnect`. */
  disconnect(): void {
    this.#isDown = true
    this.resetConnections()
  }

  /** Resets every connection but the abandoned ones; new ones are accepted. */
  resetConnections(): void {
    for (const socket of this.#sockets) if (!this.#dead.has(socket)) reset(socket)
  }

  /**
   * Passes nothing more on connections that are in the middle of an upload's body, as when a phone has changed
   * networks: nobody is told. Returns how many there are.
   */
  abandonUploads(): number {
    const abandoned = [...this.#connections].filter(([, { carried }]) => carried.isInBody)
    for (const [near, { far }] of abandoned) this.#dead.add(near).add(far)
    return abandoned.length
  }

  reconnect(): void {
    this.#isDown = false
  }

  async close(): Promise<void> {
    this.up.resume()
    this.down.resume()
    this.#server.close()
    for (const socket of this.#sockets) reset(socket)
    await once(this.#server, 'close')
  }

  #forward(near: Socket): void {
    if (this.#isDown) {
      reset(near)
      return
    }
    const far = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true })
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      // The other side sees the same end. Every error becomes a reset.
      socket.on('error', () => {
        if (!this.#dead.has(other)) reset(other)
      })
      socket.on('close', (failed) => {
        this.#sockets.delete(socket)
        if (failed && !this.#dead.has(other)) other.destroy()
      })
    }
    const carried = this.uploads.open()
    this.#connections.set(near, { far, carried })
    near.on('close', () => this.#connections.delete(near))
    const isDead = () => this.#dead.has(near)
    void this.up.pump(near, far, isDead, (bytes) => carried.take(bytes))
    void this.down.pump(far, near, isDead)
  }
}

/**
 * Resets a socket. Node can't reset a socket that is shutting down: it would leak, and keep the
 * process alive.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

/** Resolves when a socket takes more, or is closed. */
async function drained(socket: Socket): Promise<void> {
  const listeners = new AbortController()
  const { signal } = listeners
  try {
    await Promise.race([once(socket, 'drain', { signal }), once(socket, 'close', { signal })])
  } finally {
    listeners.abort()
  }
}

/** One direction of the proxy, shared by all its connections. */
class Direction {
  /** Bytes that have passed. */
  passedBytes = 0
  bytesPerSecond = Number.POSITIVE_INFINITY
  /** When the bytes let through so far have left the connection, as performance.now(). */
  #busyUntil = 0
  #gate: PromiseWithResolvers<void> | null = null
  #mark = { bytes: Number.POSITIVE_INFINITY, reached: () => {} }

  /** Resolves when that many bytes have passed in all. */
  waitForBytes(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#mark = { bytes, reached: resolve }
      if (this.passedBytes >= bytes) resolve()
    })
  }

  /** Holds everything back; connections stay open. */
  stall(): void {
    this.#gate ??= Promise.withResolvers()
  }

  /** Ends a stall. */
  resume(): void {
    this.#gate?.resolve()
    this.#gate = null
  }

  async pump(
    from: Socket,
    to: Socket,
    isDead: () => boolean,
    passed?: (bytes: Buffer) => void,
  ): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>)
        for (let start = 0; start < chunk.length; start += CHUNK_BYTES) {
          const piece = chunk.subarray(start, start + CHUNK_BYTES)
          await this.#pass(piece.length)
          // Nobody reads on: a sender's buffers fill.
          if (isDead()) await once(from, 'close')
          if (to.destroyed) return
          passed?.(piece)
          if (!to.write(piece)) await drained(to)
        }
      if (!isDead()) to.end()
    } catch {
      // The socket's own listeners have closed the other side.
    }
  }

  async #pass(bytes: number): Promise<void> {
    if (this.#gate) await this.#gate.promise
    this.passedBytes += bytes
    if (this.passedBytes >= this.#mark.bytes) this.#mark.reached()
    if (this.bytesPerSecond === Number.POSITIVE_INFINITY) return
    const now = performance.now()
    this.#busyUntil = Math.max(now, this.#busyUntil) + (bytes / this.bytesPerSecond) * 1000
    if (this.#busyUntil - now > 1) await setTimeout(this.#busyUntil - now)
  }
}
