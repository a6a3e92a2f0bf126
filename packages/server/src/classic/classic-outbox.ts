import type { Socket as Connection } from 'node:net'
import { type ImageRecord, limits } from '@wirephoto/board'
import type { Socket } from 'socket.io'
import type { WebSocket } from 'ws'

/** Bytes that are handed to a socket before it must have taken them. */
const ROOM = 256 * 1024
/** Bytes of all that may wait for somebody besides a picture; what comes on top isn't said (F12). */
const BOUND = 1_048_576
/** Packets that may wait for somebody who has the libraries answer and reads nothing. */
const PACKETS = 1_000

/** Events of a picture that somebody is still to be sent. */
export interface Pending {
  /** `Image:update`, to pages of the first tutorial. */
  readonly news: boolean
  /** `Photo:update` without and with the bytes, to pages of the second. */
  readonly facts: boolean
  readonly file: boolean
}

/** What the sockets of the third are shown. */
export interface Shown {
  readonly width: number
  readonly height: number
  readonly source: string | Buffer
}

export interface ClassicOutboxParts {
  /** The picture as it is now; undefined when it is gone or nobody should see it. */
  picture(id: string): ImageRecord | undefined
  /** Of what type it is, or was said to be. */
  typeOf(picture: ImageRecord): string
  /** Who added it, or was said to have. */
  authorOf(picture: ImageRecord): string
  /** Null when there are none to be had. */
  bytes(picture: ImageRecord): Promise<Buffer | null>
  /** Milliseconds that it has to take so many bytes. */
  patience(bytes: number): number
  cutOff(reason: string): void
}

/**
 * One classic socket and what waits for it (F6): ids of pictures, not their bytes. One picture at a time
 * is read and handed over, the next when that has left; whoever takes nothing is cut off. So whatever the
 * board does meanwhile comes to the newest state of each picture.
 */
export class ClassicOutbox {
  /** Whether it is a page of the second tutorial, which wants the bytes as `Photo:update`. */
  follows = false
  readonly #socket: Socket
  readonly #parts: ClassicOutboxParts
  readonly #pending = new Map<string, Pending>()
  #shown: Shown | null = null
  /** Bytes handed over since the line was last empty. */
  #handed = 0
  #pumping = false
  #closed = false
  #wake = () => {}
  /** The line that last carried an answer to a poll. */
  #polled: Connection | null = null

  constructor(socket: Socket, parts: ClassicOutboxParts) {
    this.#socket = socket
    this.#parts = parts
    const { conn } = socket
    this.#attend()
    conn.on('upgrade', () => {
      this.#attend()
      this.#wake()
    })
    conn.on('packet', () => {
      if (waiting(conn).length > PACKETS) this.cutOff('sends without reading')
    })
  }

  /** Adds to what it is to be sent of a picture. */
  enqueue(id: string, due: Pending): void {
    const before = this.#pending.get(id)
    this.#pending.set(id, {
      news: due.news || before?.news === true,
      facts: due.facts || before?.facts === true,
      file: (due.file && this.follows) || before?.file === true,
    })
    void this.#pump()
  }

  /** The latest wins (F12). */
  show(shown: Shown): void {
    this.#shown = shown
    void this.#pump()
  }

  /** Something small and fleeting: not said to whoever is behind. */
  say(event: string, body: unknown): void {
    const bytes = JSON.stringify(body)?.length ?? 0
    if (this.#backlog + bytes <= BOUND) this.#emit(event, body, bytes)
  }

  close(): void {
    this.#closed = true
    this.#pending.clear()
    this.#shown = null
    this.#wake()
  }

  /** Frees what waits: `disconnect(true)` would keep the buffer of a peer that doesn't read. */
  cutOff(reason: string): void {
    if (this.#closed) return
    this.#parts.cutOff(reason)
    const { conn } = this.#socket
    webSocketOf(conn)?.terminate()
    this.#polled?.destroy()
    conn.close(true)
  }

  /** Whether all that was handed over has left: a websocket has passed it on, a poller has come back. */
  get #drained(): boolean {
    const { conn } = this.#socket
    return waiting(conn).length === 0 && conn.transport.writable
  }

  get #backlog(): number {
    if (this.#drained) this.#handed = 0
    return this.#handed
  }

  #attend(): void {
    const { transport } = this.#socket.conn
    transport.on('ready', () => this.#wake())
    transport.on('headers', (_headers, { method, socket }) => {
      if (method === 'GET') this.#polled = socket
    })
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    // What comes in the same breath shares one look.
    await Promise.resolve()
    // Also what is last must have left in time.
    while (!this.#closed && (this.#shown || this.#pending.size > 0 || this.#backlog > ROOM)) {
      if (this.#backlog > ROOM) await this.#left()
      else if (this.#shown) this.#sendShown(this.#shown)
      else await this.#sendNext()
    }
    this.#pumping = false
  }

  #sendShown(shown: Shown): void {
    this.#shown = null
    this.#emit('showimgdata', shown, shown.source.length)
  }

  async #sendNext(): Promise<void> {
    const [first] = this.#pending
    const [id, due] = first!
    const { picture, typeOf, authorOf, bytes } = this.#parts
    const before = picture(id)
    const file = before && (due.news || due.file) ? await bytes(before) : null
    if (this.#closed) return
    // It may have changed meanwhile, and what is due with it.
    const now = picture(id)
    if (now?.blob !== before?.blob || now?.variants !== before?.variants) return
    const { news, facts, file: asFile } = this.#pending.get(id)!
    this.#pending.delete(id)
    if (!now) return this.#emit('Photo:delete', id, id.length)
    const { name: fileName, x, y } = now
    const type = typeOf(now)
    const author = authorOf(now)
    // Pages of the tutorials have nothing to the left of the window, or above.
    const place = { x: Math.max(0, x), y: Math.max(0, y) }
    if (facts)
      this.#emit(
        'Photo:update',
        { id, fileName, type, author, ...place },
        limits.fileNameLength + fileName.length,
      )
    if (!file) return
    if (asFile) this.#emit('Photo:update', { id, file }, file.length)
    if (news) this.#emit('Image:update', { id, fileName, type, file }, file.length)
  }

  #emit(event: string, body: unknown, bytes: number): void {
    this.#socket.emit(event, body)
    this.#handed += bytes
  }

  /** Resolves when the line is empty, or closed. */
  async #left(): Promise<void> {
    const patience = this.#parts.patience(this.#handed)
    const timer = setTimeout(() => {
      this.cutOff(`took nothing for ${Math.round(patience / 1000)} s`)
    }, patience)
    while (!this.#closed && !this.#drained) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    clearTimeout(timer)
  }
}

type Conn = Socket['conn']

/** What Engine.IO has not yet given to the transport. */
const waiting = (conn: Conn): readonly unknown[] =>
  (conn as unknown as { writeBuffer: unknown[] }).writeBuffer

const webSocketOf = ({ transport }: Conn): WebSocket | undefined =>
  (transport as unknown as { socket?: WebSocket }).socket
