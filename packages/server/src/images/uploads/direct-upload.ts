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
import type { LiveBoard, Sender } from '../../boards/live-board.ts'
import { failpoint } from '../../failpoint.ts'
import { type Party, partyOf } from '../../fairness/party.ts'
import { EarlyAnnouncer } from './early-announcer.ts'
import type { IncomingFile } from './incoming-file.ts'
import type { IncomingFiles } from './incoming-files.ts'
import { type Intake, keepsMetadata } from './intake.ts'
import type { StoredFile } from './picture-store.ts'
import type { Previews } from './previews.ts'

/** A picture that comes whole, in one request. */
export interface DirectPicture {
  readonly source: Readable
  /** Bytes; null if the sender doesn't say. */
  readonly length: number | null
  /** A form may change it until its last field. */
  readonly name: string
  /** Likewise. */
  readonly place: Pick<ImageAdd, 'x' | 'y' | 'w' | 'caption' | 'by'>
  /** Set if fields of a form may follow the file. Such a picture isn't announced early. */
  readonly isInForm?: true
  /** URL that this server reads the picture from. */
  readonly url?: string
}

/** A picture of one request, from its first byte to the settled record. */
interface Upload {
  readonly picture: DirectPicture
  readonly add: Omit<ImageAdd, 'width' | 'height'>
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
   */
  async storeAll(
    board: LiveBoard,
    from: Sender,
    pictures: AsyncIterable<DirectPicture>,
  ): Promise<StoredImage[]> {
    if (!may({ ...from, now: Date.now() }, 'image.add')) throw new WireError('not-allowed')
    // Only the server may settle a picture; the visitor stays its author, and it is their turn (N7).
    const sender: Sender = { ...from, role: 'server' }
    const uploads: Upload[] = []
    const commands: Command[] = []
    try {
      for await (const picture of pictures) {
        const upload = await this.#open(board, sender, picture)
        uploads.push(upload)
        await this.#receive(upload, partyOf(from, board.id))
      }
      let shift = 0
      for (const upload of uploads) {
        commands.push(...(await commandsFor(upload, shift)))
        // Pictures that were sent to one place stand side by side.
        const { width, height } = upload.stored!.settle
        shift += (upload.picture.place.w ?? firstWidth(width, height)) + GAP_UNITS
      }
      // One batch, so that nobody sees a part of the request.
      await board.act(commands, sender)
      failpoint('picture.settled')
      return uploads.map(({ add, stored }) => this.#intake.settled(board, add.id, stored!))
    } catch (error) {
      for (const { add, announcer, stored } of uploads) {
        if (stored) await this.#intake.discard(stored, error)
        await announcer.whenIdle()
        if (announcer.isAnnounced) await this.#intake.fail(board, add.id)
      }
      throw uploads.every(({ stored }) => stored) ? error : dropped(error)
    } finally {
      for (const { add, incomingFile, announcer, stored } of uploads) {
        stored?.[Symbol.dispose]()
        await this.#incomingFiles.remove(incomingFile)
        await announcer.withdraw()
        await this.#incomingFiles.dropPreview(board.id, add.id)
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
    const { name } = board.records.get(id) as ImageRecord
    const incomingFile = await this.#incomingFiles.spool(name, null, keepsMetadata(board))
    try {
      const party = partyOf(sender, board.id)
      const limit = this.#maxUpload
      await incomingFile.receive(source, { at: 0, limit, party, willBeStored: true })
      const stored = await this.#intake.store(incomingFile, id).catch((error: unknown) => {
        throw dropped(error)
      })
      const { settle } = stored
      // The record was added before anybody knew the size.
      const w = firstWidth(settle.width, settle.height)
      try {
        await board.act([settle, { kind: 'image.patch', id, set: { w } }], {
          ...sender,
          role: 'server',
        })
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

  async #open(board: LiveBoard, sender: Sender, picture: DirectPicture): Promise<Upload> {
    const { name, length, place } = picture
    const incomingFile = await this.#incomingFiles.spool(name, length, keepsMetadata(board))
    const id = uuidv7(Date.now(), randomBytes(10))
    const add = { kind: 'image.add', id, ...place, name } as const
    const announcer = new EarlyAnnouncer(this.#incomingFiles, this.#previews, {
      board,
      sender,
      add,
    })
    return { picture, add, incomingFile, announcer, stored: null }
  }

  async #receive(upload: Upload, party: Party): Promise<void> {
    const { add, incomingFile, announcer, picture } = upload
    const { source, isInForm } = picture
    const bytesArrived = () => announcer.bytesArrived(incomingFile)
    const limit = this.#maxUpload
    await incomingFile.receive(source, {
      at: 0,
      limit,
      party,
      willBeStored: true,
      ...(!isInForm && { bytesArrived }),
    })
    upload.stored = await this.#intake.store(incomingFile, add.id)
  }
}

/** Returns the error that says that its request is to be sent again, where that may help. */
const dropped = (error: unknown): unknown =>
  error instanceof WireError && error.code === 'busy'
    ? new WireError('busy', { ...error.facts, isDropped: true }, { cause: error.cause })
    : error

/**
 * Returns the commands that add and settle a received picture, `shift` board units to the right of its place.
 * One that is announced already is only settled.
 */
async function commandsFor(
  { picture, add, announcer, stored }: Upload,
  shift: number,
): Promise<Command[]> {
  const { settle } = stored!
  const { name, place, url } = picture
  const { width, height, thumbhash } = settle
  await announcer.whenIdle()
  const x = place.x === undefined ? undefined : place.x + shift
  return [
    ...(announcer.isAnnounced ? [] : [{ ...add, ...place, x, name, width, height, thumbhash }]),
    { ...settle, ...(url && { source: url }) },
  ]
}
