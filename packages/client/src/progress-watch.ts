/** Time in which a request from before a break must go on, once the board is live again: most are dead. */
const AFTER_BREAK_PATIENCE_MS = 1_000
/** The same where the server's news come by plain requests, every two seconds. */
const SLOW_AFTER_BREAK_PATIENCE_MS = 4_000
/** Time for an answer while the server looks at a whole file. */
const WHOLE_FILE_PATIENCE_MS = 60_000
const LOOK_INTERVAL_MS = 500
/** A look that is later than this wasn't due: the page was asleep, and so was what would have told it. */
const ASLEEP_AFTER_MS = 2_500

interface WatchedUpload {
  readonly total: number
  /** Bytes that the server has, as it told last; undefined before it told anything. */
  readonly receivedBytes: () => number | undefined
  /** Whether the server is there, as far as other messages tell. */
  readonly isOnline: () => boolean
  readonly patienceMs: number
  /** `wasLive`: not only just, so that the request had all its time. */
  readonly breakOff: (wasLive: boolean) => void
}

/**
 * Breaks a request off that gets nowhere while the server is there. A phone that changes networks, or sleeps,
 * leaves connections behind that nobody ends; the system would wait for them for minutes. Progress is what
 * either end tells: something on the way may keep a part back until it is whole.
 */
export class ProgressWatch {
  readonly #upload: WatchedUpload
  readonly #timer: ReturnType<typeof setInterval>
  #isUnderWay = false
  #received: number | undefined
  #progressedAt = Date.now()
  #lookedAt = Date.now()
  /** Ends a request that was under way before the last break. */
  #afterBreak: ReturnType<typeof setTimeout> | undefined

  constructor(upload: WatchedUpload) {
    this.#upload = upload
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS)
  }

  /** A request is made; until then nothing is expected. */
  onRequest(): void {
    this.#isUnderWay = true
    this.onProgress()
  }

  onAnswer(): void {
    this.#isUnderWay = false
    this.onProgress()
  }

  /** Bytes have left. */
  onProgress(): void {
    clearTimeout(this.#afterBreak)
    this.#progressedAt = Date.now()
  }

  /** The board is live again, after a break or a sleep. */
  onLive(isSlow: boolean): void {
    this.#hasReceived()
    this.onProgress()
    this.#lookedAt = this.#progressedAt
    if (!this.#isUnderWay) return
    const patienceMs = isSlow ? SLOW_AFTER_BREAK_PATIENCE_MS : AFTER_BREAK_PATIENCE_MS
    this.#afterBreak = setTimeout(() => {
      if (!this.#goesOn() && !this.#isWhole) this.#upload.breakOff(false)
    }, patienceMs)
  }

  close(): void {
    clearInterval(this.#timer)
    clearTimeout(this.#afterBreak)
  }

  #look(): void {
    const now = Date.now()
    const wasAsleep = now - this.#lookedAt > ASLEEP_AFTER_MS
    this.#lookedAt = now
    if (wasAsleep || this.#goesOn()) return this.onProgress()
    const patienceMs = this.#isWhole ? WHOLE_FILE_PATIENCE_MS : this.#upload.patienceMs
    if (now - this.#progressedAt >= patienceMs) this.#upload.breakOff(true)
  }

  /** Whether it goes on, or nobody can say that it doesn't. */
  #goesOn(): boolean {
    return this.#hasReceived() || !this.#isUnderWay || !this.#upload.isOnline()
  }

  get #isWhole(): boolean {
    return this.#received === this.#upload.total
  }

  /** Whether the server has received more since the last look. */
  #hasReceived(): boolean {
    const received = this.#upload.receivedBytes()
    if (received === this.#received) return false
    this.#received = received
    return true
  }
}
