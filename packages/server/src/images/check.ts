import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ImageRecord, STAND_IN_SIDE_PX, VARIANT_SIDES_PX, WireError } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import { pino } from 'pino'
import { Decoder } from './decoding/decoder.ts'
import { StoredFiles } from './stored-files.ts'
import { variantKey } from './variant-key.ts'
import { storeVariants } from './variant-maker.ts'

/** A file without a record isn't told of before: its record may be on its way. */
const UNNAMED_MIN_AGE_MS = 3_600_000

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

/**
 * Reads every stored file once and tells of those that aren't as they were stored. Servers may run on the engine
 * meanwhile. In memory are one board, one chunk, and the names of all files.
 */
export async function checkStored(engine: Engine, options: CheckOptions): Promise<CheckProgress> {
  await using check = new StoredCheck(engine, options)
  await check.run()
  return check.progress
}

class StoredCheck implements AsyncDisposable {
  readonly #engine: Engine
  readonly #options: CheckOptions
  readonly #files: StoredFiles
  /** Names of the files that have been looked at, and of those that records may have. */
  readonly #named = new Set<string>()
  readonly #checked = new Set<string>()
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
    const { records } = await this.#engine.log.load(board).catch((error: unknown) => {
      // It was removed meanwhile.
      if (error instanceof WireError && error.code === 'unknown-board') return { records: [] }
      throw error
    })
    for (const record of records) {
      if (!isStored(record)) continue
      this.#nameFilesOf(record.blob)
      const isSound = await this.#checkFile(record.blob, record.bytes, board, record)
      const { original } = record
      if (original) await this.#checkFile(original.blob, original.bytes, board, record)
      await this.#checkVariants(board, record, isSound)
    }
    for (const blob of await this.#engine.history.blobs(board)) {
      this.#nameFilesOf(blob)
      await this.#checkFile(blob, null, board, null)
    }
  }

  #nameFilesOf(blob: string): void {
    for (const side of ALL_SIDES) this.#named.add(variantKey(blob, side))
  }

  /** Reads a file once, whatever the number of its records. Resolves to whether it is sound. */
  async #checkFile(
    blob: string,
    bytes: number | null,
    board: string,
    record: ImageRecord | null,
  ): Promise<boolean> {
    if (this.#checked.has(blob)) return true
    this.#checked.add(blob)
    this.#named.add(blob)
    const kind = await this.#faultOf(blob, bytes)
    if (!kind || !(await this.#isStillNamed(board, blob))) return kind === null
    this.#tell({ kind, blob, picture: pictureOf(board, record), isMended: false })
    return false
  }

  async #faultOf(blob: string, bytes: number | null): Promise<'missing' | 'rotten' | null> {
    const { blobs } = this.#engine
    const found = await blobs.stat(blob)
    if (!found) return 'missing'
    if (bytes !== null && found.size !== bytes) return 'rotten'
    const hash = createHash('sha256')
    try {
      for await (const chunk of (await blobs.get(blob)) as AsyncIterable<Buffer>) {
        hash.update(chunk)
        this.progress.bytes += chunk.length
      }
    } catch (error) {
      if (error instanceof WireError && error.code !== 'not-found') throw error
      // A bad sector, or a chunk that isn't there.
      return 'rotten'
    }
    this.#advance()
    return hash.digest('hex') === blob ? null : 'rotten'
  }

  async #checkVariants(board: string, record: StoredRecord, isSound: boolean): Promise<void> {
    const { blob, variants } = record
    const lost = new Map<number, 'variant-missing' | 'variant-rotten'>()
    for (const side of variants ?? []) {
      const key = variantKey(blob, side)
      if (this.#checked.has(key)) continue
      this.#checked.add(key)
      const bytes = await this.#files.readVariant(key)
      this.progress.bytes += bytes?.length ?? 0
      this.#advance()
      if (bytes) continue
      const isThere = (await this.#engine.blobs.stat(key)) !== null
      lost.set(side, isThere ? 'variant-rotten' : 'variant-missing')
    }
    if (lost.size === 0 || !(await this.#isStillNamed(board, blob))) return
    const made = this.#options.mends && isSound ? await this.#remake(record, [...lost.keys()]) : []
    for (const [side, kind] of lost) {
      const isMended = made.includes(side)
      const picture = pictureOf(board, record)
      this.#tell({ kind, blob: variantKey(blob, side), picture, isMended })
    }
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
      if (error instanceof WireError && error.code !== 'away') return []
      throw error
    }
  }

  /** Returns whether a board still has a file that was found at fault: it may have been purged meanwhile. */
  async #isStillNamed(board: string, blob: string): Promise<boolean> {
    if (!(await this.#engine.boards.has(board))) return false
    const { records } = await this.#engine.log.load(board)
    const isNaming = (record: ImageRecord) => record.blob === blob || record.original?.blob === blob
    if (records.some((record) => record.kind === 'image' && isNaming(record))) return true
    return (await this.#engine.history.blobs(board)).includes(blob)
  }

  async #findUnnamed(): Promise<void> {
    const { blobs } = this.#engine
    const unnamed: string[] = []
    for await (const blob of blobs.list()) if (!this.#named.has(blob)) unnamed.push(blob)
    if (unnamed.length === 0) return
    // Pictures that have come since the boards were read.
    for (const { board } of await this.#engine.boards.list())
      for (const record of (await this.#engine.log.load(board)).records)
        if (isStored(record)) {
          this.#nameFilesOf(record.blob)
          this.#named.add(record.blob)
          if (record.original) this.#named.add(record.original.blob)
        }
    const before = Date.now() - UNNAMED_MIN_AGE_MS
    for (const blob of unnamed) {
      if (this.#named.has(blob)) continue
      const touchedAt = await blobs.touchedAt(blob)
      if (touchedAt === null || touchedAt > before) continue
      this.#tell({ kind: 'unnamed', blob, picture: null, isMended: false })
    }
  }

  #tell(finding: Finding): void {
    this.#options.onFinding(finding)
  }

  #advance(): void {
    this.progress.files++
    this.#options.onProgress(this.progress)
  }
}

const ALL_SIDES = [...VARIANT_SIDES_PX, STAND_IN_SIDE_PX]

const isStored = (record: { readonly kind: string }): record is StoredRecord =>
  record.kind === 'image' && (record as ImageRecord).blob !== null

const pictureOf = (board: string, record: ImageRecord | null): Finding['picture'] =>
  record && { board, id: record.id, name: record.name }
