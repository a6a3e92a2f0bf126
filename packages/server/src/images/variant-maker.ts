import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ImageRecord } from '@wirephoto/board'
import type { BlobStore } from '@wirephoto/engine'
import type { Party } from '../fairness/party.ts'
import type { Decoder } from './decoding/decoder.ts'
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

/** Makes and stores variants of a picture, in a folder of their own. Returns the sides that were made. */
export async function storeVariants(
  { blobs, decoder, folder: parent }: { blobs: BlobStore; decoder: Decoder; folder: string },
  { record, bytes, sides, party }: VariantSource,
): Promise<number[]> {
  const { blob, type } = record
  const folder = join(parent, blob)
  // An earlier try may have failed to remove it.
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  try {
    const path = join(folder, 'original')
    await pipeline(Readable.from(bytes), createWriteStream(path))
    const made = await decoder.makeVariants({ path, type: type!, sides, folder, party })
    for (const { side, path } of made) {
      await writeFile(path, sealVariant(await readFile(path)))
      await blobs.put(path, variantKey(blob, side))
    }
    return made.map(({ side }) => side)
  } finally {
    // The next try removes it, or the next start.
    await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
}
