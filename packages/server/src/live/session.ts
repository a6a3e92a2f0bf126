import {
  type CommandAnswer,
  Commands,
  type Cursor,
  cleanLine,
  Follow,
  type FollowAnswer,
  type ImageRecord,
  isHeldFor,
  may,
  Presence as PresenceState,
  parseOrThrow,
  parseOrUndefined,
  SeenReport,
  SenderPreviews,
  SenderReport,
  ShowRequest,
  WireError,
} from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import type { Socket } from 'socket.io'
import type { Right } from '../access/records.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import { toWireError } from '../errors.ts'
import type { LoopTurns } from '../fairness/loop-turns.ts'
import { type Party, partyOf } from '../fairness/party.ts'
import type { Guest } from '../http/guard.ts'
import type { ReadPageBuild } from '../http/page-build.ts'
import type { Previews } from '../images/uploads/previews.ts'
import { isArriving, type UploadProgress } from '../images/uploads/progress.ts'
import { inBackground } from '../in-background.ts'
import type { HeldCommands } from '../moderation/held-commands.ts'
import type { HeldLogs } from '../moderation/held-logs.ts'
import { Outbox } from './outbox.ts'
import type { PartyLimiter } from './party-limiter.ts'
import { RateLimiter } from './rate-limiter.ts'
import type { Member, Room } from './room.ts'
import { SocketWriter, UNREAD_BYTES } from './socket-writer.ts'

/** More than a page comes to that waits for each answer (F7). */
const MESSAGES_PER_SECOND = 300
const MESSAGES_AT_ONCE_COUNT = 600
const ROUND_TRIP_INTERVAL_MS = 30_000
/** Messages of a page that may wait for their turn. */
const WAITING_MESSAGES_COUNT = 16
/** Commands that are as much work as one preview, or one request. */
const COMMANDS_PER_WEIGHT = 10

type Acknowledge = (answer: object) => void

interface SessionOptions {
  readonly sender: Guest
  /** Whether it is a wall, which nobody sits at. */
  readonly isWall: boolean
  readonly previews: Previews
  readonly uploadProgress: UploadProgress
  readonly log: FastifyBaseLogger
  /** Reads the build of the page that the server serves; null for none. */
  readonly readPageBuild: ReadPageBuild
  /** Bounds the messages of commands, by visitor and address. */
  readonly commandLimiter: PartyLimiter
  readonly loopTurns: LoopTurns
  readonly heldLogs: HeldLogs
  readonly heldCommands: HeldCommands
}

/** An event whose sender waits for an answer. */
interface AnsweredEvent {
  readonly handle: (session: Session, body: unknown) => Promise<object> | object
  /** Returns how much work it is beside a request without a body. */
  readonly weightOf: (body: unknown) => number
  /** Resolves when it can be handled, if that may take a while. */
  readonly whenReady?: (session: Session, body: unknown) => Promise<void>
}

/** Makes the handler of an event that has no answer. A body that can't be parsed is ignored. */
function unanswered<T>(
  parse: (body: unknown) => T | undefined,
  handle: (session: Session, body: T) => void,
): (session: Session, body: unknown) => void {
  return (session, body) => {
    const parsed = parse(body)
    if (parsed !== undefined) handle(session, parsed)
  }
}

/** One page that looks at a board: its socket's events, each answered. */
export class Session implements Member {
  static readonly #answered: ReadonlyMap<string, AnsweredEvent> = new Map(
    Object.entries({
      follow: {
        handle: (session, body) => session.#onFollow(parseOrThrow(Follow, body)),
        weightOf: () => 1,
      },
      commands: {
        handle: (session, body) => session.#onCommands(parseOrThrow(Commands, body)),
        weightOf: weightOfCommands,
      },
      previews: {
        handle: (session, body) => session.#onPreviews(parseOrThrow(SenderPreviews, body)),
        weightOf: (body) => 1 + Object.keys(Object(body)).length,
        whenReady: (session, body) => session.#whenAnnounced(Object.keys(Object(body))),
      },
    } satisfies Record<string, AnsweredEvent>),
  )
  static readonly #unanswered = new Map(
    Object.entries({
      presence: unanswered(
        (body) => parseOrUndefined(PresenceState, body),
        (session, state) => session.#onPresence(state),
      ),
      sending: unanswered(
        (body) => parseOrUndefined(SenderReport, body),
        (session, report) => session.#onSenderReport(report),
      ),
      seen: unanswered(
        (body) => parseOrUndefined(SeenReport, body),
        (session, { ids }) => session.#onSeen(ids),
      ),
      show: unanswered(
        (body) => parseOrUndefined(ShowRequest, body),
        (session, request) => session.#onShow(request),
      ),
    }),
  )
  readonly id: string
  readonly outbox: Outbox
  readonly #socket: Socket
  readonly #writer: SocketWriter
  readonly #room: Room
  readonly #options: SessionOptions
  readonly #party: Party
  #sender: Guest
  readonly #rateLimiter = new RateLimiter(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE_COUNT)
  /** Milliseconds that a message takes from the page to here: half a round trip. */
  #lag = 0
  #measuredAt = Number.NEGATIVE_INFINITY
  /** Settles when the last commands have been answered. */
  #commandsAnswered: Promise<void> | undefined
  /** Messages that wait for their turn, or for commands. */
  #waitingCount = 0
  /** Events that had come when everything was held back. */
  #heldEvents: (() => void)[] = []

  constructor(socket: Socket, room: Room, options: SessionOptions) {
    this.id = socket.id
    this.#socket = socket
    this.#room = room
    this.#options = options
    this.#sender = options.sender
    this.#party = partyOf(options.sender, room.board.id)
    this.#writer = new SocketWriter(socket, () => this.outbox.drained())
    this.outbox = new Outbox(this.#writer, room, room.board, (reason) => this.#cutOff(reason))
    // One listener for all events: one for each would stay as long as the page (S12).
    socket.onAny((event: string, body: unknown, acknowledge: unknown) => {
      if (!socket.connected) return
      if (this.#writer.isHeld) this.#heldEvents.push(() => this.#receive(event, body, acknowledge))
      else this.#receive(event, body, acknowledge)
    })
    socket.on('disconnect', () => socket.conn.close())
    room.enter(this)
  }

  get visitor(): string {
    return this.#options.sender.visitor
  }

  get isWall(): boolean {
    return this.#options.isWall
  }

  send(event: string, text: string): void {
    this.#writer.emit(event, text)
  }

  dismiss(error: WireError): void {
    this.#socket.emit('bye', JSON.stringify({ error }))
    this.#socket.disconnect(true)
  }

  /** Says why the right has ended; without a reason it is another one, and the page connects again. */
  end(error: WireError | null): void {
    if (error) this.#socket.emit('bye', JSON.stringify({ error }))
    this.#socket.disconnect(true)
    this.#writer.discard()
    this.#heldEvents = []
  }

  /** Sends nothing and takes nothing until `release`; whatever comes meanwhile waits. */
  hold(): void {
    this.#writer.hold()
  }

  /** Goes on where it was held back. */
  release(): void {
    if (!this.#writer.isHeld) return
    this.#writer.release()
    const events = this.#heldEvents
    this.#heldEvents = []
    for (const receive of events) receive()
  }

  /** Counts by the bounds that the link has now. */
  renew({ quota }: Right): void {
    const { quota: _, ...sender } = this.#sender
    this.#sender = quota ? { ...sender, quota } : sender
  }

  /** Leaves the room, since the connection is closed. */
  close(): void {
    this.outbox.close()
    this.#writer.close()
    this.#room.leave(this)
  }

  async #onFollow({ cursor }: { cursor: Cursor }): Promise<FollowAnswer> {
    const resumed = await this.outbox.follow(cursor, this.#party)
    if (resumed) {
      // One who is slow to follow has missed the count that followed on its coming.
      this.#room.tellVisitorCount()
      this.#measureRoundTrip()
    }
    const build = await this.#options.readPageBuild()
    if (build !== null) this.#writer.emit('build', build)
    const { visitor, role } = this.#options.sender
    return { visitor, role, session: this.id, resumed, now: Date.now() }
  }

  #onCommands(message: Commands): Promise<CommandAnswer> {
    const { board, seenReports } = this.#room
    const sender = this.#sender
    this.#options.commandLimiter.charge(sender)
    // Nobody sees a picture that waits.
    const waits = isHeldFor(sender, board.records)
    for (const command of message.commands)
      if (command.kind === 'image.add' && !waits) seenReports.add(command.id, this.visitor)
    return this.#options.heldCommands.submit(board, message, sender)
  }

  /** Takes previews of one's own pictures. They are made anew in the background. */
  #onPreviews(sent: SenderPreviews): object {
    const { sender, previews, log, commandLimiter } = this.#options
    commandLimiter.charge(sender)
    if (!may(sender, 'image.add')) throw new WireError('not-allowed')
    for (const [id, bytes] of Object.entries(sent))
      this.#withOwn(id, (home) => {
        inBackground(previews.addFromSender(home, id, bytes, this.#party), log)
      })
    return {}
  }

  /** Calls back with the place of one's own picture: the board, or its held log. */
  #withOwn(id: string, callback: (home: LiveBoard, record: ImageRecord) => void): void {
    const { board } = this.#room
    const { sender, heldLogs, log } = this.#options
    const look = (home: LiveBoard): void => {
      const record = home.records.get(id)
      if (record?.kind === 'image' && record.author === sender.visitor) callback(home, record)
    }
    if (board.records.has(id) || !may(sender, 'image.add')) return look(board)
    const find = async (): Promise<void> => {
      using home = await heldLogs.homeOf(board, id, sender)
      look(home.board)
    }
    inBackground(find(), log)
  }

  #onPresence(state: PresenceState): void {
    const { sender } = this.#options
    if (!may(sender, 'presence')) return
    this.#room.presence.set(this.id, sender, { ...state, name: cleanLine(state.name) })
  }

  /** Takes over what only the sender knows of its own pictures on their way. */
  #onSenderReport(report: SenderReport): void {
    for (const [id, { state, wait }] of Object.entries(report))
      this.#withOwn(id, (home, record) => {
        if (!isArriving(record)) return
        const shown = state === 'sending' ? 'arriving' : state
        this.#options.uploadProgress.setState(home.id, id, shown, wait)
      })
  }

  #onSeen(ids: readonly string[]): void {
    const { presence } = this.#room
    const viewer = { visitor: this.visitor, name: presence.nameOf(this.id), lag: this.#lag }
    this.#room.reportSeen(ids, viewer)
    this.#measureRoundTrip()
  }

  #onShow(request: ShowRequest): void {
    const { sender } = this.#options
    if (may(sender, 'board.show')) this.#room.show(this.visitor, request)
  }

  #measureRoundTrip(): void {
    const start = performance.now()
    if (this.#writer.isHeld) return
    if (start - this.#measuredAt < ROUND_TRIP_INTERVAL_MS) return
    this.#measuredAt = start
    this.#socket.emit('echo', () => {
      this.#lag = (performance.now() - start) / 2
    })
  }

  #receive(event: string, body: unknown, acknowledge: unknown): void {
    const answered = Session.#answered.get(event)
    if (answered) {
      const done = this.#answer(answered, body, acknowledge)
      inBackground(done, this.#options.log)
      if (event === 'commands') this.#commandsAnswered = done
      return
    }
    const handle = Session.#unanswered.get(event)
    if (!handle) return
    this.#options.loopTurns.note(this.#party.address, 1)
    if (this.#rateLimiter.spend()) handle(this, body)
  }

  /** Answers an event: with what its handler resolves to, or with its error. */
  async #answer(answered: AnsweredEvent, body: unknown, acknowledge: unknown): Promise<void> {
    if (typeof acknowledge !== 'function') return this.dismiss(new WireError('bad-request'))
    if (this.#isUnread()) return
    await this.#reply(answered, body, acknowledge as Acknowledge)
  }

  async #reply(
    { handle, weightOf, whenReady }: AnsweredEvent,
    body: unknown,
    acknowledge: Acknowledge,
  ): Promise<void> {
    const { loopTurns, log } = this.#options
    let answer: object
    try {
      if (!this.#rateLimiter.spend()) throw new WireError('too-many')
      if (whenReady) await whenReady(this, body)
      const weight = weightOf(body)
      using _work = loopTurns.tryBegin(this.#party, weight) ?? (await this.#waitForTurn(weight))
      answer = await handle(this, body)
    } catch (error) {
      answer = { error: toWireError(error, log).toJSON() }
    }
    // Other events that came in the same turn have been answered meanwhile.
    if (this.#isUnread()) return
    acknowledge(answer)
  }

  /**
   * Waits for the answer to commands, as previews may come right behind the message that adds their pictures (A57).
   * Rejects with `too-many` if too much waits.
   */
  async #whenAnnounced(ids: readonly string[]): Promise<void> {
    const { records } = this.#room.board
    if (ids.every((id) => records.has(id))) return
    await this.#wait(async () => this.#commandsAnswered)
  }

  /** Waits for a turn on this thread (N9). Rejects with `busy` if too much waits. */
  #waitForTurn(weight: number): Promise<Disposable> {
    const { promise, resolve, reject } = Promise.withResolvers<Disposable>()
    return this.#wait(() => {
      const giveWay = () => reject(new WireError('busy'))
      this.#options.loopTurns.take(this.#party, weight, resolve, giveWay)
      return promise
    })
  }

  /** Begins to wait, and waits. Rejects with `too-many` if too many messages wait already. */
  async #wait<T>(begin: () => Promise<T>): Promise<T> {
    if (this.#waitingCount >= WAITING_MESSAGES_COUNT) throw new WireError('too-many')
    this.#waitingCount++
    try {
      return await begin()
    } finally {
      this.#waitingCount--
    }
  }

  /** Cuts off a viewer who has answers sent and reads none. */
  #isUnread(): boolean {
    const { isHeld, backlogBytes, liveBytes } = this.#writer
    if (isHeld || backlogBytes - liveBytes <= UNREAD_BYTES) return false
    this.#cutOff('sends without reading')
    return true
  }

  #cutOff(reason: string): void {
    const { board } = this.#room
    this.#options.log.info({ session: this.id, board: board.id, reason }, 'viewer cut off')
    this.#writer.terminate()
  }
}

/** Estimates how much work a message of commands is. */
function weightOfCommands(body: unknown): number {
  const { commands } = Object(body) as { commands?: unknown }
  return 1 + (Array.isArray(commands) ? commands.length : 0) / COMMANDS_PER_WEIGHT
}
