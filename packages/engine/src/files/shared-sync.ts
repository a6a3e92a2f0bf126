import { setTimeout } from 'node:timers/promises'
import { syncFolder } from './folders.ts'

/** Callers of one sync from which on the next ones are gathered: fewer would wait longer than they save. */
const CROWD_COUNT = 3
/** Time between the starts of two syncs while many callers wait. */
const GATHERING_MS = 20

/** Syncs one folder for all who wait for it: those who call while a sync runs share the next. */
export class SharedSync {
  readonly #folder: string
  #next: Promise<void> | null = null
  /** The callers that the next sync has. */
  #callerCount = 0
  #lastCallerCount = 0
  #last: Promise<unknown> = Promise.resolve()
  #startedAt = Number.NEGATIVE_INFINITY

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Resolves when all that was changed in the folder before this call is durable. */
  synced(): Promise<void> {
    this.#callerCount++
    this.#next ??= this.#sync()
    return this.#next
  }

  async #sync(): Promise<void> {
    await this.#last
    const early = this.#startedAt + GATHERING_MS - performance.now()
    if (this.#lastCallerCount >= CROWD_COUNT && early > 0) await setTimeout(early)
    this.#lastCallerCount = this.#callerCount
    this.#callerCount = 0
    // A change that comes from here on may miss this sync.
    this.#next = null
    this.#startedAt = performance.now()
    const syncing = syncFolder(this.#folder)
    this.#last = syncing.catch(() => {})
    await syncing
  }
}
