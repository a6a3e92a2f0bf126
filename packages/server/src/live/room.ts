import { type Arrivals, type Batch, coalesce, type Shown, type WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import type { Server } from 'socket.io'
import type { LiveBoard } from '../boards/live-board.ts'
import { project } from '../boards/projection.ts'
import type { Arriving } from '../images/arriving.ts'
import type { Intake } from '../images/intake.ts'
import type { Metrics } from '../metrics.ts'
import { encoded } from './outbox.ts'
import { Presence } from './presence.ts'
import { Seen } from './seen.ts'
import type { Session } from './session.ts'

/** Milliseconds between two broadcasts while changes keep coming: 30 a second. */
const PACE = 33

export interface RoomParts {
  readonly intake: Intake
  readonly arriving: Arriving
  readonly metrics: Metrics
  readonly log: FastifyBaseLogger
}

/** Everybody on this server who looks at one board, fed by the board's one changefeed. */
export class Room {
  readonly board: LiveBoard
  readonly presence: Presence
  readonly seen: Seen
  readonly parts: RoomParts
  /** Has every screen show a picture. */
  readonly show: (shown: Shown) => void
  readonly #sessions = new Set<Session>()
  readonly #unlisten: () => void
  readonly #unlook: () => void
  readonly #empty: () => void
  /** Batches that wait for the next broadcast. */
  #pending: Batch[] = []
  #timer: NodeJS.Timeout | undefined
  #sentAt = 0

  constructor(io: Server, board: LiveBoard, parts: RoomParts, empty: () => void) {
    this.board = board
    this.parts = parts
    this.#empty = empty
    parts.intake.expect()
    this.#unlisten = board.listen((batch) => this.#hear(batch))
    const lossy = (event: string, text: string) => io.to(board.id).volatile.emit(event, text)
    this.show = (shown) => lossy('show', JSON.stringify(shown))
    this.presence = new Presence((text) => lossy('presence', text))
    this.#unlook = parts.arriving.look(board.id, {
      news: (arrivals) => lossy('arrivals', JSON.stringify(arrivals)),
      preview: (id, bytes) => this.#push(id, bytes),
    })
    this.seen = new Seen({
      tell: (visitor, seenBy) => this.tell(visitor, 'seen', seenBy),
      others: (visitor) =>
        new Set(Array.from(this.#sessions, (session) => session.visitor)).size -
        Number(this.#sessions.values().some((session) => session.visitor === visitor)),
      observe: (milliseconds) => parts.metrics.seen.observe(milliseconds / 1000),
    })
  }

  /** Pictures on their way. */
  get arrivals(): Arrivals {
    return this.parts.arriving.all(this.board.id)
  }

  /** Tells every page of one visitor. */
  tell(visitor: string, event: string, body: object): void {
    for (const session of this.#sessions)
      if (session.visitor === visitor) session.outbox.send(event, JSON.stringify(body))
  }

  enter(session: Session): void {
    this.#sessions.add(session)
  }

  leave(session: Session): void {
    this.#sessions.delete(session)
    this.presence.leave(session.id)
    if (this.#sessions.size > 0) return
    this.#unlisten()
    this.#unlook()
    clearTimeout(this.#timer)
    this.presence.close()
    this.seen.close()
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

  /** A preview comes after the change that it belongs to. */
  #push(id: string, bytes: Buffer): void {
    this.flush()
    const preview = encoded('preview', id, bytes)
    for (const session of this.#sessions) session.outbox.push(preview)
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
