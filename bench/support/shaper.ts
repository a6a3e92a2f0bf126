import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'

const PACKET_BYTES = 1_460

export interface Shape {
  /** From the browser to the server. */
  readonly uplinkBytesPerSecond: number
  readonly roundTripMs: number
  /**
   * Bytes that wait before the bottleneck, for all connections. A sender with more waits outside.
   */
  readonly queueBytes: number
}

/** 5 Mbit/s up, 20 ms away, a router with a tenth of a second of queue. */
const SLOW_LINK: Shape = { uplinkBytesPerSecond: 625_000, roundTripMs: 20, queueBytes: 64_000 }

interface Packet {
  /** Null for the end of the stream. */
  readonly bytes: Buffer | null
  readonly to: Socket
}

/**
 * A browser's connection to a server on this machine. All its sockets share one bottleneck up,
 * first come, first served; down, it only adds distance. TCP's slow start and losses are left out,
 * which is kind to whichever side sends much.
 */
export class Shaper {
  readonly port: number
  readonly #shape: Shape
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #queue: Packet[] = []
  #queuedBytes = 0
  /** Senders that wait for room in the queue, in order. */
  #blockedSenders: (() => void)[] = []
  #sending = false

  private constructor(server: Server, target: number, shape: Shape) {
    this.#server = server
    this.#shape = shape
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => void this.#forward(socket, target))
  }

  static async open(target: number, shape = SLOW_LINK): Promise<Shaper> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Shaper(server, target, shape)
  }

  async close(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }

  async #forward(near: Socket, target: number): Promise<void> {
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    // A connection takes one round trip (SYN, SYN ACK).
    await setTimeout(this.#shape.roundTripMs)
    void this.#forwardUp(near, far)
    this.#forwardDown(far, near)
  }

  async #forwardUp(near: Socket, far: Socket): Promise<void> {
    try {
      for await (const chunk of near as AsyncIterable<Buffer>)
        for (let at = 0; at < chunk.length; at += PACKET_BYTES) {
          while (this.#queuedBytes >= this.#shape.queueBytes)
            await new Promise<void>((resolve) => this.#blockedSenders.push(resolve))
          const bytes = chunk.subarray(at, at + PACKET_BYTES)
          this.#queue.push({ bytes, to: far })
          this.#queuedBytes += bytes.length
          if (!this.#sending) void this.#send()
        }
      this.#queue.push({ bytes: null, to: far })
      if (!this.#sending) void this.#send()
    } catch {
      // The sockets' own listeners have closed the other side.
    }
  }

  /**
   * Sends one packet after the other, each for as long as the bottleneck takes. A late timer costs
   * no bandwidth while there is something to send.
   */
  async #send(): Promise<void> {
    this.#sending = true
    let free = performance.now()
    for (let packet = this.#queue.shift(); packet; packet = this.#queue.shift()) {
      const { bytes, to } = packet
      const length = bytes?.length ?? 0
      free += (length / this.#shape.uplinkBytesPerSecond) * 1000
      // Timers are too coarse for single packets: those due within a millisecond leave now.
      if (free - performance.now() > 1) await setTimeout(free - performance.now())
      this.#queuedBytes -= length
      this.#blockedSenders.shift()?.()
      void this.#propagationDelay().then(() => {
        if (to.destroyed) return
        if (bytes) to.write(bytes)
        else to.end()
      })
    }
    this.#sending = false
  }

  #forwardDown(far: Socket, near: Socket): void {
    let last: Promise<void> = Promise.resolve()
    far.on('data', (bytes: Buffer) => {
      last = this.#propagationDelay().then(() => {
        if (near.destroyed || near.write(bytes) || far.isPaused()) return
        far.pause()
        near.once('drain', () => far.resume())
      })
    })
    far.on('end', () => void last.then(() => near.end()))
  }

  /** Waits for half a round trip. Packets arrive in the order in which they left. */
  #propagationDelay(): Promise<void> {
    return setTimeout(this.#shape.roundTripMs / 2)
  }
}
