import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { timeOf, uuidv7 } from '@wirephoto/board'

/** Pictures of one file that were deleted for good one after the other. */
const MAX_LIVES_COUNT = 10

/**
 * Derives a picture's id from what makes it one, so that whoever sends it again sends the same picture. Its time is that
 * of no picture: 1970. The ids behind the first one are for those that are taken by pictures which are gone for good.
 */
export function derivedIds(...facts: readonly string[]): readonly string[] {
  return idsAt(0, facts)
}

function idsAt(timeMs: number, facts: readonly string[]): readonly string[] {
  return Array.from({ length: MAX_LIVES_COUNT }, (_, life) =>
    uuidv7(timeMs, sha256([...facts, life])),
  )
}

const sha256 = (facts: readonly unknown[]): Buffer =>
  createHash('sha256').update(JSON.stringify(facts)).digest()

/** Bytes of a source's time: it lies between 1970 and 2004, before any picture was made. */
const SOURCE_TIME_BYTES = 5

/**
 * The ids of the pictures that come from one source, as a table. They are derived from its keys, and their time from the
 * source. So a picture tells that it came from here, also when its key is gone.
 */
export class SourceIds {
  readonly #facts: readonly string[]
  readonly #timeMs: number

  constructor(...facts: readonly string[]) {
    this.#facts = facts
    this.#timeMs = 1 + sha256(facts).readUIntBE(0, SOURCE_TIME_BYTES)
  }

  /** Returns the ids of a key's picture, as `derivedIds` does. */
  of(key: string): readonly string[] {
    return idsAt(this.#timeMs, [...this.#facts, key])
  }

  /** Returns whether a picture came from this source. */
  has(id: string): boolean {
    return timeOf(id) === this.#timeMs
  }
}

/** Computes the SHA-256 of a file, as it is read. */
export async function digestOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}
