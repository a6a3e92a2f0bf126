import { type Change, idOf } from '@wirephoto/board'
import { type RDatum, type RTable, r } from 'rethinkdb-ts'
import { batchesFrom, isChain, retryUntilConsistent } from './batches.ts'
import type { Database } from './database.ts'
import { noteEnded } from './ended-blobs.ts'
import {
  type BatchRow,
  type BoardRow,
  type ClientDoc,
  HARD,
  type RecordRow,
  type Tables,
} from './tables.ts'

/** The time that batches are collected before they are projected together. */
const PROJECT_DELAY_MS = 1_000
const ROWS_PER_WRITE = 500
/** The time after its read in which a projection may write, by the database's clock. */
const WRITE_DEADLINE_S = 60

/**
 * The projection of each board: `records` and `clients` as of its watermark.
 *
 * A projection writes what the batches after the watermark result in, the notes of ended blobs too. Then it
 * advances the watermark. Every
 * write replaces only an older row. So several servers may project at once, and a projection that was
 * interrupted anywhere can be repeated.
 */
export class Projector {
  readonly #database: Database
  readonly #tables: Tables
  readonly #scheduled = new Map<string, NodeJS.Timeout>()
  readonly #running = new Map<string, Promise<void>>()
  #closed = false

  constructor(database: Database, tables: Tables) {
    this.#database = database
    this.#tables = tables
  }

  /** Schedules a projection of a board that has batches after its watermark. */
  schedule(board: string): void {
    if (this.#closed || this.#scheduled.has(board)) return
    const project = () => {
      this.#scheduled.delete(board)
      this.project(board).catch(() => {
        // Nothing is lost: the log has all batches. The next append or load schedules another try.
      })
    }
    this.#scheduled.set(board, setTimeout(project, PROJECT_DELAY_MS).unref())
  }

  /** Projects a board up to its current last batch, after any projection that is running. */
  async project(board: string): Promise<void> {
    const before = this.#running.get(board)
    const running = (async () => {
      await before?.catch(() => {})
      await this.#project(board)
    })()
    this.#running.set(board, running)
    try {
      await running
    } finally {
      if (this.#running.get(board) === running) this.#running.delete(board)
    }
  }

  /** Cancels the scheduled projections, and finishes the running ones. */
  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#scheduled.values()) clearTimeout(timer)
    await Promise.allSettled(this.#running.values())
  }

  async #project(board: string): Promise<void> {
    const { boards, records, clients } = this.#tables
    const found = await this.#readUnprojected(board)
    const last = found?.batches.at(-1)
    if (!found || !last) return
    const { at, batches } = found
    const deadline = at.now + WRITE_DEADLINE_S
    await this.#write(records, newestRecords(batches), deadline)
    await this.#write(clients, newestClients(batches), deadline)
    const ended = new Set(batches.flatMap((batch) => batch.ended ?? []))
    await noteEnded(this.#database, this.#tables, [...ended], Date.now())
    const [epoch, seq] = last.id
    const advance = (row: RDatum) =>
      r.branch(row('epoch').eq(epoch).and(row('seq').lt(seq)), { seq, stamp: last.stamp }, {})
    await this.#database.write(boards.get(board).update(advance, HARD))
  }

  /** Reads a board with the database's time, and its batches after the watermark. Null if it doesn't exist. */
  #readUnprojected(board: string) {
    return retryUntilConsistent(async () => {
      const withTime = (row: RDatum) =>
        r.branch(row.eq(null), null, row.merge({ now: r.now().toEpochTime() }))
      const at = await this.#database.run<(BoardRow & { now: number }) | null>(
        this.#tables.boards.get(board).do(withTime),
      )
      if (!at) return null
      const [first, ...batches] = await this.#database.run<BatchRow[]>(
        batchesFrom(this.#tables, at),
      )
      if (!first || first.stamp !== at.stamp || !isChain([first, ...batches])) return undefined
      return { at, batches }
    })
  }

  /**
   * Writes rows that are newer than the stored ones. Rejects past the deadline: once a prune has deleted
   * a record's tombstone, nothing stops a late write from bringing an older state back (F4).
   */
  async #write(
    table: RTable,
    rows: readonly (RecordRow | ClientDoc)[],
    deadline: number,
  ): Promise<void> {
    for (let start = 0; start < rows.length; start += ROWS_PER_WRITE) {
      const portion = rows.slice(start, start + ROWS_PER_WRITE)
      const write = table.insert(portion, { ...HARD, conflict: keepNewer })
      const isInTime = r.now().toEpochTime().lt(deadline)
      await this.#database.write(r.branch(isInTime, write, LATE_WRITE_RESULT))
    }
  }
}

/** The result of a write that the database has refused as too late. */
const LATE_WRITE_RESULT = { errors: 1, first_error: 'too late' }

/** Resolves the conflict of two rows in favour of the one with the greater seq. */
const keepNewer = (_id: RDatum, old: RDatum, fresh: RDatum): RDatum =>
  r.branch(old('seq').lt(fresh('seq')), fresh, old)

/** Selects the newest state of each record. */
function newestRecords(batches: readonly BatchRow[]): RecordRow[] {
  const newest = new Map<string, RecordRow>()
  for (const {
    id: [epoch, seq],
    changes,
  } of batches)
    for (const change of JSON.parse(changes) as Change[]) {
      const id = idOf(change)
      const json = 'put' in change ? JSON.stringify(change.put) : null
      newest.set(id, { id: [epoch, id], seq, json })
    }
  return [...newest.values()]
}

/** Selects the newest state of each client. */
function newestClients(batches: readonly BatchRow[]): ClientDoc[] {
  const newest = new Map<string, ClientDoc>()
  for (const {
    id: [epoch, seq],
    clients,
  } of batches)
    for (const row of clients) newest.set(row[0], { id: [epoch, row[0]], seq, row })
  return [...newest.values()]
}
