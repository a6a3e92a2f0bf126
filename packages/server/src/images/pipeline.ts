import { join } from 'node:path'
import type { RefusedTypes } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import type { Boards } from '../boards/boards.ts'
import type { Bounds } from '../bounds.ts'
import type { RecentUse } from '../fairness/recent-use.ts'
import { inBackground } from '../in-background.ts'
import { BlobUses } from './blob-uses.ts'
import { Checksums } from './checksums.ts'
import { Decoder } from './decoding/decoder.ts'
import { LastSweep } from './last-sweep.ts'
import { Overviews } from './overview/overviews.ts'
import { ReplacedFiles } from './replaced-files.ts'
import { StoredFiles } from './stored-files.ts'
import { DirectUpload } from './uploads/direct-upload.ts'
import { IncomingFiles } from './uploads/incoming-files.ts'
import { Intake } from './uploads/intake.ts'
import { PictureStore } from './uploads/picture-store.ts'
import { Previews } from './uploads/previews.ts'
import { UploadProgress } from './uploads/progress.ts'
import { Variants } from './variants.ts'

interface Options {
  /** Folder for files that are being sent, and for variants that are being made. */
  readonly data: string
  readonly engine: Engine
  readonly boards: Boards
  /** Bytes of a picture. */
  readonly maxUpload: number
  /** Bytes that all decoders may use together. */
  readonly memory: number | undefined
  /** The kinds that are refused before they are decoded. */
  readonly refusedTypes: RefusedTypes
  readonly bounds: Bounds
  /** The CPU time that addresses use. */
  readonly use: RecentUse
  /** The time for which other servers leave a blob alone that no record names. */
  readonly blobLeaseMs: number
  readonly log: FastifyBaseLogger
}

/** The parts that take pictures from their first byte to their last variant. */
export interface ImagePipeline {
  readonly incomingFiles: IncomingFiles
  readonly uploadProgress: UploadProgress
  readonly decoder: Decoder
  readonly files: StoredFiles
  readonly checksums: Checksums
  readonly variants: Variants
  readonly overviews: Overviews
  readonly previews: Previews
  readonly intake: Intake
  readonly directUpload: DirectUpload
  readonly blobUses: BlobUses
  readonly lastSweep: LastSweep
  readonly replacedFiles: ReplacedFiles
  /** Ends the decoding processes. Variants that are missing then are made after the next start. */
  close(): Promise<void>
}

/** Opens the pipeline and restores the uploads of an earlier process. */
export async function openImagePipeline(options: Options): Promise<ImagePipeline> {
  const { data, engine, boards, maxUpload, refusedTypes, bounds, log, use } = options
  const incomingFiles = await IncomingFiles.open(join(data, 'arrivals'), bounds, refusedTypes, log)
  const uploadProgress = new UploadProgress()
  const memoryBytes = options.memory
  const decoder = new Decoder({ bounds, log, use, memoryBytes, refusedTypes })
  const files = new StoredFiles(engine.blobs, log)
  const variants = await Variants.open(join(data, 'variants'), {
    engine,
    boards,
    decoder,
    files,
    log,
  })
  const overviews = new Overviews({ files, variants, decoder })
  const blobUses = new BlobUses()
  const lastSweep = await LastSweep.open(data, log)
  const checksums = await Checksums.open(join(data, 'checksums'), log)
  const store = new PictureStore({
    engine,
    checksums,
    uses: blobUses,
    files,
    decoder,
    variants,
    blobLeaseMs: options.blobLeaseMs,
  })
  const previews = new Previews(incomingFiles, uploadProgress, decoder, log)
  const intake = new Intake(boards, incomingFiles, store, previews, {
    engine,
    lastSweep,
    maxUpload,
    log,
  })
  boards.onOpen((board) => {
    board.quota.promised = (which) => incomingFiles.promised(board, which)
    board.listen((batch) => {
      for (const change of batch?.changes ?? [])
        if ('gone' in change) inBackground(intake.drop(board.id, change.gone), log)
    })
  })
  boards.onRemoved(({ id: board, records }) => {
    for (const record of records.values())
      if (record.kind === 'image' && record.blob === null)
        inBackground(intake.drop(board, record.id), log)
  })
  const replacedFiles = new ReplacedFiles(engine, boards.clock, bounds)
  replacedFiles.follow(boards, log)
  const directUpload = new DirectUpload(intake, incomingFiles, previews, { maxUpload })
  return {
    incomingFiles,
    uploadProgress,
    decoder,
    files,
    checksums,
    variants,
    overviews,
    previews,
    intake,
    directUpload,
    blobUses,
    lastSweep,
    replacedFiles,
    async close() {
      uploadProgress.close()
      await Promise.all([variants.close(), decoder.close(), checksums.flush()])
    },
  }
}
