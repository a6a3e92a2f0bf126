import type { Readable } from 'node:stream'
import {
  type ImageRecord,
  type MediaType,
  type Notice,
  type StoredImage,
  settings,
  WireError,
} from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import { type Boards, SERVER } from '../../boards/boards.ts'
import type { LiveBoard } from '../../boards/live-board.ts'
import type { Sender } from '../../boards/sender.ts'
import { toWireError } from '../../errors.ts'
import { failpoint } from '../../failpoint.ts'
import { partyOf } from '../../fairness/party.ts'
import { isAnonymous } from '../../visitors.ts'
import type { LastSweep } from '../last-sweep.ts'
import { UNSUSPICIOUS_COUNT } from '../lost-database.ts'
import type { IncomingFile } from './incoming-file.ts'
import type { IncomingFiles, PictureKey } from './incoming-files.ts'
import { naming, type PictureStore, type StoredFile, settling } from './picture-store.ts'
import type { Previews } from './previews.ts'
import { isArriving } from './progress.ts'
import type { UploadTarget } from './sidecar.ts'

/** Stored pictures whose notices are kept for a sender who asks again after a lost answer. */
const MAX_NOTICES_COUNT = 10_000

interface IntakeOptions {
  readonly engine: Pick<Engine, 'health'>
  readonly lastSweep: Pick<LastSweep, 'state'>
  /** Bytes of a picture. */
  readonly maxUpload: number
  readonly log: FastifyBaseLogger
}

/**
 * Takes every file from its first byte to the stored picture. Here are resumable uploads, and the steps that
 * they share with direct ones:
 *
 *     complete file -> scrubbed -> validated -> blob -> settled record -> file removed
 *
 * Each step may run again. A crash between any two loses nothing and leaves nothing behind (F1).
 */
export class Intake {
  readonly #boards: Boards
  readonly #incomingFiles: IncomingFiles
  readonly #store: PictureStore
  readonly #previews: Previews
  readonly #engine: IntakeOptions['engine']
  readonly #lastSweep: IntakeOptions['lastSweep']
  readonly #maxUpload: number
  readonly #log: FastifyBaseLogger
  readonly #finishing = new Map<IncomingFile, Promise<ImageRecord>>()
  /** Notices for the senders of stored pictures, by board and picture. */
  readonly #notices = new LRUCache<string, readonly Notice[]>({ max: MAX_NOTICES_COUNT })

  constructor(
    boards: Boards,
    incomingFiles: IncomingFiles,
    store: PictureStore,
    previews: Previews,
    { engine, lastSweep, maxUpload, log }: IntakeOptions,
  ) {
    this.#boards = boards
    this.#incomingFiles = incomingFiles
    this.#store = store
    this.#previews = previews
    this.#engine = engine
    this.#lastSweep = lastSweep
    this.#maxUpload = maxUpload
    this.#log = log
  }

  /** Begins a resumable upload. A final refusal fails the record too. */
  async begin(
    upload: Omit<UploadTarget, 'keepMetadata' | 'ownerAddress'>,
    party?: Sender,
  ): Promise<IncomingFile> {
    const { board, id, length } = upload
    try {
      using held = await this.#boards.hold(board)
      const keepMetadata = keepsMetadata(held.board)
      await this.#incomingFiles.verified(this.#incomingFiles.get(board, id))
      const ownerAddress = party && isAnonymous(party.visitor) ? party.address : undefined
      // Its picture was counted when it was announced.
      const wanted = { pictures: 0, bytes: length }
      const admit = () => party && held.board.quota.admit(party, wanted, true)
      const target = { ...upload, keepMetadata, ownerAddress }
      return await this.#incomingFiles.create(target, party, admit)
    } catch (error) {
      if (isFinal(toWireError(error, this.#log))) {
        using held = await this.#boards.hold(board)
        await this.fail(held.board, id)
      }
      throw error
    }
  }

  /**
   * Receives a part of a resumable upload from the byte `at` on. Resolves to the stored picture after the last
   * part, else to null. A final refusal removes the upload and its record.
   */
  async receive(
    incomingFile: IncomingFile,
    source: Readable,
    at: number,
    sender: Sender = SERVER,
  ): Promise<ImageRecord | null> {
    const { board, id } = incomingFile.target!
    try {
      using held = await this.#boards.hold(board)
      const bytesArrived = () => this.#previews.bytesArrived(incomingFile, held.board, id)
      const party = partyOf(sender, board)
      await incomingFile.receive(source, { at, limit: this.#maxUpload, party, bytesArrived })
    } catch (error) {
      if (isFinal(toWireError(error, this.#log))) await this.cancel(incomingFile)
      throw error
    }
    return incomingFile.isComplete ? this.finish(incomingFile) : null
  }

  /** Makes a complete upload a stored picture. Further callers share the result. */
  finish(incomingFile: IncomingFile): Promise<ImageRecord> {
    const running = this.#finishing.get(incomingFile)
    if (running) return running
    const finished = this.#finish(incomingFile).finally(() => this.#finishing.delete(incomingFile))
    this.#finishing.set(incomingFile, finished)
    return finished
  }

  /** Returns the upload of an arriving picture. Removes one whose picture no longer waits for it. */
  async pendingUpload(board: LiveBoard, id: string): Promise<IncomingFile | undefined> {
    const incomingFile = await this.#incomingFiles.verified(this.#incomingFiles.get(board.id, id))
    if (!incomingFile || isArriving(board.records.get(id))) return incomingFile
    if (await this.isDataSound()) await this.#incomingFiles.remove(incomingFile)
    return undefined
  }

  /** Returns whether a missing record tells that nobody waits for a file; else it may have been lost (E20). */
  async isDataSound(): Promise<boolean> {
    if (this.#lastSweep.state.kind === 'stopped') return false
    return (await this.#engine.health().catch(() => null))?.length === 0
  }

  /** Cancels an upload and fails its record. */
  async cancel(incomingFile: IncomingFile): Promise<void> {
    // The record comes first: the next start removes a file without a record.
    const { board, id } = incomingFile.target!
    using held = await this.#boards.hold(board)
    await this.fail(held.board, id)
    await this.#incomingFiles.remove(incomingFile)
  }

  /** Makes a complete file a blob. Rejects as `PictureStore.store` does. */
  store(incomingFile: IncomingFile, id: string): Promise<StoredFile> {
    return this.#store.store(incomingFile, id)
  }

  /** Ends what `store` has stored for a picture that was refused. */
  discard(stored: StoredFile, reason: unknown): Promise<void> {
    return this.#store.discard(stored, reason)
  }

  /** Validates a complete file without storing it. Rejects as `PictureStore.check` does. */
  check(incomingFile: IncomingFile): Promise<MediaType> {
    return this.#store.check(incomingFile)
  }

  /** Shows a settled picture and enqueues its variants. Returns its record. */
  settled(
    board: LiveBoard,
    id: string,
    { preview, notices, party }: Pick<StoredFile, 'preview' | 'notices' | 'party'>,
  ): StoredImage {
    if (notices.length > 0) this.#notices.set(`${board.id}/${id}`, notices)
    this.#previews.showStored(board.id, id, preview)
    return { ...this.#store.settled(board, id, party), notices }
  }

  /** Returns what the sender of a stored picture should know; nothing after a restart. */
  noticesOf(board: string, id: string): readonly Notice[] {
    return this.#notices.get(`${board}/${id}`) ?? []
  }

  /** Fails the record of a picture that will never arrive. */
  async fail(board: LiveBoard, id: string): Promise<void> {
    await this.#previews.drop(board.id, id)
    try {
      await board.act([{ kind: 'image.fail', id }], SERVER)
    } catch (error) {
      // It is gone or settled already. If the disk is full, the garbage collector fails it later.
      if (!(error instanceof WireError)) this.#log.warn({ err: error }, 'record not failed')
    }
  }

  /** Removes what came of a picture that is gone: its upload and its preview. */
  async drop(board: string, id: string): Promise<void> {
    const incomingFile = this.#incomingFiles.get(board, id)
    if (incomingFile) await this.#incomingFiles.remove(incomingFile)
    await this.#previews.drop(board, id)
  }

  /** Finishes, restores or removes the uploads of an earlier process. */
  async resume(): Promise<void> {
    this.#previews.restore()
    for (const picture of this.#incomingFiles.orphans.splice(0)) await this.#failOrphan(picture)
    const unnamed: IncomingFile[] = []
    for (const incomingFile of this.#incomingFiles.list())
      try {
        if (!(await this.#resume(incomingFile))) unnamed.push(incomingFile)
      } catch (error) {
        if (!(error instanceof WireError)) this.#log.error({ err: error }, 'upload not finished')
        else if (error.code === 'unknown-board') unnamed.push(incomingFile)
      }
    if (unnamed.length > UNSUSPICIOUS_COUNT || !(await this.isDataSound())) return
    for (const incomingFile of unnamed) await this.#incomingFiles.remove(incomingFile)
  }

  /** Fails a picture that an earlier process announced. If nobody can tell, the next start tries again. */
  async #failOrphan(picture: PictureKey): Promise<void> {
    const { board, id } = picture
    try {
      using held = await this.#boards.hold(board)
      await this.fail(held.board, id)
    } catch (error) {
      if (!(error instanceof WireError && error.code === 'unknown-board')) return
    }
    await this.#incomingFiles.removeMark(picture)
  }

  /** Goes on with an upload. Resolves to false if no record waits for it. */
  async #resume(incomingFile: IncomingFile): Promise<boolean> {
    const { board, id } = incomingFile.target!
    using held = await this.#boards.hold(board)
    await this.#incomingFiles.verified(incomingFile)
    if (!isArriving(held.board.records.get(id))) return false
    if (incomingFile.isComplete) await this.finish(incomingFile)
    else this.#previews.reportOffset(incomingFile, board, id)
    return true
  }

  async #finish(incomingFile: IncomingFile): Promise<ImageRecord> {
    const { board, id } = incomingFile.target!
    using held = await this.#boards.hold(board)
    const stored = await this.#settle(incomingFile, held.board, id)
    failpoint('picture.settled')
    const record = this.settled(held.board, id, stored)
    await this.#incomingFiles.remove(incomingFile)
    return record
  }

  async #settle(incomingFile: IncomingFile, board: LiveBoard, id: string): Promise<StoredFile> {
    let stored: StoredFile | undefined
    try {
      const file = await this.#store.store(incomingFile, id)
      stored = file
      await naming([file], () => board.act(settling(file), { ...file.party, role: 'server' }))
      stored[Symbol.dispose]()
      return stored
    } catch (error) {
      if (stored) await this.#store.discard(stored, error)
      const refusal = toWireError(error, this.#log)
      // The picture was purged, failed, or settled by other bytes.
      if (refusal.code === 'unknown-picture' || refusal.code === 'conflict') {
        if (await this.isDataSound()) await this.#incomingFiles.remove(incomingFile)
        throw new WireError('upload-gone')
      }
      if (isFinal(refusal)) await this.cancel(incomingFile)
      throw refusal
    }
  }
}

export const keepsMetadata = ({ records }: LiveBoard): boolean => settings(records).keepMetadata

/** Returns whether it is useless to send the same bytes again. */
const isFinal = ({ code, status }: WireError): boolean =>
  (status >= 413 && status <= 422) || code === 'empty-file' || status === 507
