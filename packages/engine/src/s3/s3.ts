import type { Engine, EngineOptions } from '../engine.ts'
import { EngineError } from '../errors.ts'
import { newStamp } from '../ids.ts'
import { InFlight } from '../in-flight.ts'
import { parseS3Address, type S3Address } from './address.ts'
import { openS3Blobs } from './blobs.ts'
import { Bucket } from './bucket.ts'
import { toEngineError } from './errors.ts'
import { MARK, putPointer, readPointer } from './pointers.ts'
import { Strays } from './strays.ts'

export { parseS3Address } from './address.ts'

/**
 * Wraps an engine, so that its pictures go to S3. Those that it has already stay where they are.
 *
 * @throws EngineError, with a sentence for the operator.
 */
export async function withS3(
  engine: Engine,
  address: S3Address,
  { inspects = false }: EngineOptions = {},
): Promise<Engine> {
  const bucket = new Bucket(address)
  const { blobs: inner } = engine
  const known = await readPointer(inner, MARK)
  const folder = known ?? newStamp()
  await checkBucket(bucket, address, { folder, isKnown: known !== null, inspects })
  let marking: Promise<unknown> | undefined = known === null ? undefined : Promise.resolve()
  const mark = async () => {
    marking ??= putPointer(inner, MARK, folder)
    await marking.catch((error: unknown) => {
      marking = undefined
      throw error
    })
    return folder
  }
  const strays = new Strays(bucket)
  if (!inspects) {
    await mark()
    strays.removeOld(folder, inner)
  }
  const putsInFlight = new InFlight()
  return {
    ...engine,
    blobs: openS3Blobs({ inner, bucket, strays, putsInFlight, folder: mark }),
    async close() {
      await putsInFlight.whenSettled()
      await strays.close()
      await engine.close()
    },
  }
}

/** Opens a bucket by its address. Rejects with an EngineError if it can't be listed. */
export async function openS3Bucket(url: string): Promise<Bucket> {
  const address = parseS3Address(url)
  const bucket = new Bucket(address)
  try {
    for await (const _ of bucket.list('wirephoto')) break
  } catch (error) {
    throw toEngineError(error, address)
  }
  return bucket
}

/** Finds out whether the bucket can be used, and is the one that the engine's pictures are in. */
async function checkBucket(
  bucket: Bucket,
  address: S3Address,
  { folder, isKnown, inspects }: { folder: string; isKnown: boolean; inspects: boolean },
): Promise<void> {
  const key = `${folder}/wirephoto`
  try {
    for await (const _ of bucket.list(key)) break
    const isThere = (await bucket.head(key)) !== null
    if (isKnown && !isThere)
      throw new EngineError(
        'foreign',
        `The bucket ${address.bucket} at ${address.host} doesn't have this engine's pictures; name the bucket that does.`,
      )
    if (!inspects) await bucket.putBytes(key, Buffer.from('The pictures of one Wirephoto.\n'))
  } catch (error) {
    throw error instanceof EngineError ? error : toEngineError(error, address)
  }
}
