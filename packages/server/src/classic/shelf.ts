import { buffer } from 'node:stream/consumers'
import type { ImageRecord } from '@wirephoto/board'
import type { BlobStore } from '@wirephoto/engine'

/** Bytes of pictures that are kept at hand. */
const ROOM = 33_554_432

/** Pictures whole, read once for all who are sent them at about the same time. */
export class Shelf {
  readonly #blobs: BlobStore
  /** The one that was asked for last is the last. */
  readonly #kept = new Map<string, { reading: Promise<Buffer | null>; bytes: number }>()
  #size = 0

  constructor(blobs: BlobStore) {
    this.#blobs = blobs
  }

  /** Null when it is gone, or can't be read now. */
  take({ blob, bytes }: ImageRecord): Promise<Buffer | null> {
    if (blob === null || bytes === null) return Promise.resolve(null)
    const kept = this.#kept.get(blob)
    const reading = kept?.reading ?? this.#read(blob)
    if (kept) this.#kept.delete(blob)
    else this.#size += bytes
    this.#kept.set(blob, { reading, bytes })
    for (const [oldest, { bytes: freed }] of this.#kept) {
      if (this.#size <= ROOM) break
      this.#kept.delete(oldest)
      this.#size -= freed
    }
    return reading
  }

  async #read(blob: string): Promise<Buffer | null> {
    try {
      return await buffer(await this.#blobs.get(blob))
    } catch {
      return null
    }
  }
}
