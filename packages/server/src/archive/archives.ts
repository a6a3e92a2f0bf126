import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { type ImageRecord, WireError } from '@wirephoto/board'
import type { LiveBoard } from '../boards/live-board.ts'
import type { ByteRange } from '../byte-range.ts'
import type { Checksums } from '../images/checksums.ts'
import type { StoredFiles } from '../images/stored-files.ts'
import {
  type AbsentPicture,
  type ArchiveEntry,
  type ArchiveForm,
  choosePictures,
  entriesOf,
  filesOf,
  hasFile,
  type PictureEntry,
  type Stand,
  type StoredPicture,
  standKeyOf,
  titleOf,
} from './contents.ts'
import type { ArchiveAddress, ArchivePlan, KeptPlans } from './kept-plans.ts'
import { ZipLayout } from './zip-layout.ts'
import { readZip, type ZipSource } from './zip-reader.ts'

/** Files that are looked at together before an archive is planned. */
const CHECKS_AT_ONCE_COUNT = 16

/** A new archive. */
export interface PlannedArchive {
  readonly address: ArchiveAddress
  readonly bytes: number
  readonly pictureCount: number
  /** The chosen pictures that it hasn't, and those that can't be read. */
  readonly absent: readonly AbsentPicture[]
}

/** An archive whose bytes can be read. */
export interface OpenArchive {
  readonly title: string
  readonly etag: string
  readonly bytes: number
  /**
   * Reads a range. It fails with `archive-gone` once a picture of it is gone for good. A file that isn't as it was
   * stored ends it before that file's last bytes.
   */
  read(range: ByteRange): AsyncGenerator<Buffer>
}

interface Parts {
  readonly files: StoredFiles
  readonly checksums: Checksums
  readonly plans: KeptPlans
  /** Finds the text of a plan that another server has made; null if none has it. */
  readonly findElsewhere: (address: ArchiveAddress) => Promise<string | null>
}

/** Archives of the pictures of boards: planned from records, and read from any byte on. */
export class Archives {
  readonly #files: StoredFiles
  readonly #checksums: Checksums
  readonly #plans: KeptPlans
  readonly #findElsewhere: Parts['findElsewhere']
  /** The plans that other servers are asked for, by address. */
  readonly #adopting = new Map<string, Promise<ArchivePlan | null>>()

  constructor({ files, checksums, plans, findElsewhere }: Parts) {
    this.#files = files
    this.#checksums = checksums
    this.#plans = plans
    this.#findElsewhere = findElsewhere
  }

  /** Plans an archive of the board as it is now: of all its pictures, or of those chosen. */
  async plan(
    board: LiveBoard,
    ids: readonly string[] | null,
    form: ArchiveForm,
  ): Promise<PlannedArchive> {
    // Another server may have appended what a page shows.
    await board.refresh()
    const at = board.cursor
    const chosen = choosePictures(board.records, ids)
    const title = titleOf(board.records)
    const address = { board: board.id, at, selection: ids && digestOf(ids), form }
    const { sound, damaged } = await this.#checkAll(chosen.pictures, form)
    const absent = [...chosen.absent, ...damaged]
    const stands = form === 'folder' ? await this.#standsFor(sound) : new Map<string, Stand>()
    const entries = entriesOf({ form, pictures: sound, absent, stands, title })
    const plan = await this.#plans.keep(address, { title, entries })
    const { bytes } = new ZipLayout(plan.entries)
    return { address, bytes, pictureCount: sound.length, absent }
  }

  /**
   * Opens the archive at an address. Rejects with `archive-gone` if it isn't kept and the board has gone on, or if a
   * picture of it is gone for good.
   */
  async open(board: LiveBoard, address: ArchiveAddress): Promise<OpenArchive> {
    const plan =
      (await this.#plans.find(address)) ??
      (await this.#adopt(address)) ??
      (await this.#planAgain(board, address))
    await this.#plans.renew(address)
    // On another server the pictures may be newer than its records.
    if (!plan.entries.every((entry) => isThere(board, entry))) await board.refresh()
    for (const entry of plan.entries) assertThere(board, entry)
    const layout = new ZipLayout(plan.entries)
    const source = new PlanSource(board, plan, this.#files, this.#checksums)
    return {
      title: plan.title,
      etag: plan.etag,
      bytes: layout.bytes,
      read: (range) => readZip(layout, source, range),
    }
  }

  /** Keeps the plan that another server has made, asked for once. Null if none has one that this build can read. */
  #adopt(address: ArchiveAddress): Promise<ArchivePlan | null> {
    const key = JSON.stringify(address)
    const known = this.#adopting.get(key)
    if (known) return known
    const adopt = async () => {
      const text = await this.#findElsewhere(address)
      return text === null ? null : await this.#plans.adopt(address, text)
    }
    const adopting = adopt().finally(() => this.#adopting.delete(key))
    this.#adopting.set(key, adopting)
    return adopting
  }

  /** Makes the plan of a board that still stands where the address says, as another server may have. */
  async #planAgain(board: LiveBoard, address: ArchiveAddress): Promise<ArchivePlan> {
    if (board.cursor !== address.at) await board.refresh()
    if (board.cursor !== address.at || address.selection !== null)
      throw new WireError('archive-gone')
    await this.plan(board, null, address.form)
    const plan = await this.#plans.find(address)
    if (!plan) throw new WireError('archive-gone')
    return plan
  }

  /** Tells the pictures whose files are as they were stored, as far as that is known without reading them. */
  async #checkAll(
    pictures: readonly StoredPicture[],
    form: ArchiveForm,
  ): Promise<{ sound: StoredPicture[]; damaged: AbsentPicture[] }> {
    const sound: StoredPicture[] = []
    const damaged: AbsentPicture[] = []
    for (let i = 0; i < pictures.length; i += CHECKS_AT_ONCE_COUNT) {
      const some = pictures.slice(i, i + CHECKS_AT_ONCE_COUNT)
      const areSound = await Promise.all(some.map((picture) => this.#isSound(picture, form)))
      some.forEach((picture, n) => {
        if (areSound[n]) sound.push(picture)
        else damaged.push({ id: picture.id, name: picture.name, why: 'damaged' })
      })
    }
    return { sound, damaged }
  }

  async #isSound(picture: StoredPicture, form: ArchiveForm): Promise<boolean> {
    try {
      for (const file of filesOf(picture, form)) await this.#files.check(file)
      return true
    } catch (error) {
      if (isFault(error)) return false
      throw error
    }
  }

  /** Finds the variants that an offline page shows. A picture without one is shown by its name. */
  async #standsFor(pictures: readonly StoredPicture[]): Promise<Map<string, Stand>> {
    const stands = new Map<string, Stand>()
    for (const picture of pictures) {
      const blob = standKeyOf(picture)
      const bytes = blob && (await this.#files.readVariant(blob))
      if (bytes) stands.set(picture.id, { blob, bytes: bytes.length, crc: crc32(bytes) })
    }
    return stands
  }
}

/** Reads the entries of a plan. */
class PlanSource implements ZipSource {
  readonly #board: LiveBoard
  readonly #plan: ArchivePlan
  readonly #files: StoredFiles
  readonly #checksums: Checksums
  #known: Promise<Map<string, number>> | null = null

  constructor(board: LiveBoard, plan: ArchivePlan, files: StoredFiles, checksums: Checksums) {
    this.#board = board
    this.#plan = plan
    this.#files = files
    this.#checksums = checksums
  }

  async crc(index: number): Promise<number> {
    const entry = this.#plan.entries[index]!
    if ('text' in entry) return crc32(entry.text)
    if (entry.crc !== undefined) return entry.crc
    this.#known ??= this.#checksums.find(
      new Set(this.#plan.entries.flatMap((each) => ('blob' in each ? [each.blob] : []))),
    )
    const known = await this.#known
    const crc = known.get(entry.blob) ?? (await this.#compute(entry))
    known.set(entry.blob, crc)
    return crc
  }

  async read(index: number, range: ByteRange): Promise<Readable | Buffer> {
    const entry = this.#plan.entries[index]!
    if ('text' in entry) return Buffer.from(entry.text).subarray(range.start, range.end)
    assertThere(this.#board, entry)
    if (entry.crc !== undefined) return (await this.#stand(entry)).subarray(range.start, range.end)
    return orGone(this.#files.read(entry, range))
  }

  /** Reads a file that was stored before sums were kept, and notes its sum. */
  async #compute(entry: PictureEntry): Promise<number> {
    assertThere(this.#board, entry)
    const file = await orGone(this.#files.read(entry))
    let crc = 0
    for await (const chunk of Buffer.isBuffer(file) ? [file] : (file as AsyncIterable<Buffer>))
      crc = crc32(chunk, crc)
    this.#checksums.note(entry.blob, crc)
    return crc
  }

  async #stand({ blob, crc }: PictureEntry): Promise<Buffer> {
    const bytes = await this.#files.readVariant(blob)
    // It was made again, by another decoder.
    if (!bytes || crc32(bytes) !== crc) throw new WireError('archive-gone')
    return bytes
  }
}

/** Names a selection, in whatever order it is. */
const digestOf = (ids: readonly string[]): string =>
  createHash('sha256')
    .update([...new Set(ids)].sort().join())
    .digest('base64url')
    .slice(0, 22)

/** Returns whether somebody who sees the board may still have this. */
function isThere(board: LiveBoard, entry: ArchiveEntry): boolean {
  if ('text' in entry) return true
  const record = board.records.get(entry.picture) as ImageRecord | undefined
  return hasFile(record, entry)
}

function assertThere(board: LiveBoard, entry: ArchiveEntry): void {
  if (!isThere(board, entry)) throw new WireError('archive-gone')
}

/** Returns whether a stored file is missing or damaged. */
const isFault = (error: unknown): boolean =>
  error instanceof WireError && (error.code === 'not-found' || error.code === 'internal')

/** Says that an archive is gone where a file of it can't be read any more. */
const orGone = <T>(reading: Promise<T>): Promise<T> =>
  reading.catch((cause: unknown) => {
    throw isFault(cause) ? new WireError('archive-gone', {}, { cause }) : cause
  })
