import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cursor } from '@wirephoto/board'
import { makeFolder, systemErrorCode } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import type { ArchiveEntry, ArchiveForm } from './contents.ts'

/** Raised when the same plan makes other bytes: then nobody goes on with the bytes of before. */
const PLAN_VERSION = 1
const SUFFIX = '.json'
const SECOND_MS = 1_000

/** Names an archive: the board's state that it has, which of its pictures, and in which form. */
export interface ArchiveAddress {
  readonly board: string
  readonly at: Cursor
  /** The digest of the chosen ids; null for all pictures of the board. */
  readonly selection: string | null
  readonly form: ArchiveForm
}

/** Everything that an archive's bytes follow from. */
export interface ArchivePlan {
  readonly title: string
  readonly entries: readonly ArchiveEntry[]
  /** Names these bytes and no others. */
  readonly etag: string
}

interface Options {
  readonly maxAgeS: number
  /** Bytes of all plans. */
  readonly maxBytes: number
  readonly log: Pick<FastifyBaseLogger, 'warn'>
}

/**
 * The plans of archives, by their addresses. A board goes on, and its log knows no earlier state. So a plan is kept on
 * disk for the time that a download may take, with its pauses.
 */
export class KeptPlans {
  readonly #folder: string
  readonly #options: Options

  private constructor(folder: string, options: Options) {
    this.#folder = folder
    this.#options = options
  }

  static async open(folder: string, options: Options): Promise<KeptPlans> {
    await makeFolder(folder)
    const plans = new KeptPlans(folder, options)
    await plans.#prune()
    return plans
  }

  /** Finds a plan. Null if there is none, or none any more. */
  async find(address: ArchiveAddress): Promise<ArchivePlan | null> {
    const text = await this.read(address)
    return text === null ? null : planOf(text)
  }

  /** Reads the text of a plan, for another server to keep. Null if there is none, or none any more. */
  async read(address: ArchiveAddress): Promise<string | null> {
    const path = this.#pathOf(address)
    try {
      const { mtimeMs } = await stat(path)
      if (mtimeMs < Date.now() - this.#options.maxAgeS * SECOND_MS) return null
      return await readFile(path, 'utf8')
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error
      return null
    }
  }

  /** Keeps a plan, in place of an older one at its address. The oldest ones make room for it. */
  async keep(
    address: ArchiveAddress,
    { title, entries }: Omit<ArchivePlan, 'etag'>,
  ): Promise<ArchivePlan> {
    const made = { title, entries }
    const text = JSON.stringify({ format: PLAN_VERSION, ...made })
    await this.#write(address, text)
    return { ...made, etag: etagOf(text) }
  }

  /** Keeps the text of a plan that another server has made. Null if this build makes other bytes of it. */
  async adopt(address: ArchiveAddress, text: string): Promise<ArchivePlan | null> {
    const plan = planOf(text)
    if (plan) await this.#write(address, text)
    return plan
  }

  /** Lets a plan that is being read last longer. */
  async renew(address: ArchiveAddress): Promise<void> {
    const now = new Date()
    await utimes(this.#pathOf(address), now, now).catch(() => {
      // The next request makes it again, or says that it is gone.
    })
  }

  async #write(address: ArchiveAddress, text: string): Promise<void> {
    const path = this.#pathOf(address)
    // Several requests may write the same plan at once.
    const fresh = `${path}.${randomUUID()}.new`
    await writeFile(fresh, text, { mode: 0o600 })
    await rename(fresh, path)
    await this.#prune()
  }

  async #prune(): Promise<void> {
    const { maxAgeS, maxBytes, log } = this.#options
    try {
      const names = await readdir(this.#folder)
      const files = await Promise.all(
        names.map(async (name) => {
          const path = join(this.#folder, name)
          const found = await stat(path).catch(() => null)
          return { path, bytes: found?.size ?? 0, at: found?.mtimeMs ?? 0 }
        }),
      )
      files.sort((a, b) => b.at - a.at)
      let bytes = 0
      for (const file of files) {
        bytes += file.bytes
        const isOld = file.at < Date.now() - maxAgeS * SECOND_MS
        if (isOld || bytes > maxBytes) await rm(file.path, { force: true })
      }
    } catch (error) {
      log.warn({ err: error }, 'plans of archives not pruned')
    }
  }

  #pathOf({ board, at, selection, form }: ArchiveAddress): string {
    const text = JSON.stringify([board, at, selection, form])
    return join(this.#folder, createHash('sha256').update(text).digest('hex') + SUFFIX)
  }
}

/** Returns the plan of a text. Null for one of another version, or one that a crash has cut off. */
function planOf(text: string): ArchivePlan | null {
  try {
    const { format, title, entries } = JSON.parse(text) as ArchivePlan & { format: number }
    return format === PLAN_VERSION ? { title, entries, etag: etagOf(text) } : null
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return null
  }
}

const etagOf = (text: string): string => createHash('sha256').update(text).digest('base64url')
