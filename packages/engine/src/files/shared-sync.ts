import { setTimeout } from 'node:timers/promises'
import { syncFolder } from './folders.ts'

/** Time between the starts of two syncs while many callers come. */
const GATHERING_MS = 30
/** Callers in such a time from which on they are gathered: fewer would wait longer than they save. */
const CROWD_COUNT = 5

/** Syncs one folder for all who wait for it: those who call while a sync runs share the next. */
export class SharedSync {
  readonly #folder: string
  #next: Promise<void> | null = null
  #last: Promise<unknown> = Promise.resolve()
  #startedAt = Number.NEGATIVE_INFINITY
  /** The callers of the time that runs, and of the one before. */
  #callers = { since: 0, count: 0, countBefore: 0 }

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Resolves when all that was changed in the folder before this call is durable. */
  synced(): Promise<void> {
    const now = performance.now()
    const { since, count } = this.#callers
    if (now - since > GATHERING_MS) this.#callers = { since: now, count: 0, countBefore: count }
    this.#callers.count++
    this.#next ??= this.#sync()
    return this.#next
  }

  async #sync(): Promise<void> {
    await this.#last
    const { count, countBefore } = this.#callers
    const early = this.#startedAt + GATHERING_MS - performance.now()
    if (Math.max(count, countBefore) >= CROWD_COUNT && early > 0) await setTimeout(early)
    // A change that comes from here on may miss this sync.
    this.#next = null
    this.#startedAt = performance.now()
    const syncing = syncFolder(this.#folder)
    this.#last = syncing.catch(() => {})
    await syncing
  }
}
