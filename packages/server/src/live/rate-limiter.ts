/** A token bucket: so many a second, and so many at once. */
export class RateLimiter {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #refilledAt = performance.now()

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
  }

  /** Takes a token. False if there is none. */
  spend(): boolean {
    const now = performance.now()
    const seconds = (now - this.#refilledAt) / 1000
    this.#tokens = Math.min(this.#burst, this.#tokens + seconds * this.#perSecond)
    this.#refilledAt = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Seconds until the next token, as of the last look. */
  get waitS(): number {
    return Math.max(0, 1 - this.#tokens) / this.#perSecond
  }
}
