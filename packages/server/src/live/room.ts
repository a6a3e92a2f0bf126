import type { Batch, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import type { Server } from 'socket.io'
import type { LiveBoard } from '../boards/live-board.ts'
import { project } from '../boards/projection.ts'
import { Presence } from './presence.ts'
import type { Session } from './session.ts'

/** Everybody on this server who looks at one board, fed by the board's one changefeed. */
export class Room {
  readonly board: LiveBoard
  readonly presence: Presence
  readonly log: FastifyBaseLogger
  readonly #io: Server
  readonly #sessions = new Set<Session>()
  readonly #unlisten: () => void
  readonly #empty: () => void

  constructor(io: Server, board: LiveBoard, log: FastifyBaseLogger, empty: () => void) {
    this.board = board
    this.log = log
    this.#io = io
    this.#empty = empty
    this.#unlisten = board.listen((batch) => this.#broadcast(batch))
    this.presence = new Presence((text) => io.to(board.id).volatile.emit('presence', text))
  }

  enter(session: Session): void {
    this.#sessions.add(session)
  }

  leave(session: Session): void {
    this.#sessions.delete(session)
    this.presence.leave(session.id)
    if (this.#sessions.size > 0) return
    this.#unlisten()
    this.presence.close()
    this.#empty()
  }

  bye(error: WireError): void {
    for (const session of this.#sessions) session.bye(error)
  }

  #broadcast(batch: Batch | null): void {
    if (batch === null) {
      for (const session of this.#sessions) session.outbox.reload()
      return
    }
    const projected = project(batch)
    for (const session of this.#sessions) session.outbox.offer(projected)
    this.#io.to(this.board.id).emit('changes', projected.text)
  }
}
