import { randomUUID } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RefusedTypes, WireError } from '@wirephoto/board'
import { makeFolder, removeFile } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { pino } from 'pino'
import type { LiveBoard } from '../../boards/live-board.ts'
import type { Promised } from '../../boards/picture-quota.ts'
import { type Bounds, boundsWith } from '../../bounds.ts'
import { FairSlots } from '../../fairness/fair-slots.ts'
import { IncomingFile, type SenderBounds } from './incoming-file.ts'
import { type KeptPreview, KeptPreviews } from './kept-previews.ts'
import { isArriving } from './progress.ts'
import { readSidecar, type UploadTarget } from './sidecar.ts'
import { UploadBounds, type UploadClaim, type UploadParty } from './upload-bounds.ts'

type Log = Pick<FastifyBaseLogger, 'warn' | 'error'>

const ROTTEN_UPLOAD = 'an upload is not as it came: its sender begins again'

/** The file with all previews: an upload's name has a dot. */
const PREVIEWS_NAME = 'previews'

/** A picture of a board. */
export interface PictureKey {
  readonly board: string
  /** Id of the picture. */
  readonly id: string
}

const NO_PREVIEW: KeptPreview = { sidePx: 0, count: 0 }

/**
 * The files that are being sent, in a folder of their own.
 *
 * - `<board>.<id>` is a resumable upload; `<board>.<id>.json` contains how much of it is durable.
 * - `<board>.<id>.held` contains bytes that the scrubber held back when a body ended.
 * - `previews` contains the pictures' previews, which may arrive before their files.
 * - `<board>.<id>.volatile` marks a picture that is announced and can't be resumed.
 * - Every other file belongs to one request, and is removed after a crash.
 */
export class IncomingFiles {
  readonly #folder: string
  readonly #log: Log
  readonly #resumable = new Map<string, IncomingFile>()
  /** Files that are announced, but live and die with their request. */
  readonly #volatile = new Map<string, IncomingFile>()
  readonly #previews: KeptPreviews
  /** Removals of uploads that are under way: the next upload of the picture has the same files. */
  readonly #removals = new Map<string, Promise<void>>()
  /** Pictures that an earlier process announced and that will never arrive. */
  readonly orphans: PictureKey[] = []
  readonly #senders: SenderBounds
  readonly #bounds: UploadBounds<IncomingFile>
  /** Files that live and die with their request. */
  readonly #spooled = new Set<IncomingFile>()
  /** Resolves when no upload is being admitted: each is measured beside those before it. */
  #admitting: Promise<unknown> = Promise.resolve()

  private constructor(
    folder: string,
    previews: KeptPreviews,
    bounds: Bounds,
    refusedTypes: RefusedTypes,
    log: Log,
  ) {
    this.#folder = folder
    this.#previews = previews
    this.#log = log
    this.#senders = {
      slots: new FairSlots(bounds['upload-bodies']),
      leastRate: bounds['upload-rate'],
      refusedTypes,
    }
    this.#bounds = new UploadBounds(folder, bounds, (incomingFile) => this.remove(incomingFile))
  }

  /** Opens the folder. Restores the uploads of an earlier process up to their durable offset (F1). */
  static async open(
    folder: string,
    bounds = boundsWith(),
    refusedTypes: RefusedTypes = new Set(),
    log: Log = pino({ level: 'silent' }),
  ): Promise<IncomingFiles> {
    await makeFolder(folder)
    const previews = await KeptPreviews.open(join(folder, PREVIEWS_NAME), log)
    const incomingFiles = new IncomingFiles(folder, previews, bounds, refusedTypes, log)
    const names = new Set(await readdir(folder))
    names.delete(PREVIEWS_NAME)
    for (const name of names) await incomingFiles.#restore(name, names)
    return incomingFiles
  }

  /**
   * Returns a resumable upload's file, or undefined, once the bytes of an earlier process have been compared with
   * what came. If they are rotten, the upload stands at its start again.
   */
  async verified(incomingFile: IncomingFile | undefined): Promise<IncomingFile | undefined> {
    if (incomingFile && !(await incomingFile.verify()))
      this.#log.warn({ upload: keyOf(incomingFile.target!) }, ROTTEN_UPLOAD)
    return incomingFile
  }

  /** Returns the resumable uploads. */
  list(): IncomingFile[] {
    return [...this.#resumable.values()]
  }

  /** Returns the resumable upload of a picture. */
  get(board: string, id: string): IncomingFile | undefined {
    return this.#resumable.get(keyOf({ board, id }))
  }

  /** Returns the file of an announced picture, resumable or not. */
  findAnnounced(board: string, id: string): IncomingFile | undefined {
    return this.get(board, id) ?? this.#volatile.get(keyOf({ board, id }))
  }

  /** Yields the pictures that have a preview. */
  *withPreview(): Generator<PictureKey> {
    for (const key of this.#previews.keys()) {
      const [board, id] = key.split('.')
      yield { board: board!, id: id! }
    }
  }

  hasPreview(board: string, id: string): boolean {
    return this.#previews.get(keyOf({ board, id })) !== undefined
  }

  /** Returns how large a picture's preview is, and the number of those that it has had. */
  previewOf(board: string, id: string): KeptPreview {
    return this.#previews.get(keyOf({ board, id })) ?? NO_PREVIEW
  }

  /** Reads a preview, WebP; null if there is none. */
  readPreview(board: string, id: string): Promise<Buffer | null> {
    return this.#previews.read(keyOf({ board, id }))
  }

  /** Keeps a preview, WebP, for viewers who come later, instead of an earlier one. It goes with the upload. */
  keepPreview(board: string, id: string, bytes: Buffer, sidePx: number): void {
    this.#previews.keep(keyOf({ board, id }), bytes, sidePx)
  }

  /** Writes the previews to disk that aren't there yet. */
  savePreviews(): Promise<void> {
    return this.#previews.save()
  }

  dropPreview(board: string, id: string): Promise<void> {
    return this.#previews.drop(keyOf({ board, id }))
  }

  /**
   * Begins a resumable upload durably. Returns the one that exists if it has the same length, and rejects with
   * `conflict` if it has another. Rejects with `too-many` for a party that has begun enough, and with `disk-full`
   * if the disk has no room beside what others are promised. `admit` throws what else keeps it from beginning.
   */
  async create(
    target: UploadTarget,
    party?: UploadParty,
    admit: () => void = () => {},
  ): Promise<IncomingFile> {
    const { board, id, length } = target
    await this.#removals.get(keyOf(target))
    const incomingFile = this.get(board, id) ?? (await this.#admit(target, party, admit))
    if (incomingFile.length !== length) throw new WireError('conflict')
    await incomingFile.create().catch(async (error: unknown) => {
      await this.remove(incomingFile)
      throw error
    })
    return incomingFile
  }

  /**
   * Returns a file that lives and dies with its request. `length` is null if the sender doesn't say. `admit` throws what
   * keeps it from beginning, else says what it has been promised.
   */
  async spool(
    name: string,
    length: number | null,
    { keepMetadata = false, admit }: { keepMetadata?: boolean; admit?: () => UploadClaim } = {},
  ): Promise<IncomingFile> {
    if (length !== null) await this.#bounds.checkSpace(length, () => this.#begun())
    const file = { name, length, keepMetadata }
    const path = join(this.#folder, randomUUID())
    const incomingFile = new IncomingFile(path, file, this.#senders)
    incomingFile.claim = admit?.()
    this.#spooled.add(incomingFile)
    return incomingFile
  }

  /**
   * Marks a picture as announced although it can't be resumed, so that the next start fails its record after a
   * crash. Returns a function that removes the mark.
   */
  async announceVolatile(
    picture: PictureKey,
    incomingFile: IncomingFile,
  ): Promise<() => Promise<void>> {
    const key = keyOf(picture)
    await writeFile(this.#markOf(key), '')
    this.#volatile.set(key, incomingFile)
    return () => this.removeMark(picture)
  }

  /** Removes the mark of an announced picture, after it is stored or its record has failed. */
  async removeMark(picture: PictureKey): Promise<void> {
    const key = keyOf(picture)
    this.#volatile.delete(key)
    await this.#tryToRemove(removeFile(this.#markOf(key)))
  }

  #markOf(key: string): string {
    return join(this.#folder, `${key}.volatile`)
  }

  /** Removes an upload with its preview. Idempotent. The next start removes what the disk keeps. */
  async remove(incomingFile: IncomingFile): Promise<void> {
    const { target } = incomingFile
    this.#spooled.delete(incomingFile)
    if (!target) return this.#tryToRemove(incomingFile.discard())
    const key = keyOf(target)
    if (this.#resumable.get(key) !== incomingFile) return this.#removals.get(key)
    this.#resumable.delete(key)
    const removal = this.#removeFiles(incomingFile, target)
    this.#removals.set(key, removal)
    await removal
    this.#removals.delete(key)
  }

  async #removeFiles(incomingFile: IncomingFile, target: PictureKey): Promise<void> {
    await this.dropPreview(target.board, target.id)
    await this.#tryToRemove(incomingFile.discard())
  }

  /** Waits for a removal. If it fails, that is logged and nobody else's failure. */
  #tryToRemove(removal: Promise<void>): Promise<void> {
    return removal.catch((error: unknown) => {
      this.#log.warn({ err: error }, 'an upload is not removed from the disk')
    })
  }

  /** Breaks off the resumable uploads; resolves when their bytes are durable, and previews are saved. */
  async close(): Promise<void> {
    await Promise.all(this.list().map((incomingFile) => incomingFile.stop()))
    await this.#previews.close()
  }

  /** Restores the file `name` of an earlier process, or removes it. */
  async #restore(name: string, names: ReadonlySet<string>): Promise<void> {
    const [, board, id] = /^([^.]+)\.([^.]+)\.volatile$/.exec(name) ?? []
    if (board && id) {
      // Its mark stays until the record has failed: this process may end before that.
      this.orphans.push({ board, id })
      return
    }
    const key = name.replace(/\.(?:json|held)$/, '')
    const sidecar = names.has(key) && (await readSidecar(join(this.#folder, `${key}.json`)))
    // Its sender begins again (U13).
    if (sidecar === 'unreadable' && name === key) this.#log.warn({ upload: key }, ROTTEN_UPLOAD)
    if (!sidecar || sidecar === 'unreadable' || keyOf(sidecar) !== key)
      await rm(join(this.#folder, name), { recursive: true, force: true })
    else if (name === key) await this.#add(sidecar).restore(sidecar)
  }

  /** Returns what files on their way have been promised of a board. A stored picture counts by its record. */
  promised(
    { id: board, records }: Pick<LiveBoard, 'id' | 'records'>,
    which: 'all' | 'without record',
  ): Promised[] {
    const promised: Promised[] = []
    for (const { claim } of this.#spooled) {
      if (claim?.board !== board) continue
      const record = records.get(claim.id)
      if (!record) promised.push({ link: claim.link, pictures: 1, bytes: claim.bytes })
      else if (which === 'all' && isArriving(record))
        promised.push({ link: claim.link, pictures: 0, bytes: claim.bytes })
    }
    // A resumable upload begins with the record of its picture.
    if (which === 'without record') return promised
    for (const { target, length } of this.#resumable.values()) {
      const record = target?.board === board ? records.get(target.id) : undefined
      if (isArriving(record)) promised.push({ link: record.link, pictures: 0, bytes: length ?? 0 })
    }
    return promised
  }

  /** The uploads whose rest is still to come: those that make room for others, and those that can't. */
  #begun(): IncomingFile[] {
    return [...this.#resumable.values(), ...this.#spooled]
  }

  /** Begins an upload after those that asked before. */
  #admit(
    target: UploadTarget,
    party: UploadParty | undefined,
    admit: () => void,
  ): Promise<IncomingFile> {
    const admitted = this.#admitting.then(async () => {
      // Another request may have begun it meanwhile.
      const known = this.get(target.board, target.id)
      if (known) return known
      await this.#bounds.admit(target.length, party, () => this.#begun())
      const begun = this.get(target.board, target.id)
      if (!begun) admit()
      const incomingFile = begun ?? this.#add(target)
      incomingFile.begunBy = party
      return incomingFile
    })
    this.#admitting = admitted.catch(() => {})
    return admitted
  }

  #add(target: UploadTarget): IncomingFile {
    const key = keyOf(target)
    const incomingFile = new IncomingFile(join(this.#folder, key), target, this.#senders, target)
    this.#resumable.set(key, incomingFile)
    return incomingFile
  }
}

const keyOf = ({ board, id }: PictureKey): string => `${board}.${id}`
