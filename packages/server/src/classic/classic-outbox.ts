import type { Socket as TcpSocket } from 'node:net'
import { type ImageRecord, limits } from '@wirephoto/board'
import type { Socket } from 'socket.io'
import type { WebSocket } from 'ws'

/** Bytes in flight to one viewer above which the next picture waits. */
const IN_FLIGHT_BYTES = 256 * 1024
/** Bytes in flight to one viewer above which transient events are dropped (F12). */
const TRANSIENT_BACKLOG_BYTES = 1_048_576
/** Packets that may wait for a viewer who makes the libraries answer without reading. */
const UNREAD_PACKETS_COUNT = 1_000

/** The events about one picture that a viewer hasn't been sent yet; with none, only a removal is sent. */
export interface PendingEvents {
  /** `Image:update`, for pages of the first tutorial. */
  readonly imageUpdate: boolean
  /** `Photo:update` with the picture's fields, for pages of the second tutorial. */
  readonly photoFields: boolean
  /** `Photo:update` with the picture's bytes, for pages of the second tutorial. */
  readonly photoFile: boolean
}

/** Pending events as bits of one number, since a viewer may have those of a whole board. */
const IMAGE_UPDATE = 0b001
const PHOTO_FIELDS = 0b010
const PHOTO_FILE = 0b100

/** The body of `showimgdata`: a picture that pages of the third tutorial show without storing it. */
export interface ShownPicture {
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** A data URL, or the bytes themselves. */
  readonly source: string | Buffer
}

/** The classic board as an outbox sees it. */
export interface ClassicOutboxRoom {
  /** Finds a picture as it is now; undefined if it is gone or viewers shouldn't see it. */
  visiblePicture(id: string): ImageRecord | undefined
  /** Returns the media type of the bytes that viewers get, or the announced one while there are none. */
  typeOf(picture: ImageRecord): string
  /** Returns the author that the page announced, or the visitor who added the picture. */
  authorOf(picture: ImageRecord): string
  /** Reads the bytes that viewers get; null if there are none or they can't be read. */
  readBytes(picture: ImageRecord): Promise<Buffer | null>
  /** Returns the milliseconds in which a viewer must take that many bytes (K31). */
  timeoutMs(bytes: number): number
}

/**
 * The pending events of one classic socket (F6, K6). They are kept as ids of pictures, without the bytes. One
 * picture at a time is read and sent; the next one follows when the socket has drained. However often a
 * picture changes meanwhile, only its newest state is sent. A viewer that doesn't read is cut off.
 */
export class ClassicOutbox {
  /** Whether the socket gets `Photo:update` with bytes, as pages of the second tutorial do (K14). */
  wantsPhotoFiles = false
  /** Whether it gets `Image:update`. A page of the second tutorial has the same bytes already (K34). */
  wantsImageUpdates = true
  readonly #socket: Socket
  readonly #room: ClassicOutboxRoom
  readonly #onCutOff: (reason: string) => void
  readonly #pending = new Map<string, number>()
  /** Pictures that go with their fields and bytes before all others, and the number that went. */
  #backlog: readonly string[] = []
  #backlogSentCount = 0
  #shown: ShownPicture | null = null
  /** Bytes passed to Socket.IO since the socket last drained. */
  #inFlightBytes = 0
  #isPumping = false
  #isClosed = false
  #wake = () => {}
  /** The TCP socket that carried the last answer to a poll. */
  #pollSocket: TcpSocket | null = null

  /** Calls `onCutOff` before it ends the connection of a viewer that doesn't read. */
  constructor(socket: Socket, room: ClassicOutboxRoom, onCutOff: (reason: string) => void) {
    this.#socket = socket
    this.#room = room
    this.#onCutOff = onCutOff
    const { conn } = socket
    this.#watchTransport()
    conn.on('upgrade', () => {
      this.#watchTransport()
      this.#wake()
    })
    conn.on('packet', () => {
      if (writeBufferOf(conn).length > UNREAD_PACKETS_COUNT) this.cutOff('sends without reading')
    })
  }

  /** Adds to the events about a picture that the viewer is sent. */
  enqueue(id: string, events: PendingEvents): void {
    const bits =
      (events.imageUpdate && this.wantsImageUpdates ? IMAGE_UPDATE : 0) |
      (events.photoFields ? PHOTO_FIELDS : 0) |
      (events.photoFile && this.wantsPhotoFiles ? PHOTO_FILE : 0)
    this.#pending.set(id, (this.#pending.get(id) ?? 0) | bits)
    this.#pumpSafely()
  }

  /** Sends every picture of a list with its bytes, as far as it is there then. Viewers may share the list. */
  enqueueAll(ids: readonly string[]): void {
    this.#backlog = ids
    this.#backlogSentCount = 0
    this.#pumpSafely()
  }

  /** Shows a picture that isn't stored. It replaces one that still waits (F12). */
  show(shown: ShownPicture): void {
    this.#shown = shown
    this.#pumpSafely()
  }

  /** Sends a small transient event. Drops it if the viewer is behind (F12). */
  send(event: string, body: unknown): void {
    const bytes = JSON.stringify(body)?.length ?? 0
    if (this.#unreadBytes + bytes <= TRANSIENT_BACKLOG_BYTES) this.#emit(event, body, bytes)
  }

  /** Drops everything that waits, since the connection is closed. */
  close(): void {
    this.#isClosed = true
    this.#pending.clear()
    this.#backlog = []
    this.#shown = null
    this.#wake()
  }

  /** Ends the connection and frees its buffers. `disconnect(true)` would keep those of a peer that doesn't read. */
  cutOff(reason: string): void {
    if (this.#isClosed) return
    this.#onCutOff(reason)
    const { conn } = this.#socket
    webSocketOf(conn)?.terminate()
    this.#pollSocket?.destroy()
    conn.close(true)
  }

  /** Whether everything in flight has left: a websocket has passed it on, or a poller has come back. */
  get #isDrained(): boolean {
    const { conn } = this.#socket
    return writeBufferOf(conn).length === 0 && conn.transport.writable
  }

  get #unreadBytes(): number {
    if (this.#isDrained) this.#inFlightBytes = 0
    return this.#inFlightBytes
  }

  get #isWaiting(): boolean {
    return this.#shown !== null || this.#pending.size > 0 || this.#backlog.length > 0
  }

  #watchTransport(): void {
    const { transport } = this.#socket.conn
    transport.on('ready', () => this.#wake())
    transport.on('headers', (_headers, { method, socket }) => {
      if (method === 'GET') this.#pollSocket = socket
    })
  }

  /** Sends what waits. A viewer who can't be served is cut off: its page connects again. */
  #pumpSafely(): void {
    this.#pump().catch((error: unknown) => {
      this.#isPumping = false
      this.cutOff(`can't be served: ${String(error)}`)
    })
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return
    this.#isPumping = true
    // Events that are enqueued in the same turn of the event loop are merged first.
    await Promise.resolve()
    // The last picture has the same timeout as all others, so the loop goes on until it has left.
    while (!this.#isClosed && (this.#isWaiting || this.#unreadBytes > IN_FLIGHT_BYTES)) {
      if (this.#unreadBytes > IN_FLIGHT_BYTES) await this.#whenDrained()
      else if (this.#shown) this.#sendShown(this.#shown)
      else await this.#sendNext()
    }
    this.#isPumping = false
  }

  #sendShown(shown: ShownPicture): void {
    this.#shown = null
    this.#emit('showimgdata', shown, shown.source.length)
  }

  async #sendNext(): Promise<void> {
    const backlog = this.#backlog
    const backlogIndex = this.#backlogSentCount
    const fromBacklog = backlog[backlogIndex]
    const id = fromBacklog ?? this.#pending.keys().next().value!
    const eventsNow = () =>
      (this.#pending.get(id) ?? 0) | (fromBacklog === undefined ? 0 : PHOTO_FIELDS | PHOTO_FILE)
    const before = this.#room.visiblePicture(id)
    const needsBytes = (eventsNow() & (IMAGE_UPDATE | PHOTO_FILE)) !== 0
    const file = before && needsBytes ? await this.#room.readBytes(before) : null
    // The viewer may have asked for all pictures again.
    const isSameBacklog = backlog === this.#backlog && backlogIndex === this.#backlogSentCount
    if (this.#isClosed || !isSameBacklog) return
    // The picture may have been replaced during the read. It then stays pending, and the pump reads it again.
    const now = this.#room.visiblePicture(id)
    if (now?.blob !== before?.blob || now?.variants !== before?.variants) return
    const events = eventsNow()
    const wasPending = this.#pending.delete(id)
    if (fromBacklog !== undefined) this.#backlogSentCount++
    if (this.#backlogSentCount === backlog.length) {
      this.#backlog = []
      this.#backlogSentCount = 0
    }
    if (!now) {
      if (wasPending) this.#emit('Photo:delete', id, id.length)
      return
    }
    const { name: fileName, x, y } = now
    const type = this.#room.typeOf(now)
    const author = this.#room.authorOf(now)
    // The tutorials' pages have nothing to the left of the window, or above it (K18).
    const place = { x: Math.max(0, x), y: Math.max(0, y) }
    if (events & PHOTO_FIELDS)
      this.#emit(
        'Photo:update',
        { id, fileName, type, author, ...place },
        limits.fileNameLength + fileName.length,
      )
    if (!file) return
    if (events & PHOTO_FILE) this.#emit('Photo:update', { id, file }, file.length)
    if (events & IMAGE_UPDATE) this.#emit('Image:update', { id, fileName, type, file }, file.length)
  }

  #emit(event: string, body: unknown, bytes: number): void {
    this.#socket.emit(event, body)
    this.#inFlightBytes += bytes
  }

  /** Resolves when the socket has drained or is closed. Cuts it off at the timeout. */
  async #whenDrained(): Promise<void> {
    const timeoutMs = this.#room.timeoutMs(this.#inFlightBytes)
    const timer = setTimeout(() => {
      this.cutOff(`took nothing for ${Math.round(timeoutMs / 1000)} s`)
    }, timeoutMs)
    while (!this.#isClosed && !this.#isDrained) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    clearTimeout(timer)
  }
}

type Conn = Socket['conn']

/** Returns the packets that Engine.IO hasn't given to the transport yet. */
const writeBufferOf = (conn: Conn): readonly unknown[] =>
  (conn as unknown as { writeBuffer: unknown[] }).writeBuffer

/** Returns the websocket below a connection; undefined while it polls. */
const webSocketOf = ({ transport }: Conn): WebSocket | undefined =>
  (transport as unknown as { socket?: WebSocket }).socket
