import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ImageRecord, MediaType } from '@wirephoto/board'
import type { BlobStore } from '@wirephoto/engine'
import type { Party } from '../fairness/party.ts'
import type { Decoder, Variant } from './decoding/decoder.ts'
import { variantKey } from './variant-key.ts'
import { sealVariant } from './variant-seal.ts'

/** The picture that variants are made of. */
export interface VariantSource {
  readonly record: Pick<ImageRecord, 'type'> & { readonly blob: string }
  /** Its bytes, verified as they pass. */
  readonly bytes: Readable | Buffer
  readonly sides: readonly number[]
  /** The party for which they are made. Default: the server itself. */
  readonly party?: Party
}

/** Variants in a folder of their own, and not in the store yet. Disposing it removes them. */
export interface DrawnVariants extends AsyncDisposable {
  readonly all: readonly Variant[]
}

interface Drawing {
  readonly decoder: Decoder
  /** The folder to draw in, which is made and removed. */
  readonly folder: string
  /** Writes the picture's bytes to a path. */
  readonly write: (path: string) => Promise<void>
  readonly type: MediaType
  readonly sides: readonly number[]
  readonly party: Party | undefined
  /** Whether viewers wait for them. Default: false. */
  readonly isFresh?: boolean
}

/** Draws variants of a picture. */
export async function drawVariants(drawing: Drawing): Promise<DrawnVariants> {
  const { decoder, folder, write, ...file } = drawing
  // The next try removes it, or the next start.
  const remove = () => rm(folder, { recursive: true, force: true }).catch(() => {})
  // An earlier try may have failed to remove it.
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  try {
    const path = join(folder, 'original')
    await write(path)
    const all = await decoder.makeVariants({ ...file, path, folder })
    return { all, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Stores the drawn variants of a blob. Returns their sides. */
export async function storeDrawn(
  blobs: BlobStore,
  blob: string,
  { all }: DrawnVariants,
): Promise<number[]> {
  // At the same time, so that they share their syncs.
  const stored = await Promise.allSettled(
    all.map(async ({ side, path }) => {
      await writeFile(path, sealVariant(await readFile(path)))
      await blobs.put(path, variantKey(blob, side))
    }),
  )
  for (const each of stored) if (each.status === 'rejected') throw each.reason
  return all.map(({ side }) => side)
}

/** Makes and stores variants of a picture, in a folder of their own. Returns the sides that were made. */
export async function storeVariants(
  { blobs, decoder, folder: parent }: { blobs: BlobStore; decoder: Decoder; folder: string },
  { record, bytes, sides, party }: VariantSource,
): Promise<number[]> {
  const { blob, type } = record
  await using drawn = await drawVariants({
    decoder,
    folder: join(parent, blob),
    write: (path) => pipeline(Readable.from(bytes), createWriteStream(path)),
    type: type!,
    sides,
    party,
  })
  return await storeDrawn(blobs, blob, drawn)
}
