import type { ImageAdd } from '@wirephoto/board'
import type { LiveBoard, Sender } from '../../boards/live-board.ts'
import type { Decoder } from '../decoding/decoder.ts'
import type { IncomingFile } from './incoming-file.ts'
import type { IncomingFiles } from './incoming-files.ts'

/** Milliseconds in which most pictures have come whole, so that nobody need be told before. */
const PATIENCE = 400

interface Parts {
  readonly incomingFiles: IncomingFiles
  readonly decoder: Decoder
}

/**
 * A picture that comes whole, in one request, and slowly: announced as soon as its first bytes tell
 * its size, so that everybody sees it arriving as they do a page's.
 */
export class EarlyAnnouncer {
  readonly #parts: Parts
  readonly #board: LiveBoard
  readonly #sender: Sender
  readonly #add: Omit<ImageAdd, 'width' | 'height'>
  readonly #startedAt = performance.now()
  /** Bytes at which it is looked at next. */
  #look = 1
  #announcing: Promise<void> = Promise.resolve()
  #unvow: (() => Promise<void>) | null = null

  constructor(
    parts: Parts,
    board: LiveBoard,
    sender: Sender,
    add: Omit<ImageAdd, 'width' | 'height'>,
  ) {
    this.#parts = parts
    this.#board = board
    this.#sender = sender
    this.#add = add
  }

  get isAnnounced(): boolean {
    return this.#unvow !== null
  }

  /** Bytes have come. */
  moved(incomingFile: IncomingFile): void {
    if (this.isAnnounced || incomingFile.offset < this.#look) return
    if (performance.now() - this.#startedAt < PATIENCE) return
    // Until it has come to something.
    this.#look = Number.POSITIVE_INFINITY
    this.#announcing = this.#announce(incomingFile).catch(() => {
      // It is added when it is whole.
    })
  }

  /** Resolves when nothing is being announced any more. */
  settled(): Promise<void> {
    return this.#announcing
  }

  /** It is stored, or its record has been failed. */
  async end(): Promise<void> {
    await this.#unvow?.()
  }

  async #announce(incomingFile: IncomingFile): Promise<void> {
    const { incomingFiles, decoder } = this.#parts
    const size = await decoder.measure(incomingFile.path)
    if (!size) {
      this.#look = incomingFile.offset * 2
      return
    }
    const unvow = await incomingFiles.announceVolatile(
      { board: this.#board.id, id: this.#add.id },
      incomingFile,
    )
    try {
      await this.#board.act([{ ...this.#add, ...size }], this.#sender)
      this.#unvow = unvow
    } catch (error) {
      await unvow()
      throw error
    }
  }
}
