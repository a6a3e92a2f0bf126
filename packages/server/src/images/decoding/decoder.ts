import { limits, type MediaType, WireError } from '@wirephoto/board'
import type { Jobs, Most, Preview, Variant } from './decode-process.ts'
import { type Answer, ProcessPool } from './process-pool.ts'

export type { Preview, Variant }

/** What a picture turned out to be. */
export interface ValidationResult {
  readonly type: MediaType
  /** Pixels, as seen after orientation. */
  readonly width: number
  readonly height: number
  /** Base64. */
  readonly thumbhash: string
  /** Whether it has more than one frame. */
  readonly animated: boolean
  /** WebP, of what browsers don't show. */
  readonly preview: Buffer | null
}

/** D1: what a picture may take. */
const MOST: Most = { seconds: 2, memory: 512e6 }
const MOST_LARGE: Most = { seconds: 10, memory: 1.5e9 }
const LARGE: readonly MediaType[] = ['image/avif', 'image/heic', 'image/tiff', 'image/bmp']
/** Pixels that can be decoded in that: of what is in memory as a whole meanwhile, and of a HEIC. */
const WHOLE_PIXELS = 40_000_000
const HEIC_PIXELS = 50_000_000

/** Jobs that may wait before the server says that it is busy (F7). */
const QUEUE = 500
/** Milliseconds that variants give way to senders, each time. */
const LULL = 1_000
/** Pixels of what comes as a preview: more than it may have, and not enough to hurt. */
const PREVIEW_PIXELS = 2_000_000

/**
 * Decodes pictures in child processes: those can be killed while native code runs, a thread can't.
 * Each lane has its own, so that nothing waits for what matters less: previews, which everybody waits
 * for; verdicts, which the sender waits for; variants, which nobody waits for.
 */
export class Decoder {
  readonly #previews = new ProcessPool({ processes: 1, queue: QUEUE })
  readonly #verdicts = new ProcessPool({ processes: 2, queue: QUEUE })
  readonly #variants = new ProcessPool({ processes: 1, queue: QUEUE, polite: true })
  readonly #most: Most
  readonly #mostLarge: Most
  #closed = false

  constructor(most: Most = MOST, mostLarge: Most = MOST_LARGE) {
    this.#most = most
    this.#mostLarge = mostLarge
  }

  /** Makes ready for previews, and stays so: they must not wait until a process has started. */
  warm(): void {
    if (!this.#closed) this.#previews.warm()
  }

  /** Rejects with `damaged`, `too-heavy`, `too-many-pixels` or `busy`. `name` is for the sentence. */
  async validate(file: { path: string; type: MediaType; name: string }): Promise<ValidationResult> {
    const { path, type, name } = file
    const { maxSidePixels, maxFrameCount, maxFramePixels } = limits
    const wholePixels = WHOLE_PIXELS
    const bounds = {
      pixels: pixelsOf(type),
      wholePixels,
      side: maxSidePixels,
      frames: maxFrameCount,
      framePixels: maxFramePixels,
    }
    const question = { path, type, most: limits.previewBytes, bounds }
    const answer = await this.#ask(this.#verdicts, 'judge', question, this.#mostFor(type))
    return { type, ...made(answer, name) }
  }

  /** Draws an SVG: a PNG at `to`. Rejects as `judge` does. */
  async rasterizeSvg(file: { path: string; to: string; name: string }): Promise<void> {
    const { name, ...question } = file
    made(await this.#ask(this.#verdicts, 'draw', question, this.#most), name)
  }

  /**
   * A preview made by a stranger, decoded and made anew: WebP, upright, sRGB, longest side at most
   * 320 px, at most `limits.preview` bytes. Rejects with `damaged` or `busy`.
   */
  async reencodePreview(bytes: Uint8Array): Promise<Preview> {
    this.warm()
    const question = { bytes, pixels: PREVIEW_PIXELS, most: limits.previewBytes }
    return made(await this.#ask(this.#previews, 'preview', question, this.#most))
  }

  /** Pixels as seen, from the first bytes of a file that is still arriving; null while they don't tell. */
  async measure(path: string): Promise<{ width: number; height: number } | null> {
    const answer = await this.#ask(this.#verdicts, 'measure', { path }, this.#most, true)
    return answer && 'made' in answer ? answer.made : null
  }

  /**
   * A preview from the first bytes of a file that is still arriving; null while they don't show all of
   * the picture. Only a progressive JPEG does so before its end. Rejects with `busy`.
   */
  async earlyPreview(path: string, type: MediaType): Promise<Preview | null> {
    if (type !== 'image/jpeg') return null
    const question = { path, pixels: limits.maxPixels, most: limits.previewBytes }
    const answer = await this.#ask(this.#verdicts, 'early', question, this.#most, true)
    return answer && 'made' in answer ? answer.made : null
  }

  /**
   * Writes smaller pictures of a file into `folder`: WebP, upright, sRGB, of the first frame, one for
   * each of `sides`, the longest side in pixels. Rejects with `damaged`, `too-heavy` or `busy`.
   */
  async makeVariants(file: {
    path: string
    type: MediaType
    sides: readonly number[]
    folder: string
  }): Promise<Variant[]> {
    const { type } = file
    const question = { ...file, pixels: pixelsOf(type), side: limits.maxSidePixels }
    return made(await this.#ask(this.#variants, 'vary', question, this.#mostFor(type)))
  }

  /** Resolves when no sender waits for a process, or has long enough: the time for what nobody waits for. */
  whenIdle(): Promise<void> {
    return this.#verdicts.lull(LULL)
  }

  async close(): Promise<void> {
    this.#closed = true
    const lanes = [this.#previews, this.#verdicts, this.#variants]
    await Promise.all(lanes.map((lane) => lane.close()))
  }

  async #ask<J extends keyof Jobs>(
    lane: ProcessPool,
    job: J,
    file: Parameters<Jobs[J]>[0],
    most: Most,
    first = false,
  ): Promise<Answer<J>> {
    const answer = await lane.ask({ job, file, most }, first)
    if (answer === null && this.#closed) throw new WireError('busy')
    return answer as Answer<J>
  }

  #mostFor(type: MediaType): Most {
    return LARGE.includes(type) ? this.#mostLarge : this.#most
  }
}

const pixelsOf = (type: MediaType): number =>
  type === 'image/heic' ? HEIC_PIXELS : limits.maxPixels

/** What came of a picture; throws if it was nothing. */
function made<J extends keyof Jobs>(
  answer: Answer<J>,
  name?: string,
): Awaited<ReturnType<Jobs[J]>> {
  if (answer && 'made' in answer) return answer.made
  if (answer && 'tooLarge' in answer)
    throw new WireError('too-many-pixels', { name, ...answer.tooLarge })
  throw new WireError(answer && 'tooHeavy' in answer ? 'too-heavy' : 'damaged', { name })
}
