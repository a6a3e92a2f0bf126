import { type Change, idOf } from '@wirephoto/board'
import { type RDatum, type RTable, r } from 'rethinkdb-ts'
import { batchesFrom, isChain, retryUntilConsistent } from './batches.ts'
import type { Database } from './database.ts'
import {
  type BatchRow,
  type BoardRow,
  type ClientDoc,
  HARD,
  type RecordRow,
  type Tables,
} from './tables.ts'

/** Milliseconds from the first batch that isn't projected to the projecting: many batches become one. */
const PROJECT_DELAY_MS = 1_000
/** Documents of one write. */
const ROWS_PER_WRITE = 500
/** Seconds in which what was read may be written, by the database's clock. */
const WRITE_DEADLINE_S = 60

/**
 * Brings what the batches come to into `records` and `clients`, then the watermark after it. Every
 * write holds only if it is newer than what is there, so this may be done by several servers at once,
 * break off anywhere and be done again.
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

  /** There are batches after the watermark. */
  schedule(board: string): void {
    if (this.#closed || this.#scheduled.has(board)) return
    const project = () => {
      this.#scheduled.delete(board)
      this.project(board).catch(() => {
        // The log has it all; the next append or load tries again.
      })
    }
    this.#scheduled.set(board, setTimeout(project, PROJECT_DELAY_MS).unref())
  }

  /** Up to the last batch that there is now. */
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

  /** Ends with what is being done. */
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
    const [epoch, seq] = last.id
    const advance = (row: RDatum) =>
      r.branch(row('epoch').eq(epoch).and(row('seq').lt(seq)), { seq, stamp: last.stamp }, {})
    await this.#database.write(boards.get(board).update(advance, HARD))
  }

  /** A board with the database's time, and its batches after the watermark. */
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
   * A write that is late is none: after a prune has taken a tombstone away, an older state of that
   * record would find nothing newer there (F4).
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

const LATE_WRITE_RESULT = { errors: 1, first_error: 'too late' }

const keepNewer = (_id: RDatum, old: RDatum, fresh: RDatum): RDatum =>
  r.branch(old('seq').lt(fresh('seq')), fresh, old)

/** The newest state of each record in these. */
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

function newestClients(batches: readonly BatchRow[]): ClientDoc[] {
  const newest = new Map<string, ClientDoc>()
  for (const {
    id: [epoch, seq],
    clients,
  } of batches)
    for (const row of clients) newest.set(row[0], { id: [epoch, row[0]], seq, row })
  return [...newest.values()]
}
