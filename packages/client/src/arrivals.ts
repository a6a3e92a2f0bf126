import type { ImageRecord, Arrivals as News } from '@wirephoto/board'
import type { Emitter } from './events.ts'
import { inBackground } from './in-background.ts'
import type { BoardEvents } from './types.ts'
import { type BoardEndpoint, previewUrl } from './urls.ts'

/** Time that a pushed preview has to come before it is fetched. */
const PREVIEW_PUSH_WAIT_MS = 1_500
/** Time that news of an unknown picture waits for it. */
const UNKNOWN_PICTURE_MS = 5_000

/** A picture on its way, as everybody may know it. */
export interface Arrival {
  /** Bytes that the server has. */
  readonly sent: number
  /** Bytes of the file, or null when its sender didn't say. */
  readonly total: number | null
  readonly state: 'arriving' | 'stalled' | 'retrying' | 'failed'
  /** Whether the server has a preview of more pixels, at `largePreviewUrl`. */
  readonly large: boolean
  /** Whether the file, read at `liveUrl` as it comes, shows more and more of the picture. */
  readonly live: boolean
  /** When its sender tries again, in milliseconds since 1970, while `retrying`. */
  readonly retryAt?: number
}

interface Entry {
  state: Arrival | null
  preview: Blob | null
  /** Whether the preview was made here. */
  isOwn: boolean
  fetching: ReturnType<typeof setTimeout> | undefined
  since: number
}

/**
 * Progress and previews of everybody's pictures on their way. None of it creates a picture: news of an
 * unknown one waits a few seconds for it, and news of a stored one is ignored.
 */
export class Arrivals {
  readonly #endpoint: BoardEndpoint
  readonly #pictures: ReadonlyMap<string, ImageRecord>
  readonly #events: Emitter<BoardEvents>
  readonly #entries = new Map<string, Entry>()

  constructor(
    endpoint: BoardEndpoint,
    pictures: ReadonlyMap<string, ImageRecord>,
    events: Emitter<BoardEvents>,
  ) {
    this.#endpoint = endpoint
    this.#pictures = pictures
    this.#events = events
  }

  get(id: string): Arrival | null {
    const state = this.#isArriving(id) ? (this.#entries.get(id)?.state ?? null) : null
    // Two are sent at a time: a picture that waits for others of its sender isn't stalled.
    return state?.state === 'stalled' && this.#isBusy(id) ? { ...state, state: 'arriving' } : state
  }

  /** Returns a WebP of at most 320 px on the longest side, or null. There is none once there are variants. */
  preview(id: string): Blob | null {
    return this.#entries.get(id)?.preview ?? null
  }

  /** Takes news of arriving pictures; with `all`, of every one, whose previews have been pushed already. */
  receive(news: News, all = false): void {
    for (const [id, arriving] of Object.entries(news)) {
      if (!this.#isWanted(id)) continue
      const entry = this.#entry(id)
      if (!arriving) {
        entry.state = null
        continue
      }
      const { sent, total, state, large, live, wait } = arriving
      const retryAt = wait !== undefined && { retryAt: Date.now() + wait }
      entry.state = { sent, total, state, large, live, ...retryAt }
      if (arriving.preview && !entry.preview)
        entry.fetching ??= setTimeout(
          () => inBackground(this.#fetch(id)),
          all ? 0 : PREVIEW_PUSH_WAIT_MS,
        )
    }
    this.#forgetUnknown()
    const stalled = [...this.#entries].filter(([, { state }]) => state?.state === 'stalled')
    this.#events.emit('arrivals', new Set([...Object.keys(news), ...stalled.map(([id]) => id)]))
  }

  /** Takes a preview that was pushed, or made here: those of one's own come back later, and are ignored. */
  receivePreview(id: string, bytes: ArrayBuffer | Uint8Array<ArrayBuffer>, isOwn = false): void {
    if (!this.#isWanted(id)) return
    const entry = this.#entry(id)
    if (entry.isOwn && !isOwn) return
    entry.isOwn = isOwn
    clearTimeout(entry.fetching)
    entry.preview = new Blob([bytes], { type: 'image/webp' })
    this.#forgetUnknown()
    this.#events.emit('arrivals', new Set([id]))
  }

  /** Forgets those of these pictures that have variants by now, or are gone. */
  review(ids: Iterable<string>): void {
    for (const id of ids) {
      const entry = this.#entries.get(id)
      if (!entry) continue
      const picture = this.#pictures.get(id)
      if (picture && picture.variants === null) continue
      clearTimeout(entry.fetching)
      this.#entries.delete(id)
    }
  }

  /** Forgets all progress, as the connection is gone. Previews and failures stay. */
  clear(): void {
    const changed = new Set<string>()
    for (const [id, entry] of this.#entries) {
      if (!entry.state || entry.state.state === 'failed') continue
      entry.state = null
      changed.add(id)
    }
    if (changed.size > 0) this.#events.emit('arrivals', changed)
  }

  close(): void {
    for (const { fetching } of this.#entries.values()) clearTimeout(fetching)
    this.#entries.clear()
  }

  async #fetch(id: string): Promise<void> {
    const blob = await this.#fetchPreview(id).catch(() => null)
    const entry = this.#entries.get(id)
    if (!entry) return
    entry.fetching = undefined
    if (!blob || entry.preview) return
    entry.preview = blob
    this.#events.emit('arrivals', new Set([id]))
  }

  /** Fetches the preview that the server keeps; resolves with null when there is none. */
  async #fetchPreview(id: string): Promise<Blob | null> {
    const { headers } = this.#endpoint
    const response = await fetch(previewUrl(this.#endpoint, id), { headers })
    // A proxy or a login page may answer in the server's place.
    const isPreview = response.ok && response.headers.get('content-type') === 'image/webp'
    return isPreview ? response.blob() : null
  }

  #entry(id: string): Entry {
    const known = this.#entries.get(id)
    if (known) return known
    const entry = {
      state: null,
      preview: null,
      isOwn: false,
      fetching: undefined,
      since: Date.now(),
    }
    this.#entries.set(id, entry)
    return entry
  }

  #isArriving(id: string): boolean {
    return this.#pictures.get(id)?.blob === null
  }

  /** Whether bytes of another picture come from the same sender. */
  #isBusy(id: string): boolean {
    const author = this.#pictures.get(id)?.author
    return this.#entries
      .entries()
      .some(
        ([other, { state }]) =>
          state?.state === 'arriving' && this.#pictures.get(other)?.author === author,
      )
  }

  /** Whether news of a picture is of use. An unknown one may be announced in a moment. */
  #isWanted(id: string): boolean {
    const picture = this.#pictures.get(id)
    return !picture || picture.variants === null
  }

  #forgetUnknown(): void {
    const old = Date.now() - UNKNOWN_PICTURE_MS
    for (const [id, { since, fetching }] of this.#entries) {
      if (since > old || this.#pictures.has(id)) continue
      clearTimeout(fetching)
      this.#entries.delete(id)
    }
  }
}
