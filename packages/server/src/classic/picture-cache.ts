import { type ImageRecord, type MediaType, shownForm } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'
import type { StoredFiles } from '../images/stored-files.ts'
import { variantKey } from '../images/variant-key.ts'

/** Largest file that goes over a socket whole; a larger picture goes as its largest variant (V1). */
const SENT_ORIGINAL_MAX_BYTES = 16 * 1_048_576
const CACHED_PICTURES_BYTES = 32 * 1_048_576

/** Names the blob that viewers are sent for a picture; null while there is none that may be sent. */
export function sentBlobOf(
  picture: Pick<ImageRecord, 'blob' | 'type' | 'bytes' | 'variants'> | undefined,
): { key: string; type: MediaType } | null {
  const { blob = null, type = null, bytes = null, variants = null } = picture ?? {}
  if (!picture || blob === null || type === null || bytes === null) return null
  const form = shownForm(picture)
  if (form === 'original' && bytes <= SENT_ORIGINAL_MAX_BYTES) return { key: blob, type }
  const side = form === 'original' ? variants?.at(-1) : form
  return side ? { key: variantKey(blob, side), type: 'image/webp' } : null
}

/** Whole pictures, each read once for all viewers that are sent it at about the same time. */
export class PictureCache {
  readonly #cache: LRUCache<string, Buffer>

  constructor(files: Pick<StoredFiles, 'readWhole'>) {
    this.#cache = new LRUCache({
      maxSize: CACHED_PICTURES_BYTES,
      sizeCalculation: ({ length }) => Math.max(1, length),
      // A read that loses its place in the cache still answers its callers.
      ignoreFetchAbort: true,
      fetchMethod: (key) => readWhole(files, key),
    })
  }

  /** Reads a blob whole; resolves to null if it is gone or can't be read now. */
  async read(key: string): Promise<Buffer | null> {
    return (await this.#cache.fetch(key)) ?? null
  }
}

async function readWhole(
  files: Pick<StoredFiles, 'readWhole'>,
  key: string,
): Promise<Buffer | undefined> {
  try {
    return await files.readWhole(key)
  } catch {
    // Undefined is not cached, so the next caller tries again.
    return undefined
  }
}
