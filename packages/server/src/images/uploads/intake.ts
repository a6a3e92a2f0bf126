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
  readonly arrivals: IncomingFiles
  readonly workers: Decoder
  readonly variants: Variants
  readonly arriving: UploadProgress
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
  expect(): void {
    this.#parts.workers.warm()
  }

  /**
   * Takes in a part of an upload that may be resumed, from the byte `at` on. Resolves to the stored
   * picture if it was the last part, else to null. What is refused goes, with its record.
   */
  async receive(arrival: IncomingFile, source: Readable, at: number): Promise<ImageRecord | null> {
    const { log, maxUpload } = this.#parts
    try {
      const { board, id } = arrival.of!
      const moved = () => this.#progress(arrival, board, id)
      await arrival.receive(source, { at, limit: maxUpload, moved })
    } catch (error) {
      if (isFinal(toWireError(error, log))) await this.cancel(arrival)
      throw error
    }
    return arrival.complete ? this.finish(arrival) : null
  }

  /**
   * A small picture of one on its way, from its sender: made anew before anybody sees it (F9), told to
   * whoever looks, kept for who comes later. One that is no picture, or too late, is nothing.
   */
  async preview(board: LiveBoard, id: string, sent: Uint8Array): Promise<void> {
    await this.#preview(board, id, () => this.#parts.workers.preview(sent))
  }

  /** Makes a complete upload a stored picture; whoever asks meanwhile gets the same answer. */
  finish(arrival: IncomingFile): Promise<ImageRecord> {
    const running = this.#finishing.get(arrival)
    if (running) return running
    const finished = this.#finish(arrival).finally(() => this.#finishing.delete(arrival))
    this.#finishing.set(arrival, finished)
    return finished
  }

  /** Begins an upload that may be resumed. */
  async announce(of: {
    board: string
    id: string
    name: string
    length: number
  }): Promise<IncomingFile> {
    const { arrivals, boards, log } = this.#parts
    try {
      const keepMetadata = await boards.with(of.board, keepsMetadata)
      return await arrivals.create({ ...of, keepMetadata })
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
    const { arrivals, arriving, log } = this.#parts
    if (arrivals.hasPreview(board.id, id)) return true
    try {
      const made = await make()
      if (!made || !isArriving(board.records.get(id))) return false
      arriving.preview(board.id, id, made.bytes)
      await arrivals.keepPreview(board.id, id, made.bytes)
      return true
    } catch (error) {
      if (!(error instanceof WireError)) log.warn({ err: error }, 'no preview')
      return false
    }
  }

  #progress(arrival: IncomingFile, board: string, id: string): void {
    this.#parts.arriving.progress(board, id, arrival.offset, arrival.length)
    void this.#early(arrival, board, id)
    void this.#live(arrival, board, id)
  }

  /** Says once of what sharpens while it comes that it can be read. */
  async #live(arrival: IncomingFile, board: string, id: string): Promise<void> {
    if (this.#toldLive.has(arrival) || !arrival.isKnown) return
    this.#toldLive.add(arrival)
    try {
      if ((await arrival.mayBeRead()) !== 'image/jpeg') return
      const found = await isProgressive(arrival.path, arrival.offset)
      if (found === null) this.#toldLive.delete(arrival)
      else if (found && !arrival.isWhole && !arrival.isGone) this.#parts.arriving.live(board, id)
    } catch {
      // Gone, or no picture.
    }
  }

  /** Tries to show something of a picture whose sender gave no preview, now and then while it comes. */
  async #early(arrival: IncomingFile, board: string, id: string): Promise<void> {
    const { arrivals, boards, workers } = this.#parts
    const at = this.#looks.get(arrival) ?? EARLY
    // With half of it here, all of it is before a preview would be.
    if (arrival.offset < at || arrival.offset * 2 > (arrival.length ?? Number.POSITIVE_INFINITY))
      return
    if (arrivals.hasPreview(board, id)) return
    this.#looks.set(arrival, Math.max(at, arrival.offset) * 2)
    await boards
      .with(board, (live) =>
        this.#preview(live, id, async () => workers.early(arrival.path, await arrival.type())),
      )
      .catch(() => {
        // The board or the arrival is gone.
      })
  }

  /** The upload that this picture waits for. One that nothing waits for any more is dropped. */
  async awaited(board: LiveBoard, id: string): Promise<IncomingFile | undefined> {
    const { arrivals } = this.#parts
    const arrival = arrivals.get(board.id, id)
    if (!arrival || isArriving(board.records.get(id))) return arrival
    await arrivals.remove(arrival)
    return undefined
  }

  /** Gives an upload up, and the record that waits for it. */
  async cancel(arrival: IncomingFile): Promise<void> {
    // The record first: an arrival without one is removed at the next start.
    const { board, id } = arrival.of!
    await this.#parts.boards.with(board, (live) => this.fail(live, id))
    await this.#parts.arrivals.remove(arrival)
  }

  /** Gives a record up that waits for an upload. */
  async fail(board: LiveBoard, id: string): Promise<void> {
    this.#parts.arriving.end(board.id, id)
    await this.#parts.arrivals.dropPreview(board.id, id)
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
    const { arrivals, maxUpload: limit } = this.#parts
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
        const arrival = await arrivals.spool(picture.name, length, keepsMetadata(board))
        spooled.push(arrival)
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
          herald.moved(arrival)
          if (herald.isAnnounced) this.#progress(arrival, board.id, id)
        }
        await arrival.receive(source, { at: 0, limit, ...(!isForm && { moved }) })
        // A form may say it behind the file.
        const { name } = picture
        const { settle: found, preview } = await this.#store(arrival, id)
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
      for (const arrival of spooled) await arrivals.remove(arrival)
      for (const [id, herald] of heralds) {
        await herald.end()
        await arrivals.dropPreview(board.id, id)
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
    const { arrivals, maxUpload: limit } = this.#parts
    const { name } = board.records.get(id) as ImageRecord
    const arrival = await arrivals.spool(name, null, keepsMetadata(board))
    try {
      await arrival.receive(source, { at: 0, limit })
      const { settle, preview } = await this.#store(arrival, id)
      const w = firstWidth(settle.width, settle.height)
      await board.act([settle, { kind: 'image.patch', id, set: { w } }], SERVER)
      this.#settled(board, id, preview)
      return this.#stored(board, id)
    } finally {
      await arrivals.remove(arrival)
    }
  }

  /** Makes sure that it is a picture which browsers show, and keeps nothing. Rejects as `take` would. */
  async look(source: Readable): Promise<MediaType> {
    const { arrivals, maxUpload: limit, workers } = this.#parts
    const arrival = await arrivals.spool('', null)
    try {
      await arrival.receive(source, { at: 0, limit })
      const type = await arrival.type()
      if (!isShown(type)) throw new WireError('not-a-picture')
      await workers.judge({ path: arrival.path, type, name: '' })
      return type
    } finally {
      await arrivals.remove(arrival)
    }
  }

  /** Goes on where an earlier run of the server stopped. */
  async resume(): Promise<void> {
    const { arrivals, arriving, boards, log } = this.#parts
    for (const { board, id } of arrivals.previewed()) arriving.preview(board, id, null)
    for (const { board, id } of arrivals.orphans.splice(0))
      await boards
        .with(board, (live) => this.fail(live, id))
        .catch(() => {
          // The board is gone too.
        })
    for (const arrival of arrivals.list()) {
      const { board, id } = arrival.of!
      try {
        const waits = await boards.with(board, ({ records }) => isArriving(records.get(id)))
        if (!waits) {
          arriving.end(board, id)
          await arrivals.remove(arrival)
        } else if (arrival.complete) await this.finish(arrival)
        else arriving.progress(board, id, arrival.offset, arrival.length)
      } catch (error) {
        if (!(error instanceof WireError)) log.error({ err: error }, 'arrival not finished')
        else if (error.code === 'unknown-board') await arrivals.remove(arrival)
      }
    }
  }

  async #finish(arrival: IncomingFile): Promise<ImageRecord> {
    const { arrivals, boards, log } = this.#parts
    const { board: boardId, id } = arrival.of!
    return boards.with(boardId, async (board) => {
      let preview: Buffer | null
      try {
        const stored = await this.#store(arrival, id)
        preview = stored.preview
        await board.act([stored.settle], SERVER)
      } catch (error) {
        const told = toWireError(error, log)
        // What is no picture any more: purged, failed, or settled by other bytes.
        if (told.code === 'unknown-picture' || told.code === 'conflict') {
          await arrivals.remove(arrival)
          throw gone()
        }
        if (isFinal(told)) await this.cancel(arrival)
        throw told
      }
      failpoint('intake.settled')
      this.#settled(board, id, preview)
      await arrivals.remove(arrival)
      return this.#stored(board, id)
    })
  }

  /** What browsers don't show is seen by its preview until there are variants (V16). */
  #settled(board: LiveBoard, id: string, preview: Buffer | null | undefined): void {
    const { arrivals, arriving } = this.#parts
    if (preview && !arrivals.hasPreview(board.id, id)) arriving.preview(board.id, id, preview)
    arriving.end(board.id, id)
  }

  /** What has just been stored. Nobody waits for its variants. */
  #stored(board: LiveBoard, id: string): ImageRecord {
    const record = imageOf(board, id)
    this.#parts.variants.want(board.id, record)
    return record
  }

  /** The verdict, then the blob, durably; the record comes after it and never before (F1). */
  async #store(
    arrival: IncomingFile,
    id: string,
  ): Promise<{ settle: ImageSettle; preview: Buffer | null }> {
    const { engine, workers } = this.#parts
    await arrival.scrub()
    await using file = await validate(arrival, workers)
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
