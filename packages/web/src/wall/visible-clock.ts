/** A clock that stands still while nobody sees the page, or something covers it, so that no picture's turn passes unseen. */
export class VisibleClock {
  #hiddenAt: number | null = null
  #isCovered = false
  #hiddenMs = 0
  readonly #listen = (): void => {
    const at = performance.now()
    const isHidden = this.#isCovered || document.visibilityState === 'hidden'
    if (isHidden) this.#hiddenAt ??= at
    else if (this.#hiddenAt !== null) {
      this.#hiddenMs += at - this.#hiddenAt
      this.#hiddenAt = null
    }
    this.#onChange()
  }
  readonly #onChange: () => void

  /** `onChange` is called when the clock stops or goes on. */
  constructor(onChange: () => void) {
    this.#onChange = onChange
    if (document.visibilityState === 'hidden') this.#hiddenAt = performance.now()
    document.addEventListener('visibilitychange', this.#listen)
  }

  get isRunning(): boolean {
    return this.#hiddenAt === null
  }

  /** Milliseconds. */
  now(): number {
    return (this.#hiddenAt ?? performance.now()) - this.#hiddenMs
  }

  /** Notes whether something covers the pictures. */
  setCovered(isCovered: boolean): void {
    if (isCovered === this.#isCovered) return
    this.#isCovered = isCovered
    this.#listen()
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#listen)
  }
}
