import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ImageRecord, WireError } from '@wirephoto/board'
import { type Engine, systemErrorCode } from '@wirephoto/engine'
import { pino } from 'pino'
import { BOUNDS } from '../bounds.ts'
import { Decoder } from './decoding/decoder.ts'
import { withVariants } from './ended-blob-remover.ts'
import { isSuspicious } from './lost-database.ts'
import { StoredFiles } from './stored-files.ts'
import { NOTES_COUNT } from './unexplained-blobs.ts'
import { variantKey } from './variant-key.ts'
import { storeVariants } from './variant-maker.ts'

/** A file without a record isn't told of before: its record may be on its way. */
const UNNAMED_MIN_AGE_MS = 3_600_000
/** Suspects after which a board is read again: a lost store has as many as there are pictures. */
const SUSPECTS_PER_LOOK_COUNT = 1_000

export type FindingKind = 'missing' | 'rotten' | 'variant-missing' | 'variant-rotten' | 'unnamed'

/** One stored file that isn't as it should be. */
export interface Finding {
  readonly kind: FindingKind
  /** The name under which it is stored. */
  readonly blob: string
  /** The first picture that names it; null for an unnamed file, and for one that only history names. */
  readonly picture: { readonly board: string; readonly id: string; readonly name: string } | null
  /** Whether it has been made again. */
  readonly isMended: boolean
}

/** The files that have been read so far. */
export interface CheckProgress {
  readonly files: number
  readonly bytes: number
}

interface CheckOptions {
  /** Makes variants again that are missing or rotten. Nothing else is changed. */
  readonly mends: boolean
  readonly onFinding: (finding: Finding) => void
  readonly onProgress: (progress: CheckProgress) => void
}

/** A record of a stored picture. */
type StoredRecord = ImageRecord & { readonly blob: string; readonly bytes: number }

/** A picture's file or its source; one that only history names has no record. */
interface NamedPicture {
  readonly blob: string
  readonly bytes: number | null
  readonly record: StoredRecord | null
}

interface NamedVariant {
  readonly blob: string
  readonly side: number
  readonly record: StoredRecord
}

type NamedFile = NamedPicture | NamedVariant
type Suspect = NamedFile & { readonly kind: FindingKind }
type LostVariant = Pick<NamedVariant, 'blob' | 'side'> & { readonly kind: FindingKind }

/**
 * Reads every stored file once and tells of those that aren't as they were stored. Servers may run on the engine
 * meanwhile. In memory are one board, one chunk, and the names of all files.
 */
export async function checkStored(engine: Engine, options: CheckOptions): Promise<CheckProgress> {
  await using check = new StoredCheck(engine, options)
  await check.run()
  return check.progress
}

/** Whether a check has found so many files without a picture that the database may have been lost. */
export const hasManyUnnamed = ({ files }: CheckProgress, unnamedCount: number): boolean =>
  isSuspicious(unnamedCount, files + unnamedCount, BOUNDS['unexplained-percent'].value)

class StoredCheck implements AsyncDisposable {
  readonly #engine: Engine
  readonly #options: CheckOptions
  readonly #files: StoredFiles
  /** Names of the files that have been looked at, and of those that records may have. */
  readonly #named = new Set<string>()
  readonly #checked = new Set<string>()
  /** Files that get a second look, since a server may have purged or healed them meanwhile. */
  #suspects: Suspect[] = []
  /** Pictures and frames that are at fault. */
  readonly #unsound = new Set<string>()
  #decoder: Decoder | null = null
  #folder: string | null = null
  progress = { files: 0, bytes: 0 }

  constructor(engine: Engine, options: CheckOptions) {
    this.#engine = engine
    this.#options = options
    this.#files = new StoredFiles(engine.blobs, pino({ level: 'silent' }))
  }

  async run(): Promise<void> {
    for (const { board } of await this.#engine.boards.list()) await this.#checkBoard(board)
    await this.#findUnnamed()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#decoder?.close()
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true })
  }

  async #checkBoard(board: string): Promise<void> {
    const { records, frames } = await this.#read(board)
    for (const record of records) {
      this.#nameFilesOf(record)
      for (const file of filesOf(record)) await this.#check({ ...file, record })
      for (const side of record.variants ?? [])
        await this.#check({ blob: variantKey(record.blob, side), side, record })
      if (this.#suspects.length >= SUSPECTS_PER_LOOK_COUNT) await this.#lookAgain(board)
    }
    for (const blob of frames) {
      this.#nameVariantsOf(blob)
      await this.#check({ blob, bytes: null, record: null })
    }
    await this.#lookAgain(board)
  }

  /** Reads a file once, whatever the number of its records. */
  async #check(file: NamedFile): Promise<void> {
    this.#named.add(file.blob)
    if (this.#checked.has(file.blob)) return
    this.#checked.add(file.blob)
    const { kind, bytes } = await this.#faultOf(file)
    if (kind) this.#suspects.push({ ...file, kind })
    this.progress.files++
    this.progress.bytes += bytes
    this.#options.onProgress(this.progress)
  }

  /** Tells of the suspects that a board still names and that are still at fault. Mends their variants. */
  async #lookAgain(board: string): Promise<void> {
    const suspects = this.#suspects
    this.#suspects = []
    if (suspects.length === 0) return
    const { records, frames } = await this.#read(board)
    const named = new Set(frames)
    for (const record of records) for (const { blob } of filesOf(record)) named.add(blob)
    const lost = new Map<StoredRecord, LostVariant[]>()
    for (const suspect of suspects) {
      const { record, blob } = suspect
      if (!named.has('side' in suspect ? suspect.record.blob : blob)) continue
      const { kind } = await this.#faultOf(suspect)
      if (!kind) continue
      if ('side' in suspect) {
        const { side } = suspect
        lost.set(suspect.record, [...(lost.get(suspect.record) ?? []), { kind, blob, side }])
        continue
      }
      this.#unsound.add(blob)
      this.#tell({ kind, blob, picture: pictureOf(board, record), isMended: false })
    }
    for (const [record, variants] of lost) await this.#tellLost(board, record, variants)
  }

  async #faultOf(file: NamedFile): Promise<{ kind: FindingKind | null; bytes: number }> {
    return 'side' in file ? this.#faultOfVariant(file.blob) : this.#faultOfPicture(file)
  }

  async #faultOfVariant(key: string): Promise<{ kind: FindingKind | null; bytes: number }> {
    const bytes = await this.#files.readVariant(key)
    if (bytes) return { kind: null, bytes: bytes.length }
    const isThere = (await this.#engine.blobs.stat(key)) !== null
    return { kind: isThere ? 'variant-rotten' : 'variant-missing', bytes: 0 }
  }

  async #faultOfPicture({ blob, bytes: expected }: NamedPicture): Promise<{
    kind: FindingKind | null
    bytes: number
  }> {
    const { blobs } = this.#engine
    const hash = createHash('sha256')
    let bytes = 0
    try {
      const found = await blobs.stat(blob)
      if (!found) return { kind: 'missing', bytes }
      if (expected !== null && found.size !== expected) return { kind: 'rotten', bytes }
      for await (const chunk of (await blobs.get(blob)) as AsyncIterable<Buffer>) {
        hash.update(chunk)
        bytes += chunk.length
      }
    } catch (error) {
      // A chunk that isn't there, or a bad sector.
      const isRotten = error instanceof WireError && error.code === 'not-found'
      if (!isRotten && systemErrorCode(error) !== 'EIO') throw error
      return { kind: 'rotten', bytes }
    }
    return { kind: hash.digest('hex') === blob ? null : 'rotten', bytes }
  }

  /** Tells of a picture's variants, and makes them again if the picture is sound. */
  async #tellLost(
    board: string,
    record: StoredRecord,
    variants: readonly LostVariant[],
  ): Promise<void> {
    const isMendable = this.#options.mends && !this.#unsound.has(record.blob)
    const sides = variants.map(({ side }) => side)
    const made = isMendable ? await this.#remake(record, sides) : []
    const picture = pictureOf(board, record)
    for (const { kind, blob, side } of variants)
      this.#tell({ kind, blob, picture, isMended: made.includes(side) })
  }

  /** Makes variants again. Returns those that could be made. */
  async #remake(record: StoredRecord, sides: readonly number[]): Promise<readonly number[]> {
    const { blobs } = this.#engine
    this.#decoder ??= new Decoder()
    this.#folder ??= await mkdtemp(join(tmpdir(), 'wirephoto-check-'))
    try {
      const bytes = await this.#files.read(record)
      const place = { blobs, decoder: this.#decoder, folder: this.#folder }
      return await storeVariants(place, { record, bytes, sides })
    } catch (error) {
      if (error instanceof WireError && !ENDS_CHECK.has(error.code)) return []
      throw error
    }
  }

  /** Reads what a board names now: nothing if it was removed. */
  async #read(board: string): Promise<{ records: StoredRecord[]; frames: readonly string[] }> {
    try {
      const { records } = await this.#engine.log.load(board)
      const frames = await this.#engine.history.blobs(board)
      return { records: records.filter(isStored), frames }
    } catch (error) {
      if (error instanceof WireError && error.code === 'unknown-board')
        return { records: [], frames: [] }
      throw error
    }
  }

  async #findUnnamed(): Promise<void> {
    const { blobs, boards, endedBlobs } = this.#engine
    const unnamed = new Set<string>()
    for await (const blob of blobs.list()) if (!this.#named.has(blob)) unnamed.add(blob)
    if (unnamed.size === 0) return
    // Pictures that have come since the boards were read.
    for (const { board } of await boards.list()) {
      const { records, frames } = await this.#read(board)
      for (const record of records) this.#nameFilesOf(record)
      for (const blob of frames) this.#nameVariantsOf(blob)
    }
    // The notes come last, since a server writes them after it has purged a record.
    for (const { sha256 } of await endedBlobs.list(NOTES_COUNT)) this.#nameVariantsOf(sha256)
    const before = Date.now() - UNNAMED_MIN_AGE_MS
    for (const blob of unnamed) {
      if (this.#named.has(blob)) continue
      const touchedAt = await blobs.touchedAt(blob)
      if (touchedAt === null || touchedAt > before) continue
      this.#tell({ kind: 'unnamed', blob, picture: null, isMended: false })
    }
  }

  #nameFilesOf(record: StoredRecord): void {
    for (const { blob } of filesOf(record)) this.#named.add(blob)
    this.#nameVariantsOf(record.blob)
  }

  #nameVariantsOf(blob: string): void {
    for (const name of withVariants(blob)) this.#named.add(name)
  }

  #tell(finding: Finding): void {
    this.#options.onFinding(finding)
  }
}

/** The errors after which nothing more can be read or mended. */
const ENDS_CHECK: ReadonlySet<string> = new Set(['away', 'disk-full', 'stopping'])

/** Lists a picture's own file and its source. */
const filesOf = ({ blob, bytes, original }: StoredRecord) =>
  original ? [{ blob, bytes }, original] : [{ blob, bytes }]

const isStored = (record: { readonly kind: string }): record is StoredRecord =>
  record.kind === 'image' && (record as ImageRecord).blob !== null

const pictureOf = (board: string, record: ImageRecord | null): Finding['picture'] =>
  record && { board, id: record.id, name: record.name }
