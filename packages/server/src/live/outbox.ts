import { type Batch, type Cursor, coalesce } from '@wirephoto/board'
import type { Socket } from 'socket.io'
import type { WebSocket } from 'ws'
import { type EncodedBatch, encodeBatch } from '../boards/encoded-batch.ts'
import type { EncodedEvent } from './encoded-event.ts'
import type { Room } from './room.ts'

/** Bytes that may wait for one viewer before it counts as behind; half of what F6 allows. */
const BOUND = 512 * 1024
/** Bytes down to which a viewer must have drained before it is caught up. */
const DRAINED = 64 * 1024
/** Bytes, and packets, that may wait for somebody who sends without reading (F6). */
export const UNREAD = 768 * 1024
const UNREAD_PACKETS = 4_000
/** Things of a kind whose news may wait for one viewer before it is cut off. */
const NEWS = 2_000
/** Milliseconds that a viewer may stay behind before it is cut off. */
const PATIENCE = 30_000

/** What is new of some things, by what they are called: the latest is all that matters of each (F12). */
export type News = Readonly<Record<string, unknown>>

/**
 * What waits to be sent to one socket, bounded in bytes (F6). Socket.IO has no backpressure of its
 * own, so a viewer that can't keep up leaves the broadcast room, and when its line has drained it gets
 * the newest state of what it missed.
 *
 *     idle --follow--> following --over the bound--> behind --drained--> following
 *                                                       `--PATIENCE--> terminated (it resumes by its cursor)
 */
export class Outbox {
  readonly #socket: Socket
  readonly #room: Room
  readonly #cutOff: (reason: string) => void
  #state: 'idle' | 'following' | 'behind' = 'idle'
  /** Where the viewer will stand when all that was handed to the socket has arrived; unused while following. */
  #cursor: Cursor | null = null
  /** Bytes handed over since the socket's own buffer was last empty. */
  #handed = 0
  /** News that had no room on the line, by event and by what they are of. */
  readonly #missed = new Map<string, Map<string, unknown>>()
  #patience: NodeJS.Timeout | undefined

  constructor(socket: Socket, room: Room, cutOff: (reason: string) => void) {
    this.#socket = socket
    this.#room = room
    this.#cutOff = cutOff
    transportOf(socket).on('drain', this.#drained)
  }

  /** Sends what a reader has missed and goes on from there. False when it must take a snapshot. */
  follow(missed: Batch | null): boolean {
    if (!this.#resume(missed)) return false
    this.#missed.clear()
    this.send('roster', JSON.stringify(this.#room.presence.all))
    this.send('arrivals', JSON.stringify(this.#room.arrivals))
    return true
  }

  /** Sends a batch; whoever has no room for it is behind. */
  offer({ batch, bytes }: EncodedBatch, changes: EncodedEvent): void {
    if (this.#state !== 'following') return
    if (this.backlog + bytes > BOUND) {
      this.#state = 'behind'
      this.#patience = setTimeout(() => {
        this.#cutOff(`behind for ${PATIENCE / 1000} s`)
      }, PATIENCE)
      return
    }
    this.#cursor = batch.to
    this.#pass(changes)
  }

  /** Sends news; while there is no room for them, those of the same thing replace each other (F12). */
  tell(encoded: EncodedEvent, news: News): void {
    if (this.#state === 'idle') return
    if (this.#state === 'following' && this.backlog <= DRAINED) return this.#pass(encoded)
    const missed = this.#missed.get(encoded.event) ?? new Map<string, unknown>()
    this.#missed.set(encoded.event, missed)
    for (const [of, state] of Object.entries(news)) missed.set(of, state)
    if (missed.size > NEWS) this.#cutOff('too much is new')
  }

  /** Sends what a viewer that has no room for it does without (F12). */
  push(encoded: EncodedEvent): void {
    if (this.#state === 'following' && this.backlog + encoded.frames.length <= BOUND)
      this.#pass(encoded)
  }

  /** The board's history is another one now: whoever follows must take a snapshot. */
  reload(): void {
    if (this.#state === 'idle') return
    clearTimeout(this.#patience)
    this.#state = 'idle'
    this.#socket.emit('reload')
  }

  /** Sends something that is for this viewer alone. */
  send(event: string, text: string, bytes = Buffer.byteLength(text)): void {
    this.#socket.emit(event, text)
    this.#handed += bytes
  }

  /** Counts what was handed to the socket by another way, as answers are. */
  count(bytes: number): void {
    this.#handed += bytes
  }

  /** Bytes that have been handed over and not yet left for the kernel. */
  get backlog(): number {
    if (bufferOf(this.#socket).length === 0) this.#handed = 0
    return this.#handed + transportOf(this.#socket).socket.bufferedAmount
  }

  close(): void {
    clearTimeout(this.#patience)
    transportOf(this.#socket).off('drain', this.#drained)
    this.#state = 'idle'
  }

  /**
   * Where nothing waits before it, what was framed once for all goes past Socket.IO and past ws, as Engine.IO
   * has its own do: their way costs twice as much (S3, S4).
   */
  #pass({ event, args, frames }: EncodedEvent): void {
    if (bufferOf(this.#socket).length > 0) {
      this.#socket.emit(event, ...args)
      this.count(frames.length)
      return
    }
    const { socket } = transportOf(this.#socket)
    if (socket.readyState === socket.OPEN) socket._sender.sendFrame([frames], this.#drained)
  }

  #resume(missed: Batch | null): boolean {
    clearTimeout(this.#patience)
    this.#state = 'idle'
    this.#room.flush()
    const rest = missed && this.#room.board.since(missed.to)
    if (!rest) return false
    const all = encodeBatch(coalesce([missed, rest]))
    if (this.backlog + all.bytes > BOUND) return false
    if (all.batch.changes.length > 0) this.send('changes', all.text, all.bytes)
    this.#state = 'following'
    this.#cursor = rest.to
    return true
  }

  /** The transport's own `drain`: bytes have left. (The connection's fires when they are only handed on.) */
  readonly #drained = (): void => {
    if (this.#state === 'behind') setImmediate(() => void this.#catchUp())
    else if (this.#missed.size > 0) this.#tellMissed()
  }

  #tellMissed(): void {
    if (this.#state !== 'following' || this.backlog > DRAINED) return
    for (const [event, news] of this.#missed)
      this.send(event, JSON.stringify(Object.fromEntries(news)))
    this.#missed.clear()
  }

  async #catchUp(): Promise<void> {
    if (this.#state !== 'behind' || this.backlog > DRAINED || !this.#cursor) return
    const missed = await this.#room.board.missed(this.#cursor).catch(() => null)
    if (this.#state !== 'behind') return
    if (this.#resume(missed)) this.#tellMissed()
    else this.#socket.emit('reload')
  }
}

/** Engine.IO's websocket transport; the only one that is allowed. */
export function transportOf(socket: Socket): NodeJS.EventEmitter & { socket: Line } {
  return socket.conn.transport as never
}

/** What writes frames as they are, with nothing of its own waiting while nothing is compressed. */
type Line = WebSocket & {
  readonly _sender: { sendFrame(frames: readonly Buffer[], sent: () => void): void }
}

/**
 * Cuts a connection off that has the libraries answer it and reads nothing: refused CONNECTs and pongs
 * pass no session, and nothing else would bound them (F6).
 */
export function boundUnread(conn: Socket['conn']): void {
  const { socket } = conn.transport as unknown as { socket: WebSocket }
  const check = () => {
    const packets = bufferOf({ conn }).length
    if (socket.bufferedAmount > UNREAD || packets > UNREAD_PACKETS) socket.terminate()
  }
  socket.on('message', check)
  socket.on('ping', check)
}

/** What Engine.IO has not yet given to the transport. */
function bufferOf({ conn }: Pick<Socket, 'conn'>): readonly unknown[] {
  return (conn as unknown as { writeBuffer: unknown[] }).writeBuffer
}
