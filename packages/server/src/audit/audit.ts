import {
  type AnyRecord,
  type AuditAct,
  type AuditEntry,
  type AuditLink,
  type AuditPage,
  type BoardPatch,
  type Command,
  isHeldLog,
  WireError,
} from '@wirephoto/board'
import type { Engine, HistoryEntry } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Boards } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { BoardAct } from '../boards/tick-evaluator.ts'
import type { Bounds } from '../bounds.ts'
import { inBackground } from '../in-background.ts'
import { hourly, PartyLimiter } from '../live/party-limiter.ts'
import type { TrustedClock } from '../trusted-clock.ts'

/** Time in which the same acts of the same person become one entry, and after which they are written. */
const WRITE_INTERVAL_MS = 1_000
/** Time until entries that the database didn't take are written again. */
const RETRY_MS = 5_000
/** Pictures of one entry. */
const PICTURES_PER_ENTRY_COUNT = 100
/** Entries that wait for one board's database; the oldest ones beyond them are lost. */
const WAITING_ENTRIES_COUNT = 500
/** Entries in an hour after which a person's are gathered for longer, so that nobody can push out all others'. */
const ENTRIES_PER_VISITOR_COUNT = 240
const ENTRIES_PER_ADDRESS_COUNT = 2_000
const LONGEST_GATHERING_MS = 60_000
/** Entries that are appended to a board between two looks at how many it has. */
const ENTRIES_PER_PRUNING_COUNT = 500
/** Boards whose entries are counted between two prunings. */
const COUNTED_BOARDS_COUNT = 10_000
const SECOND_MS = 1_000

/** Somebody who does something. */
interface Doer {
  readonly visitor: string
  readonly address?: string
}

/** The facts of an act beside who did it. */
interface Facts {
  readonly settings?: BoardPatch['set']
  readonly link?: AuditLink
}

/** An entry that is gathered until it is written. */
interface Waiting extends Doer, Facts {
  at: number
  readonly act: AuditAct
  /** Empty where nobody knows it yet: then it is that of their latest picture. */
  readonly name: string
  readonly ids: Set<string>
  settings?: BoardPatch['set']
  readonly records: ReadonlyMap<string, AnyRecord> | undefined
  /** A monotonic time in milliseconds. */
  readonly since: number
}

/** An entry as the engine keeps it. Names of pictures are read from their records, so they go with them (J16). */
type Stored = Pick<AuditEntry, 'act' | 'visitor' | 'name' | 'settings' | 'link'> & {
  readonly ids: readonly string[]
}

interface Options {
  readonly engine: Engine
  readonly clock: TrustedClock
  readonly bounds: Bounds
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
}

/**
 * Who did what to each board, for its owners.
 *
 * Acts are gathered in memory and written once a second and board at most, behind the commands, which wait for
 * nothing. So a crash loses the entries of a second at most; a server that stops writes them first.
 */
export class Audit {
  /** Returns the name that a visitor has at the moment on a page of a board; empty for none. */
  nameOf: (board: string, visitor: string) => string = () => ''
  readonly #options: Options
  readonly #waiting = new Map<string, Waiting[]>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  /** The write under way of each board: the next one waits for it. */
  readonly #writing = new Map<string, Promise<void>>()
  readonly #limiter = new PartyLimiter({
    visitor: hourly(ENTRIES_PER_VISITOR_COUNT),
    address: hourly(ENTRIES_PER_ADDRESS_COUNT),
  })
  /** Entries since the last pruning, by board. */
  readonly #appended = new LRUCache<string, number>({ max: COUNTED_BOARDS_COUNT })
  #lastAt = 0
  #isClosed = false

  constructor(options: Options) {
    this.#options = options
  }

  /** Notes what is done to every board that is opened. */
  follow(boards: Boards): void {
    boards.onOpen((board) => {
      // A picture that waits isn't on the board. It is noted when somebody decides.
      if (isHeldLog(board.id)) return
      board.onActs = (acts) => {
        for (const act of acts) this.#onAct(board, act)
      }
    })
  }

  /** Notes an act that is about no picture. */
  note(board: string, act: AuditAct, doer: Doer, facts: Facts = {}): void {
    this.#gather(board, { act, doer, facts })
  }

  /** Notes an act about pictures that is no command of the one who does it. */
  notePictures(
    { id: board, records }: Pick<LiveBoard, 'id' | 'records'>,
    act: AuditAct,
    doer: Doer,
    ids: readonly string[],
  ): void {
    for (const id of ids) this.#gather(board, { act, doer, facts: {}, id, records })
  }

  /** Reads entries, newest first: those before a time in milliseconds since 1970, or the newest. */
  async page(
    board: Pick<LiveBoard, 'id' | 'records'>,
    { before, limit }: { before?: number; limit: number },
  ): Promise<AuditPage> {
    await this.#write(board.id, true)
    const query = {
      kind: 'audit',
      limit: limit + 1,
      ...(before !== undefined && { before }),
    } as const
    const rows = await this.#options.engine.history.list(board.id, query)
    const hasMore = rows.length > limit
    let entries = rows.slice(0, limit)
    // Several servers may have written at the same time: such entries stay together on the next page.
    const cut = rows[limit]?.at
    if (hasMore && entries.some(({ at }) => at !== cut))
      entries = entries.filter(({ at }) => at !== cut)
    return {
      entries: entries.map((entry) => toEntry(entry, board.records)),
      next: hasMore ? entries.at(-1)!.at : null,
    }
  }

  /** Deletes the entries of a board that are too old, and those beyond the bound. */
  async prune(board: string): Promise<void> {
    const { engine, clock, bounds } = this.#options
    const before = clock.expiredBefore(bounds['audit-age'] * SECOND_MS)
    await engine.history.prune(board, {
      kind: 'audit',
      keep: bounds['audit-entries'],
      ...(before !== null && { before }),
    })
  }

  /** Writes everything that waits. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    await Promise.all([...this.#waiting.keys()].map((board) => this.#write(board, true)))
  }

  #onAct(board: LiveBoard, { command, sender, at }: BoardAct): void {
    const act = ACTS[command.kind]
    if (act === undefined || isFrame(board, command)) return
    const facts = command.kind === 'board.patch' ? { settings: command.set } : {}
    const id = 'id' in command ? command.id : undefined
    const isAdmitted = command.kind === 'image.admit'
    const by = isAdmitted ? command.image.by : 'by' in command ? command.by : undefined
    // Its sender has added it, whoever has let it in.
    const doer = isAdmitted ? { visitor: command.image.author } : sender
    this.#gather(board.id, { act, doer, facts, at, id, by, records: board.records })
  }

  /** Adds an act to the entry of the same acts of the same person, or begins one. */
  #gather(
    board: string,
    {
      act,
      doer: { visitor, address },
      facts,
      at = this.#options.clock.now(),
      id,
      by,
      records,
    }: {
      act: AuditAct
      doer: Doer
      facts: Facts
      at?: number
      id?: string | undefined
      by?: string | undefined
      records?: ReadonlyMap<string, AnyRecord>
    },
  ): void {
    const waiting = this.#waiting.get(board) ?? []
    this.#waiting.set(board, waiting)
    const known = waiting.findLast(
      (entry) =>
        entry.act === act &&
        entry.visitor === visitor &&
        entry.link?.id === facts.link?.id &&
        entry.ids.size < PICTURES_PER_ENTRY_COUNT,
    )
    if (known) {
      if (id !== undefined) known.ids.add(id)
      if (facts.settings) known.settings = { ...known.settings, ...facts.settings }
      return
    }
    const name = this.nameOf(board, visitor) || by || ''
    const ids = new Set(id === undefined ? [] : [id])
    const doer = { visitor, ...(address !== undefined && { address }) }
    waiting.push({ ...doer, ...facts, at, act, name, ids, records, since: performance.now() })
    if (waiting.length > WAITING_ENTRIES_COUNT) {
      waiting.shift()
      this.#options.log.warn({ board }, 'An entry of the audit was lost: its database is away.')
    }
    this.#writeLater(board, WRITE_INTERVAL_MS)
  }

  #writeLater(board: string, delayMs: number): void {
    if (this.#isClosed || this.#timers.has(board)) return
    const run = () => {
      this.#timers.delete(board)
      inBackground(this.#write(board, false), this.#options.log)
    }
    this.#timers.set(board, setTimeout(run, delayMs).unref())
  }

  /** Writes what waits for a board, one write after another; with `all` also what may be gathered for longer. */
  async #write(board: string, all: boolean): Promise<void> {
    const before = this.#writing.get(board) ?? Promise.resolve()
    const writing = before.catch(() => {}).then(() => this.#append(board, all))
    this.#writing.set(board, writing)
    try {
      await writing
    } finally {
      if (this.#writing.get(board) === writing) this.#writing.delete(board)
    }
  }

  async #append(board: string, all: boolean): Promise<void> {
    const waiting = this.#waiting.get(board) ?? []
    const isOld = ({ since }: Waiting) => performance.now() - since >= LONGEST_GATHERING_MS
    const due = waiting.filter((each) => all || isOld(each) || this.#limiter.spend(each))
    const later = waiting.filter((each) => !due.includes(each))
    if (later.length > 0) this.#waiting.set(board, later)
    else this.#waiting.delete(board)
    if (later.length > 0) this.#writeLater(board, WRITE_INTERVAL_MS)
    if (due.length === 0) return
    try {
      const names = namesIn(due.find(({ name, records }) => name === '' && records)?.records)
      const entries = due.map((each) => this.#toStored(each, names))
      await this.#options.engine.history.append(board, entries)
    } catch (error) {
      if (error instanceof WireError && error.code === 'unknown-board') return
      this.#waiting.set(board, [...due, ...(this.#waiting.get(board) ?? [])])
      this.#writeLater(board, RETRY_MS)
      throw error
    }
    const appended = (this.#appended.get(board) ?? ENTRIES_PER_PRUNING_COUNT) + due.length
    this.#appended.set(board, appended)
    if (appended < ENTRIES_PER_PRUNING_COUNT) return
    this.#appended.set(board, 0)
    await this.prune(board)
  }

  #toStored(
    { at, act, visitor, name: given, ids, settings, link }: Waiting,
    names: ReadonlyMap<string, string>,
  ): HistoryEntry {
    const name = given || (names.get(visitor) ?? '')
    // Each entry of a server has a time of its own, by which pages are told apart.
    this.#lastAt = Math.max(at, this.#lastAt + 1)
    const data: Stored = {
      act,
      visitor,
      name,
      ids: [...ids],
      ...(settings && { settings }),
      ...(link && { link }),
    }
    const [subject = ''] = ids
    return { at: this.#lastAt, kind: 'audit', subject, data: JSON.stringify(data), blob: null }
  }
}

/** The acts that commands are. Patches of pictures are none: there are many of them, and undo takes them back. */
const ACTS: Partial<Record<Command['kind'], AuditAct>> = {
  'image.add': 'add',
  'image.copy': 'add',
  'image.admit': 'add',
  'image.remove': 'remove',
  'image.restore': 'restore',
  'image.replace': 'replace',
  'image.purge': 'purge',
  'image.keep': 'keep',
  'image.erase': 'erase',
  'board.patch': 'settings',
}

/** Whether a command is a frame of a live slot: there is one a second, and its tile was noted. */
function isFrame({ records }: LiveBoard, command: Command): boolean {
  const record = command.kind === 'image.replace' ? records.get(command.id) : undefined
  return record?.kind === 'image' && record.slot !== null
}

/** Returns the names that stand on the latest pictures of their authors. */
function namesIn(records: ReadonlyMap<string, AnyRecord> | undefined): Map<string, string> {
  const names = new Map<string, string>()
  const times = new Map<string, number>()
  for (const record of records?.values() ?? []) {
    if (record.kind !== 'image' || record.by === '') continue
    const { author, by, createdAt } = record
    if (createdAt < (times.get(author) ?? 0)) continue
    times.set(author, createdAt)
    names.set(author, by)
  }
  return names
}

function toEntry({ at, data }: HistoryEntry, records: ReadonlyMap<string, AnyRecord>): AuditEntry {
  const { ids, ...facts } = JSON.parse(data) as Stored
  const pictures = ids.flatMap((id) => {
    const record = records.get(id)
    return record?.kind === 'image' ? [{ id, name: record.name }] : []
  })
  return { at, ...facts, count: ids.length, pictures }
}
