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
  /** Whether adds are on their way: a box needs a hundredth of a preview's bytes, so it goes first. */
  readonly isAnnouncing: boolean
  readonly online: boolean
}

interface Waiting {
  readonly bytes: Uint8Array
  readonly done: () => void
}

/**
 * Previews of our own pictures. Each goes as soon as it is made and the server knows all pictures. One message
 * is under way at a time. Nothing is lost with a preview but time: the server makes one of the file (A9).
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

  /** Shows and sends a preview once it is made. Resolves when its file may follow, as A25 says. */
  async add(id: string, making: Uint8Array | Promise<Uint8Array | null>): Promise<void> {
    const bytes = await Promise.resolve(making).catch(() => null)
    if (!bytes || bytes.length > limits.previewBytes || !this.#pictures.has(id)) return
    this.#show(id, bytes)
    await new Promise<void>((done) => {
      this.#waiting.set(id, { bytes, done })
      this.pump()
    })
  }

  /** Sends what can go. */
  pump(): void {
    if (!this.#isSending) inBackground(this.#send())
  }

  async #send(): Promise<void> {
    this.#isSending = true
    try {
      for (let ready = this.#ready(); ready.length > 0; ready = this.#ready()) {
        const previews = Object.fromEntries(ready.map(([id, { bytes }]) => [id, bytes]))
        const answer = this.#channel.sendPreviews(previews)
        // One preview is in the line's queue by now, and its file comes behind it. More of them take a while.
        if (ready.length === 1) ready[0]![1].done()
        await answer
        for (const [id, { done }] of ready) {
          this.#waiting.delete(id)
          done()
        }
      }
    } catch {
      // The connection broke. They go again with the next one.
    } finally {
      this.#isSending = false
    }
  }

  /** Returns the next previews whose pictures the server knows, and forgets those of pictures that are gone. */
  #ready(): [id: string, waiting: Waiting][] {
    for (const [id, { done }] of this.#waiting) {
      if (this.#pictures.has(id)) continue
      this.#waiting.delete(id)
      done()
    }
    if (!this.#queue.online || this.#queue.isAnnouncing) return []
    const known = [...this.#waiting].filter(([id]) => !this.#queue.isAdding(id))
    return known.slice(0, limits.previewsPerMessage)
  }
}
