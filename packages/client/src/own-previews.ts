import { limits } from '@wirephoto/board'
import { inBackground } from './in-background.ts'
import type { ErrorAnswer } from './types.ts'

/** The connection, as previews use it. */
export interface PreviewChannel {
  /** Sends previews by their pictures' ids. Rejects when the connection breaks or stays silent. */
  sendPreviews(previews: Readonly<Record<string, Uint8Array>>): Promise<object | ErrorAnswer>
}

/** The commands, which announce the pictures. */
interface Announcements {
  /** Whether a picture's add has no answer yet. */
  isAdding(id: string): boolean
  /** Whether it is still to be sent. */
  isUnsent(id: string): boolean
  /** Whether adds are still to be sent: a box needs a hundredth of a preview's bytes, so it goes first. */
  readonly isAnnouncing: boolean
  readonly online: boolean
}

/** A preview, or its making, which may end as null. */
type Making = Uint8Array | Promise<Uint8Array | null>

/** When the previews of one picture have left, and what is sent from then on comes after them. */
export interface PreviewsLeft {
  /** Resolves with whether the smaller one has left. */
  readonly small: Promise<boolean>
  /** Resolves when the preview has left, or never will. */
  readonly last: Promise<void>
}

interface Waiting {
  readonly bytes: Uint8Array
  readonly done: (hasLeft: boolean) => void
}

/**
 * Previews of our own pictures. Each goes as soon as it is made and all pictures have been announced, which needs no
 * answer (A57). One message is under way at a time. Nothing is lost with a preview but time: the server makes one of
 * the file (A9).
 */
export class OwnPreviews {
  readonly #channel: PreviewChannel
  readonly #queue: Announcements
  readonly #pictures: ReadonlyMap<string, unknown>
  readonly #show: (id: string, bytes: Uint8Array) => void
  readonly #waiting = new Map<string, Waiting>()
  #isSending = false

  constructor(
    channel: PreviewChannel,
    queue: Announcements,
    pictures: ReadonlyMap<string, unknown>,
    show: (id: string, bytes: Uint8Array) => void,
  ) {
    this.#channel = channel
    this.#queue = queue
    this.#pictures = pictures
    this.#show = show
  }

  /** Shows and sends a preview once it is made, and until then a smaller one that is made sooner. */
  add(id: string, making: Making, sooner?: Making): PreviewsLeft {
    let isMade = false
    const bytesOf = async (made?: Making) => (await Promise.resolve(made).catch(() => null)) ?? null
    const small = bytesOf(sooner).then((bytes) => (isMade ? false : this.#offer(id, bytes)))
    const last = bytesOf(making).then(async (bytes) => {
      isMade = bytes !== null
      await this.#offer(id, bytes)
    })
    return { small, last }
  }

  /** Sends what can go. */
  pump(): void {
    if (!this.#isSending) inBackground(this.#send())
  }

  /** Resolves with whether it has left. */
  async #offer(id: string, bytes: Uint8Array | null): Promise<boolean> {
    if (!bytes || bytes.length > limits.previewBytes || !this.#pictures.has(id)) return false
    this.#show(id, bytes)
    // A smaller one that didn't go yet needn't any more.
    this.#waiting.get(id)?.done(false)
    return new Promise((done) => {
      this.#waiting.set(id, { bytes, done })
      this.pump()
    })
  }

  async #send(): Promise<void> {
    this.#isSending = true
    try {
      for (let ready = this.#ready(); ready.length > 0; ready = this.#ready()) {
        const previews = Object.fromEntries(ready.map(([id, { bytes }]) => [id, bytes]))
        const answered = this.#channel.sendPreviews(previews)
        for (const [, { done }] of ready) done(true)
        await answered
        // The answer comes after that to the adds. A preview whose picture found no room goes again with that.
        for (const [id, sent] of ready)
          if (this.#waiting.get(id) === sent && !this.#queue.isAdding(id)) this.#waiting.delete(id)
        if (ready.some(([id]) => this.#queue.isAdding(id))) return
      }
    } catch {
      // The connection broke. They go again with the next one.
    } finally {
      this.#isSending = false
    }
  }

  /** Returns the next previews whose pictures have been announced, and forgets those of pictures that are gone. */
  #ready(): [id: string, waiting: Waiting][] {
    for (const [id, { done }] of this.#waiting) {
      if (this.#pictures.has(id)) continue
      this.#waiting.delete(id)
      done(false)
    }
    if (!this.#queue.online || this.#queue.isAnnouncing) return []
    const announced = [...this.#waiting].filter(([id]) => !this.#queue.isUnsent(id))
    return announced.slice(0, limits.previewsPerMessage)
  }
}
