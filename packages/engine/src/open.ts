import type { Engine, EngineOptions } from './engine.ts'
import { EngineError, withoutPassword } from './errors.ts'
import { assertFilled } from './filling.ts'
import { withRecordVersions } from './record-versions.ts'
import type { TableChange, TableKeys } from './rethinkdb/table-follower.ts'
import type { Bucket } from './s3/bucket.ts'
import { MARK, readPointer } from './s3/pointers.ts'

/**
 * Opens the engine that a URL names. An engine's code and driver are loaded only when it is named.
 *
 * @param url One of
 * - `sqlite:<folder>`: everything in one folder, which one server locks.
 * - `postgres://user:password@host:port/database`, for any number of servers.
 * - `rethinkdb://user:password@host:port/database`, for any number of servers.
 * Each may end with `?blobs=s3://bucket?endpoint=https://host:port&region=name` (`&blobs=` after other options): then
 * the pictures are in S3.
 * @throws EngineError, with a sentence for the operator.
 */
export async function openEngine(url: string, options: EngineOptions = {}): Promise<Engine> {
  const [, storageUrl = url, blobs] = WITH_BLOBS.exec(url) ?? []
  const withBlobs = blobs === undefined ? withOwnBlobs : await blobsOf(blobs, options)
  const engine = await openStorage(storageUrl, options)
  try {
    if (!options.fills) await assertFilled(engine)
    return withRecordVersions(await withBlobs(engine))
  } catch (error) {
    await engine.close()
    throw error
  }
}

/** An engine's URL whose last option tells where its pictures go. */
const WITH_BLOBS = /^(.*?)[?&]blobs=(.*)$/

/** Returns an engine's URL without the place of its pictures. */
export const withoutBlobs = (url: string): string => WITH_BLOBS.exec(url)?.[1] ?? url

/** Reads where pictures go. Returns the function that sends those of an engine there. */
async function blobsOf(
  blobs: string,
  options: EngineOptions,
): Promise<(engine: Engine) => Promise<Engine>> {
  const { parseS3Address, withS3 } = await loadDriver('aws4fetch', () => import('./s3/s3.ts'))
  const address = parseS3Address(blobs.includes('://') ? blobs : decodeURIComponent(blobs))
  return (engine) => withS3(engine, address, options)
}

/**
 * Opens a bucket of S3 that has other things than an engine's pictures: `s3://bucket?endpoint=…&region=…`.
 *
 * @throws EngineError, with a sentence for the operator.
 */
export async function openBucket(url: string): Promise<Bucket> {
  const { openS3Bucket } = await loadDriver('aws4fetch', () => import('./s3/s3.ts'))
  return openS3Bucket(url)
}

/** Leaves the pictures of an engine in its database. Rejects with an EngineError if they are in S3. */
async function withOwnBlobs(engine: Engine): Promise<Engine> {
  if ((await readPointer(engine.blobs, MARK)) === null) return engine
  throw new EngineError(
    'unusable',
    'The pictures of this engine are in S3; add blobs=s3://bucket?endpoint=…&region=… to its URL, as its last option.',
  )
}

/** Opens the engine that keeps records as they were written. */
async function openStorage(url: string, options: EngineOptions): Promise<Engine> {
  const [, scheme, rest] = /^([a-z]+):(.*)$/.exec(url) ?? []
  switch (rest && scheme) {
    case 'sqlite': {
      const { openSqlite } = await import('./sqlite/sqlite.ts')
      return openSqlite(rest!, options)
    }
    case 'postgres':
    case 'postgresql': {
      const { openPostgres } = await loadDriver('pg', () => import('./postgres/postgres.ts'))
      return openPostgres(url, options)
    }
    case 'rethinkdb': {
      const { openRethinkdb } = await loadDriver(
        'rethinkdb-ts',
        () => import('./rethinkdb/rethinkdb.ts'),
      )
      return openRethinkdb(url, options)
    }
    default:
      throw new EngineError(
        'unknown-engine',
        `There is no engine "${withoutPassword(url)}". Use sqlite:<folder>, postgres://… or rethinkdb://….`,
      )
  }
}

/**
 * Reads the documents of a RethinkDB table that belongs to another program, ordered by their keys.
 *
 * @param url `rethinkdb://user:password@host:port/<database>/<table>`
 * @throws EngineError, with a sentence for the operator.
 */
export async function* readTable(url: string): AsyncGenerator<Record<string, unknown>> {
  const { readDocuments } = await loadDriver(
    'rethinkdb-ts',
    () => import('./rethinkdb/table-reader.ts'),
  )
  yield* readDocuments(url)
}

/**
 * Follows a RethinkDB table that belongs to another program, until the signal aborts. Yields all of its documents, then
 * each that is inserted, changed or deleted. Yields the keys of all once, so that what went before is known.
 *
 * @param url `rethinkdb://user:password@host:port/<database>/<table>`
 * @throws EngineError, with a sentence for the operator, if the table can't be read at the start.
 */
export async function* followTable(
  url: string,
  signal: AbortSignal,
): AsyncGenerator<TableChange | TableKeys> {
  const { followDocuments } = await loadDriver(
    'rethinkdb-ts',
    () => import('./rethinkdb/table-follower.ts'),
  )
  yield* followDocuments(url, signal)
}

/** Imports a module with an optional driver. Rejects with an EngineError if the driver is missing. */
async function loadDriver<T>(driver: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(`'${driver}'`)) throw cause
    throw new EngineError(
      'driver-missing',
      `This engine needs the package ${driver}. Install it with "npm install ${driver}".`,
      { cause },
    )
  }
}
