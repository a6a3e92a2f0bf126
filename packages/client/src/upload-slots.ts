/** Uploads of one page at once, alone and beside other pages of this browser. */
const UPLOADS_ALONE_COUNT = 2
const UPLOADS_SHARED_COUNT = 1
/** Milliseconds between two words of a page that sends, and after which it is taken for gone. */
const HEARTBEAT_MS = 1_000
const HEARTBEAT_SILENCE_MS = 3_000

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
    this.#channel.onmessage = ({ data }: MessageEvent<{ page: string; isSending: boolean }>) => {
      if (data.page === page) return
      if (data.isSending) this.#others.set(data.page, Date.now())
      else this.#others.delete(data.page)
      changed()
    }
  }

  get limit(): number {
    const old = Date.now() - HEARTBEAT_SILENCE_MS
    for (const [page, heardAt] of this.#others) if (heardAt < old) this.#others.delete(page)
    return this.#others.size > 0 ? UPLOADS_SHARED_COUNT : UPLOADS_ALONE_COUNT
  }

  /** Whether this page sends something. */
  set sends(sends: boolean) {
    if (sends === (this.#timer !== undefined)) return
    const tell = () => this.#channel?.postMessage({ page: this.#page, sends })
    clearInterval(this.#timer)
    this.#timer = sends ? setInterval(tell, HEARTBEAT_MS) : undefined
    tell()
  }

  close(): void {
    this.sends = false
    this.#channel?.close()
  }
}
