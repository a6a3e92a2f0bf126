import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { uuidv7 } from '@wirephoto/board'

/** Pictures of one file that were deleted for good one after the other. */
const MAX_LIVES_COUNT = 10

/**
 * Derives a picture's id from what makes it one, so that whoever sends it again sends the same picture. Its time is that
 * of no picture: 1970. The ids behind the first one are for those that are taken by pictures which are gone for good.
 */
export function derivedIds(...facts: readonly string[]): readonly string[] {
  return Array.from({ length: MAX_LIVES_COUNT }, (_, life) => {
    const digest = createHash('sha256')
      .update(JSON.stringify([...facts, life]))
      .digest()
    return uuidv7(0, digest)
  })
}

/** Computes the SHA-256 of a file, as it is read. */
export async function digestOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}
