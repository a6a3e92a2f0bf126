import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** The time for which the WAL keeps what was deleted. */
const TRUNCATE_DELAY_MS = 2_000
/** The time for which a page that was split may keep it. */
const VACUUM_DELAY_MS = 600_000
/** The same for what an earlier process has left. */
const FIRST_VACUUM_DELAY_MS = 2_000
/** A database of this size is rewritten within a second. All commands wait for that. */
const VACUUMED_BYTES = 64 * 1_048_576

interface Steps {
  /** Empties the WAL into the main file. False if that can't be done now. */
  readonly truncateWal: () => boolean
  /** Checks the main file in the background, and calls back if it is sound. */
  readonly check: (onSound: () => void) => void
  /** Returns the bytes of the main file. */
  readonly size: () => number
  readonly onError: (error: unknown) => void
}

/**
 * Erases what was deleted (J16). SQLite overwrites the rows themselves (`secure_delete`). But the WAL has earlier
 * versions of their pages, and a page that was split keeps copies of the rows that moved to another one.
 */
export class Eraser {
  readonly #db: DatabaseSync
  readonly #steps: Steps
  readonly #note: StatementSync
  /** Whether the database says that copies may be left in its pages. */
  #isDue: boolean
  #truncating: NodeJS.Timeout | undefined
  #vacuuming: NodeJS.Timeout | undefined

  constructor(db: DatabaseSync, steps: Steps) {
    this.#db = db
    this.#steps = steps
    this.#note = db.prepare('UPDATE mark SET erase_due = ?')
    this.#isDue = db.prepare('SELECT erase_due FROM mark').get()!['erase_due'] === 1
    if (this.#isDue) this.#vacuumLater(FIRST_VACUUM_DELAY_MS)
  }

  /** Notes that the transaction deletes rows, so that a crash doesn't forget it. */
  noteDeletion(): void {
    if (!this.#isDue) this.#note.run(1)
  }

  /** Erases soon what a transaction has deleted that holds. */
  eraseSoon(): void {
    this.#isDue = true
    this.#truncateLater()
    this.#vacuumLater(VACUUM_DELAY_MS)
  }

  close(): void {
    clearTimeout(this.#truncating)
    clearTimeout(this.#vacuuming)
  }

  #truncateLater(): void {
    this.#truncating ??= setTimeout(() => {
      this.#truncating = undefined
      if (!this.#steps.truncateWal()) this.#truncateLater()
    }, TRUNCATE_DELAY_MS).unref()
  }

  #vacuumLater(delayMs: number): void {
    this.#vacuuming ??= setTimeout(() => {
      this.#vacuuming = undefined
      if (this.#steps.size() > VACUUMED_BYTES) return
      // In case that the check can't be run, or the disk has no room.
      this.#vacuumLater(VACUUM_DELAY_MS)
      // A rewritten database would hang together, and lack what a rotten page has hidden.
      this.#steps.check(() => this.#vacuum())
    }, delayMs).unref()
  }

  #vacuum(): void {
    try {
      this.#db.exec('VACUUM')
      this.#note.run(0)
    } catch (error) {
      return this.#steps.onError(error)
    }
    this.#isDue = false
    clearTimeout(this.#vacuuming)
    this.#vacuuming = undefined
    // It went through the WAL.
    if (!this.#steps.truncateWal()) this.#truncateLater()
  }
}
