import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import {
  type AnyRecord,
  type ImageRecord,
  isShown,
  STAND_IN_SIDE_PX,
  VARIANT_SIDES_PX,
  WireError,
} from '@wirephoto/board'
import { type Engine, makeFolder } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { type Boards, SERVER } from '../boards/boards.ts'
import { failpoint } from '../failpoint.ts'
import type { Decoder } from './decoding/decoder.ts'

/** Under which key a variant is stored: what it is made of, and how. A new recipe is a new number (V2). */
export function variantKey(blob: string, side: number): string {
  return createHash('sha256').update(`${blob}/${side}.webp/1`).digest('hex')
}

/**
 * The longest sides of the variants that a stored picture has: those that are smaller than it is (V1), and
 * one to stand in for what browsers don't show (V5).
 */
export function sidesOf({
  width,
  height,
  type,
}: Pick<ImageRecord, 'width' | 'height' | 'type'>): number[] {
  const smaller = VARIANT_SIDES_PX.filter((side) => side < Math.max(width, height))
  return type === null || isShown(type) ? smaller : [...smaller, STAND_IN_SIDE_PX]
}

/** Errors that come again, however often it is tried. */
const IMPOSSIBLE: ReadonlySet<string> = new Set(['damaged', 'too-heavy', 'too-many-pixels'])

/** Pictures that may wait: what doesn't find room is found again when its board is opened, or at a sweep. */
const QUEUE = 10_000

interface Parts {
  readonly engine: Engine
  readonly boards: Boards
  readonly decoder: Decoder
  readonly log: Pick<FastifyBaseLogger, 'warn'>
}

interface Picture {
  readonly blob: string
  readonly record: ImageRecord
  /** Boards that wait for it. */
  readonly boards: Set<string>
}

/**
 * Makes the smaller pictures of those that are stored, one picture after the other:
 *
 *     settled record -> variants in the blob store -> image.vary
 *
 * Each step may be done again: by another server, and after a crash in between, when a record without
 * variants is met at the start, when its board is opened, or at a sweep (V12).
 */
export class Variants {
  readonly #parts: Parts
  readonly #folder: string
  /** By blob: what somebody has just stored, and what was left by an earlier run. */
  readonly #fresh = new Map<string, Picture>()
  readonly #left = new Map<string, Picture>()
  #running: Promise<void> | null = null
  #closed = false

  private constructor(folder: string, parts: Parts) {
    this.#folder = folder
    this.#parts = parts
  }

  /** `folder` is its own; what a dead process left there goes. */
  static async open(folder: string, parts: Parts): Promise<Variants> {
    await rm(folder, { recursive: true, force: true })
    await makeFolder(folder)
    const variants = new Variants(folder, parts)
    parts.boards.onOpen(({ id, records }) => variants.enqueueMissing(id, records.values()))
    return variants
  }

  /** A picture that has just been stored on this board. */
  enqueue(board: string, record: AnyRecord | undefined): void {
    if (isWanting(record)) this.#add(this.#fresh, board, record)
  }

  /** Looks through a board's records for pictures that have none yet. */
  enqueueMissing(board: string, records: Iterable<AnyRecord>): void {
    for (const record of records)
      if (isWanting(record) && !this.#fresh.has(record.blob)) this.#add(this.#left, board, record)
  }

  /** Looks through all boards for what an earlier run left. */
  async resume(): Promise<void> {
    const { engine, log } = this.#parts
    try {
      for (const { board } of await engine.boards.list()) {
        if (this.#closed) return
        this.enqueueMissing(board, (await engine.log.load(board)).records)
        await this.whenIdle()
      }
    } catch (error) {
      log.warn({ err: error }, 'variants not resumed')
    }
  }

  /** Resolves when nothing waits. */
  async whenIdle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Gives up what waits, with the workers that it waits for. */
  async close(): Promise<void> {
    this.#closed = true
    this.#fresh.clear()
    this.#left.clear()
    await this.#running
  }

  #add(queue: Map<string, Picture>, board: string, record: ImageRecord & { blob: string }): void {
    const { blob } = record
    const waiting = queue.get(blob)
    if (this.#closed || (!waiting && queue.size >= QUEUE)) return
    if (waiting) waiting.boards.add(board)
    else queue.set(blob, { blob, record, boards: new Set([board]) })
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
  }

  async #run(): Promise<void> {
    for (let next = this.#next(); next; next = this.#next())
      try {
        await this.#parts.decoder.whenIdle()
        await this.#make(next)
      } catch (error) {
        // Its records stay without, to be met again; a server that closes has nothing to tell.
        if (!this.#closed) this.#parts.log.warn({ err: error, blob: next.blob }, 'no variants')
      }
  }

  #next(): Picture | undefined {
    const queue = this.#fresh.size > 0 ? this.#fresh : this.#left
    const [next] = queue.values()
    if (next) queue.delete(next.blob)
    return next
  }

  async #make({ blob, record, boards }: Picture): Promise<void> {
    const variants = await this.#store(blob, record)
    failpoint('variants.put')
    for (const board of boards) await this.#announce(board, blob, variants)
  }

  /** What there is in the end; nothing of a picture that can't be made smaller, and never again (V13). */
  async #store(blob: string, record: ImageRecord): Promise<readonly number[]> {
    const { blobs } = this.#parts.engine
    const sides = sidesOf(record)
    const there: number[] = []
    // The same bytes are processed once (V11); those that nobody wants any more are wanted again (V14).
    for (const side of [...VARIANT_SIDES_PX, STAND_IN_SIDE_PX])
      if (await blobs.renew(variantKey(blob, side))) there.push(side)
    const missing = sides.filter((side) => !there.includes(side))
    if (missing.length === 0) return there
    const folder = join(this.#folder, blob)
    await mkdir(folder)
    try {
      const path = join(folder, 'original')
      await pipeline(await blobs.get(blob), createWriteStream(path))
      const type = record.type!
      const made = await this.#parts.decoder.makeVariants({ path, type, sides: missing, folder })
      for (const { side, path } of made) await blobs.put(path, variantKey(blob, side))
      return [...new Set([...there, ...made.map(({ side }) => side)])].sort((a, b) => a - b)
    } catch (error) {
      if (error instanceof WireError && IMPOSSIBLE.has(error.code)) return []
      throw error
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async #announce(id: string, blob: string, variants: readonly number[]): Promise<void> {
    await this.#parts.boards
      .with(id, async (board) => {
        const commands = [...board.records.values()]
          .filter((record) => isWanting(record) && record.blob === blob)
          .map((record) => ({ kind: 'image.vary', id: record.id, blob, variants }) as const)
        if (commands.length > 0) await board.act(commands, SERVER)
      })
      .catch((error: unknown) => {
        // The board or a picture is gone; one that is left behind is met again.
        if (!(error instanceof WireError)) throw error
      })
  }
}

const isWanting = (record: AnyRecord | undefined): record is ImageRecord & { blob: string } =>
  record?.kind === 'image' && record.blob !== null && record.variants === null
