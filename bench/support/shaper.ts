import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { seededRandom } from '../../test/support/pictures.ts'
import { UploadBytes, type UploadConnection } from '../../test/support/upload-bytes.ts'

const PACKET_BYTES = 1_460
/** A connection's first window, and its least. */
const FIRST_WINDOW_BYTES = 10 * PACKET_BYTES
const LEAST_WINDOW_BYTES = 2 * PACKET_BYTES

export interface Shape {
  /** From the browser to the server. */
  readonly uplinkBytesPerSecond: number
  readonly roundTripMs: number
  /**
   * Bytes that wait before the bottleneck, for all connections. A sender with more waits outside.
   */
  readonly queueBytes: number
  /** Packets that get lost on the way up; none if absent. */
  readonly loss?: Loss
}

/** Losses as a connection feels them: each halves its window, and costs it a pause. */
interface Loss {
  readonly onePacketIn: number
  readonly pauseMs: number
  readonly seed: number
}

/** 5 Mbit/s up, 20 ms away, a router with a tenth of a second of queue. */
const SLOW_LINK: Shape = { uplinkBytesPerSecond: 625_000, roundTripMs: 20, queueBytes: 64_000 }

interface Packet {
  /** Null for the end of the stream. */
  readonly bytes: Buffer | null
  readonly flow: Flow
}

/**
 * One connection up. With losses, it is as much of TCP as matters here: the bytes under way fit its window. That
 * grows by what arrives, twofold a round trip up to the first loss, and by a packet a round trip from then on.
 */
class Flow {
  readonly to: Socket
  readonly uploads: UploadConnection
  /** Whether its connection passes nothing any more, and nobody has ended it. */
  isDead = false
  /** Resolves when the packet before is delivered: they arrive in order. */
  delivered: Promise<void> = Promise.resolve()
  #windowBytes: number
  #thresholdBytes = Number.POSITIVE_INFINITY
  #underWayBytes = 0
  #pausedUntil = 0
  #roomMade = () => {}

  constructor(to: Socket, uploads: UploadConnection, windowBytes: number) {
    this.to = to
    this.uploads = uploads
    this.#windowBytes = windowBytes
  }

  /** Resolves when so many bytes may leave. */
  async takeRoom(bytes: number): Promise<void> {
    for (;;) {
      const pauseMs = this.#pausedUntil - performance.now()
      if (pauseMs > 0) await setTimeout(pauseMs)
      else if (this.#underWayBytes === 0 || this.#underWayBytes + bytes <= this.#windowBytes) break
      else
        await new Promise<void>((resolve) => {
          this.#roomMade = resolve
        })
    }
    this.#underWayBytes += bytes
  }

  onLoss(pauseMs: number): void {
    this.#windowBytes = Math.max(LEAST_WINDOW_BYTES, this.#windowBytes / 2)
    this.#thresholdBytes = this.#windowBytes
    this.#pausedUntil = performance.now() + pauseMs
  }

  onAcknowledged(bytes: number): void {
    this.#underWayBytes -= bytes
    const isSlowStart = this.#windowBytes < this.#thresholdBytes
    this.#windowBytes += isSlowStart ? bytes : (PACKET_BYTES * bytes) / this.#windowBytes
    this.#roomMade()
  }
}

/**
 * A browser's connection to a server on this machine. All its sockets share one bottleneck up,
 * first come, first served; down, it only adds distance. Without `loss`, TCP's slow start and losses
 * are left out, which is kind to whichever side sends much.
 */
export class Shaper {
  readonly port: number
  /** Bytes of uploads' bodies that have reached the server. */
  readonly uploads = new UploadBytes()
  readonly #flows = new Set<Flow>()
  readonly #random: () => number
  #awake: PromiseWithResolvers<void> | null = null
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
    this.#random = seededRandom(shape.loss?.seed ?? 1)
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => void this.#forward(socket, target))
  }

  static async open(target: number, shape = SLOW_LINK): Promise<Shaper> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Shaper(server, target, shape)
  }

  /**
   * Passes nothing until `wake`, as when a phone has switched its radio off. Connections that were open then stay
   * as they are for ever: nobody ends them, and they pass nothing.
   */
  sleep(): void {
    this.#awake ??= Promise.withResolvers()
    for (const flow of this.#flows) flow.isDead = true
  }

  wake(): void {
    this.#awake?.resolve()
    this.#awake = null
  }

  async close(): Promise<void> {
    this.wake()
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }

  async #forward(near: Socket, target: number): Promise<void> {
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    const windowBytes = this.#shape.loss ? FIRST_WINDOW_BYTES : Number.POSITIVE_INFINITY
    const flow = new Flow(far, this.uploads.open(), windowBytes)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      // Neither side hears of the other's end over a dead connection.
      const end = () => flow.isDead || other.destroy()
      socket.on('error', end)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        end()
      })
    }
    // A connection takes one round trip (SYN, SYN ACK).
    await setTimeout(this.#shape.roundTripMs)
    await this.#awake?.promise
    this.#flows.add(flow)
    near.on('close', () => this.#flows.delete(flow))
    void this.#forwardUp(near, flow)
    this.#forwardDown(flow, near)
  }

  async #forwardUp(near: Socket, flow: Flow): Promise<void> {
    try {
      for await (const chunk of near as AsyncIterable<Buffer>)
        for (let at = 0; at < chunk.length; at += PACKET_BYTES) {
          while (this.#queuedBytes >= this.#shape.queueBytes)
            await new Promise<void>((resolve) => this.#blockedSenders.push(resolve))
          const bytes = chunk.subarray(at, at + PACKET_BYTES)
          await flow.takeRoom(bytes.length)
          // Nobody reads on: the sender's buffers fill.
          if (flow.isDead) await once(near, 'close')
          this.#queue.push({ bytes, flow })
          this.#queuedBytes += bytes.length
          if (!this.#sending) void this.#send()
        }
      this.#queue.push({ bytes: null, flow })
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
      const { bytes, flow } = packet
      const length = bytes?.length ?? 0
      free += (length / this.#shape.uplinkBytesPerSecond) * 1000
      // Timers are too coarse for single packets: those due within a millisecond leave now.
      if (free - performance.now() > 1) await setTimeout(free - performance.now())
      this.#queuedBytes -= length
      this.#blockedSenders.shift()?.()
      void this.#deliver(bytes, flow)
    }
    this.#sending = false
  }

  async #deliver(bytes: Buffer | null, flow: Flow): Promise<void> {
    const { loss } = this.#shape
    const isLost = bytes !== null && loss !== undefined && this.#random() * loss.onePacketIn < 1
    if (isLost) flow.onLoss(loss.pauseMs)
    const arrives = this.#propagationDelay(isLost ? loss.pauseMs : 0)
    const before = flow.delivered
    flow.delivered = arrives.then(() => before)
    await flow.delivered
    const { to } = flow
    if (!flow.isDead && bytes) flow.uploads.take(bytes)
    if (!flow.isDead && !to.destroyed) {
      if (bytes) to.write(bytes)
      else to.end()
    }
    if (!loss) return
    await this.#propagationDelay()
    flow.onAcknowledged(bytes?.length ?? 0)
  }

  #forwardDown(flow: Flow, near: Socket): void {
    const far = flow.to
    let last: Promise<void> = Promise.resolve()
    far.on('data', (bytes: Buffer) => {
      last = this.#propagationDelay().then(() => {
        if (flow.isDead || near.destroyed || near.write(bytes) || far.isPaused()) return
        far.pause()
        near.once('drain', () => far.resume())
      })
    })
    far.on('end', () => void last.then(() => !flow.isDead && near.end()))
  }

  /** Waits for half a round trip. Packets arrive in the order in which they left. */
  #propagationDelay(moreMs = 0): Promise<void> {
    return setTimeout(this.#shape.roundTripMs / 2 + moreMs)
  }
}
