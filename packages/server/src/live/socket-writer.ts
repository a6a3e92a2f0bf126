import type { Socket as NetSocket } from 'node:net'
import type { Socket } from 'socket.io'
import { WebSocket } from 'ws'
import { type EncodedEvent, encodeAnswer } from './encoded-event.ts'

/** Bytes and packets that may wait for a viewer who sends without reading (F6). */
export const UNREAD_BYTES = 768 * 1024
const UNREAD_PACKETS_COUNT = 4_000

/**
 * One session's way to its websocket, with a count of the bytes that wait on it. Socket.IO has no
 * backpressure of its own. Answers to requests take this way too.
 */
export class SocketWriter {
  readonly #socket: Socket
  /** The connection below it; neither changes, since there is one transport only. */
  readonly #conn: Socket['conn']
  readonly #websocket: PrivateWebSocket
  readonly #stream: NetSocket
  readonly #onDrain: () => void
  /** Bytes passed to Socket.IO since its own buffer was last empty. */
  #passedBytes = 0
  /** Sends that wait until nothing is held back any more; null while nothing is. */
  #held: (() => void)[] | null = null
  #heldBytes = 0

  /** Calls `onDrain` whenever bytes that had to wait have left for the kernel. */
  constructor(socket: Socket, onDrain: () => void) {
    this.#socket = socket
    this.#conn = socket.conn
    this.#websocket = transportOf(socket).socket
    this.#stream = this.#websocket._socket
    this.#onDrain = onDrain
    const acknowledging = socket as unknown as AcknowledgingSocket
    const acknowledge = acknowledging.ack.bind(socket)
    acknowledging.ack = (id) => (answer) => {
      const frames = encodeAnswer(id, answer)
      this.#sendOrKeep(frames.length, () => {
        if (!this.#writeFrames(frames)) acknowledge(id)(answer)
      })
    }
    // The connection has a `drain` too, but that fires when bytes are only passed on.
    transportOf(socket).on('drain', onDrain)
  }

  /** Whether everything is held back. */
  get isHeld(): boolean {
    return this.#held !== null
  }

  /** Bytes that have been sent and have not left for the kernel. There is no room while everything is held back. */
  get backlogBytes(): number {
    if (this.#held) return Number.POSITIVE_INFINITY
    if (packetsOf(this.#conn).length === 0) this.#passedBytes = 0
    return this.#passedBytes + this.#stream.writableLength
  }

  /** Those of the bytes that wait that are live frames. */
  get liveBytes(): number {
    return liveBytes.get(this.#stream) ?? 0
  }

  /** Sends an event to this session alone, with a body of JSON. */
  emit(event: string, text?: string, bytes = Buffer.byteLength(text ?? '')): void {
    this.#sendOrKeep(bytes, () => {
      this.#socket.emit(event, ...(text === undefined ? [] : [text]))
      this.#passedBytes += bytes
    })
  }

  /** Sends nothing and reads nothing until `release`. A viewer with too much to be kept for it is cut off. */
  hold(): void {
    this.#held ??= []
    this.#websocket.pause()
  }

  /** Sends nothing any more, and reads on for the end of the connection. */
  discard(): void {
    this.#held = []
    this.#heldBytes = 0
    this.#websocket.resume()
  }

  /**
   * Sends a live frame, whose bytes all viewers share. It is the sender's, so nobody is cut off for not having read it.
   */
  writeFrame(frame: EncodedEvent): void {
    const { length } = frame.frames
    this.write({ events: [frame], frames: frame.frames })
    if (this.#stream.writableLength === 0) return
    liveBytes.set(this.#stream, this.liveBytes + length)
    this.#stream.write(NOTHING, () => liveBytes.set(this.#stream, this.liveBytes - length))
  }

  /** Sends what was held back, and reads again. */
  release(): void {
    const held = this.#held ?? []
    this.#held = null
    this.#heldBytes = 0
    for (const send of held) send()
    this.#websocket.resume()
    this.#onDrain()
  }

  /**
   * Sends events that were framed once for many sessions. With nothing waiting before them, they go past
   * Socket.IO and ws in one write, as Engine.IO's own broadcasts do. The regular way costs twice as much (S3, S4).
   */
  write({ events, frames }: { events: readonly EncodedEvent[]; frames: Buffer }): void {
    if (this.#held) return this.#sendOrKeep(frames.length, () => this.write({ events, frames }))
    if (this.#writeFrames(frames)) return
    for (const { event, args } of events) this.#socket.emit(event, ...args)
  }

  /**
   * Writes frames past the libraries. False if others wait there: then they are counted, and must wait too.
   * A callback costs a turn for each write, so only one that the kernel didn't take at once has one (S4).
   */
  #writeFrames(frames: Buffer): boolean {
    if (packetsOf(this.#conn).length > 0) {
      this.#passedBytes += frames.length
      return false
    }
    if (this.#websocket.readyState !== WebSocket.OPEN) return true
    this.#stream.write(frames)
    if (this.#stream.writableLength > 0) this.#stream.write(NOTHING, this.#onDrain)
    return true
  }

  #sendOrKeep(bytes: number, send: () => void): void {
    if (!this.#held) return send()
    this.#held.push(send)
    this.#heldBytes += bytes
    if (this.#heldBytes > UNREAD_BYTES) this.terminate()
  }

  /** Stops listening to the socket. */
  close(): void {
    transportOf(this.#socket).off('drain', this.#onDrain)
  }

  /** Drops the connection. `disconnect(true)` would keep the buffer of a peer that doesn't read. */
  terminate(): void {
    this.#websocket.terminate()
  }
}

/**
 * Cuts off a connection that makes the libraries answer and reads nothing. Refused CONNECTs and pongs
 * pass no session, so nothing else bounds them (F6).
 */
export function boundUnread(conn: Socket['conn']): void {
  const { socket } = conn.transport as unknown as Transport
  const check = () => {
    const unreadBytes = socket.bufferedAmount - (liveBytes.get(socket._socket) ?? 0)
    if (unreadBytes > UNREAD_BYTES || packetsOf(conn).length > UNREAD_PACKETS_COUNT)
      socket.terminate()
  }
  socket.on('message', check)
  socket.on('ping', check)
}

/**
 * The private part of Socket.IO that makes the function by which a listener answers. The regular way costs a
 * command more than its log does (S9).
 */
interface AcknowledgingSocket {
  ack(id: number): (answer: object) => void
}

/** Engine.IO's websocket transport, the only one that `/live` allows. */
type Transport = NodeJS.EventEmitter & { socket: PrivateWebSocket }

/**
 * The private part of `ws` that writes frames as they are. Without compression nothing waits inside of
 * it. The exact version of `ws` is pinned, and `socket-writer.test.ts` checks this member.
 */
type PrivateWebSocket = WebSocket & { readonly _socket: NetSocket }

const NOTHING = Buffer.alloc(0)

/** The bytes of live frames that wait on each connection. */
const liveBytes = new WeakMap<NetSocket, number>()

export const transportOf = ({ conn }: Socket): Transport => conn.transport as unknown as Transport

/** The packets that Engine.IO has not yet passed to its transport: a private member of it. */
const packetsOf = (conn: Socket['conn']): readonly unknown[] =>
  (conn as unknown as { writeBuffer: unknown[] }).writeBuffer
