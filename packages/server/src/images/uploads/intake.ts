import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import {
  type AnyRecord,
  type Command,
  firstWidth,
  GAP_UNITS,
  type ImageAdd,
  type ImageRecord,
  type ImageSettle,
  isShown,
  type MediaType,
  may,
  settings,
  uuidv7,
  WireError,
} from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { type Boards, SERVER } from '../../boards/boards.ts'
import type { LiveBoard, Sender } from '../../boards/live-board.ts'
import { toWireError } from '../../errors.ts'
import { failpoint } from '../../failpoint.ts'
import type { Decoder, Preview } from '../decoding/decoder.ts'
import { isProgressive } from '../decoding/jpeg-scans.ts'
import type { Variants } from '../variants.ts'
import { EarlyAnnouncer } from './early-announcer.ts'
import type { IncomingFile } from './incoming-file.ts'
import type { IncomingFiles } from './incoming-files.ts'
import type { UploadProgress } from './progress.ts'
import { validate } from './validate.ts'

/** Bytes that a picture without a preview must have before it is looked at. */
const EARLY = 65_536

/** What a script says of a picture that it sends whole. */
export interface Sending {
  /** Null when the sender doesn't say. Bytes. */
  readonly length: number | null
  readonly name: string
  readonly place: Pick<ImageAdd, 'x' | 'y' | 'w' | 'caption'>
  /** Whether more may be said behind the file: then it isn't announced before. */
  readonly isForm?: true
  /** The address that this server reads it from. */
  readonly address?: string
}

export interface IntakeParts {
  readonly engine: Engine
  readonly boards: Boards
  readonly incomingFiles: IncomingFiles
  readonly decoder: Decoder
  readonly variants: Variants
  readonly uploadProgress: UploadProgress
  readonly log: FastifyBaseLogger
  /** Bytes. */
  readonly maxUpload: number
}

/**
 * The one way in, whatever door a picture came through:
 *
 *     arrival complete -> scrubbed -> verdict -> blob -> settled record -> arrival removed
 *
 * Each step may be done again, so that a crash between any two loses nothing and leaves nothing (F1).
 */
export class Intake {
  readonly #parts: IntakeParts
  readonly #finishing = new Map<IncomingFile, Promise<ImageRecord>>()
  /** Bytes at which an arrival without a preview is looked at next. */
  readonly #looks = new WeakMap<IncomingFile, number>()
  /** Of which it is known whether they sharpen while they come. */
  readonly #toldLive = new WeakSet<IncomingFile>()

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  /** Somebody is here who may bring pictures: their previews must not wait for a process to start. */
  warmUp(): void {
    this.#parts.decoder.warm()
  }

  /**
   * Takes in a part of an upload that may be resumed, from the byte `at` on. Resolves to the stored
   * picture if it was the last part, else to null. What is refused goes, with its record.
   */
  async receive(
    incomingFile: IncomingFile,
    source: Readable,
    at: number,
  ): Promise<ImageRecord | null> {
    const { log, maxUpload } = this.#parts
    try {
      const { board, id } = incomingFile.target!
      const moved = () => this.#progress(incomingFile, board, id)
      await incomingFile.receive(source, { at, limit: maxUpload, moved })
    } catch (error) {
      if (isFinal(toWireError(error, log))) await this.cancel(incomingFile)
      throw error
    }
    return incomingFile.isComplete ? this.finish(incomingFile) : null
  }

  /**
   * A small picture of one on its way, from its sender: made anew before anybody sees it (F9), told to
   * whoever looks, kept for who comes later. One that is no picture, or too late, is nothing.
   */
  async addPreview(board: LiveBoard, id: string, sent: Uint8Array): Promise<void> {
    await this.#preview(board, id, () => this.#parts.decoder.reencodePreview(sent))
  }

  /** Makes a complete upload a stored picture; whoever asks meanwhile gets the same answer. */
  finish(incomingFile: IncomingFile): Promise<ImageRecord> {
    const running = this.#finishing.get(incomingFile)
    if (running) return running
    const finished = this.#finish(incomingFile).finally(() => this.#finishing.delete(incomingFile))
    this.#finishing.set(incomingFile, finished)
    return finished
  }

  /** Begins an upload that may be resumed. */
  async begin(of: {
    board: string
    id: string
    name: string
    length: number
  }): Promise<IncomingFile> {
    const { incomingFiles, boards, log } = this.#parts
    try {
      const keepMetadata = await boards.with(of.board, keepsMetadata)
      return await incomingFiles.create({ ...of, keepMetadata })
    } catch (error) {
      if (isFinal(toWireError(error, log)))
        await boards.with(of.board, (board) => this.fail(board, of.id))
      throw error
    }
  }

  async #preview(
    board: LiveBoard,
    id: string,
    make: () => Promise<Preview | null>,
  ): Promise<boolean> {
    const { incomingFiles, uploadProgress, log } = this.#parts
    if (incomingFiles.hasPreview(board.id, id)) return true
    try {
      const made = await make()
      if (!made || !isArriving(board.records.get(id))) return false
      uploadProgress.setPreview(board.id, id, made.bytes)
      await incomingFiles.keepPreview(board.id, id, made.bytes)
      return true
    } catch (error) {
      if (!(error instanceof WireError)) log.warn({ err: error }, 'no preview')
      return false
    }
  }

  #progress(incomingFile: IncomingFile, board: string, id: string): void {
    this.#parts.uploadProgress.setBytes(board, id, incomingFile.offset, incomingFile.length)
    void this.#early(incomingFile, board, id)
    void this.#live(incomingFile, board, id)
  }

  /** Says once of what sharpens while it comes that it can be read. */
  async #live(incomingFile: IncomingFile, board: string, id: string): Promise<void> {
    if (this.#toldLive.has(incomingFile) || !incomingFile.isTypeKnown) return
    this.#toldLive.add(incomingFile)
    try {
      if ((await incomingFile.readableType()) !== 'image/jpeg') return
      const found = await isProgressive(incomingFile.path, incomingFile.offset)
      if (found === null) this.#toldLive.delete(incomingFile)
      else if (found && !incomingFile.isWhole && !incomingFile.isGone)
        this.#parts.uploadProgress.setLive(board, id)
    } catch {
      // Gone, or no picture.
    }
  }

  /** Tries to show something of a picture whose sender gave no preview, now and then while it comes. */
  async #early(incomingFile: IncomingFile, board: string, id: string): Promise<void> {
    const { incomingFiles, boards, decoder } = this.#parts
    const at = this.#looks.get(incomingFile) ?? EARLY
    // With half of it here, all of it is before a preview would be.
    if (
      incomingFile.offset < at ||
      incomingFile.offset * 2 > (incomingFile.length ?? Number.POSITIVE_INFINITY)
    )
      return
    if (incomingFiles.hasPreview(board, id)) return
    this.#looks.set(incomingFile, Math.max(at, incomingFile.offset) * 2)
    await boards
      .with(board, (live) =>
        this.#preview(live, id, async () =>
          decoder.earlyPreview(incomingFile.path, await incomingFile.type()),
        ),
      )
      .catch(() => {
        // The board or the arrival is gone.
      })
  }

  /** The upload that this picture waits for. One that nothing waits for any more is dropped. */
  async pendingUpload(board: LiveBoard, id: string): Promise<IncomingFile | undefined> {
    const { incomingFiles } = this.#parts
    const incomingFile = incomingFiles.get(board.id, id)
    if (!incomingFile || isArriving(board.records.get(id))) return incomingFile
    await incomingFiles.remove(incomingFile)
    return undefined
  }

  /** Gives an upload up, and the record that waits for it. */
  async cancel(incomingFile: IncomingFile): Promise<void> {
    // The record first: an arrival without one is removed at the next start.
    const { board, id } = incomingFile.target!
    await this.#parts.boards.with(board, (live) => this.fail(live, id))
    await this.#parts.incomingFiles.remove(incomingFile)
  }

  /** Gives a record up that waits for an upload. */
  async fail(board: LiveBoard, id: string): Promise<void> {
    this.#parts.uploadProgress.end(board.id, id)
    await this.#parts.incomingFiles.dropPreview(board.id, id)
    try {
      await board.act([{ kind: 'image.fail', id }], SERVER)
    } catch (error) {
      // Gone or settled by another way; or the disk is full, and the record goes later.
      if (!(error instanceof WireError)) this.#parts.log.warn({ err: error }, 'record not failed')
    }
  }

  /** Pictures sent whole: all are stored, or none. */
  async take(
    board: LiveBoard,
    sender: Sender,
    pictures: AsyncIterable<Sending & { source: Readable }>,
  ): Promise<ImageRecord[]> {
    if (!may({ ...sender, now: Date.now() }, 'image.add')) throw new WireError('not-allowed')
    const { incomingFiles, maxUpload: limit } = this.#parts
    // The rights were asked above.
    const server = { visitor: sender.visitor, role: 'server' } as const
    const spooled: IncomingFile[] = []
    const heralds = new Map<string, EarlyAnnouncer>()
    const previews = new Map<string, Buffer>()
    const commands: Command[] = []
    let shift = 0
    try {
      for await (const picture of pictures) {
        const { source, length, place, isForm, address } = picture
        const incomingFile = await incomingFiles.spool(picture.name, length, keepsMetadata(board))
        spooled.push(incomingFile)
        const id = uuidv7(Date.now(), randomBytes(10))
        // Several at one place stand side by side.
        const x = place.x === undefined ? undefined : place.x + shift
        const add = { kind: 'image.add', id, ...place, x } as const
        const herald = new EarlyAnnouncer(this.#parts, board, server, {
          ...add,
          name: picture.name,
        })
        heralds.set(id, herald)
        const moved = () => {
          herald.moved(incomingFile)
          if (herald.isAnnounced) this.#progress(incomingFile, board.id, id)
        }
        await incomingFile.receive(source, { at: 0, limit, ...(!isForm && { moved }) })
        // A form may say it behind the file.
        const { name } = picture
        const { settle: found, preview } = await this.#store(incomingFile, id)
        if (preview) previews.set(id, preview)
        const settle = { ...found, ...(address && { source: address }) }
        const { width, height, thumbhash } = settle
        shift += (place.w ?? firstWidth(width, height)) + GAP_UNITS
        await herald.settled()
        if (!herald.isAnnounced) commands.push({ ...add, name, width, height, thumbhash })
        commands.push(settle)
      }
      // One message, so that nobody sees a part of what comes together.
      await board.act(commands, server)
      failpoint('intake.settled')
      for (const id of heralds.keys()) this.#settled(board, id, previews.get(id))
    } catch (error) {
      for (const [id, herald] of heralds) {
        await herald.settled()
        if (herald.isAnnounced) await this.fail(board, id)
      }
      throw error
    } finally {
      for (const incomingFile of spooled) await incomingFiles.remove(incomingFile)
      for (const [id, herald] of heralds) {
        await herald.end()
        await incomingFiles.dropPreview(board.id, id)
      }
    }
    return commands.flatMap((command) =>
      command.kind === 'image.settle' ? [this.#stored(board, command.id)] : [],
    )
  }

  /**
   * The picture that a record waits for, sent whole: in one piece, and of a size that nobody had said.
   * When it is refused, the record stays.
   */
  async fill(board: LiveBoard, id: string, source: Readable): Promise<ImageRecord> {
    const { incomingFiles, maxUpload: limit } = this.#parts
    const { name } = board.records.get(id) as ImageRecord
    const incomingFile = await incomingFiles.spool(name, null, keepsMetadata(board))
    try {
      await incomingFile.receive(source, { at: 0, limit })
      const { settle, preview } = await this.#store(incomingFile, id)
      const w = firstWidth(settle.width, settle.height)
      await board.act([settle, { kind: 'image.patch', id, set: { w } }], SERVER)
      this.#settled(board, id, preview)
      return this.#stored(board, id)
    } finally {
      await incomingFiles.remove(incomingFile)
    }
  }

  /** Makes sure that it is a picture which browsers show, and keeps nothing. Rejects as `take` would. */
  async look(source: Readable): Promise<MediaType> {
    const { incomingFiles, maxUpload: limit, decoder } = this.#parts
    const incomingFile = await incomingFiles.spool('', null)
    try {
      await incomingFile.receive(source, { at: 0, limit })
      const type = await incomingFile.type()
      if (!isShown(type)) throw new WireError('not-a-picture')
      await decoder.validate({ path: incomingFile.path, type, name: '' })
      return type
    } finally {
      await incomingFiles.remove(incomingFile)
    }
  }

  /** Goes on where an earlier run of the server stopped. */
  async resume(): Promise<void> {
    const { incomingFiles, uploadProgress, boards, log } = this.#parts
    for (const { board, id } of incomingFiles.previewed())
      uploadProgress.setPreview(board, id, null)
    for (const { board, id } of incomingFiles.orphans.splice(0))
      await boards
        .with(board, (live) => this.fail(live, id))
        .catch(() => {
          // The board is gone too.
        })
    for (const incomingFile of incomingFiles.list()) {
      const { board, id } = incomingFile.target!
      try {
        const waits = await boards.with(board, ({ records }) => isArriving(records.get(id)))
        if (!waits) {
          uploadProgress.end(board, id)
          await incomingFiles.remove(incomingFile)
        } else if (incomingFile.isComplete) await this.finish(incomingFile)
        else uploadProgress.setBytes(board, id, incomingFile.offset, incomingFile.length)
      } catch (error) {
        if (!(error instanceof WireError)) log.error({ err: error }, 'arrival not finished')
        else if (error.code === 'unknown-board') await incomingFiles.remove(incomingFile)
      }
    }
  }

  async #finish(incomingFile: IncomingFile): Promise<ImageRecord> {
    const { incomingFiles, boards, log } = this.#parts
    const { board: boardId, id } = incomingFile.target!
    return boards.with(boardId, async (board) => {
      let preview: Buffer | null
      try {
        const stored = await this.#store(incomingFile, id)
        preview = stored.preview
        await board.act([stored.settle], SERVER)
      } catch (error) {
        const told = toWireError(error, log)
        // What is no picture any more: purged, failed, or settled by other bytes.
        if (told.code === 'unknown-picture' || told.code === 'conflict') {
          await incomingFiles.remove(incomingFile)
          throw gone()
        }
        if (isFinal(told)) await this.cancel(incomingFile)
        throw told
      }
      failpoint('intake.settled')
      this.#settled(board, id, preview)
      await incomingFiles.remove(incomingFile)
      return this.#stored(board, id)
    })
  }

  /** What browsers don't show is seen by its preview until there are variants (V16). */
  #settled(board: LiveBoard, id: string, preview: Buffer | null | undefined): void {
    const { incomingFiles, uploadProgress } = this.#parts
    if (preview && !incomingFiles.hasPreview(board.id, id))
      uploadProgress.setPreview(board.id, id, preview)
    uploadProgress.end(board.id, id)
  }

  /** What has just been stored. Nobody waits for its variants. */
  #stored(board: LiveBoard, id: string): ImageRecord {
    const record = imageOf(board, id)
    this.#parts.variants.enqueue(board.id, record)
    return record
  }

  /** The verdict, then the blob, durably; the record comes after it and never before (F1). */
  async #store(
    incomingFile: IncomingFile,
    id: string,
  ): Promise<{ settle: ImageSettle; preview: Buffer | null }> {
    const { engine, decoder } = this.#parts
    await incomingFile.scrub()
    await using file = await validate(incomingFile, decoder)
    failpoint('intake.judged')
    const { path, blob, bytes, verdict } = file
    await engine.blobs.put(path, blob)
    failpoint('intake.put')
    const { preview, ...found } = verdict
    return { settle: { kind: 'image.settle', id, blob, bytes, ...found }, preview }
  }
}

const keepsMetadata = ({ records }: LiveBoard): boolean => settings(records).keepMetadata

/** Whether sending the same bytes again can't help. */
const isFinal = ({ code, status }: WireError): boolean =>
  (status >= 413 && status <= 422) || code === 'empty-file' || code === 'disk-full'

const gone = (): WireError => new WireError('upload-gone')

export const isArriving = (record: AnyRecord | undefined): record is ImageRecord =>
  record?.kind === 'image' && record.blob === null

function imageOf(board: LiveBoard, id: string): ImageRecord {
  const record = board.records.get(id)
  if (record?.kind !== 'image') throw gone()
  return record
}
