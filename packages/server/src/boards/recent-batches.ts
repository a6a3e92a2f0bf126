import { type Batch, type Cursor, coalesce, seqOf } from '@wirephoto/board'

/** Changes kept in memory for readers that were away for a moment. */
const KEPT_CHANGES_COUNT = 4_000

/** The last batches of a board without a gap; the newest ends at the board's cursor. */
export class RecentBatches {
  #batches: Batch[] = []
  #changeCount = 0

  push(batch: Batch): void {
    this.#batches.push(batch)
    this.#changeCount += batch.changes.length
    while (this.#changeCount > KEPT_CHANGES_COUNT)
      this.#changeCount -= this.#batches.shift()!.changes.length
  }

  clear(): void {
    this.#batches = []
    this.#changeCount = 0
  }

  /** Coalesces the batches that follow a cursor; null if no batch begins there. */
  since(cursor: Cursor): Batch | null {
    return this.#from(this.#batches.findIndex((batch) => batch.from === cursor))
  }

  /**
   * Coalesces the batches that follow a cursor within one of them. A change is a whole record, so the
   * reader may apply some of them twice.
   */
  sinceWithin(cursor: Cursor): Batch | null {
    const seq = seqOf(cursor)
    return this.#from(this.#batches.findLastIndex((batch) => seqOf(batch.from) <= seq))
  }

  #from(index: number): Batch | null {
    const [first, ...rest] = index < 0 ? [] : this.#batches.slice(index)
    return first ? coalesce([first, ...rest]) : null
  }
}
