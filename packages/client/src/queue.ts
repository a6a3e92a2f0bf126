import {
  type Command,
  type CommandAnswer,
  type CommandMessage,
  errors,
  limits,
  type Previews,
} from '@wirephoto/board'
import { backoff } from './backoff.ts'
import { newId } from './ids.ts'
import { type Pending, type Replica, targetOf } from './replica.ts'
import type { SavedCommand, Store } from './store.ts'
import type { Problem } from './types.ts'

/** Milliseconds in which patches of the same picture are made one, while they can't be sent. */
const PATCH_MERGE_MS = 100

/** A command with its number. From then on it stays as it is: other pages may have read it. */
interface Entry {
  readonly pending: Pending
  readonly n: number
  saved: boolean
}

/** The commands of one client id: our own, or what an earlier page left. */
interface ClientQueue {
  client: string
  entries: Entry[]
  /** Whether the id was made by the server's clock. */
  readonly hasServerTime: boolean
}

interface QueueOptions {
  readonly board: string
  readonly store: Promise<Store>
  readonly replica: Replica
  /** Rejects when the line breaks or stays silent. */
  readonly send: (message: CommandMessage) => Promise<CommandAnswer | { error: Refused }>
  /** Now by the server's clock (`hasServerTime`), or by our own before the first contact. */
  readonly clock: () => { now: number; hasServerTime: boolean }
  /** These were turned down. */
  readonly refused: (commands: readonly Command[], why: Problem) => void
  /** Some were queued or settled. */
  readonly changed: () => void
}
type Refused = Problem & { readonly expected?: number }

/**
 * Our commands on their way to the server (SPEC.md Q1 to Q5). One message is under way at a time, and
 * is sent again until it is answered (F3).
 *
 *     push -> fresh (patches merge) -> line: numbered, saved, unchangeable -> message -> answered
 *
 * What earlier pages left stands in lines of its own, before ours, and goes under the ids and numbers
 * that it has: another page may be sending the same, which does no harm. What the server will never do
 * under an id (`gap`) moves to a new one; of several pages that want to move it, the store lets one.
 */
export class Queue {
  readonly #options: QueueOptions
  #fresh: Pending[] = []
  /** Earlier pages' lines, then our own. */
  #queues: ClientQueue[] = []
  #own: ClientQueue | null = null
  #next = 1
  #online = false
  #sending = false
  #failures = 0
  /** Commands of the next message, at the most: fewer after one that wasn't understood. */
  #most: number = limits.commandsPerMessage
  /** Of pictures whose add has no answer yet; not kept for later pages. */
  readonly #previews = new Map<string, Uint8Array>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #saved: Promise<void> = Promise.resolve()

  constructor(options: QueueOptions) {
    this.#options = options
  }

  /** Commands without an answer. */
  get size(): number {
    return this.#queues.reduce((sum, { entries }) => sum + entries.length, this.#fresh.length)
  }

  /** Whether a picture's add has no answer yet. */
  isAdding(id: string): boolean {
    return this.#has((command) => command.kind === 'image.add' && command.id === id)
  }

  /** Whether any picture's add has no answer yet. */
  get isAnnouncing(): boolean {
    return this.#has((command) => command.kind === 'image.add')
  }

  push(commands: readonly Command[], previews: Previews = {}): void {
    for (const [id, bytes] of Object.entries(previews)) this.#previews.set(id, bytes)
    const at = this.#options.clock().now
    const added: Pending[] = []
    const merged: Pending[] = []
    for (const command of commands) {
      const earlier = this.#merge(command)
      if (earlier) merged.push(earlier)
      else {
        const pending = { command, at, answered: null }
        this.#fresh.push(pending)
        added.push(pending)
      }
    }
    this.#options.replica.addPending(added)
    this.#options.replica.refresh(merged)
    this.#options.changed()
    if (this.#online && !this.#sending) queueMicrotask(() => void this.#pump())
    else this.#timer ??= setTimeout(() => this.flush(), PATCH_MERGE_MS)
  }

  /** Takes over what earlier pages left. */
  adopt(saved: readonly SavedCommand[]): void {
    const known = new Set(this.#queues.map(({ client }) => client))
    const { now: at } = this.#options.clock()
    const left = new Map<string, ClientQueue>()
    for (const { client, n, command } of saved.toSorted((a, b) => a.n - b.n)) {
      if (known.has(client)) continue
      const line = left.get(client) ?? { client, entries: [], hasServerTime: true }
      line.entries.push({ pending: { command, at, answered: null }, n, saved: true })
      left.set(client, line)
    }
    const lines = [...left.values()].sort((a, b) => (a.client < b.client ? -1 : 1))
    this.#queues.unshift(...lines)
    this.#options.replica.addPending(
      lines.flatMap(({ entries }) => pendingsOf(entries)),
      'below',
    )
    this.#options.changed()
    void this.#pump()
  }

  get online(): boolean {
    return this.#online
  }

  /** The line is there, or gone. */
  set online(online: boolean) {
    this.#online = online
    this.#failures = 0
    if (online) void this.#pump()
  }

  /** Numbers and saves what is fresh. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#fresh.length === 0) return
    const line = this.#ownQueue()
    const entries = this.#fresh.map((pending) => ({ pending, n: this.#next++, saved: false }))
    this.#fresh = []
    line.entries.push(...entries)
    this.#saved = this.#save(line.client, entries)
  }

  /** Stops; resolves when what is unsent lies in the store. */
  async close(): Promise<void> {
    this.#online = false
    this.flush()
    await this.#saved
  }

  /** Whether such a command has no answer yet. */
  #has(isSuch: (command: Command) => boolean): boolean {
    const is = ({ command }: Pending) => isSuch(command)
    return (
      this.#fresh.some(is) ||
      this.#queues.some(({ entries }) => entries.some(({ pending }) => is(pending)))
    )
  }

  /** The fresh patch that a patch was made part of, if it could be. */
  #merge(command: Command): Pending | null {
    if (command.kind !== 'image.patch' && command.kind !== 'board.patch') return null
    const id = targetOf(command)
    const last = this.#fresh.findLast((pending) => targetOf(pending.command) === id)
    if (!last || last.command.kind !== command.kind) return null
    last.command = { ...last.command, set: { ...last.command.set, ...command.set } } as Command
    return last
  }

  #ownQueue(): ClientQueue {
    if (this.#own) return this.#own
    const { now, hasServerTime } = this.#options.clock()
    this.#own = { client: newId(now), entries: [], hasServerTime }
    this.#next = 1
    this.#queues.push(this.#own)
    return this.#own
  }

  async #save(client: string, entries: readonly Entry[]): Promise<void> {
    const { board, store } = this.#options
    try {
      await (await store).putCommands(
        entries.map(({ n, pending: { command } }) => ({ board, client, n, command })),
      )
      for (const entry of entries) entry.saved = true
    } catch {
      // A store that takes no more costs only what a reload would have saved.
    }
  }

  async #pump(): Promise<void> {
    while (this.#online && !this.#sending) {
      this.flush()
      this.#queues = this.#queues.filter((line) => line === this.#own || line.entries.length > 0)
      const line = this.#queues.find(({ entries }) => entries.length > 0)
      if (!line) return
      this.#sending = true
      try {
        await this.#send(line)
      } catch {
        // The line broke: whoever says that it is there again starts the pump.
        return
      } finally {
        this.#sending = false
      }
      this.#options.changed()
    }
  }

  /** One message, and what its answer asks for. Rejects when there was none. */
  async #send(line: ClientQueue): Promise<void> {
    const first = line.entries[0]!.n
    const run = this.#run(line.entries)
    const commands = run.map(({ pending }) => pending.command)
    const previews = Object.fromEntries(run.flatMap((entry) => this.#previewOf(entry)))
    const answer = await this.#options.send({ client: line.client, n: first, commands, previews })
    if (!('error' in answer)) return this.#settle(line, answer)
    const { code, message } = answer.error
    if (code === 'gap' || (code === 'stale-client' && !line.hasServerTime))
      await this.#reissue(line)
    else if (code === 'stale-client') this.#giveUp(line, line.entries, { code, message })
    else if (errors[code] >= 500 || errors[code] === 429) await this.#wait()
    else if (run.length > 1) this.#most = Math.ceil(run.length / 2)
    else this.#giveUp(line, run, { code, message })
  }

  /** The entries of the next message: consecutive, and no more than it may bring. */
  #run(entries: readonly Entry[]): Entry[] {
    const first = entries[0]!.n
    let previews = 0
    const end = entries.findIndex((entry, i) => {
      previews += this.#previewOf(entry).length
      return entry.n !== first + i || i >= this.#most || previews > limits.previewsPerMessage
    })
    return entries.slice(0, end < 0 ? entries.length : end)
  }

  #previewOf({ pending: { command } }: Entry): [id: string, bytes: Uint8Array][] {
    const bytes = command.kind === 'image.add' && this.#previews.get(command.id)
    return bytes ? [[command.id, bytes]] : []
  }

  #settle(line: ClientQueue, { n, seq, refused }: CommandAnswer): void {
    this.#failures = 0
    this.#most = limits.commandsPerMessage
    const settled = line.entries.filter((entry) => entry.n <= n)
    line.entries = line.entries.filter((entry) => entry.n > n)
    for (const { pending } of settled) this.#previews.delete(targetOf(pending.command))
    void this.#options.store.then((store) => store.settle(line.client, n)).catch(() => {})
    const reasons = new Map(refused.map((refusal) => [refusal.n, refusal.error]))
    const { replica } = this.#options
    replica.acknowledge(pendingsOf(settled.filter((entry) => !reasons.has(entry.n))), seq)
    for (const code of new Set(refused.map(({ error }) => error.code))) {
      const entries = settled.filter((entry) => reasons.get(entry.n)?.code === code)
      if (entries[0]) this.#reportRefused(entries, reasons.get(entries[0].n)!)
    }
  }

  /** Gives up what the server will never do. */
  #giveUp(line: ClientQueue, entries: readonly Entry[], why: Problem): void {
    for (const { pending } of entries) this.#previews.delete(targetOf(pending.command))
    const last = entries.at(-1)!.n
    line.entries = line.entries.filter(({ n }) => n > last)
    void this.#options.store.then((store) => store.settle(line.client, last)).catch(() => {})
    this.#reportRefused(entries, why)
  }

  #reportRefused(entries: readonly Entry[], why: Problem): void {
    const pendings = pendingsOf(entries)
    this.#options.refused(
      pendings.map(({ command }) => command),
      why,
    )
    this.#options.replica.dropPending(pendings)
  }

  /** Gives commands that have not taken effect, and never will as they are, a new id and numbers from 1. */
  async #reissue(line: ClientQueue): Promise<void> {
    const { store, replica, clock } = this.#options
    if (line === this.#own) this.#own = null
    const taken = await store.then((opened) => opened.take(line.client)).catch(() => [])
    const numbers = new Set(taken.map(({ n }) => n))
    const isOurs = ({ n, saved }: Entry) => !saved || numbers.has(n)
    // Another page has moved the others: they are its to send.
    replica.dropPending(pendingsOf(line.entries.filter((entry) => !isOurs(entry))))
    const entries = line.entries
      .filter(isOurs)
      .map(({ pending }, i) => ({ pending, n: i + 1, saved: false }))
    const { now, hasServerTime } = clock()
    const moved: ClientQueue = { client: newId(now), entries, hasServerTime }
    this.#queues = this.#queues.map((other) => (other === line ? moved : other))
    await this.#save(moved.client, entries)
  }

  /** Until the server may have room again. */
  #wait(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, backoff(this.#failures++)))
  }
}

const pendingsOf = (entries: readonly Entry[]): Pending[] => entries.map(({ pending }) => pending)
