import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type BoardPoint, type BoardSource, blobsOf, type NamedBlob } from './board-point.ts'
import { type BlobFault, copyChecked } from './checked-file.ts'
import { boardsOf, PointWriter } from './point-file.ts'
import { retryWhileAway } from './retry-while-away.ts'
import type { BackupStore } from './store.ts'

/** Files that are copied at the same time. */
const COPIES_COUNT = 4
/** Looks at a board whose files go while they are copied: each look needs only what is new since the one before. */
const MAX_LOOKS_COUNT = 20

/** A picture's file that isn't as it was stored. */
export interface BlobProblem {
  readonly kind: BlobFault
  readonly blob: string
  readonly picture: NamedBlob['picture']
}

/** How far copying is. */
export interface CopyProgress {
  /** Files that were looked at, copied or there. */
  files: number
  copied: number
  copiedBytes: number
}

/** How a backup, a restore or a copy is followed. */
export interface TransferOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (progress: CopyProgress) => void
  /** Called when it begins to wait for a database or a server that is away. */
  readonly onAway?: () => void
}

export interface BackupOptions extends TransferOptions {
  /** Reads the files again that are there already, and replaces damaged ones. */
  readonly verifies?: boolean | undefined
  /** The number of backups that stay. Undefined for all. */
  readonly keep?: number | undefined
}

/** A backup that was made. */
export interface Backup extends CopyProgress {
  readonly point: string
  readonly boards: number
  /** The bytes of all files that it names. */
  readonly bytes: number
  /** Files there that were damaged and were replaced. */
  readonly replaced: number
  /** Earlier backups that were removed. */
  readonly removed: number
  /** The pictures whose files aren't in it. */
  readonly problems: readonly BlobProblem[]
}

/**
 * Makes a backup of all boards while they are used.
 *
 * @remarks It takes no leases, and changes nothing where the boards are. All files are copied first, which takes
 * long. Then each board is read again, with the few files that it has since: that is the board's point. A file may be
 * purged between a board's read and its copy; then the board has moved on too, and is read once more. A database that is away
 * for some seconds is waited for.
 */
export const makeBackup = (
  source: BoardSource,
  store: BackupStore,
  options: BackupOptions = {},
): Promise<Backup> => new BackupRun(source, store, options).run()

class BackupRun {
  readonly #source: BoardSource
  readonly #store: BackupStore
  readonly #options: BackupOptions
  readonly #progress: CopyProgress = { files: 0, copied: 0, copiedBytes: 0 }
  /** The lengths of the files that are in the store and sound. */
  readonly #sizes = new Map<string, number>()
  /** The files that this run has copied. */
  readonly #copied = new Set<string>()
  #replaced = 0

  constructor(source: BoardSource, store: BackupStore, options: BackupOptions) {
    this.#source = steadySource(source, options)
    this.#store = store
    this.#options = options
  }

  async run(): Promise<Backup> {
    const at = Date.now()
    for (const info of await this.#source.boards()) {
      const point = await this.#source.read(info)
      if (point) await this.#copyAll(blobsOf(point))
    }
    const name = new Date(at).toISOString().replaceAll(/[:.]/g, '-')
    const path = join(this.#store.spool, name)
    const writer = new PointWriter(path, at)
    const named = new Set<string>()
    const problems: BlobProblem[] = []
    let boards = 0
    try {
      for (const info of await this.#source.boards()) {
        const found = await this.#settle(await this.#source.read(info))
        if (!found) continue
        boards++
        problems.push(...found.problems)
        for (const blob of blobsOf(found.point))
          if (this.#sizes.has(blob.name)) named.add(blob.name)
        await writer.add(found.point)
      }
      const bytes = [...named].reduce((sum, blob) => sum + this.#sizes.get(blob)!, 0)
      await writer.end({ boards, files: named.size, bytes })
      this.#options.signal?.throwIfAborted()
      await this.#store.keepPoint(name, path)
      // Pictures that were purged meanwhile.
      for (const blob of this.#copied) if (!named.has(blob)) await this.#store.removeBlob(blob)
      const removed = await this.#removeOld(name)
      const replaced = this.#replaced
      return { point: name, boards, bytes, problems, replaced, removed, ...this.#progress }
    } catch (error) {
      writer.break()
      throw error
    }
  }

  /** Copies the files that a board has since it was read before. Reads it again where some are gone. */
  async #settle(
    first: BoardPoint | null,
  ): Promise<{ point: BoardPoint; problems: BlobProblem[] } | null> {
    let point = first
    for (let looks = 1; point; looks++) {
      const problems = await this.#copyAll(blobsOf(point))
      const again = problems.length > 0 ? await this.#source.read(point) : point
      const isSame = again?.cursor === point.cursor && hasSameHistory(again, point)
      if (again && (isSame || looks >= MAX_LOOKS_COUNT)) return { point: again, problems }
      point = again
    }
    return null
  }

  /** Copies those of the files that the store lacks. Returns the pictures whose files can't be had. */
  async #copyAll(blobs: readonly NamedBlob[]): Promise<BlobProblem[]> {
    const missing = blobs.filter(({ name }) => !this.#sizes.has(name))
    const copy = (blob: NamedBlob) => retryWhileAway(() => this.#copy(blob), this.#options)
    return copyEach(missing, copy, this.#progress, this.#options)
  }

  async #copy(blob: NamedBlob): Promise<BlobFault | null> {
    const { name, bytes } = blob
    const there = await this.#store.sizeOf(name)
    const isThere = there !== null && (bytes === null || there === bytes)
    if (isThere && (!this.#options.verifies || (await this.#isSound(blob)))) {
      this.#sizes.set(name, there)
      return null
    }
    const path = join(this.#store.spool, randomUUID())
    const size = await copyChecked(
      blob,
      (each) => this.#source.open(each),
      path,
      this.#options.signal,
    )
    if (typeof size === 'string') return size
    await this.#store.keep(name, path)
    this.#sizes.set(name, size)
    this.#copied.add(name)
    if (there !== null) this.#replaced++
    this.#progress.copied++
    this.#progress.copiedBytes += size
    return null
  }

  async #isSound(blob: NamedBlob): Promise<boolean> {
    const open = (name: string) => this.#store.open(name)
    return typeof (await copyChecked(blob, open, null, this.#options.signal)) === 'number'
  }

  /** Removes the oldest backups, and the files that none of the others names. Returns how many. */
  async #removeOld(newest: string): Promise<number> {
    const { keep } = this.#options
    // A clock that was set back gives the newest one an older name.
    const earlier = (await this.#store.points()).filter((point) => point !== newest)
    if (keep === undefined || earlier.length < keep) return 0
    const removed = earlier.slice(0, earlier.length - keep + 1)
    const named = new Set<string>()
    for (const point of [...earlier.slice(removed.length), newest])
      for await (const board of boardsOf(await this.#store.openPoint(point)))
        for (const { name } of blobsOf(board)) named.add(name)
    for (const point of removed) await this.#store.removePoint(point)
    for await (const blob of this.#store.blobs())
      if (!named.has(blob)) await this.#store.removeBlob(blob)
    return removed.length
  }
}

/** A source whose lists and boards are asked for again while it is away. A file breaks off on its way, too. */
export const steadySource = (source: BoardSource, options: TransferOptions): BoardSource => ({
  boards: () => retryWhileAway(() => source.boards(), options),
  read: (info) => retryWhileAway(() => source.read(info), options),
  open: (blob) => source.open(blob),
  [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
})

/** Whether two reads of a board show the same past. */
const hasSameHistory = (one: BoardPoint, other: BoardPoint): boolean =>
  JSON.stringify(one.history) === JSON.stringify(other.history)

/** Copies files, some at a time, and counts them. Returns the pictures whose files can't be had. */
export async function copyEach(
  blobs: readonly NamedBlob[],
  copy: (blob: NamedBlob) => Promise<BlobFault | null>,
  progress: CopyProgress,
  { signal, onProgress }: TransferOptions,
): Promise<BlobProblem[]> {
  const problems: BlobProblem[] = []
  await forEachOf(blobs, COPIES_COUNT, async (blob) => {
    signal?.throwIfAborted()
    const fault = await copy(blob)
    progress.files++
    onProgress?.(progress)
    // A variant is made again where it is needed.
    if (fault && !blob.isVariant)
      problems.push({ kind: fault, blob: blob.name, picture: blob.picture })
  })
  return problems
}

/** Runs `work` for each item, some at a time. Rejects with the first failure, once those under way have ended. */
async function forEachOf<T>(
  items: readonly T[],
  count: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values()
  let failure: { readonly error: unknown } | undefined
  const run = async () => {
    for (const item of left) {
      if (failure) return
      try {
        await work(item)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: count }, run))
  if (failure) throw failure.error
}
