import {
  type CameraThumbnail,
  largePreview,
  limits,
  type MediaType,
  type RefusedTypes,
  refusalOf,
  serverLimits,
  takenKind,
  WireError,
} from '@wirephoto/board'
import { isDiskFull } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { type Bounds, boundsWith } from '../../bounds.ts'
import type { Party } from '../../fairness/party.ts'
import { RecentUse } from '../../fairness/recent-use.ts'
import type { Budget } from './budget.ts'
import type { Jobs, Preview, Variant } from './decode-process.ts'
import { defaultMemoryBytes, MemoryShares } from './memory-shares.ts'
import type { OverviewInput } from './overview.ts'
import { type PoolReply, ProcessPool } from './process-pool.ts'
import type { SvgSource } from './svg-source.ts'

export type { Preview, Variant }

/** Facts about a valid picture. */
export interface ValidationResult {
  readonly type: MediaType
  /** Pixels after orientation. */
  readonly width: number
  readonly height: number
  /** Base64. */
  readonly thumbhash: string
  /** Whether it has more than one frame. */
  readonly animated: boolean
  /** Whether it has more than one, of which only the first is ever shown. */
  readonly isMoving: boolean
  /** WebP; null if browsers show the type itself. */
  readonly preview: Buffer | null
}

/** Budget for most types (D1). */
const BUDGET: Budget = { cpuSeconds: 2, memoryBytes: 512e6 }
/** Budget for types whose decoders take longer. */
const LARGE_BUDGET: Budget = { cpuSeconds: 10, memoryBytes: 1.5e9 }
const LARGE_BUDGET_TYPES: readonly MediaType[] = [
  'image/avif',
  'image/heic',
  'image/jxl',
  'image/vnd.adobe.photoshop',
  'image/tiff',
  'image/bmp',
]
/** Budget for a board as one picture: a thousand small files. */
const OVERVIEW_BUDGET: Budget = { cpuSeconds: 10, memoryBytes: 512e6 }
/** Pixels of a preview as its sender made it: more than needed, and too few to cost much. */
const MAX_PREVIEW_PIXEL_COUNT = 2_000_000
/** How far decoders give way that nobody waits for. */
const VARIANTS_NICE = 10
/** Time that variants give way to senders, each. */
const MAX_IDLE_WAIT_MS = 1_000

/** The party for which a file is decoded. Default: the server itself. */
interface OfParty {
  readonly party?: Party | undefined
}

interface RunOptions extends OfParty {
  readonly budget: CutBudget
  readonly isUrgent?: boolean
}

interface Options {
  readonly budget?: Budget
  readonly largeBudget?: Budget
  readonly bounds?: Bounds
  readonly log?: Pick<FastifyBaseLogger, 'warn'>
  /** Memory of all decoders together. Default: half of the machine's. */
  readonly memoryBytes?: number | undefined
  /** The kinds that are never decoded, since their decoder may have a fault. Default: none. */
  readonly refusedTypes?: RefusedTypes
  /** The CPU time that addresses use. */
  readonly use?: RecentUse
}

/**
 * Decodes pictures in child processes, which can be killed while native code runs. A thread can't.
 *
 * Each kind of job has a pool of its own, so that no job waits for a less urgent one. Everybody waits for
 * previews, the sender waits for validation, and viewers for the variants of a file that has just arrived. Nobody
 * waits for other variants. Who asks for a board as one picture waits for that alone.
 */
export class Decoder {
  readonly #previews: ProcessPool
  readonly #validation: ProcessPool
  readonly #freshVariants: ProcessPool
  readonly #variants: ProcessPool
  readonly #overviews: ProcessPool
  readonly #budget: CutBudget
  readonly #largeBudget: CutBudget
  readonly #overviewBudget: CutBudget
  readonly #refusedTypes: RefusedTypes
  #closed = false

  constructor({
    budget = BUDGET,
    largeBudget = LARGE_BUDGET,
    bounds = boundsWith(),
    log,
    memoryBytes = defaultMemoryBytes(),
    refusedTypes = new Set(),
    use = new RecentUse(),
  }: Options = {}) {
    const memory = new MemoryShares(memoryBytes)
    this.#refusedTypes = refusedTypes
    const shared = { maxQueueCount: bounds['waiting-decodes'], log, memory, refusedTypes, use }
    this.#previews = new ProcessPool({ ...shared, maxProcessCount: 1, nice: 0 })
    this.#validation = new ProcessPool({ ...shared, maxProcessCount: 2, nice: 0 })
    this.#freshVariants = new ProcessPool({ ...shared, maxProcessCount: 1, nice: 0 })
    this.#variants = new ProcessPool({ ...shared, maxProcessCount: 1, nice: VARIANTS_NICE })
    this.#overviews = new ProcessPool({ ...shared, maxProcessCount: 1, nice: 0 })
    this.#budget = within(budget, memoryBytes)
    this.#largeBudget = within(largeBudget, memoryBytes)
    this.#overviewBudget = within(OVERVIEW_BUDGET, memoryBytes)
  }

  /** Starts the process for previews and keeps one from now on: a preview must not wait for a start. */
  warm(): void {
    if (!this.#closed) this.#previews.warm()
  }

  /** Has processes at hand for a file that is on its way: validation and variants must not wait for a start. */
  expectFile(): void {
    if (this.#closed) return
    this.#validation.expectJob()
    this.#freshVariants.expectJob()
  }

  /** Whether no file is being decoded: the next one's variants may be made beside its validation. */
  get isIdle(): boolean {
    return [this.#validation, this.#freshVariants, this.#variants].every(({ isIdle }) => isIdle)
  }

  /** Whether pictures of a type are never decoded: those that are stored already stay as they are. */
  refuses(type: MediaType): boolean {
    return this.#refusedTypes.has(type)
  }

  /**
   * Decodes a whole file. Rejects with `damaged`, `too-heavy` or `too-many-pixels`, and with `busy` or
   * `disk-full` if this machine fails. `name` is for the error's sentence.
   */
  async validate(
    file: { path: string; type: MediaType; name: string } & OfParty,
  ): Promise<ValidationResult> {
    const { path, type, name, party } = file
    const bounds = {
      maxPixels: takenKind(type).maxPixels,
      maxWholePixels: takenKind(type).maxWholePixels,
      maxSide: limits.maxSidePixels,
      maxFrames: serverLimits.maxFrameCount,
      maxFramePixels: serverLimits.maxFramePixels,
    }
    const input = { path, type, maxBytes: limits.previewBytes, bounds }
    const budget = this.#budgetFor(type)
    const reply = await this.#run(this.#validation, 'validate', input, { budget, party })
    return { type, ...resultOf(reply, budget, name) }
  }

  /** Draws an SVG as a PNG at `to`. Rejects as `validate` does, and with `not-a-picture` if it is none. */
  async rasterizeSvg(file: { path: string; to: string; name: string } & OfParty): Promise<void> {
    const { name, party, ...input } = file
    const budget = this.#budget
    const reply = await this.#run(this.#validation, 'rasterizeSvg', input, { budget, party })
    if (!resultOf(reply, budget, name)) throw refusalOf(null, name)
  }

  /**
   * Draws the merged picture of a Photoshop file as a PNG at `to`. Rejects as `validate` does, and with `document`
   * for one that has none.
   */
  async drawPsd(
    file: { path: string; to: string; name: string } & OfParty,
  ): Promise<{ hasLayers: boolean }> {
    const { name, path, to, party } = file
    const type = 'image/vnd.adobe.photoshop'
    const { maxPixels } = takenKind(type)
    const input = { path, to, type, maxPixels, maxSide: limits.maxSidePixels } as const
    const budget = this.#budgetFor(type)
    const reply = await this.#run(this.#validation, 'drawPsd', input, { budget, party })
    const { isDrawable, hasLayers } = resultOf(reply, budget, name)
    if (isDrawable) return { hasLayers }
    const because =
      'is a Photoshop file in inks or without a merged picture. Export it as PNG and add that.'
    throw new WireError('document', { name, because })
  }

  /** Takes an SVG's file apart: the sender's drawing, and the source. Rejects as `validate` does. */
  async readSvg(
    file: Parameters<Jobs['readSvg']>[0] & { name: string } & OfParty,
  ): Promise<SvgSource> {
    const { name, party, ...input } = file
    const budget = this.#budget
    const reply = await this.#run(this.#validation, 'readSvg', input, { budget, party })
    return resultOf(reply, budget, name)
  }

  /**
   * Decodes a sender's preview and encodes it again: WebP, upright, sRGB, longest side at most 320 px, at
   * most `limits.previewBytes`. Rejects with `damaged` or `busy`.
   */
  async reencodePreview(bytes: Uint8Array, party?: Party): Promise<Preview> {
    this.warm()
    const { previewBytes: maxBytes, previewSidePx: sidePx } = limits
    const input = { bytes, maxPixels: MAX_PREVIEW_PIXEL_COUNT, maxBytes, sidePx }
    const budget = this.#budget
    const reply = await this.#run(this.#previews, 'reencodePreview', input, { budget, party })
    return resultOf(reply, budget)
  }

  /** Does the same with a large preview, for which no small one waits. */
  async reencodeLargePreview(bytes: Uint8Array, party: Party): Promise<Preview> {
    const { sidePx, bytes: maxBytes } = largePreview
    const input = { bytes, maxPixels: MAX_PREVIEW_PIXEL_COUNT, maxBytes, sidePx }
    const budget = this.#budget
    const reply = await this.#run(this.#freshVariants, 'reencodePreview', input, { budget, party })
    return resultOf(reply, budget)
  }

  /**
   * Makes a preview of the thumbnail that a camera put into its file; null if that shows something else. Rejects with
   * `damaged` or `busy`.
   */
  async drawThumbnail(thumbnail: CameraThumbnail, party?: Party): Promise<Preview | null> {
    this.warm()
    const input = { thumbnail, maxPixels: MAX_PREVIEW_PIXEL_COUNT, maxBytes: limits.previewBytes }
    const budget = this.#budget
    const reply = await this.#run(this.#previews, 'drawThumbnail', input, { budget, party })
    return resultOf(reply, budget)
  }

  /** Reads the size in pixels, after orientation, of an arriving file; null while its bytes lack it. */
  async measure(path: string, party?: Party): Promise<{ width: number; height: number } | null> {
    const reply = await this.#run(
      this.#validation,
      'measure',
      { path },
      {
        budget: this.#budget,
        party,
        isUrgent: true,
      },
    )
    return reply && 'result' in reply ? reply.result : null
  }

  /**
   * Makes a preview of an arriving file; null while its bytes don't show the whole picture. Only a progressive
   * JPEG does so before its end. Rejects with `busy`.
   */
  async earlyPreview(path: string, type: MediaType, party?: Party): Promise<Preview | null> {
    if (type !== 'image/jpeg') return null
    const input = { path, maxPixels: limits.maxPixels, maxBytes: limits.previewBytes }
    const reply = await this.#run(this.#validation, 'earlyPreview', input, {
      budget: this.#budget,
      party,
      isUrgent: true,
    })
    return reply && 'result' in reply ? reply.result : null
  }

  /**
   * Writes smaller pictures of a file's first frame into `folder`: WebP, upright, sRGB, one for each of
   * `sides`, the longest side in pixels. Rejects with `damaged`, `too-heavy` or `busy`.
   */
  async makeVariants(
    file: {
      path: string
      type: MediaType
      sides: readonly number[]
      folder: string
      /** Whether viewers wait for them. Default: false. */
      isFresh?: boolean
    } & OfParty,
  ): Promise<Variant[]> {
    const { party, isFresh = false, ...rest } = file
    const { type } = rest
    const input = { ...rest, maxPixels: takenKind(type).maxPixels, maxSide: limits.maxSidePixels }
    const budget = this.#budgetFor(type)
    const pool = isFresh ? this.#freshVariants : this.#variants
    return resultOf(await this.#run(pool, 'makeVariants', input, { budget, party }), budget)
  }

  /** Draws a board as one JPEG. Rejects with `damaged` or `too-heavy` if a file breaks the process, and with `busy`. */
  async drawOverview(input: OverviewInput, party?: Party): Promise<Uint8Array> {
    const budget = this.#overviewBudget
    const reply = await this.#run(this.#overviews, 'drawOverview', input, { budget, party })
    return resultOf(reply, budget)
  }

  /** Resolves when no sender waits for a process, or after a second: variants may run then. */
  whenIdle(): Promise<void> {
    return this.#validation.whenIdle(MAX_IDLE_WAIT_MS)
  }

  async close(): Promise<void> {
    this.#closed = true
    const drawing = [this.#freshVariants, this.#variants, this.#overviews]
    const pools = [this.#previews, this.#validation, ...drawing]
    await Promise.all(pools.map((pool) => pool.close()))
  }

  async #run<J extends keyof Jobs>(
    pool: ProcessPool,
    job: J,
    input: Parameters<Jobs[J]>[0],
    { budget, party, isUrgent = false }: RunOptions,
  ): Promise<PoolReply<J>> {
    const reply = await pool.run({ job, input, budget }, isUrgent, party)
    if (reply === null && this.#closed) throw new WireError('stopping')
    return reply as PoolReply<J>
  }

  #budgetFor(type: MediaType): CutBudget {
    return LARGE_BUDGET_TYPES.includes(type) ? this.#largeBudget : this.#budget
  }
}

/** A budget that the memory of all decoders may have cut below what the format may use (D1). */
interface CutBudget extends Budget {
  readonly isCut: boolean
}

const within = ({ cpuSeconds, memoryBytes }: Budget, limit: number): CutBudget => ({
  cpuSeconds,
  memoryBytes: Math.min(memoryBytes, limit),
  isCut: memoryBytes > limit,
})

/** Returns a job's result. Throws the `WireError` that its failure means; of memory, it names the setting (E22). */
function resultOf<J extends keyof Jobs>(
  reply: PoolReply<J>,
  { memoryBytes, isCut }: CutBudget,
  name?: string,
): Awaited<ReturnType<Jobs[J]>> {
  if (reply && 'result' in reply) return reply.result
  if (reply && 'tooLarge' in reply)
    throw new WireError('too-many-pixels', { name, ...reply.tooLarge })
  if (reply && 'tooHeavy' in reply) {
    const limit = isCut && reply.tooHeavy === 'memory' ? memoryBytes : undefined
    throw new WireError('too-heavy', { name, limit })
  }
  if (reply && 'damaged' in reply) throw new WireError('damaged', { name })
  // Our own failures say nothing of the file (E1).
  const isFull = reply !== null && 'failed' in reply && isDiskFull({ code: reply.failed })
  throw new WireError(isFull ? 'disk-full' : 'busy')
}
