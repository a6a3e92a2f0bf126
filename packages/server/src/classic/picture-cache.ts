import { buffer } from 'node:stream/consumers'
import type { ImageRecord, MediaType } from '@wirephoto/board'
import type { BlobStore } from '@wirephoto/engine'
import { variantKey } from '../images/variants.ts'

/** Bytes of a picture that is sent over sockets; of a larger one its largest variant is (K12). */
const LARGEST = 16 * 1_048_576
/** Bytes of pictures that are kept at hand. */
const ROOM = 32 * 1_048_576

/** What is sent of a picture; null while there is nothing that may be. */
export function carried(
  picture: Pick<ImageRecord, 'blob' | 'type' | 'bytes' | 'variants'> | undefined,
): { key: string; type: MediaType } | null {
  const { blob = null, type = null, bytes = null, variants = null } = picture ?? {}
  if (blob === null || type === null || bytes === null) return null
  if (bytes <= LARGEST) return { key: blob, type }
  const side = variants?.at(-1)
  return side === undefined ? null : { key: variantKey(blob, side), type: 'image/webp' }
}

/** Pictures whole, read once for all who are sent them at about the same time. */
export class PictureCache {
  readonly #blobs: BlobStore
  /** The one that was asked for last is the last; its size is 0 until it has been read. */
  readonly #kept = new Map<string, { reading: Promise<Buffer | null>; bytes: number }>()
  #size = 0

  constructor(blobs: BlobStore) {
    this.#blobs = blobs
  }

  /** Null when it is gone, or can't be read now. */
  take(key: string): Promise<Buffer | null> {
    const kept = this.#kept.get(key) ?? { reading: this.#read(key), bytes: 0 }
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    return kept.reading
  }

  async #read(key: string): Promise<Buffer | null> {
    try {
      const bytes = await buffer(await this.#blobs.get(key))
      this.#keep(key, bytes.length)
      return bytes
    } catch {
      this.#kept.delete(key)
      return null
    }
  }

  /** Counts what has been read; the oldest goes until the rest has room. */
  #keep(key: string, bytes: number): void {
    const kept = this.#kept.get(key)
    if (!kept) return
    kept.bytes = bytes
    this.#size += bytes
    for (const [oldest, { bytes: freed }] of this.#kept) {
      if (this.#size <= ROOM) return
      this.#kept.delete(oldest)
      this.#size -= freed
    }
  }
}
