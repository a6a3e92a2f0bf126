import { randomBytes } from 'node:crypto'
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import {
  type Downloads,
  type HeldNews,
  Hello,
  isHeldLog,
  may,
  parseOrThrow,
  serverLimits,
  uuidv7,
  WIRE_VERSION,
  WireError,
} from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import { Server, type Socket } from 'socket.io'
import { WebSocketServer } from 'ws'
import type { Boards } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Bounds } from '../bounds.ts'
import type { BusMessage } from '../bus/message.ts'
import { toWireError } from '../errors.ts'
import type { LoopTurns } from '../fairness/loop-turns.ts'
import type { Guard, Guest } from '../http/guard.ts'
import type { ReadPageBuild } from '../http/page-build.ts'
import type { Previews } from '../images/uploads/previews.ts'
import type { UploadProgress } from '../images/uploads/progress.ts'
import type { Metrics } from '../metrics.ts'
import type { HeldCommands } from '../moderation/held-commands.ts'
import type { HeldLogs } from '../moderation/held-logs.ts'
import type { Slots } from '../slots/slots.ts'
import { handshakeLimiterWith, type PartyLimiter } from './party-limiter.ts'
import { Room } from './room.ts'
import { Session } from './session.ts'
import { boundUnread } from './socket-writer.ts'

interface GatewayOptions {
  readonly bounds: Bounds
  readonly boards: Boards
  readonly guard: Guard
  readonly previews: Previews
  readonly uploadProgress: UploadProgress
  readonly slots: Slots
  readonly metrics: Metrics
  /** Sends a message to other servers, about a board; null for a server that has no bus. */
  readonly publish: ((board: string, message: BusMessage) => void) | null
  readonly log: FastifyBaseLogger
  /** Reads the build of the page that the server serves; null for none. */
  readonly readPageBuild: ReadPageBuild
  /** Bounds the messages of commands, by visitor and address. */
  readonly commandLimiter: PartyLimiter
  readonly loopTurns: LoopTurns
  readonly heldLogs: HeldLogs
  readonly heldCommands: HeldCommands
}

/** The sockets at `/live`. The guard lets each of them in, to the room of one board. */
export class Gateway {
  readonly #options: GatewayOptions
  readonly #io: Server
  readonly #handshakes: PartyLimiter
  readonly #rooms = new Map<string, Room>()
  /** Connections that have asked to be let in, so that none asks twice. */
  readonly #admitted = new WeakSet<object>()

  /** Takes the websockets of an HTTP server. */
  constructor(http: HttpServer, options: GatewayOptions) {
    this.#options = options
    this.#handshakes = handshakeLimiterWith(options.bounds)
    this.#io = new Server(http, {
      path: '/live',
      transports: ['websocket'],
      wsEngine: WebSocketServer,
      allowUpgrades: false,
      serveClient: false,
      perMessageDeflate: false,
      maxHttpBufferSize: serverLimits.socketFrameBytes,
      connectTimeout: 10_000,
      pingInterval: 10_000,
      pingTimeout: 10_000,
      allowRequest: allowedBy(options.guard, options.log),
    })
    this.#io.engine.on('connection', boundUnread)
    options.boards.onRemoved(({ id }) => this.dismiss(id, new WireError('unknown-board')))
    this.#io.use((socket, next) => {
      this.#enter(socket).then(
        () => next(),
        (error: unknown) => {
          const wireError = toWireError(error, options.log)
          next(Object.assign(new Error(wireError.message), { data: wireError.toJSON() }))
        },
      )
    })
  }

  /** Sends an error to every page that a visitor has open on a board. */
  notify(board: string, visitor: string, error: WireError): void {
    this.#tell(board, visitor, 'notice', { error })
  }

  /** Tells every page that a visitor has open on a board how far their downloads are. */
  tellDownloads(board: string, visitor: string, downloads: Downloads): void {
    this.#tell(board, visitor, 'downloads', downloads)
  }

  /** Tells every page that a visitor has open on a board what became of their pictures that have waited. */
  tellDecided(board: string, visitor: string, news: HeldNews): void {
    this.#tell(board, visitor, 'held', news)
  }

  /** Sends an event to every page of a visitor, whatever server it came to. */
  #tell(
    board: string,
    visitor: string,
    event: 'notice' | 'downloads' | 'held',
    body: object,
  ): void {
    this.#rooms.get(board)?.sendToVisitor(visitor, event, body)
    this.#options.publish?.(board, {
      kind: 'told',
      body: { visitor, event, body: { ...body } },
    })
  }

  /** Takes a message of another server for those who look at a board. */
  receive(board: string, message: BusMessage, from: string): void {
    this.#rooms.get(board)?.receive(message, from)
  }

  /** Tells other servers who is on the boards here, and asks the same, since one may have come. */
  onPeer(): void {
    for (const room of this.#rooms.values()) room.onPeer()
  }

  /** Has everybody who looks at a board see a file that isn't kept. Returns how many pages and walls that are. */
  showFile(board: string, file: Buffer): number {
    this.#options.publish?.(board, {
      kind: 'shown',
      id: uuidv7(Date.now(), randomBytes(10)),
      bytes: file,
    })
    return this.#rooms.get(board)?.showFile(file) ?? 0
  }

  /** Returns the name that a visitor has on a page of a board; empty for none. */
  nameOf(board: string, visitor: string): string {
    return this.#rooms.get(board)?.nameOf(visitor) ?? ''
  }

  /** Whether a visitor has a page of the board open. */
  isHere(board: string, visitor: string): boolean {
    return this.#rooms.get(board)?.has(visitor) ?? false
  }

  /** Says why to every page of a board, and closes their sockets. */
  dismiss(board: string, error: WireError): void {
    this.#rooms.get(board)?.dismissAll(error)
  }

  /** Says goodbye to every page, and closes the sockets. */
  close(): void {
    for (const room of this.#rooms.values()) room.dismissAll(new WireError('stopping'))
    this.#io.engine.close()
  }

  async #enter(socket: Socket): Promise<void> {
    const { boards, guard, metrics } = this.#options
    const { board: id, wire, isWall = false, token } = parseOrThrow(Hello, socket.handshake.auth)
    if (this.#admitted.has(socket.conn)) throw new WireError('bad-request')
    this.#admitted.add(socket.conn)
    if (wire !== WIRE_VERSION) throw new WireError('old-page')
    const request = socket.request as IncomingMessage
    if (token !== undefined) request.headers.authorization ??= `Bearer ${token}`
    this.#handshakes.charge(guard.visitor(request))
    await this.#rightOf(request, id)
    using stack = new DisposableStack()
    const held = stack.use(await boards.holdNamed(id))
    // A board may take long to load, and the right may have ended meanwhile.
    const sender = await this.#rightOf(request, id)
    if (socket.conn.readyState !== 'open') return
    const entered = stack.move()
    const session = new Session(socket, this.#roomOf(held.board), {
      ...this.#options,
      sender,
      isWall,
    })
    const watched = guard.watch(request, id, sender, session)
    forgetHeaders(socket)
    // Who watches what waits has the board open too.
    const isCounted = !isHeldLog(id)
    if (isCounted) metrics.viewers.inc()
    socket.conn.once('close', () => {
      watched[Symbol.dispose]()
      session.close()
      if (isCounted) metrics.viewers.dec()
      entered.dispose()
    })
  }

  /** Returns who asks, if they may see the board. Rejects as `Guard.sender` does, and with `not-allowed`. */
  async #rightOf(request: IncomingMessage, board: string): Promise<Guest> {
    const guest = await this.#options.guard.sender(request, board)
    if (!may(guest, 'read')) throw new WireError('not-allowed')
    return guest
  }

  /** Finds the room of a board, which the first session opens and the last one closes. */
  #roomOf(board: LiveBoard): Room {
    const known = this.#rooms.get(board.id)
    if (known) return known
    // Previews must not wait for a process to start.
    this.#options.previews.warmUp()
    const { publish } = this.#options
    const room = new Room(board, {
      ...this.#options,
      publish: publish && ((message) => publish(board.id, message)),
      onEmpty: () => {
        if (this.#rooms.get(board.id) === room) this.#rooms.delete(board.id)
      },
    })
    this.#rooms.set(board.id, room)
    return room
  }
}

/**
 * Forgets the headers of the request that a page connected by. Socket.IO would keep them as long as the page is open
 * (S12). The request itself stays with Engine.IO's response to it.
 */
function forgetHeaders(socket: Socket): void {
  Object.assign(socket.request, { headers: {}, rawHeaders: [] })
  Object.assign(socket.conn, { request: null })
  Object.assign(socket, { handshake: null })
}

/** Lets a socket connect if the guard lets its request in. */
export const allowedBy =
  (guard: Guard, log: FastifyBaseLogger) =>
  (request: IncomingMessage, decide: (error: string | null, isAllowed: boolean) => void): void => {
    try {
      guard.check(request)
      decide(null, true)
    } catch (error) {
      decide(toWireError(error, log).message, false)
    }
  }
