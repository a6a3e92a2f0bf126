/** Uploads of one page at once, alone and beside other pages of this browser. */
const ALONE = 2
const TOGETHER = 1
/** Milliseconds between two words of a page that sends, and after which it is taken for gone. */
const INTERVAL = 1_000
const SILENCE = 3_000

/**
 * How many uploads a page may have under way. Pages of one browser share its few connections to a
 * server, so where several send, each sends one at a time: an old page doesn't starve a new one.
 */
export class UploadSlots {
  readonly #page: string
  readonly #channel: BroadcastChannel | null
  readonly #others = new Map<string, number>()
  #timer: ReturnType<typeof setInterval> | undefined

  /** `changed` is called when the limit may have fallen. */
  constructor(page: string, changed: () => void) {
    this.#page = page
    this.#channel =
      typeof BroadcastChannel === 'function' && typeof document !== 'undefined'
        ? new BroadcastChannel('wirephoto uploads')
        : null
    if (!this.#channel) return
    this.#channel.onmessage = ({ data }: MessageEvent<{ page: string; sends: boolean }>) => {
      if (data.page === page) return
      if (data.sends) this.#others.set(data.page, Date.now())
      else this.#others.delete(data.page)
      changed()
    }
  }

  get most(): number {
    const old = Date.now() - SILENCE
    for (const [page, heardAt] of this.#others) if (heardAt < old) this.#others.delete(page)
    return this.#others.size > 0 ? TOGETHER : ALONE
  }

  /** Whether this page sends something. */
  set sends(sends: boolean) {
    if (sends === (this.#timer !== undefined)) return
    const tell = () => this.#channel?.postMessage({ page: this.#page, sends })
    clearInterval(this.#timer)
    this.#timer = sends ? setInterval(tell, INTERVAL) : undefined
    tell()
  }

  close(): void {
    this.sends = false
    this.#channel?.close()
  }
}
