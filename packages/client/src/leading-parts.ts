import type { PartSizes, TakenPart } from './part-sizes.ts'
import type { UploadJob } from './upload-job.ts'

/** The first of these parts: on a slow connection the preview waits for no more. */
const LEAD_BYTES = 2 ** 15
/** Time that each of these parts should take, for which the preview may have to wait. */
const LEAD_PART_MS = 80
/** After a part that took longer, the file waits for its preview. */
const LEAD_PART_MAX_MS = 160

/**
 * The parts of a file that go while its preview is being made. Others see the camera's thumbnail by then, and the
 * connection would be idle.
 */
export class LeadingParts {
  readonly #job: Pick<UploadJob, 'previewDue'>
  readonly #sizes: PartSizes
  #isTooSlow = false

  constructor(job: Pick<UploadJob, 'previewDue'>, sizes: PartSizes) {
    this.#job = job
    this.#sizes = sizes
  }

  /** Whether the next part would keep the preview waiting for too long. */
  get waitsForPreview(): boolean {
    return this.#isTooSlow && this.#job.previewDue !== null
  }

  /** Returns the size of the first part, and of the part that follows one. */
  nextBytes(after: TakenPart | null): number {
    const { firstBytes } = this.#sizes
    if (this.#job.previewDue === null || this.#isTooSlow)
      return after ? this.#sizes.bytesAfter(after) : firstBytes
    if (!after) return Math.min(LEAD_BYTES, firstBytes)
    const { bytes, durationMs } = after
    this.#isTooSlow = durationMs > LEAD_PART_MAX_MS
    if (this.#isTooSlow) return firstBytes
    return Math.min(
      firstBytes,
      Math.max(LEAD_BYTES, Math.round((bytes * LEAD_PART_MS) / durationMs)),
    )
  }
}
