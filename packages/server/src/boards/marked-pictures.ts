import { type AnyRecord, type Batch, type ImageRecord, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import { inBackground } from '../in-background.ts'
import { type Boards, SERVER } from './boards.ts'
import type { LiveBoard } from './live-board.ts'

/** Pictures that are purged in one message. */
const PURGED_TOGETHER_COUNT = 100
/** Time until a purge that the database didn't take is tried again. */
const RETRY_MS = 30_000
/** Timers can't wait for longer. */
const LONGEST_WAIT_MS = 2 ** 31 - 1

/** A mark, and when it comes due: a monotonic time in milliseconds. */
interface Mark {
  readonly purgeAt: number
  readonly dueAt: number
}

interface Options {
  readonly boards: Boards
  readonly graceMs: number
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
  /** A clock that is never set. For tests. */
  readonly monotonicNow?: () => number
}

/**
 * Purges the pictures that somebody has marked, when their time of grace is over.
 *
 * The wall clock never decides alone. A mark that is seen as it is made comes due when this process has run for the
 * whole time since. One that is found when a board is loaded may come due sooner, if the clock is trusted (T8).
 * Several servers may purge the same picture, which takes effect once.
 */
export class MarkedPictures {
  readonly #boards: Boards
  readonly #graceMs: number
  readonly #log: Options['log']
  readonly #now: () => number
  /** The marks by board and picture. They outlive a board that is closed for want of users. */
  readonly #marks = new Map<string, Map<string, Mark>>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #running = new Set<Promise<void>>()
  readonly #stopListening: () => void
  #isClosed = false

  constructor({ boards, graceMs, log, monotonicNow = () => performance.now() }: Options) {
    this.#boards = boards
    this.#graceMs = graceMs
    this.#log = log
    this.#now = monotonicNow
    this.#stopListening = boards.onOpen((board) => this.#follow(board))
  }

  /** Opens a board if any of these records, as they were loaded, is marked: so a purge goes on after a restart. */
  async resume(board: string, records: Iterable<AnyRecord>): Promise<void> {
    if (this.#isClosed || !Iterator.from(records).some(isMarked)) return
    using _held = await this.#boards.hold(board)
  }

  /** Resolves when no purge is under way. None begins afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopListening()
    for (const timer of this.#timers.values()) clearTimeout(timer)
    await Promise.all(this.#running)
  }

  /** Follows a board that was just loaded. */
  #follow(board: LiveBoard): void {
    this.#onLoaded(board)
    board.listen((batch) => (batch ? this.#onBatch(board.id, batch) : this.#onLoaded(board)))
  }

  #onLoaded({ id, records }: LiveBoard): void {
    const known = this.#marks.get(id)
    const marks = new Map<string, Mark>()
    for (const record of records.values()) {
      if (!isMarked(record)) continue
      const { purgeAt } = record
      const before = known?.get(record.id)
      const dueAt = this.#now() + this.#timeLeft(purgeAt)
      marks.set(record.id, before?.purgeAt === purgeAt ? before : { purgeAt, dueAt })
    }
    this.#keep(id, marks)
  }

  #onBatch(board: string, { changes }: Batch): void {
    const known = this.#marks.get(board)
    const marks = known ?? new Map<string, Mark>()
    const sizeBefore = marks.size
    let hasNews = false
    for (const change of changes) {
      const record = 'put' in change ? change.put : undefined
      if (!record || !isMarked(record)) {
        const id = record ? record.id : 'gone' in change ? change.gone : ''
        if (sizeBefore > 0) marks.delete(id)
        continue
      }
      const { id, purgeAt } = record
      if (marks.get(id)?.purgeAt === purgeAt) continue
      marks.set(id, { purgeAt, dueAt: this.#now() + this.#graceMs })
      hasNews = true
    }
    if (hasNews || marks.size !== sizeBefore) this.#keep(board, marks)
  }

  /** Returns the time that a mark has left that is found as a board is loaded. */
  #timeLeft(purgeAt: number): number {
    const expiredBefore = this.#boards.clock.expiredBefore(0)
    if (expiredBefore === null) return this.#graceMs
    return Math.min(this.#graceMs, Math.max(0, purgeAt - expiredBefore))
  }

  #keep(board: string, marks: Map<string, Mark>): void {
    if (marks.size > 0) this.#marks.set(board, marks)
    else this.#marks.delete(board)
    let next = Number.POSITIVE_INFINITY
    for (const { dueAt } of marks.values()) next = Math.min(next, dueAt)
    this.#wake(board, next - this.#now())
  }

  /** Looks at the marks of a board after a time; at none if that is infinite. */
  #wake(board: string, waitMs: number): void {
    clearTimeout(this.#timers.get(board))
    this.#timers.delete(board)
    if (this.#isClosed || waitMs === Number.POSITIVE_INFINITY) return
    const run = () => {
      const running = this.#purgeDue(board)
        .catch((error: unknown) => {
          const isRemoved = error instanceof WireError && error.code === 'unknown-board'
          if (isRemoved) this.#marks.delete(board)
          else {
            this.#wake(board, RETRY_MS)
            throw error
          }
        })
        .finally(() => this.#running.delete(running))
      this.#running.add(running)
      inBackground(running, this.#log)
    }
    const timer = setTimeout(run, Math.min(Math.max(waitMs, 0), LONGEST_WAIT_MS)).unref()
    this.#timers.set(board, timer)
  }

  async #purgeDue(board: string): Promise<void> {
    using held = await this.#boards.hold(board)
    const due: { id: string; purgeAt: number }[] = []
    for (const [id, { purgeAt, dueAt }] of this.#marks.get(board) ?? [])
      if (dueAt <= this.#now()) due.push({ id, purgeAt })
    for (let start = 0; start < due.length; start += PURGED_TOGETHER_COUNT) {
      const commands = due
        .slice(start, start + PURGED_TOGETHER_COUNT)
        .map((mark) => ({ kind: 'image.erase', ...mark }) as const)
      await held.board.act(commands, SERVER).catch(ignoreRefusal)
      // Those that were called off elsewhere are known by the next batch; none is asked for twice.
      for (const { id, purgeAt } of commands)
        if (this.#marks.get(board)?.get(id)?.purgeAt === purgeAt) this.#marks.get(board)!.delete(id)
    }
    this.#keep(board, this.#marks.get(board) ?? new Map())
  }
}

/** Another server has purged a picture, or somebody has called it off. */
function ignoreRefusal(error: unknown): void {
  const isRefusal =
    error instanceof WireError && ['conflict', 'unknown-picture'].includes(error.code)
  if (!isRefusal) throw error
}

const isMarked = (record: AnyRecord): record is ImageRecord & { readonly purgeAt: number } =>
  record.kind === 'image' && record.purgeAt !== null
