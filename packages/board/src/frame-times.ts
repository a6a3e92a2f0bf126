/** A slot is late when its next frame takes longer than it usually does, by this factor. */
const LATE_FACTOR = 3
/** The least time without a frame that counts: networks pause too. */
const LEAST_LATE_MS = 3_000
/** The usual time between two frames, while only one has come. */
const UNKNOWN_INTERVAL_MS = 20_000
/** The weight of the latest interval in the usual one. */
const LATEST_FACTOR = 0.2

/** Knows when the frames of a live slot came, and so when the next one is late. Times are milliseconds since 1970. */
export class FrameTimes {
  #lastAt: number | null = null
  #intervalMs: number | null = null

  /** The time of the last frame; null before the first. */
  get lastAt(): number | null {
    return this.#lastAt
  }

  /** The usual time between two frames; null while only one has come. */
  get intervalMs(): number | null {
    return this.#intervalMs
  }

  note(at: number): void {
    if (this.#lastAt !== null) {
      const latest = at - this.#lastAt
      const usual = this.#intervalMs ?? latest
      this.#intervalMs = usual + (latest - usual) * LATEST_FACTOR
    }
    this.#lastAt = at
  }

  /** Takes the usual time from somebody who has seen more frames; one that is known stays. */
  expect(intervalMs: number): void {
    this.#intervalMs ??= intervalMs
  }

  /** Whether the next frame is late; true before the first. */
  isLate(now: number): boolean {
    if (this.#lastAt === null) return true
    const usual = this.#intervalMs ?? UNKNOWN_INTERVAL_MS
    return now - this.#lastAt > Math.max(LEAST_LATE_MS, usual * LATE_FACTOR)
  }
}
