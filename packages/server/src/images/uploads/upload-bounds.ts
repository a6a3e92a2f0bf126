import { statfs } from 'node:fs/promises'
import { WireError } from '@wirephoto/board'
import type { Bounds } from '../../bounds.ts'

/** Smaller files aren't worth the question whether the disk has room. */
const MIN_SPACE_CHECK_BYTES = 1_048_576
/** Time without a byte after which a begun upload makes room for others. Its sender may begin again (U13). */
export const STALE_UPLOAD_MS = 600_000
/** The part of a small disk that stays free, in place of the bound. */
const MIN_FREE_FACTOR = 0.05

/** Somebody who sends files. */
export interface UploadParty {
  readonly visitor: string
  readonly address?: string
}

/** The picture that a request brings in whole, and the bytes that it has been promised. */
export interface UploadClaim {
  readonly board: string
  /** Id of the picture. */
  readonly id: string
  /** The link that it comes by; null for none. */
  readonly link: string | null
  bytes: number
}

/** A file whose rest is still to come. */
export interface BegunUpload {
  /** Bytes of the complete file; null while nobody knows. */
  readonly length: number | null
  readonly offset: number
  /** Time since its last byte, or since it was begun. */
  readonly idleMs: number
  readonly begunBy: UploadParty | undefined
}

/** Decides which uploads may begin, so that nobody is promised room that isn't there. */
export class UploadBounds<U extends BegunUpload> {
  readonly #folder: string
  readonly #bounds: Bounds
  readonly #remove: (upload: U) => Promise<void>

  /** `folder` is on the disk that the files go to. `remove` ends an upload that makes room. */
  constructor(folder: string, bounds: Bounds, remove: (upload: U) => Promise<void>) {
    this.#folder = folder
    this.#bounds = bounds
    this.#remove = remove
  }

  /**
   * Makes sure that a file of so many bytes may begin beside the others. Stale uploads go first where there is
   * no room. Rejects with `too-many` for a party that has begun enough, and with `disk-full`.
   */
  async admit(length: number, party: UploadParty | undefined, uploads: () => U[]): Promise<void> {
    const bounds = this.#bounds
    const { visitor, address } = party ?? {}
    if (visitor !== undefined)
      await this.#keepWithin(
        length,
        () => uploads().filter((upload) => upload.begunBy?.visitor === visitor),
        bounds['uploads-per-visitor'],
        bounds['upload-bytes-per-visitor'],
      )
    if (address !== undefined)
      await this.#keepWithin(
        length,
        () => uploads().filter((upload) => upload.begunBy?.address === address),
        bounds['uploads-per-address'],
        bounds['upload-bytes-per-address'],
      )
    await this.#keepWithin(length, uploads, bounds.uploads, Number.POSITIVE_INFINITY)
    await this.checkSpace(length, uploads)
  }

  /** Rejects with `disk-full` if the disk has no room for a file beside what the others are promised. */
  async checkSpace(length: number, uploads: () => U[]): Promise<void> {
    if (length < MIN_SPACE_CHECK_BYTES) return
    while (true) {
      const { bavail, blocks, bsize } = await statfs(this.#folder)
      const kept = Math.min(this.#bounds['free-disk'], blocks * bsize * MIN_FREE_FACTOR)
      const others = uploads()
      if (length + sum(others.map(restOf)) <= bavail * bsize - kept) return
      if (!(await this.#removeStale(others))) throw new WireError('disk-full')
    }
  }

  /** Rejects with `too-many` if the uploads would be too many or too large with another one. */
  async #keepWithin(
    length: number,
    uploads: () => U[],
    count: number,
    bytes: number,
  ): Promise<void> {
    for (let all = uploads(); all.length > 0; all = uploads()) {
      // Any file within the limit may come alone.
      if (all.length < count && sum(all.map(lengthOf)) + length <= bytes) return
      if (!(await this.#removeStale(all))) throw new WireError('too-many')
    }
  }

  /** Removes the upload that has been stale for longest. Resolves to false if none is. */
  async #removeStale(uploads: readonly U[]): Promise<boolean> {
    const stale = uploads
      .filter((upload) => upload.idleMs > STALE_UPLOAD_MS && restOf(upload) > 0)
      .reduce<U | null>((a, b) => (a && a.idleMs > b.idleMs ? a : b), null)
    if (stale) await this.#remove(stale)
    return stale !== null
  }
}

const lengthOf = ({ length }: BegunUpload): number => length ?? 0
const restOf = ({ length, offset }: BegunUpload): number => Math.max(0, (length ?? 0) - offset)
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
