import {
  type Command,
  type ImageRecord,
  type ImageSettle,
  type ImageVary,
  isShown,
  type MediaType,
  type Notice,
  WireError,
} from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { LiveBoard } from '../../boards/live-board.ts'
import { failpoint } from '../../failpoint.ts'
import type { Party } from '../../fairness/party.ts'
import type { BlobUses } from '../blob-uses.ts'
import type { Checksums } from '../checksums.ts'
import type { Decoder } from '../decoding/decoder.ts'
import { withVariants } from '../ended-blob-remover.ts'
import type { StoredFiles } from '../stored-files.ts'
import type { Variants } from '../variants.ts'
import type { IncomingFile } from './incoming-file.ts'
import { type ValidatedFile, validate } from './validate.ts'

/** A file that is stored, and not yet settled. Its blobs are in use until it is disposed. */
export interface StoredFile extends Disposable {
  readonly settle: ImageSettle
  /** Tells of the variants that are stored with it; null if they are still to be made. */
  readonly vary: ImageVary | null
  /** A preview if browsers don't show its type. */
  readonly preview: Buffer | null
  /** The party that sent it. */
  readonly party: Party
  /** The parts of the file that the picture lacks. */
  readonly notices: readonly Notice[]
  /** Stores its blobs again that another server's sweep may have taken. Costs nothing while their leases are young. */
  secure(): Promise<void>
}

/**
 * Names stored files in a record. This process may be paused before and meanwhile, for longer than a lease: then the
 * blobs are looked at again (E104).
 */
export async function naming<T>(stored: readonly StoredFile[], act: () => Promise<T>): Promise<T> {
  for (const each of stored) await each.secure()
  const result = await act()
  for (const each of stored) await each.secure()
  return result
}

/** Errors after which a write may have taken effect. */
const IN_DOUBT: ReadonlySet<string> = new Set(['away', 'busy', 'stopping'])

/** A lease is renewed after this part of it. */
const LEASE_PARTS_COUNT = 4

/** The time since it was made. No clock alone tells of every pause: one stands while the machine sleeps, one is set. */
class Age {
  readonly #wall = Date.now()
  readonly #monotonic = performance.now()

  get ms(): number {
    return Math.max(Math.abs(Date.now() - this.#wall), performance.now() - this.#monotonic)
  }
}

const blobsOf = ({ blob, original }: Pick<ImageSettle, 'blob' | 'original'>): string[] =>
  original ? [blob, original.blob] : [blob]

interface Parts {
  readonly engine: Engine
  readonly checksums: Checksums
  readonly uses: BlobUses
  readonly files: StoredFiles
  readonly decoder: Decoder
  readonly variants: Variants
  /** The time for which other servers leave a blob alone that no record names. */
  readonly blobLeaseMs: number
}

/** Returns the commands by which a stored file becomes its picture's. */
export const settling = ({ settle, vary }: Pick<StoredFile, 'settle' | 'vary'>): Command[] =>
  vary ? [settle, vary] : [settle]

/** Makes blobs of complete files, whatever way they came. */
export class PictureStore {
  readonly #engine: Engine
  readonly #checksums: Checksums
  readonly #uses: BlobUses
  readonly #files: StoredFiles
  readonly #decoder: Decoder
  readonly #variants: Variants
  readonly #blobLeaseMs: number

  constructor({ engine, checksums, uses, files, decoder, variants, blobLeaseMs }: Parts) {
    this.#engine = engine
    this.#checksums = checksums
    this.#uses = uses
    this.#files = files
    this.#decoder = decoder
    this.#variants = variants
    this.#blobLeaseMs = blobLeaseMs
  }

  /**
   * Scrubs and validates a complete file, and stores its blob durably. The record comes after the blob and
   * never before (F1). Rejects as `validate` does.
   */
  async store(incomingFile: IncomingFile, id: string): Promise<StoredFile> {
    await incomingFile.scrub()
    await using file = await this.#validate(incomingFile)
    failpoint('picture.validated')
    const { path, blob, bytes, crc, validation, original, notices } = file
    const { preview, ...facts } = validation
    const { path: _, crc: sourceCrc, ...kept } = original ?? { path: '', crc: null }
    const bare = { kind: 'image.settle', id, blob, bytes, ...facts } as const
    const settle: ImageSettle = 'blob' in kept ? { ...bare, original: kept } : bare
    const use = this.#uses.begin([...blobsOf(settle), ...withVariants(blob)])
    const { party } = incomingFile
    const end = () => use[Symbol.dispose]()
    let lease = new Age()
    const secure = async () => {
      if (!this.#engine.isShared || lease.ms < this.#blobLeaseMs / LEASE_PARTS_COUNT) return
      lease = new Age()
      if (await this.#renew(blobsOf(settle))) return
      const again = await this.store(incomingFile, id)
      again[Symbol.dispose]()
    }
    const stored = { settle, vary: null, preview, notices, party, secure, [Symbol.dispose]: end }
    try {
      lease = new Age()
      await this.#put(path, blob, path === incomingFile.path && incomingFile.isDurable)
      if (original) await this.#put(original.path, original.blob)
      if (crc !== null) this.#checksums.note(blob, crc)
      if (original && sourceCrc !== null) this.#checksums.note(original.blob, sourceCrc)
      failpoint('picture.put')
      const variants = await this.#variants.storeReady(blob, settle)
      return { ...stored, vary: variants && { kind: 'image.vary', id, blob, variants } }
    } catch (error) {
      await this.discard(stored, error)
      throw error
    }
  }

  /** Renews the leases of blobs. Resolves to false if one is gone. */
  async #renew(blobs: readonly string[]): Promise<boolean> {
    for (const blob of blobs) if (!(await this.#engine.blobs.renew(blob))) return false
    return true
  }

  /** Validates a file, and begins with its variants beside that. */
  async #validate(incomingFile: IncomingFile): Promise<ValidatedFile> {
    const blob = await this.#drawVariantsAhead(incomingFile)
    try {
      return await validate(incomingFile, this.#decoder)
    } catch (error) {
      if (blob !== null) this.#variants.dropAhead(blob)
      throw error
    }
  }

  /** Begins with the variants of a file that is scrubbed as it arrives: its size and its digest are known. */
  async #drawVariantsAhead(incomingFile: IncomingFile): Promise<string | null> {
    const { header: size, path, party } = incomingFile
    const type = size && (await incomingFile.readableType())
    if (!type) return null
    const blob = await incomingFile.digest()
    this.#variants.drawAhead({ path, blob, type, size, party })
    return blob
  }

  /** Ends the blobs of a file that was refused after it was stored (C5), and its use of them. */
  async discard(stored: StoredFile, reason: unknown): Promise<void> {
    using _ = stored
    this.#variants.dropAhead(stored.settle.blob)
    // Else the record may still come.
    if (!(reason instanceof WireError) || IN_DOUBT.has(reason.code)) return
    await this.#engine.endedBlobs.note(blobsOf(stored.settle)).catch(() => {
      // Without a note they are set aside later.
    })
  }

  async #put(path: string, blob: string, isDurable = false): Promise<void> {
    await this.#engine.blobs.put(path, blob, { isDurable })
    this.#files.forget(blob)
  }

  /** Validates a complete file of a type that browsers show, and stores nothing. Returns the type. */
  async check(incomingFile: IncomingFile): Promise<MediaType> {
    const type = await incomingFile.type()
    if (!isShown(type)) throw new WireError('not-a-picture')
    await this.#decoder.validate({
      path: incomingFile.path,
      type,
      name: '',
      party: incomingFile.party,
    })
    return type
  }

  /** Returns the record of a settled picture, and enqueues its variants. Throws `upload-gone` without one. */
  settled(board: LiveBoard, id: string, party: Party): ImageRecord {
    const record = board.records.get(id)
    if (record?.kind !== 'image') throw new WireError('upload-gone')
    this.#variants.enqueue(board.id, record, party)
    return record
  }
}
