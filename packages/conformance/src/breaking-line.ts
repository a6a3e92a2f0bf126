import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A line to a server that breaks when it is told to, or behind so many bytes. */
export class BreakingLine implements AsyncDisposable {
  readonly #server: Server
  readonly #connections = new Set<Socket>()
  readonly #target: URL
  /** Bytes from the client behind which the next connection breaks; null for none. */
  #breakAfterBytes: number | null = null
  /** How often it broke behind bytes. */
  breakCount = 0

  private constructor(server: Server, target: URL) {
    this.#server = server
    this.#target = target
    server.on('connection', (near) => this.#pass(near))
  }

  /** Opens a line to a server, whose URL begins with `http://`. */
  static async open(url: string): Promise<BreakingLine> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new BreakingLine(server, new URL(url))
  }

  /** The server's URL by this line. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}${this.#target.pathname.replace(/\/$/, '')}`
  }

  /** Breaks all connections. New ones pass. */
  break(): void {
    for (const socket of this.#connections) socket.resetAndDestroy()
  }

  /** Breaks the next connection that brings so many bytes, once. */
  breakAfter(bytes: number): void {
    this.#breakAfterBytes = bytes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.break()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #pass(near: Socket): void {
    const { hostname, port } = this.#target
    const far = connect(Number(port || 80), hostname)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#connections.add(socket)
      // The other end hears of it.
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#connections.delete(socket)
        other.destroy()
      })
    }
    let bytes = 0
    near.on('data', (chunk) => {
      bytes += chunk.length
      if (this.#breakAfterBytes === null || bytes < this.#breakAfterBytes) return
      this.#breakAfterBytes = null
      this.breakCount++
      near.resetAndDestroy()
      far.resetAndDestroy()
    })
    near.pipe(far)
    far.pipe(near)
  }
}
