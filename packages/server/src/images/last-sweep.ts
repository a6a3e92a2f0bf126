import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemErrorCode } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'

/** The file that says in the data folder why a sweep has stopped. */
const FILE_NAME = 'sweep-stopped.json'

/** The outcome of the last sweep. A sweep that has `stopped` has touched no blob (C8). */
export type SweepState = { readonly kind: 'fine' } | StoppedSweep

export interface StoppedSweep {
  readonly kind: 'stopped'
  readonly unexplainedCount: number
  readonly blobCount: number
  /** The `unexplained-percent` that was too little for it. */
  readonly percent: number
  /** The sentence for the operator, with what to do. */
  readonly sentence: string
}

/** The outcome of the last sweep, which outlives a restart as long as it has stopped (E21). */
export class LastSweep {
  readonly #path: string
  readonly #log: Pick<FastifyBaseLogger, 'warn'>
  #state: SweepState = { kind: 'fine' }
  /** Whether an earlier process has found out the state: then the operator may have had a word since. */
  #isInherited = false

  private constructor(folder: string, log: Pick<FastifyBaseLogger, 'warn'>) {
    this.#path = join(folder, FILE_NAME)
    this.#log = log
  }

  /** Reads what an earlier process has left, and logs it if its sweep had stopped. */
  static async open(folder: string, log: Pick<FastifyBaseLogger, 'warn' | 'error'>) {
    const lastSweep = new LastSweep(folder, log)
    const stopped = await lastSweep.#read()
    if (stopped) {
      lastSweep.#state = stopped
      lastSweep.#isInherited = true
      const { unexplainedCount: unexplained, blobCount: blobs, sentence } = stopped
      log.error({ unexplained, blobs }, sentence)
    }
    return lastSweep
  }

  get state(): SweepState {
    return this.#state
  }

  /**
   * Returns whether the last sweep has stopped, and nobody has raised the bound since. Then no share of the files
   * is small enough: new pictures make no lost ones less suspicious.
   */
  isDoubted(percent: number): boolean {
    const state = this.#state
    return state.kind === 'stopped' && !(this.#isInherited && percent > state.percent)
  }

  /** Notes the outcome of a sweep. One that can't be written is known until the server ends. */
  async note(state: SweepState): Promise<void> {
    this.#state = state
    this.#isInherited = false
    try {
      if (state.kind === 'fine') await rm(this.#path, { force: true })
      else await writeFile(this.#path, JSON.stringify(state))
    } catch (error) {
      this.#log.warn({ err: error }, 'outcome of a sweep not noted')
    }
  }

  async #read(): Promise<StoppedSweep | null> {
    try {
      const found = JSON.parse(await readFile(this.#path, 'utf8')) as StoppedSweep
      return found.kind === 'stopped' && typeof found.sentence === 'string' ? found : null
    } catch (error) {
      // A crash may have cut it off; the next sweep finds out again.
      if (systemErrorCode(error) !== 'ENOENT' && !(error instanceof SyntaxError)) throw error
      return null
    }
  }
}
