import { setTimeout as sleep } from 'node:timers/promises'
import { type RCursor, type RDatum, r } from 'rethinkdb-ts'
import { keepListening, POLL_INTERVAL_MS } from '../keep-listening.ts'
import { type Query, ReconnectingConnection } from './database.ts'
import { parseTableUrl, tableError } from './table-reader.ts'

/** Pause before a document is asked for again. */
const RETRY_PAUSE_MS = 1_000

/** Changes that the database queues for us. If more wait, it drops some and says so. */
const MAX_QUEUED_CHANGE_COUNT = 100_000

/** A document of a table, as it is now. */
export interface TableChange {
  /** The value of its primary key, as JSON. */
  readonly key: string
  /** Null for one that is gone. */
  readonly document: Readonly<Record<string, unknown>> | null
}

/** The keys of all documents, as JSON. A key that isn't among them was gone before the feed began. */
export interface TableKeys {
  readonly keys: readonly string[]
}

/** A message of the feed: the key of a document, that all are told, or that the database has dropped some. */
interface FeedMessage {
  readonly key?: unknown
  readonly isReady?: true
  readonly error?: string
}

/**
 * Follows a table: yields each of its documents, then each that is inserted, changed or deleted, until the signal
 * aborts. One that changes several times at once is yielded once. The keys of all are yielded once, as soon as they are
 * known.
 *
 * A feed tells of keys alone, and documents are fetched one at a time, since pictures are large. After a break another
 * feed tells of all documents again, and those that it no longer tells of are gone.
 *
 * @throws EngineError, with a sentence for the operator, if the table can't be read at the start.
 */
export async function* followDocuments(
  url: string,
  signal: AbortSignal,
): AsyncGenerator<TableChange | TableKeys> {
  const { address, table } = await parseTableUrl(url)
  const connection = new ReconnectingConnection(address)
  /** Keys whose documents shall be fetched, by their JSON. */
  const pending = new Map<string, unknown>()
  /** Keys of which a feed has told, and that aren't known to be gone. */
  const known = new Map<string, unknown>()
  /** The keys of all, once a feed has told of them; null once they have been yielded. */
  let keys: readonly string[] | null | undefined
  let news = Promise.withResolvers<void>()
  const tell = (key: unknown): void => {
    pending.set(JSON.stringify(key), key)
    known.set(JSON.stringify(key), key)
    news.resolve()
  }
  const serve = async (feed: RCursor<FeedMessage>): Promise<void> => {
    const missing = new Map(known)
    for (;;) {
      const { key, isReady, error } = await feed.next()
      if (error !== undefined) throw new Error(error)
      if (isReady) {
        for (const each of missing.values()) tell(each)
        if (keys === undefined) keys = [...known.keys()]
        news.resolve()
      } else if (key !== undefined) {
        missing.delete(JSON.stringify(key))
        tell(key)
      }
    }
  }
  const ended = new AbortController()
  const stop = AbortSignal.any([signal, ended.signal])
  const aborted = new Promise<void>((resolve) => {
    stop.addEventListener('abort', () => resolve(), { once: true })
  })
  // A connection that has gone silent is found by a query without an answer.
  const poll = setInterval(() => {
    connection.run(r.expr(1)).catch(() => {})
  }, POLL_INTERVAL_MS)
  let listening: Promise<void> | undefined
  try {
    const primaryKey = await connection.run<string>(r.table(table).info()('primary_key'))
    const open = () => connection.run<RCursor<FeedMessage>>(feedOf(table, primaryKey))
    listening = keepListening(await open(), { open, serve, signal: stop })
    while (!stop.aborted) {
      if (keys) {
        const all = keys
        keys = null
        yield { keys: all }
        continue
      }
      const [next] = pending
      if (!next) {
        news = Promise.withResolvers()
        await Promise.race([news.promise, aborted])
        continue
      }
      const [key, id] = next
      pending.delete(key)
      const found = await connection.run<TableChange['document']>(r.table(table).get(id)).then(
        (document) => ({ document }),
        () => null,
      )
      if (found) {
        if (!found.document && !pending.has(key)) known.delete(key)
        yield { key, document: found.document }
      } else {
        pending.set(key, id)
        await sleep(RETRY_PAUSE_MS, null, { signal: stop }).catch(() => {})
      }
    }
  } catch (error) {
    throw tableError(error, address, table)
  } finally {
    ended.abort()
    clearInterval(poll)
    await connection.close()
    await listening
  }
}

/** A feed of the keys of all documents, then of each that is inserted, changed or deleted. */
const feedOf = (table: string, primaryKey: string): Query =>
  r
    .table(table)
    .changes({
      includeInitial: true,
      includeStates: true,
      changefeedQueueSize: MAX_QUEUED_CHANGE_COUNT,
    })
    .map((change: RDatum) =>
      r.branch(
        change.hasFields('error'),
        change.pluck('error'),
        change.hasFields('state'),
        r.branch(change('state').eq('ready'), { isReady: true }, {}),
        { key: change('new_val').default(change('old_val'))(primaryKey) },
      ),
    )
