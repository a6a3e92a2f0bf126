import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { Hello, limits, parseOrThrow, WIRE_VERSION, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import { Server, type Socket } from 'socket.io'
import type { Boards } from '../boards/boards.ts'
import { toWireError } from '../errors.ts'
import type { Guard } from '../http/guard.ts'
import { boundUnread } from './outbox.ts'
import { Room, type RoomParts } from './room.ts'
import { Session } from './session.ts'

export interface Gateway {
  /** Tells somebody something, on every page that they have open on a board. */
  notify(board: string, visitor: string, error: WireError): void
  /** Tells everybody that the server is going, and closes their sockets. */
  close(): void
}

/** The sockets at `/live`: each is let in by the guard, to the room of one board. */
export function attachGateway(
  http: HttpServer,
  parts: RoomParts & { boards: Boards; guard: Guard },
): Gateway {
  const { boards, guard, log } = parts
  const rooms = new Map<string, Room>()
  /** Connections that have asked to be let in, so that none asks twice. */
  const asked = new WeakSet<object>()
  const io = new Server(http, {
    path: '/live',
    transports: ['websocket'],
    allowUpgrades: false,
    serveClient: false,
    perMessageDeflate: false,
    maxHttpBufferSize: limits.socketFrameBytes,
    connectTimeout: 10_000,
    pingInterval: 10_000,
    pingTimeout: 10_000,
    allowRequest: allowedBy(guard, log),
  })

  io.engine.on('connection', boundUnread)

  /** Lets a socket into its board's room; opened by the first, given up by the last. */
  async function enter(socket: Socket): Promise<void> {
    const { board: id, wire } = parseOrThrow(Hello, socket.handshake.auth)
    if (asked.has(socket.conn)) throw new WireError('bad-request')
    asked.add(socket.conn)
    if (wire !== WIRE_VERSION) throw new WireError('old-page')
    const sender = guard.sender(socket.request as IncomingMessage, id)
    const { board, release } = await boards.hold(id)
    if (socket.conn.readyState !== 'open') return release()
    let room = rooms.get(id)
    if (!room) {
      const opened = new Room(board, parts, () => {
        if (rooms.get(id) === opened) rooms.delete(id)
      })
      room = opened
      rooms.set(id, room)
    }
    const session = new Session(socket, room, sender)
    socket.conn.once('close', () => {
      session.close()
      release()
    })
  }

  io.use((socket, next) => {
    enter(socket).then(
      () => next(),
      (error: unknown) => {
        const told = toWireError(error, log)
        next(Object.assign(new Error(told.message), { data: told.toJSON() }))
      },
    )
  })

  return {
    notify(board, visitor, error) {
      rooms.get(board)?.tell(visitor, 'notice', { error })
    },
    close() {
      for (const room of rooms.values()) room.bye(new WireError('busy'))
      io.engine.close()
    },
  }
}

/** Lets those connect whom the guard lets in. */
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
