import { openChannel } from './channel.ts'
import { Emitter } from './events.ts'

/** Uploads of one page at once, alone and beside other pages of this browser. */
const UPLOADS_ALONE_COUNT = 2
const UPLOADS_SHARED_COUNT = 1
/** Uploads beside those that have sent all and wait for the answer. A browser has six connections to a server. */
const UPLOADS_SENT_COUNT = 1
/** Time between two messages of a page that sends, and after which it counts as gone. */
const HEARTBEAT_MS = 1_000
const HEARTBEAT_SILENCE_MS = 3_000

interface UploadSlotsEvents {
  /** The limit may have changed. */
  changed: undefined
}

/** The place of an upload among those under way, until it is disposed. */
export interface UploadSlot extends Disposable {
  /** Makes room for the next upload: this one has sent all, and waits for the answer. */
  markSent(): void
}

/**
 * The number of uploads that a page may have under way. Pages of one browser share its few connections to a
 * server. Where several send, each sends one at a time, so that an old page doesn't starve a new one.
 */
export class UploadSlots extends Emitter<UploadSlotsEvents> {
  readonly #page: string
  readonly #channel: BroadcastChannel | null
  /** When each other page was last heard of, in milliseconds since 1970. */
  readonly #others = new Map<string, number>()
  #sendingCount = 0
  #sentCount = 0
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(page: string) {
    super()
    this.#page = page
    this.#channel = openChannel('wirephoto uploads')
    if (!this.#channel) return
    this.#channel.onmessage = ({ data }: MessageEvent<{ page: string; sends: boolean }>) => {
      if (data.page === page) return
      if (data.sends) this.#others.set(data.page, Date.now())
      else this.#others.delete(data.page)
      this.emit('changed', undefined)
    }
  }

  /** Whether one more upload may begin. */
  get hasRoom(): boolean {
    const room = this.#limit - this.#sendingCount
    return room > 0 && this.#sentCount < room + UPLOADS_SENT_COUNT
  }

  /** Whether too many uploads are under way, as another page has begun to send. */
  get isOverfull(): boolean {
    return this.#sendingCount > this.#limit
  }

  /** Takes a slot for an upload that begins. */
  take(): UploadSlot {
    this.#sendingCount++
    this.#announce()
    let isSent = false
    return {
      markSent: () => {
        if (isSent) return
        isSent = true
        this.#sendingCount--
        this.#sentCount++
        this.emit('changed', undefined)
      },
      [Symbol.dispose]: () => {
        if (isSent) this.#sentCount--
        else this.#sendingCount--
        this.#announce()
      },
    }
  }

  close(): void {
    this.#sendingCount = this.#sentCount = 0
    this.#announce()
    this.#channel?.close()
  }

  get #limit(): number {
    const old = Date.now() - HEARTBEAT_SILENCE_MS
    for (const [page, heardAt] of this.#others) if (heardAt < old) this.#others.delete(page)
    return this.#others.size > 0 ? UPLOADS_SHARED_COUNT : UPLOADS_ALONE_COUNT
  }

  /** Tells other pages, when it changes and then again and again, that this one sends. */
  #announce(): void {
    const sends = this.#sendingCount + this.#sentCount > 0
    if (sends === (this.#timer !== undefined)) return
    const post = () => this.#channel?.postMessage({ page: this.#page, sends })
    clearInterval(this.#timer)
    this.#timer = sends ? setInterval(post, HEARTBEAT_MS) : undefined
    post()
  }
}
