import {
  type ImageRecord,
  type ImageSettle,
  isShown,
  type MediaType,
  type Notice,
  WireError,
} from '@wirephoto/board'
import type { BlobStore } from '@wirephoto/engine'
import type { LiveBoard } from '../../boards/live-board.ts'
import { failpoint } from '../../failpoint.ts'
import type { Decoder } from '../decoding/decoder.ts'
import type { Variants } from '../variants.ts'
import type { IncomingFile } from './incoming-file.ts'
import { validate } from './validate.ts'

/** A file that is stored, and not yet settled. */
export interface StoredFile {
  readonly settle: ImageSettle
  /** A preview if browsers don't show its type. */
  readonly preview: Buffer | null
  /** The parts of the file that the picture lacks. */
  readonly notices: readonly Notice[]
}

/** Makes blobs of complete files, whatever way they came. */
export class PictureStore {
  readonly #blobs: BlobStore
  readonly #decoder: Decoder
  readonly #variants: Variants

  constructor(blobs: BlobStore, decoder: Decoder, variants: Variants) {
    this.#blobs = blobs
    this.#decoder = decoder
    this.#variants = variants
  }

  /**
   * Scrubs and validates a complete file, and stores its blob durably. The record comes after the blob and
   * never before (F1). Rejects as `validate` does.
   */
  async store(incomingFile: IncomingFile, id: string): Promise<StoredFile> {
    await incomingFile.scrub()
    await using file = await validate(incomingFile, this.#decoder)
    failpoint('picture.validated')
    const { path, blob, bytes, validation, original, notices } = file
    await this.#blobs.put(path, blob)
    if (original) await this.#blobs.put(original.path, original.blob)
    failpoint('picture.put')
    const { preview, ...facts } = validation
    const settle = { kind: 'image.settle', id, blob, bytes, ...facts } as const
    if (!original) return { settle, preview, notices }
    const { path: _, ...kept } = original
    return { settle: { ...settle, original: kept }, preview, notices }
  }

  /** Validates a complete file of a type that browsers show, and stores nothing. Returns the type. */
  async check(incomingFile: IncomingFile): Promise<MediaType> {
    const type = await incomingFile.type()
    if (!isShown(type)) throw new WireError('not-a-picture')
    await this.#decoder.validate({ path: incomingFile.path, type, name: '' })
    return type
  }

  /** Returns the record of a settled picture, and enqueues its variants. Throws `upload-gone` without one. */
  settled(board: LiveBoard, id: string): ImageRecord {
    const record = board.records.get(id)
    if (record?.kind !== 'image') throw new WireError('upload-gone')
    this.#variants.enqueue(board.id, record)
    return record
  }
}
