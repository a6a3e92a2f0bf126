import {
  headerRefusal,
  type ImageAdd,
  type PictureHeader,
  takenKind,
  WireError,
} from '@wirephoto/board'
import type { LiveBoard } from '../../boards/live-board.ts'
import type { Sender } from '../../boards/sender.ts'
import type { IncomingFile } from './incoming-file.ts'
import type { IncomingFiles } from './incoming-files.ts'
import type { Previews } from './previews.ts'

/** A request of so many bytes is announced at once: decoding alone takes longer than that. */
const AT_ONCE_BYTES = 1_048_576
/** Time after which a request is announced that is smaller, or of unknown length. Most are complete by then. */
const ANNOUNCE_DELAY_MS = 100
/** Time between two reports that a request goes on. */
const REPORT_INTERVAL_MS = 1_000
/** Time after which a decoder is asked for a size that the header doesn't tell. */
const MEASURE_DELAY_MS = 400

/** The picture that a direct upload adds, and the board that it goes to. */
export interface Announcement {
  readonly board: LiveBoard
  readonly sender: Sender
  /** Returns the picture as far as it is known now, without its size. */
  readonly add: () => Omit<ImageAdd, 'width' | 'height'>
  /** Bytes of the request that brings it; null if the sender doesn't say. */
  readonly requestBytes: number | null
}

/**
 * Announces a direct upload as soon as its first bytes hold the picture's header, unless it is complete sooner than
 * that matters. Everybody sees it arrive then, like an upload from a page.
 */
export class EarlyAnnouncer {
  readonly #incomingFiles: IncomingFiles
  readonly #previews: Previews
  readonly #announcement: Announcement
  #startedAt: number | null = null
  #timer: NodeJS.Timeout | undefined
  /** Offset at which a decoder is asked for the size next. */
  #nextMeasureBytes = 1
  #announcing: Promise<void> | null = null
  #announced: ImageAdd | null = null
  #withdraw: (() => Promise<void>) | null = null
  #reportedAt = 0
  readonly #refused = new AbortController()

  constructor(incomingFiles: IncomingFiles, previews: Previews, announcement: Announcement) {
    this.#incomingFiles = incomingFiles
    this.#previews = previews
    this.#announcement = announcement
  }

  /** The command that has announced the picture; null if it isn't announced. */
  get announced(): ImageAdd | null {
    return this.#announced
  }

  /** Aborted with a `WireError` if the board doesn't take the picture: the rest needn't come. */
  get signal(): AbortSignal {
    return this.#refused.signal
  }

  /**
   * Announces the picture if it is time to; from then on shows its progress. Throws `upload-gone` if it has been removed
   * for good.
   */
  bytesArrived(incomingFile: IncomingFile): void {
    if (!this.#announced) return this.#look(incomingFile)
    const { board } = this.#announcement
    const { id } = this.#announced
    if (!board.records.has(id)) throw new WireError('upload-gone')
    this.#previews.bytesArrived(incomingFile, board, id)
  }

  /** Reports that the request of a picture goes on, so that one that is there doesn't count as stalled (A10). */
  requestGoesOn(incomingFile: IncomingFile): void {
    if (!this.#announced || performance.now() - this.#reportedAt < REPORT_INTERVAL_MS) return
    this.#reportedAt = performance.now()
    this.#previews.reportOffset(incomingFile, this.#announcement.board.id, this.#announced.id)
  }

  /** Announces nothing from now on. Resolves when no announcement is under way. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#announcing
  }

  /** Forgets the announcement, after the picture is stored or its record has failed. */
  async withdraw(): Promise<void> {
    await this.#withdraw?.()
  }

  #look(incomingFile: IncomingFile): void {
    if (this.#announcing || incomingFile.isComplete || incomingFile.isGone) return
    const { requestBytes } = this.#announcement
    this.#startedAt ??= performance.now()
    const delay = (requestBytes ?? 0) >= AT_ONCE_BYTES ? 0 : ANNOUNCE_DELAY_MS
    const wait = this.#startedAt + delay - performance.now()
    if (wait > 0) return this.#lookAfter(wait, incomingFile)
    if (incomingFile.header) return this.#begin(this.#announce(incomingFile, incomingFile.header))
    if (!incomingFile.isHeaderUnclear || incomingFile.offset < this.#nextMeasureBytes) return
    const measureWait = this.#startedAt + MEASURE_DELAY_MS - performance.now()
    if (measureWait > 0) return this.#lookAfter(measureWait, incomingFile)
    this.#nextMeasureBytes = incomingFile.offset * 2
    this.#begin(this.#measure(incomingFile))
  }

  /** Looks again after a time, whether more bytes have come or not. */
  #lookAfter(delay: number, incomingFile: IncomingFile): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#look(incomingFile)
    }, delay)
  }

  #begin(announcing: Promise<boolean>): void {
    this.#announcing = announcing.then(
      (isAnnounced) => {
        if (!isAnnounced) this.#announcing = null
      },
      (error: unknown) => {
        // A fault that may pass counts for nothing: the picture is added when it is complete.
        if (error instanceof WireError && lasts(error)) this.#refused.abort(error)
      },
    )
  }

  async #measure(incomingFile: IncomingFile): Promise<boolean> {
    const size = await this.#previews.measure(incomingFile)
    if (!size) return false
    const kind = takenKind(await incomingFile.type())
    const refusal = headerRefusal(kind, { ...size, isWhole: false }, incomingFile.name)
    if (refusal) throw refusal
    return this.#announce(incomingFile, size)
  }

  async #announce(
    incomingFile: IncomingFile,
    { width, height }: Pick<PictureHeader, 'width' | 'height'>,
  ): Promise<boolean> {
    const { board, sender, add } = this.#announcement
    const announced = { ...add(), width, height }
    const { id } = announced
    const withdraw = await this.#incomingFiles.announceVolatile(
      { board: board.id, id },
      incomingFile,
    )
    try {
      await board.act([announced], sender)
    } catch (error) {
      // The database may still take it, when it is back: its record has to be failed.
      if (isInDoubt(error)) [this.#withdraw, this.#announced] = [withdraw, announced]
      else await withdraw()
      throw error
    }
    this.#withdraw = withdraw
    this.#announced = announced
    this.#previews.bytesArrived(incomingFile, board, id)
    return true
  }
}

const isInDoubt = (error: unknown): boolean => error instanceof WireError && error.code === 'away'

/** Whether the rest of a picture needn't come: what the board says of it now won't have changed by then. */
const lasts = (error: WireError): boolean =>
  isInDoubt(error) || error.status === 507 || (error.status < 500 && error.status !== 429)
