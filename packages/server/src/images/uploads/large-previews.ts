import { LRUCache } from 'lru-cache'
import type { LiveBoard } from '../../boards/live-board.ts'
import type { Party } from '../../fairness/party.ts'
import type { Decoder } from '../decoding/decoder.ts'
import { isArriving, type UploadProgress } from './progress.ts'

/** Memory for all large previews that come to this server. Beyond it, the oldest are forgotten. */
const KEPT_BYTES = 64 * 1024 * 1024
/** Time for which one is served after its file was stored, to pages that have just heard of it. */
const AFTER_STORED_MS = 10_000

/** Large previews in memory, WebP, by the board and the picture's id. Beyond its size the oldest are forgotten. */
export class LargePreviewMemory {
  readonly #kept: LRUCache<string, Buffer>

  constructor(maxBytes: number) {
    this.#kept = new LRUCache({ maxSize: maxBytes, sizeCalculation: (bytes) => bytes.length })
  }

  get(board: string, id: string): Buffer | undefined {
    return this.#kept.get(keyOf(board, id))
  }

  set(board: string, id: string, bytes: Buffer): void {
    this.#kept.set(keyOf(board, id), bytes)
  }

  /** Forgets that of a picture that is stored or gone, in a moment. */
  dropSoon(board: string, id: string): void {
    const preview = this.get(board, id)
    if (preview) this.#kept.set(keyOf(board, id), preview, { ttl: AFTER_STORED_MS })
  }

  /** Forgets that of a picture that is gone. */
  drop(board: string, id: string): void {
    this.#kept.delete(keyOf(board, id))
  }
}

/**
 * The large previews of pictures whose files take long to come, in memory. They aren't pushed: only a page that shows
 * the picture large enough fetches one.
 */
export class LargePreviews {
  readonly #uploadProgress: UploadProgress
  readonly #decoder: Decoder
  readonly #kept = new LargePreviewMemory(KEPT_BYTES)

  constructor(uploadProgress: UploadProgress, decoder: Decoder) {
    this.#uploadProgress = uploadProgress
    this.#decoder = decoder
  }

  /**
   * Takes a sender's large preview, encodes it again (F9), and tells everybody that there is one. One that comes after its
   * file is of no use any more. Rejects with `damaged` and `busy`.
   */
  async add(board: LiveBoard, id: string, bytes: Buffer, party: Party): Promise<void> {
    const preview = await this.#decoder.reencodeLargePreview(bytes, party)
    if (!isArriving(board.records.get(id))) return
    this.#kept.set(board.id, id, preview.bytes)
    this.#uploadProgress.setLarge(board.id, id)
  }

  /** Returns the large preview of a picture, WebP; undefined if there is none. */
  get(board: string, id: string): Buffer | undefined {
    return this.#kept.get(board, id)
  }

  /** Forgets that of a picture that is stored, in a moment. */
  dropSoon(board: string, id: string): void {
    this.#kept.dropSoon(board, id)
  }

  /** Forgets that of a picture that is gone. */
  drop(board: string, id: string): void {
    this.#kept.drop(board, id)
  }
}

/** Whether bytes are a WebP. */
export const isWebp = (bytes: Buffer): boolean => bytes.toString('latin1', 8, 12) === 'WEBP'

const keyOf = (board: string, id: string): string => `${board} ${id}`
