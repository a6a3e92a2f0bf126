/**
 * Size of a file's first part. It is so small that a refusal always arrives. nginx takes it too, whose limit is
 * 1 MiB until somebody sets another.
 */
const FIRST_PART_BYTES = 1_000_000
/** The server reads as much of a part that it refuses, so that its answer arrives. */
const MAX_PART_BYTES = 2 ** 24
/** The least size of a part where something on the way takes only small requests. */
const MIN_PART_BYTES = 2 ** 15
/**
 * Time that a part should take where the server gets each byte as it is sent: nothing is lost with its connection.
 * Proxies end what takes a minute.
 */
const STREAMED_PART_MS = 30_000
/** The same where a proxy keeps a part back until it has all: as much as a lost one may cost. */
const BUFFERED_PART_MS = 2_000
/** The least share of a part's time in which the server gets its bytes, unless something keeps them back. */
const STREAMED_SHARE_FACTOR = 0.5
/** So many broken requests in a row, on a live connection, are taken for a limit on the way. */
const BROKEN_REQUESTS_COUNT = 3

/** A part that the server has taken. */
export interface TakenPart {
  readonly bytes: number
  /** From the begin of its request to the answer. */
  readonly durationMs: number
  /** Time between its first and last byte, as the server saw them; null if it doesn't say. */
  readonly receivedMs: number | null
}

/** The sizes of parts that get through, for as long as the page is open. */
export class PartSizes {
  /** The largest body of a request; infinite until something on the way has refused one. */
  #limitBytes = Number.POSITIVE_INFINITY
  /** The same as a guess, on this connection: something breaks larger ones off without an answer. */
  #guessBytes = Number.POSITIVE_INFINITY
  /** Requests in a row that broke off without an answer, while the server was there. */
  #brokenCount = 0

  /** The size of a file's first part. */
  get firstBytes(): number {
    return Math.min(FIRST_PART_BYTES, this.#largestBytes)
  }

  /** Returns the size of the part that follows one. */
  bytesAfter({ bytes, durationMs, receivedMs }: TakenPart): number {
    // Smaller ones tell nothing of what something on the way takes.
    if (bytes < this.firstBytes) return this.firstBytes
    const isStreamed = receivedMs !== null && receivedMs >= durationMs * STREAMED_SHARE_FACTOR
    const asLong = Math.round(
      (bytes * (isStreamed ? STREAMED_PART_MS : BUFFERED_PART_MS)) / durationMs,
    )
    return Math.min(MAX_PART_BYTES, Math.max(FIRST_PART_BYTES, asLong), this.#largestBytes)
  }

  /** Takes note that something has refused a part for its size. Returns whether a smaller one may get through. */
  onRefused(bytes: number): boolean {
    const before = Math.min(this.#limitBytes, bytes)
    this.#limitBytes = smaller(before, bytes)
    return this.#limitBytes < before
  }

  /** Takes note of a request that broke off unanswered. Returns whether smaller parts should be tried. */
  onBroken(bytes: number): boolean {
    this.#brokenCount = (this.#brokenCount + 1) % BROKEN_REQUESTS_COUNT
    if (this.#brokenCount > 0) return false
    const before = Math.min(this.#guessBytes, bytes)
    this.#guessBytes = smaller(before, bytes / 2)
    return this.#guessBytes < before
  }

  /** Takes note that a request got through, whatever the answer. */
  onAnswered(): void {
    this.#brokenCount = 0
  }

  /** Takes note of a new connection: requests may have broken off because the one before did. */
  onLive(): void {
    this.#guessBytes = Number.POSITIVE_INFINITY
    this.#brokenCount = 0
  }

  get #largestBytes(): number {
    return Math.min(this.#limitBytes, this.#guessBytes)
  }
}

/** Returns a limit below a part that was too large, unless the limit is as low as it goes. */
function smaller(limitBytes: number, partBytes: number): number {
  const bytes = partBytes > FIRST_PART_BYTES ? FIRST_PART_BYTES : Math.floor(partBytes / 2)
  return Math.min(limitBytes, Math.max(MIN_PART_BYTES, bytes))
}
