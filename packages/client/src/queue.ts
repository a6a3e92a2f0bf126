import {
  type Command,
  type CommandAnswer,
  type CommandMessage,
  errors,
  isAccessCode,
  limits,
  timeOf,
} from '@wirephoto/board'
import { backoff, backoffAfter } from './backoff.ts'
import type { ServerClock } from './clock.ts'
import { Emitter, until } from './events.ts'
import { newId } from './ids.ts'
import { inBackground } from './in-background.ts'
import { countForMessage } from './message-size.ts'
import { type Pending, type Replica, targetOf } from './replica.ts'
import { StateMachine, type StateTable } from './state-machine.ts'
import { type SavedCommand, type Store, tellStore } from './store.ts'
import type { ErrorAnswer, Problem } from './types.ts'

/*
 * Our commands on their way to the server (SPEC.md Q1 to Q11).
 *
 *   push ─► fresh (patches merge) ─► a client's queue: numbered, saved, unchangeable ─► message ─► answered
 *
 * One message is under way at a time, and is sent again until it is answered (F3).
 *
 *              online           send
 *   offline ──────────► idle ──────────► sending
 *    ▲  ▲                │ ▲     settled  │  ▲ │
 *    │  └────────────────┘ └──────────────┘  │ │ offline
 *    │        offline                 online │ ▼
 *    └──────────────────────────────────── stranded
 *                   settled
 *
 *   stranded: the connection is gone, and the message under way hasn't failed yet.
 *   Every state: close() ─► closed.
 *
 * Commands that earlier pages left stand in queues of their own, before ours, and keep their ids and numbers.
 * Another page may be sending the same ones, which does no harm. Commands that the server will never accept
 * under an id (`gap`) are reissued under a new one. If several pages try to, the store lets one. Adds that the
 * server has no room for (`too-many`) wait in a queue of their own, until pictures have arrived (Y23). So do pictures
 * that come too fast (`too-fast`), until they may (Y57).
 */
type QueueState = 'offline' | 'idle' | 'sending' | 'stranded' | 'closed'

export const QUEUE_EXITS = ['online', 'offline', 'send', 'settled', 'closed'] as const
const _ = null
// biome-ignore format: a table
export const QUEUE_STATES: StateTable<QueueState, typeof QUEUE_EXITS> = {
  //          online     offline     send       settled    closed
  offline:  ['idle',     _,          _,         _,         'closed'],
  idle:     [_,          'offline',  'sending', _,         'closed'],
  sending:  [_,          'stranded', _,         'idle',    'closed'],
  stranded: ['sending',  _,          _,         'offline', 'closed'],
  closed:   [_,          _,          _,         _,         _       ],
}

/** Time in which patches of the same picture become one, while they can't be sent. */
const PATCH_MERGE_MS = 100
/** Time in which the pictures that arrive make room for the next message of adds. */
const RESUME_MS = 250

/** More commands than these are saved after the page has drawn their effect. */
const SAVED_AT_ONCE_COUNT = 50
/** By then a page with hundreds of moved pictures has drawn them. */
const DRAWN_DELAY_MS = 100

/** A command with its number. From then on it stays as it is: other pages may have read it. */
interface Entry {
  readonly pending: Pending
  readonly n: number
  saved: boolean
  /** Whether the store hasn't taken it: it would go with the page. */
  isUnkept?: boolean
}

/** The commands of one client id: our own, or those that an earlier page left. */
interface ClientQueue {
  readonly client: string
  entries: Entry[]
  /** Whether the id was made by the server's clock. */
  readonly hasServerTime: boolean
  /** When the adds that the server had no room for are sent again; null for a queue that never waits. */
  resumesAt: number | null
  /** The earliest time for that, as the server has said. */
  notBefore?: number
}

/** The connection, as a queue uses it. */
export interface CommandChannel {
  /** Rejects when the connection breaks or stays silent. */
  send(message: CommandMessage): Promise<CommandAnswer | ErrorAnswer>
}

interface QueueOptions {
  /** The board's id. */
  readonly board: string
  readonly store: Promise<Store>
  readonly replica: Replica
  readonly channel: CommandChannel
  readonly clock: ServerClock
}

interface QueueEvents {
  /** Commands were queued or answered. */
  changed: undefined
  /** Pictures come too fast. They wait, and all else goes on. */
  slowed: Problem
  /** These pictures wait for a moderator: nothing of them is on the board. */
  held: readonly string[]
  /** The server refused these. */
  refused: { readonly commands: readonly Command[]; readonly why: Problem }
}

/** The commands that the server hasn't answered yet. */
export class Queue extends Emitter<QueueEvents> {
  readonly #board: string
  readonly #store: Promise<Store>
  readonly #replica: Replica
  readonly #channel: CommandChannel
  readonly #clock: ServerClock
  readonly #state = new StateMachine(QUEUE_EXITS, QUEUE_STATES, 'offline')
  #fresh: Pending[] = []
  /** The pictures whose adds have no answer; null until they are looked for again. */
  #adding: Set<string> | null = null
  /** The records that the message under way is about. */
  #leaving = new Set<string>()
  /** The last fresh command of each record. */
  readonly #lastFresh = new Map<string, Pending>()
  /** Earlier pages' queues, then our own. */
  #queues: ClientQueue[] = []
  #own: ClientQueue | null = null
  #next = 1
  /** Why the server took nothing of the last message, though another try may succeed. */
  trouble: Problem | null = null
  #failures = 0
  /** Grows with each new connection. */
  #connections = 0
  /** The most commands of the next message: fewer after one that wasn't understood. */
  #most: number = limits.commandsPerMessage
  #timer: ReturnType<typeof setTimeout> | undefined
  #resumeTimer: ReturnType<typeof setTimeout> | undefined
  /** Saves that wait until the page has drawn: hundreds of them take longer than a frame. */
  readonly #waitingSaves: (() => void)[] = []
  /** Resolves when everything numbered so far has been given to the store. */
  #saved: Promise<void> = Promise.resolve()

  constructor({ board, store, replica, channel, clock }: QueueOptions) {
    super()
    this.#board = board
    this.#store = store
    this.#replica = replica
    this.#channel = channel
    this.#clock = clock
  }

  /** The number of commands without an answer. */
  get size(): number {
    return this.#queues.reduce((sum, { entries }) => sum + entries.length, this.#fresh.length)
  }

  /** Whether the store hasn't taken some of them. */
  get hasUnkept(): boolean {
    return this.#queues.some(({ entries }) => entries.some(({ isUnkept }) => isUnkept))
  }

  /** Whether a picture's add has no answer yet. */
  isAdding(id: string): boolean {
    // Uploads ask for each of their files, and a drop of a thousand asks thousands of times.
    this.#adding ??= new Set(addsAmong(this.#allPendings()))
    return this.#adding.has(id)
  }

  /** Whether a picture's add is still to be sent. */
  isUnsent(id: string): boolean {
    return this.isAdding(id) && !this.#leaving.has(id)
  }

  /** Whether any picture's add is still to be sent, other than those that wait for files to arrive. */
  get isAnnouncing(): boolean {
    return addsAmong(this.#readyPendings()).some((id) => !this.#leaving.has(id))
  }

  /** Resolves when no command is unanswered, other than those that wait for files to arrive. */
  async whenSent(): Promise<void> {
    await until(this, ['changed'], () => this.#readyPendings().next().done || null)
  }

  /** Resolves when no command is unanswered. */
  async whenIdle(): Promise<void> {
    await until(this, ['changed'], () => this.size === 0 || null)
  }

  push(commands: readonly Command[]): void {
    const at = this.#clock.now()
    this.#adding = null
    const added: Pending[] = []
    const merged: Pending[] = []
    for (const command of commands) {
      const earlier = this.#merge(command)
      if (earlier) merged.push(earlier)
      else {
        const pending = { command, at, answered: null }
        this.#fresh.push(pending)
        this.#lastFresh.set(targetOf(command), pending)
        added.push(pending)
      }
    }
    this.#replica.addPending(added)
    this.#replica.refresh(merged)
    this.emit('changed', undefined)
    if (this.#state.current === 'idle') queueMicrotask(() => inBackground(this.#pump()))
    else this.#timer ??= setTimeout(() => this.flush(), PATCH_MERGE_MS)
  }

  /** Takes over the commands that earlier pages left. */
  adopt(saved: readonly SavedCommand[]): void {
    const known = new Set(this.#queues.map(({ client }) => client))
    const at = this.#clock.now()
    const left = new Map<string, ClientQueue>()
    for (const { client, n, command } of saved.toSorted((a, b) => a.n - b.n)) {
      if (known.has(client)) continue
      const queue = left.get(client) ?? {
        client,
        entries: [],
        hasServerTime: true,
        resumesAt: null,
      }
      queue.entries.push({ pending: { command, at, answered: null }, n, saved: true })
      left.set(client, queue)
    }
    const queues = [...left.values()].sort((a, b) => (a.client < b.client ? -1 : 1))
    this.#queues.unshift(...queues)
    this.#adding = null
    this.#replica.addPending(
      queues.flatMap(({ entries }) => pendingsOf(entries)),
      'below',
    )
    this.emit('changed', undefined)
    inBackground(this.#pump())
  }

  /** Whether messages can be sent. */
  get online(): boolean {
    return this.#state.current === 'idle' || this.#state.current === 'sending'
  }

  set online(online: boolean) {
    this.#state.take(online ? 'online' : 'offline')
    this.#failures = 0
    this.trouble = null
    if (online) this.#connections++
    if (online) inBackground(this.#pump())
  }

  /** Numbers and saves the fresh commands. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#fresh.length === 0) return
    const fresh = this.#fresh
    this.#fresh = []
    this.#lastFresh.clear()
    const own: Pending[] = []
    for (const pending of fresh) {
      const waiting = this.#waitingQueueFor(pending.command)
      if (!waiting) own.push(pending)
      else this.#append(waiting, [{ pending, n: waiting.entries.at(-1)!.n + 1, saved: false }])
    }
    if (own.length > 0)
      this.#append(
        this.#ownQueue(),
        own.map((pending) => ({ pending, n: this.#next++, saved: false })),
      )
  }

  /** Sends the adds that the server had no room for, since files have arrived. */
  resume(): void {
    const now = performance.now()
    for (const queue of this.#queues)
      if (queue.resumesAt !== null)
        queue.resumesAt = Math.max(queue.notBefore ?? 0, Math.min(queue.resumesAt, now + RESUME_MS))
    this.#scheduleResume()
  }

  /** Numbers the fresh commands, and gives all to the store at once: the page may be going. */
  saveNow(): void {
    this.flush()
    this.#saveWaiting()
  }

  /** Stops. Resolves when the unsent commands lie in the store. */
  async close(): Promise<void> {
    this.#state.take('closed')
    clearTimeout(this.#resumeTimer)
    this.saveNow()
    await this.#saved
  }

  /** The commands that have no answer yet. */
  *#allPendings(queues: readonly ClientQueue[] = this.#queues): Generator<Pending> {
    yield* this.#fresh
    for (const { entries } of queues) for (const { pending } of entries) yield pending
  }

  /** Makes a patch part of a fresh one, if there is one that it may join, and returns that. */
  #merge(command: Command): Pending | null {
    if (command.kind !== 'image.patch' && command.kind !== 'board.patch') return null
    const last = this.#lastFresh.get(targetOf(command))
    if (!last || last.command.kind !== command.kind) return null
    last.command = { ...last.command, set: { ...last.command.set, ...command.set } } as Command
    return last
  }

  #append(queue: ClientQueue, entries: Entry[]): void {
    queue.entries.push(...entries)
    inBackground(this.#save(queue.client, entries))
  }

  /** The commands that go as soon as they can. */
  #readyPendings(): Generator<Pending> {
    return this.#allPendings(this.#queues.filter(({ resumesAt }) => resumesAt === null))
  }

  /** Returns the queue that waits for room, if a command must wait with it: another add, or one about its pictures. */
  #waitingQueueFor(command: Command): ClientQueue | undefined {
    const waiting = this.#queues.filter(
      ({ resumesAt, entries }) => resumesAt !== null && entries.length > 0,
    )
    if (isNew(command)) return waiting.at(-1)
    const id = targetOf(command)
    return waiting.find(({ entries }) =>
      entries.some(({ pending }) => targetOf(pending.command) === id),
    )
  }

  #ownQueue(): ClientQueue {
    if (this.#own) return this.#own
    this.#own = this.#newQueue([])
    this.#next = 1
    this.#queues.push(this.#own)
    return this.#own
  }

  #newQueue(entries: Entry[]): ClientQueue {
    const { hasServerTime } = this.#clock
    return { client: newId(this.#clock.now()), entries, hasServerTime, resumesAt: null }
  }

  #save(client: string, entries: readonly Entry[]): Promise<void> {
    const board = this.#board
    const put = async () => {
      try {
        if (entries.length > SAVED_AT_ONCE_COUNT) await this.#whenDrawn()
        const store = await this.#store
        // The server may have answered some of them meanwhile.
        const queued = new Set(this.#queues.find((queue) => queue.client === client)?.entries)
        const unanswered = entries.filter((entry) => queued.has(entry))
        await store.putCommands(
          unanswered.map(({ n, pending: { command } }) => ({ board, client, n, command })),
        )
        for (const entry of unanswered) entry.saved = true
      } catch {
        // A store that takes no more costs only what a reload would have saved (U28).
        for (const entry of entries) entry.isUnkept = true
      }
    }
    const saving = put()
    this.#saved = this.#saved.then(() => saving)
    return saving
  }

  /** Resolves after the next frame, or as soon as the page may be going. */
  #whenDrawn(): Promise<void> {
    setTimeout(() => this.#saveWaiting(), DRAWN_DELAY_MS)
    return new Promise((resolve) => this.#waitingSaves.push(resolve))
  }

  #saveWaiting(): void {
    for (const save of this.#waitingSaves.splice(0)) save()
  }

  async #pump(): Promise<void> {
    while (this.#state.current === 'idle') {
      this.flush()
      this.#queues = this.#queues.filter((queue) => queue === this.#own || queue.entries.length > 0)
      const now = performance.now()
      const queue = this.#queues.find(
        ({ entries, resumesAt }) => entries.length > 0 && (resumesAt ?? 0) <= now,
      )
      if (!queue) return this.#scheduleResume()
      this.#state.take('send')
      const connection = this.#connections
      try {
        await this.#send(queue)
      } catch {
        // The connection broke: `online` starts the pump again, unless it came before this.
        if (connection === this.#connections) return
      } finally {
        this.#state.take('settled')
      }
      this.emit('changed', undefined)
    }
  }

  /** Sends one message, and does what its answer asks for. Rejects when there was none. */
  async #send(queue: ClientQueue): Promise<void> {
    const { client } = queue
    const n = queue.entries[0]!.n
    const run = this.#run(queue.entries)
    const commands = run.map(({ pending }) => pending.command)
    const answering = this.#channel.send({ client, n, commands })
    this.#leaving = new Set(commands.map(targetOf))
    const answer = await answering.finally(() => this.#leaving.clear())
    this.trouble = null
    if (!('error' in answer)) return this.#settle(queue, answer)
    const { code, message, retryAfterS } = answer.error
    // An id from before the server's time was known, or that is ahead of it, was made by a wrong clock.
    const hasWrongTime = !queue.hasServerTime || timeOf(client) > this.#clock.now()
    if (code === 'gap' || (code === 'stale-client' && hasWrongTime)) await this.#reissue(queue)
    else if (code === 'stale-client') this.#giveUp(queue, queue.entries, { code, message })
    else if (code === 'too-fast') {
      this.emit('slowed', answer.error)
      await this.#setAside(queue, retryAfterS)
    } else if (code === 'too-many' && run[0]!.pending.command.kind === 'image.add')
      await this.#setAside(queue)
    else if (errors[code] >= 500 || errors[code] === 429 || isAccessCode(code))
      await this.#backOff({ code, message, retryAfterS })
    else if (run.length > 1) this.#most = Math.ceil(run.length / 2)
    else this.#giveUp(queue, run, { code, message })
  }

  /** Returns the entries of the next message: consecutive, and as many as it may carry. */
  #run(entries: readonly Entry[]): Entry[] {
    const first = entries[0]!.n
    const end = entries.findIndex((entry, i) => entry.n !== first + i || i >= this.#most)
    const consecutive = entries.slice(0, end < 0 ? entries.length : end)
    return consecutive.slice(0, countForMessage(consecutive.map(({ pending }) => pending.command)))
  }

  #settle(queue: ClientQueue, { n, seq, refused, held }: CommandAnswer): void {
    this.#failures = 0
    this.#most = limits.commandsPerMessage
    if (held) this.emit('held', held)
    const settled = this.#removeUpTo(queue, n)
    const reasons = new Map(refused.map((refusal) => [refusal.n, refusal.error]))
    this.#replica.acknowledge(pendingsOf(settled.filter((entry) => !reasons.has(entry.n))), seq)
    for (const code of new Set(refused.map(({ error }) => error.code))) {
      const entries = settled.filter((entry) => reasons.get(entry.n)?.code === code)
      if (entries[0]) this.#reportRefused(entries, reasons.get(entries[0].n)!)
    }
  }

  /** Gives up commands that the server will never accept. */
  #giveUp(queue: ClientQueue, entries: readonly Entry[], why: Problem): void {
    this.#removeUpTo(queue, entries.at(-1)!.n)
    this.#reportRefused(entries, why)
  }

  /** Takes the entries up to number `n` out of a queue and the store. */
  #removeUpTo(queue: ClientQueue, n: number): Entry[] {
    const taken = queue.entries.filter((entry) => entry.n <= n)
    queue.entries = queue.entries.filter((entry) => entry.n > n)
    this.#adding = null
    tellStore(this.#store, (store) => store.settle(queue.client, n))
    return taken
  }

  #reportRefused(entries: readonly Entry[], why: Problem): void {
    const pendings = pendingsOf(entries)
    this.emit('refused', { commands: pendings.map(({ command }) => command), why })
    this.#replica.dropPending(pendings)
  }

  /**
   * Lets the new pictures of a queue, and the commands about them, wait until files have arrived, and no less than the
   * server says. None of its commands has taken effect; all others go on under a new client id.
   */
  async #setAside(queue: ClientQueue, waitS = 0): Promise<void> {
    const adds = queue.entries.filter(({ pending }) => isNew(pending.command))
    const ids = new Set(adds.map(({ pending }) => targetOf(pending.command)))
    const others = queue.entries.filter(({ pending }) => !ids.has(targetOf(pending.command)))
    let waiting = queue
    if (others.length > 0) {
      const isOther = new Set(others.map(({ pending }) => pending))
      waiting = await this.#reissue(queue, ({ pending }) => isOther.has(pending))
    } else if (queue === this.#own) this.#own = null
    waiting.notBefore = performance.now() + waitS * 1_000
    waiting.resumesAt = waiting.notBefore + backoff(waitS ? 0 : this.#failures++)
  }

  #scheduleResume(): void {
    const times = this.#queues.flatMap(({ entries, resumesAt }) =>
      entries.length > 0 && resumesAt !== null ? resumesAt : [],
    )
    clearTimeout(this.#resumeTimer)
    if (times.length === 0 || this.#state.current === 'closed') return
    const delayMs = Math.max(0, Math.min(...times) - performance.now())
    this.#resumeTimer = setTimeout(() => inBackground(this.#pump()), delayMs)
  }

  /**
   * Gives a queue's commands, none of which has taken effect, new client ids and numbers from 1. Resolves to the
   * queue of those that don't go first.
   */
  async #reissue(
    queue: ClientQueue,
    goesFirst: (entry: Entry) => boolean = () => true,
  ): Promise<ClientQueue> {
    if (queue === this.#own) this.#own = null
    const taken = await this.#store.then((store) => store.take(queue.client)).catch(() => [])
    const numbers = new Set(taken.map(({ n }) => n))
    const isOurs = ({ n, saved }: Entry) => !saved || numbers.has(n)
    // Another page has reissued the others, and sends them.
    this.#replica.dropPending(pendingsOf(queue.entries.filter((entry) => !isOurs(entry))))
    const ours = queue.entries.filter(isOurs)
    const renumbered = (entries: readonly Entry[]) =>
      this.#newQueue(entries.map(({ pending }, i) => ({ pending, n: i + 1, saved: false })))
    const first = renumbered(ours.filter(goesFirst))
    const second = renumbered(ours.filter((entry) => !goesFirst(entry)))
    this.#queues = this.#queues.flatMap((other) => (other === queue ? [first, second] : other))
    this.#adding = null
    await Promise.all([first, second].map(({ client, entries }) => this.#save(client, entries)))
    return second
  }

  /** Waits until the server may have room again. */
  #backOff(trouble: Problem): Promise<void> {
    this.trouble = trouble
    this.emit('changed', undefined)
    return new Promise((resolve) => setTimeout(resolve, backoffAfter(trouble, this.#failures++)))
  }
}

/** Whether a command puts another picture on the board. */
const isNew = ({ kind }: Command): boolean => kind === 'image.add' || kind === 'image.copy'

const pendingsOf = (entries: readonly Entry[]): Pending[] => entries.map(({ pending }) => pending)

/** Yields the ids of the pictures that these commands add. */
function* addsAmong(pendings: Iterable<Pending>): Generator<string> {
  for (const { command } of pendings) if (command.kind === 'image.add') yield command.id
}
