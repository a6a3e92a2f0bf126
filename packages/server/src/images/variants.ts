import { rm } from 'node:fs/promises'
import {
  type AnyRecord,
  type ImageRecord,
  STAND_IN_SIDE_PX,
  VARIANT_SIDES_PX,
  variantSidesOf,
  WireError,
} from '@wirephoto/board'
import { type Engine, makeFolder, systemErrorCode } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import { type Boards, SERVER } from '../boards/boards.ts'
import { failpoint } from '../failpoint.ts'
import type { Turn } from '../fairness/fair-queue.ts'
import { OWN_PARTY, type Party } from '../fairness/party.ts'
import type { Decoder } from './decoding/decoder.ts'
import { type PendingRecord, PictureQueue, type WaitingPicture } from './picture-queue.ts'
import type { StoredFiles } from './stored-files.ts'
import { variantKey } from './variant-key.ts'
import { storeDrawn, storeVariants } from './variant-maker.ts'
import { type FileAhead, VariantsAhead } from './variants-ahead.ts'

/** Verdicts on a picture that no retry can help. All other errors are ours (E5). */
const PERMANENT_ERRORS: ReadonlySet<string> = new Set(['damaged', 'too-heavy', 'too-many-pixels'])

/** Pictures that wait in each queue. Others are found when their board is opened, or by a garbage collection. */
const MAX_QUEUE_COUNT = 10_000

/** Time after which pictures that failed are tried again; it doubles each time, up to the longest. */
const RETRY_DELAY_MS = 15_000
const MAX_RETRY_DELAY_MS = 900_000
/** How long a picture's lost variants aren't made again, whether that succeeded or not. */
const REMAKE_INTERVAL_MS = 600_000
/** Time that a sound file waits for its variants: viewers see it by them. Those of a camera's photo take 250 ms. */
const READY_WAIT_MS = 400

interface Parts {
  readonly engine: Engine
  readonly boards: Boards
  readonly decoder: Decoder
  readonly files: StoredFiles
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
  /** Time before the first retry. For tests. */
  readonly retryDelayMs?: number
}

/**
 * Makes the variants of stored pictures, one picture after the other:
 *
 *     settled record -> variants in the blob store -> image.vary
 *
 * Each step may run again, by another server or after a crash. A record without variants is found at the
 * start, when its board is opened, or by a garbage collection (V12).
 */
export class Variants {
  readonly #parts: Parts
  readonly #folder: string
  /** Pictures that were just stored. */
  readonly #recent = new PictureQueue(MAX_QUEUE_COUNT)
  /** Pictures without variants that were found later. They come after the recent ones. */
  readonly #backlog = new PictureQueue(MAX_QUEUE_COUNT)
  /** Pictures that failed through no fault of theirs, by blob. */
  readonly #failed = new Map<string, WaitingPicture>()
  #retryTimer: NodeJS.Timeout | undefined
  #retryDelayMs: number
  /** Causes that the log has, until a picture succeeds. */
  readonly #loggedCauses = new Set<string>()
  /** Pictures whose lost variants have been made again lately. */
  readonly #remade = new LRUCache<string, true>({ max: MAX_QUEUE_COUNT, ttl: REMAKE_INTERVAL_MS })
  /** Pictures that take more memory than this process may use. */
  readonly #overMemory = new LRUCache<string, true>({ max: MAX_QUEUE_COUNT })
  readonly #ahead: VariantsAhead
  #running: Promise<void> | null = null
  #closed = false

  private constructor(folder: string, parts: Parts) {
    this.#folder = folder
    this.#parts = parts
    this.#retryDelayMs = parts.retryDelayMs ?? RETRY_DELAY_MS
    this.#ahead = new VariantsAhead({ ...parts, blobs: parts.engine.blobs, folder })
  }

  /** Opens the folder and removes what an earlier process left there. */
  static async open(folder: string, parts: Parts): Promise<Variants> {
    await rm(folder, { recursive: true, force: true })
    await makeFolder(folder)
    const variants = new Variants(folder, parts)
    parts.boards.onOpen(({ id, records }) => variants.enqueueMissing(id, records.values()))
    return variants
  }

  /** Begins with the variants of a file that is about to be validated, if nobody else waits for a decoder. */
  drawAhead(file: FileAhead): void {
    const { blob, type } = file
    if (this.#closed || this.#running || this.#parts.decoder.refuses(type)) return
    if (!this.#overMemory.has(blob)) this.#ahead.begin(file)
  }

  /**
   * Stores the variants that were drawn ahead for a sound file, if they are ready soon. Returns their sides; null if
   * they are to be made once it is settled.
   */
  async storeReady(
    blob: string,
    size: Pick<ImageRecord, 'width' | 'height' | 'type'>,
  ): Promise<readonly number[] | null> {
    if (!(await this.#ahead.isDrawn(blob, READY_WAIT_MS))) return null
    const made = await this.#storeAhead(blob, variantSidesOf(size)).catch(() => null)
    for (const side of made ?? []) this.#parts.files.forget(variantKey(blob, side))
    return made
  }

  /** Removes what was drawn ahead for a file that isn't stored. */
  dropAhead(blob: string): void {
    this.#ahead.drop(blob)
  }

  /** Enqueues a picture that was just stored for a party. */
  enqueue(board: string, record: AnyRecord | undefined, party = OWN_PARTY): void {
    if (isPending(record)) this.#add(this.#recent, board, record, party)
  }

  /** Enqueues a picture with a variant that was found missing or rotten (C20). */
  remake(board: string, record: ImageRecord): void {
    const { blob } = record
    if (blob === null || this.#remade.has(blob)) return
    this.#remade.set(blob, true)
    const party = { ...OWN_PARTY, board, visitor: record.author }
    this.#add(this.#recent, board, { ...record, blob }, party)
  }

  /** Enqueues those of a board's pictures that have no variants yet. */
  enqueueMissing(board: string, records: Iterable<AnyRecord>): void {
    for (const record of records)
      if (isPending(record) && !this.#recent.has(record.blob))
        this.#add(this.#backlog, board, record, { ...OWN_PARTY, board, visitor: record.author })
  }

  /** Makes what an earlier process left undone, on all boards. Hands on each board's records as they are loaded. */
  async resume(
    onLoaded: (board: string, records: readonly AnyRecord[]) => Promise<void> = async () => {},
  ): Promise<void> {
    const { engine, log } = this.#parts
    try {
      for (const { board } of await engine.boards.list()) {
        if (this.#closed) return
        const { records } = await engine.log.load(board)
        await onLoaded(board, records)
        this.enqueueMissing(board, records)
        await this.whenIdle()
      }
    } catch (error) {
      log.warn({ err: error }, 'variants not resumed')
    }
  }

  /** Resolves when no picture waits. */
  async whenIdle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Gives up the queues. Close the decoder at the same time: a picture may wait for it. */
  async close(): Promise<void> {
    this.#closed = true
    this.#recent.clear()
    this.#backlog.clear()
    this.#failed.clear()
    clearTimeout(this.#retryTimer)
    await this.#running
    await this.#ahead.close()
  }

  #add(queue: PictureQueue, board: string, record: PendingRecord, party: Party): void {
    // A picture of a refused kind waits for a start that takes the kind again.
    if (this.#closed || this.#parts.decoder.refuses(record.type!)) return
    if (this.#overMemory.has(record.blob)) return
    queue.add(record, board, party)
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    for (let turn = this.#next(); turn; turn = this.#next()) {
      await this.#parts.decoder.whenIdle()
      const start = performance.now()
      try {
        await this.#make(turn)
        this.#retryDelayMs = this.#parts.retryDelayMs ?? RETRY_DELAY_MS
        this.#loggedCauses.clear()
      } catch (error) {
        // A closing server fails without a reason.
        if (!this.#closed) this.#retryLater(turn.item, error)
      } finally {
        turn.end(performance.now() - start)
      }
    }
    // In the same turn as the look above: a picture that comes now starts the loop again.
    this.#running = null
  }

  /** Keeps a picture for another try. Its records stay without variants until then, also after a restart. */
  #retryLater(picture: WaitingPicture, error: unknown): void {
    const { blob } = picture
    const cause = causeOf(error)
    if (!this.#loggedCauses.has(cause)) this.#parts.log.warn({ err: error, blob }, 'no variants')
    this.#loggedCauses.add(cause)
    // A picture that was purged meanwhile; one that is missed is found again.
    if (cause === 'not-found' || this.#failed.size >= MAX_QUEUE_COUNT) return
    if (isOverMemory(error)) {
      this.#overMemory.set(blob, true)
      return
    }
    this.#failed.set(blob, picture)
    if (this.#retryTimer) return
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined
      for (const { boards, record } of this.#failed.values())
        for (const board of boards)
          this.#add(this.#backlog, board, record, { ...OWN_PARTY, board, visitor: record.author })
      this.#failed.clear()
    }, this.#retryDelayMs).unref()
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, MAX_RETRY_DELAY_MS)
  }

  #next(): Turn<WaitingPicture> | undefined {
    return this.#recent.shift() ?? this.#backlog.shift()
  }

  async #make({ item, party }: Turn<WaitingPicture>): Promise<void> {
    const { blob, record, boards } = item
    const variants = await this.#store(blob, record, party)
    failpoint('variants.put')
    let isNamed = false
    for (const board of boards) isNamed = (await this.#announce(board, blob, variants)) || isNamed
    // The picture was purged meanwhile, so what was made for it goes too (C1).
    if (!isNamed) await this.#parts.engine.endedBlobs.note([blob])
  }

  /** Returns the sides that exist afterwards. Empty if none can be made; it is never retried (V13). */
  async #store(blob: string, record: ImageRecord, party: Party): Promise<readonly number[]> {
    const sides = variantSidesOf(record)
    const existing: number[] = []
    // A variant that exists isn't made again (V11). Its lease starts again: nobody else may refer to it (V14).
    for (const side of [...VARIANT_SIDES_PX, STAND_IN_SIDE_PX])
      if (await this.#isThere(variantKey(blob, side))) existing.push(side)
    const missing = sides.filter((side) => !existing.includes(side))
    if (missing.length === 0) {
      this.#ahead.drop(blob)
      return existing
    }
    try {
      const made = await this.#decode({ ...record, blob }, missing, party)
      return [...new Set([...existing, ...made])].sort((a, b) => a - b)
    } catch (error) {
      if (isVerdict(error)) return []
      throw error
    }
  }

  async #isThere(key: string): Promise<boolean> {
    const { engine, files } = this.#parts
    return (await engine.blobs.renew(key)) && (await files.readVariant(key)) !== null
  }

  /** Stores the variants that were drawn ahead; null if there are none. */
  async #storeAhead(blob: string, sides: readonly number[]): Promise<number[] | null> {
    await using drawn = await this.#ahead.take(blob, sides)
    return drawn && (await storeDrawn(this.#parts.engine.blobs, blob, drawn))
  }

  async #makeNow(record: PendingRecord, sides: readonly number[], party: Party): Promise<number[]> {
    const { engine, decoder, files } = this.#parts
    // A rotten picture would make rotten variants.
    const bytes = await files.read({ blob: record.blob, bytes: record.bytes! })
    const place = { blobs: engine.blobs, decoder, folder: this.#folder }
    return storeVariants(place, { record, bytes, sides, party })
  }

  /** Makes and stores variants. Returns the sides that were made. */
  async #decode(record: PendingRecord, sides: readonly number[], party: Party): Promise<number[]> {
    const { files } = this.#parts
    const { blob } = record
    const made =
      (await this.#storeAhead(blob, sides)) ?? (await this.#makeNow(record, sides, party))
    for (const side of made) files.forget(variantKey(blob, side))
    return made
  }

  /** Tells a board of the variants. Resolves to whether it still has a picture with the blob. */
  async #announce(id: string, blob: string, variants: readonly number[]): Promise<boolean> {
    try {
      using held = await this.#parts.boards.hold(id)
      const commands = [...held.board.records.values()]
        .filter((record) => record.kind === 'image' && record.blob === blob)
        .filter((record) => isPending(record) || isOther(record, variants))
        .map((record) => ({ kind: 'image.vary', id: record.id, blob, variants }) as const)
      if (commands.length > 0) await held.board.act(commands, SERVER)
      return held.board.pictureWithBlob(blob) !== undefined
    } catch (error) {
      // The board or a picture is gone. A record that is left over is found again.
      if (!(error instanceof WireError) || error.status >= 500) throw error
      return false
    }
  }
}

/** Returns whether an error is a verdict on the picture. One that only `--memory` is too small for has none. */
const isVerdict = (error: unknown): boolean =>
  error instanceof WireError && PERMANENT_ERRORS.has(error.code) && !isOverMemory(error)

/** Returns whether a picture takes more memory than the operator gives, so that it waits for another start. */
const isOverMemory = (error: unknown): boolean =>
  error instanceof WireError && error.code === 'too-heavy' && error.facts.limit !== undefined

const causeOf = (error: unknown): string =>
  error instanceof WireError ? error.code : (systemErrorCode(error) ?? String(error))

const isPending = (record: AnyRecord | undefined): record is PendingRecord =>
  record?.kind === 'image' && record.blob !== null && record.variants === null

const isOther = (record: AnyRecord, variants: readonly number[]): boolean =>
  record.kind === 'image' && record.variants?.join() !== variants.join()
