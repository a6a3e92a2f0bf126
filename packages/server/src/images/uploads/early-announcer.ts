import type { ImageAdd } from '@wirephoto/board'
import type { LiveBoard, Sender } from '../../boards/live-board.ts'
import type { IncomingFile } from './incoming-file.ts'
import type { IncomingFiles } from './incoming-files.ts'
import type { Previews } from './previews.ts'

/** Most direct uploads are complete after this time and needn't be announced early. */
const ANNOUNCE_DELAY_MS = 400

/** The picture that a direct upload adds, and the board that it goes to. */
export interface Announcement {
  readonly board: LiveBoard
  readonly sender: Sender
  /** Without the size, which the file's first bytes contain. */
  readonly add: Omit<ImageAdd, 'width' | 'height'>
}

/**
 * Announces a slow direct upload as soon as its first bytes contain the picture's size. Everybody sees it
 * arrive then, like an upload from a page.
 */
export class EarlyAnnouncer {
  readonly #incomingFiles: IncomingFiles
  readonly #previews: Previews
  readonly #announcement: Announcement
  readonly #startedAt = performance.now()
  /** Offset at which the size is looked for next. */
  #nextAttempt = 1
  #announcing: Promise<void> = Promise.resolve()
  #withdraw: (() => Promise<void>) | null = null

  constructor(incomingFiles: IncomingFiles, previews: Previews, announcement: Announcement) {
    this.#incomingFiles = incomingFiles
    this.#previews = previews
    this.#announcement = announcement
  }

  get isAnnounced(): boolean {
    return this.#withdraw !== null
  }

  /** Announces the picture if it is time to; from then on shows its progress. */
  bytesArrived(incomingFile: IncomingFile): void {
    const { board, add } = this.#announcement
    if (this.isAnnounced) return this.#previews.bytesArrived(incomingFile, board, add.id)
    if (incomingFile.offset < this.#nextAttempt) return
    if (performance.now() - this.#startedAt < ANNOUNCE_DELAY_MS) return
    // One attempt at a time.
    this.#nextAttempt = Number.POSITIVE_INFINITY
    this.#announcing = this.#announce(incomingFile).catch(() => {
      // The picture is added when it is complete.
    })
  }

  /** Resolves when no announcement is under way. */
  whenIdle(): Promise<void> {
    return this.#announcing
  }

  /** Forgets the announcement, after the picture is stored or its record has failed. */
  async withdraw(): Promise<void> {
    await this.#withdraw?.()
  }

  async #announce(incomingFile: IncomingFile): Promise<void> {
    const { board, sender, add } = this.#announcement
    const size = await this.#previews.measure(incomingFile)
    if (!size) {
      this.#nextAttempt = incomingFile.offset * 2
      return
    }
    const picture = { board: board.id, id: add.id }
    const withdraw = await this.#incomingFiles.announceVolatile(picture, incomingFile)
    try {
      await board.act([{ ...add, ...size }], sender)
      this.#withdraw = withdraw
    } catch (error) {
      await withdraw()
      throw error
    }
  }
}
