import { setImmediate, setTimeout } from 'node:timers/promises'
import { type Batch, type Cursor, coalesce, seqOf, WireError } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'
import { FairQueue } from '../fairness/fair-queue.ts'
import type { Party } from '../fairness/party.ts'

/** Readers that may wait for changes of one board, besides those who wait for the same. */
const WAITING_READERS_COUNT = 500
/** Changes of more bytes are not sent to a viewer (W4), who takes the snapshot. */
const MAX_CHANGES_BYTES = 512 * 1024
/** Ranges that are kept for readers who come from the same cursor. */
const KEPT_RANGES_COUNT = 4

interface Read {
  readonly cursor: Cursor
  readonly batch: PromiseWithResolvers<Batch | null>
}

/** The board whose log is read. */
interface Source {
  readonly cursor: Cursor
  recentChanges(cursor: Cursor): Batch | null
  /** Reads the changes since a cursor, from memory or the log. */
  readChanges(cursor: Cursor): Promise<Batch | null>
}

/**
 * Reads the changes of a board since old cursors, one range at a time, and each once for all who ask. Parties take
 * turns, and between two reads this thread has as much time for other work.
 */
export class LogReader {
  readonly #source: Source
  readonly #queue = new FairQueue<Read>({ maxCount: WAITING_READERS_COUNT })
  /** The reads that wait or run, by cursor. */
  readonly #reads = new Map<Cursor, Read>()
  readonly #kept = new LRUCache<Cursor, Batch>({ max: KEPT_RANGES_COUNT })
  /** Changes since this batch, or an earlier one, are more than a snapshot costs. */
  #outdatedSeq = -1
  #isRunning = false

  constructor(source: Source) {
    this.#source = source
  }

  /** Returns the changes since a cursor; null if the reader must take a snapshot. Rejects with `busy`. */
  async read(cursor: Cursor, party: Party): Promise<Batch | null> {
    if (cursor === this.#source.cursor) return this.#source.recentChanges(cursor)
    if (seqOf(cursor) <= this.#outdatedSeq) return null
    const known = this.#reads.get(cursor)
    if (known) return known.batch.promise
    const read: Read = { cursor, batch: Promise.withResolvers() }
    this.#reads.set(cursor, read)
    const displaced = this.#queue.push(party, read)
    if (displaced) this.#settle(displaced, () => displaced.batch.reject(new WireError('busy')))
    if (!this.#isRunning) {
      this.#isRunning = true
      this.#run().catch(() => {})
    }
    return read.batch.promise
  }

  /** Forgets what it knows of a history that is no longer the board's. */
  clear(): void {
    this.#outdatedSeq = -1
    this.#kept.clear()
  }

  async #run(): Promise<void> {
    for (let turn = this.#queue.shift(); turn; turn = this.#queue.shift()) {
      const start = performance.now()
      const { item: read } = turn
      try {
        const batch = await this.#changes(read.cursor)
        this.#settle(read, () => read.batch.resolve(batch))
      } catch (error) {
        this.#settle(read, () => read.batch.reject(error))
      }
      // The readers encode what they got.
      await setImmediate()
      const took = performance.now() - start
      turn.end(took)
      if (this.#queue.size > 0) await setTimeout(took)
    }
    this.#isRunning = false
  }

  #settle(read: Read, settle: () => void): void {
    if (this.#reads.get(read.cursor) === read) this.#reads.delete(read.cursor)
    settle()
  }

  async #changes(cursor: Cursor): Promise<Batch | null> {
    const known = this.#kept.get(cursor)
    const rest = known && this.#source.recentChanges(known.to)
    const batch = rest ? coalesce([known, rest]) : await this.#source.readChanges(cursor)
    if (!batch) return null
    if (!isLarge(batch)) {
      this.#kept.set(cursor, batch)
      return batch
    }
    this.#outdatedSeq = Math.max(this.#outdatedSeq, seqOf(cursor))
    return null
  }
}

/** Returns whether a batch is too large to send. It reads no more of it than it must. */
function isLarge({ changes }: Batch): boolean {
  let bytes = 0
  for (const change of changes) {
    bytes += JSON.stringify(change).length
    if (bytes > MAX_CHANGES_BYTES) return true
  }
  return false
}
