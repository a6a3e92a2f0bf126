import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setImmediate, setTimeout } from 'node:timers/promises'
import {
  type AnyRecord,
  type Batch,
  type Change,
  type Command,
  type CommandAnswer,
  type CommandMessage,
  type Cursor,
  coalesce,
  type ImageRecord,
  idOf,
  isHeldLog,
  seqOf,
  uuidv7,
  WireError,
} from '@wirephoto/board'
import type { Clients, Engine } from '@wirephoto/engine'
import { type Bounds, boundsWith } from '../bounds.ts'
import { failpoint } from '../failpoint.ts'
import { FairQueue } from '../fairness/fair-queue.ts'
import { OWN_PARTY, partyOf } from '../fairness/party.ts'
import type { TrustedClock } from '../trusted-clock.ts'
import { BoardState } from './board-state.ts'
import { EngineWatch, inTime } from './engine-watch.ts'
import { LogReader } from './log-reader.ts'
import { PictureQuota } from './picture-quota.ts'
import { PictureRates } from './picture-rates.ts'
import type { Sender } from './sender.ts'
import {
  type BoardAct,
  FORGOTTEN_BEFORE,
  type Outcome,
  QUEUE_AHEAD_MS,
  type SentCommands,
  TickEvaluator,
} from './tick-evaluator.ts'

/** Messages that may wait for a tick before the board says that it is busy (F7). */
const WAITING_MESSAGES_COUNT = 2_000
const COMMANDS_PER_TICK_COUNT = 500
/** Appends that may lose against other servers' before the messages are answered `busy`. */
const APPEND_ATTEMPTS_COUNT = 50
const ENGINE_RETRY_DELAY_MS = 250
/** The attempts lost to other servers after which a board asks them for a turn, and again after as many more. */
const LOST_ATTEMPTS_COUNT = 2
/** The longest time for which a board lets another server append first. */
const GIVE_WAY_MS = 500
/** Reads of the log for one reader, before it gets some changes a second time. */
const LOG_READS_COUNT = 20
/** The number of a command message that is given a number by the tick. */
// oxlint-disable-next-line house/unit-in-name -- a mark, not a quantity
const ASSIGN_AT_TICK = 0
/** Time between two tries to make room on a board with too many queues or tombstones. */
const MAKE_ROOM_INTERVAL_MS = 600_000

/** Counts a new queue. False if its sender has begun too many. */
type MayBegin = (sender: Sender) => boolean

interface Waiting extends SentCommands {
  message: CommandMessage
  readonly resolve: (answer: CommandAnswer) => void
  readonly reject: (error: unknown) => void
}

/**
 * The one writer of a board on this server: commands in, batches to the engine, changes out.
 *
 *     submit -> queue -> tick: evaluate on a draft -> append as ONE batch -> replica -> listeners, answers
 *                          ^________ on conflict: read the log, evaluate again
 *
 * Messages that come during an append share the next one (group commit).
 */
export class LiveBoard {
  readonly id: string
  readonly #engine: Engine
  readonly #state = new BoardState()
  readonly #evaluator: TickEvaluator
  readonly #listeners = new Set<(batch: Batch | null) => void>()
  /** Messages since the last tick. They take turns only if they don't all fit into the next one. */
  #incoming: Waiting[] = []
  readonly #queue = new FairQueue<Waiting>({ maxCount: WAITING_MESSAGES_COUNT })
  readonly #logReader = new LogReader(this)
  /** The pictures that it has room for. */
  readonly quota: PictureQuota
  /** The messages of the tick under way. */
  #ticking: readonly Waiting[] = []
  readonly #watch = new EngineWatch(() => this.#onSilence())
  readonly #bounds: Bounds
  /** Called when a picture is turned away, since as many arrive here as may. */
  onCrowded: () => void = () => {}
  /** Called when a queue or picture is turned away, since the board remembers as many as it may. */
  onOverfull: () => void = () => {}
  /** Called when it is closed. */
  onClosed: () => void = () => {}
  /** Called when other servers append first again and again, while commands wait here. */
  onOvertaken: () => void = () => {}
  /** Called with what took effect, after it is durable. */
  onActs: (acts: readonly BoardAct[]) => void = () => {}
  /** Called with what this server has appended, and with the records as they were before. */
  onAppended: (changes: readonly Change[], before: readonly (AnyRecord | undefined)[]) => void =
    () => {}
  #madeRoomAt = Number.NEGATIVE_INFINITY
  readonly #mayBegin: MayBegin
  /** This server's own command queue. Numbered at the tick, since a message that fails takes no number. */
  readonly #ownClient = uuidv7(Date.now(), randomBytes(10))
  /** The log may be ahead: the doorbell rang, or an append ended in doubt. */
  #isStale = false
  #running: Promise<void> | null = null
  /** Aborted while no other server goes first. */
  #wayGiven = AbortSignal.abort()
  #wayEnded = new AbortController()
  #closed = false
  #unwatch = () => {}

  private constructor(
    engine: Engine,
    id: string,
    clock: TrustedClock,
    { bounds, mayBegin, rates }: { bounds: Bounds; mayBegin: MayBegin; rates: PictureRates },
  ) {
    this.#mayBegin = mayBegin
    this.#engine = engine
    this.id = id
    this.#bounds = bounds
    this.quota = new PictureQuota(id, this.#state.tally.pictures, bounds, rates)
    this.#evaluator = new TickEvaluator(this.#state, {
      clock,
      bounds,
      quota: this.quota,
      ownClient: this.#ownClient,
      takesParts: isHeldLog(id),
      onCrowded: () => this.onCrowded(),
      onOverfull: () => this.#askForRoom(),
    })
  }

  /** Loads a board from the engine. Rejects with `unknown-board`, or with `away`. */
  static async open(
    engine: Engine,
    id: string,
    clock: TrustedClock,
    bounds = boundsWith(),
    mayBegin: MayBegin = () => true,
    rates = new PictureRates(bounds),
  ): Promise<LiveBoard> {
    const board = new LiveBoard(engine, id, clock, { bounds, mayBegin, rates })
    board.#unwatch = engine.log.watch(id, (cursor) => board.#onDoorbell(cursor))
    // A doorbell that rings meanwhile has the log read afterwards, from the cursor that there is then.
    const loading = board.#load()
    board.#running = loading
    await inTime(loading).catch((error: unknown) => {
      board.#unwatch()
      throw error
    })
    board.#running = null
    if (board.#isStale) board.#run()
    return board
  }

  get cursor(): Cursor {
    return this.#state.cursor
  }

  get records(): ReadonlyMap<string, AnyRecord> {
    return this.#state.records
  }

  /** The bytes of all records. */
  get bytes(): number {
    return this.#state.tally.bytes
  }

  /** Returns the address that an arriving picture was announced from, as far as this process knows. */
  announcedFrom(id: string): string | undefined {
    return this.#state.tally.addressOf(id)
  }

  /** Returns the number of a client's last settled command, as far as this server knows; 0 if there is none. */
  lastNumberOf(client: string): number {
    return this.#state.clients.get(client)?.n ?? 0
  }

  /** Finds a picture, trashed or not, that has this blob, and this variant of it. */
  pictureWithBlob(sha256: string, side?: number): ImageRecord | undefined {
    return this.#state.pictureWithBlob(sha256, side)
  }

  /** Calls back with every later batch, in order; with null when all readers must take a snapshot. */
  listen(listener: (batch: Batch | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Returns the changes since a cursor, as one batch; null if memory doesn't have them. */
  recentChanges(cursor: Cursor): Batch | null {
    if (cursor === this.#state.cursor) return { from: cursor, to: cursor, changes: [] }
    return this.#state.recent.since(cursor)
  }

  /**
   * Reads the changes since a cursor; null if the reader must take a snapshot (F2), as soon as that is less. Parties
   * take turns (N6). Rejects with `busy` if too many wait.
   */
  async changesSince(cursor: Cursor, party = OWN_PARTY): Promise<Batch | null> {
    return this.#logReader.read(cursor, party)
  }

  /** Reads the changes since a cursor, from memory or the log; null if neither has them. */
  async readChanges(cursor: Cursor): Promise<Batch | null> {
    const recent = this.recentChanges(cursor)
    if (recent) return recent
    for (let reads = 1; ; reads++) {
      const found = await inTime(this.#engine.log.read(this.id, cursor))
      if (!found) return null
      const [first, ...more] = found.batches
      const logged = first ? coalesce([first, ...more]) : { from: cursor, to: cursor, changes: [] }
      // Another server's batches may be new to this one,
      if (!this.recentChanges(logged.to)) await this.refresh()
      // and may have come coalesced with newer ones. Then no batch begins at the reader's cursor.
      const isLast = reads > LOG_READS_COUNT
      const rest = isLast
        ? this.#state.recent.sinceWithin(logged.to)
        : this.recentChanges(logged.to)
      if (rest || isLast) return rest && coalesce([logged, rest])
    }
  }

  /** Resolves when this board has everything that any server had appended before the call. */
  async refresh(): Promise<void> {
    this.#isStale = true
    await this.act([], { visitor: 'server', role: 'server' })
  }

  /** Appends an empty batch, so that every server sees that somebody is on the board (Y40). */
  async touch(): Promise<void> {
    const batch = { expected: this.#state.cursor, changes: [], clients: new Map() }
    await this.#engine.log.append(this.id, batch)
  }

  /**
   * Resolves when every command of the message is durable or refused (F1, F3). Rejects with `busy`; with
   * `away` if the engine doesn't answer, where the commands may take effect later; with `stopping`.
   */
  submit(message: CommandMessage, sender: Sender): Promise<CommandAnswer> {
    if (this.#closed) return Promise.reject(new WireError('stopping'))
    if (this.#watch.isSilent) return Promise.reject(new WireError('away'))
    if (!this.#mayTake(message, sender)) return Promise.reject(new WireError('too-many'))
    return new Promise((resolve, reject) => {
      this.#incoming.push({ message, sender, resolve, reject })
      if (this.#waitingCount > WAITING_MESSAGES_COUNT) this.#enqueueIncoming()
      this.#run()
    })
  }

  /** The messages that wait for a tick. */
  get #waitingCount(): number {
    return this.#incoming.length + this.#queue.size
  }

  /** Lets the messages since the last tick take turns with those that wait since before. */
  #enqueueIncoming(): void {
    for (const waiting of this.#incoming)
      this.#queue.push(partyOf(waiting.sender, this.id), waiting)?.reject(new WireError('busy'))
    this.#incoming = []
  }

  /** Whether a message's queue is remembered, or may begin (Y42, Y43). */
  #mayTake({ client, commands }: CommandMessage, sender: Sender): boolean {
    const isNew =
      commands.length > 0 && client !== this.#ownClient && !this.#state.clients.get(client)
    if (!isNew || sender.role === 'server') return true
    if (this.#state.clients.size < this.#bounds['queues-per-board']) return this.#mayBegin(sender)
    this.#askForRoom()
    return false
  }

  #askForRoom(): void {
    if (performance.now() - this.#madeRoomAt < MAKE_ROOM_INTERVAL_MS) return
    this.#madeRoomAt = performance.now()
    this.onOverfull()
  }

  /**
   * Forgets the queues, tombstones and batches from before a time, in milliseconds since 1970. From the first step on
   * every server refuses what comes from such a queue, so that no command takes effect twice (F3).
   */
  async forgetBefore(time: number): Promise<void> {
    for (let to: Cursor | null = null; to === null; ) {
      await this.refresh()
      // A queue that was last used before the time has an id that is at most so far ahead of it.
      const floor = { n: time + QUEUE_AHEAD_MS, seq: seqOf(this.#state.cursor) + 1, refused: [] }
      const batch = {
        expected: this.#state.cursor,
        changes: [],
        clients: new Map([[FORGOTTEN_BEFORE, floor]]),
      }
      to = await this.#engine.log.append(this.id, batch)
    }
    await this.refresh()
    await this.#engine.log.prune(this.id, time)
    const { cursor, clients, tombstoneCount } = await this.#engine.log.load(this.id)
    this.#state.clients.forget((client, { seq }) => seq <= seqOf(cursor) && !clients.has(client))
    this.#state.tombstoneCount = tombstoneCount
  }

  /** Submits commands from this server's own queue, for a visitor or itself. Rejects with the first refusal. */
  async act(commands: readonly Command[], sender: Sender): Promise<CommandAnswer> {
    const answer = await this.submit(
      { client: this.#ownClient, n: ASSIGN_AT_TICK, commands },
      sender,
    )
    const [refusal] = answer.refused
    if (refusal) {
      const { code, message, retryAfterS } = refusal.error
      throw new WireError(code, { because: message, retryAfterS })
    }
    return answer
  }

  /** Takes no more messages; resolves when those that wait are answered. */
  async close(): Promise<void> {
    this.#closed = true
    this.#wayEnded.abort()
    this.#unwatch()
    this.onClosed()
    await this.#running
    this.#listeners.clear()
  }

  /**
   * Lets another server append first: takes no more messages until its batch is heard of, or for half a second. A server
   * that has just appended knows the log's end, and would win again and again over one that must read first.
   */
  giveWay(): void {
    const ended = new AbortController()
    this.#wayEnded = ended
    this.#wayGiven = AbortSignal.any([ended.signal, AbortSignal.timeout(GIVE_WAY_MS)])
  }

  /** The engine says that the log stands at this cursor, or, with null, that it may have moved. */
  #onDoorbell(cursor: Cursor | null): void {
    if (cursor === this.#state.cursor || this.#closed) return
    this.#wayEnded.abort()
    this.#isStale = true
    this.#run()
  }

  /** Tells all who wait that the database is away. A tick whose answer comes later still holds (F3). */
  #onSilence(): void {
    const why = new WireError('away')
    this.#enqueueIncoming()
    for (const { reject } of [...this.#ticking, ...this.#queue.clear()]) reject(why)
  }

  #run(): void {
    this.#running ??= this.#tickUntilIdle()
  }

  async #tickUntilIdle(): Promise<void> {
    // Messages that arrive in the same turn of the event loop share the tick.
    await setImmediate()
    while (this.#waitingCount > 0 || (this.#isStale && !this.#closed)) {
      if (!this.#wayGiven.aborted) await once(this.#wayGiven, 'abort')
      const waiting = this.#takeMessages()
      this.#ticking = waiting
      try {
        await this.#tick(waiting)
      } catch (error) {
        for (const { reject } of waiting) reject(error)
        // Retry a failing engine, but back off.
        if (this.#isStale && !this.#closed) await setTimeout(ENGINE_RETRY_DELAY_MS)
      }
    }
    // In the same turn as the check above: a message that comes now starts the loop again.
    this.#running = null
  }

  /**
   * Takes the messages of one tick, each party's in turn (N7). Their number is bounded, so that who comes during the
   * tick waits for few.
   */
  #takeMessages(): Waiting[] {
    const incoming = this.#incoming
    if (this.#queue.size === 0 && countCommands(incoming) <= COMMANDS_PER_TICK_COUNT) {
      this.#incoming = []
      return incoming
    }
    this.#enqueueIncoming()
    const messages: Waiting[] = []
    for (let commands = 0; commands < COMMANDS_PER_TICK_COUNT; ) {
      const turn = this.#queue.shift()
      if (!turn) break
      const { length } = turn.item.message.commands
      commands += length
      turn.end(length)
      messages.push(turn.item)
    }
    return messages
  }

  async #tick(waiting: Waiting[]): Promise<void> {
    if (this.#isStale) await this.#readLog()
    this.#assignNumbers(waiting)
    for (let attempts = 0; attempts < APPEND_ATTEMPTS_COUNT; attempts++) {
      const outcome = await this.#evaluator.evaluate(waiting)
      if (await this.#commit(outcome)) return answerAll(waiting, outcome)
      for (const giveBack of outcome.charges) giveBack()
      if ((attempts + 1) % LOST_ATTEMPTS_COUNT === 0) this.onOvertaken()
      await this.#readLog()
    }
    throw new WireError('busy')
  }

  #assignNumbers(waiting: Waiting[]): void {
    let n = (this.#state.clients.get(this.#ownClient)?.n ?? 0) + 1
    for (const entry of waiting) {
      if (entry.message.n !== ASSIGN_AT_TICK) continue
      entry.message = { ...entry.message, n }
      n += entry.message.commands.length
    }
  }

  /** Appends the outcome. False if the log was ahead, so that the messages must be evaluated again. */
  async #commit({ draft, tally, clients, answers, ended, acts }: Outcome): Promise<boolean> {
    const { changes } = draft
    const from = this.#state.cursor
    if (changes.length === 0) {
      const isRepeated = clients.size === 0 && !answers.some((one) => one instanceof WireError)
      // A refusal may rest on records that only another server has; an append would have found out.
      if (!isRepeated) await this.#readLog()
      if (this.#state.cursor !== from) return false
      // A message that changes nothing needs no durability: sent again, it still changes nothing.
      this.#state.clients.remember(clients)
      return true
    }
    try {
      failpoint('board.append')
      const batch = { expected: from, changes, clients, ended: [...ended] }
      const appending = this.#engine.log.append(this.id, batch)
      const to = await this.#watch.observe(appending)
      failpoint('board.appended')
      if (to === null) return false
      this.#state.tally.learnAddresses(tally)
      const before = changes.map((change) => this.#state.records.get(idOf(change)))
      this.#advance({ from, to, changes }, clients)
      this.onAppended(changes, before)
      if (acts.length > 0) this.onActs(acts)
      return true
    } catch (error) {
      // The append is in doubt. If the log has it, its messages are answered as resent ones.
      await this.#readLog()
      if (this.#state.cursor === from) throw error
      if (acts.length > 0 && this.#hasSettled(clients)) this.onActs(acts)
      return false
    }
  }

  /** Whether the numbers of a tick are there: they are written in the same act as its changes (L10). */
  #hasSettled(clients: Clients): boolean {
    return clients
      .entries()
      .every(([client, { n }]) => (this.#state.clients.get(client)?.n ?? 0) >= n)
  }

  /** Applies the log's newer batches, or loads the board if the log doesn't have its cursor. */
  async #readLog(): Promise<void> {
    // Before the read: a doorbell that rings during it may mean a batch that it doesn't see.
    this.#isStale = false
    try {
      const newer = await this.#watch.observe(this.#engine.log.read(this.id, this.#state.cursor))
      if (newer) for (const batch of newer.batches) this.#advance(batch, newer.clients)
      else {
        await this.#load()
        for (const listener of this.#listeners) listener(null)
      }
    } catch (error) {
      // A board that was removed is not asked for again.
      this.#isStale = !(error instanceof WireError && error.code === 'unknown-board')
      throw error
    }
  }

  #advance(batch: Batch, clients: Clients): void {
    this.#state.advance(batch, clients)
    for (const listener of this.#listeners) listener(batch)
  }

  async #load(): Promise<void> {
    this.#state.load(await this.#engine.log.load(this.id))
    this.#logReader.clear()
  }
}

const countCommands = (messages: readonly Waiting[]): number =>
  messages.reduce((count, { message }) => count + message.commands.length, 0)

function answerAll(waiting: readonly Waiting[], { answers }: Outcome): void {
  waiting.forEach(({ resolve, reject }, i) => {
    const answer = answers[i]!
    if (answer instanceof WireError) reject(answer)
    else resolve(answer)
  })
}
