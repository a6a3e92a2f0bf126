import type { ImageRecord, Arrivals as News } from '@wirephoto/board'

/** Milliseconds that a pushed preview gets before it is fetched, and that news wait for their picture. */
const PREVIEW_PUSH_WAIT_MS = 1_500
const UNKNOWN_PICTURE_MS = 5_000

/** A picture on its way, as everybody may know it. */
export interface Arrival {
  /** Bytes; `total` is null when the sender didn't say. */
  readonly sent: number
  readonly total: number | null
  readonly state: 'arriving' | 'stalled' | 'retrying' | 'failed'
  /** Whether it sharpens for whoever reads it while it comes, at `liveUrl`. */
  readonly live: boolean
  /** When its sender tries again, in milliseconds since 1970, while `retrying`. */
  readonly retryAt?: number
}

interface ArrivalsOptions {
  readonly pictures: ReadonlyMap<string, ImageRecord>
  /** The preview that the server keeps, null when there is none. */
  readonly fetch: (id: string) => Promise<Blob | null>
  readonly changed: (ids: ReadonlySet<string>) => void
}

interface Entry {
  state: Arrival | null
  preview: Blob | null
  fetching: ReturnType<typeof setTimeout> | undefined
  since: number
}

/**
 * Pictures on their way, everybody's: how far they are and what they look like. None of it makes a
 * picture: news of an unknown one wait a few seconds for it, those of a stored one are ignored.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions
  readonly #entries = new Map<string, Entry>()

  constructor(options: ArrivalsOptions) {
    this.#options = options
  }

  get(id: string): Arrival | null {
    const state = this.#isArriving(id) ? (this.#entries.get(id)?.state ?? null) : null
    // Two are sent at a time: one that waits for its sender's others isn't stalled.
    return state?.state === 'stalled' && this.#isBusy(id) ? { ...state, state: 'arriving' } : state
  }

  /** A small WebP, at most 320 px on the longest side, until there are variants. */
  preview(id: string): Blob | null {
    return this.#entries.get(id)?.preview ?? null
  }

  /** What is new; or, on a new line, `all` that is known, whose previews have been pushed already. */
  receive(news: News, all = false): void {
    for (const [id, arriving] of Object.entries(news)) {
      if (!this.#isWanted(id)) continue
      const entry = this.#entry(id)
      if (!arriving) {
        entry.state = null
        continue
      }
      const { sent, total, state, live, wait } = arriving
      const retryAt = wait !== undefined && { retryAt: Date.now() + wait }
      entry.state = { sent, total, state, live, ...retryAt }
      if (arriving.preview && !entry.preview)
        entry.fetching ??= setTimeout(() => void this.#fetch(id), all ? 0 : PREVIEW_PUSH_WAIT_MS)
    }
    this.#forgetUnknown()
    const stalled = [...this.#entries].filter(([, { state }]) => state?.state === 'stalled')
    this.#options.changed(new Set([...Object.keys(news), ...stalled.map(([id]) => id)]))
  }

  /** A preview that was pushed. */
  show(id: string, bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): void {
    if (!this.#isWanted(id)) return
    const entry = this.#entry(id)
    clearTimeout(entry.fetching)
    entry.preview = new Blob([bytes], { type: 'image/webp' })
    this.#forgetUnknown()
    this.#options.changed(new Set([id]))
  }

  /** What is served now, or gone, needs none of it any more. */
  review(ids: Iterable<string>): void {
    for (const id of ids) {
      const entry = this.#entries.get(id)
      if (!entry) continue
      const picture = this.#options.pictures.get(id)
      if (picture && picture.variants === null) continue
      clearTimeout(entry.fetching)
      this.#entries.delete(id)
    }
  }

  /** The line is gone: what was known of progress is old. Previews stay, and what had failed. */
  clear(): void {
    const changed = new Set<string>()
    for (const [id, entry] of this.#entries) {
      if (!entry.state || entry.state.state === 'failed') continue
      entry.state = null
      changed.add(id)
    }
    if (changed.size > 0) this.#options.changed(changed)
  }

  close(): void {
    for (const { fetching } of this.#entries.values()) clearTimeout(fetching)
    this.#entries.clear()
  }

  async #fetch(id: string): Promise<void> {
    const blob = await this.#options.fetch(id).catch(() => null)
    const entry = this.#entries.get(id)
    if (!entry) return
    entry.fetching = undefined
    if (!blob || entry.preview) return
    entry.preview = blob
    this.#options.changed(new Set([id]))
  }

  #entry(id: string): Entry {
    const known = this.#entries.get(id)
    if (known) return known
    const entry = { state: null, preview: null, fetching: undefined, since: Date.now() }
    this.#entries.set(id, entry)
    return entry
  }

  #isArriving(id: string): boolean {
    return this.#options.pictures.get(id)?.blob === null
  }

  /** Whether bytes of another picture come from the same sender. */
  #isBusy(id: string): boolean {
    const { pictures } = this.#options
    const author = pictures.get(id)?.author
    return this.#entries
      .entries()
      .some(
        ([other, { state }]) =>
          state?.state === 'arriving' && pictures.get(other)?.author === author,
      )
  }

  /** Unknown ones may be announced in a moment. */
  #isWanted(id: string): boolean {
    const picture = this.#options.pictures.get(id)
    return !picture || picture.variants === null
  }

  #forgetUnknown(): void {
    const old = Date.now() - UNKNOWN_PICTURE_MS
    for (const [id, { since, fetching }] of this.#entries) {
      if (since > old || this.#options.pictures.has(id)) continue
      clearTimeout(fetching)
      this.#entries.delete(id)
    }
  }
}
