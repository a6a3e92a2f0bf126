import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { timeOf, uuidv7 } from '@wirephoto/board'

/** Pictures of one file that were deleted for good one after the other. */
const MAX_LIVES_COUNT = 10
/** The most bytes of a file that are read at once. */
const MAX_BUFFER_BYTES = 65_536

/** Returns how long a buffer for a file of that many bytes is: no longer than it need be, since many files come. */
export const bufferBytesFor = (fileBytes: number): number =>
  Math.min(fileBytes + 1, MAX_BUFFER_BYTES)

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

/** Computes the SHA-256 of a file, which is read through one buffer: many files come one after the other. */
export async function digestOf(path: string, signal: AbortSignal): Promise<string> {
  await using file = await open(path)
  const { size } = await file.stat()
  const buffer = Buffer.allocUnsafeSlow(bufferBytesFor(size))
  const hash = createHash('sha256')
  for (;;) {
    signal.throwIfAborted()
    const { bytesRead } = await file.read(buffer)
    if (bytesRead === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, bytesRead))
  }
}
