import { setImmediate } from 'node:timers/promises'
import { type ImageRecord, variantSidesOf, WireError } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { type Boards, purgeExpired } from '../boards/boards.ts'
import type { GarbageCollectionTimes } from '../config.ts'
import type { ImagePipeline } from './pipeline.ts'
import { isArriving } from './uploads/progress.ts'
import { variantKey } from './variants.ts'

/** Records that are examined before other work of this thread gets its turn: a full board has 20,000. */
const SLICE_RECORD_COUNT = 500

const HOUR_MS = 3_600_000
export const GARBAGE_COLLECTION_TIMES: GarbageCollectionTimes = {
  firstDelayMs: HOUR_MS / 6,
  intervalMs: 24 * HOUR_MS,
  blobLeaseMs: HOUR_MS,
  arrivingTimeoutMs: 24 * HOUR_MS,
}

/** Tells all pages of a visitor about an error. */
type Notify = (board: string, visitor: string, error: WireError) => void

/** Blobs and uploads that the records of all boards refer to. */
interface References {
  readonly blobs: Set<string>
  /** Arriving pictures, as `<board> <id>`. */
  readonly arriving: Set<string>
}

/** Removes abandoned uploads, and blobs that no record refers to (F1). */
export class GarbageCollector {
  readonly #engine: Engine
  readonly #boards: Boards
  readonly #images: Pick<ImagePipeline, 'incomingFiles' | 'variants' | 'intake'>
  readonly #notify: Notify

  constructor(
    engine: Engine,
    boards: Boards,
    images: Pick<ImagePipeline, 'incomingFiles' | 'variants' | 'intake'>,
    notify: Notify,
  ) {
    this.#engine = engine
    this.#boards = boards
    this.#images = images
    this.#notify = notify
  }

  /** Collects garbage from time to time. Closing it waits for a collection that runs. */
  schedule(
    log: Pick<FastifyBaseLogger, 'error'>,
    times: GarbageCollectionTimes = GARBAGE_COLLECTION_TIMES,
  ): { close(): Promise<void> } {
    let running = Promise.resolve()
    const collect = () => {
      running = running
        .then(() => this.collect(times))
        .catch((error: unknown) => {
          log.error({ err: error }, 'garbage collection broke off')
        })
    }
    let timer = setTimeout(() => {
      collect()
      timer = setInterval(collect, times.intervalMs).unref()
    }, times.firstDelayMs).unref()
    return {
      close() {
        clearTimeout(timer)
        return running
      },
    }
  }

  /** Collects garbage once. A blob that is stored meanwhile stays: its lease has just begun (V14). */
  async collect(times: GarbageCollectionTimes): Promise<void> {
    const { clock } = this.#boards
    const staleAt = clock.expiredBefore(times.arrivingTimeoutMs)
    const unlessTouchedSince = clock.expiredBefore(times.blobLeaseMs)
    if (staleAt === null || unlessTouchedSince === null) return
    const { incomingFiles } = this.#images
    const uploads = incomingFiles.list()
    const references: References = { blobs: new Set(), arriving: new Set() }
    for (const { board } of await this.#engine.boards.list())
      await this.#collectBoard(board, references, staleAt)
    for (const incomingFile of uploads) {
      const { board, id } = incomingFile.target!
      if (!references.arriving.has(`${board} ${id}`)) await incomingFiles.remove(incomingFile)
    }
    for (const { board, id } of incomingFiles.withPreview())
      if (!references.arriving.has(`${board} ${id}`)) await incomingFiles.dropPreview(board, id)
    for await (const blob of this.#engine.blobs.list())
      if (!references.blobs.has(blob)) await this.#engine.blobs.remove(blob, { unlessTouchedSince })
  }

  /** Adds a board's references. Purges its trash, and fails pictures that stopped arriving before `staleAt`. */
  async #collectBoard(board: string, references: References, staleAt: number): Promise<void> {
    const { records } = await this.#engine.log.load(board)
    const pictures = records.filter((record) => record.kind === 'image')
    for (const [i, picture] of pictures.entries()) {
      addReferences(board, picture, references)
      if (i % SLICE_RECORD_COUNT === SLICE_RECORD_COUNT - 1) await setImmediate()
    }
    this.#images.variants.enqueueMissing(board, pictures)
    // The blobs of a picture that is purged now are referenced until the next collection.
    if (pictures.some(({ deletedAt }) => deletedAt !== null)) {
      using held = await this.#boards.hold(board)
      await purgeExpired(this.#engine, held.board, this.#boards.clock)
    }
    for (const picture of pictures)
      if (isArriving(picture) && picture.createdAt < staleAt)
        await this.#failIfStale(board, picture.id, staleAt)
  }

  async #failIfStale(board: string, id: string, staleAt: number): Promise<void> {
    const { incomingFiles, intake } = this.#images
    const incomingFile = incomingFiles.get(board, id)
    if (incomingFile && (await incomingFile.touchedAt()) > staleAt) return
    using held = await this.#boards.hold(board)
    const record = held.board.records.get(id)
    if (isArriving(record)) {
      await intake.fail(held.board, id)
      this.#notify(board, record.author, new WireError('upload-gone'))
    }
    if (incomingFile) await incomingFiles.remove(incomingFile)
  }
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
