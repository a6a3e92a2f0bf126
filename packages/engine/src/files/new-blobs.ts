import { link, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isSha256 } from '../ids.ts'
import { makeFolder, removeFile, syncFolder } from './folders.ts'
import { SharedSync } from './shared-sync.ts'
import { isDiskFull, systemErrorCode } from './system-errors.ts'

const NEW_FOLDER = 'new'
/** How long a blob has its second name, and how many may have one. A start looks at each that a crash left. */
const KEPT_MS = 60_000
const MAX_COUNT = 2_048

/**
 * Second names of the blobs that were stored last, all in one folder, `<folder>/new/<sha256>`.
 *
 * A file's fsync doesn't make its name durable: that takes a sync of its folder. The 256 folders of the blobs never
 * share one, while this folder's sync serves all who wait. The folders of the blobs are synced later, for many
 * blobs at once. After a power loss a blob gets its own name back from here (F1).
 */
export class NewBlobs {
  readonly #folder: string
  readonly #namesFolder: string
  readonly #sync: SharedSync
  readonly #names: Set<string>
  /** Folders of blobs that exist, though perhaps not durably. */
  readonly #shards = new Set<string>()
  /** Blobs whose own names are being synced. */
  #settling: ReadonlySet<string> = new Set()
  #running: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined

  private constructor(folder: string, names: Set<string>) {
    this.#folder = folder
    this.#namesFolder = join(folder, NEW_FOLDER)
    this.#sync = new SharedSync(this.#namesFolder)
    this.#names = names
  }

  /** Opens the folder of all blobs. Gives those their names back that a power loss took. */
  static async open(folder: string): Promise<NewBlobs> {
    const namesFolder = join(folder, NEW_FOLDER)
    await makeFolder(namesFolder)
    const names = (await readdir(namesFolder)).filter(isSha256)
    const newBlobs = new NewBlobs(folder, new Set(names))
    for (const name of names) {
      await newBlobs.#makeShard(name)
      await link(newBlobs.#newPathOf(name), newBlobs.#pathOf(name)).catch(unlessExists)
    }
    newBlobs.#settleSoon()
    return newBlobs
  }

  /**
   * Gives a durable file its place among the blobs, and a second name here; resolves when that is durable. False
   * where the blob exists already, or the file can't have further names. Rejects with a full disk's error.
   */
  async add(path: string, sha256: string): Promise<boolean> {
    // Its second name may be about to go.
    if (this.#settling.has(sha256)) return false
    await this.#makeShard(sha256)
    if (!(await tryLink(path, this.#pathOf(sha256)))) return false
    if (!(await tryLink(path, this.#newPathOf(sha256)))) return false
    this.#names.add(sha256)
    await this.#sync.synced()
    this.#settleSoon()
    return true
  }

  /** Removes a blob's second name durably, after its own. */
  async remove(sha256: string): Promise<void> {
    if (!this.#names.has(sha256)) return
    await removeFile(this.#newPathOf(sha256))
    await this.#sync.synced()
    this.#names.delete(sha256)
  }

  /** Makes all blobs durable under their own names alone. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#running
    this.#settle()
    await this.#running
  }

  #settleSoon(): void {
    if (this.#names.size === 0) return
    if (this.#names.size >= MAX_COUNT) this.#settle()
    else this.#timer ??= setTimeout(() => this.#settle(), KEPT_MS).unref()
  }

  /** Begins to make all blobs durable under their own names, unless that is under way. */
  #settle(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running ??= this.#syncOwnNames()
      // They keep their second names, and are tried again with the next ones.
      .catch(() => {})
      .finally(() => {
        this.#settling = new Set()
        this.#running = null
      })
  }

  async #syncOwnNames(): Promise<void> {
    this.#settling = new Set(this.#names)
    if (this.#settling.size === 0) return
    await syncFolder(this.#folder)
    for (const shard of new Set(Array.from(this.#settling, shardOf)))
      await syncFolder(join(this.#folder, shard))
    for (const name of this.#settling) await removeFile(this.#newPathOf(name))
    // Else a power loss would bring names back, also of blobs that are removed meanwhile.
    await this.#sync.synced()
    for (const name of this.#settling) this.#names.delete(name)
  }

  async #makeShard(sha256: string): Promise<void> {
    const shard = shardOf(sha256)
    if (this.#shards.has(shard)) return
    await mkdir(join(this.#folder, shard)).catch(unlessExists)
    this.#shards.add(shard)
  }

  #pathOf(sha256: string): string {
    return join(this.#folder, shardOf(sha256), sha256)
  }

  #newPathOf(sha256: string): string {
    return join(this.#namesFolder, sha256)
  }
}

/** Returns the name of the folder that a blob is in. */
export const shardOf = (sha256: string): string => sha256.slice(0, 2)

/** Gives a file a second name. Resolves to false where the name is taken, or the file can't have two. */
export const tryLink = (path: string, name: string): Promise<boolean> =>
  link(path, name).then(
    () => true,
    (error: unknown) => {
      if (isDiskFull(error)) throw error
      return false
    },
  )

function unlessExists(error: unknown): void {
  if (systemErrorCode(error) !== 'EEXIST') throw error
}
