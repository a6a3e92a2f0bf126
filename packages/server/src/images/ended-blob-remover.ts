import { STAND_IN_SIDE_PX, VARIANT_SIDES_PX } from '@wirephoto/board'
import type { EndedBlob, Engine } from '@wirephoto/engine'
import { failpoint } from '../failpoint.ts'
import type { BlobUses, UsedBlobs } from './blob-uses.ts'
import { variantKey } from './variant-key.ts'

const NOTES_PER_PASS_COUNT = 5_000
/** Pictures that are removed at the same time. */
const REMOVALS_COUNT = 16

/** Returns a picture's blob and all variants that it may have. */
export const withVariants = (blob: string): string[] => [
  blob,
  ...[...VARIANT_SIDES_PX, STAND_IN_SIDE_PX].map((side) => variantKey(blob, side)),
]

/** Removes ended blobs with their variants, once no record and no history entry names them (C1). */
export class EndedBlobRemover {
  readonly #engine: Engine
  readonly #uses: BlobUses

  constructor(engine: Engine, uses: BlobUses) {
    this.#engine = engine
    this.#uses = uses
  }

  /**
   * Looks at all notes once. Returns the number of blobs that are gone with their variants.
   *
   * @param leasedSince The start of the oldest lease that servers which share the storage may rely on, in
   * milliseconds since 1970 (C4). Null while the clock can't be trusted.
   */
  async run(leasedSince: number | null): Promise<number> {
    const { endedBlobs, isShared } = this.#engine
    // Where there is one server, it knows all uses. The lease of a purged picture has ended with it.
    const before = isShared ? leasedSince : Number.MAX_SAFE_INTEGER
    if (before === null) return 0
    // Before the records are read: an upload that ends in between has its record by then.
    using used = this.#uses.watch()
    const noted = await endedBlobs.list(NOTES_PER_PASS_COUNT)
    const due = noted.filter(({ at }) => at < before)
    if (due.length === 0) return 0
    const named = await endedBlobs.named(due.map(({ sha256 }) => sha256))
    const done: EndedBlob[] = due.filter(({ sha256 }) => named.has(sha256))
    const unnamed = due.filter(({ sha256 }) => !named.has(sha256))
    const remove = async (note: EndedBlob) => {
      if (await this.#remove(note.sha256, used, before)) done.push(note)
    }
    // Several at once, since each removal waits for the disk.
    for (let start = 0; start < unnamed.length; start += REMOVALS_COUNT)
      await Promise.all(unnamed.slice(start, start + REMOVALS_COUNT).map(remove))
    await endedBlobs.forget(done)
    return done.filter(({ sha256 }) => !named.has(sha256)).length
  }

  /** Removes a blob with its variants. False if one of them is used; its note stays then. */
  async #remove(blob: string, used: UsedBlobs, before: number): Promise<boolean> {
    const { blobs, endedBlobs, isShared } = this.#engine
    for (const name of withVariants(blob)) {
      if (used.has(blob)) return false
      await blobs.remove(name, { unlessTouchedSince: before })
      failpoint('ended-blob.removed')
    }
    if (!isShared) return true
    const left = await Promise.all(withVariants(blob).map((name) => blobs.has(name)))
    // Another server has renewed the lease of one: it has a whole lease again.
    if (left.includes(true)) await endedBlobs.note([blob])
    return !left.includes(true)
  }
}
