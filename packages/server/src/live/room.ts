import { type Batch, coalesce, type WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import type { Server } from 'socket.io'
import type { LiveBoard } from '../boards/live-board.ts'
import { project } from '../boards/projection.ts'
import { Presence } from './presence.ts'
import type { Session } from './session.ts'

/** Milliseconds between two broadcasts while changes keep coming: 30 a second. */
const PACE = 33

/** Everybody on this server who looks at one board, fed by the board's one changefeed. */
export class Room {
  readonly board: LiveBoard
  readonly presence: Presence
  readonly log: FastifyBaseLogger
  readonly #sessions = new Set<Session>()
  readonly #unlisten: () => void
  readonly #empty: () => void
  /** Batches that wait for the next broadcast. */
  #pending: Batch[] = []
  #timer: NodeJS.Timeout | undefined
  #sentAt = 0

  constructor(io: Server, board: LiveBoard, log: FastifyBaseLogger, empty: () => void) {
    this.board = board
    this.log = log
    this.#empty = empty
    this.#unlisten = board.listen((batch) => this.#hear(batch))
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
    clearTimeout(this.#timer)
    this.presence.close()
    this.#empty()
  }

  bye(error: WireError): void {
    for (const session of this.#sessions) session.bye(error)
  }

  /** Broadcasts what waits, so that whoever is in the room stands where the board does. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const [first, ...rest] = this.#pending
    if (!first) return
    this.#pending = []
    this.#sentAt = performance.now()
    const projected = project(coalesce([first, ...rest]))
    // An Engine.IO message (4) with a Socket.IO event (2).
    const frame = Buffer.from(`42${JSON.stringify(['changes', projected.text])}`)
    for (const session of this.#sessions) session.outbox.offer(projected, frame)
  }

  /** A change is broadcast at once; those that come in a stream share broadcasts. */
  #hear(batch: Batch | null): void {
    if (batch === null) {
      this.#pending = []
      for (const session of this.#sessions) session.outbox.reload()
      return
    }
    this.#pending.push(batch)
    if (this.#timer) return
    const early = this.#sentAt + PACE - performance.now()
    if (early <= 0) this.flush()
    else this.#timer = setTimeout(() => this.flush(), early)
  }
}
