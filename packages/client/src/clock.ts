/** The server's clock, or this machine's own before the first contact. */
export class ServerClock {
  /** Whether `now` follows the server's clock. */
  hasServerTime = false
  #aheadMs = 0

  /** Sets the clock to the server's time at this moment, in milliseconds since 1970. */
  set(now: number): void {
    this.#aheadMs = now - Date.now()
    this.hasServerTime = true
  }

  /** Returns milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#aheadMs
  }
}
