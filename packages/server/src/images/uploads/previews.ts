import { type AnyRecord, type ImageRecord, limits, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import type { LiveBoard } from '../../boards/live-board.ts'
import type { Party } from '../../fairness/party.ts'
import { inBackground } from '../../in-background.ts'
import type { Decoder, Preview } from '../decoding/decoder.ts'
import { isProgressive } from '../decoding/jpeg-scans.ts'
import type { IncomingFile } from './incoming-file.ts'
import type { IncomingFiles } from './incoming-files.ts'
import { LargePreviews } from './large-previews.ts'
import { isArriving, type UploadProgress } from './progress.ts'

/** Previews that viewers get of one picture: a small one that is soon there, then one of full size. */
const PREVIEWS_PER_PICTURE_COUNT = 2
/** Offset at which an early preview is tried first. */
const FIRST_ATTEMPT_BYTES = 16_384
/** The part of a file that is there before processes start for it. */
const EXPECTED_FROM_FACTOR = 1 / 16

/** Whether the rest of a file arrives before a preview of it would be made. */
const isHalfThere = ({ offset, length }: IncomingFile): boolean =>
  length !== null && offset * 2 > length

type MakePreview = () => Promise<Preview | null>

/** A preview that is being made. */
interface Making {
  /** The one that follows it, if there is any by now. */
  next: MakePreview | null
  readonly done: Promise<void>
}

/** Whether a preview of a record is of use to anybody. */
const isWithoutVariants = (record: AnyRecord | undefined): record is ImageRecord =>
  record?.kind === 'image' && record.variants === null

/** Shows pictures that are still arriving: their progress, a preview, and whether their file can be read. */
export class Previews {
  readonly large: LargePreviews
  readonly #incomingFiles: IncomingFiles
  readonly #uploadProgress: UploadProgress
  readonly #decoder: Decoder
  readonly #log: Pick<FastifyBaseLogger, 'warn' | 'error'>
  /** Offset at which an early preview is tried next. */
  readonly #nextAttempts = new WeakMap<IncomingFile, number>()
  /** Files whose camera's thumbnail has been shown, or couldn't be. */
  readonly #triedThumbnail = new WeakSet<IncomingFile>()
  /** Previews that are being made, under their boards and pictures. */
  readonly #making = new Map<string, Making>()
  /** Files of which it is known, or being found out, whether they are progressive. */
  readonly #checkedLive = new WeakSet<IncomingFile>()

  constructor(
    incomingFiles: IncomingFiles,
    uploadProgress: UploadProgress,
    decoder: Decoder,
    log: Pick<FastifyBaseLogger, 'warn' | 'error'>,
  ) {
    this.large = new LargePreviews(uploadProgress, decoder)
    this.#incomingFiles = incomingFiles
    this.#uploadProgress = uploadProgress
    this.#decoder = decoder
    this.#log = log
  }

  /** Starts the process that makes previews. Call it when somebody is here who may send pictures. */
  warmUp(): void {
    this.#decoder.warm()
  }

  /** Announces again the previews that an earlier process kept. */
  restore(): void {
    for (const { board, id } of this.#incomingFiles.withPreview())
      this.#uploadProgress.setPreview(board, id, null)
  }

  /**
   * Takes a sender's preview of a picture. It is encoded again (F9), pushed to viewers, and kept for those who
   * come before the file is stored. One that is damaged, later than the variants, or not larger than the one
   * before is ignored.
   */
  async addFromSender(
    board: LiveBoard,
    id: string,
    bytes: Uint8Array,
    party?: Party,
  ): Promise<void> {
    await this.#add(board, id, () => this.#decoder.reencodePreview(bytes, party))
  }

  /** Reports a file's offset, and tries to show its picture. Call it whenever bytes have arrived. */
  bytesArrived(incomingFile: IncomingFile, board: LiveBoard, id: string): void {
    this.reportOffset(incomingFile, board.id, id)
    const { offset, length } = incomingFile
    // Its preview needs the CPU first.
    if (offset >= (length ?? 0) * EXPECTED_FROM_FACTOR) this.#decoder.expectFile()
    inBackground(this.#tryThumbnail(incomingFile, board, id), this.#log)
    inBackground(this.#tryEarlyPreview(incomingFile, board, id), this.#log)
    inBackground(this.#checkLive(incomingFile, board.id, id), this.#log)
  }

  /** Reads the size in pixels from a file's first bytes; null while they lack it. */
  async measure({
    path,
    isCameraFile,
    party,
  }: IncomingFile): Promise<{ width: number; height: number } | null> {
    // The first picture in a raw file is a thumbnail.
    return isCameraFile ? null : this.#decoder.measure(path, party)
  }

  reportOffset({ offset, length }: IncomingFile, board: string, id: string): void {
    this.#uploadProgress.setBytes(board, id, offset, length)
  }

  /** Ends the progress of a stored picture. Its preview stands for a type that browsers don't show (V16). */
  showStored(board: string, id: string, preview: Buffer | null): void {
    if (preview && !this.#incomingFiles.hasPreview(board, id))
      this.#uploadProgress.setPreview(board, id, preview)
    this.large.dropSoon(board, id)
    this.#uploadProgress.end(board, id)
  }

  /** Ends the progress of a picture that will never arrive, and drops its preview. */
  async drop(board: string, id: string): Promise<void> {
    this.large.drop(board, id)
    this.#uploadProgress.end(board, id)
    await this.#incomingFiles.dropPreview(board, id)
  }

  /** Makes a preview after the one that is being made. If several wait for that, the last is made. */
  #add(board: LiveBoard, id: string, make: MakePreview): Promise<void> {
    const key = `${board.id} ${id}`
    const making = this.#making.get(key)
    if (making) {
      making.next = make
      return making.done
    }
    if (!this.#wantsPreview(board, id)) return Promise.resolve()
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const started: Making = { next: null, done }
    this.#making.set(key, started)
    const makeAll = async (): Promise<void> => {
      for (let each: MakePreview | null = make; each; [each, started.next] = [started.next, null])
        await this.#make(board, id, each)
      this.#making.delete(key)
      resolve()
    }
    inBackground(makeAll(), this.#log)
    return done
  }

  /** Whether another preview of a picture is of use: there is none of full size. */
  #wantsPreview(board: LiveBoard, id: string): boolean {
    const picture = board.records.get(id)
    if (!isWithoutVariants(picture)) return false
    const { sidePx, count } = this.#incomingFiles.previewOf(board.id, id)
    const fullSidePx = Math.min(limits.previewSidePx, Math.max(picture.width, picture.height))
    return sidePx < fullSidePx && count < PREVIEWS_PER_PICTURE_COUNT
  }

  async #make(board: LiveBoard, id: string, make: MakePreview): Promise<void> {
    if (!this.#wantsPreview(board, id)) return
    try {
      const preview = await make()
      const picture = board.records.get(id)
      if (!preview || !isWithoutVariants(picture)) return
      const sidePx = Math.max(preview.width, preview.height)
      if (sidePx <= this.#incomingFiles.previewOf(board.id, id).sidePx) return
      this.#uploadProgress.setPreview(board.id, id, preview.bytes)
      if (isArriving(picture)) this.#incomingFiles.keepPreview(board.id, id, preview.bytes, sidePx)
      else this.#uploadProgress.end(board.id, id)
    } catch (error) {
      if (!(error instanceof WireError)) this.#log.warn({ err: error }, 'no preview')
    }
  }

  /** Shows the thumbnail that a camera put into its file, until there is something better. */
  async #tryThumbnail(incomingFile: IncomingFile, board: LiveBoard, id: string): Promise<void> {
    const { thumbnail, party } = incomingFile
    if (!thumbnail || isHalfThere(incomingFile) || this.#triedThumbnail.has(incomingFile)) return
    this.#triedThumbnail.add(incomingFile)
    if (this.#incomingFiles.hasPreview(board.id, id)) return
    await this.#add(board, id, () => this.#decoder.drawThumbnail(thumbnail, party))
  }

  /** Tries to make a preview from the first bytes, each time that the file has doubled. */
  async #tryEarlyPreview(incomingFile: IncomingFile, board: LiveBoard, id: string): Promise<void> {
    const { offset, header } = incomingFile
    const nextAttempt = this.#nextAttempts.get(incomingFile) ?? FIRST_ATTEMPT_BYTES
    if (offset < nextAttempt || isHalfThere(incomingFile)) return
    // Only a progressive JPEG shows all of itself before its end.
    if (header && !header.isWhole) return
    if (!this.#wantsPreview(board, id)) return
    this.#nextAttempts.set(incomingFile, Math.max(nextAttempt, offset) * 2)
    await this.#add(board, id, async () =>
      this.#decoder.earlyPreview(incomingFile.path, await incomingFile.type(), incomingFile.party),
    )
  }

  /** Announces once that a progressive JPEG can be read while it arrives. */
  async #checkLive(incomingFile: IncomingFile, board: string, id: string): Promise<void> {
    if (this.#checkedLive.has(incomingFile) || !incomingFile.isTypeKnown) return
    this.#checkedLive.add(incomingFile)
    try {
      if ((await incomingFile.readableType()) !== 'image/jpeg') return
      const { header, path, offset } = incomingFile
      // The header isn't known of an upload that an earlier process began.
      const found = header ? header.isWhole : await isProgressive(path, offset)
      if (found === null) this.#checkedLive.delete(incomingFile)
      else if (found && !incomingFile.isComplete && !incomingFile.isGone)
        this.#uploadProgress.setLive(board, id)
    } catch {
      // The file has been removed, or is no picture.
    }
  }
}
