import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import {
  type Command,
  firstWidth,
  GAP_UNITS,
  type ImageAdd,
  type ImageRecord,
  type MediaType,
  may,
  type StoredImage,
  uuidv7,
  WireError,
} from '@wirephoto/board'
import { SERVER } from '../../boards/boards.ts'
import type { LiveBoard } from '../../boards/live-board.ts'
import type { Sender } from '../../boards/sender.ts'
import { failpoint } from '../../failpoint.ts'
import { type Party, partyOf } from '../../fairness/party.ts'
import { EarlyAnnouncer } from './early-announcer.ts'
import type { IncomingFile } from './incoming-file.ts'
import type { IncomingFiles } from './incoming-files.ts'
import { type Intake, keepsMetadata } from './intake.ts'
import { naming, type StoredFile, settling } from './picture-store.ts'
import type { Previews } from './previews.ts'

/** The signal of a right that doesn't end. */
const NEVER = new AbortController().signal

/** A picture that comes whole, in one request. */
export interface DirectPicture {
  readonly source: Readable
  /** Bytes; null if the sender doesn't say. */
  readonly length: number | null
  /** A form may change it until its last field. */
  readonly name: string
  /** Likewise. */
  readonly place: Pick<ImageAdd, 'x' | 'y' | 'w' | 'caption' | 'by'>
  /** Bytes of the request that brings it, where they aren't its own. */
  readonly requestBytes?: number | null
  /** Whether a field behind the file may still name it. It isn't announced before. */
  readonly mayBeNamed?: boolean
  /** URL that this server reads the picture from. */
  readonly url?: string
  /** The id that its sender gives it. Default: one that is made here. */
  readonly id?: string
  /** The live slot that it becomes the tile of. */
  readonly slot?: string
}

/** A picture of one request, from its first byte to the settled record. */
interface Upload {
  readonly picture: DirectPicture
  readonly id: string
  readonly incomingFile: IncomingFile
  readonly announcer: EarlyAnnouncer
  stored: StoredFile | null
}

/** Takes pictures that come whole, in one request: from scripts, forms and URLs. */
export class DirectUpload {
  readonly #intake: Intake
  readonly #incomingFiles: IncomingFiles
  readonly #previews: Previews
  readonly #maxUpload: number

  /** `maxUpload` is in bytes. */
  constructor(
    intake: Intake,
    incomingFiles: IncomingFiles,
    previews: Previews,
    { maxUpload }: { maxUpload: number },
  ) {
    this.#intake = intake
    this.#incomingFiles = incomingFiles
    this.#previews = previews
    this.#maxUpload = maxUpload
  }

  /**
   * Adds and stores all pictures of a request, or none. Rejects with `not-allowed`, and with what receiving and
   * validating reject with.
   *
   * @param ended Aborted when the sender may not add pictures any more.
   */
  async storeAll(
    board: LiveBoard,
    from: Sender,
    pictures: Iterable<DirectPicture> | AsyncIterable<DirectPicture>,
    ended: AbortSignal = NEVER,
  ): Promise<StoredImage[]> {
    if (!may(from, 'image.add')) throw new WireError('not-allowed')
    // Only the server may settle a picture; the visitor stays its author, and it is their turn (N7).
    const sender: Sender = { ...from, role: 'server' }
    const uploads: Upload[] = []
    try {
      for await (const picture of pictures) {
        ended.throwIfAborted()
        const earlier = [...uploads]
        const isFirst = earlier.length === 0
        const upload = await this.#open(board, sender, picture, {
          shift: widthOf(earlier),
          isFirst,
        })
        uploads.push(upload)
        await this.#receive(upload, earlier, { board, sender, ended })
      }
      ended.throwIfAborted()
      const commands = uploads.flatMap((upload, i) =>
        commandsFor(upload, board, widthOf(uploads.slice(0, i))),
      )
      // One batch, so that nobody sees a part of the request.
      await naming(
        uploads.map(({ stored }) => stored!),
        () => board.act(commands, sender),
      )
      failpoint('picture.settled')
      return uploads.map(({ id, stored }) => this.#intake.settled(board, id, stored!))
    } catch (error) {
      for (const { id, incomingFile, announcer, stored } of uploads) {
        if (stored) await this.#intake.discard(stored, error)
        if (!announcer.announced) continue
        // A full disk takes no change of the board before the file has left it.
        await this.#incomingFiles.remove(incomingFile)
        await this.#intake.fail(board, id)
      }
      throw uploads.every(({ stored }) => stored) ? error : dropped(error)
    } finally {
      for (const { id, incomingFile, announcer, stored } of uploads) {
        stored?.[Symbol.dispose]()
        await this.#incomingFiles.remove(incomingFile)
        await announcer.withdraw()
        await this.#incomingFiles.dropPreview(board.id, id)
      }
    }
  }

  /** Receives and settles the file of a record that is there already. If it is refused, the record stays. */
  async fill(
    board: LiveBoard,
    id: string,
    source: Readable,
    sender: Sender = SERVER,
  ): Promise<ImageRecord> {
    const { name, link } = board.records.get(id) as ImageRecord
    const keepMetadata = keepsMetadata(board)
    const admit = () => ({ board: board.id, id, link, bytes: 0 })
    const incomingFile = await this.#incomingFiles.spool(name, null, { keepMetadata, admit })
    try {
      const party = partyOf(sender, board.id)
      const limit = this.#maxUpload
      const bytesArrived = () => assertRoomFor(incomingFile, board, sender)
      const options = { at: 0, limit, party, bytesArrived, willBeStored: true }
      await incomingFile.receive(source, options)
      claimRoomFor(incomingFile, board, sender)
      const stored = await this.#intake.store(incomingFile, id).catch((error: unknown) => {
        throw dropped(error)
      })
      try {
        // The record was added before anybody knew the size. The picture stays within its box (P37).
        await naming([stored], () => board.act(settling(stored), { ...sender, role: 'server' }))
      } catch (error) {
        await this.#intake.discard(stored, error)
        throw error
      }
      stored[Symbol.dispose]()
      return this.#intake.settled(board, id, stored)
    } finally {
      await this.#incomingFiles.remove(incomingFile)
    }
  }

  /**
   * Receives and stores another file for a picture, which `settle` gives to its record. If that rejects, the file ends.
   * Resolves to the record afterwards.
   */
  async replace(
    board: LiveBoard,
    { id, name, link }: ImageRecord,
    { source, length }: Pick<DirectPicture, 'source' | 'length'>,
    {
      sender,
      ended,
      settle,
    }: {
      readonly sender: Sender
      readonly ended: AbortSignal
      readonly settle: (stored: StoredFile) => Promise<void>
    },
  ): Promise<StoredImage> {
    const wanted = { pictures: 0, bytes: length ?? 0 }
    const incomingFile = await this.#incomingFiles.spool(name, length, {
      keepMetadata: keepsMetadata(board),
      admit: () => {
        board.quota.admit(sender, wanted)
        return { board: board.id, id, link, bytes: wanted.bytes }
      },
    })
    try {
      const party = partyOf(sender, board.id)
      const bytesArrived = () => assertRoomFor(incomingFile, board, sender)
      const options = { at: 0, limit: this.#maxUpload, party, bytesArrived, willBeStored: true }
      await incomingFile.receive(source, { ...options, signal: ended })
      claimRoomFor(incomingFile, board, sender)
      using stored = await this.#intake.store(incomingFile, id)
      try {
        ended.throwIfAborted()
        await naming([stored], () => settle(stored))
      } catch (error) {
        await this.#intake.discard(stored, error)
        throw error
      }
      return this.#intake.settled(board, id, stored)
    } catch (error) {
      throw dropped(error)
    } finally {
      await this.#incomingFiles.remove(incomingFile)
    }
  }

  /** Validates a picture whose type browsers show, and keeps nothing. Rejects as `storeAll` does. */
  async check(source: Readable, party: Party): Promise<MediaType> {
    const incomingFile = await this.#incomingFiles.spool('', null)
    try {
      await incomingFile.receive(source, { at: 0, limit: this.#maxUpload, party })
      return await this.#intake.check(incomingFile)
    } finally {
      await this.#incomingFiles.remove(incomingFile)
    }
  }

  async #open(
    board: LiveBoard,
    sender: Sender,
    picture: DirectPicture,
    { shift, isFirst }: { shift: number; isFirst: boolean },
  ): Promise<Upload> {
    const { name, length, requestBytes = length } = picture
    const { id = uuidv7(Date.now(), randomBytes(10)) } = picture
    const incomingFile = await this.#incomingFiles.spool(name, length, {
      keepMetadata: keepsMetadata(board),
      admit: () => {
        const wanted = { pictures: 1, bytes: length ?? 0 }
        // A request that has begun is taken whole, or not at all for want of room.
        if (isFirst) board.quota.admit(sender, wanted)
        else board.quota.admitMore(sender, wanted)
        return { board: board.id, id, link: sender.quota?.link ?? null, bytes: wanted.bytes }
      },
    })
    const announcer = new EarlyAnnouncer(this.#incomingFiles, this.#previews, {
      board,
      sender,
      add: () => addCommand(picture, id, shift),
      requestBytes,
    })
    return { picture, id, incomingFile, announcer, stored: null }
  }

  async #receive(
    upload: Upload,
    earlier: readonly Upload[],
    { board, sender, ended }: { board: LiveBoard; sender: Sender; ended: AbortSignal },
  ): Promise<void> {
    const { id, incomingFile, announcer, picture } = upload
    const limit = this.#maxUpload
    const party = partyOf(sender, board.id)
    const bytesArrived = () => {
      assertRoomFor(incomingFile, board, sender)
      if (!picture.mayBeNamed) announcer.bytesArrived(incomingFile)
      for (const each of earlier) each.announcer.requestGoesOn(each.incomingFile)
    }
    try {
      await incomingFile.receive(picture.source, {
        at: 0,
        limit,
        party,
        willBeStored: true,
        bytesArrived,
        signal: AbortSignal.any([announcer.signal, ended]),
      })
    } finally {
      await announcer.stop()
    }
    claimRoomFor(incomingFile, board, sender)
    upload.stored = await this.#intake.store(incomingFile, id)
  }
}

/** Throws `pictures-full` or `link-full` as soon as a file of unknown length has more bytes than there is room for. */
function assertRoomFor(incomingFile: IncomingFile, board: LiveBoard, sender: Sender): void {
  const { length, offset } = incomingFile
  if (length === null) board.quota.assertRoom(sender, { pictures: 0, bytes: offset })
}

/** Claims the bytes of a file of unknown length, now that it has come. Throws as `assertRoomFor` does. */
function claimRoomFor({ claim, length, offset }: IncomingFile, board: LiveBoard, sender: Sender) {
  if (!claim || length !== null) return
  board.quota.admitMore(sender, { pictures: 0, bytes: offset })
  claim.bytes = offset
}

/** Returns the error that says that its request is to be sent again, where that may help. */
const dropped = (error: unknown): unknown =>
  error instanceof WireError && error.code === 'busy'
    ? new WireError('busy', { ...error.facts, isDropped: true }, { cause: error.cause })
    : error

/** Returns the board units that received pictures take side by side, as those that were sent to one place stand. */
function widthOf(uploads: readonly Upload[]): number {
  const widths = uploads.map(({ picture, stored }) => {
    const { width, height } = stored!.settle
    return (picture.place.w ?? firstWidth(width, height)) + GAP_UNITS
  })
  return widths.reduce((a, b) => a + b, 0)
}

/** Returns the command that adds a picture, as far as it is known now, without its size. */
function addCommand(
  { name, place }: DirectPicture,
  id: string,
  shift: number,
): Omit<ImageAdd, 'width' | 'height'> {
  const x = place.x === undefined ? undefined : place.x + shift
  return { kind: 'image.add', id, ...place, x, name }
}

/**
 * Returns the commands that add and settle a received picture. One that is announced already is only settled, and gets
 * what a form has told of it since. Throws `upload-gone` if that one has been removed for good.
 */
function commandsFor(
  { picture, id, announcer, stored }: Upload,
  board: LiveBoard,
  shift: number,
): Command[] {
  const { settle, vary } = stored!
  const { width, height, thumbhash } = settle
  const settled = settling({
    settle: {
      ...settle,
      ...(picture.url && { source: picture.url }),
      ...(picture.slot && { slot: picture.slot }),
    },
    vary,
  })
  const add: ImageAdd = { ...addCommand(picture, id, shift), width, height, thumbhash }
  const { announced } = announcer
  if (!announced) return [add, ...settled]
  if (!board.records.has(id)) throw new WireError('upload-gone')
  const told = Object.entries({ ...picture.place, x: add.x }).filter(
    ([field, value]) => value !== announced[field as keyof ImageAdd],
  )
  const set = Object.fromEntries(told)
  return told.length > 0 ? [{ kind: 'image.patch', id, set }, ...settled] : settled
}
