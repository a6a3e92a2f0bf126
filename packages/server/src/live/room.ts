import { type Arrivals, type Batch, coalesce, type WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import { encodeBatch } from '../boards/encoded-batch.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Intake } from '../images/uploads/intake.ts'
import type { UploadProgress } from '../images/uploads/progress.ts'
import type { Metrics } from '../metrics.ts'
import { encodedBytes, encodedText } from './encoded-event.ts'
import type { News } from './outbox.ts'
import { Presence } from './presence.ts'
import { SeenReports } from './seen-reports.ts'
import type { Session } from './session.ts'

/** Milliseconds between two broadcasts while changes keep coming: 30 a second. */
const PACE = 33
/** Milliseconds between two words of how many are here. */
const COUNT = 1_000

export interface RoomParts {
  readonly intake: Intake
  readonly uploadProgress: UploadProgress
  readonly metrics: Metrics
  readonly log: FastifyBaseLogger
}

/** Everybody on this server who looks at one board, fed by the board's one changefeed. */
export class Room {
  readonly board: LiveBoard
  readonly presence: Presence
  readonly seen: SeenReports
  readonly parts: RoomParts
  readonly #sessions = new Set<Session>()
  readonly #unlisten: () => void
  readonly #unlook: () => void
  readonly #empty: () => void
  /** Batches that wait for the next broadcast. */
  #pending: Batch[] = []
  #timer: NodeJS.Timeout | undefined
  #counting: NodeJS.Timeout | undefined
  #sentAt = 0

  constructor(board: LiveBoard, parts: RoomParts, empty: () => void) {
    this.board = board
    this.parts = parts
    this.#empty = empty
    parts.intake.warmUp()
    this.#unlisten = board.listen((batch) => this.#hear(batch))
    this.presence = new Presence((present) => this.tellAll('presence', present))
    this.#unlook = parts.uploadProgress.listen(board.id, {
      onProgress: (arrivals) => this.tellAll('arrivals', arrivals),
      onPreview: (id, bytes) => this.#push(id, bytes),
    })
    this.seen = new SeenReports({
      tell: (visitor, seenBy) => this.tell(visitor, 'seen', seenBy),
      others: (visitor) => {
        const { visitors } = this
        return visitors.size - Number(visitors.has(visitor))
      },
      observe: (milliseconds) => parts.metrics.seen.observe(milliseconds / 1000),
    })
  }

  get visitors(): ReadonlySet<string> {
    return new Set(Array.from(this.#sessions, (session) => session.visitor))
  }

  /** Pictures on their way. */
  get arrivals(): Arrivals {
    return this.parts.uploadProgress.snapshot(this.board.id)
  }

  /** Tells everybody who follows; of the same thing the latest news win (F12). */
  tellAll(event: string, news: News): void {
    const encoded = encodedText(event, JSON.stringify(news))
    for (const session of this.#sessions) session.outbox.tell(encoded, news)
  }

  /** Tells every page of one visitor. */
  tell(visitor: string, event: string, body: object): void {
    for (const session of this.#sessions)
      if (session.visitor === visitor) session.outbox.send(event, JSON.stringify(body))
  }

  enter(session: Session): void {
    this.#sessions.add(session)
    this.#count()
  }

  leave(session: Session): void {
    this.#sessions.delete(session)
    this.presence.leave(session.id)
    this.#count()
    if (this.#sessions.size > 0) return
    this.#unlisten()
    this.#unlook()
    clearTimeout(this.#timer)
    clearTimeout(this.#counting)
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
    const projected = encodeBatch(coalesce([first, ...rest]))
    const changes = encodedText('changes', projected.text)
    for (const session of this.#sessions) session.outbox.offer(projected, changes)
  }

  /** Tells everybody how many are here, when that changes. */
  #count(): void {
    this.#counting ??= setTimeout(() => {
      this.#counting = undefined
      this.tellAll('people', { count: this.visitors.size })
    }, COUNT)
  }

  /** A preview comes after the change that it belongs to. */
  #push(id: string, bytes: Buffer): void {
    this.flush()
    const preview = encodedBytes('preview', id, bytes)
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
