/** So many a second, and so many at once: a token bucket. */
export class RateLimiter {
  readonly #rate: number
  readonly #burst: number
  #credit: number
  #at = performance.now()

  constructor(rate: number, burst: number) {
    this.#rate = rate
    this.#burst = burst
    this.#credit = burst
  }

  /** False when it is too much. */
  spend(): boolean {
    const now = performance.now()
    this.#credit = Math.min(this.#burst, this.#credit + ((now - this.#at) / 1000) * this.#rate)
    this.#at = now
    if (this.#credit < 1) return false
    this.#credit--
    return true
  }
}
