import type { PartSizes, TakenPart } from './part-sizes.ts'
import type { UploadJob } from './upload-job.ts'

/** The part that begins an upload. Its bytes take no time, and the server's answer comes while previews are made. */
const OPENING_BYTES = 2 ** 12
/** The first part behind a camera's thumbnail: on a slow connection the preview waits for no more. */
const LEAD_BYTES = 2 ** 15
/** Time that each of these parts should take on the line, for which the preview may have to wait. */
const LEAD_PART_MS = 120
/** After a part that took longer, the file waits for its preview. */
const LEAD_PART_MAX_MS = 160
/** The least share of a request's time in which its bytes were on the line: a proxy may hide how long that was. */
const LINE_SHARE_FACTOR = 1 / 3

type LeadingJob = Pick<UploadJob, 'previewDue' | 'thumbnailSent'>

/**
 * The parts of a file that go while its preview is being made. Others see the camera's thumbnail by then, and the
 * connection would be idle.
 */
export class LeadingParts {
  readonly #job: LeadingJob
  readonly #sizes: PartSizes
  #isOpen = false
  #isTooSlow = false

  constructor(job: LeadingJob, sizes: PartSizes) {
    this.#job = job
    this.#sizes = sizes
  }

  /** Resolves when the next request may go: behind the thumbnail, or behind the preview if there is none. */
  async whenNext(): Promise<void> {
    const { previewDue, thumbnailSent } = this.#job
    if (!previewDue || !this.#isOpen) return
    const isSent = this.#isTooSlow ? false : await Promise.race([thumbnailSent, previewDue])
    if (isSent === false) await previewDue
  }

  /** Returns the size of the first part, and of the part that follows one. */
  nextBytes(after: TakenPart | null): number {
    const { firstBytes } = this.#sizes
    if (this.#job.previewDue === null || this.#isTooSlow)
      return after ? this.#sizes.bytesAfter(after) : firstBytes
    if (!after) return Math.min(OPENING_BYTES, firstBytes)
    const isOpening = !this.#isOpen
    this.#isOpen = true
    if (isOpening) return Math.min(LEAD_BYTES, firstBytes)
    const lineMs = lineTimeOf(after)
    this.#isTooSlow = lineMs > LEAD_PART_MAX_MS
    if (this.#isTooSlow) return firstBytes
    const asLong = Math.round((after.bytes * LEAD_PART_MS) / lineMs)
    return Math.min(firstBytes, Math.max(LEAD_BYTES, asLong))
  }
}

/**
 * Returns how long a part was on the line. The rest of its request's time is distance, and what both ends do
 * meanwhile: they make previews.
 */
const lineTimeOf = ({ durationMs, receivedMs }: TakenPart): number =>
  Math.max(receivedMs ?? durationMs, durationMs * LINE_SHARE_FACTOR)
