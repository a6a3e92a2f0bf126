import {
  type CommandAnswer,
  Commands,
  type ErrorBody,
  Follow,
  type FollowAnswer,
  may,
  Presence as PresenceSchema,
  parseOrThrow,
  parseOrUndefined,
  SeenReport as SeenSchema,
  SenderReport,
  ShowRequest,
  WireError,
} from '@wirephoto/board'
import type { Socket } from 'socket.io'
import type { Sender } from '../boards/live-board.ts'
import { toWireError } from '../errors.ts'
import { isArriving } from '../images/uploads/intake.ts'
import { Outbox, transportOf, UNREAD } from './outbox.ts'
import { RateLimiter } from './rate-limiter.ts'
import type { Room } from './room.ts'

/**
 * Messages a second that a session may send, and how many at once (F7): more than one comes to that
 * waits for each answer.
 */
const RATE = 300
const BURST = 600
/** Milliseconds after which it is measured again how long the line is. */
const MEASURE = 30_000

/** One page that looks at a board: its socket's events, each answered. */
export class Session {
  readonly id: string
  readonly outbox: Outbox
  readonly #socket: Socket
  readonly #room: Room
  readonly #sender: Sender
  readonly #rate = new RateLimiter(RATE, BURST)
  /** Milliseconds that a word takes from there to here: half of there and back. */
  #lag = 0
  #measuredAt = Number.NEGATIVE_INFINITY

  constructor(socket: Socket, room: Room, sender: Sender) {
    this.id = socket.id
    this.#socket = socket
    this.#room = room
    this.#sender = sender
    this.outbox = new Outbox(socket, room, (reason) => this.#terminate(reason))
    this.#answer('follow', async (body): Promise<FollowAnswer> => {
      const { cursor } = parseOrThrow(Follow, body)
      const resumed = this.outbox.follow(await room.board.missed(cursor))
      if (resumed) this.#measure()
      return { visitor: sender.visitor, session: this.id, resumed, now: Date.now() }
    })
    this.#answer('commands', (body) => this.#command(parseOrThrow(Commands, body)))
    this.#hear(
      'presence',
      (body) => parseOrUndefined(PresenceSchema, body),
      (state) => {
        room.presence.set(this.id, sender.visitor, state)
      },
    )
    this.#hear(
      'sending',
      (body) => parseOrUndefined(SenderReport, body),
      (sending) => this.#say(sending),
    )
    this.#hear(
      'seen',
      (body) => parseOrUndefined(SeenSchema, body),
      ({ ids }) => {
        const name = room.presence.nameOf(this.id)
        for (const id of ids)
          room.seen.report(id, { visitor: sender.visitor, name, lag: this.#lag })
        this.#measure()
      },
    )
    this.#hear(
      'show',
      (body) => parseOrUndefined(ShowRequest, body),
      (shown) => {
        if (may({ ...sender, now: 0 }, 'board.patch')) room.tellAll('show', shown)
      },
    )
    socket.on('disconnect', () => socket.conn.close())
    room.enter(this)
    room.parts.metrics.viewers.inc()
  }

  get visitor(): string {
    return this.#sender.visitor
  }

  /** Says why, and closes. */
  bye(error: WireError): void {
    this.#socket.emit('bye', JSON.stringify({ error }))
    this.#socket.disconnect(true)
  }

  close(): void {
    this.outbox.close()
    this.#room.leave(this)
    this.#room.parts.metrics.viewers.dec()
  }

  async #command({ previews = {}, ...message }: Commands): Promise<CommandAnswer> {
    const { board, seen, parts } = this.#room
    for (const command of message.commands)
      if (command.kind === 'image.add') seen.add(command.id, this.visitor)
    const answer = await board.submit(message, this.#sender)
    const refused = new Set(answer.refused.map(({ n }) => n))
    for (const [i, command] of message.commands.entries()) {
      const bytes = command.kind === 'image.add' && previews[command.id]
      if (bytes && !refused.has(message.n + i))
        void parts.intake.addPreview(board, command.id, bytes)
    }
    return answer
  }

  /** What only the sender knows of its own pictures on their way. */
  #say(sending: SenderReport): void {
    const { board, parts } = this.#room
    for (const [id, { state, wait }] of Object.entries(sending)) {
      const record = board.records.get(id)
      if (!isArriving(record) || record.author !== this.visitor) continue
      parts.uploadProgress.setState(board.id, id, state === 'sending' ? 'arriving' : state, wait)
    }
  }

  #measure(): void {
    const start = performance.now()
    if (start - this.#measuredAt < MEASURE) return
    this.#measuredAt = start
    this.#socket.emit('echo', () => {
      this.#lag = (performance.now() - start) / 2
    })
  }

  /** An event without an answer: what isn't understood is not heard. */
  #hear<T>(event: string, read: (body: unknown) => T | undefined, handle: (body: T) => void): void {
    this.#socket.on(event, (body: unknown) => {
      const understood = this.#rate.spend() ? read(body) : undefined
      if (understood !== undefined) handle(understood)
    })
  }

  #answer<T>(event: string, handle: (body: unknown) => Promise<T>): void {
    this.#socket.on(event, (body: unknown, ack: unknown) => {
      if (typeof ack !== 'function') return this.bye(new WireError('bad-request'))
      if (this.outbox.backlog > UNREAD) return this.#terminate('sends without reading')
      void this.#attempt(handle, body).then((reply) => {
        // What was asked before in one breath has been answered meanwhile.
        if (this.outbox.backlog > UNREAD) return this.#terminate('sends without reading')
        this.outbox.count(JSON.stringify(reply).length)
        ack(reply)
      })
    })
  }

  async #attempt<T>(handle: (body: unknown) => Promise<T>, body: unknown): Promise<T | ErrorBody> {
    try {
      if (!this.#rate.spend()) throw new WireError('too-many')
      return await handle(body)
    } catch (error) {
      return { error: toWireError(error, this.#room.parts.log).toJSON() }
    }
  }
  /** `disconnect(true)` would keep the buffer of a peer that doesn't read. */
  #terminate(reason: string): void {
    this.#room.parts.log.info(
      { session: this.id, board: this.#room.board.id, reason },
      'viewer cut off',
    )
    transportOf(this.#socket).socket.terminate()
  }
}
