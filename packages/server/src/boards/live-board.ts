import { randomBytes } from 'node:crypto'
import { setImmediate, setTimeout } from 'node:timers/promises'
import {
  type Actor,
  type AnyRecord,
  apply,
  applyChanges,
  type Batch,
  type Command,
  type CommandAnswer,
  type CommandMessage,
  type Cursor,
  coalesce,
  Draft,
  type ImageRecord,
  limits,
  type Refusal,
  type Role,
  seqOf,
  timeOf,
  uuidv7,
  WireError,
} from '@wirephoto/board'
import type { ClientState, Clients, Engine } from '@wirephoto/engine'
import { failpoint } from '../failpoint.ts'

/** Messages that may wait for a tick before the board says that it is busy (F7). */
const QUEUE = 2_000
/** Commands that one tick takes at the most. */
const BATCH = 2_000
/** Appends that may lose against another server's before the messages are told `busy`. */
const TRIES = 50
/** Milliseconds until an engine that failed is asked again for what may have been missed. */
const PAUSE = 250
/** Milliseconds of commands after which everything else on this thread has a turn. */
const SLICE = 10
/** Queues, of which all or part was turned down, that are remembered in case they ask again. */
const REFUSED = 1_000
/** Looks at the log for a reader before what they may have is sent again. */
const LOOKS = 20
/** Changes kept in memory for readers who were away for a moment. */
const TAIL = 4_000

/** Whoever sends commands; the board adds its clock. */
export interface Sender {
  readonly visitor: string
  readonly role: Role | 'server'
}

interface Waiting {
  message: CommandMessage
  readonly sender: Sender
  readonly resolve: (answer: CommandAnswer) => void
  readonly reject: (error: unknown) => void
}

/** What a tick comes to if its append holds. */
interface Outcome {
  readonly draft: Draft
  readonly clients: Map<string, ClientState>
  readonly answers: (CommandAnswer | WireError)[]
}

/**
 * The one writer of a board on this server: commands in, batches to the engine, changes out.
 *
 *     submit -> queue -> tick: evaluate on a draft -> append as ONE batch -> replica -> listeners, answers
 *                          ^________ on conflict: read what was missed, evaluate again
 *
 * What comes while an append is under way shares the next one (group commit).
 */
export class LiveBoard {
  readonly id: string
  readonly #engine: Engine
  readonly #records = new Map<string, AnyRecord>()
  readonly #clients = new Map<string, ClientState>()
  /** Those whose states hold more than their numbers or aren't durable, oldest first. */
  readonly #refused = new Set<string>()
  readonly #listeners = new Set<(batch: Batch | null) => void>()
  readonly #queue: Waiting[] = []
  /** The picture that last came with a blob: where to look first. */
  readonly #holders = new Map<string, string>()
  /** Recent batches without a gap, the last ending at the cursor. */
  #tail: Batch[] = []
  #tailChanges = 0
  #cursor!: Cursor
  /** Something may have been missed: the doorbell rang, or an append ended in doubt. */
  #behind = false
  #running: Promise<void> | null = null
  #sliceAt = 0
  #closed = false
  #unwatch = () => {}

  private constructor(engine: Engine, id: string) {
    this.#engine = engine
    this.id = id
  }

  /** Rejects with `unknown-board`. */
  static async open(engine: Engine, id: string): Promise<LiveBoard> {
    const board = new LiveBoard(engine, id)
    board.#unwatch = engine.log.watch(id, (at) => board.#ring(at))
    await board.#load().catch((error: unknown) => {
      board.#unwatch()
      throw error
    })
    return board
  }

  get cursor(): Cursor {
    return this.#cursor
  }

  get records(): ReadonlyMap<string, AnyRecord> {
    return this.#records
  }

  /** A picture of this board, trashed or not, that has this blob, and this variant of it. */
  pictureWithBlob(sha256: string, side?: number): ImageRecord | undefined {
    const has = (record: AnyRecord | undefined): record is ImageRecord =>
      record?.kind === 'image' &&
      record.blob === sha256 &&
      (side === undefined || record.variants?.includes(side) === true)
    const likely = this.#holders.get(sha256)
    if (likely === undefined) return undefined
    const record = this.#records.get(likely)
    return has(record) ? record : this.#records.values().find(has)
  }

  /** Calls back with every batch, in order, from now on; with null when all readers must take a snapshot. */
  listen(listener: (batch: Batch | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What a reader at this cursor has missed, as one batch, if memory has it: else ask `missed`. */
  since(cursor: Cursor): Batch | null {
    if (cursor === this.#cursor) return { from: cursor, to: cursor, changes: [] }
    const start = this.#tail.findIndex((batch) => batch.from === cursor)
    const [first, ...rest] = start < 0 ? [] : this.#tail.slice(start)
    return first ? coalesce([first, ...rest]) : null
  }

  /** The same from the log; null when the reader must take a snapshot (F2). */
  async missed(cursor: Cursor): Promise<Batch | null> {
    const recent = this.since(cursor)
    if (recent) return recent
    for (let tries = 0; ; tries++) {
      const missed = await this.#engine.log.read(this.id, cursor)
      if (!missed) return null
      const [first, ...more] = missed.batches
      const logged = first ? coalesce([first, ...more]) : { from: cursor, to: cursor, changes: [] }
      // What another server has appended is news to this one,
      if (!this.since(logged.to)) await this.refresh()
      // and may have come to it in one leap with what is newer: then they must meet elsewhere.
      const rest = tries < LOOKS ? this.since(logged.to) : this.#sinceAbout(logged.to)
      if (rest || tries === LOOKS) return rest && coalesce([logged, rest])
    }
  }

  /** From a cursor within one of our batches. Changes are whole records, so those it has do no harm. */
  #sinceAbout(cursor: Cursor): Batch | null {
    const at = seqOf(cursor)
    const start = this.#tail.findLastIndex((batch) => seqOf(batch.from) <= at)
    const [first, ...rest] = start < 0 ? [] : this.#tail.slice(start)
    return first ? coalesce([first, ...rest]) : null
  }

  /** Resolves when the replica has all that was appended before, by whichever server. */
  async refresh(): Promise<void> {
    this.#behind = true
    await this.act([], { visitor: 'server', role: 'server' })
  }

  /** Resolves when every command of the message is durable or turned down (F1, F3). */
  submit(message: CommandMessage, sender: Sender): Promise<CommandAnswer> {
    if (this.#closed || this.#queue.length >= QUEUE) return Promise.reject(new WireError('busy'))
    return new Promise((resolve, reject) => {
      this.#queue.push({ message, sender, resolve, reject })
      this.#run()
    })
  }

  /** Commands that this server gives, for somebody or for itself. Rejects with the first refusal. */
  async act(commands: readonly Command[], sender: Sender): Promise<CommandAnswer> {
    const answer = await this.submit({ client: this.#self, n: ASSIGN_AT_TICK, commands }, sender)
    const [refusal] = answer.refused
    if (refusal) throw new WireError(refusal.error.code)
    return answer
  }

  /** Ends with the ticks that it takes to answer all that waits. */
  async close(): Promise<void> {
    this.#closed = true
    this.#unwatch()
    await this.#running
    this.#listeners.clear()
  }

  /** This server's own queue of commands; numbered at the tick, since one that fails takes no number. */
  readonly #self = uuidv7(Date.now(), randomBytes(10))

  #ring(at: Cursor | null): void {
    if (at === this.#cursor || this.#closed) return
    this.#behind = true
    this.#run()
  }

  #run(): void {
    this.#running ??= this.#ticks()
  }

  async #ticks(): Promise<void> {
    // Whatever else has arrived in this turn of the event loop shares the tick.
    await setImmediate()
    while (this.#queue.length > 0 || (this.#behind && !this.#closed)) {
      const waiting = this.#next()
      try {
        await this.#tick(waiting)
      } catch (error) {
        for (const { reject } of waiting) reject(error)
        // An engine that doesn't answer is asked again, though not in a whirl.
        if (this.#behind && !this.#closed) await setTimeout(PAUSE)
      }
    }
    // In the same breath as the check above: a message that comes now starts anew.
    this.#running = null
  }

  /** The messages of one tick: a bounded stretch, so that nothing else on this thread waits long. */
  #next(): Waiting[] {
    let commands = 0
    const end = this.#queue.findIndex(
      ({ message }) => (commands += message.commands.length) > BATCH,
    )
    return this.#queue.splice(0, end < 0 ? this.#queue.length : Math.max(end, 1))
  }

  async #tick(waiting: Waiting[]): Promise<void> {
    if (this.#behind) await this.#catchUp()
    this.#number(waiting)
    for (let tries = 0; tries < TRIES; tries++) {
      const outcome = await this.#evaluate(waiting)
      if (await this.#commit(outcome)) return answerAll(waiting, outcome)
      await this.#catchUp()
    }
    throw new WireError('busy')
  }

  #number(waiting: Waiting[]): void {
    let n = (this.#clients.get(this.#self)?.n ?? 0) + 1
    for (const entry of waiting) {
      if (entry.message.n !== ASSIGN_AT_TICK) continue
      entry.message = { ...entry.message, n }
      n += entry.message.commands.length
    }
  }

  async #evaluate(waiting: readonly Waiting[]): Promise<Outcome> {
    const outcome: Outcome = { draft: new Draft(this.#records), clients: new Map(), answers: [] }
    this.#sliceAt = performance.now()
    for (const { message, sender } of waiting)
      outcome.answers.push(await this.#answer(message, { ...sender, now: Date.now() }, outcome))
    return outcome
  }

  /** Lays a message's effect on the draft, once: what was settled before is answered as it was (F3). */
  async #answer(
    message: CommandMessage,
    who: Actor,
    { draft, clients }: Outcome,
  ): Promise<CommandAnswer | WireError> {
    const { client, n, commands } = message
    const known = clients.get(client) ?? this.#clients.get(client)
    if (!known && client !== this.#self && timeOf(client) < who.now - limits.tombstoneRetentionMs)
      return new WireError('stale-client')
    const settled = known?.n ?? 0
    if (n > settled + 1) return new WireError('gap', { expected: settled + 1 })

    const refused: Refusal[] = known?.refused.filter((refusal) => refusal.n >= n) ?? []
    let seq = known?.seq ?? 0
    for (const [i, command] of commands.entries()) {
      if (n + i <= settled) continue
      if (performance.now() - this.#sliceAt > SLICE) {
        // Only ticks change the board, so it is the same afterwards.
        await setImmediate()
        this.#sliceAt = performance.now()
      }
      const result = apply(draft, command, who)
      if (result instanceof WireError) refused.push({ n: n + i, error: result.toJSON() })
      else if (result.length > 0) {
        draft.add(result)
        seq = seqOf(this.#cursor) + 1
      }
    }
    const last = Math.max(settled, n + commands.length - 1)
    if (last > settled) clients.set(client, { n: last, seq, refused })
    return { n: last, seq, refused }
  }

  /** False when the board has moved on meanwhile, so that the messages must be evaluated again. */
  async #commit({ draft, clients, answers }: Outcome): Promise<boolean> {
    const { changes } = draft
    const from = this.#cursor
    if (changes.length === 0) {
      const isRepeated = clients.size === 0 && !answers.some((one) => one instanceof WireError)
      // Nobody is turned down for what only another server has seen: an append would have told.
      if (!isRepeated) await this.#catchUp()
      if (this.#cursor !== from) return false
      // A message that changes nothing needs no durability: sent again, it still won't.
      this.#remember(clients)
      return true
    }
    try {
      failpoint('board.append')
      const to = await this.#engine.log.append(this.id, { expected: from, changes, clients })
      failpoint('board.appended')
      if (to !== null) this.#advance({ from, to, changes }, clients)
      return to !== null
    } catch (error) {
      // In doubt: what was appended is found by reading, and its messages are then answered as resent ones.
      await this.#catchUp()
      if (this.#cursor === from) throw error
      return false
    }
  }

  async #catchUp(): Promise<void> {
    // Before the look: whoever rings meanwhile may tell of what it doesn't see.
    this.#behind = false
    try {
      const missed = await this.#engine.log.read(this.id, this.#cursor)
      if (missed) for (const batch of missed.batches) this.#advance(batch, missed.clients)
      else {
        await this.#load()
        for (const listener of this.#listeners) listener(null)
      }
    } catch (error) {
      this.#behind = true
      throw error
    }
  }

  #advance(batch: Batch, clients: Clients): void {
    applyChanges(this.#records, batch.changes)
    for (const change of batch.changes) if ('put' in change) this.#hold(change.put)
    this.#remember(clients)
    this.#cursor = batch.to
    this.#tail.push(batch)
    this.#tailChanges += batch.changes.length
    while (this.#tailChanges > TAIL) this.#tailChanges -= this.#tail.shift()!.changes.length
    for (const listener of this.#listeners) listener(batch)
  }

  #remember(clients: Clients): void {
    for (const [client, state] of clients) {
      if (state.n < (this.#clients.get(client)?.n ?? 0)) continue
      this.#clients.set(client, state)
      this.#refused.delete(client)
      if (state.seq === 0 || state.refused.length > 0) this.#refused.add(client)
    }
    // Memory doesn't grow with what is turned down.
    for (const client of this.#refused) {
      if (this.#refused.size <= REFUSED) break
      this.#refused.delete(client)
      const state = this.#clients.get(client)
      if (state && state.seq > 0) this.#clients.set(client, { ...state, refused: [] })
      else this.#clients.delete(client)
    }
  }

  #hold(record: AnyRecord): void {
    if (record.kind === 'image' && record.blob) this.#holders.set(record.blob, record.id)
  }

  async #load(): Promise<void> {
    const { cursor, records, clients } = await this.#engine.log.load(this.id)
    this.#records.clear()
    this.#clients.clear()
    this.#refused.clear()
    this.#holders.clear()
    for (const record of records) {
      this.#records.set(record.id, record)
      this.#hold(record)
    }
    this.#remember(clients)
    this.#cursor = cursor
    this.#tail = []
    this.#tailChanges = 0
  }
}

function answerAll(waiting: readonly Waiting[], { answers }: Outcome): void {
  waiting.forEach(({ resolve, reject }, i) => {
    const answer = answers[i]!
    if (answer instanceof WireError) reject(answer)
    else resolve(answer)
  })
}

/** A number that is given at the tick. */
const ASSIGN_AT_TICK = 0
