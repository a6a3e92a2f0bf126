import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WireError } from '@wirephoto/board'
import { systemErrorCode } from '@wirephoto/engine'
import { isVariantSound } from '../images/variant-seal.ts'
import type { NamedBlob } from './board-point.ts'

/** A fault of a stored file. */
export type BlobFault = 'missing' | 'rotten'

/**
 * Copies a stored file to the disk, and checks it on the way: a picture by its sha256, a variant by its seal.
 *
 * @param path Null to check it only.
 * @returns Its length, or what is wrong with it. Then the copy is worth nothing.
 */
export async function copyChecked(
  { name, isVariant }: Pick<NamedBlob, 'name' | 'isVariant'>,
  open: (name: string) => Promise<Readable>,
  path: string | null,
  signal?: AbortSignal,
): Promise<number | BlobFault> {
  const hash = createHash('sha256')
  let bytes = 0
  const variant: Buffer[] = []
  try {
    const count = async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        hash.update(chunk)
        if (isVariant) variant.push(chunk)
        bytes += chunk.length
        yield chunk
      }
    }
    // The store that it goes to makes it durable.
    const source = await open(name)
    const target = path === null ? nowhere() : createWriteStream(path)
    await pipeline(count(source), target, signal ? { signal } : {})
  } catch (error) {
    if (error instanceof WireError && error.code === 'not-found') return 'missing'
    if (systemErrorCode(error) === 'EIO') return 'rotten'
    throw error
  }
  const isSound = isVariant ? isVariantSound(Buffer.concat(variant)) : hash.digest('hex') === name
  return isSound ? bytes : 'rotten'
}

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })
