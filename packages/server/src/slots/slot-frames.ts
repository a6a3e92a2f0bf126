import type { ImageRecord } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'
import type { ReplacedFiles, StoredFrame } from '../images/replaced-files.ts'

/** How long the frames of a tile are known here: a filmstrip asks for each of them. */
const CACHE_MS = 1_000
const CACHED_TILES_COUNT = 1_000

/** Reads the stored frames of live slots. */
export class SlotFrames {
  readonly #files: ReplacedFiles
  readonly #known: LRUCache<string, Promise<readonly StoredFrame[]>>

  constructor(files: ReplacedFiles) {
    this.#files = files
    this.#known = new LRUCache({ max: CACHED_TILES_COUNT, ttl: CACHE_MS })
  }

  /** Lists the stored frames of a tile, the oldest first and its own file last. */
  async list(board: string, tile: ImageRecord): Promise<StoredFrame[]> {
    const { id, blob, type, bytes, width, height, storedAt, replacedAt } = tile
    const key = `${board} ${id} ${blob}`
    let known = this.#known.get(key)
    if (!known) {
      known = this.#files.frames(board, id)
      this.#known.set(key, known)
      known.catch(() => this.#known.delete(key))
    }
    const earlier = await known
    if (blob === null || type === null || bytes === null) return [...earlier]
    const at = replacedAt ?? storedAt ?? 0
    return [...earlier, { blob, type, bytes, width, height, at }]
  }

  /** Finds a stored frame of a tile by the sha256 of its bytes; undefined for none. */
  async find(board: string, tile: ImageRecord, blob: string): Promise<StoredFrame | undefined> {
    return (await this.list(board, tile)).find((frame) => frame.blob === blob)
  }
}
