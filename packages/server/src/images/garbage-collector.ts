import { setImmediate } from 'node:timers/promises'
import {
  boardOf,
  type Cursor,
  type ImageRecord,
  isHeldLog,
  variantSidesOf,
  WireError,
} from '@wirephoto/board'
import type { Engine, LoadResult } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import type { Audit } from '../audit/audit.ts'
import { type Boards, DEFAULT_BOARD_ID, purgeExpired } from '../boards/boards.ts'
import type { Bounds } from '../bounds.ts'
import type { GarbageCollectionTimes } from '../config.ts'
import type { Metrics } from '../metrics.ts'
import { EndedBlobRemover, withVariants } from './ended-blob-remover.ts'
import type { SweepState } from './last-sweep.ts'
import type { ImagePipeline } from './pipeline.ts'
import { UnexplainedBlobs } from './unexplained-blobs.ts'
import { isArriving } from './uploads/progress.ts'
import { variantKey } from './variant-key.ts'

/** Records that are examined before other work of this thread gets its turn: a full board has 20,000. */
const SLICE_RECORD_COUNT = 500

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
export const GARBAGE_COLLECTION_TIMES: GarbageCollectionTimes = {
  firstDelayMs: HOUR_MS / 6,
  intervalMs: 24 * HOUR_MS,
  blobLeaseMs: HOUR_MS,
  arrivingTimeoutMs: 24 * HOUR_MS,
  asideMs: 7 * 24 * HOUR_MS,
}
/** The time between two looks at the ended blobs, where there is one server. */
const ENDED_INTERVAL_MS = 2_000
/** Where servers share the storage, each look reads all boards. */
const SHARED_LOOKS_PER_LEASE = 12

/** Tells all pages of a visitor about an error. */
type Notify = (board: string, visitor: string, error: WireError) => void

/** Blobs and uploads that the records of all boards refer to. */
/** A board that nobody has used, as of a cursor. */
interface UnusedBoard {
  readonly board: string
  readonly cursor: Cursor
}

interface References {
  readonly blobs: Set<string>
  /** Arriving pictures, as `<board> <id>`. */
  readonly arriving: Set<string>
  readonly unusedBoards: UnusedBoard[]
}

interface Options {
  readonly engine: Engine
  readonly boards: Boards
  readonly audit: Pick<Audit, 'prune'>
  readonly images: Images
  readonly notify: Notify
  readonly bounds: Bounds
  readonly metrics: Metrics
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
}
type Images = Pick<
  ImagePipeline,
  'incomingFiles' | 'variants' | 'intake' | 'blobUses' | 'lastSweep' | 'replacedFiles'
>

/** Removes abandoned uploads and ended blobs, and sets aside blobs that no record refers to (F1). */
export class GarbageCollector {
  readonly #engine: Engine
  readonly #boards: Boards
  readonly #audit: Pick<Audit, 'prune'>
  readonly #images: Images
  readonly #notify: Notify
  readonly #bounds: Bounds
  readonly #log: Options['log']
  readonly #endedBlobs: EndedBlobRemover
  readonly #unexplainedBlobs: UnexplainedBlobs

  constructor({ engine, boards, audit, images, notify, ...options }: Options) {
    this.#engine = engine
    this.#boards = boards
    this.#audit = audit
    this.#images = images
    this.#notify = notify
    this.#bounds = options.bounds
    this.#log = options.log
    this.#endedBlobs = new EndedBlobRemover(engine, images.blobUses)
    this.#unexplainedBlobs = new UnexplainedBlobs(engine, images.blobUses, {
      ...options,
      lastSweep: images.lastSweep,
    })
  }

  /** The outcome of the last sweep. */
  get state(): SweepState {
    return this.#images.lastSweep.state
  }

  /** Collects garbage from time to time. Closing it waits for a collection that runs. */
  schedule(times: GarbageCollectionTimes = GARBAGE_COLLECTION_TIMES): { close(): Promise<void> } {
    const { isShared } = this.#engine
    const endedMs = isShared ? times.blobLeaseMs / SHARED_LOOKS_PER_LEASE : ENDED_INTERVAL_MS
    let running = Promise.resolve()
    let timer: NodeJS.Timeout | undefined
    let isClosed = false
    let collectAt = performance.now() + times.firstDelayMs
    const run = async () => {
      let isSoon = false
      try {
        if (performance.now() < collectAt) return await this.removeEnded(times)
        const isDone = await this.collect(times)
        // A sweep that has stopped is tried again soon: somebody may have put the database back.
        if (!isDone || this.state.kind === 'stopped') isSoon = true
      } catch (error) {
        this.#log.error({ err: error }, 'garbage collection broke off')
      }
      if (performance.now() < collectAt) return
      const intervalMs = isSoon ? Math.min(HOUR_MS, times.intervalMs) : times.intervalMs
      collectAt = performance.now() + intervalMs
    }
    const runLater = () => {
      if (isClosed) return
      const delayMs = Math.min(endedMs, Math.max(collectAt - performance.now(), 0))
      timer = setTimeout(() => {
        running = run().then(runLater)
      }, delayMs).unref()
    }
    runLater()
    return {
      close() {
        isClosed = true
        clearTimeout(timer)
        return running
      },
    }
  }

  /** Removes the ended blobs that no record names any more (C1). */
  async removeEnded(times: GarbageCollectionTimes): Promise<void> {
    if ((await this.#engine.health()).length > 0) return
    const aheadMs = await this.#aheadMs()
    const leasedSince = this.#boards.clock.expiredBefore(times.blobLeaseMs + aheadMs)
    const count = await this.#endedBlobs.run(leasedSince)
    if (count > 0) this.#log.info({ blobs: count }, 'Files of purged pictures were removed.')
  }

  /**
   * Collects garbage once. A blob that is stored meanwhile stays: its lease has just begun (V14). Resolves to
   * false, and removes nothing, while the clock can't be trusted or the data have a fault (T2).
   */
  async collect(times: GarbageCollectionTimes): Promise<boolean> {
    const { clock } = this.#boards
    const aheadMs = await this.#aheadMs()
    const staleAt = clock.expiredBefore(times.arrivingTimeoutMs + aheadMs)
    const unlessTouchedSince = clock.expiredBefore(times.blobLeaseMs + aheadMs)
    if (staleAt === null || unlessTouchedSince === null) return false
    const { incomingFiles, intake } = this.#images
    const isSound = await intake.isDataSound()
    const uploads = incomingFiles.list()
    const references: References = { blobs: new Set(), arriving: new Set(), unusedBoards: [] }
    const readNamed = async () => {
      const list = (await this.#engine.boards.list()).map(({ board }) => board)
      const known = new Set(list)
      // A crash came between the removals of a board and of its held log.
      const orphans = list.filter((board) => !known.has(boardOf(board)))
      for (const board of orphans) await this.#boards.remove(board).catch(ignoreRemoved)
      for (const board of list)
        await this.#collectBoard(board, references, isSound ? staleAt : null).catch(ignoreRemoved)
      return references.blobs
    }
    await this.#unexplainedBlobs.sweep(readNamed, {
      unlessTouchedSince,
      unlessAsideSince: clock.expiredBefore(times.asideMs + aheadMs),
    })
    // Where records are lost, an upload without one may be waited for again (E20).
    if (!(await intake.isDataSound())) return false
    for (const incomingFile of uploads) {
      const { board, id } = incomingFile.target!
      if (!references.arriving.has(`${board} ${id}`)) await incomingFiles.remove(incomingFile)
    }
    for (const { board, id } of incomingFiles.withPreview())
      if (!references.arriving.has(`${board} ${id}`)) await incomingFiles.dropPreview(board, id)
    await this.#removeUnused(references.unusedBoards)
    await this.removeEnded(times)
    return true
  }

  /** How far this clock is ahead of the database's, by which leases begin. */
  async #aheadMs(): Promise<number> {
    return Math.max(0, Date.now() - (await this.#engine.now()))
  }

  /**
   * Adds a board's references. Purges its trash, and fails pictures that stopped arriving before `staleAt`; none if
   * that is null.
   */
  async #collectBoard(
    board: string,
    references: References,
    staleAt: number | null,
  ): Promise<void> {
    const loaded = await this.#engine.log.load(board)
    const { records } = loaded
    if (await this.#isUnused(board, loaded))
      references.unusedBoards.push({ board, cursor: loaded.cursor })
    for (const blob of await this.#engine.history.blobs(board))
      for (const name of withVariants(blob)) references.blobs.add(name)
    const pictures = records.filter((record) => record.kind === 'image')
    for (const [i, picture] of pictures.entries()) {
      addReferences(board, picture, references)
      if (i % SLICE_RECORD_COUNT === SLICE_RECORD_COUNT - 1) await setImmediate()
    }
    this.#images.variants.enqueueMissing(board, pictures)
    await this.#audit.prune(board)
    await this.#images.replacedFiles.prune(board, new Map(records.map((each) => [each.id, each])))
    // The blobs of a picture that is purged now are referenced until the next collection.
    if (pictures.some(({ deletedAt }) => deletedAt !== null)) {
      using held = await this.#boards.hold(board)
      await purgeExpired(this.#engine, held.board, this.#boards.clock)
    }
    for (const picture of pictures)
      if (staleAt !== null && isArriving(picture) && picture.createdAt < staleAt)
        await this.#failIfStale(board, picture.id, staleAt)
  }

  /**
   * Whether a board never held a picture, and nobody was on it or changed it for a time. One that somebody has named
   * or set up has longer (Y39).
   */
  async #isUnused(board: string, loaded: LoadResult): Promise<boolean> {
    const { records, firstSeq, tombstoneCount, changedAt } = loaded
    // A held log goes with its board.
    if (isHeldLog(board)) return false
    if (board === DEFAULT_BOARD_ID || firstSeq > 0 || tombstoneCount > 0) return false
    if (records.some(({ kind }) => kind === 'image')) return false
    const name = records.length > 0 ? 'unused-named-boards' : 'unused-boards'
    const unusedBefore = this.#boards.clock.expiredBefore(this.#bounds[name] * SECOND_MS)
    if (unusedBefore === null || changedAt >= unusedBefore) return false
    return (await this.#engine.secrets.list(board)).length === 0
  }

  async #removeUnused(boards: readonly UnusedBoard[]): Promise<void> {
    let count = 0
    for (const { board, cursor } of boards) if (await this.#boards.removeAt(board, cursor)) count++
    if (count > 0) this.#log.info({ boards: count }, 'Boards that nobody has used were removed.')
  }

  async #failIfStale(board: string, id: string, staleAt: number): Promise<void> {
    const { incomingFiles, intake } = this.#images
    const incomingFile = incomingFiles.get(board, id)
    if (incomingFile && (await incomingFile.touchedAt()) > staleAt) return
    using held = await this.#boards.hold(board)
    const record = held.board.records.get(id)
    if (isArriving(record)) {
      await intake.fail(held.board, id)
      this.#notify(boardOf(board), record.author, new WireError('upload-gone'))
    }
    if (incomingFile) await incomingFiles.remove(incomingFile)
  }
}

/** Another server may have removed a board of the list. */
function ignoreRemoved(error: unknown): void {
  if (!(error instanceof WireError && error.code === 'unknown-board')) throw error
}

function addReferences(board: string, picture: ImageRecord, { blobs, arriving }: References): void {
  if (picture.blob === null) {
    arriving.add(`${board} ${picture.id}`)
    return
  }
  blobs.add(picture.blob)
  if (picture.original) blobs.add(picture.original.blob)
  for (const side of [...variantSidesOf(picture), ...(picture.variants ?? [])])
    blobs.add(variantKey(picture.blob, side))
}
